/* Lays out the fences of the simulated city; see world_plan.h. One fence a block, in the corner
 * that the parking sites leave free, so that most of a block is more than 39 m from any fence: a
 * bike can be badly parked beyond every doubt. Called by make and run. */
#include "sensors/sim/fleet/world_plan.h"
#include "sensors/sim/world/city.h"
#include "sensors/sim/world/rng.h"
#include <math.h>
#include <stdlib.h>

#define PI            3.14159265358979323846
#define STUDS_MAX     24
#define STUD_GAP_M    4.0   /* a bike in a strip is never farther from a stud than 4.5 m */
#define CELL_E7       20000 /* 222 m of latitude */
#define E7_PER_M      90.0
#define POPULAR_EVERY 25   /* of the areas */
#define LISTEN_MAX_M  20.0 /* longest half strip that one Bluetooth gateway covers */

/* Kinds of every 20 fences: areas, strips and zones where one may park and where not. */
#define ROUND       20
#define ROUND_AREAS 9
#define ROUND_ZONES 3

struct drawing {
    struct world_plan *plan;
    uint64_t rng;
    uint32_t sites[PLACE_KIND_COUNT];
    uint32_t taken[CITY_STREETS][PLACE_KIND_COUNT]; /* site numbers of a street */
    uint32_t named[64];
    uint32_t areas;
};

static double between(uint64_t *rng, double low, double high)
{
    return low + rng_unit(rng) * (high - low);
}

static enum place_kind kind_of(uint32_t i)
{
    const uint32_t turn = (i * 7) % ROUND; /* 7 and 20 share no factor: all turns, well mixed */

    return turn < ROUND_AREAS                 ? PLACE_BIKE_AREA
           : turn < ROUND_AREAS + ROUND_ZONES ? PLACE_NO_PARKING
                                              : PLACE_FENCE;
}

static void stud_add(struct world_plan *plan, uint32_t fence, struct shape_point at)
{
    struct plan_fence *f = &plan->fences[fence];

    plan->studs[plan->stud_count++] = (struct plan_stud){
        .fence = fence,
        .at = shape_place(f->centre, at),
        .number = (uint16_t)++f->beacons,
        .kind = fence % 5 == 1   ? STUD_EDDYSTONE
                : fence % 7 == 2 ? STUD_MAC
                                 : STUD_IBEACON,
    };
}

/* Two strips of three have studs along their middle; short ones of the rest a gateway. */
static void radio_add(struct drawing *d, uint32_t fence, double half_m, double angle)
{
    struct world_plan *plan = d->plan;
    struct plan_fence *f = &plan->fences[fence];

    if (rng_below(&d->rng, 3) != 0) {
        const uint32_t n = (uint32_t)ceil(2 * half_m / STUD_GAP_M) + 1;

        for (uint32_t i = 0; i < n && i < STUDS_MAX; i++) {
            const double at = -half_m + 2 * half_m * (double)i / (double)(n - 1);

            stud_add(plan, fence, (struct shape_point){at * cos(angle), at * sin(angle)});
        }
    } else if (half_m <= LISTEN_MAX_M) {
        f->listener = plan->listener_count;
        plan->listeners[plan->listener_count] =
            (struct plan_listener){.fence = fence, .open_mqtt = plan->listener_count % 3 == 2};
        plan->listener_count++;
    }
}

static void shape_draw(struct drawing *d, uint32_t fence, struct shape_point *corners)
{
    struct plan_fence *f = &d->plan->fences[fence];
    const double size_m[2] = {between(&d->rng, 10, 38), between(&d->rng, 2, 4)};
    const double angle = between(&d->rng, 0, PI);

    f->corners =
        SHAPE_CORNERS_MIN + 2 * rng_below(&d->rng, (SHAPE_CORNERS_MAX - SHAPE_CORNERS_MIN) / 2 + 1);
    if (f->kind == PLACE_FENCE) {
        shape_strip(corners, f->corners, size_m, angle);
        f->capacity = (uint32_t)size_m[0];
        radio_add(d, fence, size_m[0], angle);
        return;
    }
    shape_blob(corners, f->corners, between(&d->rng, 42, 70), &d->rng);
    if (f->kind == PLACE_BIKE_AREA) {
        f->popular = d->areas++ % POPULAR_EVERY == 0;
        f->capacity = f->popular ? 25 : 40 + rng_below(&d->rng, 61);
    }
}

