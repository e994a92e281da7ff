#ifndef SENSORS_MQTT_ENVELOPE_H
#define SENSORS_MQTT_ENVELOPE_H

#include "bowei/base/json_read.h"
#include "bowei/sensor_model.h"

/* An envelope is how a network server wraps what a device sent. Each is one file in envelopes/ and
 * one row in envelopes.def: a pure function from (topic, parsed JSON) to an uplink. */

#define UPLINK_BYTES_MAX 256 /**< LoRaWAN: 242 at most */

enum uplink_kind {
    UPLINK_NOTHING, /**< carries nothing for us (ack, log, MAC only): counted as ignored */
    UPLINK_FRAME,   /**< bytes for the device's model; `decoded` has the network's fields */
    UPLINK_READING, /**< `decoded.reading` is complete, for its channel */
    UPLINK_DEVICE,  /**< the same, for every channel of the device (join, device status) */
};

/** What an envelope gives. The device's id stands in decoded.reading.device. */
struct uplink {
    enum uplink_kind kind;
    uint8_t fport;
    uint16_t len;
    uint8_t bytes[UPLINK_BYTES_MAX];
    struct decoded decoded; /**< cleared by the caller */
};

struct envelope {
    const char *name; /**< as the configuration's `envelope` says it */
    const char *doc;
    enum decode_fault (*open)(const char *topic, const struct json_doc *doc, struct uplink *out);
};

/** NULL when there is none. */
const struct envelope *envelope_find(const char *name);
/** All, sorted by name. */
const struct envelope *const *envelope_all(size_t *count);

#endif
