/* Bowei's own JSON reading, for devices and bridges that nothing else fits: docs/DATA_FORMAT.md,
 * "Native readings". Read by the native envelope off the wire; the row in models.def gives such
 * devices their timing and `bowei decode` its decoder (frame = the JSON text). Unknown keys are
 * ignored, known ones must be exactly what they should be: `occupied` is true, false or null, not
 * "true". */
#include "sensors/models/native.h"
#include "bowei/base/city_clock.h"
#include <string.h>

#define NODES_MAX 256

/* Epoch ms from 2020 to 2100: seconds, zero and negative numbers fall out below. */
#define TIME_MIN_MS        INT64_C(1577836800000)
#define TIME_MAX_MS        INT64_C(4102444800000)

#define BATTERY_MAX_MV     30000
#define TEMPERATURE_MAX_DC 2000
#define RSSI_MIN_DBM       (-200)
#define RSSI_MAX_DBM       20

/* A device of this kind is asked to speak every 10 minutes; others say so in the inventory. */
#define HEARTBEAT_MS 600000u

/* Every key we know; one pass over the message finds them all. */
enum native_key {
    KEY_BATTERY_LOW,
    KEY_BATTERY_V,
    KEY_CHANNEL,
    KEY_COUNTER,
    KEY_DEVICE,
    KEY_GATE,
    KEY_OCCUPIED,
    KEY_RSSI,
    KEY_STATUS,
    KEY_TEMPERATURE_C,
    KEY_TIME,
    KEY_COUNT
};

#define KEY(id, text) [id] = {text, sizeof(text) - 1}

static const struct {
    const char *name;
    uint32_t len;
} keys[KEY_COUNT] = {
    KEY(KEY_BATTERY_LOW, "battery_low"),
    KEY(KEY_BATTERY_V, "battery_v"),
    KEY(KEY_CHANNEL, "channel"),
    KEY(KEY_COUNTER, "counter"),
    KEY(KEY_DEVICE, "device"),
    KEY(KEY_GATE, "gate"),
    KEY(KEY_OCCUPIED, "occupied"),
    KEY(KEY_RSSI, "rssi"),
    KEY(KEY_STATUS, "status"),
    KEY(KEY_TEMPERATURE_C, "temperature_c"),
    KEY(KEY_TIME, "time"),
};

/* A message and the values of its known keys, NULL where absent. */
struct native_message {
    const struct json_doc *doc;
    const struct json_node *value[KEY_COUNT];
};

static const struct {
    const char *word;
    uint8_t value, type;
} statuses[] = {
    {"alive",     VALUE_ALIVE,     TYPE_HEARTBEAT},
    {"fault",     VALUE_FAULT,     TYPE_FAULT    },
    {"link_lost", VALUE_LINK_LOST, TYPE_OFFLINE  },
    {"start",     VALUE_START,     TYPE_STARTUP  },
    {"join",      VALUE_JOIN,      TYPE_JOIN     },
};

/* Which key a member is, KEY_COUNT = none of ours. Escaped keys are compared decoded. */
static enum native_key key_of(const struct json_doc *doc, const struct json_node *member)
{
    const char *text = member->escaped ? NULL : json_raw_text(doc, member);

    for (int k = 0; k < KEY_COUNT; k++) {
        if (text == NULL
                ? json_is_text(doc, member, keys[k].name)
                : member->len == keys[k].len && memcmp(text, keys[k].name, keys[k].len) == 0) {
            return (enum native_key)k;
        }
    }
    return KEY_COUNT;
}

static void message_index(const struct json_doc *doc, struct native_message *m)
{
    const struct json_node *member = json_first(doc, doc->nodes);

    *m = (struct native_message){.doc = doc};
    for (uint32_t i = 0; i < doc->nodes[0].count; i++) {
        const struct json_node *value = json_after(doc, member);
        enum native_key key = key_of(doc, member);

        if (key != KEY_COUNT) {
            m->value[key] = value;
        }
        member = i + 1 < doc->nodes[0].count ? json_after(doc, value) : member;
    }
}

