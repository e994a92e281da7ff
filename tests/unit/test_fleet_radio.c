/* What listeners hear: radio against positions, one listener against another, and the rules that
 * keep a verdict from flapping where a bike is heard from outside its fence, or by two. */
#include "tests/unit/fleet_fixture.h"

#define BIKE "HLO-00000001"

static void a_listener_decides_before_positions(void **state)
{
    struct fleet_fixture *f = *state;

    fleet_park(f, BIKE, -60, 20);
    for (unsigned i = 0; i < 3; i++) {
        fleet_heard(f, PARK_ID, 9, BIKE, -65);
    }
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_INSIDE);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    for (unsigned i = 0; i < 7; i++) { /* no longer in its scans */
        fleet_heard(f, PARK_ID, 9, BIKE, 0);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    assert_int_not_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
}

static void weak_signals_do_not_enter(void **state)
{
    struct fleet_fixture *f = *state;
    const char *const refs[] = {BIKE};

    for (unsigned i = 0; i < 12; i++) {
        fleet_heard(f, PARK_ID, 9, BIKE, -80);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    fleet_heard(f, PARK_ID, 9, BIKE, -74);
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    fleet_scan(f, PARK_ID, 9, refs, 1, -74);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
}

static void the_stronger_fence_wins_after_a_while(void **state)
{
    struct fleet_fixture *f = *state;
    const char *const refs[] = {BIKE};

    for (unsigned i = 0; i < 3; i++) {
        fleet_scan(f, PARK_ID, 9, refs, 1, -74);
        fleet_wait(f, 5000);
        fleet_scan(f, OTHER_ID, 10, refs, 1, -72); /* stronger, but not by 6 dB */
        fleet_wait(f, 5000);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    assert_int_equal(fleet_count(f, OTHER_ID), 0);
    for (unsigned i = 0; i < 6; i++) {
        fleet_scan(f, PARK_ID, 9, refs, 1, -74);
        fleet_wait(f, 5000);
        fleet_scan(f, OTHER_ID, 10, refs, 1, -60);
        fleet_wait(f, 5000);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    assert_int_equal(fleet_count(f, OTHER_ID), 1);
}

static void a_silent_listener_makes_its_fence_unknown(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    const char *const refs[] = {BIKE};

    for (unsigned i = 0; i < 3; i++) {
        fleet_heard(f, PARK_ID, 9, BIKE, -70);
    }
    fleet_wait(f, 119000);
    assert_int_equal(fleet_count(f, PARK_ID), UINT32_MAX);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER_SILENT);
    assert_int_equal(fleet_alerts(f, ALERT_FENCE_SILENT, &alert), 1);
    assert_true(alert_is_open(&alert));
    fleet_heard(f, PARK_ID, 9, BIKE, -70);
    fleet_scan(f, PARK_ID, 9, refs, 1, -70);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    assert_int_equal(fleet_alerts(f, ALERT_FENCE_SILENT, &alert), 1);
    assert_false(alert_is_open(&alert));
}

/* What a listener would hear that was never heard, nobody knows: not that the fence is empty.
 * Nobody is sent to look, though, before it was seen to live. */
static void a_listener_never_heard_makes_its_fence_unknown(void **state)
{
    struct fleet_fixture f;
    struct alert_image alert;

    (void)state;
    fleet_start_with(&f, fleet_inventory(1, true, "", NULL));
    assert_int_equal(fleet_count(&f, ZONE_ID), 0);
    fleet_park(&f, BIKE, 20, 20);
    assert_int_equal(fleet_bike(&f, BIKE).verdict, VERDICT_INSIDE); /* by its position */
    assert_int_equal(fleet_count(&f, PARK_ID), UINT32_MAX);
    fleet_wait(&f, 3600000);
    assert_int_equal(fleet_alerts(&f, ALERT_FENCE_SILENT, &alert), 0);
    fleet_scan(&f, PARK_ID, 9, NULL, 0, 0);
    assert_int_equal(fleet_count(&f, PARK_ID), 1);
    fleet_stop(&f);
}

/* Evidence was gone for a while; what was decided before is remembered as it was. */
static void a_decision_outlasts_a_time_without_evidence(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    for (unsigned i = 0; i < 3; i++) {
        fleet_heard(f, PARK_ID, 9, BIKE, -70);
    }
    fleet_wait(f, 119000);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER_SILENT);
    fleet_park(f, BIKE, 15, 20);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_GNSS_INSIDE);
    fleet_wait(f, 4 * 3600000 + 1000);
    assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_UNCERTAIN);
    fleet_park(f, BIKE, -34, 20);
    fleet_wait(f, 121000);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_GNSS_INSIDE);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);

    fleet_park(f, "HLO-00000002", 15, 20); /* never heard by radio */
    fleet_wait(f, 4 * 3600000 + 1000);
    assert_int_equal(fleet_bike(f, "HLO-00000002").rule, RULE_POSITION_OLD);
    for (unsigned i = 0; i < 6; i++) {
        fleet_park(f, "HLO-00000002", -28, 20);
        fleet_wait(f, 60000);
        assert_int_equal(fleet_bike(f, "HLO-00000002").rule, RULE_GNSS_INSIDE);
    }
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
}

