/* Images of a Redis that came after the start, of a time that this host's clock has not reached:
 * the clock is wrong (a host without a battery clock), and nothing may stay fresh until it is
 * there. */
#include "bowei/journal.h"
#include "core_fixture.h"

#define HOUR_MS 3600000
#define GATE    2

/* lot 0: 2 spaces; lot 1: 10 places behind a gate */
static const struct fixture_lot lots[] = {{.spaces = 2}, {.capacity = 10}};
static const struct fixture_sensor sensors[] = {
    {0, 0, 0, 0, false, EVENT},
    {1, 1, 0, 0, false, EVENT},
    {1, 2, 0, 0, true,  EVENT},
};
static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 2, .sensors = sensors, .sensor_count = 3, .device_count = 3};

/* A gateway that heard two spaces and a gate an hour ahead of the other one's clock. */
static void open_both(struct scene *former, struct scene *now)
{
    scene_open(former, fixture_city(1, &spec));
    go_to(former, T0 + HOUR_MS);
    say(former, 0, VALUE_FREE);
    say(former, 1, VALUE_OCCUPIED);
    count(former, GATE, 3, 1);
    scene_open(now, fixture_city(1, &spec));
    go_to(now, T0 + 1000);
}

/* A gateway that started while Redis was away: what it accepts is newer than all that Redis holds.
 */
static void open_without_redis(struct scene *now, int64_t now_ms)
{
    scene_open(now, fixture_city(1, &spec));
    go_to(now, now_ms);
    now->seq = 1000;
}

/* The same before its images are read: lots at gates wait for Redis if told so. */
static void begin_later(struct scene *now, bool lots_wait)
{
    scene_begin(now, fixture_city(1, &spec));
    now->now_ms = T0 + 60000;
    now->seq = 1000;
    if (lots_wait) {
        core_lots_wait(now->core);
    }
}

static void close_both(struct scene *former, struct scene *now)
{
    scene_close(now);
    scene_close(former);
}

static void what_lies_ahead_is_not_believed(void **state)
{
    struct scene former;
    struct scene now;

    (void)state;
    open_both(&former, &now);
    hand_space(&former, 0, &now);
    assert_shows(&now, 0, SPACE_UNKNOWN, REASON_CLOCK_SUSPECT);
    hand_lot(&former, 1, &now);
    assert_int_equal(lot_of(&now, 1).reason, REASON_CLOCK_SUSPECT);
    assert_int_equal(lot_of(&now, 1).counts.free, 0);
    assert_true(kept_of(&now, 0).space.seen_ms <= now.now_ms);
    assert_true(kept_of(&now, 0).space.since_ms <= now.now_ms);
    assert_adds_up(&now);
    say(&now, 0, VALUE_FREE); /* heard by this clock: believed */
    assert_shows(&now, 0, SPACE_FREE, REASON_FRESH);
    close_both(&former, &now);
}

/* And it grows old as anything else. */
static void nothing_stays_fresh(void **state)
{
    struct scene former;
    struct scene now;

    (void)state;
    open_both(&former, &now);
    for (uint32_t slot = 0; slot < 2; slot++) {
        hand_space(&former, slot, &now);
    }
    go_to(&now, T0 + 1000 + EVENT_LIMIT + 251);
    for (uint32_t slot = 0; slot < 2; slot++) {
        assert_int_equal(look_at(&now, slot).state, SPACE_UNKNOWN);
    }
    assert_adds_up(&now);
    close_both(&former, &now);
}

/* A car stands since T0; the gateway restarts while Redis is away, hears the car once more, and
 * only then can read since when it stands. */