/* A whole number within [low, high]; absent is fine and leaves *out and *there alone. */
static enum decode_fault whole(const struct native_message *m, enum native_key key,
                               const int64_t range[2], int64_t *out, bool *there)
{
    const struct json_node *n = m->value[key];
    int64_t v;

    if (n == NULL) {
        return DECODE_OK;
    }
    if (!json_int(m->doc, n, &v)) {
        return n->kind == JSON_NUMBER ? DECODE_RANGE : DECODE_FIELD;
    }
    if (v < range[0] || v > range[1]) {
        return DECODE_RANGE;
    }
    *out = v;
    *there = true;
    return DECODE_OK;
}

/* The same for a decimal number, scaled. */
static enum decode_fault decimal(const struct native_message *m, enum native_key key,
                                 unsigned digits, const int64_t range[2], int64_t *out)
{
    const struct json_node *n = m->value[key];
    int64_t v;

    if (n == NULL || n->kind != JSON_NUMBER) {
        return n == NULL ? DECODE_OK : DECODE_FIELD;
    }
    if (!json_scaled(m->doc, n, digits, &v) || v < range[0] || v > range[1]) {
        return DECODE_RANGE;
    }
    *out = v;
    return DECODE_OK;
}

static enum decode_fault read_device(const struct native_message *m, struct reading *r)
{
    const struct json_node *n = m->value[KEY_DEVICE];

    if (n == NULL || n->kind != JSON_STRING || n->escaped ||
        !device_id_is(json_raw_text(m->doc, n), n->len)) {
        return DECODE_FIELD;
    }
    r->device_len = (uint8_t)n->len;
    memcpy(r->device, json_raw_text(m->doc, n), n->len);
    return DECODE_OK;
}

static enum decode_fault read_time(const struct native_message *m, struct reading *r)
{
    static const int64_t range[2] = {TIME_MIN_MS, TIME_MAX_MS};
    const struct json_node *n = m->value[KEY_TIME];
    int64_t ms = 0;
    bool there = false;

    if (n != NULL && n->kind == JSON_STRING) {
        if (n->escaped || rfc3339_parse(json_raw_text(m->doc, n), n->len, &ms) != 0) {
            return DECODE_FIELD;
        }
        if (ms < range[0] || ms > range[1]) {
            return DECODE_RANGE;
        }
        there = true;
    } else {
        enum decode_fault fault = whole(m, KEY_TIME, range, &ms, &there);

        if (fault != DECODE_OK) {
            return fault;
        }
    }
    if (there) {
        r->net_time_ms = ms;
        r->has |= HAS_NET_TIME;
    }
    return DECODE_OK;
}

static enum decode_fault read_gate(const struct json_doc *doc, const struct json_node *gate,
                                   struct reading *r)
{
    const struct json_node *in = json_member(doc, gate, "in");
    const struct json_node *out = json_member(doc, gate, "out");
    int64_t cars_in;
    int64_t cars_out;

    if (in == NULL || out == NULL || in->kind != JSON_NUMBER || out->kind != JSON_NUMBER) {
        return DECODE_FIELD;
    }
    if (!json_int(doc, in, &cars_in) || !json_int(doc, out, &cars_out) || cars_in < 0 ||
        cars_out < 0 || cars_in > UINT32_MAX || cars_out > UINT32_MAX) {
        return DECODE_RANGE;
    }
    r->value = VALUE_GATE;
    r->gate_in = (uint32_t)cars_in;
    r->gate_out = (uint32_t)cars_out;
    return DECODE_OK;
}

static enum decode_fault read_status(const struct json_doc *doc, const struct json_node *status,
                                     struct reading *r)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (json_is_text(doc, status, statuses[i].word)) {
            r->value = statuses[i].value;
            r->type = statuses[i].type;
            return DECODE_OK;
        }
    }
    return DECODE_FIELD;
}

/* What it says: one of occupied, gate, status, or none of them (the device lives). */
static enum decode_fault read_value(const struct native_message *m, struct decoded *out)
{
    const struct json_node *occupied = m->value[KEY_OCCUPIED];
    const struct json_node *gate = m->value[KEY_GATE];
    const struct json_node *status = m->value[KEY_STATUS];

