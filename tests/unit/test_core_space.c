/* One space by what its sensors say: the state table, every reason, debounce, flapping, fusion
 * (STATES). In which order readings count: test_core_order.c; what staff say: test_core_staff.c. */
#include "tests/unit/space_scene.h"

static void test_starts_unknown(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_NEVER_HEARD);
    assert_shows(&s, 3, SPACE_UNKNOWN, REASON_UNBOUND);
    assert_int_equal(look_at(&s, 0).known_state, SPACE_UNKNOWN);
    assert_int_equal(look_at(&s, 0).confidence, 0);
    assert_adds_up(&s);
    scene_close(&s);
}

/* rows free and occupied of the table, columns occupied, free, no live sensor */
static void test_table_free_occupied(void **state)
{
    struct scene s;
    struct space_view v;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    assert_true(s.effects->touched[0].shown);
    pass(&s, 5000);
    say(&s, 0, VALUE_FREE); /* renew */
    v = look_at(&s, 0);
    assert_int_equal(v.since_ms, T0);
    assert_int_equal(v.seen_ms, T0 + 5000);
    assert_int_equal(s.effects->touched_count, 1);
    assert_false(s.effects->touched[0].shown);
    pass(&s, 1000);
    say(&s, 0, VALUE_OCCUPIED); /* arrival */
    v = look_at(&s, 0);
    assert_int_equal(v.state, SPACE_OCCUPIED);
    assert_int_equal(v.since_ms, T0 + 6000);
    assert_int_equal(v.known_since_ms, T0 + 6000);
    pass(&s, 1000);
    say(&s, 0, VALUE_OCCUPIED);
    assert_int_equal(look_at(&s, 0).since_ms, T0 + 6000);
    say(&s, 0, VALUE_FREE); /* departure */
    assert_int_equal(look_at(&s, 0).known_since_ms, T0 + 7000);
    pass(&s, EVENT_LIMIT);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    pass(&s, 251);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_SILENT);
    assert_int_equal(look_at(&s, 0).since_ms, T0 + 7000 + EVENT_LIMIT + 1);
    assert_int_equal(look_at(&s, 0).known_state, SPACE_FREE);
    assert_adds_up(&s);
    scene_close(&s);
}

/* row unknown: equal known ends no stay and adds to the gap; another one is an arrival or departure
 */
static void test_table_unknown(void **state)
{
    struct scene s;
    struct image image;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_OCCUPIED);
    pass(&s, 1000);
    say(&s, 0, VALUE_LINK_LOST);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_LINK_LOST);
    pass(&s, 7000);
    say(&s, 0, VALUE_OCCUPIED);
    core_space_image(s.core, 0, &image);
    assert_int_equal(image.space.gap_s, 7);
    assert_int_equal(image.space.known_since_ms, T0);
    assert_int_equal(image.space.since_ms, T0 + 8000);
    say(&s, 0, VALUE_FAULT);
    pass(&s, 1000);
    say(&s, 0, VALUE_FREE);
    core_space_image(s.core, 0, &image);
    assert_int_equal(image.space.gap_s, 0);
    assert_int_equal(image.space.known_state, SPACE_FREE);
    assert_int_equal(image.space.known_since_ms, T0 + 9000);
    scene_close(&s);
}

static void test_unknown_reasons(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_ALIVE);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    say(&s, 0, VALUE_FREE);
    say(&s, 0, VALUE_START);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    say(&s, 0, VALUE_ALIVE); /* says nothing of the place */
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    say(&s, 0, VALUE_FAULT);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_DEVICE_FAULT);
    say(&s, 0, VALUE_LINK_LOST);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_LINK_LOST);
    say(&s, 0, VALUE_OCCUPIED);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    pass(&s, 60001);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_AGING);
    scene_close(&s);
}

static void test_alive_renews(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    for (int i = 0; i < 5; i++) {
        pass(&s, EVENT_LIMIT - 1000);
        assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
        say(&s, 0, VALUE_ALIVE);
    }
    assert_int_equal(look_at(&s, 0).since_ms, T0);
    scene_close(&s);
}

static void test_session_gap(void **state)
{
    struct scene s;
    struct input lost;
    struct reading old;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    say(&s, 2, VALUE_FREE);
    say(&s, 3, VALUE_FREE);
    pass(&s, 10000);
    say(&s, 1, VALUE_FREE);
    lost = scene_lost(&s, "link", T0 + 5000);
    s.effects = core_step(s.core, &lost);
    assert_int_equal(s.effects->touched_count, 2);
    assert_shows(&s, 0, SPACE_FREE, REASON_SESSION_GAP);
    assert_shows(&s, 1, SPACE_FREE, REASON_FRESH); /* heard since */
    assert_shows(&s, 2, SPACE_FREE, REASON_SESSION_GAP);
    assert_int_equal(look_at(&s, 0).confidence, 97 * 50 / 100);
    old = scene_reading(&s, 0, VALUE_FREE);
    old.has = HAS_NET_TIME;
    old.net_time_ms = T0 + 4000; /* from before the break: the gap stays */
    scene_read(&s, &old);
    assert_shows(&s, 0, SPACE_FREE, REASON_SESSION_GAP);
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    scene_close(&s);
}