static void a_stay_outlives_a_start_without_redis(void **state)
{
    struct scene former;
    struct scene now;

    (void)state;
    scene_open(&former, fixture_city(1, &spec));
    say(&former, 0, VALUE_OCCUPIED);
    say(&former, 1, VALUE_FREE);
    for (int i = 0; i < 20; i++) {
        pass(&former, EVENT_LIMIT / 2);
        say(&former, 0, VALUE_OCCUPIED);
        say(&former, 1, VALUE_FREE);
    }
    open_without_redis(&now, former.now_ms + 90000);
    say(&now, 0, VALUE_OCCUPIED);
    say(&now, 1, VALUE_OCCUPIED);
    assert_int_equal(kept_of(&now, 0).space.known_since_ms, now.now_ms);

    hand_space(&former, 0, &now);
    assert_int_equal(kept_of(&now, 0).space.known_since_ms, T0);
    assert_int_equal(kept_of(&now, 0).space.gap_s, 90); /* nobody looked so long */
    assert_int_equal(kept_of(&now, 0).space.since_ms, now.now_ms);
    assert_int_equal(kept_of(&now, 0).at.seq, 1001);
    assert_shows(&now, 0, SPACE_OCCUPIED, REASON_FRESH);
    hand_space(&former, 1, &now); /* it was free: this car came meanwhile */
    assert_int_equal(kept_of(&now, 1).space.known_since_ms, now.now_ms);
    assert_adds_up(&now);
    close_both(&former, &now);
}

/* What changed under the gateway's eyes since its start is known better than any image. */
static void a_stay_that_was_seen_to_begin_is_new(void **state)
{
    struct scene former;
    struct scene now;

    (void)state;
    scene_open(&former, fixture_city(1, &spec));
    say(&former, 0, VALUE_OCCUPIED);
    open_without_redis(&now, T0 + 60000);
    say(&now, 0, VALUE_FREE);
    pass(&now, 60000);
    say(&now, 0, VALUE_OCCUPIED);
    hand_space(&former, 0, &now);
    assert_int_equal(kept_of(&now, 0).space.known_since_ms, T0 + 120000);
    close_both(&former, &now);
}

/* A gate's first count after such a start is not its first one ever: staff had said how many are
 * inside, and what passed since comes on top. */
static void a_count_outlives_it_too(void **state)
{
    struct command true_up = {.kind = COMMAND_LOT_COUNT, .key = fixture_key(1, 0), .count = 6};
    struct scene former;
    struct scene now;

    (void)state;
    scene_open(&former, fixture_city(1, &spec));
    count(&former, GATE, 100, 98);
    assert_int_equal(ask(&former, &true_up), ERR_OK);
    count(&former, GATE, 101, 98);
    assert_int_equal(lot_of(&former, 1).counts.free, 3);
    open_without_redis(&now, T0 + 60000);
    count(&now, GATE, 103, 99);
    hand_lot(&former, 1, &now);
    assert_int_equal(lot_of(&now, 1).counts.free, 2); /* 7 inside, 2 came, 1 left */
    count(&now, GATE, 103, 100);
    assert_int_equal(lot_of(&now, 1).counts.free, 3);
    hand_lot(&former, 1, &now); /* once */
    assert_int_equal(lot_of(&now, 1).counts.free, 3);
    assert_adds_up(&now);
    close_both(&former, &now);
}

/* Nobody has read yet how many were inside: a first count is not shown as if it were known. */
static void a_first_count_waits_for_redis(void **state)
{
    struct scene former;
    struct scene s;
    struct image image;

    (void)state;
    scene_open(&former, fixture_city(1, &spec));
    count(&former, GATE, 100, 98);
    count(&former, GATE, 105, 98);
    for (int redis_knows = 0; redis_knows < 2; redis_knows++) {
        begin_later(&s, true);
        core_restored(s.core, (struct now){.at_ms = s.now_ms}, false);
        assert_int_equal(lot_of(&s, 1).reason, REASON_GATE_SILENT);
        count(&s, GATE, 106, 98);
        assert_int_equal(lot_of(&s, 1).counts.unknown, 10);
        assert_int_equal(lot_of(&s, 1).reason, REASON_COUNT_UNREAD);
        if (redis_knows) {
            core_lot_image(former.core, 1, &image);
            image.lot.count_raw = 3; /* as staff trued it up */
            core_restore(s.core, &image);
            assert_int_equal(lot_of(&s, 1).counts.occupied, 4);
        }
        core_lots_on(s.core);
        assert_int_equal(lot_of(&s, 1).counts.occupied, redis_knows ? 4 : 8);
        assert_int_equal(lot_of(&s, 1).reason, REASON_FRESH);
        assert_adds_up(&s);
        pass(&s, EVENT_LIMIT + 251); /* and silence is noticed as ever */
        assert_int_equal(lot_of(&s, 1).reason, REASON_GATE_SILENT);
        scene_close(&s);
    }
    scene_close(&former);
}

