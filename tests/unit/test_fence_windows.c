/* A square of many markets: each had its zone for a day, and each zone is in the inventory yet. */
#include "tests/unit/fleet_fixture.h"

#define MARKETS 60
#define BIKE    "HLO-10000001"

#define OVER    ",\"valid_until\":\"2025-05-28T20:30:00Z\""
#define UNTIL   ",\"valid_until\":\"2026-05-28T21:26:40Z\"" /* T0 + 1 h */
#define FROM    ",\"valid_from\":\"2026-05-28T21:26:40Z\""

/* PARK, and over it a zone for each market: over long ago, but the last. */
static struct inventory *market_square(const char *last, const char *listener)
{
    struct fleet_import import;
    char park[SPACE_ID_LEN + 1];
    char text[128];

    fleet_import_begin(&import);
    fleet_import_square(&import, PARK_ID, ",\"capacity\":5", 0);
    for (unsigned i = 1; i <= MARKETS; i++) {
        char body[24];

        (void)snprintf(body, sizeof body, "150402001N%03u0000", i % 1000);
        fleet_import_square(&import, body, i == MARKETS ? last : OVER, 0);
    }
    fleet_import_table(&import, "operator,name_en\nHLO,Hello\n");
    if (listener != NULL) {
        space_id_format(fleet_key(PARK_ID), park);
        (void)snprintf(text, sizeof text, "listener,fence,source,scan_period_s\n%s,%s,ble,10\n",
                       listener, park);
        fleet_import_table(&import, text);
    }
    return fleet_import_end(&import, 1, NULL);
}

static void zones_that_are_over_hide_nothing(void **state)
{
    struct fleet_fixture f;

    (void)state;
    fleet_start_with(&f, market_square(OVER, NULL));
    fleet_park(&f, BIKE, 20, 20);
    assert_int_equal(fleet_bike(&f, BIKE).verdict, VERDICT_INSIDE);
    assert_int_equal(fleet_count(&f, PARK_ID), 1);
    fleet_stop(&f);
}

