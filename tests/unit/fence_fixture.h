#ifndef TESTS_UNIT_FENCE_FIXTURE_H
#define TESTS_UNIT_FENCE_FIXTURE_H

#include "bowei/fences.h"
#include "gateway/inventory/fences/outline.h"
#include "tests/unit/city_fixture.h"

/* Seeded fences for tests and bench. */

#define FENCE_CORNERS_MAX 64
#define CENTRE_LAT        422578000
#define CENTRE_LON        1188869000

/* A key of fence i; kind F, B or N. Up to 5 million. */
static inline space_key fence_key_of(char kind, uint32_t i)
{
    char body[18];
    space_key key = 0;

    (void)snprintf(body, sizeof body, "%06u%03u%c%03u0000", 150402 + i / 500000 % 20,
                   1 + i / 900 % 550, kind, 1 + i % 900);
    assert(space_id_parse_body(body, 17, &key) == ID_OK);
    return key;
}

/* Adds a ring like a star: corners at growing angles, so that it never crosses itself. */
static inline void fence_star_add(struct draft *d, struct dice *dice, struct position_e7 centre,
                                  uint32_t corners, double radius_m)
{
    const double e7_per_m = 1000.0 / 11.119508;
    double turn = dice_below(dice, 1000) / 1000.0;

    for (uint32_t i = 0; i < corners; i++) {
        double angle = (i + turn + dice_below(dice, 800) / 1000.0) * 6.283185307 / corners;
        double r = radius_m * (0.5 + dice_below(dice, 500) / 1000.0);
        struct position_e7 at = {
            centre.lat + (int32_t)(r * sin(angle) * e7_per_m),
            centre.lon + (int32_t)(r * cos(angle) * e7_per_m / cos(centre.lat * 1.7453e-9))};

        assert(draft_corner_add(d, at) == ERR_OK);
    }
}

/* Begins a fence; rings follow, then fence_end. */
static inline struct draft_fence *fence_begin(struct draft *d, space_key key, uint32_t capacity)
{
    struct draft_fence *f = draft_row_add(d, TABLE_FENCE);

    assert(f != NULL);
    f->key = key;
    f->capacity = capacity;
    f->outline.ring = d->ring_count;
    return f;
}

static inline enum err fence_end(struct draft *d, struct draft_fence *f)
{
    struct outline_fault fault = {.reason = ""};
    enum err e;

    f->outline.ring_count = d->ring_count - f->outline.ring;
    e = outline_check(d, &f->outline, outline_use_of(f->key), &fault);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "outline: %s\n", fault.reason);
    }
    return e;
}

/* A star of that many corners and radius round a centre; every third with a hole, every fifth of
 * two parts. */
static inline void fence_add(struct draft *d, struct dice *dice, uint32_t i,
                             struct position_e7 centre, double radius_m)
{
    char kind = i % 4 == 3 ? 'N' : i % 2 == 0 ? 'F' : 'B';
    struct draft_fence *f = fence_begin(d, fence_key_of(kind, i), kind == 'N' ? 0 : 20);

    assert(draft_ring_add(d, false) == ERR_OK);
    fence_star_add(d, dice, centre, 8 + dice_below(dice, 33), radius_m);
    if (i % 3 == 0) {
        assert(draft_ring_add(d, true) == ERR_OK);
        fence_star_add(d, dice, centre, 8 + dice_below(dice, 9), radius_m * 0.3);
    }
    if (i % 5 == 0) {
        assert(draft_ring_add(d, false) == ERR_OK);
        centre.lat += (int32_t)(radius_m * 3 * 90);
        fence_star_add(d, dice, centre, 8 + dice_below(dice, 9), radius_m);
    }
    assert(fence_end(d, f) == ERR_OK);
}

/* `count` fences of 8 to 40 corners, 10 to 100 m wide, strewn over a square so that a place has
 * about the density of a city centre: one per hectare. */
static inline struct inventory *fence_city_make(struct dice *dice, uint32_t count)
{
    struct draft *d = draft_create();
    double side_e7 = sqrt((double)count) * 100 * 90;
    struct inventory *inv;

    for (uint32_t i = 0; i < count; i++) {
        struct position_e7 centre = {
            CENTRE_LAT + (int32_t)((dice_below(dice, 10000) / 1e4 - 0.5) * side_e7),
            CENTRE_LON + (int32_t)((dice_below(dice, 10000) / 1e4 - 0.5) * side_e7 / 0.74)};

        fence_add(d, dice, i, centre, 5 + dice_below(dice, 45));
    }
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    return inv;
}

static inline struct position_e7 fence_place_roll(struct dice *dice, uint32_t count)
{
    double side_e7 = sqrt((double)count) * 100 * 90;

    return (struct position_e7){
        CENTRE_LAT + (int32_t)((dice_below(dice, 100000) / 1e5 - 0.5) * side_e7),
        CENTRE_LON + (int32_t)((dice_below(dice, 100000) / 1e5 - 0.5) * side_e7 / 0.74)};
}

#endif
