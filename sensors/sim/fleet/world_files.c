/* The simulated bike world as inventory files (docs/DATA_FORMAT.md): what `bowei import` reads. */
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include "sensors/sim/fleet/world_plan.h"
#include "sensors/sim/text_file.h"
#include "sensors/sim/world/city.h"
#include <stdio.h>

#define SCAN_S 10

/* What is written: the plan, and the link that carries the listeners. */
struct world_sheet {
    const struct world_plan *plan;
    const char *source;
};

static const char *kind_zh(enum place_kind kind)
{
    return kind == PLACE_FENCE ? "电子围栏" : kind == PLACE_BIKE_AREA ? "非机动车停放区" : "禁停区";
}

static const char *kind_en(enum place_kind kind)
{
    return kind == PLACE_FENCE       ? "bike fence"
           : kind == PLACE_BIKE_AREA ? "bike area"
                                     : "no-parking zone";
}

static void point_put(struct json_writer *w, struct position_e7 at)
{
    json_array(w);
    json_fixed(w, at.lon, 7);
    json_fixed(w, at.lat, 7);
    json_array_end(w);
}

static void ring_put(struct json_writer *w, const struct world_plan *plan,
                     const struct plan_fence *f)
{
    json_key(w, "geometry");
    json_object(w);
    json_kv_str(w, "type", "Polygon");
    json_key(w, "coordinates");
    json_array(w);
    json_array(w);
    for (uint32_t i = 0; i <= f->corners; i++) {
        point_put(w, plan->ring[f->corner + i % f->corners]);
    }
    json_array_end(w);
    json_array_end(w);
    json_object_end(w);
}

static void properties_put(struct json_writer *w, const struct plan_fence *f)
{
    char text[200];
    char id[SPACE_ID_LEN + 1];

    space_id_format(f->key, id);
    json_key(w, "properties");
    json_object(w);
    json_kv_str(w, "type", "fence");
    json_kv_str(w, "id", id);
    (void)snprintf(text, sizeof text, "%s%u号%s", city_street_zh(f->name), (unsigned)f->number,
                   kind_zh(f->kind));
    json_kv_str(w, "name_zh", text);
    (void)snprintf(text, sizeof text, "%s %s %u", city_street_en(f->name), kind_en(f->kind),
                   (unsigned)f->number);
    json_kv_str(w, "name_en", text);
    if (f->kind != PLACE_NO_PARKING) {
        json_kv_u64(w, "capacity", f->capacity);
    }
    if (f->until_ms != 0) {
        json_kv_time(w, "valid_from", f->from_ms);
        json_kv_time(w, "valid_until", f->until_ms);
    }
    json_object_end(w);
}

static void put_fences(const struct world_sheet *sheet, struct strbuf *b)
{
    struct json_writer w;

    json_writer_init(&w, b);
    json_object(&w);
    json_kv_str(&w, "type", "FeatureCollection");
    json_key(&w, "features");
    json_array(&w);
    for (uint32_t i = 0; i < sheet->plan->fence_count; i++) {
        json_object(&w);
        json_kv_str(&w, "type", "Feature");
        properties_put(&w, &sheet->plan->fences[i]);
        ring_put(&w, sheet->plan, &sheet->plan->fences[i]);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    strbuf_putc(b, '\n');
}

static void put_key(const struct world_plan *plan, uint32_t fence, struct strbuf *b)
{
    char id[SPACE_ID_LEN];

    space_id_write(plan->fences[fence].key, id);
    strbuf_add(b, id, sizeof id);
}

static void put_beacons(const struct world_sheet *sheet, struct strbuf *b)
{
    strbuf_puts(b, "beacon,fence\n");
    for (uint32_t i = 0; i < sheet->plan->stud_count; i++) {
        char id[WORLD_ID_CAP];

        world_stud_id(sheet->plan, i, id);
        strbuf_printf(b, "%s,", id);
        put_key(sheet->plan, sheet->plan->studs[i].fence, b);
        strbuf_putc(b, '\n');
    }
}

static void put_listeners(const struct world_sheet *sheet, struct strbuf *b)
{
    strbuf_puts(b, "listener,fence,source,scan_period_s\n");
    for (uint32_t i = 0; i < sheet->plan->listener_count; i++) {
        char id[WORLD_ID_CAP];

        world_listener_id(sheet->plan, i, id);
        strbuf_printf(b, "%s,", id);
        put_key(sheet->plan, sheet->plan->listeners[i].fence, b);
        strbuf_printf(b, ",%s,%d\n", sheet->source, SCAN_S);
    }
}

static void put_operators(const struct world_sheet *sheet, struct strbuf *b)
{
    const uint32_t count = sheet->plan->params.operators;

    strbuf_puts(b, "operator,name_zh,name_en,quota,mac_prefixes,uuids\n");
    for (uint32_t i = 0; i < count; i++) {
        strbuf_printf(b, "%s,%s,%s,%u,%s,\n", world_operator_code(i), world_operator_name(i, true),
                      world_operator_name(i, false),
                      (unsigned)(sheet->plan->params.bikes / count + 1),
                      world_operator_listed(i) ? "" : world_operator_prefix(i));
    }
}

static void put_vehicles(const struct world_sheet *sheet, struct strbuf *b)
{
    strbuf_puts(b, "vehicle,mac,imei,beacon\n");
    for (uint32_t i = 0; i < sheet->plan->params.bikes; i++) {
        const uint32_t op = world_operator(sheet->plan, i);
        char ref[WORLD_ID_CAP];
        char text[WORLD_ID_CAP];
        char imei[16];

        world_bike_ref(sheet->plan, i, ref);
        if (world_operator_beacons(op)) {
            world_bike_beacon(i, text);
            strbuf_printf(b, "%s,,,%s\n", ref, text);
        } else if (world_operator_listed(op)) {
            world_bike_mac(sheet->plan, i, text);
            world_bike_imei(i, imei);
            strbuf_printf(b, "%s,%s,%s,\n", ref, text, imei);
        }
    }
}

enum err world_plan_write(const struct world_plan *plan, const char *folder, const char *source)
{
    static const struct {
        const char *name;
        void (*put)(const struct world_sheet *sheet, struct strbuf *b);
    } files[] = {
        {"fences.geojson", put_fences   },
        {"beacons.csv",    put_beacons  },
        {"listeners.csv",  put_listeners},
        {"operators.csv",  put_operators},
        {"vehicles.csv",   put_vehicles },
    };
    const struct world_sheet sheet = {plan, source};
    struct strbuf b = {0};
    enum err e = ERR_OK;

    for (size_t i = 0; i < ARRAY_LEN(files) && e == ERR_OK; i++) {
        strbuf_clear(&b);
        files[i].put(&sheet, &b);
        e = text_file_write(folder, files[i].name, &b);
    }
    strbuf_finish(&b);
    return e;
}
