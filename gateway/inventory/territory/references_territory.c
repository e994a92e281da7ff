/* The references of grids, units, wardens and duties of a whole inventory: every code that is named
 * is there, nothing is served twice, no two grids overlap. */
#include "gateway/inventory/complete.h"
#include "gateway/inventory/territory/territory_map.h"
#include "gateway/inventory/territory/territory_words.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Has a sorted table of places one of that county? */
static bool county_stands(const struct draft *d, enum draft_table table, uint64_t county)
{
    const struct draft_lot *lots = DRAFT_LOTS(d);
    const struct draft_fence *fences = DRAFT_FENCES(d);
    uint32_t low = 0;
    uint32_t high = d->tables[table].count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        uint32_t here = space_key_adcode(table == TABLE_LOT ? lots[mid].key : fences[mid].key);

        if (here == county) {
            return true;
        }
        if (here < county) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return false;
}

/* Grids may come before the places; once there are places, they say which counties there are. */
static bool county_known(const struct draft *d, uint64_t county)
{
    return d->tables[TABLE_LOT].count + d->tables[TABLE_FENCE].count == 0 ||
           county_stands(d, TABLE_LOT, county) || county_stands(d, TABLE_FENCE, county);
}

static bool grid_known(const struct draft *d, uint64_t id)
{
    const struct draft_grid *rows = DRAFT_GRIDS(d);
    uint32_t low = 0;
    uint32_t high = d->tables[TABLE_GRID].count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (rows[mid].id < id) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < d->tables[TABLE_GRID].count && rows[low].id == id;
}

static void county_check(struct merge *m, enum draft_table table, const void *row,
                         const char *field, uint64_t county)
{
    char reason[80];

    if (!county_known(m->draft, county)) {
        (void)snprintf(reason, sizeof reason,
                       "county %" PRIu64 " is that of no lot or fence in the inventory", county);
        complete_fault(m, table, row, field, reason);
    }
}

static void scope_check(struct merge *m, enum draft_table table, const void *row, uint64_t scope)
{
    char reason[80];

    if (scope > SCOPE_STREET_MAX && !grid_known(m->draft, scope)) {
        (void)snprintf(reason, sizeof reason, "grid %" PRIu64 " is not in the inventory", scope);
        complete_fault(m, table, row, "scope", reason);
    } else if (scope <= SCOPE_DISTRICT_MAX) {
        county_check(m, table, row, "scope", scope);
    } else if (scope <= SCOPE_STREET_MAX) {
        county_check(m, table, row, "scope", scope_district(scope));
    }
}

static void unit_check(struct merge *m, enum draft_table table, const void *row, const char *field,
                       uint32_t code)
{
    const char *text = draft_text(m->draft, code);
    char reason[80];

    if (code != 0 && territory_unit_row(m->draft, text) == NO_UNIT) {
        (void)snprintf(reason, sizeof reason, "unit %s is not in the inventory", text);
        complete_fault(m, table, row, field, reason);
    }
}

/* --- units --- */

static void serve_fault(struct merge *m, const struct territory_serve *first,
                        const struct territory_serve *second)
{
    const struct draft_unit *rows = DRAFT_UNITS(m->draft);
    const char *trade =
        second->trade == TRADE_OFFICE ? "the street office's duty" : territory_trade(second->trade);
    char reason[160];

    (void)snprintf(reason, sizeof reason,
                   "in %" PRIu64 " unit %s has %s already: one unit a trade and scope",
                   second->scope, draft_text(m->draft, rows[first->unit].code), trade);
    complete_fault(m, TABLE_UNIT, &rows[second->unit], "scope", reason);
}

static enum err units_check(struct merge *m)
{
    const struct draft_unit *rows = DRAFT_UNITS(m->draft);
    struct territory_serve *serves = NULL;
    uint32_t count = 0;
    enum err e;

    if (m->draft->tables[TABLE_UNIT].count > UNITS_MAX) {
        complete_fault(m, TABLE_UNIT, &rows[UNITS_MAX], "unit", "more than 1000 units");
        return ERR_OK;
    }
    for (uint32_t i = 0; i < m->draft->tables[TABLE_UNIT].count; i++) {
        const char *at = draft_text(m->draft, rows[i].scope);

        while (*at != '\0') {
            char *end;

            scope_check(m, TABLE_UNIT, &rows[i], strtoull(at, &end, 10));
            at = end + (*end == ';');
        }
    }
    e = territory_serves(m->draft, &serves, &count);
    for (uint32_t i = 1; e == ERR_OK && i < count; i++) {
        if (serves[i].scope == serves[i - 1].scope && serves[i].trade == serves[i - 1].trade) {
            serve_fault(m, &serves[i - 1], &serves[i]);
        }
    }
    free(serves);
    return e;
}

