/* Coverage: who is responsible for what, and where nobody is. All of it stands in the inventory's
 * snapshot, counted when it was built. */
#include "bowei/coverage.h"
#include "api/handlers/fleet.h"
#include "api/handlers/places.h"
#include "bowei/csv_text.h"
#include "bowei/fences.h"
#include "bowei/inventory.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_LIMIT 100u
#define DIGITS_MAX    21

/* A code of digits, as text: 15 digits are more than a reader of JSON may keep exactly. */
static void digits_write(struct json_writer *w, const char *name, uint64_t digits)
{
    char text[DIGITS_MAX];

    if (digits == 0) {
        json_kv_null(w, name);
        return;
    }
    (void)snprintf(text, sizeof text, "%" PRIu64, digits);
    json_kv_str(w, name, text);
}

static void code_write(struct json_writer *w, const char *name, const char *code)
{
    if (code[0] == '\0') {
        json_kv_null(w, name);
    } else {
        json_kv_str(w, name, code);
    }
}

static void name_write(struct json_writer *w, const char *zh, const char *en)
{
    json_key(w, "name");
    json_object(w);
    if (zh[0] != '\0') {
        json_kv_str(w, "zh-CN", zh);
    }
    if (en[0] != '\0') {
        json_kv_str(w, "en", en);
    }
    json_object_end(w);
}

static void head_write(const struct request *rq, struct json_writer *w, const struct coverage *c)
{
    json_kv_time(w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_kv_u64(w, "inventory", rq->inv->version);
    json_kv_bool(w, "given", c->given);
}

/* How many places miss what, by kind; zeros, too. */
static void counts_write(struct json_writer *w, const struct coverage *c)
{
    json_key(w, "missing");
    json_object(w);
    for (unsigned k = 0; k < GAP_KIND_COUNT; k++) {
        json_kv_u64(w, gap_kind_code((enum gap_kind)k), c->places[k]);
    }
    json_object_end(w);
}

/* --- the whole city --- */

static void units_write(const struct request *rq, struct json_writer *w, const struct coverage *c)
{
    json_key(w, "units");
    json_array(w);
    for (uint32_t u = 0; u < c->unit_count; u++) {
        const char *zh;
        const char *en;
        enum unit_kind kind;
        const char *code = coverage_unit(rq->inv, u, &kind, &zh, &en);

        json_object(w);
        json_kv_str(w, "unit", code);
        json_kv_str(w, "kind", unit_kind_code(kind));
        name_write(w, zh, en);
        json_object_end(w);
    }
    json_array_end(w);
}

static const struct {
    const char *name;
    size_t at; /* of a uint32_t in struct coverage_street */
} figures[] = {
    {"lots",      offsetof(struct coverage_street, lots)     },
    {"spaces",    offsetof(struct coverage_street, spaces)   },
    {"fences",    offsetof(struct coverage_street, fences)   },
    {"devices",   offsetof(struct coverage_street, devices)  },
    {"beacons",   offsetof(struct coverage_street, beacons)  },
    {"listeners", offsetof(struct coverage_street, listeners)},
    {"grids",     offsetof(struct coverage_street, grids)    },
};

static uint32_t figure_of(const struct coverage_street *s, size_t figure)
{
    uint32_t count;

    memcpy(&count, (const char *)s + figures[figure].at, sizeof count);
    return count;
}

static void figures_write(struct json_writer *w, const struct coverage_street *s)
{
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        json_kv_u64(w, figures[i].name, figure_of(s, i));
    }
}

static void street_add(struct coverage_street *sum, const struct coverage_street *s)
{
    sum->lots += s->lots;
    sum->spaces += s->spaces;
    sum->fences += s->fences;
    sum->devices += s->devices;
    sum->beacons += s->beacons;
    sum->listeners += s->listeners;
    sum->grids += s->grids;
}

