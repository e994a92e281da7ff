/* OpenMQTTGateway, Bluetooth: home/<gateway>/BTtoMQTT/<MAC or UUID>, one advertiser a message.
 * Source: 1technophile/OpenMQTTGateway docs/use/ble.md.
 *   id (MAC; with the UUID mode the UUID, and the MAC in `mac`), mac_type 1 = random, rssi, uuid,
 *   major, minor; unknown devices: manufacturerdata or servicedata, which is not always hex
 * The same beacon comes under several MACs and topics: its identity is uuid + major + minor. A
 * message without rssi (presence) is no sighting. */
#include "bowei/base/bytes.h"
#include "sensors/mqtt/uplink.h"
#include <string.h>

#define BT_LEVEL "/BTtoMQTT/"
#define RAW_MAX  64

/* The level in front of BTtoMQTT; false when the topic is another one of the gateway's. */
static bool gateway_of_topic(const char *topic, char out[DEVICE_ID_MAX + 1])
{
    const char *end = strstr(topic, BT_LEVEL);
    const char *start = end;

    out[0] = '\0';
    if (topic[0] == '\0') {
        return true;
    }
    if (end == NULL) {
        return false;
    }
    while (start > topic && start[-1] != '/') {
        start--;
    }
    if (end - start <= DEVICE_ID_MAX) {
        memcpy(out, start, (size_t)(end - start));
        out[end - start] = '\0';
    }
    return true;
}

/* 32 hex digits with or without dashes. */
static bool uuid_read(const struct json_doc *doc, const struct json_node *n, uint8_t out[16])
{
    char digits[33];
    size_t used = 0;

    if (n == NULL || n->kind != JSON_STRING) {
        return false;
    }
    for (uint32_t i = 0; i < n->len; i++) {
        char c = json_raw_text(doc, n)[i];

        if (c != '-') {
            if (used == 32) {
                return false;
            }
            digits[used++] = c;
        }
    }
    return used == 32 && hex_decode(digits, used, out, 16) == 16;
}

static bool number16(const struct json_doc *doc, const char *key, uint16_t *out)
{
    const struct json_node *n = json_member(doc, doc->nodes, key);
    int64_t v;

    if (n == NULL || !json_int(doc, n, &v) || v < 0 || v > UINT16_MAX) {
        return false;
    }
    *out = (uint16_t)v;
    return true;
}

/* Hex of the key, wrapped as an AD structure of the type where it is only the data. */
static bool raw_beacon(const struct json_doc *doc, const char *key, bool service,
                       struct beacon *out)
{
    const struct json_node *n = json_member(doc, doc->nodes, key);
    uint8_t bytes[RAW_MAX] = {0, 0x16, 0xaa, 0xfe};
    size_t head = service ? 4 : 0;
    bool broken;
    int len;

    if (n == NULL || n->kind != JSON_STRING) {
        return false;
    }
    len = hex_decode(json_raw_text(doc, n), n->len, bytes + head, sizeof bytes - head);
    if (len <= 0) {
        return false;
    }
    if (service) {
        bytes[0] = (uint8_t)(len + 3);
    }
    return beacon_parse(bytes, head + (size_t)len, out, &broken);
}

static void read_beacon(const struct json_doc *doc, struct sighting *s)
{
    const struct json_node *service = json_member(doc, doc->nodes, "servicedatauuid");
    struct beacon beacon = {.kind = BEACON_IBEACON};

    if ((uuid_read(doc, json_member(doc, doc->nodes, "uuid"), beacon.id) &&
         number16(doc, "major", &beacon.major) && number16(doc, "minor", &beacon.minor)) ||
        raw_beacon(doc, "manufacturerdata", false, &beacon) ||
        (service != NULL &&
         (json_is_text(doc, service, "0xfeaa") || json_is_text(doc, service, "feaa")) &&
         raw_beacon(doc, "servicedata", true, &beacon))) {
        beacon_text(&beacon, s->beacon);
    }
}

static enum decode_fault open_openmqttgateway(const struct envelope *self, const char *topic,
                                              const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *mac = json_member(doc, doc->nodes, "mac");
    const struct json_node *random = json_member(doc, doc->nodes, "mac_type");
    int64_t v;

    (void)self;
    out->kind = UPLINK_NOTHING;
    out->sighting = (struct sighting){0};
    if (!gateway_of_topic(topic, out->sighting.gateway)) {
        return DECODE_OK;
    }
    if (doc->nodes[0].kind != JSON_OBJECT) {
        return DECODE_FIELD;
    }
    mac = mac != NULL ? mac : json_member(doc, doc->nodes, "id");
    if (mac == NULL || mac->kind != JSON_STRING ||
        !uplink_mac(json_raw_text(doc, mac), mac->len, out->sighting.mac)) {
        return DECODE_FIELD;
    }
    uplink_rssi(doc, json_member(doc, doc->nodes, "rssi"), out);
    if ((out->decoded.reading.has & HAS_RSSI) == 0) {
        out->decoded.type_name = "presence";
        return DECODE_OK;
    }
    if (random != NULL && json_int(doc, random, &v)) {
        out->sighting.has_random = true;
        out->sighting.random = v == 1;
    }
    read_beacon(doc, &out->sighting);
    out->kind = UPLINK_SIGHTING;
    return DECODE_OK;
}

const struct envelope envelope_openmqttgateway = {
    .name = "openmqttgateway",
    .doc = "OpenMQTTGateway Bluetooth sightings (BTtoMQTT)",
    .open = open_openmqttgateway,
};