    if ((occupied != NULL) + (gate != NULL) + (status != NULL) > 1) {
        return DECODE_FIELD;
    }
    out->reading.type = occupied != NULL || gate != NULL ? TYPE_STATUS : TYPE_HEARTBEAT;
    out->reading.value = VALUE_ALIVE;
    out->occupied_bit = -1;
    if (gate != NULL) {
        return read_gate(m->doc, gate, &out->reading);
    }
    if (status != NULL) {
        return read_status(m->doc, status, &out->reading);
    }
    if (occupied == NULL || occupied->kind == JSON_NULL) {
        return DECODE_OK;
    }
    if (occupied->kind != JSON_TRUE && occupied->kind != JSON_FALSE) {
        return DECODE_FIELD;
    }
    decoded_occupied(out, occupied->kind == JSON_TRUE);
    return DECODE_OK;
}

static enum decode_fault read_numbers(const struct native_message *m, struct reading *r)
{
    static const int64_t channels[2] = {0, UINT16_MAX};
    static const int64_t counters[2] = {0, UINT32_MAX};
    static const int64_t rssis[2] = {RSSI_MIN_DBM, RSSI_MAX_DBM};
    int64_t channel = 0;
    int64_t counter = 0;
    int64_t rssi = 0;
    bool has_channel = false;
    bool has_counter = false;
    bool has_rssi = false;
    enum decode_fault fault = whole(m, KEY_CHANNEL, channels, &channel, &has_channel);

    if (fault == DECODE_OK) {
        fault = whole(m, KEY_COUNTER, counters, &counter, &has_counter);
    }
    if (fault == DECODE_OK) {
        fault = whole(m, KEY_RSSI, rssis, &rssi, &has_rssi);
    }
    r->channel = (uint16_t)channel;
    r->counter = (uint32_t)counter;
    r->rssi_dbm = (int16_t)rssi;
    r->has |= (uint8_t)((has_counter ? HAS_COUNTER : 0) | (has_rssi ? HAS_RSSI : 0));
    return fault;
}

static enum decode_fault read_health(const struct native_message *m, struct decoded *out)
{
    static const int64_t batteries[2] = {0, BATTERY_MAX_MV};
    static const int64_t temperatures[2] = {-TEMPERATURE_MAX_DC, TEMPERATURE_MAX_DC};
    const struct json_node *low = m->value[KEY_BATTERY_LOW];
    int64_t battery_mv = -1;
    int64_t temperature_dc = INT64_MIN;
    enum decode_fault fault = decimal(m, KEY_BATTERY_V, 3, batteries, &battery_mv);

    if (fault == DECODE_OK) {
        fault = decimal(m, KEY_TEMPERATURE_C, 1, temperatures, &temperature_dc);
    }
    if (fault != DECODE_OK) {
        return fault;
    }
    if (low != NULL) {
        if (low->kind != JSON_TRUE && low->kind != JSON_FALSE) {
            return DECODE_FIELD;
        }
        out->reading.has |= HAS_BATTERY_LOW;
        out->reading.battery_low = low->kind == JSON_TRUE;
    }
    if (battery_mv >= 0) {
        decoded_battery_mv(out, (uint32_t)battery_mv);
    }
    if (temperature_dc != INT64_MIN) {
        decoded_temperature_dc(out, (int32_t)temperature_dc);
    }
    return DECODE_OK;
}

enum decode_fault native_read(const struct json_doc *doc, struct decoded *out)
{
    struct native_message m;
    enum decode_fault fault;

    if (doc->nodes[0].kind != JSON_OBJECT) {
        return DECODE_FIELD;
    }
    message_index(doc, &m);
    fault = read_device(&m, &out->reading);
    if (fault == DECODE_OK) {
        fault = read_value(&m, out);
    }
    if (fault == DECODE_OK) {
        fault = read_time(&m, &out->reading);
    }
    if (fault == DECODE_OK) {
        fault = read_numbers(&m, &out->reading);
    }
    if (fault == DECODE_OK) {
        fault = read_health(&m, out);
    }
    return fault;
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    struct json_node nodes[NODES_MAX];
    struct json_doc doc;

    if (in->len == 0) {
        return DECODE_LENGTH;
    }
    if (json_parse(&doc, (const char *)in->bytes, in->len, nodes, NODES_MAX) != JSON_OK) {
        return DECODE_JSON;
    }
    return native_read(&doc, out);
}

const struct sensor_model sensor_model_native = {
    .name = "native",
    .doc = "Bowei's own JSON reading (docs/DATA_FORMAT.md, Native readings)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
