#ifndef TESTS_FUZZ_OPENED_H
#define TESTS_FUZZ_OPENED_H

/* What must hold for every item of every message that an envelope opens, whatever the bytes. */
#include "bowei/envelope.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

#define OPENED_NODES 4096 /* a hearing's */

static inline void opened_item_check(const struct uplink *up)
{
    const struct reading *r = &up->decoded.reading;

    claim(up->kind <= UPLINK_SIGHTING && up->len <= sizeof up->bytes);
    claim(r->value < VALUE_COUNT_ && r->type < TYPE_COUNT_ && r->device_len <= DEVICE_ID_MAX);
    claim(up->decoded.extra_count <= DECODED_EXTRAS);
    if (up->kind == UPLINK_FRAME) {
        claim(up->len > 0 && r->device_len > 0);
        claim(up->model == NULL || sensor_model_find(up->model, strlen(up->model)) != NULL);
    }
    if (up->kind == UPLINK_DEVICE) {
        claim(r->value != VALUE_FREE && r->value != VALUE_OCCUPIED && r->device_len > 0);
    }
    if (up->kind == UPLINK_READING) {
        claim(r->device_len > 0);
        claim((r->value != VALUE_FREE && r->value != VALUE_OCCUPIED) || r->type == TYPE_STATUS ||
              r->type == TYPE_HEARTBEAT);
    }
    if (up->kind == UPLINK_SIGHTING) {
        claim(strlen(up->sighting.mac) == 12);
        claim(memchr(up->sighting.gateway, '\0', sizeof up->sighting.gateway) != NULL);
        claim(memchr(up->sighting.beacon, '\0', sizeof up->sighting.beacon) != NULL);
    }
}

/** Every item of a message, in order; there are no more than the message has values. */
static inline void opened_check(const struct envelope *envelope, const char *topic,
                                const char *payload, size_t len)
{
    static struct json_node nodes[OPENED_NODES];
    static struct uplink up;
    struct json_doc doc;
    uint32_t item = 0;

    if (json_parse(&doc, payload, len, nodes, OPENED_NODES) != JSON_OK) {
        return;
    }
    do {
        enum decode_fault fault = envelope_open(envelope, topic, &doc, item++, &up);

        claim(fault < DECODE_FAULT_COUNT && item <= doc.used);
        if (fault == DECODE_OK) {
            opened_item_check(&up);
        }
    } while (up.more);
}

#endif