/* The corners rounded as they are written down, and the discs. */
static void corners_keep(struct world_plan *plan, uint32_t fence, const struct shape_point *corners)
{
    struct plan_fence *f = &plan->fences[fence];

    f->corner = plan->corner_count;
    plan->corner_count += f->corners;
    for (uint32_t i = 0; i < f->corners; i++) {
        const struct position_e7 at = shape_place(f->centre, corners[i]);
        const struct shape_point p = shape_project(f->centre, at);

        plan->ring[f->corner + i] = at;
        plan->corners[f->corner + i] = p;
        f->outer_m = fmax(f->outer_m, hypot(p.x_m, p.y_m));
    }
    f->inner_m = -shape_distance_m(plan->corners + f->corner, f->corners, (struct shape_point){0});
}

/* The next ID of its kind in its street; in the next street that has one when they are used up. */
static space_key key_next(struct drawing *d, const struct plan_fence *f)
{
    const uint32_t quarter = city_quarter(f->centre);
    uint32_t i = 0;

    while (i < CITY_STREETS && d->taken[(quarter + i) % CITY_STREETS][f->kind] == CITY_SITES_MAX) {
        i++;
    }
    return city_site_key(quarter + i, f->kind, ++d->taken[(quarter + i) % CITY_STREETS][f->kind]);
}

static void fence_draw(struct drawing *d, uint32_t fence)
{
    struct plan_fence *f = &d->plan->fences[fence];
    struct shape_point corners[SHAPE_CORNERS_MAX];
    double middle[2];
    uint32_t site;

    city_block_middle(fence, middle);
    f->kind = kind_of(fence);
    f->listener = WORLD_NONE;
    f->beacon = d->plan->stud_count;
    site = d->sites[f->kind]++;
    f->centre = city_place(middle[0] + CITY_BLOCK_M / 2 + between(&d->rng, -25, 25),
                           middle[1] + CITY_BLOCK_M / 2 + between(&d->rng, -25, 25));
    f->key = key_next(d, f);
    f->name = (uint16_t)rng_below(&d->rng, city_street_count());
    f->number = (uint16_t)++d->named[f->name % ARRAY_LEN(d->named)];
    if (f->kind == PLACE_NO_PARKING && site % 4 == 1) {
        /* 2026-01-01 to 2036-01-01; every other such zone ended with 2025 */
        f->from_ms = site % 8 == 1 ? INT64_C(1767225600000) : INT64_C(1735689600000);
        f->until_ms = site % 8 == 1 ? INT64_C(2082758400000) : INT64_C(1767225600000);
    }
    shape_draw(d, fence, corners);
    corners_keep(d->plan, fence, corners);
}

static bool ended(const struct plan_fence *f)
{
    return f->until_ms != 0 && f->until_ms <= INT64_C(1767225600000);
}

static void lists_fill(struct world_plan *plan)
{
    for (uint32_t i = 0; i < plan->fence_count; i++) {
        const struct plan_fence *f = &plan->fences[i];

        if (f->popular) {
            plan->crowded[plan->crowded_count++] = i;
        } else if (f->kind == PLACE_BIKE_AREA) {
            plan->areas[plan->area_count++] = i;
        } else if (f->kind == PLACE_FENCE) {
            plan->strips[plan->strip_count++] = i;
        } else if (!ended(f)) {
            plan->zones[plan->zone_count++] = i;
        }
    }
}

/* --- the index: each fence in all cells that it can be near to --- */

struct cell_box {
    uint32_t west, east, south, north;
};

