/* The spaces of `bowei plan`: the same inventory is looked at with the configuration in force and
 * with the new one; what differs for a sensor is an effect on its place. */
#include "bowei/field.h"
#include "gateway/cli/plan.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const effect_codes[PLAN_EFFECT_COUNT] = {
    [PLAN_SENSOR_LOST] = "sensor_lost",
    [PLAN_SENSOR_GAINED] = "sensor_gained",
    [PLAN_LIMIT] = "limit",
    [PLAN_PERIOD] = "period",
    [PLAN_MEANING] = "meaning",
    [PLAN_WIRE] = "wire",
};

/* One sensor as a configuration sees it. */
struct view_of {
    const struct config *config;
    const struct line_config *line;
    const struct unit_config *unit;
    const struct register_map *map;
    bool heard; /* by a unit's channel or a link */
};

static struct view_of look(const struct config *config, const struct inventory *inv,
                           const struct inv_sensor *sensor)
{
    const struct inv_device *device = &inv->devices[sensor->device];
    const char *source = inv->sources[device->source];
    struct view_of v = {.config = config, .line = config_line(config, source)};

    if (v.line == NULL) {
        v.heard = config_link(config, source) != NULL || config_push(config, source) != NULL;
        return v;
    }
    v.unit = config_unit(config, source, inventory_text(inv, device->id));
    v.map = v.unit == NULL ? NULL : config_map(config, v.unit->map);
    v.heard = v.map != NULL && sensor->channel >= v.map->first_channel &&
              sensor->channel < v.map->first_channel + v.map->channels;
    return v;
}

static bool text_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool wire_same(const struct view_of *a, const struct view_of *b)
{
    if (a->line == NULL || b->line == NULL) {
        return a->line == b->line;
    }
    return text_same(a->line->host, b->line->host) && text_same(a->line->device, b->line->device) &&
           (a->line->host == NULL || a->line->port == b->line->port) &&
           a->unit->unit == b->unit->unit;
}

static bool meaning_same(const struct view_of *a, const struct view_of *b)
{
    if (a->map == NULL || b->map == NULL) {
        return a->map == b->map;
    }
    return strcmp(a->unit->map, b->unit->map) == 0 &&
           config_map_same(a->config, b->config, a->unit->map);
}

static enum err add(struct plan_spaces *s, const struct plan_space_effect *effect)
{
    if (s->count == s->cap) {
        const uint32_t cap = s->cap == 0 ? 256 : s->cap * 2;
        struct plan_space_effect *more = realloc(s->effects, cap * sizeof *more);

        if (more == NULL) {
            return ERR_NO_MEMORY;
        }
        s->effects = more;
        s->cap = cap;
    }
    s->effects[s->count++] = *effect;
    return ERR_OK;
}

static space_key key_of(const struct inventory *inv, const struct inv_sensor *sensor)
{
    return sensor->gate ? inv->lots[sensor->target].key : inv->spaces[sensor->target].key;
}

/* The two looks at one sensor, side by side. */
struct both {
    const struct inventory *inv, *next;
    const struct config *before, *after;
};

static enum err judge(const struct both *both, uint32_t i, struct plan_spaces *out, bool *heard)
{
    const struct inv_sensor *sensor = &both->inv->sensors[i];
    const struct view_of a = look(both->before, both->inv, sensor);
    const struct view_of b = look(both->after, both->inv, sensor);
    const struct plan_space_effect base = {
        .key = key_of(both->inv, sensor),
        .sensor = i,
        .before = both->inv->timings[both->inv->devices[sensor->device].timing],
        .after = both->next->timings[both->next->devices[sensor->device].timing]};
    const bool stays = a.heard && b.heard;
    const bool found[PLAN_EFFECT_COUNT] = {
        [PLAN_SENSOR_LOST] = a.heard && !b.heard,
        [PLAN_SENSOR_GAINED] = !a.heard && b.heard,
        [PLAN_LIMIT] = stays && base.before.limit_ms != base.after.limit_ms,
        [PLAN_PERIOD] = stays && base.before.period_ms != base.after.period_ms,
        [PLAN_MEANING] = stays && !meaning_same(&a, &b),
        [PLAN_WIRE] = stays && !wire_same(&a, &b)};
    enum err e = ERR_OK;

    for (unsigned k = 0; k < PLAN_EFFECT_COUNT && e == ERR_OK; k++) {
        struct plan_space_effect effect = base;

        effect.effect = (uint8_t)k;
        e = found[k] ? add(out, &effect) : ERR_OK;
    }
    *heard = b.heard;
    return e;
}

static int by_place(const void *left, const void *right)
{
    const struct plan_space_effect *a = left;
    const struct plan_space_effect *b = right;

    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    if (a->sensor != b->sensor) {
        return a->sensor < b->sensor ? -1 : 1;
    }
    return (int)a->effect - (int)b->effect;
}

/* Sensors stand grouped by their place. */
static enum err judge_all(const struct both *both, struct plan_spaces *out)
{
    uint32_t i = 0;