/* The journal was shortened while Redis was away, and the gateway starts once more, with Redis: the
 * image of first counts is newer than that of Redis, but knows less. */
static void a_shortened_first_count_is_still_one(void **state)
{
    struct scene former;
    struct scene s;
    struct image shortened;
    struct image image;
    uint8_t bytes[IMAGE_PACK_MAX];

    (void)state;
    scene_open(&former, fixture_city(1, &spec));
    count(&former, GATE, 105, 98);
    core_lot_image(former.core, 1, &image);
    assert_false(image.lot.first);
    image.lot.count_raw = 3;
    for (int start = 0; start < 2; start++) {
        begin_later(&s, start == 0);
        if (start == 0) {
            core_restored(s.core, (struct now){.at_ms = s.now_ms}, false);
            count(&s, GATE, 106, 98);
            core_lot_image(s.core, 1, &shortened);
            assert_true(image_unpack(IMAGE_LOT, bytes, image_pack(&shortened, bytes, sizeof bytes),
                                     &shortened));
        } else {
            core_restore(s.core, &shortened);
            core_restore(s.core, &image);
            core_restored(s.core, (struct now){.at_ms = s.now_ms}, false);
            assert_int_equal(lot_of(&s, 1).counts.occupied, 4);
        }
        scene_close(&s);
    }
    scene_close(&former);
}

/* The same of a space: a car stands since T0, its first word after a start without Redis shortens
 * the journal, and the next start has Redis. */
static void a_shortened_stay_goes_on(void **state)
{
    struct scene former;
    struct scene blind;
    struct scene next;
    uint8_t bytes[IMAGE_PACK_MAX];

    (void)state;
    scene_open(&former, fixture_city(1, &spec));
    say(&former, 0, VALUE_OCCUPIED);
    say(&former, 1, VALUE_FREE);
    open_without_redis(&blind, T0 + 60000);
    begin_later(&next, false);
    for (uint32_t slot = 0; slot < 2; slot++) {
        const struct image redis = kept_of(&former, slot);
        struct image kept;
        struct image shortened = {0};

        say(&blind, slot, VALUE_OCCUPIED);
        kept = kept_of(&blind, slot);
        assert_true(kept.space.found);
        assert_true(
            image_unpack(IMAGE_SPACE, bytes, image_pack(&kept, bytes, sizeof bytes), &shortened));
        core_restore(next.core, &shortened);
        core_restore(next.core, &redis);
    }
    core_restored(next.core, (struct now){.at_ms = next.now_ms}, false);
    assert_int_equal(kept_of(&next, 0).space.known_since_ms, T0);
    /* it was free: this car came meanwhile */
    assert_int_equal(kept_of(&next, 1).space.known_since_ms, T0 + 60000);
    scene_close(&next);
    close_both(&former, &blind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_ahead_is_not_believed),
        cmocka_unit_test(nothing_stays_fresh),
        cmocka_unit_test(a_stay_outlives_a_start_without_redis),
        cmocka_unit_test(a_stay_that_was_seen_to_begin_is_new),
        cmocka_unit_test(a_count_outlives_it_too),
        cmocka_unit_test(a_first_count_waits_for_redis),
        cmocka_unit_test(a_shortened_first_count_is_still_one),
        cmocka_unit_test(a_shortened_stay_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
