#ifndef TESTS_UNIT_REDIS_GATEWAY_H
#define TESTS_UNIT_REDIS_GATEWAY_H

/* A gateway as far as Redis goes: a real redis-server, a made-up city, the writer and the flush.
 * The core's loop is the test's to turn. A test that keeps more has this first in its struct, since
 * images are asked for with it as their context. */
#include "tests/unit/redis_fixture.h"

#include "bowei/base/city_clock.h"

#define SETTLE_LIMIT_MS 20000

struct redis_gateway {
    struct city city; /**< first: it is the context of the city's images */
    struct redis_server server;
    struct counters counters;
    struct redis_params params;
    struct redis_writer *writer;
    struct flush *flush;
    uint64_t epoch;
    int64_t at_ms,
        step_ms; /**< the core's time, and how far it goes in a turn (redis_gateway_turn) */
};

/* For a source that has no such images. */
static inline bool image_none(void *ctx, uint32_t slot, struct image *out)
{
    (void)ctx;
    (void)slot;
    (void)out;
    return false;
}

static inline void fence_none(void *ctx, uint32_t fence, struct image *out)
{
    (void)ctx;
    (void)fence;
    (void)out;
    fail_msg("there is no fence");
}

static inline bool override_none(void *ctx, space_key key, struct image *out)
{
    (void)ctx;
    (void)key;
    (void)out;
    return false;
}

/* Server and a city of so many districts; acl: a file of users, the gateway is then the user
 * `gateway`. NULL: none. */
static inline void redis_gateway_open_wide(struct redis_gateway *g, uint32_t spaces,
                                           uint32_t districts, const char *acl, uint32_t timeout_ms)
{
    server_start(&g->server, acl);
    city_make_wide(&g->city, spaces, districts);
    g->params = (struct redis_params){.socket = g->server.socket,
                                      .timeout_ms = timeout_ms,
                                      .username = acl != NULL ? "gateway" : NULL};
    g->at_ms = CITY_NOW_MS;
    g->step_ms = 2;
}

/* The same in a city of two districts. */
static inline void redis_gateway_open(struct redis_gateway *g, uint32_t spaces, const char *acl,
                                      uint32_t timeout_ms)
{
    redis_gateway_open_wide(g, spaces, 2, acl, timeout_ms);
}

/* Takes an epoch and starts writer and flush; unread: as of a gateway that has not read Redis yet,
 * whose writer waits for redis_writer_set_epoch. What the source leaves out of places is the
 * city's. */
static inline void redis_gateway_begin_with(struct redis_gateway *g, struct image_source source,
                                            bool unread)
{
    struct redis_writer_params params = {.counters = &g->counters, .board = &g->city.board};

    source.ctx = g;
    source.space = city_image_space;
    source.lot = city_image_lot;
    source.override = source.override != NULL ? source.override : city_image_override;
    source.suspect = source.suspect != NULL ? source.suspect : city_image_suspect;
    assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 1, &g->epoch), ERR_OK);
    params.redis = g->params;
    params.epoch = unread ? 0 : g->epoch;
    g->writer = redis_writer_start(&params);
    assert_non_null(g->writer);
    g->flush = flush_create(g->writer, &source);
    assert_non_null(g->flush);
    assert_int_equal(flush_reserve(g->flush, &g->city.inv), ERR_OK);
}

static inline void redis_gateway_begin(struct redis_gateway *g, struct image_source source)
{
    redis_gateway_begin_with(g, source, false);
}

/* The gateway ends, Redis goes on. */
static inline void redis_gateway_end(struct redis_gateway *g)
{
    redis_writer_stop(g->writer);
    flush_destroy(g->flush);
}

static inline void redis_gateway_close(struct redis_gateway *g)
{
    redis_gateway_end(g);
    server_stop(&g->server);
    city_drop(&g->city);
}

/* One turn of the core's loop. */
static inline void redis_gateway_turn(struct redis_gateway *g)
{
    g->at_ms += g->step_ms;
    flush_step(g->flush, g->city.at, g->at_ms, 0);
    pause_ms(1);
}

static inline bool redis_gateway_confirmed(const struct redis_gateway *g)
{
    return flush_pending(g->flush) == 0 &&
           position_compare(flush_confirmed(g->flush), g->city.at) == 0;
}

/* Turns until all is confirmed, SETTLE_LIMIT_MS at most. */
static inline void redis_gateway_settle(struct redis_gateway *g)
{
    const int64_t until_ms = host_boot_ms() + SETTLE_LIMIT_MS;

    do {
        redis_gateway_turn(g);
        assert_true(host_boot_ms() < until_ms);
    } while (!redis_gateway_confirmed(g));
}

#endif