    while (i < both->inv->sensor_count) {
        const space_key key = key_of(both->inv, &both->inv->sensors[i]);
        const uint32_t first = out->count;
        bool any = false;
        bool lost = false;

        for (; i < both->inv->sensor_count && key_of(both->inv, &both->inv->sensors[i]) == key;
             i++) {
            bool heard = false;
            const enum err e = judge(both, i, out, &heard);

            if (e != ERR_OK) {
                return e;
            }
            any |= heard;
        }
        for (uint32_t k = first; k < out->count; k++) {
            lost |= out->effects[k].effect == PLAN_SENSOR_LOST;
        }
        out->spaces += out->count > first;
        out->left_silent += lost && !any;
    }
    if (out->count > 0) {
        qsort(out->effects, out->count, sizeof *out->effects, by_place);
    }
    return ERR_OK;
}

enum err plan_spaces_make(const struct draft *draft, uint64_t version, const struct config *before,
                          const struct config *after, struct plan_spaces *out)
{
    const struct timing_source timing_before = field_timing(before);
    const struct timing_source timing_after = field_timing(after);
    struct inventory *inv = NULL;
    struct inventory *next = NULL;
    enum err e = inventory_build(draft, version, NULL, &timing_before, &inv);

    if (e != ERR_OK) {
        return e;
    }
    out->inventory = inv;
    e = inventory_build(draft, version, NULL, &timing_after, &next);
    if (e == ERR_OK) {
        const struct both both = {inv, next, before, after};

        e = judge_all(&both, out);
        inventory_destroy(next);
    }
    return e;
}

void plan_spaces_finish(struct plan_spaces *spaces)
{
    free(spaces->effects);
    inventory_destroy(spaces->inventory);
    *spaces = (struct plan_spaces){.inventory = NULL};
}

static void json_effect(const struct plan_spaces *s, const struct plan_space_effect *e,
                        struct json_writer *w)
{
    const struct inv_sensor *sensor = &s->inventory->sensors[e->sensor];

    json_object(w);
    json_kv_str(w, "effect", effect_codes[e->effect]);
    json_kv_str(w, "device",
                inventory_text(s->inventory, s->inventory->devices[sensor->device].id));
    json_kv_u64(w, "channel", sensor->channel);
    if (e->effect == PLAN_LIMIT || e->effect == PLAN_PERIOD) {
        const bool limit = e->effect == PLAN_LIMIT;

        json_kv_u64(w, "from_ms", limit ? e->before.limit_ms : e->before.period_ms);
        json_kv_u64(w, "to_ms", limit ? e->after.limit_ms : e->after.period_ms);
    }
    json_object_end(w);
}

void plan_spaces_json(const struct plan_spaces *spaces, struct json_writer *w)
{
    char id[SPACE_ID_LEN + 1];

    json_array(w);
    for (uint32_t i = 0; i < spaces->count;) {
        const space_key key = spaces->effects[i].key;

        space_id_format(key, id);
        json_object(w);
        json_kv_str(w, "id", id);
        json_key(w, "effects");
        json_array(w);
        for (; i < spaces->count && spaces->effects[i].key == key; i++) {
            json_effect(spaces, &spaces->effects[i], w);
        }
        json_array_end(w);
        json_object_end(w);
    }
    json_array_end(w);
}

static void text_effect(const struct plan_spaces *s, const struct plan_space_effect *e,
                        struct strbuf *out)
{
    const struct inv_sensor *sensor = &s->inventory->sensors[e->sensor];
    char id[SPACE_ID_LEN + 1];

    space_id_format(e->key, id);
    strbuf_printf(out, "  %s  %s channel %u: ", id,
                  inventory_text(s->inventory, s->inventory->devices[sensor->device].id),
                  sensor->channel);
    switch ((enum plan_effect)e->effect) {
    case PLAN_SENSOR_LOST: strbuf_puts(out, "loses this sensor"); break;
    case PLAN_SENSOR_GAINED: strbuf_puts(out, "gets this sensor"); break;
    case PLAN_LIMIT:
        strbuf_printf(out, "unknown after %u ms, was %u ms", e->after.limit_ms, e->before.limit_ms);
        break;
    case PLAN_PERIOD:
        strbuf_printf(out, "read every %u ms, was %u ms", e->after.period_ms, e->before.period_ms);
        break;
    case PLAN_MEANING: strbuf_puts(out, "its register map differs"); break;
    case PLAN_WIRE: strbuf_puts(out, "comes from another port, address or unit"); break;
    case PLAN_EFFECT_COUNT: break;
    }
    strbuf_putc(out, '\n');
}

void plan_spaces_text(const struct plan_spaces *spaces, uint32_t most, struct strbuf *out)
{
    const uint32_t shown = spaces->count < most ? spaces->count : most;

    for (uint32_t i = 0; i < shown; i++) {
        text_effect(spaces, &spaces->effects[i], out);
    }
    if (spaces->count > shown) {
        strbuf_printf(out, "  and %u more; --json has all\n", spaces->count - shown);
    }
    strbuf_printf(out, "  %u spaces are affected, %u of them lose their last sensor\n",
                  spaces->spaces, spaces->left_silent);
}
