/* From the draft's grids, units, wardens and duties to the snapshot's; the rows come sorted and
 * checked (references_territory.c). */
#include "gateway/inventory/territory/coverage_build.h"
#include "gateway/inventory/territory/territory_map.h"
#include "gateway/inventory/territory/territory_words.h"
#include <stdlib.h>
#include <string.h>

static void *rows_alloc(size_t count, size_t size)
{
    return calloc(count == 0 ? 1 : count, size);
}

uint32_t territory_unit_row(const struct draft *draft, const char *code)
{
    const struct draft_unit *rows = DRAFT_UNITS(draft);
    uint32_t low = 0;
    uint32_t high = draft->tables[TABLE_UNIT].count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = strcmp(draft_text(draft, rows[mid].code), code);

        if (order == 0) {
            return mid;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NO_UNIT;
}

/* --- who serves what where --- */

static int serve_order(const void *a, const void *b)
{
    const struct territory_serve *x = a;
    const struct territory_serve *y = b;

    if (x->scope != y->scope) {
        return x->scope < y->scope ? -1 : 1;
    }
    if (x->trade != y->trade) {
        return x->trade < y->trade ? -1 : 1;
    }
    return (x->unit > y->unit) - (x->unit < y->unit);
}

/* Bits of the trades a unit serves in a scope, TRADE_OFFICE included. */
static uint32_t trades_in(const struct draft_unit *unit, uint64_t scope)
{
    bool office =
        unit->kind == UNIT_STREET_OFFICE && scope > SCOPE_DISTRICT_MAX && scope <= SCOPE_STREET_MAX;

    return unit->trades | (office ? UINT32_C(1) << TRADE_OFFICE : 0);
}

/* Counts, or, with `to`, writes what one unit serves. */
static uint32_t unit_serves(const struct draft *draft, uint32_t row, struct territory_serve *to)
{
    const struct draft_unit *unit = &DRAFT_UNITS(draft)[row];
    const char *at = draft_text(draft, unit->scope);
    uint32_t n = 0;

    while (*at != '\0') {
        char *end;
        uint64_t scope = strtoull(at, &end, 10);
        uint32_t trades = trades_in(unit, scope);

        for (uint32_t trade = 0; trade <= TRADE_OFFICE; trade++) {
            if ((trades >> trade & 1) == 0) {
                continue;
            }
            if (to != NULL) {
                to[n] = (struct territory_serve){scope, trade, row};
            }
            n++;
        }
        at = end + (*end == ';');
    }
    return n;
}

enum err territory_serves(const struct draft *draft, struct territory_serve **out, uint32_t *count)
{
    uint32_t units = draft->tables[TABLE_UNIT].count;
    uint32_t n = 0;

    for (uint32_t i = 0; i < units; i++) {
        n += unit_serves(draft, i, NULL);
    }
    *out = rows_alloc(n, sizeof **out);
    if (*out == NULL) {
        return ERR_NO_MEMORY;
    }
    n = 0;
    for (uint32_t i = 0; i < units; i++) {
        n += unit_serves(draft, i, *out + n);
    }
    qsort(*out, n, sizeof **out, serve_order);
    *count = n;
    return ERR_OK;
}

/* --- the tables --- */

static enum err units_build(struct build *b)
{
    const struct draft_unit *rows = DRAFT_UNITS(b->draft);
    struct territory *t = b->inv->territory;

    t->unit_count = b->draft->tables[TABLE_UNIT].count;
    t->units = rows_alloc(t->unit_count, sizeof *t->units);
    if (t->units == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < t->unit_count; i++) {
        struct territory_unit *to = &t->units[i];
        enum err e;

        to->kind = rows[i].kind;
        to->trades = rows[i].trades;
        to->has_person = rows[i].person != 0;
        if ((e = build_text(b, rows[i].code, &to->code)) != ERR_OK ||
            (e = build_text(b, rows[i].name_zh, &to->name_zh)) != ERR_OK ||
            (e = build_text(b, rows[i].name_en, &to->name_en)) != ERR_OK ||
            (e = build_text(b, rows[i].person, &to->person)) != ERR_OK) {
            return e;
        }
    }
    return territory_serves(b->draft, &t->serves, &t->serve_count);
}

static uint32_t unit_of(const struct build *b, uint32_t text)
{
    return text == 0 ? NO_UNIT : territory_unit_row(b->draft, draft_text(b->draft, text));
}

static enum err wardens_build(struct build *b)
{
    const struct draft_warden *rows = DRAFT_WARDENS(b->draft);
    struct territory *t = b->inv->territory;

    t->warden_count = b->draft->tables[TABLE_WARDEN].count;
    t->wardens = rows_alloc(t->warden_count, sizeof *t->wardens);
    if (t->wardens == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < t->warden_count; i++) {
        struct territory_warden *to = &t->wardens[i];
        enum err e = build_text(b, rows[i].person, &to->person);

        if (e != ERR_OK) {
            return e;
        }
        to->scope = rows[i].scope;
        to->level = rows[i].level;
        to->unit = unit_of(b, rows[i].unit);
        if (to->unit != NO_UNIT) {
            t->units[to->unit].has_person = true;
        }
    }
    return ERR_OK;
}

static enum err duties_build(struct build *b)
{
    const struct draft_duty *rows = DRAFT_DUTIES(b->draft);
    struct territory *t = b->inv->territory;

    t->duty_count = b->draft->tables[TABLE_DUTY].count;
    t->duties = rows_alloc(t->duty_count, sizeof *t->duties);
    if (t->duties == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < t->duty_count; i++) {
        t->duties[i] = (struct territory_duty){.key = rows[i].key,
                                               .component = rows[i].component,
                                               .owner = unit_of(b, rows[i].owner),
                                               .manager = unit_of(b, rows[i].manager),
                                               .permit = rows[i].permit};
    }
    return ERR_OK;
}

static enum err grids_build(struct build *b)
{
    return grid_map_build(&b->inv->territory->grids, b->draft);
}

enum err territory_build(struct build *b)
{
    static enum err (*const steps[])(struct build *) = {
        grids_build,
        units_build,
        wardens_build,
        duties_build,
    };
    enum err e = ERR_OK;

    b->inv->territory = calloc(1, sizeof *b->inv->territory);
    if (b->inv->territory == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(steps); i++) {
        e = steps[i](b);
    }
    return e;
}

void territory_destroy(struct territory *t)
{
    if (t == NULL) {
        return;
    }
    grid_map_finish(&t->grids);
    free(t->units);
    free(t->serves);
    free(t->wardens);
    free(t->duties);
    coverage_destroy(t->coverage);
    free(t);
}
