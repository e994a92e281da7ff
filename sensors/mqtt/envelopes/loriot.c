/* LORIOT: one JSON object per uplink; cmd "rx" (the first gateway's, with rssi) and, for the same
 * frame a little later, "gw" (all gateways, gws[]); the frame counter makes the second a duplicate.
 * Source: thingsboard/data-converters payloads. Payload in hex, encrypted ones (`encdata`) are not
 * read. Other commands (txd, cq, ...) are not uplinks. */
#include "sensors/mqtt/uplink.h"

static enum decode_fault open_loriot(const struct envelope *self, const char *topic,
                                     const struct json_doc *doc, struct uplink *out)
{
    const struct json_node *cmd = json_member(doc, doc->nodes, "cmd");
    enum decode_fault fault;

    (void)self;
    (void)topic;
    out->kind = UPLINK_NOTHING;
    if (doc->nodes[0].kind != JSON_OBJECT || cmd == NULL || cmd->kind != JSON_STRING) {
        return DECODE_FIELD;
    }
    if (!json_is_text(doc, cmd, "rx") && !json_is_text(doc, cmd, "gw")) {
        return DECODE_OK;
    }
    fault = uplink_eui(doc, json_member(doc, doc->nodes, "EUI"), out);
    if (fault == DECODE_OK) {
        fault = uplink_time_ms(doc, json_member(doc, doc->nodes, "ts"), out);
    }
    if (fault == DECODE_OK) {
        fault = uplink_hex(doc, json_member(doc, doc->nodes, "data"), out);
    }
    if (fault == DECODE_OK) {
        fault = uplink_lorawan(doc, json_member(doc, doc->nodes, "fcnt"),
                               json_member(doc, doc->nodes, "port"), out);
    }
    uplink_rssi(doc, json_member(doc, doc->nodes, "rssi"), out);
    uplink_rssi_best(doc, json_member(doc, doc->nodes, "gws"), out);
    return fault;
}

const struct envelope envelope_loriot = {
    .name = "loriot",
    .doc = "LORIOT JSON (rx, gw)",
    .open = open_loriot,
};