/* --- wardens --- */

static void wardens_check(struct merge *m)
{
    const struct draft_warden *rows = DRAFT_WARDENS(m->draft);

    for (uint32_t i = 0; i < m->draft->tables[TABLE_WARDEN].count; i++) {
        const struct draft_warden *w = &rows[i];

        unit_check(m, TABLE_WARDEN, w, "unit", w->unit);
        if (w->level != WARDEN_ROAD) {
            scope_check(m, TABLE_WARDEN, w, w->scope);
        } else if (rows_find(m->draft, rows_place_table(w->scope), w->scope) == NO_SLOT) {
            complete_fault(m, TABLE_WARDEN, w, "scope", "its lot or fence is not in the inventory");
        }
    }
}

/* --- what places say --- */

static int component_order(const void *a, const void *b)
{
    const struct draft_duty *x = *(const struct draft_duty *const *)a;
    const struct draft_duty *y = *(const struct draft_duty *const *)b;

    if (x->component != y->component) {
        return x->component < y->component ? -1 : 1;
    }
    return (x->key > y->key) - (x->key < y->key);
}

/* A component code (部件编码) means one place. */
static enum err components_check(struct merge *m)
{
    const struct draft_duty *rows = DRAFT_DUTIES(m->draft);
    uint32_t count = m->draft->tables[TABLE_DUTY].count;
    const struct draft_duty **by_code = malloc(((size_t)count + 1) * sizeof *by_code);

    if (by_code == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        by_code[i] = &rows[i];
    }
    qsort(by_code, count, sizeof *by_code, component_order);
    for (uint32_t i = 1; i < count; i++) {
        if (by_code[i]->component != 0 && by_code[i]->component == by_code[i - 1]->component) {
            complete_fault(m, TABLE_DUTY, by_code[i], "component_code",
                           "another place has this code");
        }
    }
    free(by_code);
    return ERR_OK;
}

static enum err duties_check(struct merge *m)
{
    const struct draft_duty *rows = DRAFT_DUTIES(m->draft);

    for (uint32_t i = 0; i < m->draft->tables[TABLE_DUTY].count; i++) {
        const struct draft_duty *d = &rows[i];

        unit_check(m, TABLE_DUTY, d, "owner_unit", d->owner);
        unit_check(m, TABLE_DUTY, d, "manage_unit", d->manager);
        if (d->component != 0 && d->component / UINT64_C(10000000000) != space_key_adcode(d->key)) {
            complete_fault(m, TABLE_DUTY, d, "component_code",
                           "its county is not that of the place's ID");
        }
    }
    return components_check(m);
}

/* --- grids --- */

static void overlap_tell(void *ctx, uint32_t a, uint32_t b)
{
    struct merge *m = ctx;
    const struct draft_grid *rows = DRAFT_GRIDS(m->draft);
    char reason[80];

    (void)snprintf(reason, sizeof reason, "overlaps grid %" PRIu64 " by more than 2 m", rows[a].id);
    complete_fault(m, TABLE_GRID, &rows[b], "geometry", reason);
}

static enum err grids_check(struct merge *m)
{
    const struct draft_grid *rows = DRAFT_GRIDS(m->draft);
    struct grid_map map = {0};
    enum err e;

    for (uint32_t i = 0; i < m->draft->tables[TABLE_GRID].count; i++) {
        county_check(m, TABLE_GRID, &rows[i], "id", scope_district(scope_street(rows[i].id)));
    }
    e = grid_map_build(&map, m->draft);
    if (e == ERR_OK) {
        grid_map_overlaps(&map, overlap_tell, m);
    }
    grid_map_finish(&map);
    return e;
}

enum err complete_territory(struct merge *m)
{
    enum err e = units_check(m);

    wardens_check(m);
    if (e == ERR_OK) {
        e = duties_check(m);
    }
    return e != ERR_OK ? e : grids_check(m);
}
