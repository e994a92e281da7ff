/* The canonical text of a draft: GeoJSON, one feature or row a line, sorted, defaults left out. The
 * same draft always gives the same bytes; `bowei export` and the state folder use it. */
#include "gateway/inventory/write.h"
#include "bowei/base/json_write.h"
#include "gateway/inventory/draft.h"
#include "gateway/inventory/read.h"

struct writing {
    const struct draft *draft;
    struct strbuf line; /* one item, rendered before it joins the array */
};

void write_id(struct json_writer *w, const char *key, space_key id)
{
    char text[SPACE_ID_LEN + 1];

    space_id_format(id, text);
    json_kv_str(w, key, text);
}

void write_text(struct json_writer *w, const struct draft *d, const char *key, uint32_t offset)
{
    if (draft_text(d, offset)[0] != '\0') {
        json_kv_str(w, key, draft_text(d, offset));
    }
}

void write_number(struct json_writer *w, const char *key, uint32_t v)
{
    if (v != 0) {
        json_kv_u64(w, key, v);
    }
}

void write_position(struct json_writer *w, struct position_e7 at)
{
    json_array(w);
    json_fixed(w, at.lon, 7);
    json_fixed(w, at.lat, 7);
    json_array_end(w);
}

static void feature_begin(struct json_writer *w, space_key key, struct position_e7 at,
                          const char *type)
{
    json_object(w);
    json_kv_str(w, "type", "Feature");
    write_id(w, "id", key);
    json_key(w, "geometry");
    json_object(w);
    json_kv_str(w, "type", "Point");
    json_key(w, "coordinates");
    write_position(w, at);
    json_object_end(w);
    json_key(w, "properties");
    json_object(w);
    json_kv_str(w, "type", type);
}

static void feature_end(struct json_writer *w)
{
    json_object_end(w);
    json_object_end(w);
}

static void lot_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_lot *lot = &DRAFT_LOTS(d)[row];

    feature_begin(w, lot->key, lot->at, "lot");
    json_kv_str(w, "counting", lot->counting == COUNT_GATES ? "gates" : "spaces");
    write_number(w, "capacity", lot->capacity);
    write_text(w, d, "name_zh", lot->name_zh);
    write_text(w, d, "name_en", lot->name_en);
    write_text(w, d, "address", lot->address);
    write_text(w, d, "hours", lot->hours);
    write_text(w, d, "fee", lot->fee);
    if (lot->height_cm != 0) {
        json_key(w, "height_m");
        json_decimal(w, lot->height_cm, 2);
    }
    if (lot->entrance_count != 0) {
        json_key(w, "entrances");
        json_array(w);
        for (uint32_t i = 0; i < lot->entrance_count; i++) {
            write_position(w, d->entrances[lot->entrances + i]);
        }
        json_array_end(w);
    }
    write_duty(w, d, lot->key);
    feature_end(w);
}

static void space_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_space *space = &DRAFT_SPACES(d)[row];

    feature_begin(w, space->key, space->at, "space");
    if (space->lot != space_key_site(space->key)) {
        write_id(w, "lot", space->lot);
    }
    if (space->attributes != 0) {
        json_key(w, "attributes");
        json_array(w);
        for (unsigned bit = 0; bit < 16; bit++) {
            if ((space->attributes >> bit & 1) != 0) {
                json_str(w, attribute_name(bit));
            }
        }
        json_array_end(w);
    }
    write_duty(w, d, space->key);
    feature_end(w);
}

static void device_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_device *device = &DRAFT_DEVICES(d)[row];

    json_object(w);
    json_kv_str(w, "id", draft_text(d, device->id));
    json_kv_str(w, "source", draft_text(d, device->source));
    write_text(w, d, "model", device->model);
    write_number(w, "heartbeat_s", device->heartbeat_s);
    write_number(w, "stale_limit_s", device->stale_limit_s);
    if (device->inverted) {
        json_kv_bool(w, "invert", true);
    }
    json_object_end(w);
}

static void binding_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_binding *binding = &DRAFT_BINDINGS(d)[row];

    json_object(w);
    json_kv_str(w, "device", draft_text(d, binding->device));
    write_number(w, "channel", binding->channel);
    write_id(w, space_key_number(binding->target) == 0 ? "lot" : "space", binding->target);
    write_number(w, "rank", binding->rank);
    json_object_end(w);
}

