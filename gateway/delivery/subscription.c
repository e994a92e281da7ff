/* Subscriptions: their filter, and their form in the state folder. */
#include "gateway/delivery/subscription.h"
#include "bowei/base/bytes.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_TEXT 48 /* base64 of a key, and a NUL */

void webhook_id_format(uint64_t id, char out[WEBHOOK_ID_LEN + 1])
{
    (void)snprintf(out, WEBHOOK_ID_LEN + 1, "W%016" PRIx64, id);
}

bool webhook_id_parse(const char *text, uint64_t *id)
{
    uint8_t bytes[8];

    if (strlen(text) != WEBHOOK_ID_LEN || text[0] != 'W' ||
        hex_decode(text + 1, 16, bytes, sizeof bytes) != (int)sizeof bytes) {
        return false;
    }
    *id = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        *id = *id << 8 | bytes[i];
    }
    return true;
}

/* Places of this program begin with the code of their district (GB/T 2260). */
static bool district_passes(const struct webhook_order *order, space_key fence)
{
    char id[SPACE_ID_LEN + 1];

    if (order->district_count == 0 || fence == 0) {
        return true;
    }
    space_id_format(fence, id);
    for (uint32_t i = 0; i < order->district_count; i++) {
        if (memcmp(order->districts[i], id, WEBHOOK_DISTRICT_LEN) == 0) {
            return true;
        }
    }
    return false;
}

bool subscription_wants(const struct subscription *sub, const struct alert_image *alert)
{
    const struct webhook_order *order = &sub->order;

    return (order->kinds == 0 || (order->kinds >> alert->kind & 1) != 0) &&
           alert->severity >= order->severity && district_passes(order, alert->fence);
}

/* "https://host:port/...": chat robots have their secret in path or query. */
static void server_write(struct json_writer *w, const char *url)
{
    const char *host = strstr(url, "://");
    const size_t len = host == NULL ? 0 : (size_t)(host - url) + 3 + strcspn(host + 3, "/?");
    char text[WEBHOOK_URL_MAX + 8];

    (void)snprintf(text, sizeof text, "%.*s/...", (int)len, url);
    json_kv_str(w, "url", text);
}

void subscription_order_write(struct json_writer *w, const struct webhook_order *order, bool whole)
{
    if (whole) {
        json_kv_str(w, "url", order->url);
    } else {
        server_write(w, order->url);
    }
    json_kv_str(w, "name", order->name);
    if (order->template_name[0] != '\0') {
        json_kv_str(w, "template", order->template_name);
    }
    json_key(w, "kinds");
    json_array(w);
    for (unsigned k = 0; k < ALERT_KIND_COUNT; k++) {
        if ((order->kinds >> k & 1) != 0) {
            json_str(w, alert_kind_code((enum alert_kind)k));
        }
    }
    json_array_end(w);
    json_kv_u64(w, "severity", order->severity);
    json_key(w, "districts");
    json_array(w);
    for (uint32_t i = 0; i < order->district_count; i++) {
        json_str(w, order->districts[i]);
    }
    json_array_end(w);
    json_kv_str(w, "crs", crs_name(order->crs));
}

static void key_write(struct json_writer *w, const char *name, const uint8_t key[SIGNATURE_KEY])
{
    char text[KEY_TEXT];

    base64_encode(key, SIGNATURE_KEY, text, sizeof text);
    json_kv_str(w, name, text);
}

void subscription_write(struct json_writer *w, const struct subscription *sub)
{
    char id[WEBHOOK_ID_LEN + 1];

    webhook_id_format(sub->id, id);
    json_object(w);
    json_kv_str(w, "id", id);
    json_kv_str(w, "operator", sub->operator_code);
    subscription_order_write(w, &sub->order, true);
    key_write(w, "key", sub->key);
    if (sub->former_until_ms != 0) {
        key_write(w, "former_key", sub->former_key);
        json_kv_i64(w, "former_until_ms", sub->former_until_ms);
    }
    json_kv_i64(w, "created_ms", sub->created_ms);
    json_kv_i64(w, "from_ms", sub->from.at_ms);
    json_kv_u64(w, "from_number", sub->from.number);
    if (sub->disabled) {
        json_kv_str(w, "disabled", sub->disabled_why);
    }
    json_object_end(w);
}

