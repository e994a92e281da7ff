/* Where the rides of the simulated bikes end, and how sure the truth of a stop is; see
 * world_state.h. */
#include "sensors/sim/fleet/world_state.h"
#include "sensors/sim/world/city.h"
#include "sensors/sim/world/rng.h"
#include <math.h>

#define PI        3.14159265358979323846
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)
#define ZONE_MS   (8 * HOUR_MS) /* China has one time zone, UTC+8 */
#define TRIES     64
#define DEEP_M    24.6  /* beyond the band of the noise */
#define FAR_MM    45000 /* beyond buffer and band */
#define CLEAR_MM  45000 /* from no-parking zones */

/* Means of a stop and crowding by the hour of the day: bikes turn over quickly when people go to
 * work and home, and crowd together at a few places then. No source; the shape of any city's day.
 */
static const struct {
    uint16_t stay_min;
    uint16_t crowd_permille;
} hours[24] = {
    {480, 20 },
    {480, 20 },
    {480, 20 },
    {480, 20 },
    {420, 20 },
    {300, 30 },
    {120, 80 },
    {50,  220},
    {45,  260},
    {90,  120},
    {130, 70 },
    {110, 80 },
    {90,  100},
    {110, 80 },
    {140, 60 },
    {140, 60 },
    {110, 90 },
    {50,  220},
    {45,  250},
    {80,  130},
    {110, 80 },
    {150, 50 },
    {240, 30 },
    {420, 20 },
};

static uint32_t hour_of(int64_t now_ms)
{
    return (uint32_t)((now_ms + ZONE_MS) / HOUR_MS % 24);
}

int64_t world_place_stay_ms(int64_t now_ms)
{
    return hours[hour_of(now_ms)].stay_min * MINUTE_MS;
}

static enum stop_aim aim_of(const struct world *f, uint64_t *rng)
{
    uint32_t roll = rng_below(rng, 1000);

    for (uint32_t i = 0; i < AIM_COUNT; i++) {
        if (roll < f->params.mix[i]) {
            return (enum stop_aim)i;
        }
        roll -= f->params.mix[i];
    }
    return AIM_DEEP;
}

/* Any of a list; low numbers are nearer to the middle of the city and liked better. */
static uint32_t pick(const uint32_t *list, uint32_t count, uint64_t *rng)
{
    const uint32_t a = rng_below(rng, count);
    const uint32_t b = rng_below(rng, count);

    return list[a < b || rng_below(rng, 2) != 0 ? a : b];
}

/* Even over the disc round a fence's centre whose every point is deeper than DEEP_M. */
static struct position_e7 deep(const struct plan_fence *fence, uint64_t *rng)
{
    const double r = (fence->inner_m - DEEP_M) * sqrt(rng_unit(rng));
    const double turn = rng_unit(rng) * 2 * PI;

    return shape_place(fence->centre, (struct shape_point){r * cos(turn), r * sin(turn)});
}

/* A point of the edge, then so many metres straight outward. */
static struct position_e7 beside(const struct world *f, const struct plan_fence *fence,
                                 double out_m, uint64_t *rng)
{
    const struct shape_point *corners = f->plan->corners + fence->corner;
    const uint32_t i = rng_below(rng, fence->corners);
    const struct shape_point a = corners[i];
    const struct shape_point b = corners[(i + 1) % fence->corners];
    const double t = rng_unit(rng);
    const double dx = b.x_m - a.x_m;
    const double dy = b.y_m - a.y_m;
    const double len = hypot(dx, dy);
    struct shape_point p = {a.x_m + t * dx, a.y_m + t * dy};

    if (len > 0) { /* corners run against the clock: outward is to the right */
        p.x_m += dy / len * out_m;
        p.y_m -= dx / len * out_m;
    }
    return shape_place(fence->centre, p);
}