static struct cell_box cells_of(const struct world_plan *plan, const struct plan_fence *f)
{
    const int32_t reach = (int32_t)((f->outer_m + WORLD_FAR_MM / 1000.0) * E7_PER_M * 1.5);
    const int32_t x = f->centre.lon - plan->origin.lon;
    const int32_t y = f->centre.lat - plan->origin.lat;
    struct cell_box box = {
        .west = x > reach ? (uint32_t)(x - reach) / CELL_E7 : 0,
        .east = (uint32_t)(x + reach) / CELL_E7,
        .south = y > reach ? (uint32_t)(y - reach) / CELL_E7 : 0,
        .north = (uint32_t)(y + reach) / CELL_E7,
    };

    box.east = box.east < plan->columns ? box.east : plan->columns - 1;
    box.north = box.north < plan->rows ? box.north : plan->rows - 1;
    return box;
}

static void bounds_find(struct world_plan *plan)
{
    struct position_e7 low = {INT32_MAX, INT32_MAX};
    struct position_e7 high = {INT32_MIN, INT32_MIN};
    const int32_t margin = 2 * CELL_E7;

    for (uint32_t i = 0; i < plan->corner_count; i++) {
        const struct position_e7 at = plan->ring[i];

        low.lat = at.lat < low.lat ? at.lat : low.lat;
        low.lon = at.lon < low.lon ? at.lon : low.lon;
        high.lat = at.lat > high.lat ? at.lat : high.lat;
        high.lon = at.lon > high.lon ? at.lon : high.lon;
    }
    plan->origin = (struct position_e7){low.lat - margin, low.lon - margin};
    plan->rows = (uint32_t)(high.lat + margin - plan->origin.lat) / CELL_E7 + 1;
    plan->columns = (uint32_t)(high.lon + margin - plan->origin.lon) / CELL_E7 + 1;
}

/* Counts, or fills where the starts are known (from the end of each cell down). */
static void cells_visit(struct world_plan *plan, bool fill)
{
    for (uint32_t i = 0; i < plan->fence_count; i++) {
        const struct cell_box box = cells_of(plan, &plan->fences[i]);

        for (uint32_t y = box.south; y <= box.north && !ended(&plan->fences[i]); y++) {
            for (uint32_t x = box.west; x <= box.east; x++) {
                uint32_t *cell = &plan->cell_start[y * plan->columns + x];

                if (fill) {
                    plan->cell_fence[--*cell] = i;
                } else {
                    ++*cell;
                }
            }
        }
    }
}

static enum err index_make(struct world_plan *plan)
{
    uint32_t cells;

    bounds_find(plan);
    cells = plan->columns * plan->rows;
    plan->cell_start = calloc((size_t)cells + 1, sizeof *plan->cell_start);
    if (plan->cell_start == NULL) {
        return ERR_NO_MEMORY;
    }
    cells_visit(plan, false);
    for (uint32_t i = 1; i <= cells; i++) {
        plan->cell_start[i] += plan->cell_start[i - 1];
    }
    plan->cell_fence = calloc((size_t)plan->cell_start[cells] + 1, sizeof *plan->cell_fence);
    if (plan->cell_fence == NULL) {
        return ERR_NO_MEMORY;
    }
    cells_visit(plan, true);
    return ERR_OK;
}

static enum err room_make(struct world_plan *plan)
{
    const size_t n = plan->fence_count;

    plan->fences = calloc(n, sizeof *plan->fences);
    plan->studs = calloc(n * STUDS_MAX, sizeof *plan->studs);
    plan->listeners = calloc(n, sizeof *plan->listeners);
    plan->ring = calloc(n * SHAPE_CORNERS_MAX, sizeof *plan->ring);
    plan->corners = calloc(n * SHAPE_CORNERS_MAX, sizeof *plan->corners);
    plan->areas = calloc(n, sizeof *plan->areas);
    plan->strips = calloc(n, sizeof *plan->strips);
    plan->crowded = calloc(n, sizeof *plan->crowded);
    plan->zones = calloc(n, sizeof *plan->zones);
    return plan->fences != NULL && plan->studs != NULL && plan->listeners != NULL &&
                   plan->ring != NULL && plan->corners != NULL && plan->areas != NULL &&
                   plan->strips != NULL && plan->crowded != NULL && plan->zones != NULL
               ? ERR_OK
               : ERR_NO_MEMORY;
}

