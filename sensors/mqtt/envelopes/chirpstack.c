/* ChirpStack v4, JSON marshaler: application/{application}/device/{dev EUI}/event/{event}.
 * Source: chirpstack/chirpstack-docs src/chirpstack/integrations/events.md.
 * Zero, false and empty fields are omitted: no fCnt means 0, no fPort or data means a MAC-only
 * frame. rxInfo has one entry per radio gateway that heard the frame: the best RSSI is taken, it
 * stays one uplink. */
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/err.h"
#include "sensors/mqtt/envelope.h"
#include <string.h>

#define EUI_LEN 16

/* DevStatusAns battery below which staff should see to it; the network gives no voltage. */
#define BATTERY_LOW_PERCENT 15

struct event {
    const char *name;
    enum decode_fault (*read)(const struct json_doc *doc, struct uplink *out);
};

/* "application/x/device/<eui>/event/<name>" from its end -> eui, event name. Levels in front may be
 * a prefix. */
static bool topic_split(const char *topic, const char **eui, const char **event)
{
    const char *level[4];
    const char *p = topic + strlen(topic);
    size_t n = 0;

    if (strstr(topic, "//") != NULL || topic[0] == '/') {
        return false;
    }
    while (n < 4 && p > topic) {
        p--;
        if (*p == '/') {
            level[n++] = p + 1;
        }
    }
    if (n < 4 || level[0][0] == '\0' || strncmp(level[1], "event/", 6) != 0 ||
        strncmp(level[3], "device/", 7) != 0 || level[1] - level[2] != EUI_LEN + 1) {
        return false;
    }
    *eui = level[2];
    *event = level[0];
    return true;
}

/* Lower-cases 16 hex digits; false when they are none. */
static bool eui_read(const char *text, char out[EUI_LEN])
{
    for (size_t i = 0; i < EUI_LEN; i++) {
        char c = text[i];

        if (c >= 'A' && c <= 'F') {
            c = (char)(c - 'A' + 'a');
        }
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
        out[i] = c;
    }
    return true;
}

static enum decode_fault read_device(const struct json_doc *doc, const char *topic_eui,
                                     struct reading *r)
{
    const struct json_node *info = json_member(doc, doc->nodes, "deviceInfo");
    const struct json_node *eui = info == NULL ? NULL : json_member(doc, info, "devEui");
    char of_topic[EUI_LEN];

    if (!eui_read(topic_eui, of_topic)) {
        return DECODE_TOPIC;
    }
    if (eui == NULL || eui->kind != JSON_STRING || eui->escaped || eui->len != EUI_LEN ||
        !eui_read(json_raw_text(doc, eui), r->device)) {
        return DECODE_FIELD;
    }
    r->device_len = EUI_LEN;
    return memcmp(of_topic, r->device, EUI_LEN) == 0 ? DECODE_OK : DECODE_TOPIC;
}

static enum decode_fault read_time(const struct json_doc *doc, struct reading *r)
{
    const struct json_node *time = json_member(doc, doc->nodes, "time");

    if (time == NULL || time->kind == JSON_NULL) {
        return DECODE_OK;
    }
    if (time->kind != JSON_STRING || time->escaped ||
        rfc3339_parse(json_raw_text(doc, time), time->len, &r->net_time_ms) != 0) {
        return DECODE_FIELD;
    }
    r->has |= HAS_NET_TIME;
    return DECODE_OK;
}

/* A whole number, absent = 0. */
static enum decode_fault read_count(const struct json_doc *doc, const char *key, int64_t max,
                                    int64_t *out)
{
    const struct json_node *n = json_member(doc, doc->nodes, key);

    *out = 0;
    if (n == NULL || n->kind == JSON_NULL) {
        return DECODE_OK;
    }
    if (n->kind != JSON_NUMBER) {
        return DECODE_FIELD;
    }
    return json_int(doc, n, out) && *out >= 0 && *out <= max ? DECODE_OK : DECODE_RANGE;
}

/* The strongest of the gateways that heard it; odd entries are passed over, radio data decides
 * nothing. */