static void total_write(struct json_writer *w, const struct coverage *c)
{
    struct coverage_street sum = {0};

    for (uint32_t i = 0; i < c->street_count; i++) {
        street_add(&sum, &c->streets[i]);
    }
    sum.devices += c->unbound_devices;
    json_key(w, "total");
    json_object(w);
    json_kv_u64(w, "streets", c->street_count);
    json_kv_u64(w, "units", c->unit_count);
    figures_write(w, &sum);
    json_kv_u64(w, "unbound_devices", c->unbound_devices);
    json_object_end(w);
}

/* Streets by units: a row a street, a column a unit. */
static void streets_csv(struct request *rq, const struct coverage *c)
{
    struct strbuf heading = {0};
    struct strbuf out = {0};
    struct csv_text csv;

    strbuf_puts(&heading, "street");
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        strbuf_printf(&heading, ",%s", figures[i].name);
    }
    for (uint32_t u = 0; u < c->unit_count; u++) {
        const char *zh;
        const char *en;
        enum unit_kind kind;

        strbuf_printf(&heading, ",%s", coverage_unit(rq->inv, u, &kind, &zh, &en));
    }
    strbuf_putc(&heading, '\0');
    csv_text_begin(&csv, &out, 0, heading.failed ? "" : heading.data);
    out.failed = out.failed || heading.failed;
    for (uint32_t i = 0; i < c->street_count; i++) {
        csv_text_i64(&csv, (int64_t)c->streets[i].street);
        for (size_t k = 0; k < ARRAY_LEN(figures); k++) {
            csv_text_i64(&csv, figure_of(&c->streets[i], k));
        }
        for (uint32_t u = 0; u < c->unit_count; u++) {
            csv_text_i64(&csv, c->matrix[(size_t)i * c->unit_count + u]);
        }
        csv_text_row_end(&csv);
    }
    strbuf_finish(&heading);
    respond_text(rq, 200, type_csv, &out);
}

