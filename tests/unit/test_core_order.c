/* Which reading counts: counters, network times, wall clocks that were set, backlogs, and readings
 * that were resolved by another inventory (STATES). */
#include "gateway/core/space/sensor.h"
#include "tests/unit/space_scene.h"

static void test_order_counter(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    pass(&s, 10000);
    send(&s, VALUE_FREE, 10, T0 + 10000);
    send(&s, VALUE_OCCUPIED, 10, T0 + 10000);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_DUPLICATE), 1);
    assert_int_equal(s.effects->touched_count, 0);
    send(&s, VALUE_OCCUPIED, 9, T0 + 9000);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    /* falls after silence beyond the limit, newer in time: a rejoin */
    pass(&s, EVENT_LIMIT + 1000);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_REJOIN_ASSUMED), 1);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    /* a straggler of the old epoch */
    send(&s, VALUE_FREE, 11, T0 + 11000);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    /* a start with a lower counter begins anew at once */
    pass(&s, 1000);
    send(&s, VALUE_START, 0, s.now_ms);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    send(&s, VALUE_FREE, 2, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    send(&s, VALUE_START, 7, s.now_ms + 1000);
    /* a join: counters begin again */
    pass(&s, 5000);
    say(&s, 0, VALUE_JOIN);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    send(&s, VALUE_FREE, 5, s.now_ms - 3000); /* older than what was heard in this epoch */
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    scene_close(&s);
}

/* A rejoin that nobody tells of, and a counter of 16 bits that wraps: the network's time says that
 * the frame is no straggler. Within five minutes, or by a clock that is ahead, it may be one. */
static void test_a_counter_that_fell_goes_on(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    send(&s, VALUE_FREE, 65535, T0);
    pass(&s, SENSOR_REJOIN_MS / 2);
    send(&s, VALUE_OCCUPIED, 0, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    pass(&s, SENSOR_REJOIN_MS / 2);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms + SENSOR_AHEAD_MS + 1000);
    send(&s, VALUE_OCCUPIED, 1, 0);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 3);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_REJOIN_ASSUMED), 1);
    send(&s, VALUE_FREE, 65534, T0 - 1000); /* of before */
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    send(&s, VALUE_FREE, 2, s.now_ms + 1000);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    scene_close(&s);
}

/* Clocks of networks are set back, those of two radio gateways differ: what follows in its counter
 * counts, of a device that joined as well; what lies further ahead is of before the join. */
static void test_a_clock_set_back_loses_no_frame(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    pass(&s, 60000);
    say(&s, 0, VALUE_FREE);
    say(&s, 0, VALUE_JOIN);
    pass(&s, 1000);
    send(&s, VALUE_OCCUPIED, 40, s.now_ms - 5000); /* of before the join */
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    send(&s, VALUE_OCCUPIED, 0, s.now_ms - 5000);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    send(&s, VALUE_FREE, 1, s.now_ms);
    pass(&s, 2000);
    send(&s, VALUE_OCCUPIED, 2, s.now_ms - 5000);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    pass(&s, 1000);
    send(&s, VALUE_FREE, 5, s.now_ms - 5000); /* 3 and 4 were lost on the air */
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(look_at(&s, 0).since_ms <= s.now_ms, true);
    send(&s, VALUE_OCCUPIED, 9, s.now_ms - 5000);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 2);
    assert_adds_up(&s);
    scene_close(&s);
}

/* A lost link is a word about the sensor too: within the limit of it nothing was silent, so a lower
 * counter is a straggler of before, not a rejoin. */
static void test_lost_link_is_no_silence(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    send(&s, VALUE_FREE, 10, T0);
    pass(&s, EVENT_LIMIT - 1000);
    say(&s, 0, VALUE_LINK_LOST);
    pass(&s, 2000);
    send(&s, VALUE_OCCUPIED, 9, T0 + 1000);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_REJOIN_ASSUMED), 0);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_LINK_LOST);
    pass(&s, EVENT_LIMIT - 1000);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_REJOIN_ASSUMED), 1);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    scene_close(&s);
}

