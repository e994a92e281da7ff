/* CTWing (China Telecom AEP), NB-IoT: one push per message.
 * Source: CTWing integration notes (subscription push), a captured push in unisoftcn/user-api.
 *   messageType dataReport: payload is the device's JSON, or APPdata / Updata in base64
 * (transparent) messageType deviceOnlineOfflineReport: eventType 1 online, 0 offline The time is
 * the platform's (`timestamp`, ms): a device's clock may be a minute ahead. IMEI may be empty.
 * SignalPower is in 0.1 dBm where it is below -200. Other message types are not readings. */
#include "sensors/mqtt/uplink.h"
#include <string.h>

#define IMEI_MAX 16

static void read_signal(const struct json_doc *doc, const struct json_node *payload,
                        struct uplink *out)
{
    const struct json_node *n = json_member(doc, payload, "SignalPower");
    int64_t v;

    if (n != NULL && json_int(doc, n, &v) && v < -200 && v >= -2000) {
        out->decoded.reading.rssi_dbm = (int16_t)(v / 10);
        out->decoded.reading.has |= HAS_RSSI;
    } else {
        uplink_rssi(doc, n, out);
    }
}

static void show_bytes(struct uplink *out)
{
    char text[EXTRA_TEXT_MAX];
    bool printable = out->len > 0 && out->len < sizeof text;

    decoded_extra_hex(&out->decoded, "payload_hex", out->bytes, out->len);
    for (uint16_t i = 0; printable && i < out->len; i++) {
        printable = out->bytes[i] >= 0x20 && out->bytes[i] < 0x7f;
        text[i] = (char)out->bytes[i];
    }
    if (printable) {
        text[out->len] = '\0';
        decoded_extra_text(&out->decoded, "payload_bytes_ascii", text);
    }
}

static enum decode_fault read_data(const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *payload = json_member(doc, doc->nodes, "payload");
    const struct json_node *bytes;
    enum decode_fault fault;

    if (payload == NULL || payload->kind != JSON_OBJECT) {
        return DECODE_FIELD;
    }
    bytes = json_member(doc, payload, "APPdata");
    bytes = bytes != NULL ? bytes : json_member(doc, payload, "Updata");
    if (bytes != NULL) {
        fault = uplink_base64(doc, bytes, out);
        if (fault == DECODE_OK) {
            read_signal(doc, payload, out);
            show_bytes(out);
        }
        return fault;
    }
    if (payload->len > sizeof out->bytes) {
        return DECODE_SIZE;
    }
    memcpy(out->bytes, doc->text + payload->start, payload->len);
    out->len = (uint16_t)payload->len;
    out->kind = UPLINK_FRAME;
    if (json_member(doc, payload, "Manufacturer") != NULL &&
        json_is_text(doc, json_member(doc, payload, "Manufacturer"), "WXHS")) {
        out->model = "wxhs_pmd";
    }
    return DECODE_OK;
}

static enum decode_fault read_presence(const struct json_doc *doc, struct uplink *out)
{
    int64_t event;
    const struct json_node *n = json_member(doc, doc->nodes, "eventType");

    if (n == NULL || !json_int(doc, n, &event) || event < 0 || event > 1) {
        return DECODE_FIELD;
    }
    out->kind = UPLINK_DEVICE;
    out->decoded.reading.value = event == 0 ? VALUE_LINK_LOST : VALUE_ALIVE;
    out->decoded.reading.type = event == 0 ? TYPE_OFFLINE : TYPE_PARAMETERS;
    out->decoded.type_name = event == 0 ? NULL : "online";
    return DECODE_OK;
}

static void read_imei(const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *imei = json_member(doc, doc->nodes, "IMEI");
    char text[IMEI_MAX];

    if (imei != NULL && imei->len > 0 && json_text(doc, imei, text, sizeof text) > 0) {
        decoded_extra_text(&out->decoded, "imei", text);
    }
}

static enum decode_fault open_ctwing(const struct envelope *self, const char *topic,
                                     const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *type = json_member(doc, doc->nodes, "messageType");
    enum decode_fault fault;

    (void)self;
    (void)topic;
    out->kind = UPLINK_NOTHING;
    if (doc->nodes[0].kind != JSON_OBJECT || type == NULL || type->kind != JSON_STRING) {
        return DECODE_FIELD;
    }
    fault = uplink_device(doc, json_member(doc, doc->nodes, "deviceId"), out);
    if (fault == DECODE_OK) {
        fault = uplink_time_ms(doc, json_member(doc, doc->nodes, "timestamp"), out);
    }
    if (fault != DECODE_OK) {
        return fault;
    }
    read_imei(doc, out);
    if ((out->decoded.reading.has & HAS_NET_TIME) != 0) {
        decoded_extra_number(&out->decoded, "platform_time_ms", out->decoded.reading.net_time_ms,
                             0);
    }
    if (json_is_text(doc, type, "dataReport")) {
        return read_data(doc, out);
    }
    return json_is_text(doc, type, "deviceOnlineOfflineReport") ? read_presence(doc, out)
                                                                : DECODE_OK;
}

const struct envelope envelope_ctwing = {
    .name = "ctwing",
    .doc = "CTWing (China Telecom AEP) push, NB-IoT",
    .open = open_ctwing,
};
