/* One place, the city's totals, and the way from a foreign number to an ID. */
#include "api/handlers/places.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Strong tag out of the body itself (SipHash with a fixed key: a checksum, no secret). */
static void body_etag(const struct body *body, char out[ETAG_MAX])
{
    static const unsigned char key[crypto_shorthash_KEYBYTES] = "bowei entity tag";
    unsigned char hash[crypto_shorthash_BYTES];
    char hex[2 * sizeof hash + 1];

    crypto_shorthash(hash, (const unsigned char *)body->data, body->len, key);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)snprintf(out, ETAG_MAX, "\"%s\"", hex);
}

void space_answer(struct request *rq, uint32_t slot)
{
    struct scene scene;
    struct space_view view;
    char etag[ETAG_MAX];
    struct body *body = body_take(&rq->api->bodies, SPACE_JSON_MAX);

    if (body == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    place_scene(rq, &scene);
    view_space(rq->api->p.view, rq->inv, slot, &rq->now, &view);
    body->len = (size_t)(scene_space(&scene, body->data, slot, &view, -1) - body->data);
    body_etag(body, etag);
    if (respond_not_modified(rq, etag)) {
        body_give(body);
        return;
    }
    respond_body(rq, 200, scene.geo ? type_geo : type_json, body);
    respond_header(rq, "ETag", etag);
}

void space_get(struct request *rq)
{
    uint32_t slot = place_find(rq, false);

    if (slot != NO_SLOT) {
        space_answer(rq, slot);
    }
}

void lot_answer(struct request *rq, uint32_t lot)
{
    struct scene scene;
    struct strbuf out = {0};
    struct json_writer w;
    struct lot_view view;

    place_scene(rq, &scene);
    view_lot(rq->api->p.view, lot, &rq->now, &view);
    json_writer_init(&w, &out);
    scene_lot(&scene, &w, lot, &view, -1);
    respond_text(rq, 200, scene.geo ? type_geo : type_json, &out);
}

void lot_get(struct request *rq)
{
    uint32_t lot = place_find(rq, true);
    struct answer_version version;
    char etag[ETAG_MAX];

    if (lot == NO_SLOT) {
        return;
    }
    version = (struct answer_version){rq->inv->version, view_lot_version(rq->api->p.view, lot), lot,
                                      rq->now.lagging};
    answer_etag(&version, change_ring_epoch(rq->api->p.changes), rq->accept, etag);
    if (respond_not_modified(rq, etag)) {
        return;
    }
    lot_answer(rq, lot);
    respond_header(rq, "ETag", etag);
    if (rq->heads.authorizations == 0) {
        answer_keep(&rq->api->cache, rq, &version, etag);
    }
}

static void degraded_write(struct json_writer *w, const struct status *status, bool lagging)
{
    json_key(w, "degraded");
    json_array(w);
    for (unsigned d = 0; d < DEGRADED_COUNT; d++) {
        if (status_is(status, (enum degraded)d) || (lagging && d == DEGRADED_CORE_LAG)) {
            json_str(w, degraded_code((enum degraded)d));
        }
    }
    json_array_end(w);
}

void city_get(struct request *rq)
{
    const struct api *api = rq->api;
    struct strbuf out = {0};
    struct json_writer w;
    struct city_view city;

    view_city(api->p.view, &rq->now, &city);
    json_writer_init(&w, &out);
    json_object(&w);
    json_key(&w, "adcodes");
    json_array(&w);
    for (uint32_t i = 0; i < rq->inv->district_count; i++) {
        char text[8];

        (void)snprintf(text, sizeof text, "%06u",
                       (unsigned)(rq->inv->districts[i].adcode % 1000000));
        json_str(&w, text);
    }
    json_array_end(&w);
    json_kv_u64(&w, "capacity", city.capacity);
    json_kv_u64(&w, "free", city.free);
    json_kv_u64(&w, "occupied", city.occupied);
    json_kv_u64(&w, "unknown", city.unknown);
    json_kv_u64(&w, "out_of_service", city.out_of_service);
    json_kv_u64(&w, "single_spaces", city.single_spaces);
    json_kv_u64(&w, "lots", city.lots);
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    degraded_write(&w, api->p.status, rq->now.lagging);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static void place_write(struct request *rq, space_key key, bool lot)
{
    struct strbuf out = {0};
    struct json_writer w;
    char id[SPACE_ID_LEN + 1];
    char display[SPACE_ID_DISPLAY_LEN + 1];
    char href[48];

    space_id_format(key, id);
    space_id_display(key, display);
    (void)snprintf(href, sizeof href, "/v1/%s/%s", lot ? "lots" : "spaces", id);
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "id", id);
    json_kv_str(&w, "display", display);
    json_kv_str(&w, "type", lot ? "lot" : "space");
    json_kv_str(&w, "href", href);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

void resolve_get(struct request *rq)
{
    space_key key = inventory_resolve(rq->inv, rq->query.scheme, rq->query.value);
    space_key replaced_by = 0;
    bool lot = key != 0 && inventory_lot(rq->inv, key) != NO_SLOT;
    bool space = key != 0 && !lot && inventory_space(rq->inv, key) != NO_SLOT;

    if (key != 0 && inventory_tombstone(rq->inv, key, &replaced_by)) {
        place_gone(rq, replaced_by);
    } else if (lot || space) {
        place_write(rq, key, lot);
    } else {
        respond_problem(rq, ERR_NOT_FOUND, "no place has that number in that scheme");
    }
}
