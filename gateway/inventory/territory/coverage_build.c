/* Coverage, counted once per snapshot: each place is asked as a case would ask, and what is missing
 * is summed by its site. Linear in places. */
#include "gateway/inventory/territory/coverage_build.h"
#include "bowei/base/err.h"
#include "bowei/coverage.h"
#include "bowei/fences.h"
#include "gateway/inventory/territory/territory_map.h"
#include "gateway/inventory/territory/territory_words.h"
#include <stdlib.h>
#include <string.h>

/* What a place may miss, a column each: the trades of no unit, those of no person, the rest. */
#define MISS_PERSON TRADES_MAX
#define MISS_REST   (2 * TRADES_MAX)
#define MISS_COUNT  (MISS_REST + GAP_KIND_COUNT)

struct counting {
    const struct inventory *inv;
    struct coverage *c;
    uint32_t gap_cap;
};

/* The misses of one site, summed over its places. */
struct site {
    space_key key;
    uint32_t row; /* in coverage.streets */
    uint32_t misses[MISS_COUNT];
};

uint32_t coverage_trades(enum place_kind kind)
{
    /* by the trades of case_kinds.def; a trade that is not there needs nobody */
    static const char *const cars[] = {"motor", "facility", NULL};
    static const char *const bikes[] = {"non_motor", "shared_bike", "facility", NULL};
    bool parks_cars = kind == PLACE_LOT || kind == PLACE_ON_STREET || kind == PLACE_TEMPORARY;
    uint32_t bits = 0;

    for (const char *const *name = parks_cars ? cars : bikes; *name != NULL; name++) {
        unsigned trade;

        bits |= trade_find(*name, strlen(*name), &trade) ? UINT32_C(1) << trade : 0;
    }
    return bits;
}

/* --- streets --- */

static int number_order(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint32_t street_row(const struct coverage *c, uint64_t street)
{
    uint32_t low = 0;
    uint32_t high = c->street_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (c->streets[mid].street < street) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

/* All streets of places and grids. */
static enum err streets_gather(struct counting *n)
{
    const struct inventory *inv = n->inv;
    const struct grid_map *grids = &inv->territory->grids;
    size_t most = (size_t)inv->lot_count + inv->fence_count + grids->count;
    uint64_t *all = malloc((most + 1) * sizeof *all);
    size_t count = 0;

    n->c->streets = calloc(most + 1, sizeof *n->c->streets);
    if (all == NULL || n->c->streets == NULL) {
        free(all);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        if (!inv->lots[i].removed) {
            all[count++] = scope_place(inv->lots[i].key);
        }
    }
    for (uint32_t i = 0; i < inv->fence_count; i++) {
        if (!inv->fences[i].removed) {
            all[count++] = scope_place(inv->fences[i].key);
        }
    }
    for (uint32_t i = 0; i < grids->count; i++) {
        all[count++] = scope_street(grids->ids[i]);
    }
    qsort(all, count, sizeof *all, number_order);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || all[i] != all[i - 1]) {
            n->c->streets[n->c->street_count++].street = all[i];
        }
    }
    free(all);
    return ERR_OK;
}

static void street_counts(struct counting *n)
{
    const struct inventory *inv = n->inv;
    const struct grid_map *grids = &inv->territory->grids;
    struct coverage *c = n->c;

    for (uint32_t i = 0; i < inv->beacon_count; i++) {
        c->streets[street_row(c, scope_place(inv->fences[inv->beacons[i].fence].key))].beacons++;
    }
    for (uint32_t i = 0; i < inv->listener_count; i++) {
        c->streets[street_row(c, scope_place(inv->fences[inv->listeners[i].fence].key))]
            .listeners++;
    }
    for (uint32_t i = 0; i < grids->count; i++) {
        c->streets[street_row(c, scope_street(grids->ids[i]))].grids++;
    }
    for (uint32_t i = 0; i < inv->device_count; i++) {
        const struct inv_sensor *s;
        uint32_t lot;

        if (inv->devices[i].sensor_count == 0) {
            c->unbound_devices++;
            continue;
        }
        s = &inv->sensors[inventory_device_sensors(inv, i)[0]];
        lot = s->gate ? s->target : inv->spaces[s->target].lot;
        c->streets[street_row(c, scope_place(inv->lots[lot].key))].devices++;
    }
}

/* --- places --- */

static bool is_among(const uint32_t *units, uint32_t count, uint32_t unit)
{
    for (uint32_t i = 0; i < count; i++) {
        if (units[i] == unit) {
            return true;
        }
    }
    return false;
}

