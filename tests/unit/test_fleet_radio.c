/* Radio against positions, and one listener against another: the rules that keep a verdict from
 * flapping where a bike is heard from outside its fence, or by two. */
#include "tests/unit/fleet_fixture.h"

#define BIKE   "HLO-00000001"
#define PERIOD 10000

static int start(void **state)
{
    struct fleet_fixture *f = calloc(1, sizeof *f);

    fleet_start(f);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fleet_stop(*state);
    free(*state);
    return 0;
}

/* A scan of one bike at this strength, 0 = it is not in it; then time goes by until the next. */
static void heard(struct fleet_fixture *f, const char *fence, uint64_t listener, int8_t rssi_dbm)
{
    const char *const refs[] = {BIKE};

    fleet_scan(f, fence, listener, refs, rssi_dbm == 0 ? 0 : 1, rssi_dbm);
    fleet_wait(f, PERIOD);
}

/* Locks say "locked" and where they are in two messages of one second. */
static void a_lock_says_two_things_in_a_second(void **state)
{
    struct fleet_fixture *f = *state;
    struct bike_report report = fleet_fix(f, BIKE, fleet_at(20, 20));

    report.source = REPORT_LOCK;
    report.has = REPORT_HAS_TIME;
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    report.has |= REPORT_HAS_POSITION;
    report.lock = LOCK_UNKNOWN;
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    assert_int_equal(fleet_bike(f, BIKE).fixes, 1);
    fleet_say(f, &report); /* a broker's repeat */
    assert_int_equal(fleet_bike(f, BIKE).fixes, 1);
    assert_int_equal(count_get(&f->counters, COUNT_REPORTS_DUPLICATE), 1);
    report.has = REPORT_HAS_TIME;
    report.lock = LOCK_LOCKED;
    fleet_say(f, &report);
    assert_int_equal(count_get(&f->counters, COUNT_REPORTS_DUPLICATE), 2);
}

/* Its lock stamps whole seconds, its position hundredths: a ride that begins in the same second is
 * no late word. What is older than that is, and so is a position. */
static void a_coarse_clock_does_not_miss_a_ride(void **state)
{
    struct fleet_fixture *f = *state;
    struct bike_report report = fleet_fix(f, BIKE, fleet_at(20, 20));
    const int64_t second_ms = report.time_ms / 1000 * 1000;

    report.source = REPORT_LOCK;
    report.has = REPORT_HAS_TIME | REPORT_HAS_POSITION;
    report.time_ms = second_ms + 990;
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    report.has = REPORT_HAS_TIME;
    report.lock = LOCK_UNLOCKED;
    report.time_ms = second_ms - 10;
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, BIKE).flags & BIKE_GONE, 0);
    report.time_ms = second_ms;
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, BIKE).flags & BIKE_GONE, BIKE_GONE);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_IN_USE);
    report.has |= REPORT_HAS_POSITION;
    report.lock = LOCK_UNKNOWN;
    fleet_say(f, &report);
    assert_int_equal(count_get(&f->counters, COUNT_REPORTS_LATE), 2);
}

/* That far away by its positions, two strong ones among weak ones are an echo. */
static void spikes_from(struct fleet_fixture *f, int east_m)
{
    static const int8_t spikes[] = {-84, -75, -83, -75, -84, -86};
    struct alert_image alert;

    fleet_park(f, BIKE, east_m, 20);
    for (unsigned i = 0; i < 60; i++) {
        heard(f, PARK_ID, 9, spikes[i % 6]);
        assert_int_not_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    }
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
}

static void spikes_do_not_bring_a_bike_in(void **state)
{
    spikes_from(*state, -60);
}

/* Let in here it would be out again when the mean of its positions has wandered by a metre. */
static void spikes_do_not_bring_a_bike_in_from_beyond_the_buffer(void **state)
{
    spikes_from(*state, -38);
}