static void the_zone_that_is_on_counts_until_its_end(void **state)
{
    struct fleet_fixture f;
    struct alert_image alert = {0};

    (void)state;
    fleet_start_with(&f, market_square(UNTIL, NULL));
    fleet_park(&f, BIKE, 20, 20);
    fleet_wait(&f, 121000);
    assert_int_equal(fleet_alerts(&f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_int_equal(fleet_count(&f, PARK_ID), 0);
    fleet_wait(&f, 3600000 - 120000);
    assert_int_equal(fleet_count(&f, PARK_ID), 1);
    assert_int_equal(fleet_alerts(&f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_false(alert_is_open(&alert));
    fleet_stop(&f);
}

/* The bike stood there before: its verdict is held against noise, not against a zone that begins.
 */
static void a_zone_that_begins_counts_for_who_stands_there(void **state)
{
    struct fleet_fixture f;
    struct alert_image alert = {0};

    (void)state;
    fleet_start_with(&f, market_square(FROM, NULL));
    fleet_park(&f, BIKE, 20, 20);
    assert_int_equal(fleet_count(&f, PARK_ID), 1);
    fleet_wait(&f, 3600000 + 121000);
    assert_int_equal(fleet_count(&f, PARK_ID), 0);
    assert_int_equal(fleet_alerts(&f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_int_equal(alert.fence, fleet_key("150402001N0600000"));
    fleet_stop(&f);
}

/* PARK at one of two places, and OTHER or none. */
static struct inventory *two_fences(uint64_t version, int park_m, bool other,
                                    const struct inventory *previous)
{
    struct fleet_import import;

    fleet_import_begin(&import);
    fleet_import_square(&import, PARK_ID, ",\"capacity\":5", park_m);
    if (other) {
        fleet_import_square(&import, OTHER_ID, ",\"capacity\":5", OTHER_M);
    }
    fleet_import_table(&import, "operator,name_en\nHLO,Hello\n");
    return fleet_import_end(&import, version, previous);
}

static void swap_to(struct fleet_fixture *f, int park_m, bool other)
{
    fleet_swap(f, two_fences(f->inv->version + 1, park_m, other, f->inv));
    fleet_wait(f, 1000);
}

static void a_fence_that_is_put_round_a_bike_takes_it_in(void **state)
{
    struct fleet_fixture f;
    struct alert_image alert = {0};

    (void)state;
    fleet_start_with(&f, two_fences(1, 0, false, NULL));
    fleet_park(&f, BIKE, OTHER_M + 20, 20);
    fleet_wait(&f, 121000);
    assert_int_equal(fleet_alerts(&f, ALERT_OUT_OF_FENCE, &alert), 1);
    swap_to(&f, 0, true);
    assert_int_equal(fleet_count(&f, OTHER_ID), 1);
    (void)fleet_alerts(&f, ALERT_OUT_OF_FENCE, &alert);
    assert_false(alert_is_open(&alert));
    fleet_stop(&f);
}

static void a_fence_that_is_moved_away_leaves_bikes_behind(void **state)
{
    struct fleet_fixture f;
    struct alert_image alert = {0};

    (void)state;
    fleet_start_with(&f, two_fences(1, 0, false, NULL));
    fleet_park(&f, BIKE, 10, 20);
    fleet_wait(&f, 121000);
    assert_int_equal(fleet_count(&f, PARK_ID), 1);
    swap_to(&f, 30, false); /* 20 m away: no noise, though less than what a verdict holds against */
    assert_int_equal(fleet_count(&f, PARK_ID), 0);
    fleet_wait(&f, 121000);
    assert_int_equal(fleet_alerts(&f, ALERT_OUT_OF_FENCE, &alert), 1);
    assert_int_equal(fleet_bike(&f, BIKE).verdict, VERDICT_OUTSIDE);
    fleet_stop(&f);
}

/* An inventory that leaves a fence as it was changes nothing for those at its edge. */
static void other_changes_keep_verdicts(void **state)
{
    struct fleet_fixture f;

    (void)state;
    fleet_start_with(&f, two_fences(1, 0, false, NULL));
    fleet_park(&f, BIKE, 35, 20);
    for (unsigned i = 0; i < 3; i++) { /* the mean goes 10 m out: held */
        fleet_wait(&f, 60000);
        fleet_park(&f, BIKE, 60, 20);
    }
    assert_int_equal(fleet_bike(&f, BIKE).verdict, VERDICT_INSIDE);
    swap_to(&f, 0, true);
    assert_int_equal(fleet_bike(&f, BIKE).verdict, VERDICT_INSIDE);
    assert_int_equal(fleet_count(&f, PARK_ID), 1);
    fleet_stop(&f);
}

/* What was decided for a fence that is over speaks for no other: not for the zone that lay below it
 * meanwhile. */
static void a_zone_below_counts_when_the_fence_over_it_ends(void **state)
{
    struct fleet_fixture f;
    struct fleet_import import;
    struct alert_image alert = {0};

    (void)state;
    fleet_import_begin(&import);
    fleet_import_square(&import, PARK_ID, ",\"capacity\":5" UNTIL, 0);
    fleet_import_square(&import, ZONE_ID, "", 0);
    fleet_import_table(&import, "operator,name_en\nHLO,Hello\n");
    fleet_start_with(&f, fleet_import_end(&import, 1, NULL));
    fleet_park(&f, BIKE, 20, 20);
    assert_int_equal(fleet_count(&f, PARK_ID), 1);
    fleet_wait(&f, 3600000 + 121000);
    assert_int_equal(fleet_bike(&f, BIKE).verdict, VERDICT_OUTSIDE);
    assert_int_equal(fleet_bike(&f, BIKE).rule, RULE_NO_PARKING);
    assert_int_equal(fleet_count(&f, ZONE_ID), 1);
    assert_int_equal(fleet_count(&f, PARK_ID), 0);
    assert_int_equal(fleet_alerts(&f, ALERT_NO_PARKING_ZONE, &alert), 1);
    fleet_stop(&f);
}

/* Radio knows at which fence a bike is, not what counts there today. */
static void a_zone_over_a_fence_counts_for_who_is_heard_there(void **state)
{
    struct fleet_fixture f;
    const char *const refs[] = {BIKE};
    struct alert_image alert = {0};

    (void)state;
    fleet_start_with(&f, market_square(UNTIL, "ac233fc00001"));
    for (unsigned i = 0; i < 20; i++) {
        fleet_scan(&f, PARK_ID, 9, refs, 1, -72);
        fleet_wait(&f, 10000);
    }
    assert_int_equal(fleet_bike(&f, BIKE).rule, RULE_NO_PARKING);
    assert_int_equal(fleet_count(&f, PARK_ID), 0);
    assert_int_equal(fleet_alerts(&f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_int_equal(alert.fence, fleet_key("150402001N0600000"));
    for (unsigned i = 0; i < 360; i++) {
        fleet_scan(&f, PARK_ID, 9, refs, 1, -72);
        fleet_wait(&f, 10000);
    }
    assert_int_equal(fleet_bike(&f, BIKE).rule, RULE_LISTENER);
    assert_int_equal(fleet_count(&f, PARK_ID), 1);
    (void)fleet_alerts(&f, ALERT_NO_PARKING_ZONE, &alert);
    assert_false(alert_is_open(&alert));
    fleet_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_that_are_over_hide_nothing),
        cmocka_unit_test(the_zone_that_is_on_counts_until_its_end),
        cmocka_unit_test(a_zone_that_begins_counts_for_who_stands_there),
        cmocka_unit_test(a_fence_that_is_put_round_a_bike_takes_it_in),
        cmocka_unit_test(a_fence_that_is_moved_away_leaves_bikes_behind),
        cmocka_unit_test(other_changes_keep_verdicts),
        cmocka_unit_test(a_zone_below_counts_when_the_fence_over_it_ends),
        cmocka_unit_test(a_zone_over_a_fence_counts_for_who_is_heard_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
