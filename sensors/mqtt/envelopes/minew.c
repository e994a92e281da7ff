/* Minew G1 Bluetooth gateways: one message is a full scan, a JSON array. Item 0 is usually the
 * gateway itself (type "Gateway"); old firmware leaves it out, then the topic's MAC names it.
 * Source: pdhoward/emulator data/messages.js, a capture of 2017 at a bike fence.
 *   type iBeacon: mac, ibeaconUuid, ibeaconMajor, ibeaconMinor, rssi;  others: mac, rssi, rawData
 * Every advertiser is given, of unknown kinds too: which ones matter is not the gateway's to know.
 */
#include "bowei/base/bytes.h"
#include "sensors/mqtt/uplink.h"
#include <stdio.h>
#include <string.h>

#define RAW_MAX        64 /* an advertisement has 31 bytes, with a scan response 62 */
#define NAME_MAX_BYTES 64

static bool is_gateway(const struct json_doc *doc, const struct json_node *item)
{
    const struct json_node *type = json_member(doc, item, "type");

    return type != NULL && json_is_text(doc, type, "Gateway");
}

/* A level of the topic that is a MAC. */
static void gateway_of_topic(const char *topic, char out[DEVICE_ID_MAX + 1])
{
    while (*topic != '\0') {
        size_t len = strcspn(topic, "/");

        if (len >= 12 && uplink_mac(topic, len, out)) {
            return;
        }
        topic += len + (topic[len] == '/');
    }
    out[0] = '\0';
}

static void read_gateway(const struct json_doc *doc, const struct json_node *item,
                         struct sighting *s)
{
    const struct json_node *mac = json_member(doc, item, "mac");

    if (mac == NULL || mac->kind != JSON_STRING ||
        !uplink_mac(json_raw_text(doc, mac), mac->len, s->gateway)) {
        s->gateway[0] = '\0';
    }
}

static void read_ibeacon(const struct json_doc *doc, const struct json_node *item,
                         struct sighting *s)
{
    const struct json_node *uuid = json_member(doc, item, "ibeaconUuid");
    const struct json_node *major = json_member(doc, item, "ibeaconMajor");
    const struct json_node *minor = json_member(doc, item, "ibeaconMinor");
    struct beacon beacon = {.kind = BEACON_IBEACON};
    int64_t a;
    int64_t b;

    if (uuid == NULL || uuid->kind != JSON_STRING || major == NULL || minor == NULL ||
        hex_decode(json_raw_text(doc, uuid), uuid->len, beacon.id, sizeof beacon.id) != 16 ||
        !json_int(doc, major, &a) || !json_int(doc, minor, &b) || a < 0 || a > UINT16_MAX ||
        b < 0 || b > UINT16_MAX) {
        return;
    }
    beacon.major = (uint16_t)a;
    beacon.minor = (uint16_t)b;
    beacon_text(&beacon, s->beacon);
}

static void read_raw(const struct json_doc *doc, const struct json_node *item, struct sighting *s)
{
    const struct json_node *raw = json_member(doc, item, "rawData");
    uint8_t bytes[RAW_MAX];
    struct beacon beacon;
    bool broken;
    int len;

    if (raw == NULL || raw->kind != JSON_STRING) {
        return;
    }
    len = hex_decode(json_raw_text(doc, raw), raw->len, bytes, sizeof bytes);
    if (len > 0 && beacon_parse(bytes, (size_t)len, &beacon, &broken)) {
        beacon_text(&beacon, s->beacon);
    }
}

static enum decode_fault read_item(const struct json_doc *doc, const struct json_node *item,
                                   struct uplink *out)
{
    const struct json_node *mac = json_member(doc, item, "mac");
    const struct json_node *name = json_member(doc, item, "bleName");
    char text[NAME_MAX_BYTES];

    if (mac == NULL || mac->kind != JSON_STRING ||
        !uplink_mac(json_raw_text(doc, mac), mac->len, out->sighting.mac)) {
        return DECODE_FIELD;
    }
    out->kind = UPLINK_SIGHTING;
    uplink_rssi(doc, json_member(doc, item, "rssi"), out);
    (void)uplink_time(doc, json_member(doc, item, "timestamp"), out);
    read_ibeacon(doc, item, &out->sighting);
    if (out->sighting.beacon[0] == '\0') {
        read_raw(doc, item, &out->sighting);
    }
    if (name != NULL && json_text(doc, name, text, sizeof text) > 0) {
        decoded_extra_text(&out->decoded, "name", text);
    }
    return DECODE_OK;
}

/* The advertiser at or behind an item of the scan; NULL: there is none. */
static const struct json_node *advertiser_from(const struct json_doc *doc,
                                               const struct json_node *item)
{
    const struct json_node *end = doc->nodes + doc->nodes[0].next;

    while (item != NULL && item < end && is_gateway(doc, item)) {
        item = json_after(doc, item);
    }
    return item != NULL && item < end ? item : NULL;
}

/* Who heard all this: a gateway's own item anywhere in the scan, else the topic. False: the topic
 * names another one, so whatever the broker's rules bind that to, this was not said by it. */
static bool scan_gateway(const struct json_doc *doc, const char *topic, struct sighting *s)
{
    const struct json_node *item = json_first(doc, doc->nodes);
    char named[DEVICE_ID_MAX + 1];

    gateway_of_topic(topic, named);
    memcpy(s->gateway, named, sizeof named);
    for (uint32_t i = 0; i < doc->nodes[0].count; i++) {
        if (is_gateway(doc, item)) {
            read_gateway(doc, item, s);
            if (named[0] != '\0' && strcmp(named, s->gateway) != 0) {
                return false;
            }
        }
        item = json_after(doc, item);
    }
    return true;
}

static enum decode_fault open_minew(const struct envelope *self, const char *topic,
                                    const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *wanted;
    struct sighting s = {0};

    (void)self;
    out->kind = UPLINK_NOTHING;
    if (doc->nodes[0].kind != JSON_ARRAY) {
        out->sighting = s;
        return DECODE_FIELD;
    }
    if (out->at == 0) { /* item 0 */
        if (!scan_gateway(doc, topic, &s)) {
            return DECODE_TOPIC;
        }
        wanted = advertiser_from(doc, json_first(doc, doc->nodes));
    } else { /* the gateway was found then */
        memcpy(s.gateway, out->sighting.gateway, sizeof s.gateway);
        wanted = advertiser_from(doc, json_after(doc, &doc->nodes[out->at]));
    }
    out->sighting = s;
    if (wanted == NULL) {
        out->decoded.type_name = "scan"; /* nobody heard: the fence is empty, the gateway lives */
        return DECODE_OK;
    }
    out->at = (uint32_t)(wanted - doc->nodes);
    out->more = advertiser_from(doc, json_after(doc, wanted)) != NULL;
    return read_item(doc, wanted, out);
}

const struct envelope envelope_minew = {
    .name = "minew",
    .doc = "Minew G1 Bluetooth gateway, JSON array of one scan",
    .open = open_minew,
};
