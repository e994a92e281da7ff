/* OneNET (China Mobile), NB-IoT: {"msg": {...} or [...], "msg_signature", "nonce"}.
 * Source: OneNET NB-IoT suite, application development guide, HTTP push.
 *   type 1 data: imei, dev_id, ds_id (the stream), at (ms), value
 *   type 2 presence: status 0 offline, 1 online
 *   type 7 a command's result: no reading
 * The device is the IMEI, else dev_id. A value in hex digits is the device's frame; any other value
 * is shown: what it means is the stream's, use a `mapped` envelope. Encrypted pushes (enc_msg) are
 * refused. */
#include "sensors/mqtt/uplink.h"

#define TYPE_DATA     1
#define TYPE_PRESENCE 2
#define STREAM_MAX    64

static void show_value(const struct json_doc *doc, const struct json_node *value,
                       struct decoded *out)
{
    char text[EXTRA_TEXT_MAX];
    int64_t v;

    if (value->kind == JSON_NUMBER && json_int(doc, value, &v)) {
        decoded_extra_number(out, "value", v, 0);
    } else if (value->kind == JSON_NUMBER && json_scaled(doc, value, 6, &v)) {
        decoded_extra_number(out, "value", v, 6);
    } else if (value->kind == JSON_TRUE || value->kind == JSON_FALSE) {
        decoded_extra_bool(out, "value", value->kind == JSON_TRUE);
    } else if (value->kind == JSON_STRING && json_text(doc, value, text, sizeof text) >= 0) {
        decoded_extra_text(out, "value", text);
    }
}

static enum decode_fault read_data(const struct json_doc *doc, const struct json_node *msg,
                                   struct uplink *out)
{
    const struct json_node *value = json_member(doc, msg, "value");
    const struct json_node *stream = json_member(doc, msg, "ds_id");
    char text[STREAM_MAX];

    if (value == NULL) {
        return DECODE_FIELD;
    }
    if (stream != NULL && json_text(doc, stream, text, sizeof text) > 0) {
        decoded_extra_text(&out->decoded, "stream", text);
    }
    show_value(doc, value, &out->decoded);
    out->decoded.reading.type = TYPE_STATUS;
    out->decoded.reading.value = VALUE_ALIVE;
    if (value->kind != JSON_STRING || uplink_hex(doc, value, out) != DECODE_OK ||
        out->kind != UPLINK_FRAME) {
        out->kind = UPLINK_READING;
    }
    return DECODE_OK;
}

static enum decode_fault read_presence(const struct json_doc *doc, const struct json_node *msg,
                                       struct uplink *out)
{
    const struct json_node *status = json_member(doc, msg, "status");
    int64_t v;

    if (status == NULL || !json_int(doc, status, &v) || v < 0 || v > 1) {
        return DECODE_FIELD;
    }
    out->kind = UPLINK_DEVICE;
    out->decoded.reading.value = v == 0 ? VALUE_LINK_LOST : VALUE_ALIVE;
    out->decoded.reading.type = v == 0 ? TYPE_OFFLINE : TYPE_PARAMETERS;
    out->decoded.type_name = v == 0 ? NULL : "online";
    return DECODE_OK;
}

/* msg itself, or item out->item of it. */
static const struct json_node *message(const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *msg = json_member(doc, doc->nodes, "msg");

    if (msg == NULL || msg->kind != JSON_ARRAY) {
        return out->item == 0 ? msg : NULL;
    }
    return uplink_list_item(doc, msg, out);
}

static enum decode_fault open_onenet(const struct envelope *self, const char *topic,
                                     const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *msg = message(doc, out);
    const struct json_node *type;
    const struct json_node *imei;
    enum decode_fault fault;
    int64_t v;

    (void)self;
    (void)topic;
    out->kind = UPLINK_NOTHING;
    type = msg == NULL ? NULL : json_member(doc, msg, "type");
    if (type == NULL || !json_int(doc, type, &v)) {
        return DECODE_FIELD;
    }
    imei = json_member(doc, msg, "imei");
    fault = uplink_device(
        doc, imei != NULL && imei->len > 0 ? imei : json_member(doc, msg, "dev_id"), out);
    if (fault == DECODE_OK) {
        fault = uplink_time_ms(doc, json_member(doc, msg, "at"), out);
    }
    if (fault != DECODE_OK) {
        return fault;
    }
    if ((out->decoded.reading.has & HAS_NET_TIME) != 0) {
        decoded_extra_number(&out->decoded, "platform_time_ms", out->decoded.reading.net_time_ms,
                             0);
    }
    switch (v) {
    case TYPE_DATA: return read_data(doc, msg, out);
    case TYPE_PRESENCE: return read_presence(doc, msg, out);
    default: return DECODE_OK;
    }
}

const struct envelope envelope_onenet = {
    .name = "onenet",
    .doc = "OneNET (China Mobile) push, NB-IoT",
    .open = open_onenet,
};