enum err world_plan_create(const struct world_plan_params *params, struct world_plan **out)
{
    struct drawing d = {.rng = rng_stream(params->seed, UINT64_C(1) << 43)};
    struct world_plan *plan;
    enum err e;

    if (params->bikes > WORLD_BIKES_MAX || params->fences > WORLD_FENCES_MAX ||
        (params->fences != 0 && params->fences < ROUND) ||
        params->operators > WORLD_OPERATORS_MAX) {
        return ERR_BAD_PARAMETER;
    }
    plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return ERR_NO_MEMORY;
    }
    plan->params = *params;
    plan->params.operators = params->operators == 0 ? 3 : params->operators;
    plan->fence_count = params->fences != 0        ? params->fences
                        : params->bikes / 8 < 24   ? 24
                        : params->bikes / 8 > 2000 ? 2000
                                                   : params->bikes / 8;
    d.plan = plan;
    e = room_make(plan);
    if (e == ERR_OK) {
        for (uint32_t i = 0; i < plan->fence_count; i++) {
            fence_draw(&d, i);
        }
        lists_fill(plan);
        e = index_make(plan);
    }
    if (e != ERR_OK) {
        world_plan_destroy(plan);
        return e;
    }
    *out = plan;
    return ERR_OK;
}

void world_plan_destroy(struct world_plan *plan)
{
    if (plan != NULL) {
        free(plan->fences);
        free(plan->studs);
        free(plan->listeners);
        free(plan->ring);
        free(plan->corners);
        free(plan->areas);
        free(plan->strips);
        free(plan->crowded);
        free(plan->zones);
        free(plan->cell_start);
        free(plan->cell_fence);
        free(plan);
    }
}

int32_t world_plan_distance_mm(const struct world_plan *plan, uint32_t fence, struct position_e7 at)
{
    const struct plan_fence *f = &plan->fences[fence];
    const struct shape_point p = shape_project(f->centre, at);
    const double centre_m = hypot(p.x_m, p.y_m);

    if (centre_m - f->outer_m > WORLD_FAR_MM / 1000.0) {
        return WORLD_FAR_MM;
    }
    return (int32_t)lround(shape_distance_m(plan->corners + f->corner, f->corners, p) * 1000);
}

struct plan_place world_plan_locate(const struct world_plan *plan, struct position_e7 at)
{
    struct plan_place best = {WORLD_NONE, WORLD_NONE, WORLD_FAR_MM, WORLD_FAR_MM};
    const int32_t x = at.lon - plan->origin.lon;
    const int32_t y = at.lat - plan->origin.lat;
    uint32_t cell;

    if (x < 0 || y < 0 || (uint32_t)x / CELL_E7 >= plan->columns ||
        (uint32_t)y / CELL_E7 >= plan->rows) {
        return best;
    }
    cell = (uint32_t)y / CELL_E7 * plan->columns + (uint32_t)x / CELL_E7;
    for (uint32_t i = plan->cell_start[cell]; i < plan->cell_start[cell + 1]; i++) {
        const uint32_t fence = plan->cell_fence[i];
        const bool zone = plan->fences[fence].kind == PLACE_NO_PARKING;
        const int32_t mm = world_plan_distance_mm(plan, fence, at);

        if (mm < (zone ? best.zone_mm : best.park_mm)) {
            *(zone ? &best.zone_mm : &best.park_mm) = mm;
            *(zone ? &best.zone : &best.fence) = fence;
        }
    }
    return best;
}