/* The same radio where positions do not say that it is elsewhere: it counts. */
static void spikes_count_where_positions_agree(void **state)
{
    struct fleet_fixture *f = *state;

    fleet_park(f, BIKE, -10, 20);
    heard(f, PARK_ID, 9, -84);
    heard(f, PARK_ID, 9, -75);
    heard(f, PARK_ID, 9, -83);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_BUFFER);
    heard(f, PARK_ID, 9, -75);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
}

/* Drifted by a street of high houses: half of what is heard at the threshold is enough, in time. */
static void a_drifted_position_yields_to_the_listener(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    for (unsigned i = 0; i < 60; i++) {
        heard(f, PARK_ID, 9, i % 3 == 0 ? -80 : -73);
    }
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
}

static void an_outside_verdict_yields_to_who_is_clearly_near(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -25, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_OUTSIDE);
    for (unsigned i = 0; i < 60; i++) {
        heard(f, PARK_ID, 9, i % 5 == 4 ? -78 : -68);
        assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_OUTSIDE);
    }
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_OUTSIDE);
        heard(f, PARK_ID, 9, -69);
    }
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.cause, CAUSE_SEEN_GONE);
    heard(f, PARK_ID, 9, -78); /* and then it holds */
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
}

/* Heard no more, and not said to have gone: near the fence it is still inside. */
static void what_radio_decided_holds_near_the_fence(void **state)
{
    struct fleet_fixture *f = *state;

    fleet_park(f, BIKE, -12, 20);
    heard(f, PARK_ID, 9, -70);
    heard(f, PARK_ID, 9, -70);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
    for (unsigned i = 0; i < 12; i++) {
        heard(f, PARK_ID, 9, 0);
        fleet_park(f, BIKE, -12, 20);
        assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    }
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_GNSS_INSIDE);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    fleet_unlock(f, BIKE);
    assert_int_equal(fleet_count(f, PARK_ID), 0);
}

/* Whoever hears a bike now is stronger than who missed it in three scans. */
static void the_next_fence_need_not_wait_for_the_former_to_lose_it(void **state)
{
    struct fleet_fixture *f = *state;

    heard(f, PARK_ID, 9, -60);
    heard(f, PARK_ID, 9, -60);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(fleet_count(f, OTHER_ID), 0);
        fleet_scan(f, PARK_ID, 9, NULL, 0, 0);
        heard(f, OTHER_ID, 10, -70); /* weaker than it was there */
    }
    assert_int_equal(fleet_count(f, OTHER_ID), 1);
    assert_int_equal(fleet_count(f, PARK_ID), 0);
}

/* A fence that heard it once, strongly, and hears it no more, does not take it back. */
static void a_rival_that_fell_silent_does_not_win(void **state)
{
    struct fleet_fixture *f = *state;

    for (unsigned i = 0; i < 3; i++) {
        fleet_scan(f, OTHER_ID, 10, NULL, 0, 0);
        heard(f, PARK_ID, 9, -60);
    }
    for (unsigned i = 0; i < 3; i++) { /* the rival, not by 6 dB */
        const char *const refs[] = {BIKE};

        fleet_scan(f, OTHER_ID, 10, refs, 1, -58);
        heard(f, PARK_ID, 9, -60);
    }
    for (unsigned i = 0; i < 20; i++) { /* and somebody stands before it */
        fleet_scan(f, OTHER_ID, 10, NULL, 0, 0);
        heard(f, PARK_ID, 9, -72);
        assert_int_equal(fleet_count(f, PARK_ID), 1);
        assert_int_equal(fleet_count(f, OTHER_ID), 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_lock_says_two_things_in_a_second),
        TEST(a_coarse_clock_does_not_miss_a_ride),
        TEST(spikes_do_not_bring_a_bike_in),
        TEST(spikes_do_not_bring_a_bike_in_from_beyond_the_buffer),
        TEST(spikes_count_where_positions_agree),
        TEST(a_drifted_position_yields_to_the_listener),
        TEST(an_outside_verdict_yields_to_who_is_clearly_near),
        TEST(what_radio_decided_holds_near_the_fence),
        TEST(the_next_fence_need_not_wait_for_the_former_to_lose_it),
        TEST(a_rival_that_fell_silent_does_not_win),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