static void test_debounce(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    say(&s, 1, VALUE_FREE); /* out of unknown: at once */
    assert_int_equal(look_at(&s, 1).state, SPACE_FREE);
    for (int i = 0; i < 2; i++) {
        pass(&s, 1000);
        say(&s, 1, VALUE_OCCUPIED);
        assert_int_equal(look_at(&s, 1).state, SPACE_FREE);
    }
    pass(&s, 1000);
    say(&s, 1, VALUE_OCCUPIED); /* third */
    assert_int_equal(look_at(&s, 1).state, SPACE_OCCUPIED);
    pass(&s, 1000);
    say(&s, 1, VALUE_FREE);
    pass(&s, 1000);
    say(&s, 1, VALUE_OCCUPIED); /* a glitch: begins anew */
    pass(&s, 1000);
    say(&s, 1, VALUE_FREE);
    pass(&s, 10000);
    say(&s, 1, VALUE_FREE);
    assert_int_equal(look_at(&s, 1).state, SPACE_OCCUPIED);
    pass(&s, 5250); /* 15 s */
    assert_int_equal(look_at(&s, 1).state, SPACE_FREE);
    assert_int_equal(look_at(&s, 1).since_ms, T0 + 6000 + 15000);
    scene_close(&s);
}

static void test_flapping(void **state)
{
    struct scene s;
    int64_t last_ms = 0;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    for (int i = 0; i < 10; i++) {
        pass(&s, 20000);
        say(&s, 0, i % 2 == 0 ? VALUE_OCCUPIED : VALUE_FREE);
    }
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE); /* ten are allowed */
    pass(&s, 20000);
    say(&s, 0, VALUE_OCCUPIED);
    last_ms = s.now_ms;
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_FLAPPING);
    assert_int_equal(count_get(&s.counters, COUNT_FLAPPING), 1);
    pass(&s, 300000);
    say(&s, 0, VALUE_OCCUPIED);
    pass(&s, 299999);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_FLAPPING);
    pass(&s, 251);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_AGING);
    assert_int_equal(look_at(&s, 0).since_ms, last_ms + 600000);
    /* slow changes never flap */
    for (int i = 0; i < 30; i++) {
        pass(&s, 61000);
        say(&s, 0, i % 2 == 0 ? VALUE_FREE : VALUE_OCCUPIED);
    }
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    scene_close(&s);
}

static void test_fusion(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    say(&s, 4, VALUE_OCCUPIED); /* rank 1 alone */
    assert_shows(&s, 2, SPACE_OCCUPIED, REASON_FRESH);
    assert_int_equal(look_at(&s, 2).confidence, 97 * 90 / 100);
    say(&s, 2, VALUE_FREE); /* a better rank outvotes it */
    assert_shows(&s, 2, SPACE_FREE, REASON_FRESH);
    say(&s, 3, VALUE_FREE);
    assert_int_equal(look_at(&s, 2).confidence, 97);
    pass(&s, 1000);
    say(&s, 3, VALUE_OCCUPIED); /* equals differ: held */
    assert_shows(&s, 2, SPACE_FREE, REASON_HELD);
    assert_int_equal(look_at(&s, 2).confidence, 97 * 50 / 100);
    pass(&s, 4000);
    say(&s, 3, VALUE_FREE); /* settled in time */
    assert_shows(&s, 2, SPACE_FREE, REASON_FRESH);
    assert_int_equal(look_at(&s, 2).since_ms, T0);
    say(&s, 2, VALUE_OCCUPIED);
    pass(&s, 10250);
    assert_shows(&s, 2, SPACE_UNKNOWN, REASON_CONFLICT);
    assert_int_equal(look_at(&s, 2).since_ms, T0 + 5000 + 10000);
    assert_int_equal(look_at(&s, 2).known_state, SPACE_FREE);
    say(&s, 3, VALUE_OCCUPIED);
    assert_shows(&s, 2, SPACE_OCCUPIED, REASON_FRESH);
    say(&s, 2, VALUE_FAULT);
    say(&s, 3, VALUE_LINK_LOST);
    assert_shows(&s, 2, SPACE_OCCUPIED, REASON_FRESH); /* rank 1 votes */
    say(&s, 4, VALUE_FAULT);
    assert_shows(&s, 2, SPACE_UNKNOWN, REASON_LINK_LOST); /* first in the table of the best rank */
    say(&s, 2, VALUE_FREE);
    say(&s, 3, VALUE_OCCUPIED); /* out of unknown there is nothing to hold */
    say(&s, 3, VALUE_FAULT);
    assert_shows(&s, 2, SPACE_FREE, REASON_FRESH);
    scene_close(&s);
}

static void test_battery_low(void **state)
{
    struct scene s;
    struct reading r;

    (void)state;
    open_scene(&s);
    r = scene_reading(&s, 0, VALUE_FREE);
    r.has = HAS_BATTERY | HAS_BATTERY_LOW | HAS_RSSI;
    r.battery_low = true;
    r.battery_mv = 3100;
    r.rssi_dbm = -121;
    scene_read(&s, &r);
    assert_int_equal(look_at(&s, 0).confidence, 97 * 90 / 100);
    r.battery_low = false;
    scene_read(&s, &r);
    assert_int_equal(look_at(&s, 0).confidence, 97);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_unknown), cmocka_unit_test(test_table_free_occupied),
        cmocka_unit_test(test_table_unknown),  cmocka_unit_test(test_unknown_reasons),
        cmocka_unit_test(test_alive_renews),   cmocka_unit_test(test_session_gap),
        cmocka_unit_test(test_debounce),       cmocka_unit_test(test_flapping),
        cmocka_unit_test(test_fusion),         cmocka_unit_test(test_battery_low),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
