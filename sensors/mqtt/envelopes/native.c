/* The native envelope: the message is the reading itself (sensors/models/native.c). On topics
 * bowei/up/<device> the device of the topic must be the device of the body, so that a broker's ACL
 * on topics also binds what is said. */
#include "sensors/models/native.h"
#include "bowei/envelope.h"
#include <string.h>

#define OWN_TOPIC "bowei/up/"

static enum decode_fault open_native(const struct envelope *self, const char *topic,
                                     const struct json_doc *doc, struct uplink *out)
{
    struct reading *r = &out->decoded.reading;
    enum decode_fault fault = native_read(doc, &out->decoded);
    const char *device;

    (void)self;
    if (fault != DECODE_OK) {
        return fault;
    }
    if (strncmp(topic, OWN_TOPIC, sizeof OWN_TOPIC - 1) == 0) {
        device = topic + sizeof OWN_TOPIC - 1;
        if (strlen(device) != r->device_len || memcmp(device, r->device, r->device_len) != 0) {
            return DECODE_TOPIC;
        }
    }
    device_id_fold(r->device, r->device_len);
    /* join, start and fault without a channel speak of the whole device */
    out->kind = r->value != VALUE_FREE && r->value != VALUE_OCCUPIED && r->value != VALUE_GATE &&
                        json_member(doc, doc->nodes, "channel") == NULL
                    ? UPLINK_DEVICE
                    : UPLINK_READING;
    return DECODE_OK;
}

const struct envelope envelope_native = {
    .name = "native",
    .doc = "Bowei's own JSON reading, topic bowei/up/<device> or any other",
    .open = open_native,
};
