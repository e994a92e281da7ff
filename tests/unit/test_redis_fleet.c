/* Fences, bikes, alerts and mutes in a real redis-server: what is written is what comes back, what
 * is gone is gone, wherever it was, and a rewrite leaves nothing in the indices that is not there.
 */
#include "tests/unit/redis_gateway.h"

#include "bowei/journal.h"
#include "tests/unit/random_image.h"

#define BIKES  6000
#define ALERTS 300
#define MUTES  1
#define FIRST  150402
#define SECOND 150403

/* What a core would hold. */
struct yard {
    struct redis_gateway base;
    struct image *bikes, *alerts;
    bool *is_bike, *is_alert;
    uint32_t bike_slots, alert_slots, mutes;
    struct image mute;
};

static bool yard_bike(void *ctx, uint32_t slot, struct image *out)
{
    const struct yard *y = ctx;

    if (slot >= BIKES || !y->is_bike[slot]) {
        return false;
    }
    *out = y->bikes[slot];
    return true;
}

static bool yard_alert(void *ctx, uint32_t slot, struct image *out)
{
    const struct yard *y = ctx;

    if (slot >= ALERTS || !y->is_alert[slot]) {
        return false;
    }
    *out = y->alerts[slot];
    return true;
}

static bool yard_mute(void *ctx, uint32_t index, struct image *out)
{
    const struct yard *y = ctx;

    if (index >= y->mutes) {
        return false;
    }
    *out = y->mute;
    return true;
}

static void yard_slots(void *ctx, uint32_t *bikes, uint32_t *alerts, uint32_t *mutes)
{
    const struct yard *y = ctx;

    *bikes = y->bike_slots;
    *alerts = y->alert_slots;
    *mutes = y->mutes;
}

static void yard_begin(struct yard *y)
{
    redis_gateway_begin(&y->base, (struct image_source){.override = override_none,
                                                        .suspect = image_none,
                                                        .fence = fence_none,
                                                        .bike = yard_bike,
                                                        .alert = yard_alert,
                                                        .mute = yard_mute,
                                                        .slots = yard_slots});
}

static void yard_end(struct yard *y)
{
    redis_gateway_end(&y->base);
}

static struct yard *yard_up(const char *acl)
{
    struct yard *y = calloc(1, sizeof *y);

    assert_non_null(y);
    redis_gateway_open(&y->base, 200, acl, 500);
    y->bikes = calloc(BIKES, sizeof *y->bikes);
    y->is_bike = calloc(BIKES, sizeof *y->is_bike);
    y->alerts = calloc(ALERTS, sizeof *y->alerts);
    y->is_alert = calloc(ALERTS, sizeof *y->is_alert);
    y->base.step_ms = 10; /* its heartbeat (1.5 s) comes soon */
    yard_begin(y);
    return y;
}

static void yard_down(struct yard *y)
{
    redis_gateway_close(&y->base);
    free(y->bikes);
    free(y->is_bike);
    free(y->alerts);
    free(y->is_alert);
    free(y);
}

static void settle(struct yard *y)
{
    y->base.city.at.seq++;
    redis_gateway_settle(&y->base);
}

static void bike_put(struct yard *y, uint32_t slot, uint32_t adcode, struct dice *dice)
{
    struct image *image = &y->bikes[slot];

    memset(image, 0, sizeof *image);
    image->kind = IMAGE_BIKE;
    image->at = (struct position){.epoch = 1, .seq = 1 + slot};
    random_bike(dice, &image->bike);
    snprintf(image->bike.ref, sizeof image->bike.ref, "HLO-%08u", slot);
    image->bike.adcode = adcode;
    image->bike.flags = 0;
    y->is_bike[slot] = true;
    y->bike_slots = y->bike_slots > slot ? y->bike_slots : slot + 1;
    flush_mark(y->base.flush, DIRTY_BIKE, slot);
}

static void bike_leaves(struct yard *y, uint32_t slot)
{
    y->bikes[slot].bike.flags = BIKE_GONE;
    y->bikes[slot].bike.adcode = 0;
    flush_mark(y->base.flush, DIRTY_BIKE, slot);
}

static void alert_put(struct yard *y, uint32_t slot, uint64_t id, int64_t closed_ms,
                      struct dice *dice)
{
    struct image *image = &y->alerts[slot];

    memset(image, 0, sizeof *image);
    image->kind = IMAGE_ALERT;
    random_alert(dice, &image->alert);
    image->alert.id = id;
    image->alert.closed_ms = closed_ms;
    y->is_alert[slot] = true;
    y->alert_slots = y->alert_slots > slot ? y->alert_slots : slot + 1;
    flush_mark(y->base.flush, DIRTY_ALERT, slot);
}