/* Units of all trades of a place; what is missing into the site. */
static void trades_ask(struct counting *n, struct site *site, const struct territory_at *at)
{
    const struct territory *t = n->inv->territory;
    uint32_t wanted = coverage_trades(space_key_kind(site->key));
    uint32_t units[TRADES_MAX];
    uint32_t count = 0;

    for (unsigned trade = 0; trade < TRADES_MAX; trade++) {
        enum route_rule rule;
        uint32_t unit;

        if ((wanted >> trade & 1) == 0) {
            continue;
        }
        unit = territory_unit_for(t, at, trade, &rule);
        if (unit == NO_UNIT) {
            site->misses[trade]++;
            continue;
        }
        site->misses[MISS_PERSON + trade] += territory_person(t, at, unit) == 0;
        if (!is_among(units, count, unit)) {
            n->c->matrix[(size_t)site->row * n->c->unit_count + unit]++;
            units[count++] = unit;
        }
    }
}

static void place_ask(struct counting *n, struct site *site, space_key place, struct position_e7 p)
{
    uint32_t *rest = site->misses + MISS_REST;
    struct territory_at at;

    if (!n->c->given) {
        return;
    }
    territory_locate(n->inv, place, p, &at);
    trades_ask(n, site, &at);
    rest[GAP_NO_GRID] += at.cell == NO_CELL;
    rest[GAP_OTHER_STREET] += at.cell != NO_CELL && scope_street(at.grid) != at.street;
    rest[GAP_NO_AREA_WARDEN] += at.wardens[WARDEN_AREA] == NO_SLOT;
    rest[GAP_NO_STREET_WARDEN] += at.wardens[WARDEN_STREET] == NO_SLOT;
    rest[GAP_NO_ROAD_WARDEN] += at.wardens[WARDEN_ROAD] == NO_SLOT;
}

static enum err gap_add(struct counting *n, struct coverage_gap gap)
{
    struct coverage *c = n->c;

    if (c->gap_count == n->gap_cap) {
        uint32_t cap = n->gap_cap == 0 ? 64 : n->gap_cap * 2;
        struct coverage_gap *grown = realloc(c->gaps, cap * sizeof *grown);

        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        c->gaps = grown;
        n->gap_cap = cap;
    }
    c->gaps[c->gap_count++] = gap;
    return ERR_OK;
}

static enum err site_gaps(struct counting *n, const struct site *site)
{
    enum err e = ERR_OK;

    for (unsigned m = 0; e == ERR_OK && m < MISS_COUNT; m++) {
        struct coverage_gap gap = {.site = site->key,
                                   .places = site->misses[m],
                                   .kind = (uint8_t)(m - MISS_REST),
                                   .trade = TRADES_MAX,
                                   .unit = NO_UNIT};

        if (m < MISS_REST) {
            gap.kind = m < MISS_PERSON ? GAP_NO_UNIT : GAP_NO_PERSON;
            gap.trade = (uint8_t)(m % TRADES_MAX);
        }
        e = site->misses[m] == 0 ? ERR_OK : gap_add(n, gap);
    }
    return e;
}

/* Lots take the misses of their spaces, which lie in no order of lots. */
static enum err lots_ask(struct counting *n)
{
    const struct inventory *inv = n->inv;
    struct site *sites = calloc((size_t)inv->lot_count + 1, sizeof *sites);
    enum err e = sites == NULL ? ERR_NO_MEMORY : ERR_OK;

    for (uint32_t i = 0; e == ERR_OK && i < inv->lot_count; i++) {
        if (!inv->lots[i].removed) {
            sites[i].key = inv->lots[i].key;
            sites[i].row = street_row(n->c, scope_place(sites[i].key));
            n->c->streets[sites[i].row].lots++;
            place_ask(n, &sites[i], sites[i].key, inv->lots[i].at);
        }
    }
    for (uint32_t i = 0; e == ERR_OK && i < inv->space_count; i++) {
        struct site *site = &sites[inv->spaces[i].lot];

        if (!inv->spaces[i].removed) {
            n->c->streets[site->row].spaces++;
            place_ask(n, site, inv->spaces[i].key, inv->spaces[i].at);
        }
    }
    for (uint32_t i = 0; e == ERR_OK && i < inv->lot_count; i++) {
        e = inv->lots[i].removed ? ERR_OK : site_gaps(n, &sites[i]);
    }
    free(sites);
    return e;
}

static enum err fences_ask(struct counting *n)
{
    const struct inventory *inv = n->inv;
    enum err e = ERR_OK;

