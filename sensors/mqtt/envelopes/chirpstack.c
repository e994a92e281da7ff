/* ChirpStack, JSON: application/{application}/device/{dev EUI}/event/{event}.
 * Source: chirpstack/chirpstack-docs src/chirpstack/integrations/events.md (v4),
 * brocaar/chirpstack-application-server internal/integration/models/models.go and
 * marshaler/marshaler.go (v3).
 * v4 has deviceInfo.devEui and time; v3 has devEUI (hex, or base64 from the protobuf JSON
 * marshaler) and no time but that of a radio gateway, which may be null. Zero, false and empty
 * fields are omitted: no fCnt means 0, no fPort or data means a MAC-only frame. rxInfo has one
 * entry per radio gateway that heard the frame: the best RSSI is taken, it stays one uplink.
 * Its HTTP integration posts the same bodies and names the event in the URL: ?event=up. */
#include "bowei/base/err.h"
#include "sensors/mqtt/uplink.h"
#include <string.h>

/* DevStatusAns battery below which staff should see to it; the network gives no voltage. */
#define BATTERY_LOW_PERCENT 15
#define PERCENT_DIGITS      2
#define PUSHED              "?event="
#define MARGIN_MIN_DB       (-32) /* DevStatusAns: 6 bits, signed */
#define MARGIN_MAX_DB       31

struct event {
    const char *name;
    enum decode_fault (*read)(const struct json_doc *doc, struct uplink *out);
    const char *sign; /* a member that only this event has, for messages without a topic */
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
        strncmp(level[3], "device/", 7) != 0 || level[1] - level[2] != UPLINK_EUI_LEN + 1) {
        return false;
    }
    *eui = level[2];
    *event = level[0];
    return true;
}

static enum decode_fault read_device(const struct json_doc *doc, const char *topic_eui,
                                     struct uplink *out)
{
    const struct json_node *eui = uplink_path(doc, doc->nodes, "deviceInfo", "devEui");
    char of_topic[UPLINK_EUI_LEN];
    enum decode_fault fault;

    if (topic_eui != NULL && !uplink_eui_text(topic_eui, of_topic)) {
        return DECODE_TOPIC;
    }
    fault = uplink_eui(doc, eui != NULL ? eui : json_member(doc, doc->nodes, "devEUI"), out);
    if (fault == DECODE_OK && topic_eui != NULL &&
        memcmp(of_topic, out->decoded.reading.device, UPLINK_EUI_LEN) != 0) {
        fault = DECODE_TOPIC;
    }
    return fault;
}

/* v4's own time, else the first radio gateway that has one. */
static enum decode_fault read_time(const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *time = json_member(doc, doc->nodes, "time");
    const struct json_node *list = json_member(doc, doc->nodes, "rxInfo");
    const struct json_node *item;

    if (time != NULL || list == NULL || list->kind != JSON_ARRAY) {
        return uplink_time(doc, time, out);
    }
    item = json_first(doc, list);
    for (uint32_t i = 0; i < list->count && item != NULL; i++) {
        time = json_member(doc, item, "time");
        if (time != NULL && time->kind == JSON_STRING) {
            (void)uplink_time(doc, time, out); /* a gateway's bad clock is no fault of the device */
            if ((out->decoded.reading.has & HAS_NET_TIME) != 0) {
                break;
            }
        }
        item = i + 1 < list->count ? json_after(doc, item) : NULL;
    }
    return DECODE_OK;
}

static enum decode_fault read_up(const struct json_doc *doc, struct uplink *out)
{
    enum decode_fault fault = uplink_base64(doc, json_member(doc, doc->nodes, "data"), out);

    if (fault == DECODE_OK) {
        fault = uplink_lorawan(doc, json_member(doc, doc->nodes, "fCnt"),
                               json_member(doc, doc->nodes, "fPort"), out);
    }
    if (fault == DECODE_OK) {
        uplink_rssi_best(doc, json_member(doc, doc->nodes, "rxInfo"), out);
    }
    return fault;
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
    const struct json_node *margin = json_member(doc, doc->nodes, "margin");
    const struct json_node *unavailable = json_member(doc, doc->nodes, "batteryLevelUnavailable");
    const struct json_node *external = json_member(doc, doc->nodes, "externalPowerSource");
    int64_t v;