static void mute_put(struct yard *y, struct dice *dice)
{
    y->mute = (struct image){
        .kind = IMAGE_MUTE, .at = {.epoch = 1, .seq = 77}
    };
    y->mute.mute.set = true;
    y->mute.mute.until_ms = dice_time(dice);
    snprintf(y->mute.mute.note, sizeof y->mute.mute.note, "灯会");
    y->mutes = MUTES;
    flush_mark(y->base.flush, DIRTY_MUTE, 0);
}

/* --- asking Redis --- */

static long long has_bike(struct yard *y, uint32_t slot, unsigned adcode)
{
    return redis_number(&y->base.server, "EXISTS bowei:{%u}:vehicle:HLO-%08u", adcode, slot) +
           redis_number(&y->base.server, "SISMEMBER bowei:{%u}:vehicles HLO-%08u", adcode, slot);
}

static long long indexed(struct yard *y)
{
    return redis_number(&y->base.server, "SCARD bowei:{%u}:vehicles", FIRST) +
           redis_number(&y->base.server, "SCARD bowei:{%u}:vehicles", SECOND);
}

static void assert_no_next(struct yard *y)
{
    assert_int_equal(redis_number(&y->base.server,
                                  "EXISTS bowei:{%u}:vehicles.next bowei:{%u}:vehicles.next "
                                  "bowei:{%u}:alerts.next bowei:{%u}:alerts.next",
                                  FIRST, SECOND, FIRST, SECOND),
                     0);
}

struct loaded {
    struct yard *y;
    uint32_t bikes, alerts, mutes, different;
};

static bool equal(const struct image *a, const struct image *b)
{
    uint8_t x[IMAGE_PACK_MAX];
    uint8_t z[IMAGE_PACK_MAX];
    struct image wanted = *b;
    size_t n = image_pack(a, x, sizeof x);

    if (b->kind == IMAGE_BIKE) {
        wanted.bike.marks = 0; /* no business of Redis */
    }
    return n > 0 && image_pack(&wanted, z, sizeof z) == n && memcmp(x, z, n) == 0;
}

static void compare(void *ctx, const struct image *image)
{
    struct loaded *l = ctx;
    struct yard *y = l->y;

    if (image->kind == IMAGE_BIKE) {
        const uint32_t slot = (uint32_t)strtoul(image->bike.ref + 4, NULL, 10);

        l->bikes++;
        l->different += slot >= BIKES || !y->is_bike[slot] || !equal(image, &y->bikes[slot]);
    } else if (image->kind == IMAGE_ALERT) {
        uint32_t slot = 0;

        while (slot < ALERTS - 1 &&
               (!y->is_alert[slot] || y->alerts[slot].alert.id != image->alert.id)) {
            slot++;
        }
        l->alerts++;
        l->different += !equal(image, &y->alerts[slot]);
    } else if (image->kind == IMAGE_MUTE) {
        l->mutes++;
        l->different += !equal(image, &y->mute);
    }
}

static void assert_loaded(struct yard *y, uint32_t bikes, uint32_t alerts, uint32_t mutes)
{
    struct loaded l = {.y = y};
    struct position newest;
    int64_t high_water_ms;

    assert_int_equal(
        redis_load(&y->base.params, &y->base.city.inv, compare, &l, &newest, &high_water_ms),
        ERR_OK);
    assert_int_equal(l.different, 0);
    assert_int_equal(l.bikes, bikes);
    assert_int_equal(l.alerts, alerts);
    assert_int_equal(l.mutes, mutes);
}

/* --- the tests --- */

static void what_is_written_comes_back(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 1};

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        bike_put(y, i, i % 3 == 0 ? SECOND : FIRST, &dice);
    }
    for (uint32_t i = 0; i < 200; i++) {
        alert_put(y, i, 1000 + i, i % 2 == 0 ? 0 : y->base.at_ms, &dice);
    }
    mute_put(y, &dice);
    settle(y);
    assert_loaded(y, 1000, 200, 1);
    assert_int_equal(redis_number(&y->base.server, "SCARD bowei:{%u}:vehicles", SECOND), 334);
    assert_int_equal(redis_number(&y->base.server, "PTTL bowei:{%u}:alert:A%016x", FIRST, 1000),
                     -1);
    assert_true(redis_number(&y->base.server, "PTTL bowei:{%u}:alert:A%016x", FIRST, 1001) > 0);
    assert_no_next(y);
    yard_down(y);
}

