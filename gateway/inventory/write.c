/* The canonical text of a draft: GeoJSON, one feature or row a line, sorted, defaults left out. The
 * same draft always gives the same bytes; `bowei export` and the state folder use it. */
#include "bowei/base/json_write.h"
#include "gateway/inventory/draft.h"
#include "gateway/inventory/read.h"

struct writing {
    const struct draft *draft;
    struct strbuf line; /* one item, rendered before it joins the array */
};

static void kv_id(struct json_writer *w, const char *key, space_key id)
{
    char text[SPACE_ID_LEN + 1];

    space_id_format(id, text);
    json_kv_str(w, key, text);
}

static void kv_text(struct json_writer *w, const struct draft *d, const char *key, uint32_t offset)
{
    if (draft_text(d, offset)[0] != '\0') {
        json_kv_str(w, key, draft_text(d, offset));
    }
}

static void kv_number(struct json_writer *w, const char *key, uint32_t v)
{
    if (v != 0) {
        json_kv_u64(w, key, v);
    }
}

static void position_write(struct json_writer *w, struct position_e7 at)
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
    kv_id(w, "id", key);
    json_key(w, "geometry");
    json_object(w);
    json_kv_str(w, "type", "Point");
    json_key(w, "coordinates");
    position_write(w, at);
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
    kv_number(w, "capacity", lot->capacity);
    kv_text(w, d, "name_zh", lot->name_zh);
    kv_text(w, d, "name_en", lot->name_en);
    kv_text(w, d, "address", lot->address);
    kv_text(w, d, "hours", lot->hours);
    kv_text(w, d, "fee", lot->fee);
    if (lot->height_cm != 0) {
        json_key(w, "height_m");
        json_decimal(w, lot->height_cm, 2);
    }
    if (lot->entrance_count != 0) {
        json_key(w, "entrances");
        json_array(w);
        for (uint32_t i = 0; i < lot->entrance_count; i++) {
            position_write(w, d->entrances[lot->entrances + i]);
        }
        json_array_end(w);
    }
    feature_end(w);
}

static void space_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_space *space = &DRAFT_SPACES(d)[row];

    feature_begin(w, space->key, space->at, "space");
    if (space->lot != space_key_site(space->key)) {
        kv_id(w, "lot", space->lot);
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
    feature_end(w);
}

static void device_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_device *device = &DRAFT_DEVICES(d)[row];

    json_object(w);
    json_kv_str(w, "id", draft_text(d, device->id));
    json_kv_str(w, "source", draft_text(d, device->source));
    kv_text(w, d, "model", device->model);
    kv_number(w, "heartbeat_s", device->heartbeat_s);
    kv_number(w, "stale_limit_s", device->stale_limit_s);
    json_object_end(w);
}

static void binding_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_binding *binding = &DRAFT_BINDINGS(d)[row];

    json_object(w);
    json_kv_str(w, "device", draft_text(d, binding->device));
    kv_number(w, "channel", binding->channel);
    kv_id(w, space_key_number(binding->target) == 0 ? "lot" : "space", binding->target);
    kv_number(w, "rank", binding->rank);
    json_object_end(w);
}

static void alias_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_alias *alias = &DRAFT_ALIASES(d)[row];

    json_object(w);
    json_kv_str(w, "scheme", draft_text(d, alias->scheme));
    json_kv_str(w, "value", draft_text(d, alias->value));
    kv_id(w, "id", alias->key);
    json_object_end(w);
}

static void retired_write(struct json_writer *w, const struct draft *d, uint32_t row)
{
    const struct draft_retired *retired = &DRAFT_RETIRED(d)[row];

    json_object(w);
    kv_id(w, "id", retired->key);
    if (retired->replaced_by != 0) {
        kv_id(w, "replaced_by", retired->replaced_by);
    }
    json_object_end(w);
}

static const struct {
    const char *member; /* NULL: goes on in the array of the one before */
    void (*write)(struct json_writer *w, const struct draft *d, uint32_t row);
} tables[TABLE_COUNT] = {
    [TABLE_LOT] = {"features", lot_write    },
      [TABLE_SPACE] = {NULL,       space_write  },
    [TABLE_DEVICE] = {"devices",  device_write },
      [TABLE_BINDING] = {"bindings", binding_write},
    [TABLE_ALIAS] = {"aliases",  alias_write  },
      [TABLE_RETIRED] = {"retired",  retired_write},
};

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
    json_kv_u64(&w, "format", INVENTORY_FORMAT);
    json_kv_u64(&w, "version", version);
    json_object_end(&w);
    json_kv_str(&w, "crs", "wgs84");
    for (int t = 0; t < TABLE_COUNT; t++) {
        if (tables[t].member != NULL) {
            json_key(&w, tables[t].member);
            json_array(&w);
        }
        table_write(&w, &wr, (enum draft_table)t);
        if (t + 1 == TABLE_COUNT || tables[t + 1].member != NULL) {
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
