/* Bikes and fences through the core's step, the clock an input: what a position says, how long it
 * takes, and that late and repeated words change nothing. By radio: test_fleet_radio.c; the life of
 * an episode: test_fleet_episodes.c; what many bikes do: test_fleet_crowds.c. */
#include "tests/unit/fleet_fixture.h"

#define BIKE "HLO-00000001"

static void a_bike_inside_counts_at_once(void **state)
{
    struct fleet_fixture *f = *state;

    fleet_park(f, BIKE, 20, 20);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_GNSS_INSIDE);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    fleet_unlock(f, BIKE);
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_IN_USE);
    assert_int_equal(fleet_bike(f, BIKE).fixes, 0);
    assert_int_equal(fleet_bike(f, BIKE).newest.lat, 0); /* nothing of a place is kept */
}

static void outside_takes_the_dwell_and_makes_one_episode(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -40, 20);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_DWELL);
    fleet_wait(f, 60000);
    fleet_park(f, BIKE, -42, 21);
    fleet_wait(f, 59000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
    fleet_wait(f, 2000);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_OUTSIDE);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_string_equal(alert.vehicle, BIKE);
    assert_string_equal(alert.operator_code, "HLO");
    assert_true(alert.fence == fleet_key(PARK_ID));
    assert_in_range(alert.distance_mm, 38000, 44000);
    assert_int_equal(alert.due_ack_ms - alert.opened_ms, 300000);
    assert_int_equal(alert.evidence[0].kind, EVIDENCE_GNSS);
    for (unsigned i = 0; i < 20; i++) { /* noise changes nothing */
        fleet_wait(f, 5000);
        fleet_park(f, BIKE, -30 - (int)(i % 3) * 10, 20);
    }
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.state, ALERT_OPEN);
    fleet_unlock(f, BIKE);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.state, ALERT_RESOLVED);
    assert_int_equal(alert.cause, CAUSE_SEEN_GONE);
}

static void within_the_buffer_nothing_is_said(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -10, 20);
    fleet_wait(f, 600000);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_BUFFER);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
}

static void a_no_parking_zone_is_graver(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, ZONE_M + 20, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_NO_PARKING);
    assert_int_equal(fleet_alerts(f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_int_equal(alert.severity, 3);
    assert_true(alert.fence == fleet_key(ZONE_ID));
    assert_int_equal(fleet_count(f, ZONE_ID), 1); /* so many stand where none may */
    fleet_unlock(f, BIKE);
    assert_int_equal(fleet_count(f, ZONE_ID), 0);
}

static void a_verdict_holds_against_noise_and_yields_to_a_move(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, 38, 20);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    for (unsigned i = 0; i < 30; i++) {
        fleet_wait(f, 10000);
        fleet_park(f, BIKE, i % 2 == 0 ? 66 : 58, 20); /* 18 to 26 m outside */
        assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    }
    fleet_wait(f, 10000);
    fleet_park(f, BIKE, 122, 20); /* one stray is no move */
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    fleet_wait(f, 10000);
    fleet_park(f, BIKE, 120, 20);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
}

static void late_and_repeated_reports_change_nothing(void **state)
{
    struct fleet_fixture *f = *state;
    struct bike_report report = fleet_fix(f, BIKE, fleet_at(20, 20));

    report.event = 77;
    fleet_say(f, &report);
    fleet_wait(f, 10000);
    fleet_say(f, &report);
    assert_int_equal(count_get(&f->counters, COUNT_REPORTS_DUPLICATE), 1);
    report.event = 78;
    report.time_ms -= 5000;
    report.lock = LOCK_UNLOCKED;
    fleet_say(f, &report);
    assert_int_equal(count_get(&f->counters, COUNT_REPORTS_LATE), 1);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
}

/* A zone that is deleted ends its episodes, with that reason. */
static void a_deleted_zone_ends_its_episodes(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, ZONE_M + 20, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_NO_PARKING_ZONE, &alert), 1);
    fleet_swap(f, fleet_inventory(2, false, "", f->inv));
    fleet_wait(f, 2000);
    assert_int_equal(fleet_alerts(f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_int_equal(alert.cause, CAUSE_FENCE_REMOVED);
    fleet_wait(f, 130000); /* and there it stands outside every fence */
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
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

/* What was buffered is as old as it says, and decides nothing longer than what came at once. */
static void a_position_is_as_old_as_it_says(void **state)
{
    struct fleet_fixture *f = *state;
    struct bike_report report = fleet_fix(f, "HLO-00000001", fleet_at(-60, 20));
    struct alert_image alert = {0};

    report.time_ms -= 3 * 3600000;
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, "HLO-00000001").rule, RULE_DWELL);
    assert_int_equal(fleet_bike(f, "HLO-00000001").fixed_ms, report.time_ms);
    fleet_wait(f, 3601000);
    assert_int_equal(fleet_bike(f, "HLO-00000001").rule, RULE_POSITION_OLD);
    report = fleet_fix(f, "HLO-00000002", fleet_at(-60, 20));
    report.time_ms -= 5 * 3600000;
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, "HLO-00000002").rule, RULE_POSITION_OLD);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1); /* of the first */
    report = fleet_fix(f, "HLO-00000003", fleet_at(20, 20));
    report.time_ms += 5 * 3600000; /* a clock that is ahead is not believed */
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, "HLO-00000003").fixed_ms, f->now.at_ms);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fleet_begin, fleet_end)
    const struct CMUnitTest tests[] = {
        TEST(a_bike_inside_counts_at_once),
        TEST(outside_takes_the_dwell_and_makes_one_episode),
        TEST(within_the_buffer_nothing_is_said),
        TEST(a_no_parking_zone_is_graver),
        TEST(a_verdict_holds_against_noise_and_yields_to_a_move),
        TEST(late_and_repeated_reports_change_nothing),
        TEST(a_position_is_as_old_as_it_says),
        TEST(a_lock_says_two_things_in_a_second),
        TEST(a_coarse_clock_does_not_miss_a_ride),
        TEST(a_deleted_zone_ends_its_episodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
