#ifndef SENSORS_MQTT_ENVELOPES_MAPPED_H
#define SENSORS_MQTT_ENVELOPES_MAPPED_H

#include "bowei/envelope.h"
#include "bowei/mapping.h"

/** Opens a message by self->mapping. */
enum decode_fault mapped_open(const struct envelope *self, const char *topic,
                              const struct json_doc *doc, struct uplink *out);

#endif
