#ifndef SENSORS_MODELS_NATIVE_H
#define SENSORS_MODELS_NATIVE_H

#include "bowei/base/json_read.h"
#include "bowei/sensor_model.h"

/** One native reading (docs/DATA_FORMAT.md, "Native readings") out of a parsed document, the device
 * id included. Pure. */
enum decode_fault native_read(const struct json_doc *doc, struct decoded *out);

#endif
