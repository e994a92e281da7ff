/* What many bikes do: pile-ups and fences that fill, feeds that are shifted as a whole, storms of
 * alerts, and pages of them in order. */
#include "tests/unit/fleet_fixture.h"

static void a_crowd_tells_each_operator_its_surplus(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    char ref[VEHICLE_REF_MAX + 1];

    for (unsigned i = 0; i < 9; i++) { /* capacity 5: six of HLO, three of MTN */
        (void)snprintf(ref, sizeof ref, "%s-%08u", i < 6 ? "HLO" : "MTN", 100 + i);
        fleet_park(f, ref, 10 + (int)i, 20);
    }
    assert_int_equal(fleet_count(f, PARK_ID), 9);
    fleet_wait(f, 599000);
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 0);
    fleet_wait(f, 2000);
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(alert.share_count, 2);
    assert_string_equal(alert.shares[0].operator_code, "HLO");
    assert_int_equal(alert.shares[0].surplus, 3); /* 4 * 6 / 9 = 2.67 */
    assert_int_equal(alert.shares[1].surplus, 1);
    assert_true(alert_visible(&alert, "HLO"));
    assert_false(alert_visible(&alert, "QJU"));
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_unlock(f, ref);
    }
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(alert.state, ALERT_RESOLVED);
}

static void crowd_come(struct fleet_fixture *f, const char *code, unsigned from, unsigned count)
{
    char ref[VEHICLE_REF_MAX + 1];

    for (unsigned i = from; i < from + count; i++) {
        (void)snprintf(ref, sizeof ref, "%s-%08u", code, i);
        fleet_park(f, ref, 20, 20);
    }
}

static void crowd_go(struct fleet_fixture *f, const char *code, unsigned from, unsigned count)
{
    char ref[VEHICLE_REF_MAX + 1];

    for (unsigned i = from; i < from + count; i++) {
        (void)snprintf(ref, sizeof ref, "%s-%08u", code, i);
        fleet_unlock(f, ref);
    }
}

/* Whoever comes to a crowd later must act as well, and the van needs to know for how many. */
static void a_crowd_that_grows_is_told_of(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert = {0};

    crowd_come(f, "HLO", 0, 8);
    fleet_wait(f, 601000);
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 1);
    assert_false(alert_visible(&alert, "MTN"));
    assert_int_equal(fleet_move(f, alert.id, ALERT_EVENT_ACK, "HLO"), ERR_OK);
    crowd_come(f, "MTN", 0, 8);
    fleet_wait(f, 61000); /* once a minute, whatever comes */
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(alert.state, ALERT_ACKNOWLEDGED);
    assert_int_equal(alert.version, 3);
    assert_int_equal(alert.bikes, 16);
    assert_int_equal(alert.share_count, 2);
    assert_int_equal(alert.shares[0].surplus + alert.shares[1].surplus, 11);
    assert_true(alert_visible(&alert, "MTN"));
    assert_string_equal(alert.actor, "tester"); /* who took it on stays named */
    crowd_go(f, "MTN", 0, 8);
    fleet_wait(f, 61000);
    (void)fleet_alerts(f, ALERT_PILE_UP, &alert);
    assert_int_equal(alert.version, 4);
    assert_true(alert_visible(&alert, "MTN")); /* it hears of the end */
    fleet_wait(f, 600000);
    (void)fleet_alerts(f, ALERT_PILE_UP, &alert);
    assert_int_equal(alert.version, 4); /* nothing changed, nothing is said */
}

/* Crowded again with others' bikes: it is theirs now, and nobody else's. */
static void a_crowd_that_comes_back_is_of_those_who_are_there(void **state)
{
    struct fleet_fixture *f = *state;
    struct fleet_rules rules;
    struct alert_image alert = {0};

    fleet_rules_default(&rules);
    rules.pile_up_ms = 60000;
    core_fleet_rules(f->core, &rules);
    crowd_come(f, "HLO", 0, 8);
    fleet_wait(f, 61000);
    crowd_go(f, "HLO", 0, 8);
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(alert.state, ALERT_RESOLVED);
    crowd_come(f, "MTN", 0, 9);
    fleet_wait(f, 61000);
    assert_int_equal(fleet_alerts(f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(alert.state, ALERT_OPEN);
    assert_int_equal(alert.count, 2);
    assert_int_equal(alert.bikes, 9);
    assert_false(alert_visible(&alert, "HLO"));
    assert_true(alert_visible(&alert, "MTN"));
}

static void a_filling_fence_is_foreseen(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    char ref[VEHICLE_REF_MAX + 1];

    for (unsigned i = 0; i < 4; i++) { /* first heard, not come: a core without a past */
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_park(f, ref, 10 + (int)i, 20);
        fleet_wait(f, 60000);
    }
    assert_int_equal(fleet_alerts(f, ALERT_FENCE_FILLING, &alert), 0);
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_unlock(f, ref);
    }
    fleet_wait(f, 15 * 60000);
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 200 + i);
        fleet_park(f, ref, 10 + (int)i, 20);
        fleet_wait(f, 60000);
    }
    assert_int_equal(fleet_alerts(f, ALERT_FENCE_FILLING, &alert), 1);
    assert_int_equal(alert.bikes, 4);
}

