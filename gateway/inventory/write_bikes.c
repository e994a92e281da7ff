/* The canonical text of fences, beacons, listeners, operators and vehicles. */
#include "gateway/inventory/write.h"
#include <string.h>

static void ring_write(struct json_writer *w, const struct draft *d, const struct draft_ring *ring)
{
    json_array(w);
    for (uint32_t i = 0; i <= ring->count; i++) {
        write_position(w, d->corners[ring->corner + (i == ring->count ? 0 : i)]);
    }
    json_array_end(w);
}

/* A Polygon, or a MultiPolygon when there are several outer rings. */
void write_outline(struct json_writer *w, const struct draft *d, const struct draft_outline *f)
{
    const struct draft_ring *rings = d->rings + f->ring;
    uint32_t outer = 0;

    for (uint32_t r = 0; r < f->ring_count; r++) {
        outer += !rings[r].hole;
    }
    json_key(w, "geometry");
    json_object(w);
    json_kv_str(w, "type", outer > 1 ? "MultiPolygon" : "Polygon");
    json_key(w, "coordinates");
    if (outer > 1) {
        json_array(w);
    }
    for (uint32_t r = 0; r < f->ring_count; r++) {
        if (!rings[r].hole) {
            json_array(w);
        }
        ring_write(w, d, &rings[r]);
        if (r + 1 == f->ring_count || !rings[r + 1].hole) {
            json_array_end(w);
        }
    }
    if (outer > 1) {
        json_array_end(w);
    }
    json_object_end(w);
}

static void time_write(struct json_writer *w, const char *key, int64_t at_ms)
{
    if (at_ms != 0) {
        json_kv_time(w, key, at_ms);
    }
}

void write_fence(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_fence *f = &DRAFT_FENCES(d)[row];

    json_object(w);
    json_kv_str(w, "type", "Feature");
    write_id(w, "id", f->key);
    write_outline(w, d, &f->outline);
    json_key(w, "properties");
    json_object(w);
    json_kv_str(w, "type", "fence");
    write_number(w, "capacity", f->capacity);
    write_text(w, d, "name_zh", f->name_zh);
    write_text(w, d, "name_en", f->name_en);
    time_write(w, "valid_from", f->from_ms);
    time_write(w, "valid_until", f->until_ms);
    write_duty(w, d, f->key);
    json_object_end(w);
    json_object_end(w);
}

void write_beacon(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_beacon *b = &DRAFT_BEACONS(d)[row];

    json_object(w);
    json_kv_str(w, "beacon", draft_text(d, b->identity));
    write_id(w, "fence", b->fence);
    json_object_end(w);
}

void write_listener(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_listener *l = &DRAFT_LISTENERS(d)[row];

    json_object(w);
    json_kv_str(w, "listener", draft_text(d, l->id));
    write_id(w, "fence", l->fence);
    json_kv_str(w, "source", draft_text(d, l->source));
    write_number(w, "scan_period_s", l->scan_period_s);
    json_object_end(w);
}

void write_list(struct json_writer *w, const char *key, const char *list)
{
    if (list[0] == '\0') {
        return;
    }
    json_key(w, key);
    json_array(w);
    while (*list != '\0') {
        size_t len = strcspn(list, ";");

        json_strn(w, list, len);
        list += len + (list[len] == ';');
    }
    json_array_end(w);
}

void write_operator(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_operator *o = &DRAFT_OPERATORS(d)[row];

    json_object(w);
    json_kv_str(w, "operator", draft_text(d, o->code));
    write_text(w, d, "name_zh", o->name_zh);
    write_text(w, d, "name_en", o->name_en);
    write_number(w, "quota", o->quota);
    write_list(w, "mac_prefixes", draft_text(d, o->mac_prefixes));
    write_list(w, "uuids", draft_text(d, o->uuids));
    json_object_end(w);
}

void write_vehicle(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_vehicle *v = &DRAFT_VEHICLES(d)[row];

    json_object(w);
    json_kv_str(w, "vehicle", draft_text(d, v->ref));
    write_text(w, d, "mac", v->mac);
    write_text(w, d, "imei", v->imei);
    write_text(w, d, "beacon", v->beacon);
    json_object_end(w);
}
