/* A Modbus line whose units and bridges misbehave: dead units, busy ones, holes, refused points,
 * foreign and glued replies, drips, bridges that shut. */
#include "tests/unit/line_scene.h"

static void slave_trick(uint8_t unit, enum trick trick)
{
    pthread_mutex_lock(&slave.lock);
    slave.trick[unit] = trick;
    pthread_mutex_unlock(&slave.lock);
}

static void slave_hole(uint32_t address)
{
    pthread_mutex_lock(&slave.lock);
    slave.hole = address;
    pthread_mutex_unlock(&slave.lock);
}

static void a_dead_unit_says_nothing_and_costs_little(void **state)
{
    int64_t begin_ms;
    uint32_t requests;

    (void)state;
    slave_trick(DEAD_UNIT, TRICK_SILENT);
    run(3);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_BREAKER) == 1, 5000);
    begin_ms = host_boot_ms();
    requests = slave_requests(1);
    WAIT_FOR(slave_requests(1) >= requests + 50, 20000);
    /* 50 rounds of 20 ms: 1 s alone; if every round paid the dead unit's timeout it were more than
     * 8 s */
    assert_in_range(host_boot_ms() - begin_ms, 900, 6000);
    assert_int_equal(value_of("line/dead", 1), -1);
    assert_true(atomic_load(&f->status.link[0].up));
    slave_set(100, 500);
    slave_trick(DEAD_UNIT, TRICK_NONE);
    WAIT_FOR(value_of("line/dead", 1) == VALUE_OCCUPIED, 5000);
}

static void a_gateway_that_cannot_reach_the_unit_says_link_lost(void **state)
{
    (void)state;
    run(1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_FREE, 3000);
    slave_trick(1, TRICK_OFFLINE);
    WAIT_FOR(value_of("line/a", 4) == VALUE_LINK_LOST, 3000);
    WAIT_FOR(value_of("line/a", 1) == VALUE_LINK_LOST, 3000);
    slave_trick(1, TRICK_NONE);
    WAIT_FOR(value_of("line/a", 4) == VALUE_FREE, 5000);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_CONNECTS), 1);
}

static void busy_is_tried_again(void **state)
{
    (void)state;
    slave_trick(1, TRICK_BUSY);
    run(1);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_EXCEPTION) > 5, 3000);
    assert_int_equal(fixture_heard(f), 0);
    slave_trick(1, TRICK_NONE);
    WAIT_FOR(fixture_heard(f) >= 4, 3000);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_CONNECTS), 1);
}

/* Address 40 lies in a hole of the map; the device refuses reads over it. */
static void a_hole_is_found_once(void **state)
{
    uint64_t exceptions;

    (void)state;
    slave_set(64, 1);
    slave.hole = 42;
    run(1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_OCCUPIED && value_of("line/a", 1) == VALUE_FREE, 3000);
    exceptions = count_get(&f->counters, COUNT_MODBUS_EXCEPTION);
    assert_in_range(exceptions, 1, 3);
    fixture_forget(f);
    WAIT_FOR(fixture_heard(f) >= 20, 3000);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_EXCEPTION), exceptions);
}

/* Node 2's own value register is refused for good: it is asked seldom, the others go on. */
static void a_refused_point_is_left_alone(void **state)
{
    (void)state;
    slave.hole = 32;
    run(1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_FREE, 3000);
    fixture_forget(f);
    WAIT_FOR(fixture_heard(f) >= 20, 3000);
    assert_int_equal(value_of("line/a", 2), -1);
    assert_in_range(count_get(&f->counters, COUNT_MODBUS_EXCEPTION), 1, 4);
}

/* A device that starts anew has no addresses for a while. */
static void a_unit_that_starts_anew_is_read_as_before(void **state)
{
    uint64_t polls;

    (void)state;
    run(1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_FREE, 3000);
    slave_hole(40);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_EXCEPTION) >= 10, 3000);
    slave_hole(0);
    slave_set(64, 1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_OCCUPIED, 3000);
    fixture_forget(f);
    polls = count_get(&f->counters, COUNT_MODBUS_POLLS);
    WAIT_FOR(fixture_heard(f) >= 40, 3000);
    assert_in_range(count_get(&f->counters, COUNT_MODBUS_POLLS) - polls, 9, 14); /* one a round */
}