#define CROWD 2500u

static unsigned page_ask(struct fleet_fixture *f, struct fleet_request *request)
{
    struct command command = {.kind = COMMAND_BIKES, .fleet = request, .actor = "tester"};
    struct input input = {
        .at = {1, f->seq++},
          .now = f->now, .kind = INPUT_COMMAND, .command = &command
    };

    (void)core_step(f->core, &input);
    assert_int_equal(command.result, ERR_OK);
    return request->bike_count;
}

/* In whatever order they came, here backwards and shuffled: each once, in order, and no others. */
static void pages_of_bikes_are_in_order(void **state)
{
    static const uint32_t limits[] = {1, 37, FLEET_PAGE_MAX, CROWD * 2};
    struct fleet_fixture *f = *state;
    struct bike_image *bikes = calloc(FLEET_PAGE_MAX, sizeof *bikes);

    assert_non_null(bikes);
    for (uint32_t i = 0; i < CROWD; i++) {
        char ref[VEHICLE_REF_MAX + 1];
        const uint32_t at = i < CROWD / 2 ? CROWD - 1 - i : (i * 7919u) % (CROWD / 2);

        (void)snprintf(ref, sizeof ref, "%s-%08u", at % 5 == 0 ? "MTN" : "HLO", at);
        fleet_park(f, ref, 20, 20);
    }
    for (size_t k = 0; k < sizeof limits / sizeof limits[0]; k++) {
        struct fleet_request request = {.bikes = bikes, .limit = limits[k]};
        uint32_t next = 0;

        memcpy(request.operator_code, "HLO", sizeof "HLO");
        do {
            (void)page_ask(f, &request);
            for (uint32_t i = 0; i < request.bike_count; i++, next++) {
                next += next % 5 == 0;
                assert_int_equal(strtoul(bikes[i].ref + 4, NULL, 10), next);
                assert_memory_equal(bikes[i].ref, "HLO-", 4);
            }
            memcpy(request.after, bikes[request.bike_count - 1].ref, sizeof request.after);
        } while (request.more && next < 200 + CROWD * (limits[k] > 1));
        assert_true(limits[k] == 1 || next >= CROWD - 1);
    }
    free(bikes);
}

static void a_shifted_feed_is_one_alert(void **state)
{
    struct fleet_fixture *f = *state;
    struct alert_image alert;
    char ref[VEHICLE_REF_MAX + 1];

    for (unsigned i = 0; i < 100; i++) {
        struct bike_report report;

        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        report = fleet_fix(f, ref, fleet_at(500 + (int)i, 400));
        report.shift = SHIFT_INSIDE_GCJ02;
        fleet_say(f, &report);
        fleet_wait(f, 1000);
    }
    fleet_wait(f, 300000);
    assert_int_equal(fleet_alerts(f, ALERT_FEED_SUSPECT, &alert), 1);
    assert_string_equal(alert.operator_code, "HLO");
    assert_int_equal(fleet_alerts(f, ALERT_OUT_OF_FENCE, &alert), 0);
    assert_int_equal(fleet_bike(f, ref).rule, RULE_FEED_SUSPECT);
    for (unsigned i = 0; i < 100; i++) { /* mended */
        struct bike_report report;

        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        report = fleet_fix(f, ref, fleet_at(10, 20));
        report.shift = SHIFT_INSIDE;
        fleet_say(f, &report);
        fleet_wait(f, 1000);
    }
    (void)fleet_alerts(f, ALERT_FEED_SUSPECT, &alert);
    assert_false(alert_is_open(&alert));
}

static void many_at_once_are_a_storm(void **state)
{
    struct fleet_fixture *f = *state;
    char ref[VEHICLE_REF_MAX + 1];
    struct image image;
    unsigned storm = 0;
    unsigned all = 0;

    for (unsigned i = 0; i < 80; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_park(f, ref, -60 - (int)i, 20);
    }
    fleet_wait(f, 125000);
    for (uint32_t i = 0; i < core_alert_slots(f->core); i++) {
        if (core_alert_image(f->core, i, &image) && image.alert.kind == ALERT_OUT_OF_FENCE) {
            all++;
            storm += image.alert.storm;
        }
    }
    assert_int_equal(all, 80);
    assert_int_equal(storm, 30); /* beyond the first 50 */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fleet_begin, fleet_end)
    const struct CMUnitTest tests[] = {
        TEST(a_crowd_tells_each_operator_its_surplus),
        TEST(a_crowd_that_grows_is_told_of),
        TEST(a_crowd_that_comes_back_is_of_those_who_are_there),
        TEST(a_filling_fence_is_foreseen),
        TEST(a_shifted_feed_is_one_alert),
        TEST(many_at_once_are_a_storm),
        TEST(pages_of_bikes_are_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
