/* Layout of the simulated city: a square lattice of blocks, one site in each, about 250 m apart, so
 * that 100 000 spaces cover some 10 x 10 km. Road sections have berths on both kerbs, surface lots
 * are grids. Called by make and run. */
#include "sensors/sim/world/city.h"
#include "sensors/sim/world/rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BERTH_M      6.0 /* GB/T 51149: parallel berth of 6 m */
#define KERB_M       5.0 /* from the middle of the road to a berth's middle */
#define ROW_M        8.0 /* lots: row to row */
#define BAY_M        3.0 /* lots: bay to bay */
#define JITTER_M     0.3 /* nobody paints to the centimetre; also keeps distances apart */
#define LOT_PERCENT  12  /* of the sites are surface lots, which hold about a third of the spaces */
#define TEMP_PERCENT 3

static const uint16_t street_codes[CITY_STREETS] = {1, 2, 10, 100};

static const struct {
    enum place_kind kind;
    uint32_t least, most;
} sizes[] = {
    {PLACE_ON_STREET, 20,  80 },
    {PLACE_LOT,       100, 300},
    {PLACE_TEMPORARY, 20,  60 },
};

struct layout {
    struct city *city;
    uint64_t rng;
    uint32_t scale; /* sites grow beyond a quarter of a million spaces, as their numbers have three
                       digits */
    uint32_t sites[CITY_STREETS][3];
    uint32_t named[64];
};

struct position_e7 city_place(double north_m, double east_m)
{
    const double lat = CITY_LAT + north_m / CITY_M_PER_DEGREE;
    const double lon =
        CITY_LON + east_m / (CITY_M_PER_DEGREE * cos(CITY_LAT * 3.14159265358979323846 / 180));

    return position_round((struct position_deg){lat, lon});
}

uint32_t city_quarter(struct position_e7 at)
{
    /* blocks are whole: none lies in two streets */
    const struct position_e7 cross = city_place(-CITY_BLOCK_M / 2, -CITY_BLOCK_M / 2);

    return (at.lat < cross.lat ? 2u : 0u) + (at.lon < cross.lon ? 1u : 0u);
}

uint32_t city_street_code(uint32_t quarter)
{
    return street_codes[quarter % CITY_STREETS];
}

space_key city_site_key(uint32_t quarter, enum place_kind kind, uint32_t site)
{
    char body[SPACE_ID_LEN];
    space_key key = 0;
    uint32_t parts[4] = {CITY_COUNTY, city_street_code(quarter), site, 0};
    static const uint32_t width[4] = {6, 3, 3, 4};
    size_t at = 0;

    for (size_t i = 0; i < 4; i++) {
        for (uint32_t k = width[i]; k > 0; k--) {
            body[at + k - 1] = (char)('0' + parts[i] % 10);
            parts[i] /= 10;
        }
        at += width[i];
        if (i == 1) {
            body[at++] = place_kind_letter(kind);
        }
    }
    return space_id_parse_body(body, SPACE_ID_LEN - 1, &key) == ID_OK ? key : 0;
}

/* Kind of the next site. The first is a road section, the second a lot: a small city has both. */
static size_t kind_next(struct layout *l)
{
    const uint32_t roll = rng_below(&l->rng, 100);

    if (l->city->lot_count < 2) {
        return l->city->lot_count;
    }
    return roll < LOT_PERCENT ? 1 : roll < LOT_PERCENT + TEMP_PERCENT ? 2 : 0;
}

static double jitter(struct layout *l)
{
    return (rng_unit(&l->rng) * 2 - 1) * JITTER_M;
}

/* Where space i of n lies, in metres from the site's middle. */
static void spot(struct layout *l, size_t kind, uint32_t i, uint32_t n, double at[2])
{
    const uint32_t wide = kind == 1 ? (uint32_t)ceil(sqrt((double)n * ROW_M / BAY_M)) : (n + 1) / 2;

    const uint32_t row = kind == 1 ? i / wide : i / 2; /* whole rows, then metres */
    const uint32_t rows = n / wide;

    if (kind == 1) {
        at[0] = ((double)row - (double)rows / 2) * ROW_M;
        at[1] = ((double)(i % wide) - (double)wide / 2) * BAY_M;
    } else {
        at[0] = i % 2 == 0 ? KERB_M : -KERB_M;
        at[1] = ((double)row - (double)wide / 2) * BERTH_M;
    }
    at[0] += jitter(l);
    at[1] += jitter(l);
}

static void spaces_add(struct layout *l, struct city_lot *lot, size_t kind, const double middle[2])
{
    struct city *c = l->city;
    const bool along = (rng_next(&l->rng) & 1) != 0;
    const uint32_t site = (uint32_t)(lot - c->lots);

    for (uint32_t i = 0; i < lot->count; i++) {
        struct city_space *s = &c->spaces[c->space_count++];
        double at[2];

        spot(l, kind, i, lot->count, at);
        s->key = lot->key + i + 1; /* the number is the lowest digit of the key */
        s->at =
            city_place(middle[0] + (along ? at[0] : at[1]), middle[1] + (along ? at[1] : at[0]));
        s->lot = site;
        s->sensor = CITY_NONE;
        s->second = CITY_NONE;
        s->ev = kind == 1 && i % 10 == 3;
        s->accessible = i % 50 == 0;
    }
}