    out->kind = UPLINK_DEVICE;
    r->value = VALUE_ALIVE;
    r->type = TYPE_PARAMETERS;
    out->decoded.type_name = "link_status";
    if (margin == NULL) {
        decoded_extra_number(&out->decoded, "margin", 0, 0); /* zero is left out */
    } else if (json_int(doc, margin, &v) && v >= MARGIN_MIN_DB && v <= MARGIN_MAX_DB) {
        decoded_extra_number(&out->decoded, "margin", v, 0);
    }
    if (external != NULL && external->kind == JSON_TRUE) {
        decoded_extra_bool(&out->decoded, "external_power", true);
    }
    if (level == NULL || (unavailable != NULL && unavailable->kind == JSON_TRUE)) {
        return DECODE_OK;
    }
    if (level->kind != JSON_NUMBER) {
        return DECODE_FIELD;
    }
    if (!json_scaled(doc, level, PERCENT_DIGITS, &v) || v < 0 || v > 10000) {
        return DECODE_RANGE;
    }
    decoded_extra_number(&out->decoded, "battery_pct", v, PERCENT_DIGITS);
    if (external == NULL || external->kind != JSON_TRUE) {
        r->has |= HAS_BATTERY_LOW;
        r->battery_low = v < BATTERY_LOW_PERCENT * 100;
    }
    return DECODE_OK;
}

static const struct event events[] = {
    {"join",   read_join,   NULL    },
    {"status", read_status, "margin"},
    {"up",     read_up,     "txInfo"},
};

/* What of a message without a topic: by what only one event has. */
static const struct event *event_guess(const struct json_doc *doc)
{
    if (json_member(doc, doc->nodes, "batteryLevel") != NULL) {
        return &events[1];
    }
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        if (events[i].sign != NULL && json_member(doc, doc->nodes, events[i].sign) != NULL &&
            json_member(doc, doc->nodes, "downlinkId") == NULL) {
            return &events[i];
        }
    }
    if (json_member(doc, doc->nodes, "data") != NULL) {
        return &events[2];
    }
    return json_member(doc, doc->nodes, "devAddr") != NULL &&
                   json_member(doc, doc->nodes, "fCnt") == NULL &&
                   json_member(doc, doc->nodes, "dr") == NULL
               ? &events[0]
               : NULL;
}

static const struct event *event_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        if (strcmp(events[i].name, name) == 0) {
            return &events[i];
        }
    }
    return NULL; /* ack, txack, log, location, integration */
}

static enum decode_fault open_chirpstack(const struct envelope *self, const char *topic,
                                         const struct json_doc *doc, struct uplink *out)
{
    const char *eui = NULL;
    const char *name = "";
    const struct event *event;
    enum decode_fault fault;

    (void)self;
    out->kind = UPLINK_NOTHING;
    if (strncmp(topic, PUSHED, sizeof PUSHED - 1) == 0) {
        name = topic + sizeof PUSHED - 1;
    } else if (topic[0] != '\0' && !topic_split(topic, &eui, &name)) {
        return DECODE_TOPIC;
    }
    event = topic[0] == '\0' ? event_guess(doc) : event_find(name);
    if (event == NULL) {
        return doc->nodes[0].kind == JSON_OBJECT || topic[0] != '\0' ? DECODE_OK : DECODE_FIELD;
    }
    if (doc->nodes[0].kind != JSON_OBJECT) {
        return DECODE_FIELD;
    }
    fault = read_device(doc, eui, out);
    if (fault == DECODE_OK) {
        fault = read_time(doc, out);
    }
    return fault == DECODE_OK ? event->read(doc, out) : fault;
}

const struct envelope envelope_chirpstack = {
    .name = "chirpstack",
    .doc = "ChirpStack v4 and v3 JSON events (up, join, status)",
    .open = open_chirpstack,
};