void coverage_get(struct request *rq)
{
    const struct coverage *c = coverage_of(rq->inv);
    struct strbuf out = {0};
    struct json_writer w;

    if (rq->query.csv) {
        streets_csv(rq, c);
        return;
    }
    json_writer_init(&w, &out);
    json_object(&w);
    head_write(rq, &w, c);
    total_write(&w, c);
    counts_write(&w, c);
    units_write(rq, &w, c);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < c->street_count; i++) {
        json_object(&w);
        digits_write(&w, "street", c->streets[i].street);
        figures_write(&w, &c->streets[i]);
        json_key(&w, "places");
        json_array(&w);
        for (uint32_t u = 0; u < c->unit_count; u++) {
            json_u64(&w, c->matrix[(size_t)i * c->unit_count + u]);
        }
        json_array_end(&w);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

/* --- gaps --- */

static void gap_write(const struct request *rq, struct json_writer *w,
                      const struct coverage_gap *gap)
{
    const enum gap_kind kind = (enum gap_kind)gap->kind;

    json_object(w);
    json_kv_str(w, "kind", gap_kind_code(kind));
    code_write(w, "trade", gap->trade < TRADES_MAX ? territory_trade(gap->trade) : "");
    json_kv_place(w, "site", gap->site);
    digits_write(w, "grid", gap->grid);
    if (kind == GAP_UNIT_NOBODY) {
        const char *zh;
        const char *en;
        enum unit_kind of;

        json_kv_str(w, "unit", coverage_unit(rq->inv, gap->unit, &of, &zh, &en));
    } else {
        json_kv_null(w, "unit");
    }
    json_kv_u64(w, "places", gap->places);
    json_key(w, "text");
    json_object(w);
    json_kv_str(w, "zh-CN", gap_kind_text(kind, true));
    json_kv_str(w, "en", gap_kind_text(kind, false));
    json_object_end(w);
    json_object_end(w);
}

/* Writes a page from a gap on; the first gap behind it, or gap_count. */
static uint32_t gaps_write(const struct request *rq, struct json_writer *w,
                           const struct coverage *c, uint32_t from)
{
    const uint32_t limit = rq->query.limit == 0 ? DEFAULT_LIMIT : rq->query.limit;
    uint32_t shown = 0;

    for (; from < c->gap_count; from++) {
        const uint8_t kind = c->gaps[from].kind;

        if (rq->query.gap_kinds != 0 && (rq->query.gap_kinds >> kind & 1) == 0) {
            from = c->first[kind + 1] - 1;
            continue;
        }
        if (shown++ == limit) {
            break;
        }
        gap_write(rq, w, &c->gaps[from]);
    }
    return from;
}

void coverage_gaps_get(struct request *rq)
{
    const struct coverage *c = coverage_of(rq->inv);
    const struct cursor *at = &rq->query.cursor;
    const uint64_t from = query_has(&rq->query, PARAM_CURSOR) ? at->key : 0;
    struct cursor next = {.kind = 'g', .version = rq->inv->version};
    char text[CURSOR_TEXT_MAX];
    struct strbuf out = {0};
    struct json_writer w;

    if (!page_cursor_stands(rq, 'g')) {
        return;
    }
    json_writer_init(&w, &out);
    json_object(&w);
    head_write(rq, &w, c);
    counts_write(&w, c);
    json_key(&w, "items");
    json_array(&w);
    next.key = gaps_write(rq, &w, c, from < c->gap_count ? (uint32_t)from : c->gap_count);
    json_array_end(&w);
    if (next.key < c->gap_count) {
        (void)cursor_write(&next, text);
        json_kv_str(&w, "next", text);
    }
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
    if (next.key < c->gap_count) {
        respond_next(rq, text);
    }
}

/* --- one place --- */

static bool place_position(const struct inventory *inv, space_key key, struct position_e7 *at)
{
    const uint32_t space = inventory_space(inv, key);
    const uint32_t lot = inventory_lot(inv, key);
    const uint32_t fence = fences_find(inv, key);

    if (space != NO_SLOT && !inv->spaces[space].removed) {
        *at = inv->spaces[space].at;
    } else if (lot != NO_SLOT && !inv->lots[lot].removed) {
        *at = inv->lots[lot].at;
    } else if (fence != NO_FENCE && !inv->fences[fence].removed) {
        *at = inv->fences[fence].centre;
    } else {
        return false;
    }
    return true;
}

static void wardens_write(struct json_writer *w, const struct responsibility *r)
{
    json_key(w, "wardens");
    json_object(w);
    for (unsigned l = 0; l < WARDEN_LEVEL_COUNT; l++) {
        code_write(w, warden_level_code((enum warden_level)l), r->wardens[l]);
    }
    json_object_end(w);
}

static void routes_write(const struct request *rq, struct json_writer *w, space_key key,
                         struct position_e7 at)
{
    const uint32_t wanted = coverage_trades(space_key_kind(key));

    json_key(w, "trades");
    json_array(w);
    for (unsigned i = 0; i < TRADES_MAX && territory_trade(i) != NULL; i++) {
        struct responsibility r;

        if ((wanted >> i & 1) == 0) {
            continue;
        }
        territory_route(rq->inv, territory_trade(i), key, at, &r);
        json_object(w);
        json_kv_str(w, "trade", territory_trade(i));
        json_kv_str(w, "rule", route_rule_code(r.rule));
        code_write(w, "unit", r.unit);
        code_write(w, "person", r.person);
        json_object_end(w);
    }
    json_array_end(w);
}

void coverage_place_get(struct request *rq)
{
    struct responsibility r;
    struct position_e7 at;
    space_key key;
    const enum id_fault fault =
        space_id_parse(rq->match.argument, strlen(rq->match.argument), &key);
    struct strbuf out = {0};
    struct json_writer w;

    if (fault != ID_OK) {
        respond_problem(rq, ERR_BAD_ID, id_fault_text(fault));
        return;
    }
    if (!place_position(rq->inv, key, &at)) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such space, lot or fence");
        return;
    }
    territory_route(rq->inv, "", key, at, &r);
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_place(&w, "id", key);
    digits_write(&w, "grid", r.grid);
    digits_write(&w, "component_code", territory_component(rq->inv, key));
    code_write(&w, "owner_unit", r.owner);
    code_write(&w, "manage_unit", r.manager);
    json_kv_bool(&w, "permit", territory_permit(rq->inv, key));
    wardens_write(&w, &r);
    routes_write(rq, &w, key, at);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}
