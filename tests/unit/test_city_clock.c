/* City time under every trouble of the two host clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/city_clock.h"

#define WALL INT64_C(1763733791000) /* 2025-11-21, any day */
#define BOOT INT64_C(5000000)
#define HOUR INT64_C(3600000)

static void test_grows_with_both(void **state)
{
    struct city_clock c;

    (void)state;
    city_clock_init(&c, WALL, BOOT);
    for (int64_t t = 0; t < 10000; t += 7) {
        struct now now = city_clock_read(&c, WALL + t, BOOT + t);

        assert_int_equal(now.at_ms, WALL + t);
        assert_int_equal(now.shift_ms, 0);
    }
    assert_int_equal(c.jumps_ahead, 0);
    assert_int_equal(c.steps_back, 0);
}

static void test_forward_jump_ages(void **state)
{
    struct city_clock c;
    struct now now;

    (void)state;
    city_clock_init(&c, WALL, BOOT);
    now = city_clock_read(&c, WALL + HOUR + 10, BOOT + 10);
    assert_int_equal(now.at_ms, WALL + HOUR + 10);
    assert_int_equal(now.shift_ms, 0);
    assert_int_equal(c.jumps_ahead, 1);
    /* exactly the limit is drift, one more is a jump */
    now = city_clock_read(&c, now.at_ms + CITY_CLOCK_JUMP_MS, BOOT + 10);
    assert_int_equal(c.jumps_ahead, 1);
    now = city_clock_read(&c, now.at_ms + CITY_CLOCK_JUMP_MS + 1, BOOT + 10);
    assert_int_equal(c.jumps_ahead, 2);
}

static void test_host_slept(void **state)
{
    struct city_clock c;

    (void)state;
    city_clock_init(&c, WALL, BOOT);
    /* boottime counts the sleep too: no jump, but everything is an hour older */
    assert_int_equal(city_clock_read(&c, WALL + HOUR, BOOT + HOUR).at_ms, WALL + HOUR);
    assert_int_equal(c.jumps_ahead, 0);
}

static void test_backward_step(void **state)
{
    struct city_clock c;
    struct now now;

    (void)state;
    city_clock_init(&c, WALL, BOOT);
    now = city_clock_read(&c, WALL + 100 - HOUR, BOOT + 100);
    assert_int_equal(now.at_ms, WALL + 100);
    assert_int_equal(now.shift_ms, -HOUR);
    for (int64_t t = 200; t <= 60000; t += 100) {
        now = city_clock_read(&c, WALL + t - HOUR, BOOT + t);
        assert_int_equal(now.at_ms, WALL + t); /* ages go on growing at full rate */
        assert_int_equal(now.shift_ms, -HOUR);
    }
    assert_int_equal(c.steps_back, 1);
    now = city_clock_read(&c, WALL + 60100 - 2 * HOUR, BOOT + 60100);
    assert_int_equal(now.shift_ms, -2 * HOUR);
    assert_int_equal(c.steps_back, 2);
    /* set right again: neither a jump nor a step */
    now = city_clock_read(&c, WALL + 60200, BOOT + 60200);
    assert_int_equal(now.at_ms, WALL + 60200);
    assert_int_equal(now.shift_ms, 0);
    assert_int_equal(c.jumps_ahead, 0);
    assert_int_equal(c.steps_back, 2);
}

/* A wall clock 1 s behind is caught up in 100 s, however often the clock is read. */
static void slow_drift(int64_t every_ms)
{
    struct city_clock c;
    struct now last = {.at_ms = WALL};

    city_clock_init(&c, WALL, BOOT);
    for (int64_t t = every_ms; t <= 99000; t += every_ms) {
        struct now now = city_clock_read(&c, WALL + t - 1000, BOOT + t);

        assert_true(now.at_ms >= last.at_ms);
        assert_true(now.at_ms > WALL + t - 1000);
        last = now;
    }
    for (int64_t t = 99000; t <= 102000; t += every_ms) {
        last = city_clock_read(&c, WALL + t - 1000, BOOT + t);
    }
    assert_true(last.at_ms - (WALL + 102000 - 1000) <= every_ms);
    assert_int_equal(c.steps_back, 0);
    assert_int_equal(last.shift_ms, 0);
}

static void test_slow_drift_is_slewed(void **state)
{
    (void)state;
    slow_drift(1);
    slow_drift(10);
    slow_drift(250);
    slow_drift(1000);
}

/* A long time barely behind saves up nothing: the next 100 ms give back 1 ms, no more. */
static void test_no_burst_after_catching_up(void **state)
{
    struct city_clock c;
    int64_t boot = BOOT;
    int64_t before;

    (void)state;
    city_clock_init(&c, WALL, boot);
    for (int i = 0; i < 1000; i++) { /* the wall runs 1 ms slow in each second */
        boot += 1000;
        before = c.at_ms;
        assert_int_equal(city_clock_read(&c, before + 999, boot).at_ms, before + 999);
    }
    before = c.at_ms;
    assert_int_equal(city_clock_read(&c, before + 100 - 1500, boot + 100).at_ms, before + 99);
}

static uint64_t seed = 20261121;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void test_never_back_at_random(void **state)
{
    struct city_clock c;
    int64_t wall = WALL;
    int64_t boot = BOOT;
    int64_t last = WALL;

    (void)state;
    city_clock_init(&c, wall, boot);
    for (int i = 0; i < 1000000; i++) {
        int64_t step = (int64_t)(rnd() % 50);
        struct now now;

        boot += step;
        wall += step;
        if (rnd() % 100 == 0) {
            wall += (int64_t)(rnd() % 20001) - 10000;
        }
        now = city_clock_read(&c, wall, boot);
        assert_true(now.at_ms >= last + step - step / 2 - 1);
        assert_true(now.shift_ms <= 0);
        assert_true(now.at_ms + now.shift_ms - wall >= 0);
        assert_true(now.at_ms + now.shift_ms - wall <= CITY_CLOCK_JUMP_MS);
        last = now.at_ms;
    }
    assert_true(c.jumps_ahead > 0 && c.steps_back > 0);
}

/* What is restored keeps its age, and has one: nothing lies ahead. */
static void test_restored(void **state)
{
    const int64_t now_ms = INT64_C(1700000000000);

    (void)state;
    assert_int_equal(city_clock_restored(now_ms - 1, now_ms), now_ms - 1);
    assert_int_equal(city_clock_restored(now_ms + 1, now_ms), now_ms);
    assert_int_equal(city_clock_restored(0, now_ms), 0); /* never stays never */
}

static void test_host_clocks(void **state)
{
    int64_t boot = host_boot_ms();

    (void)state;
    assert_true(host_wall_ms() > INT64_C(1700000000000));
    assert_true(boot > 0 && host_boot_ms() >= boot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_with_both),
        cmocka_unit_test(test_forward_jump_ages),
        cmocka_unit_test(test_host_slept),
        cmocka_unit_test(test_backward_step),
        cmocka_unit_test(test_slow_drift_is_slewed),
        cmocka_unit_test(test_never_back_at_random),
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_host_clocks),
        cmocka_unit_test(test_no_burst_after_catching_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
