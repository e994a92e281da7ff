/* The fields that network servers and platforms have in common, read the same way for all: EUIs,
 * times, counters, signal strength, payloads. Called by the envelopes, per message. */
#include "sensors/mqtt/uplink.h"
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include <stdio.h>
#include <string.h>

#define EUI_BYTES      8
#define EUI_BASE64_LEN 12
#define RSSI_MIN_DBM   (-200)
#define RSSI_MAX_DBM   20
#define MAC_DIGITS     12

static bool absent(const struct json_node *n)
{
    return n == NULL || n->kind == JSON_NULL;
}

bool uplink_eui_text(const char *text, char out[UPLINK_EUI_LEN])
{
    for (size_t i = 0; i < UPLINK_EUI_LEN; i++) {
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

enum decode_fault uplink_eui(const struct json_doc *doc, const struct json_node *n,
                             struct uplink *out)
{
    struct reading *r = &out->decoded.reading;
    uint8_t bytes[EUI_BYTES];
    char text[UPLINK_EUI_LEN + 1];

    if (n == NULL || n->kind != JSON_STRING || n->escaped) {
        return DECODE_FIELD;
    }
    if (n->len == UPLINK_EUI_LEN) {
        if (!uplink_eui_text(json_raw_text(doc, n), r->device)) {
            return DECODE_FIELD;
        }
        r->device_len = UPLINK_EUI_LEN;
        return DECODE_OK;
    }
    if (n->len != EUI_BASE64_LEN ||
        base64_decode(json_raw_text(doc, n), n->len, bytes, sizeof bytes) != EUI_BYTES) {
        return DECODE_FIELD;
    }
    for (size_t i = 0; i < EUI_BYTES; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    memcpy(r->device, text, UPLINK_EUI_LEN);
    r->device_len = UPLINK_EUI_LEN;
    return DECODE_OK;
}

enum decode_fault uplink_device(const struct json_doc *doc, const struct json_node *n,
                                struct uplink *out)
{
    int64_t number;

    if (n == NULL || (n->kind == JSON_NUMBER && !json_int(doc, n, &number)) ||
        (n->kind != JSON_NUMBER && (n->kind != JSON_STRING || n->escaped))) {
        return DECODE_FIELD;
    }
    return decoded_device(&out->decoded, json_raw_text(doc, n), n->len) ? DECODE_OK : DECODE_FIELD;
}

enum decode_fault uplink_time(const struct json_doc *doc, const struct json_node *n,
                              struct uplink *out)
{
    if (absent(n)) {
        return DECODE_OK;
    }
    if (n->kind != JSON_STRING || n->escaped ||
        rfc3339_parse(json_raw_text(doc, n), n->len, &out->decoded.reading.net_time_ms) != 0) {
        return DECODE_FIELD;
    }
    out->decoded.reading.has |= HAS_NET_TIME;
    return DECODE_OK;
}

enum decode_fault uplink_time_ms(const struct json_doc *doc, const struct json_node *n,
                                 struct uplink *out)
{
    static const int64_t low = INT64_C(1262304000000);  /* 2010: these platforms are younger */
    static const int64_t high = INT64_C(4102444800000); /* 2100 */
    int64_t ms;

    if (absent(n)) {
        return DECODE_OK;
    }
    if (n->kind != JSON_NUMBER) {
        return DECODE_FIELD;
    }
    if (!json_int(doc, n, &ms) || ms < low || ms > high) {
        return DECODE_RANGE;
    }
    out->decoded.reading.net_time_ms = ms;
    out->decoded.reading.has |= HAS_NET_TIME;
    return DECODE_OK;
}

enum decode_fault uplink_count(const struct json_doc *doc, const struct json_node *n, int64_t max,
                               int64_t *out)
{
    *out = 0;
    if (absent(n)) {
        return DECODE_OK;
    }
    if (n->kind != JSON_NUMBER) {
        return DECODE_FIELD;
    }
    return json_int(doc, n, out) && *out >= 0 && *out <= max ? DECODE_OK : DECODE_RANGE;
}

void uplink_rssi(const struct json_doc *doc, const struct json_node *n, struct uplink *out)
{
    struct reading *r = &out->decoded.reading;
    int64_t dbm;

    if (n != NULL && n->kind == JSON_NUMBER && json_scaled(doc, n, 0, &dbm) &&
        dbm >= RSSI_MIN_DBM && dbm <= RSSI_MAX_DBM &&
        ((r->has & HAS_RSSI) == 0 || dbm > r->rssi_dbm)) {
        r->rssi_dbm = (int16_t)dbm;
        r->has |= HAS_RSSI;
    }
}

void uplink_rssi_best(const struct json_doc *doc, const struct json_node *list, struct uplink *out)
{
    const struct json_node *item;

    if (list == NULL || list->kind != JSON_ARRAY) {
        return;
    }
    item = json_first(doc, list);
    for (uint32_t i = 0; i < list->count && item != NULL; i++) {
        uplink_rssi(doc, json_member(doc, item, "rssi"), out);
        item = i + 1 < list->count ? json_after(doc, item) : NULL;
    }
}

static enum decode_fault payload_taken(int len, struct uplink *out)
{
    if (len < 0) {
        return DECODE_FIELD;
    }
    out->len = (uint16_t)len;
    out->kind = len > 0 ? UPLINK_FRAME : UPLINK_NOTHING;
    return DECODE_OK;
}

enum decode_fault uplink_base64(const struct json_doc *doc, const struct json_node *n,
                                struct uplink *out)
{
    if (absent(n)) {
        return DECODE_OK;
    }
    if (n->kind != JSON_STRING || n->escaped) {
        return DECODE_FIELD;
    }
    return payload_taken(
        base64_decode(json_raw_text(doc, n), n->len, out->bytes, UPLINK_LORAWAN_MAX), out);
}

enum decode_fault uplink_hex(const struct json_doc *doc, const struct json_node *n,
                             struct uplink *out)
{
    if (absent(n)) {
        return DECODE_OK;
    }
    if (n->kind != JSON_STRING || n->escaped) {
        return DECODE_FIELD;
    }
    return payload_taken(hex_decode(json_raw_text(doc, n), n->len, out->bytes, UPLINK_LORAWAN_MAX),
                         out);
}

enum decode_fault uplink_lorawan(const struct json_doc *doc, const struct json_node *counter,
                                 const struct json_node *port, struct uplink *out)
{
    struct reading *r = &out->decoded.reading;
    int64_t fcnt;
    int64_t fport;
    enum decode_fault fault = uplink_count(doc, counter, UINT32_MAX, &fcnt);

    if (fault == DECODE_OK) {
        fault = uplink_count(doc, port, UINT8_MAX, &fport);
    }
    if (fault != DECODE_OK) {
        return fault;
    }
    if (fport == 0 || out->kind != UPLINK_FRAME) {
        out->kind = UPLINK_NOTHING;
        out->decoded.type_name = "mac_only";
        return DECODE_OK;
    }
    out->fport = (uint8_t)fport;
    r->counter = (uint32_t)fcnt;
    r->has |= HAS_COUNTER;
    return DECODE_OK;
}

bool uplink_mac(const char *text, size_t len, char out[13])
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c >= 'A' && c <= 'F') {
            c = (char)(c - 'A' + 'a');
        }
        if ((c == ':' || c == '-') && n > 0 && n % 2 == 0) {
            continue;
        }
        if (n == MAC_DIGITS || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return n == MAC_DIGITS;
}

const struct json_node *uplink_path(const struct json_doc *doc, const struct json_node *object,
                                    const char *first, const char *second)
{
    const struct json_node *inner = json_member(doc, object, first);

    return inner == NULL ? NULL : json_member(doc, inner, second);
}

const struct json_node *uplink_list_item(const struct json_doc *doc, const struct json_node *list,
                                         struct uplink *out)
{
    bool follows = out->at != 0 && out->at_item < out->item; /* node 0 is the root, no item */
    const struct json_node *item = follows ? &doc->nodes[out->at] : json_first(doc, list);

    if (list->kind != JSON_ARRAY || out->item >= list->count) {
        return NULL;
    }
    for (uint32_t i = follows ? out->at_item : 0; i < out->item; i++) {
        item = json_after(doc, item);
    }
    out->at = (uint32_t)(item - doc->nodes);
    out->at_item = out->item;
    out->more = out->item + 1 < list->count;
    return item;
}

const struct json_node *uplink_item(const struct json_doc *doc, struct uplink *out)
{
    if (doc->nodes[0].kind != JSON_ARRAY) {
        return out->item == 0 ? doc->nodes : NULL;
    }
    return uplink_list_item(doc, doc->nodes, out);
}