static struct city_lot *site_add(struct layout *l, size_t kind, const double middle[2])
{
    struct city *c = l->city;
    const uint32_t quarter = (middle[0] < 0 ? 2u : 0u) + (middle[1] < 0 ? 1u : 0u);
    uint32_t *used = NULL;
    struct city_lot *lot;

    for (uint32_t i = 0; i < CITY_STREETS && used == NULL; i++) {
        if (l->sites[(quarter + i) % CITY_STREETS][kind] < CITY_SITES_MAX) {
            used = &l->sites[(quarter + i) % CITY_STREETS][kind];
        }
    }
    if (used == NULL) {
        return NULL;
    }
    lot = &c->lots[c->lot_count++];
    *lot = (struct city_lot){.first = c->space_count};
    lot->key = city_site_key((uint32_t)(used - l->sites[0]) / 3, sizes[kind].kind, ++*used);
    lot->at = city_place(middle[0], middle[1]);
    lot->name = (uint16_t)rng_below(&l->rng, city_street_count());
    lot->number = (uint16_t)++l->named[lot->name];
    return lot;
}

/* Middle of block number i, counted outward in squares round the centre. */
void city_block_middle(uint32_t i, double at[2])
{
    int32_t ring = (int32_t)((sqrt((double)i) + 1) / 2);
    int32_t side = ring * 2;
    int32_t first = (side - 1) * (side - 1);
    int32_t k = ring == 0 ? 0 : (int32_t)i - first;
    int32_t leg = ring == 0 ? 0 : k / side;
    int32_t step = ring == 0 ? 0 : k % side + 1;
    const int32_t row[4] = {-ring + step, ring, ring - step, -ring};
    const int32_t column[4] = {ring, ring - step, -ring, -ring + step};

    at[0] = row[leg] * CITY_BLOCK_M;
    at[1] = column[leg] * CITY_BLOCK_M;
}

static enum err lay_out(struct layout *l)
{
    struct city *c = l->city;
    uint32_t block = 0;
    double middle[2];

    while (c->space_count < c->params.spaces) {
        const size_t kind = kind_next(l);
        uint32_t n = sizes[kind].least * l->scale +
                     rng_below(&l->rng, (sizes[kind].most - sizes[kind].least) * l->scale + 1);
        struct city_lot *lot;

        city_block_middle(block++, middle);
        lot = site_add(l, kind, middle);
        if (lot == NULL) {
            return ERR_BAD_PARAMETER;
        }
        lot->count = n < c->params.spaces - c->space_count ? n : c->params.spaces - c->space_count;
        lot->capacity = lot->count;
        spaces_add(l, lot, kind, middle);
    }
    for (uint32_t i = 0; i < CITY_GATE_LOTS; i++) {
        struct city_lot *lot;

        city_block_middle(block++, middle);
        lot = site_add(l, 1, middle);
        if (lot == NULL) {
            return ERR_BAD_PARAMETER;
        }
        lot->capacity = 80 + 60 * i;
    }
    return ERR_OK;
}

enum err city_create(const struct city_params *params, struct city **out)
{
    struct layout l = {.rng = rng_stream(params->seed, 0)};
    const size_t spaces = params->spaces;
    enum err e = ERR_NO_MEMORY;

    if (spaces == 0 || spaces > CITY_SPACES_MAX || params->lines > CITY_LINES_MAX) {
        return ERR_BAD_PARAMETER;
    }
    l.scale = 1 + (uint32_t)spaces / 250000;
    l.city = calloc(1, sizeof *l.city);
    if (l.city == NULL) {
        return ERR_NO_MEMORY;
    }
    l.city->params = *params;
    l.city->lots = calloc(spaces / 20 + 2 + CITY_GATE_LOTS, sizeof *l.city->lots);
    l.city->spaces = calloc(spaces, sizeof *l.city->spaces);
    /* every space one sensor, some two, and the gates; each may be a device of its own */
    l.city->sensors = calloc(spaces * 2 + CITY_GATE_LOTS * CITY_GATES, sizeof *l.city->sensors);
    l.city->devices = calloc(spaces * 2 + CITY_GATE_LOTS * CITY_GATES, sizeof *l.city->devices);
    if (l.city->lots == NULL || l.city->spaces == NULL || l.city->sensors == NULL ||
        l.city->devices == NULL) {
        goto undo_city;
    }
    e = lay_out(&l);
    if (e == ERR_OK) {
        e = city_equip(l.city);
    }
    if (e != ERR_OK) {
        goto undo_city;
    }
    *out = l.city;
    return ERR_OK;
undo_city:
    city_destroy(l.city);
    return e;
}

void city_destroy(struct city *city)
{
    if (city != NULL) {
        free(city->lots);
        free(city->spaces);
        free(city->sensors);
        free(city->devices);
        free(city);
    }
}