    for (uint32_t i = 0; e == ERR_OK && i < inv->fence_count; i++) {
        struct site site = {.key = inv->fences[i].key};

        if (!inv->fences[i].removed) {
            site.row = street_row(n->c, scope_place(site.key));
            n->c->streets[site.row].fences++;
            place_ask(n, &site, site.key, inv->fences[i].centre);
            e = site_gaps(n, &site);
        }
    }
    return e;
}

/* --- units and grids --- */

static enum err units_ask(struct counting *n)
{
    const struct territory *t = n->inv->territory;
    enum err e = ERR_OK;

    for (uint32_t u = 0; e == ERR_OK && u < t->unit_count; u++) {
        if (!t->units[u].has_person) {
            e = gap_add(n,
                        (struct coverage_gap){
                            .unit = u, .places = 1, .kind = GAP_UNIT_NOBODY, .trade = TRADES_MAX});
        }
    }
    return e;
}

static enum err grids_ask(struct counting *n)
{
    const struct territory *t = n->inv->territory;
    enum err e = ERR_OK;

    for (uint32_t g = 0; e == ERR_OK && g < t->grids.count; g++) {
        const uint64_t street = scope_street(t->grids.ids[g]);
        const struct territory_at at = {.cell = g,
                                        .owner = NO_UNIT,
                                        .manager = NO_UNIT,
                                        .grid = t->grids.ids[g],
                                        .street = street,
                                        .district = scope_district(street)};

        for (unsigned trade = 0; e == ERR_OK && territory_trade(trade) != NULL; trade++) {
            enum route_rule rule;

            if (territory_unit_for(t, &at, trade, &rule) == NO_UNIT) {
                e = gap_add(n, (struct coverage_gap){.grid = t->grids.ids[g],
                                                     .unit = NO_UNIT,
                                                     .places = 1,
                                                     .kind = GAP_GRID_NO_UNIT,
                                                     .trade = (uint8_t)trade});
            }
        }
    }
    return e;
}

/* --- the whole --- */

static int gap_order(const void *a, const void *b)
{
    const struct coverage_gap *x = a;
    const struct coverage_gap *y = b;

    if (x->kind != y->kind) {
        return (int)x->kind - (int)y->kind;
    }
    if (x->site != y->site) {
        return x->site < y->site ? -1 : 1;
    }
    if (x->grid != y->grid) {
        return x->grid < y->grid ? -1 : 1;
    }
    if (x->unit != y->unit) {
        return x->unit < y->unit ? -1 : 1;
    }
    return (int)x->trade - (int)y->trade;
}

static void gaps_sort(struct coverage *c)
{
    uint32_t at = 0;

    if (c->gap_count > 0) {
        qsort(c->gaps, c->gap_count, sizeof *c->gaps, gap_order);
    }
    for (unsigned kind = 0; kind < GAP_KIND_COUNT; kind++) {
        c->first[kind] = at;
        for (; at < c->gap_count && c->gaps[at].kind == kind; at++) {
            c->places[kind] += c->gaps[at].places;
        }
    }
    c->first[GAP_KIND_COUNT] = at;
}

enum err coverage_build(struct build *b)
{
    static enum err (*const steps[])(struct counting *) = {
        lots_ask,
        fences_ask,
        units_ask,
        grids_ask,
    };
    struct coverage *c = calloc(1, sizeof *c);
    struct counting n = {.inv = b->inv, .c = c};
    enum err e;

    b->inv->territory->coverage = c;
    if (c == NULL) {
        return ERR_NO_MEMORY;
    }
    e = streets_gather(&n);
    c->unit_count = b->inv->territory->unit_count;
    c->given = c->unit_count + b->inv->territory->warden_count + b->inv->territory->grids.count > 0;
    c->matrix = calloc((size_t)c->street_count * c->unit_count + 1, sizeof *c->matrix);
    if (c->matrix == NULL) {
        e = ERR_NO_MEMORY;
    }
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(steps); i++) {
        e = steps[i](&n);
    }
    if (e == ERR_OK) {
        street_counts(&n);
        gaps_sort(c);
    }
    return e;
}

void coverage_destroy(struct coverage *c)
{
    if (c == NULL) {
        return;
    }
    free(c->streets);
    free(c->matrix);
    free(c->gaps);
    free(c);
}

const struct coverage *coverage_of(const struct inventory *inv)
{
    return inv->territory->coverage;
}

const char *coverage_unit(const struct inventory *inv, uint32_t unit, enum unit_kind *kind,
                          const char **name_zh, const char **name_en)
{
    const struct territory_unit *u = &inv->territory->units[unit];

    *kind = (enum unit_kind)u->kind;
    *name_zh = inventory_text(inv, u->name_zh);
    *name_en = inventory_text(inv, u->name_en);
    return inventory_text(inv, u->code);
}
