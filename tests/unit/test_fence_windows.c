/* A square of many markets: each had its zone for a day, and each zone is in the inventory yet. */
#include "tests/unit/fleet_fixture.h"

#define MARKETS 60
#define BIKE    "HLO-10000001"

/* PARK, and over it a zone for each market: over long ago, but the last, which is on until
 * T0 + 1 h. */
static struct inventory *market_square(bool last_is_on)
{
    struct draft *d = draft_create();
    struct import_report report = {0};
    struct inventory *inv = NULL;
    char path[32];
    FILE *f = fleet_file(path);

    fputs("{\"type\":\"FeatureCollection\",\"features\":[", f);
    fleet_square(f, PARK_ID, ",\"capacity\":5", 0);
    for (unsigned i = 1; i <= MARKETS; i++) {
        char body[24];

        (void)snprintf(body, sizeof body, "150402001N%03u0000", i % 1000);
        fputs(",", f);
        fleet_square(f, body,
                     i == MARKETS && last_is_on ? ",\"valid_until\":\"2026-05-28T21:26:40Z\""
                                                : ",\"valid_until\":\"2025-05-28T20:30:00Z\"",
                     0);
    }
    fputs("]}", f);
    fclose(f);
    fleet_read(d, path, &report);
    fleet_table(d, &report, "operator,name_en\nHLO,Hello\n");
    assert_int_equal(draft_complete(d, NULL, true, true, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    import_report_finish(&report);
    draft_destroy(d);
    return inv;
}

static void zones_that_are_over_hide_nothing(void **state)
{
    struct fleet_fixture f;

    (void)state;
    fleet_start_with(&f, market_square(false));
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
    fleet_start_with(&f, market_square(true));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_that_are_over_hide_nothing),
        cmocka_unit_test(the_zone_that_is_on_counts_until_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
