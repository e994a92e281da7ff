/* The Things Stack v3: v3/{application}@{tenant}/devices/{device id}/{event} (no @tenant in the
 * open source edition), and the same bodies from its webhooks. Source:
 * TheThingsIndustries/lorawan-stack-docs doc/content/integrations/data-formats/_index.md. Zero,
 * false and empty fields are omitted (f_cnt 0, f_port 0). rx_metadata has one entry per radio
 * gateway. `simulated: true` is somebody's test in the console: shown, never taken. */
#include "sensors/mqtt/uplink.h"
#include <string.h>

#define DEVICES "/devices/"

/* The topic's device must be the body's, as a broker's access rules speak of topics. */
static bool topic_agrees(const char *topic, const struct json_doc *doc,
                         const struct json_node *device_id)
{
    const char *device = strstr(topic, DEVICES);
    size_t len;

    if (topic[0] == '\0') {
        return true;
    }
    if (device == NULL) {
        return false;
    }
    device += sizeof DEVICES - 1;
    len = strcspn(device, "/");
    return len > 0 && device[len] == '/' && device_id != NULL && device_id->kind == JSON_STRING &&
           !device_id->escaped && device_id->len == len &&
           memcmp(json_raw_text(doc, device_id), device, len) == 0;
}

static enum decode_fault read_up(const struct json_doc *doc, const struct json_node *up,
                                 struct uplink *out)
{
    const struct json_node *time = json_member(doc, up, "received_at");
    enum decode_fault fault;

    if (up->kind != JSON_OBJECT) {
        return DECODE_FIELD;
    }
    fault =
        uplink_time(doc, time != NULL ? time : json_member(doc, doc->nodes, "received_at"), out);
    if (fault == DECODE_OK) {
        fault = uplink_base64(doc, json_member(doc, up, "frm_payload"), out);
    }
    if (fault == DECODE_OK) {
        fault =
            uplink_lorawan(doc, json_member(doc, up, "f_cnt"), json_member(doc, up, "f_port"), out);
    }
    if (fault == DECODE_OK) {
        uplink_rssi_best(doc, json_member(doc, up, "rx_metadata"), out);
    }
    return fault;
}

static bool simulated(const struct json_doc *doc, const struct json_node *up)
{
    const struct json_node *outer = json_member(doc, doc->nodes, "simulated");
    const struct json_node *inner = up == NULL ? NULL : json_member(doc, up, "simulated");

    return (outer != NULL && outer->kind == JSON_TRUE) ||
           (inner != NULL && inner->kind == JSON_TRUE);
}

static enum decode_fault open_tts(const struct envelope *self, const char *topic,
                                  const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *ids = json_member(doc, doc->nodes, "end_device_ids");
    const struct json_node *id = ids == NULL ? NULL : json_member(doc, ids, "device_id");
    const struct json_node *eui = ids == NULL ? NULL : json_member(doc, ids, "dev_eui");
    const struct json_node *up = json_member(doc, doc->nodes, "uplink_message");
    enum decode_fault fault;

    (void)self;
    out->kind = UPLINK_NOTHING;
    if (doc->nodes[0].kind != JSON_OBJECT || ids == NULL) {
        return DECODE_FIELD;
    }
    if (!topic_agrees(topic, doc, id)) {
        return DECODE_TOPIC;
    }
    fault = eui != NULL ? uplink_eui(doc, eui, out) : uplink_device(doc, id, out);
    if (fault != DECODE_OK) {
        return fault;
    }
    if (up != NULL) {
        fault = read_up(doc, up, out);
    } else if (json_member(doc, doc->nodes, "join_accept") != NULL) {
        fault = uplink_time(doc, json_member(doc, doc->nodes, "received_at"), out);
        out->kind = UPLINK_DEVICE;
        out->decoded.reading.value = VALUE_JOIN;
        out->decoded.reading.type = TYPE_JOIN;
    }
    if (fault == DECODE_OK && simulated(doc, up)) {
        out->kind = UPLINK_NOTHING;
        out->decoded.type_name = "simulated";
    }
    return fault;
}

const struct envelope envelope_tts = {
    .name = "tts",
    .doc = "The Things Stack v3 (uplink, join), MQTT or webhook",
    .open = open_tts,
};