static void foreign_and_glued_replies_are_dropped(void **state)
{
    (void)state;
    units[0].map = map_raw;
    slave_set(100, 900);
    slave_trick(1, TRICK_WRONG_UNIT);
    run(1);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_GARBAGE) >= 2, 5000);
    assert_int_equal(fixture_heard(f), 0);
    slave_trick(1, TRICK_NONE);
    WAIT_FOR(value_of("line/a", 1) == VALUE_OCCUPIED, 5000);
    slave_trick(1, TRICK_GLUE); /* zeroes; the second copy must not answer the next request */
    WAIT_FOR(value_of("line/a", 1) == VALUE_FREE, 5000);
}

/* What one unit says too much is not held against the unit that is asked next. */
static void a_unit_that_says_too_much_costs_the_others_nothing(void **state)
{
    uint32_t requests;

    (void)state;
    slave_trick(1, TRICK_NOISE);
    run(2);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_GARBAGE) >= 2, 5000);
    requests = slave_requests(2);
    WAIT_FOR(slave_requests(2) >= requests + 20, 3000);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_BREAKER), 0);
    assert_int_equal(value_of("line/b", 1), VALUE_FREE);
}

/* 17 bytes at 20 ms each would take 340 ms: the deadline is 150 ms for the whole reply. */
static void a_dripping_device_is_cut_off(void **state)
{
    (void)state;
    units[0].map = map_raw;
    slave_trick(1, TRICK_DRIP);
    run(1);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_TIMEOUT) >= 1, 3000);
    assert_int_equal(fixture_heard(f), 0);
}

/* Bridges that close what is idle, or each connection after one answer: every request of a round is
 * answered all the same. */
static void a_bridge_that_shuts_is_asked_anew(void **state)
{
    (void)state;
    slave.shuts = true;
    maps[0].gap = 0; /* a request a point */
    for (uint32_t point = 0; point < 4; point++) {
        slave_set(16 + 16 * point, point % 2 == 0);
    }
    run(2);
    for (int point = 0; point < 4; point++) {
        WAIT_FOR(value_of("line/a", (uint16_t)(point + 1)) ==
                     (point % 2 == 0 ? VALUE_OCCUPIED : VALUE_FREE),
                 5000);
    }
    WAIT_FOR(value_of("line/b", 1) != -1, 5000);
    WAIT_FOR(atomic_load(&f->status.link[0].up), 5000);
}

static void a_slave_that_went_comes_back(void **state)
{
    (void)state;
    run(1);
    WAIT_FOR(fixture_heard(f) >= 8, 3000);
    slave_stop();
    WAIT_FOR(!atomic_load(&f->status.link[0].up), 5000);
    assert_true(status_is(&f->status, DEGRADED_MODBUS_DOWN));
    fixture_forget(f);
    slave_start();
    WAIT_FOR(fixture_heard(f) >= 4, 8000);
    assert_false(f->heard[0].unchanged); /* first of a new connection */
    WAIT_FOR(!status_is(&f->status, DEGRADED_MODBUS_DOWN), 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_dead_unit_says_nothing_and_costs_little),
        EACH(a_gateway_that_cannot_reach_the_unit_says_link_lost),
        EACH(busy_is_tried_again),
        EACH(a_hole_is_found_once),
        EACH(a_refused_point_is_left_alone),
        EACH(a_unit_that_starts_anew_is_read_as_before),
        EACH(foreign_and_glued_replies_are_dropped),
        EACH(a_unit_that_says_too_much_costs_the_others_nothing),
        EACH(a_dripping_device_is_cut_off),
        EACH(a_bridge_that_shuts_is_asked_anew),
        EACH(a_slave_that_went_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