/* --- reading --- */

static bool text_read(const struct json_doc *doc, const struct json_node *item, const char *name,
                      char *out, size_t cap)
{
    const struct json_node *value = json_member(doc, item, name);

    out[0] = '\0';
    return value == NULL || json_text(doc, value, out, cap) >= 0;
}

static bool number_read(const struct json_doc *doc, const struct json_node *item, const char *name,
                        int64_t *out)
{
    const struct json_node *value = json_member(doc, item, name);

    *out = 0;
    return value == NULL || json_int(doc, value, out);
}

static bool key_read(const struct json_doc *doc, const struct json_node *item, const char *name,
                     uint8_t out[SIGNATURE_KEY])
{
    char text[KEY_TEXT];

    return text_read(doc, item, name, text, sizeof text) &&
           base64_decode(text, strlen(text), out, SIGNATURE_KEY) == SIGNATURE_KEY;
}

static bool kinds_read(const struct json_doc *doc, const struct json_node *item, uint32_t *out)
{
    const struct json_node *list = json_member(doc, item, "kinds");
    const struct json_node *n = list == NULL ? NULL : json_first(doc, list);
    char text[40];

    *out = 0;
    for (uint32_t i = 0; list != NULL && i < list->count; i++, n = json_after(doc, n)) {
        const int len = json_text(doc, n, text, sizeof text);
        enum alert_kind kind;

        if (len < 0 || !alert_kind_find(text, (size_t)len, &kind)) {
            return false;
        }
        *out |= 1u << kind;
    }
    return true;
}

static bool districts_read(const struct json_doc *doc, const struct json_node *item,
                           struct webhook_order *order)
{
    const struct json_node *list = json_member(doc, item, "districts");
    const struct json_node *n = list == NULL ? NULL : json_first(doc, list);

    if (list != NULL && list->count > WEBHOOK_DISTRICTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; list != NULL && i < list->count; i++, n = json_after(doc, n)) {
        if (json_text(doc, n, order->districts[i], sizeof order->districts[i]) !=
            WEBHOOK_DISTRICT_LEN) {
            return false;
        }
        order->district_count++;
    }
    return true;
}

static bool order_read(const struct json_doc *doc, const struct json_node *item,
                       struct webhook_order *order)
{
    char crs[16];
    int64_t severity;

    if (!text_read(doc, item, "url", order->url, sizeof order->url) ||
        !text_read(doc, item, "name", order->name, sizeof order->name) ||
        !text_read(doc, item, "template", order->template_name, sizeof order->template_name) ||
        !text_read(doc, item, "crs", crs, sizeof crs) ||
        !crs_parse(crs, (uint32_t)strlen(crs), &order->crs) ||
        !number_read(doc, item, "severity", &severity) || severity < 0 || severity > 3) {
        return false;
    }
    order->severity = (uint8_t)severity;
    return kinds_read(doc, item, &order->kinds) && districts_read(doc, item, order);
}

bool subscription_read(const struct json_doc *doc, const struct json_node *item,
                       struct subscription *out)
{
    char id[WEBHOOK_ID_LEN + 2];
    int64_t number;

    *out = (struct subscription){.id = 0};
    if (item->kind != JSON_OBJECT || !text_read(doc, item, "id", id, sizeof id) ||
        !webhook_id_parse(id, &out->id) ||
        !text_read(doc, item, "operator", out->operator_code, sizeof out->operator_code) ||
        !order_read(doc, item, &out->order) || !key_read(doc, item, "key", out->key) ||
        !number_read(doc, item, "former_until_ms", &out->former_until_ms) ||
        !number_read(doc, item, "created_ms", &out->created_ms) ||
        !number_read(doc, item, "from_ms", &out->from.at_ms) ||
        !number_read(doc, item, "from_number", &number) || number < 0 ||
        !text_read(doc, item, "disabled", out->disabled_why, sizeof out->disabled_why)) {
        return false;
    }
    out->from.number = (uint64_t)number;
    out->disabled = json_member(doc, item, "disabled") != NULL;
    return out->former_until_ms == 0 || key_read(doc, item, "former_key", out->former_key);
}