static bool inside_try(const struct world *f, uint32_t fence, uint64_t *rng, struct position_e7 *at)
{
    const struct plan_fence *place = &f->plan->fences[fence];
    const double most_m = place->kind == PLACE_FENCE ? place->inner_m : 12;

    for (int i = 0; i < TRIES; i++) {
        *at = beside(f, place, -0.3 - rng_unit(rng) * most_m, rng);
        if (world_plan_distance_mm(f->plan, fence, *at) < 0) {
            return true;
        }
    }
    *at = place->centre;
    return true;
}

static bool far_try(const struct world *f, uint64_t *rng, struct position_e7 *at)
{
    for (int i = 0; i < TRIES; i++) {
        double middle[2];
        struct plan_place place;

        city_block_middle(rng_below(rng, f->plan->fence_count), middle);
        *at = city_place(middle[0] + (rng_unit(rng) - 0.5) * CITY_BLOCK_M,
                         middle[1] + (rng_unit(rng) - 0.5) * CITY_BLOCK_M);
        place = world_plan_locate(f->plan, *at);
        if (place.park_mm > FAR_MM && place.zone_mm > CLEAR_MM) {
            return true;
        }
    }
    return false;
}

static bool place_try(const struct world *f, enum stop_aim aim, uint64_t *rng,
                      struct position_e7 *at)
{
    const struct world_plan *plan = f->plan;
    const bool strip = rng_below(rng, 2) == 0;

    switch (aim) {
    case AIM_DEEP: *at = deep(&plan->fences[pick(plan->areas, plan->area_count, rng)], rng); break;
    case AIM_EDGE:
        return inside_try(f,
                          strip ? pick(plan->strips, plan->strip_count, rng)
                                : pick(plan->areas, plan->area_count, rng),
                          rng, at);
    case AIM_NEAR:
        *at = beside(f,
                     &plan->fences[strip ? pick(plan->strips, plan->strip_count, rng)
                                         : pick(plan->areas, plan->area_count, rng)],
                     0.3 + rng_unit(rng) * 37.7, rng);
        break;
    case AIM_FAR: return far_try(f, rng, at);
    case AIM_ZONE:
        *at = deep(&plan->fences[plan->zones[rng_below(rng, plan->zone_count)]], rng);
        break;
    case AIM_COUNT: return false;
    }
    return true;
}

void world_place_choose(struct world *f, uint32_t bike, int64_t now_ms)
{
    const struct world_plan *plan = f->plan;
    struct world_bike *b = &f->bikes[bike];
    const enum stop_aim aim = aim_of(f, &b->rng);

    if (aim == AIM_DEEP && rng_below(&b->rng, 1000) < hours[hour_of(now_ms)].crowd_permille) {
        b->at =
            deep(&plan->fences[plan->crowded[rng_below(&b->rng, plan->crowded_count)]], &b->rng);
    } else if (!place_try(f, aim, &b->rng, &b->at)) {
        b->at = deep(&plan->fences[pick(plan->areas, plan->area_count, &b->rng)], &b->rng);
    }
    b->place = world_plan_locate(plan, b->at);
}

enum world_class world_place_class(const struct world *f, const struct world_bike *b)
{
    const int32_t out_mm = (int32_t)f->params.buffer_mm + WORLD_BAND_MM;

    if (b->place.zone_mm < -WORLD_BAND_MM) {
        return WORLD_ZONE;
    }
    if (b->place.zone_mm <= out_mm) {
        /* near a zone a parking fence's verdict may be the zone's */
        return WORLD_ANY;
    }
    if (b->place.park_mm < -WORLD_BAND_MM) {
        return WORLD_INSIDE;
    }
    return b->place.park_mm > out_mm ? WORLD_OUTSIDE : WORLD_ANY;
}

int64_t world_place_episode_ms(const struct world *f, const struct world_bike *b)
{
    if (b->class != WORLD_OUTSIDE && b->class != WORLD_ZONE) {
        return INT64_MAX;
    }
    return b->since_ms + f->params.dwell_ms + (int64_t)f->params.interval_s * 1000;
}
