#ifndef TESTS_UNIT_REDIS_STORE_SCENE_H
#define TESTS_UNIT_REDIS_STORE_SCENE_H

/* A gateway whose core's loop is timed, and what of its city is in Redis. Included by one source a
 * program. */
#include "tests/unit/redis_gateway.h"

#define TIMEOUT_MS 200
#define PACE       10 /* the core's time runs so much faster: its heartbeat (1.5 s) comes soon */

struct gateway {
    struct redis_gateway base;
    long slowest_us; /* of all flush_step */
};

static inline long us_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - from->tv_sec) * 1000000 + (now.tv_nsec - from->tv_nsec) / 1000;
}

static inline void step(struct gateway *g)
{
    struct timespec from;
    long us;

    clock_gettime(CLOCK_MONOTONIC, &from);
    flush_step(g->base.flush, g->base.city.at, g->base.at_ms, 0);
    us = us_since(&from);
    g->slowest_us = us > g->slowest_us ? us : g->slowest_us;
}

/* The core's loop until `done` or the deadline. */
static inline bool pump(struct gateway *g, int limit_ms, bool (*done)(struct gateway *g))
{
    struct timespec from;
    int64_t start_ms = g->base.at_ms;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        g->base.at_ms = start_ms + us_since(&from) / 1000 * PACE;
        step(g);
        if (done(g)) {
            return true;
        }
        pause_ms(1);
    } while (us_since(&from) < (long)limit_ms * 1000);
    return false;
}

static inline bool all_confirmed(struct gateway *g)
{
    return redis_gateway_confirmed(&g->base);
}

static inline bool never(struct gateway *g)
{
    (void)g;
    return false;
}

static inline void pump_for(struct gateway *g, int ms)
{
    (void)pump(g, ms, never);
}

static inline struct gateway *gateway_up(uint32_t spaces, const char *acl)
{
    struct gateway *g = calloc(1, sizeof *g);

    assert_non_null(g);
    redis_gateway_open(&g->base, spaces, acl, TIMEOUT_MS);
    redis_gateway_begin(&g->base, (struct image_source){0});
    return g;
}

static inline void gateway_down(struct gateway *g)
{
    redis_gateway_close(&g->base);
    free(g);
}

/* --- comparing --- */

struct loaded {
    struct gateway *g;
    uint32_t spaces, lots, overrides, suspects, different;
};

static inline void compare(void *ctx, const struct image *image)
{
    struct loaded *l = ctx;
    const struct city *city = &l->g->base.city;

    if (image->kind == IMAGE_SPACE) {
        struct image expected = {.kind = IMAGE_SPACE};

        expected.space = city->spaces[inventory_space(&city->inv, image->space.key)];
        expected.space.source = NO_SENSOR; /* for other readers only: not read back */
        for (unsigned i = 0; i < SENSORS_PER_SPACE_MAX; i++) {
            expected.space.sensors[i].battery_mv = 0; /* health is left to the next message */
            expected.space.sensors[i].rssi_dbm = 0;
        }
        l->spaces++;
        if (memcmp(&expected.space, &image->space, offsetof(struct space_image, sensors)) != 0 ||
            memcmp(&expected.space.sensors[0], &image->space.sensors[0],
                   sizeof expected.space.sensors[0]) != 0) {
            l->different++;
        }
    } else if (image->kind == IMAGE_LOT) {
        const struct lot_image *expected = &city->lots[inventory_lot(&city->inv, image->lot.key)];

        l->lots++;
        if (memcmp(expected, &image->lot, sizeof *expected) != 0) {
            l->different++;
        }
    } else if (image->kind == IMAGE_OVERRIDE) {
        l->overrides++;
        assert_true(image->override.set);
        assert_int_equal(image->override.reason, OUT_EVENT);
        assert_string_equal(image->override.note, "市场 \"夜\"\r\n");
        assert_int_equal(image->at.seq, 7);
    } else {
        assert_int_equal(image->kind, IMAGE_SUSPECT);
        l->suspects++;
        assert_string_equal(image->suspect.actor, "li.na");
    }
}

static inline uint32_t count_free(const struct city *city, uint32_t adcode)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < city->inv.space_count; i++) {
        n += city->spaces[i].shown_state == SPACE_FREE &&
             space_key_adcode(city->spaces[i].key) == adcode;
    }
    return n;
}

static inline void assert_all_equal(struct gateway *g)
{
    struct loaded l = {.g = g};
    struct redis_params patient = g->base.params; /* the writer's haste is not this reader's */
    struct position newest;
    int64_t high_water_ms;

    patient.timeout_ms = 5000;
    assert_int_equal(redis_load(&patient, &g->base.city.inv, compare, &l, &newest, &high_water_ms),
                     ERR_OK);
    assert_int_equal(l.spaces, g->base.city.inv.space_count);
    assert_int_equal(l.lots, g->base.city.inv.lot_count);
    assert_int_equal(l.different, 0);
    assert_int_equal(position_compare(newest, g->base.city.at), 0);
    assert_true(high_water_ms >= CITY_NOW_MS);
    assert_int_equal(redis_number(&g->base.server, "ZCARD bowei:{150402}:free"),
                     count_free(&g->base.city, 150402));
    assert_int_equal(redis_number(&g->base.server, "ZCARD bowei:{150403}:free"),
                     count_free(&g->base.city, 150403));
}

static inline void change(struct gateway *g, uint32_t slot)
{
    city_space(&g->base.city, slot,
               g->base.city.spaces[slot].state == SPACE_FREE ? SPACE_OCCUPIED : SPACE_FREE,
               g->base.at_ms);
    g->base.city.at.seq++;
    flush_mark(g->base.flush, DIRTY_SPACE, slot);
}

#endif