/* One value above 64 bytes would make a table of the hash, three times the size. */
static void hashes_stay_small(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 2};
    redisContext *c;
    redisReply *reply;

    (void)state;
    for (uint32_t i = 0; i < 2000; i++) {
        bike_put(y, i, FIRST, &dice);
    }
    for (uint32_t i = 0; i < ALERTS; i++) {
        alert_put(y, i, i + 1, 0, &dice);
    }
    settle(y);
    c = server_connect(&y->base.server);
    for (uint32_t i = 0; i < ALERTS; i++) {
        reply = redisCommand(c, "OBJECT ENCODING bowei:{%u}:alert:A%016x", FIRST, i + 1);
        assert_string_equal(reply->str, "listpack");
        freeReplyObject(reply);
        reply = redisCommand(c, "OBJECT ENCODING bowei:{%u}:vehicle:HLO-%08u", FIRST, i);
        assert_string_equal(reply->str, "listpack");
        freeReplyObject(reply);
    }
    redisFree(c);
    yard_down(y);
}

static void a_bike_that_left_is_nowhere(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 3};

    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        bike_put(y, i, i % 2 == 0 ? FIRST : SECOND, &dice);
    }
    settle(y);
    assert_int_equal(has_bike(y, 3, SECOND), 2);
    bike_leaves(y, 3);
    settle(y);
    assert_int_equal(has_bike(y, 3, SECOND), 0);
    bike_put(y, 3, FIRST, &dice);  /* parked again, elsewhere */
    bike_put(y, 4, SECOND, &dice); /* and one that was not seen to leave */
    bike_put(y, 5, FIRST, &dice);
    settle(y);
    assert_int_equal(has_bike(y, 3, FIRST), 2);
    assert_int_equal(has_bike(y, 4, FIRST), 0);
    assert_int_equal(has_bike(y, 4, SECOND), 2);
    assert_int_equal(has_bike(y, 5, SECOND), 0);
    assert_int_equal(has_bike(y, 5, FIRST), 2);
    assert_loaded(y, 10, 0, 0);
    y->is_bike[3] = false; /* forgotten: written as gone before */
    bike_leaves(y, 6);
    settle(y);
    y->is_bike[6] = false;
    flush_mark(y->base.flush, DIRTY_BIKE, 6);
    bike_put(y, 3, SECOND, &dice);
    settle(y);
    assert_int_equal(indexed(y), 9);
    yard_down(y);
}

/* Ridden away between a crash and the next start: the journal knows, Redis has it parked. */
static void a_bike_that_left_before_the_start_is_nowhere(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 4};

    (void)state;
    bike_put(y, 0, SECOND, &dice);
    bike_put(y, 1, SECOND, &dice);
    bike_put(y, 2, FIRST, &dice);
    settle(y);
    yard_end(y);
    y->bikes[0].bike.flags = BIKE_GONE;
    y->bikes[0].bike.adcode = 0;
    y->bikes[1].bike.adcode = FIRST;
    yard_begin(y);
    flush_all(y->base.flush);
    settle(y);
    assert_int_equal(has_bike(y, 0, FIRST) + has_bike(y, 0, SECOND), 0);
    assert_int_equal(has_bike(y, 1, FIRST), 2);
    assert_int_equal(
        redis_number(&y->base.server, "SISMEMBER bowei:{%u}:vehicles HLO-%08u", SECOND, 1), 0);
    assert_loaded(y, 2, 0, 0);
    yard_down(y);
}

static void slots_grow_as_bikes_come(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 5};

    (void)state;
    for (uint32_t i = 0; i < BIKES; i++) {
        bike_put(y, i, dice_below(&dice, 2) == 0 ? FIRST : SECOND, &dice);
        if (i % 500 == 0) {
            flush_step(y->base.flush, y->base.city.at, ++y->base.at_ms, 0);
        }
    }
    settle(y);
    assert_loaded(y, BIKES, 0, 0);
    yard_down(y);
}

static void an_empty_redis_gets_everything_again(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 6};

    (void)state;
    for (uint32_t i = 0; i < 700; i++) {
        bike_put(y, i, i % 2 == 0 ? FIRST : SECOND, &dice);
    }
    alert_put(y, 0, 42, 0, &dice);
    mute_put(y, &dice);
    settle(y);
    server_kill(&y->base.server);
    bike_leaves(y, 10);
    bike_put(y, 700, FIRST, &dice);
    y->base.city.at.seq++;
    for (unsigned i = 0; i < 50; i++) {
        flush_step(y->base.flush, y->base.city.at, ++y->base.at_ms, 0);
        pause_ms(1);
    }
    assert_true(position_compare(flush_confirmed(y->base.flush), y->base.city.at) < 0);
    server_run(&y->base.server);
    settle(y);
    assert_loaded(y, 700, 1, 1);
    assert_no_next(y);
    yard_down(y);
}

