/* An index of open episodes that somebody deleted, or that a Redis with the wrong policy evicted,
 * is made again while the gateway runs: the next start would not find its members. */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"

#define ALERTS   300u
#define LIMIT_MS 15000

struct gateway {
    struct city city; /* first: images of the city are asked for with the same context */
    struct redis_server server;
    struct counters counters;
    struct redis_params params;
    struct redis_writer *writer;
    struct flush *flush;
    uint32_t alerts; /* so many there are */
    int64_t at_ms;
};

static void no_fence(void *ctx, uint32_t fence, struct image *out)
{
    (void)ctx;
    (void)fence;
    (void)out;
}

static bool none(void *ctx, uint32_t slot, struct image *out)
{
    (void)ctx;
    (void)slot;
    (void)out;
    return false;
}

static bool alert_image(void *ctx, uint32_t slot, struct image *out)
{
    const struct gateway *g = ctx;

    *out = (struct image){
        .kind = IMAGE_ALERT,
        .at = g->city.at,
        .alert = {.id = slot + 1, .version = 1, .opened_ms = CITY_NOW_MS, .operator_code = "HLO"}
    };
    return slot < g->alerts;
}

static void slots(void *ctx, uint32_t *bikes, uint32_t *alerts, uint32_t *mutes)
{
    const struct gateway *g = ctx;

    *bikes = *mutes = 0;
    *alerts = g->alerts;
}

static struct gateway *up(void)
{
    struct gateway *g = calloc(1, sizeof *g);
    const struct image_source source = {.ctx = g,
                                        .space = city_image_space,
                                        .lot = city_image_lot,
                                        .override = city_image_override,
                                        .suspect = city_image_suspect,
                                        .fence = no_fence,
                                        .bike = none,
                                        .alert = alert_image,
                                        .mute = none,
                                        .slots = slots};
    struct redis_writer_params params = {.counters = &g->counters, .board = &g->city.board};

    assert_non_null(g);
    server_start(&g->server, NULL);
    city_make(&g->city, 200);
    g->params = (struct redis_params){.socket = g->server.socket, .timeout_ms = 500};
    assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 1, &params.epoch), ERR_OK);
    params.redis = g->params;
    g->alerts = ALERTS;
    g->writer = redis_writer_start(&params);
    g->flush = flush_create(g->writer, &source);
    assert_int_equal(flush_reserve(g->flush, &g->city.inv), ERR_OK);
    flush_all(g->flush);
    g->at_ms = CITY_NOW_MS;
    return g;
}

static void down(struct gateway *g)
{
    redis_writer_stop(g->writer);
    flush_destroy(g->flush);
    server_stop(&g->server);
    city_drop(&g->city);
    free(g);
}

static long long ask(const struct gateway *g, const char *command)
{
    redisContext *c = server_connect(&g->server);
    redisReply *reply = redisCommand(c, command);
    long long number;

    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    number = reply->integer;
    freeReplyObject(reply);
    redisFree(c);
    return number;
}

static void step(struct gateway *g)
{
    g->at_ms += 50; /* a heartbeat each 30 steps */
    flush_step(g->flush, g->city.at, g->at_ms, 0);
    pause_ms(2);
}

static bool members_are(struct gateway *g, long long members)
{
    const int64_t until_ms = host_boot_ms() + LIMIT_MS;

    while (ask(g, "SCARD bowei:{150402}:alerts") != members || flush_pending(g->flush) > 0 ||
           position_compare(flush_confirmed(g->flush), g->city.at) != 0) {
        if (host_boot_ms() >= until_ms) {
            return false;
        }
        step(g);
    }
    return true;
}

static void rest(struct gateway *g)
{
    for (int i = 0; i < 200; i++) {
        step(g);
    }
}

static void a_deleted_index_is_made_again(void **state)
{
    struct gateway *g = up();

    (void)state;
    assert_true(members_are(g, ALERTS));
    rest(g);
    assert_int_equal(count_get(&g->counters, COUNT_REDIS_REWRITES), 1); /* the first connection */
    assert_int_equal(ask(g, "DEL bowei:{150402}:alerts"), 1);
    assert_true(members_are(g, ALERTS));
    rest(g);
    assert_int_equal(count_get(&g->counters, COUNT_REDIS_REWRITES), 2);
    down(g);
}

/* The last member leaves: that is no loss. */
static void an_emptied_index_is_none(void **state)
{
    struct gateway *g = up();

    (void)state;
    assert_true(members_are(g, ALERTS));
    rest(g);
    g->alerts = 0;
    g->city.at.seq++;
    for (uint32_t i = 0; i < ALERTS; i++) {
        flush_mark(g->flush, DIRTY_ALERT, i);
    }
    assert_true(members_are(g, 0));
    rest(g);
    assert_int_equal(count_get(&g->counters, COUNT_REDIS_REWRITES), 1);
    down(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deleted_index_is_made_again),
        cmocka_unit_test(an_emptied_index_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
