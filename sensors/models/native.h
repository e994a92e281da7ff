#ifndef SENSORS_MODELS_NATIVE_H
#define SENSORS_MODELS_NATIVE_H

#include "bowei/base/json_read.h"
#include "bowei/sensor_model.h"

/** One native reading (docs/DATA_FORMAT.md, "Native readings") out of a parsed document, the device
 * id included. Pure. */
enum decode_fault native_read(const struct json_doc *doc, struct decoded *out);

/** [0-9A-Za-z._:/-]{1,40} without "..": what may be a device id. */
bool native_device_id(const char *text, size_t len);

#endif
