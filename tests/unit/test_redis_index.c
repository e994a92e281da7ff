/* An index of open episodes that somebody deleted, or that a Redis with the wrong policy evicted,
 * is made again while the gateway runs: the next start would not find its members. */
#include "tests/unit/redis_gateway.h"

#define ALERTS   300u
#define LIMIT_MS 15000

struct gateway {
    struct redis_gateway base;
    uint32_t alerts; /* so many there are */
};

static bool alert_image(void *ctx, uint32_t slot, struct image *out)
{
    const struct gateway *g = ctx;

    *out = (struct image){
        .kind = IMAGE_ALERT,
        .at = g->base.city.at,
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

    assert_non_null(g);
    redis_gateway_open(&g->base, 200, NULL, 500);
    g->base.step_ms = 50; /* a heartbeat each 30 turns */
    g->alerts = ALERTS;
    redis_gateway_begin(&g->base, (struct image_source){.fence = fence_none,
                                                        .bike = image_none,
                                                        .alert = alert_image,
                                                        .mute = image_none,
                                                        .slots = slots});
    flush_all(g->base.flush);
    return g;
}

static void down(struct gateway *g)
{
    redis_gateway_close(&g->base);
    free(g);
}

static bool members_are(struct gateway *g, long long members)
{
    const int64_t until_ms = host_boot_ms() + LIMIT_MS;

    while (redis_number(&g->base.server, "SCARD bowei:{150402}:alerts") != members ||
           !redis_gateway_confirmed(&g->base)) {
        if (host_boot_ms() >= until_ms) {
            return false;
        }
        redis_gateway_turn(&g->base);
    }
    return true;
}

static void rest(struct gateway *g)
{
    for (int i = 0; i < 200; i++) {
        redis_gateway_turn(&g->base);
    }
}

static void a_deleted_index_is_made_again(void **state)
{
    struct gateway *g = up();

    (void)state;
    assert_true(members_are(g, ALERTS));
    rest(g);
    assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_REWRITES),
                     1); /* the first connection */
    assert_int_equal(redis_number(&g->base.server, "DEL bowei:{150402}:alerts"), 1);
    assert_true(members_are(g, ALERTS));
    rest(g);
    assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_REWRITES), 2);
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
    g->base.city.at.seq++;
    for (uint32_t i = 0; i < ALERTS; i++) {
        flush_mark(g->base.flush, DIRTY_ALERT, i);
    }
    assert_true(members_are(g, 0));
    rest(g);
    assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_REWRITES), 1);
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