static void read_rssi(const struct json_doc *doc, struct reading *r)
{
    const struct json_node *list = json_member(doc, doc->nodes, "rxInfo");
    const struct json_node *item;

    if (list == NULL || list->kind != JSON_ARRAY) {
        return;
    }
    item = json_first(doc, list);
    for (uint32_t i = 0; i < list->count && item != NULL; i++) {
        const struct json_node *rssi = json_member(doc, item, "rssi");
        int64_t dbm;

        if (rssi != NULL && json_int(doc, rssi, &dbm) && dbm >= -200 && dbm <= 20 &&
            ((r->has & HAS_RSSI) == 0 || dbm > r->rssi_dbm)) {
            r->rssi_dbm = (int16_t)dbm;
            r->has |= HAS_RSSI;
        }
        item = i + 1 < list->count ? json_after(doc, item) : NULL;
    }
}

static enum decode_fault read_up(const struct json_doc *doc, struct uplink *out)
{
    struct reading *r = &out->decoded.reading;
    const struct json_node *data = json_member(doc, doc->nodes, "data");
    int64_t fcnt;
    int64_t fport;
    int len;
    enum decode_fault fault = read_count(doc, "fCnt", UINT32_MAX, &fcnt);

    if (fault == DECODE_OK) {
        fault = read_count(doc, "fPort", UINT8_MAX, &fport);
    }
    if (fault != DECODE_OK) {
        return fault;
    }
    if (fport == 0 || data == NULL || data->kind == JSON_NULL) {
        return DECODE_OK; /* MAC only */
    }
    if (data->kind != JSON_STRING || data->escaped) {
        return DECODE_FIELD;
    }
    if (data->len == 0) {
        return DECODE_OK;
    }
    len = base64_decode(json_raw_text(doc, data), data->len, out->bytes, sizeof out->bytes);
    if (len < 0) {
        return DECODE_FIELD;
    }
    out->len = (uint16_t)len;
    out->fport = (uint8_t)fport;
    out->kind = UPLINK_FRAME;
    r->counter = (uint32_t)fcnt;
    r->has |= HAS_COUNTER;
    read_rssi(doc, r);
    return DECODE_OK;
}

static enum decode_fault read_join(const struct json_doc *doc, struct uplink *out)
{
    (void)doc;
    out->kind = UPLINK_DEVICE;
    out->decoded.reading.value = VALUE_JOIN;
    out->decoded.reading.type = TYPE_JOIN;
    return DECODE_OK;
}

/* DevStatusAns: margin and battery. 255 "unavailable" comes as batteryLevelUnavailable. */
static enum decode_fault read_status(const struct json_doc *doc, struct uplink *out)
{
    struct reading *r = &out->decoded.reading;
    const struct json_node *level = json_member(doc, doc->nodes, "batteryLevel");
    const struct json_node *unavailable = json_member(doc, doc->nodes, "batteryLevelUnavailable");
    int64_t percent;

    out->kind = UPLINK_DEVICE;
    r->value = VALUE_ALIVE;
    r->type = TYPE_PARAMETERS;
    if (level == NULL || (unavailable != NULL && unavailable->kind == JSON_TRUE)) {
        return DECODE_OK;
    }
    if (level->kind != JSON_NUMBER) {
        return DECODE_FIELD;
    }
    if (!json_scaled(doc, level, 0, &percent) || percent < 0 || percent > 100) {
        return DECODE_RANGE;
    }
    r->has |= HAS_BATTERY_LOW;
    r->battery_low = percent < BATTERY_LOW_PERCENT;
    return DECODE_OK;
}

static const struct event events[] = {
    {"join",   read_join  },
    {"status", read_status},
    {"up",     read_up    },
};

static enum decode_fault open_chirpstack(const char *topic, const struct json_doc *doc,
                                         struct uplink *out)
{
    const char *eui;
    const char *name;
    enum decode_fault fault;

    out->kind = UPLINK_NOTHING;
    if (!topic_split(topic, &eui, &name)) {
        return DECODE_TOPIC;
    }
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        if (strcmp(events[i].name, name) != 0) {
            continue;
        }
        if (doc->nodes[0].kind != JSON_OBJECT) {
            return DECODE_FIELD;
        }
        fault = read_device(doc, eui, &out->decoded.reading);
        if (fault == DECODE_OK) {
            fault = read_time(doc, &out->decoded.reading);
        }
        return fault == DECODE_OK ? events[i].read(doc, out) : fault;
    }
    return DECODE_OK; /* ack, txack, log, location, integration */
}

const struct envelope envelope_chirpstack = {
    .name = "chirpstack",
    .doc = "ChirpStack v4 JSON events (up, join, status)",
    .open = open_chirpstack,
};