static void test_order_time(void **state)
{
    struct scene s;
    struct reading r;

    (void)state;
    open_scene(&s);
    pass(&s, 300000);
    r = scene_reading(&s, 0, VALUE_FREE);
    r.has = HAS_NET_TIME;
    r.net_time_ms = s.now_ms + 100000; /* ahead but within 120 s */
    scene_read(&s, &r);
    assert_int_equal(look_at(&s, 0).seen_ms, s.now_ms);
    r.value = VALUE_OCCUPIED;
    r.net_time_ms += 1000;
    scene_read(&s, &r);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    r.value = VALUE_FREE;
    r.net_time_ms -= 1000;
    scene_read(&s, &r); /* the first again, though its time is still ahead */
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    r.net_time_ms += 1000;
    scene_read(&s, &r);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_DUPLICATE), 1);
    pass(&s, 200000);
    r.net_time_ms = s.now_ms + 120001;
    scene_read(&s, &r);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_AHEAD), 1);
    assert_int_equal(look_at(&s, 0).seen_ms, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    scene_close(&s);
}

/* A wall clock that was set back: net_time is wall time, ages are city time. */
static void test_shift(void **state)
{
    struct scene s;
    struct input input;

    (void)state;
    open_scene(&s);
    s.now_ms += 10000;
    input = scene_input(&s, INPUT_READING);
    input.now.shift_ms = -3600000;
    input.reading = scene_reading(&s, 0, VALUE_FREE);
    input.reading.has = HAS_NET_TIME;
    input.reading.net_time_ms = T0 + 9000 - 3600000;
    s.effects = core_step(s.core, &input);
    assert_int_equal(look_at(&s, 0).seen_ms, T0 + 9000);
    scene_close(&s);
}

/* Already too old when it comes: history, never live. */
static void test_backlog(void **state)
{
    struct scene s;
    struct reading r;
    struct space_view v;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    pass(&s, 4 * EVENT_LIMIT);
    r = scene_reading(&s, 0, VALUE_OCCUPIED);
    r.has = HAS_NET_TIME;
    r.net_time_ms = T0 + EVENT_LIMIT;
    scene_read(&s, &r);
    v = look_at(&s, 0);
    assert_int_equal(v.state, SPACE_UNKNOWN);
    assert_int_equal(v.known_state, SPACE_OCCUPIED);
    assert_int_equal(v.known_since_ms, T0 + EVENT_LIMIT);
    assert_int_equal(v.seen_ms, T0 + EVENT_LIMIT);
    r.net_time_ms = s.now_ms - 1000;
    scene_read(&s, &r);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    assert_int_equal(look_at(&s, 0).known_since_ms, T0 + EVENT_LIMIT);
    scene_close(&s);
}

/* Readings resolved by another inventory, of foreign places, of nonsense value. */
static void test_resolve(void **state)
{
    struct scene s;
    struct input input;

    (void)state;
    open_scene(&s);
    input = scene_input(&s, INPUT_READING);
    input.inventory_version = 99;
    input.reading = scene_reading(&s, 5, VALUE_FREE);
    input.reading.sensor = 0; /* by its own inventory */
    core_step(s.core, &input);
    assert_int_equal(look_at(&s, 4).state, SPACE_FREE);
    assert_int_equal(look_at(&s, 0).state, SPACE_UNKNOWN);
    input.reading.root = fixture_key(0, 1); /* kept for another place */
    core_step(s.core, &input);
    input.reading.root = 0;
    input.reading.device[0] = 'x';
    core_step(s.core, &input);
    input.reading.device_len = 255;
    core_step(s.core, &input);
    input.reading = scene_reading(&s, 5, VALUE_COUNT_);
    core_step(s.core, &input);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_UNBOUND), 4);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_counter),
        cmocka_unit_test(test_a_counter_that_fell_goes_on),
        cmocka_unit_test(test_a_clock_set_back_loses_no_frame),
        cmocka_unit_test(test_lost_link_is_no_silence),
        cmocka_unit_test(test_order_time),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_backlog),
        cmocka_unit_test(test_resolve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