static void alias_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_alias *alias = &DRAFT_ALIASES(d)[row];

    json_object(w);
    json_kv_str(w, "scheme", draft_text(d, alias->scheme));
    json_kv_str(w, "value", draft_text(d, alias->value));
    write_id(w, "id", alias->key);
    json_object_end(w);
}

static void retired_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_retired *retired = &DRAFT_RETIRED(d)[row];

    json_object(w);
    write_id(w, "id", retired->key);
    if (retired->replaced_by != 0) {
        write_id(w, "replaced_by", retired->replaced_by);
    }
    json_object_end(w);
}

static const struct {
    const char *member; /* NULL: goes on in the array of the one before */
    void (*write)(struct json_writer *w, const struct draft *d,
                  uint32_t row); /* NULL: stands with the places */
    uint64_t format;             /* that it came with; those of format 1 stand even when empty */
} tables[TABLE_COUNT] = {
    [TABLE_LOT] = {"features",  lot_write,      1},
    [TABLE_SPACE] = {NULL,        space_write,    1},
    [TABLE_FENCE] = {NULL,        write_fence,    2},
    [TABLE_GRID] = {NULL,        write_grid,     3},
    [TABLE_DEVICE] = {"devices",   device_write,   1},
    [TABLE_BINDING] = {"bindings",  binding_write,  1},
    [TABLE_BEACON] = {"beacons",   write_beacon,   2},
    [TABLE_LISTENER] = {"listeners", write_listener, 2},
    [TABLE_OPERATOR] = {"operators", write_operator, 2},
    [TABLE_VEHICLE] = {"vehicles",  write_vehicle,  2},
    [TABLE_UNIT] = {"units",     write_unit,     3},
    [TABLE_WARDEN] = {"wardens",   write_warden,   3},
    [TABLE_DUTY] = {NULL,        NULL,           3},
    [TABLE_ALIAS] = {"aliases",   alias_write,    1},
    [TABLE_RETIRED] = {"retired",   retired_write,  1},
};

#define INVERT_FORMAT 4 /* that devices[].invert came with: nobody may read it as not inverted */

/* An inventory without the later parts is what an older program can read. */
static uint64_t format_of(const struct draft *draft)
{
    const struct draft_device *devices = DRAFT_DEVICES(draft);
    uint64_t format = 1;

    for (uint32_t i = 0; i < draft->tables[TABLE_DEVICE].count; i++) {
        if (devices[i].inverted) {
            return INVERT_FORMAT;
        }
    }
    for (int t = 0; t < TABLE_COUNT; t++) {
        if (draft->tables[t].count > 0 && tables[t].format > format) {
            format = tables[t].format;
        }
    }
    return format;
}

/* Is this row of the table the last one that goes into its array? */
static bool is_array_end(int t)
{
    return t + 1 == TABLE_COUNT || tables[t + 1].member != NULL || tables[t + 1].write == NULL;
}

static void table_write(struct json_writer *w, struct writing *wr, enum draft_table table)
{
    for (uint32_t i = 0; i < wr->draft->tables[table].count; i++) {
        struct json_writer item;

        strbuf_clear(&wr->line);
        strbuf_putc(&wr->line, '\n');
        json_writer_init(&item, &wr->line);
        tables[table].write(&item, wr->draft, i);
        json_raw(w, wr->line.data, wr->line.len);
        w->out->failed = w->out->failed || wr->line.failed;
    }
}

enum err draft_write(const struct draft *draft, uint64_t version, struct strbuf *out)
{
    struct writing wr = {.draft = draft};
    struct json_writer w;
    enum err e;

    json_writer_init(&w, out);
    json_object(&w);
    json_kv_str(&w, "type", "FeatureCollection");
    json_key(&w, "bowei");
    json_object(&w);
    json_kv_u64(&w, "format", format_of(draft));
    json_kv_u64(&w, "version", version);
    json_object_end(&w);
    json_kv_str(&w, "crs", "wgs84");
    for (int t = 0; t < TABLE_COUNT; t++) {
        if (tables[t].write == NULL ||
            (tables[t].format > 1 && tables[t].member != NULL && draft->tables[t].count == 0)) {
            continue;
        }
        if (tables[t].member != NULL) {
            json_key(&w, tables[t].member);
            json_array(&w);
        }
        table_write(&w, &wr, (enum draft_table)t);
        if (is_array_end(t)) {
            strbuf_putc(out, '\n');
            json_array_end(&w);
        }
    }
    json_object_end(&w);
    strbuf_putc(out, '\n');
    e = out->failed ? ERR_NO_MEMORY : ERR_OK;
    strbuf_finish(&wr.line);
    return e;
}
