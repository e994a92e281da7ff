/* WXHS P_MD geomagnetic sensor, NB-IoT over CTWing: the frame is the JSON object that the platform
 * makes of it (its `payload`).
 * Layout: unisoftcn/user-api forms/mag_notify.go, a captured push.
 *   parking_state 0/1, battery_voltage V (float32 noise), Signal_Power dBm, X/Y/Z _value and _base,
 *   Park_cnt, Send_cnt, pack_count, Alarm_info, ptime (device's clock, ms), mag_id, version
 * Nothing published says which parking_state is a car, so this model shows it and never says free
 * or occupied: a `mapped` envelope, where the configuration names the values, does. ptime is not
 * the order of messages: in the capture it is 51 s ahead of the platform. */
#include "bowei/base/err.h"
#include "bowei/base/json_read.h"
#include "bowei/sensor_model.h"

#define NODES_MAX      128
#define BATTERY_MAX_MV 30000
#define RSSI_MIN_DBM   (-200)
#define RSSI_MAX_DBM   20
#define HEARTBEAT_MS   86400000u /* not published */

/* Whole numbers that are only shown. */
static const struct {
    const char *member, *name;
} shown[] = {
    {"parking_state", "parking_state_raw"},
    {"ptime",         "device_time_ms"   },
    {"Alarm_info",    "alarm"            },
    {"Park_cnt",      "park_count"       },
    {"Send_cnt",      "send_count"       },
    {"mag_id",        "mag_id"           },
};

/* "X_value", ... -> a list; nothing when one is missing. */
static void field(const struct json_doc *doc, struct decoded *out, const char *name,
                  const char *const members[3])
{
    int32_t axis[3];

    for (size_t i = 0; i < 3; i++) {
        const struct json_node *n = json_member(doc, doc->nodes, members[i]);
        int64_t v;

        if (n == NULL || !json_int(doc, n, &v) || v < INT32_MIN || v > INT32_MAX) {
            return;
        }
        axis[i] = (int32_t)v;
    }
    decoded_extra_list(out, name, axis, 3);
}

static enum decode_fault health(const struct json_doc *doc, struct decoded *out)
{
    const struct json_node *battery = json_member(doc, doc->nodes, "battery_voltage");
    const struct json_node *rssi = json_member(doc, doc->nodes, "Signal_Power");
    int64_t v;

    if (battery != NULL) {
        if (!json_scaled(doc, battery, 3, &v) || v < 0 || v > BATTERY_MAX_MV) {
            return DECODE_RANGE;
        }
        decoded_battery_mv(out, (uint32_t)v);
    }
    if (rssi != NULL && json_int(doc, rssi, &v) && v >= RSSI_MIN_DBM && v <= RSSI_MAX_DBM) {
        out->reading.rssi_dbm = (int16_t)v;
        out->reading.has |= HAS_RSSI;
    }
    return DECODE_OK;
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    static const char *const values[3] = {"X_value", "Y_value", "Z_value"};
    static const char *const bases[3] = {"X_base", "Y_base", "Z_base"};
    struct json_node nodes[NODES_MAX];
    struct json_doc doc;
    const struct json_node *state;
    enum decode_fault fault;
    int64_t v;

    if (in->len == 0) {
        return DECODE_LENGTH;
    }
    if (json_parse(&doc, (const char *)in->bytes, in->len, nodes, NODES_MAX) != JSON_OK) {
        return DECODE_JSON;
    }
    state = json_member(&doc, nodes, "parking_state");
    if (state == NULL || state->kind != JSON_NUMBER) {
        return DECODE_FIELD;
    }
    if (!json_int(&doc, state, &v) || v < 0 || v > UINT8_MAX) {
        return DECODE_RANGE;
    }
    fault = health(&doc, out);
    if (fault != DECODE_OK) {
        return fault;
    }
    out->reading.type = TYPE_STATUS;
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        const struct json_node *n = json_member(&doc, nodes, shown[i].member);

        if (n != NULL && json_int(&doc, n, &v)) {
            decoded_extra_number(out, shown[i].name, v, 0);
        }
    }
    field(&doc, out, "mag", values);
    field(&doc, out, "mag_base", bases);
    return DECODE_OK;
}

const struct sensor_model sensor_model_wxhs_pmd = {
    .name = "wxhs_pmd",
    .doc = "WXHS P_MD geomagnetic sensor, NB-IoT (captured push in unisoftcn/user-api)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