/* That far away by its positions, two strong ones among weak ones are an echo. */
static void spikes_from(struct fleet_fixture *f, int east_m)
{
    static const int8_t spikes[] = {-84, -75, -83, -75, -84, -86};
    struct alert_image alert;

    fleet_park(f, BIKE, east_m, 20);
    for (unsigned i = 0; i < 60; i++) {
        fleet_heard(f, PARK_ID, 9, BIKE, spikes[i % 6]);
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
    fleet_heard(f, PARK_ID, 9, BIKE, -84);
    fleet_heard(f, PARK_ID, 9, BIKE, -75);
    fleet_heard(f, PARK_ID, 9, BIKE, -83);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_BUFFER);
    fleet_heard(f, PARK_ID, 9, BIKE, -75);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
}

/* Drifted by a street of high houses: half of what is heard at the threshold is enough, in time. */
static void a_drifted_position_yields_to_the_listener(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;

    fleet_park(f, BIKE, -60, 20);
    for (unsigned i = 0; i < 60; i++) {
        fleet_heard(f, PARK_ID, 9, BIKE, i % 3 == 0 ? -80 : -73);
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
        fleet_heard(f, PARK_ID, 9, BIKE, i % 5 == 4 ? -78 : -68);
        assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_OUTSIDE);
    }
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(fleet_bike(f, BIKE).verdict, VERDICT_OUTSIDE);
        fleet_heard(f, PARK_ID, 9, BIKE, -69);
    }
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(alert.cause, CAUSE_SEEN_GONE);
    fleet_heard(f, PARK_ID, 9, BIKE, -78); /* and then it holds */
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
}

/* Heard no more, and not said to have gone: near the fence it is still inside. */
static void what_radio_decided_holds_near_the_fence(void **state)
{
    struct fleet_fixture *f = *state;

    fleet_park(f, BIKE, -12, 20);
    fleet_heard(f, PARK_ID, 9, BIKE, -70);
    fleet_heard(f, PARK_ID, 9, BIKE, -70);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_LISTENER);
    for (unsigned i = 0; i < 12; i++) {
        fleet_heard(f, PARK_ID, 9, BIKE, 0);
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

    fleet_heard(f, PARK_ID, 9, BIKE, -60);
    fleet_heard(f, PARK_ID, 9, BIKE, -60);
    assert_int_equal(fleet_count(f, PARK_ID), 1);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(fleet_count(f, OTHER_ID), 0);
        fleet_scan(f, PARK_ID, 9, NULL, 0, 0);
        fleet_heard(f, OTHER_ID, 10, BIKE, -70); /* weaker than it was there */
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
        fleet_heard(f, PARK_ID, 9, BIKE, -60);
    }
    for (unsigned i = 0; i < 3; i++) { /* the rival, not by 6 dB */
        const char *const refs[] = {BIKE};

        fleet_scan(f, OTHER_ID, 10, refs, 1, -58);
        fleet_heard(f, PARK_ID, 9, BIKE, -60);
    }
    for (unsigned i = 0; i < 20; i++) { /* and somebody stands before it */
        fleet_scan(f, OTHER_ID, 10, NULL, 0, 0);
        fleet_heard(f, PARK_ID, 9, BIKE, -72);
        assert_int_equal(fleet_count(f, PARK_ID), 1);
        assert_int_equal(fleet_count(f, OTHER_ID), 0);
    }
}

/* Its operator says where it is, and no more of beacons, since it was carried off. */
static void a_beacon_does_not_go_along(void **state)
{
    struct fleet_fixture *f = *state;
    struct bike_report report = fleet_fix(f, BIKE, fleet_at(20, 20));

    report.has |= REPORT_HAS_RADIO;
    report.beacon_count = 1;
    report.beacon_fence[0] = fleet_key(PARK_ID);
    report.beacon_rssi_dbm[0] = -60;
    fleet_say(f, &report);
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_BEACON);
    for (unsigned i = 0; i < 2; i++) {
        fleet_wait(f, 60000);
        fleet_park(f, BIKE, -300, 20);
    }
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_DWELL);
    assert_int_equal(fleet_count(f, PARK_ID), 0);
    fleet_wait(f, 60000);
    report.at = fleet_at(-700, 20); /* heard where it is now: that counts */
    for (unsigned i = 0; i < 2; i++) {
        report.time_ms = f->now.at_ms;
        fleet_say(f, &report);
        fleet_wait(f, 60000);
    }
    assert_int_equal(fleet_bike(f, BIKE).rule, RULE_BEACON);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fleet_begin, fleet_end)
    const struct CMUnitTest tests[] = {
        TEST(a_listener_decides_before_positions),
        TEST(weak_signals_do_not_enter),
        TEST(the_stronger_fence_wins_after_a_while),
        TEST(a_silent_listener_makes_its_fence_unknown),
        cmocka_unit_test(a_listener_never_heard_makes_its_fence_unknown),
        TEST(a_decision_outlasts_a_time_without_evidence),
        TEST(spikes_do_not_bring_a_bike_in),
        TEST(spikes_do_not_bring_a_bike_in_from_beyond_the_buffer),
        TEST(spikes_count_where_positions_agree),
        TEST(a_drifted_position_yields_to_the_listener),
        TEST(an_outside_verdict_yields_to_who_is_clearly_near),
        TEST(what_radio_decided_holds_near_the_fence),
        TEST(the_next_fence_need_not_wait_for_the_former_to_lose_it),
        TEST(a_rival_that_fell_silent_does_not_win),
        TEST(a_beacon_does_not_go_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