/* A Redis that came back with old data lists bikes that left long ago. */
static void a_rewrite_lists_only_what_is_there(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 7};

    (void)state;
    for (uint32_t i = 0; i < 600; i++) {
        bike_put(y, i, FIRST, &dice);
    }
    alert_put(y, 0, 42, 0, &dice);
    settle(y);
    assert_int_equal(redis_number(&y->base.server, "SADD bowei:{%u}:vehicles HLO-99999999", FIRST),
                     1);
    assert_int_equal(redis_number(&y->base.server, "SADD bowei:{%u}:vehicles HLO-99999998", SECOND),
                     1);
    assert_int_equal(
        redis_number(&y->base.server, "SADD bowei:{%u}:alerts A00000000000000ff", FIRST), 1);
    assert_int_equal(
        redis_number(&y->base.server, "SADD bowei:{%u}:vehicles.next HLO-99999997", FIRST), 1);
    flush_all(y->base.flush);
    flush_step(y->base.flush, y->base.city.at, ++y->base.at_ms, 0);
    bike_leaves(y, 599); /* in the midst of it */
    flush_all(y->base.flush);
    settle(y);
    assert_int_equal(indexed(y), 599);
    assert_int_equal(redis_number(&y->base.server, "SCARD bowei:{%u}:alerts", FIRST), 1);
    assert_no_next(y);
    yard_down(y);
}

static void the_next_episode_of_a_slot_takes_the_place(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 8};

    (void)state;
    alert_put(y, 0, 0xa, y->base.at_ms, &dice);
    alert_put(y, 1, 0xb, y->base.at_ms, &dice);
    settle(y);
    alert_put(y, 0, 0xc, 0, &dice);
    y->is_alert[1] = false;
    flush_mark(y->base.flush, DIRTY_ALERT, 1);
    settle(y);
    assert_int_equal(redis_number(&y->base.server, "SCARD bowei:{%u}:alerts", FIRST), 1);
    assert_int_equal(
        redis_number(&y->base.server, "SISMEMBER bowei:{%u}:alerts A%016x", FIRST, 0xc), 1);
    assert_true(redis_number(&y->base.server, "PTTL bowei:{%u}:alert:A%016x", FIRST, 0xa) > 0);
    assert_true(redis_number(&y->base.server, "PTTL bowei:{%u}:alert:A%016x", FIRST, 0xb) > 0);
    assert_loaded(y, 0, 1, 0);
    alert_put(y, 0, 0xc, y->base.at_ms, &dice); /* ends, and goes on */
    settle(y);
    assert_true(redis_number(&y->base.server, "PTTL bowei:{%u}:alert:A%016x", FIRST, 0xc) > 0);
    alert_put(y, 0, 0xc, 0, &dice);
    settle(y);
    assert_int_equal(redis_number(&y->base.server, "PTTL bowei:{%u}:alert:A%016x", FIRST, 0xc), -1);
    yard_down(y);
}

static void foreign_types_are_replaced(void **state)
{
    struct yard *y = yard_up(NULL);
    struct dice dice = {.state = 9};

    (void)state;
    for (uint32_t i = 0; i < 300; i++) {
        bike_put(y, i, FIRST, &dice);
    }
    settle(y);
    (void)redis_number(&y->base.server, "DEL bowei:{%u}:vehicles", FIRST);
    (void)redis_number(&y->base.server, "LPUSH bowei:{%u}:vehicles foreign", FIRST);
    (void)redis_number(&y->base.server, "DEL bowei:{%u}:vehicle:HLO-%08u", FIRST, 300);
    (void)redis_number(&y->base.server, "LPUSH bowei:{%u}:vehicle:HLO-%08u foreign", FIRST, 300);
    bike_put(y, 300, FIRST, &dice);
    settle(y);
    settle(y);
    assert_loaded(y, 301, 0, 0);
    yard_down(y);
}

/* The shipped users: the gateway may what it needs. */
static void the_gateways_user_may_what_it_needs(void **state)
{
    struct yard *y = yard_up(TESTS_DIR "/../docker/redis-users.acl");
    struct dice dice = {.state = 10};

    (void)state;
    bike_put(y, 0, FIRST, &dice);
    alert_put(y, 0, 1, y->base.at_ms, &dice);
    alert_put(y, 1, 2, 0, &dice);
    mute_put(y, &dice);
    settle(y);
    bike_leaves(y, 0);
    settle(y);
    assert_int_equal(count_get(&y->base.counters, COUNT_REDIS_ERRORS), 0);
    assert_loaded(y, 0, 2, 1);
    yard_down(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(hashes_stay_small),
        cmocka_unit_test(a_bike_that_left_is_nowhere),
        cmocka_unit_test(a_bike_that_left_before_the_start_is_nowhere),
        cmocka_unit_test(slots_grow_as_bikes_come),
        cmocka_unit_test(an_empty_redis_gets_everything_again),
        cmocka_unit_test(a_rewrite_lists_only_what_is_there),
        cmocka_unit_test(the_next_episode_of_a_slot_takes_the_place),
        cmocka_unit_test(foreign_types_are_replaced),
        cmocka_unit_test(the_gateways_user_may_what_it_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
