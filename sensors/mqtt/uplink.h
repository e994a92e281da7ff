#ifndef SENSORS_MQTT_UPLINK_H
#define SENSORS_MQTT_UPLINK_H

#include "bowei/envelope.h"

/* What the envelopes read alike: each takes a JSON value (NULL = absent) and sets a field of an
 * uplink. All pure. */

#define UPLINK_EUI_LEN 16

/** 16 hex digits of either case, or 8 bytes in base64 (12 characters: ChirpStack v3's protobuf
 * JSON)
 * -> device id, lower case. */
enum decode_fault uplink_eui(const struct json_doc *doc, const struct json_node *n,
                             struct uplink *out);
/** Lower-cases 16 hex digits; false when they are none. */
bool uplink_eui_text(const char *text, char out[UPLINK_EUI_LEN]);
/** A platform's own id: a string, or a whole number. */
enum decode_fault uplink_device(const struct json_doc *doc, const struct json_node *n,
                                struct uplink *out);
/** RFC 3339 -> network time; absent or null sets nothing. */
enum decode_fault uplink_time(const struct json_doc *doc, const struct json_node *n,
                              struct uplink *out);
/** Epoch milliseconds -> network time; absent or null sets nothing. */
enum decode_fault uplink_time_ms(const struct json_doc *doc, const struct json_node *n,
                                 struct uplink *out);
/** A whole number up to max; absent or null = 0, as network servers leave zeros out. */
enum decode_fault uplink_count(const struct json_doc *doc, const struct json_node *n, int64_t max,
                               int64_t *out);
/** Takes an RSSI when it is stronger than the one already there; odd values are passed over. */
void uplink_rssi(const struct json_doc *doc, const struct json_node *n, struct uplink *out);
/** The strongest `rssi` of a list, one entry per radio gateway. */
void uplink_rssi_best(const struct json_doc *doc, const struct json_node *list, struct uplink *out);
/** Counter, port and payload of a LoRaWAN uplink; port 0 or no payload = MAC only, UPLINK_NOTHING.
 */
enum decode_fault uplink_lorawan(const struct json_doc *doc, const struct json_node *counter,
                                 const struct json_node *port, struct uplink *out);
enum decode_fault uplink_base64(const struct json_doc *doc, const struct json_node *n,
                                struct uplink *out);
enum decode_fault uplink_hex(const struct json_doc *doc, const struct json_node *n,
                             struct uplink *out);
/** 12 hex digits with or without ':' or '-' -> lower case; false when they are none. */
bool uplink_mac(const char *text, size_t len, char out[13]);
/** Member of a member, NULL when one is absent. */
const struct json_node *uplink_path(const struct json_doc *doc, const struct json_node *object,
                                    const char *first, const char *second);
/** Item out->item of a list, found from the one opened before, so that a long list costs no more a
 * message than its length; sets out->more. NULL: there is none. */
const struct json_node *uplink_list_item(const struct json_doc *doc, const struct json_node *list,
                                         struct uplink *out);
/** The root itself (item 0), or item out->item of a root array; sets out->more. NULL: there is
 * none. */
const struct json_node *uplink_item(const struct json_doc *doc, struct uplink *out);

#endif
