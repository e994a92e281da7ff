/* What an inventory, a clock or a planned event changes under open episodes: listeners that are
 * taken down, operators that stand elsewhere in the list, zones that go. */
#include "tests/unit/fleet_fixture.h"

#define BIKE "HLO-10000001"

/* A city of PARK and, when asked for, ZONE; its listeners and operators as rows of their tables. */
struct city_rows {
    const char *listeners, *operators;
    bool park, zone;
    const char *zone_more;
};

/* The table of listeners of PARK, whose names end with these letters. */
static void listeners_read(struct fleet_import *import, const char *letters)
{
    char park[SPACE_ID_LEN + 1];
    char text[512] = "listener,fence,source,scan_period_s\n";

    space_id_format(fleet_key(PARK_ID), park);
    for (const char *p = letters; *p != '\0'; p++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "ac233fc0000%c,%s,ble,10\n",
                       *p, park);
    }
    fleet_import_table(import, text);
}

static struct inventory *city_of(uint64_t version, const struct city_rows *rows,
                                 const struct inventory *previous)
{
    struct fleet_import import;
    char text[128];

    fleet_import_begin(&import);
    if (rows->park) {
        fleet_import_square(&import, PARK_ID, ",\"capacity\":5", 0);
    }
    if (rows->zone) {
        fleet_import_square(&import, ZONE_ID, rows->zone_more, ZONE_M);
    }
    (void)snprintf(text, sizeof text, "operator,name_en\n%s", rows->operators);
    fleet_import_table(&import, text);
    if (rows->listeners[0] != '\0') {
        listeners_read(&import, rows->listeners);
    }
    return fleet_import_end(&import, version, previous);
}

static void city_swap(struct fleet_fixture *f, const struct city_rows *rows)
{
    fleet_swap(f, city_of(f->inv->version + 1, rows, f->inv));
    fleet_wait(f, 1000);
}

static const struct city_rows whole = {
    .listeners = "1", .operators = "HLO,Hello\nMTN,Mountain\n", .park = true, .zone_more = ""};

static unsigned open_ones(const struct fleet_fixture *f, enum alert_kind kind)
{
    struct image image;
    unsigned count = 0;

    for (uint32_t i = 0; i < core_alert_slots(f->core); i++) {
        count += core_alert_image(f->core, i, &image) && image.alert.kind == kind &&
                 alert_is_open(&image.alert);
    }
    return count;
}

static void scan_for(struct fleet_fixture *f, uint64_t listener, unsigned seconds)
{
    for (unsigned s = 0; s < seconds; s += FLEET_SCAN_MS / 1000) {
        fleet_heard(f, PARK_ID, listener, BIKE, -60);
    }
}

static void a_listener_that_was_taken_down_silences_nobody(void **state)
{
    struct fleet_fixture f;
    struct city_rows rows = whole;

    (void)state;
    fleet_start_with(&f, city_of(1, &rows, NULL));
    scan_for(&f, 7, 60);
    rows.listeners = "";
    city_swap(&f, &rows);
    fleet_wait(&f, 600000);
    fleet_park(&f, "HLO-20000001", 20, 20);
    assert_int_equal(open_ones(&f, ALERT_FENCE_SILENT), 0);
    assert_int_not_equal(fleet_count(&f, PARK_ID), UINT32_MAX);
    fleet_stop(&f);
}

static void listeners_are_replaced_as_often_as_need_be(void **state)
{
    struct fleet_fixture f;

    (void)state;
    fleet_start_with(&f, city_of(1, &whole, NULL));
    for (uint64_t listener = 1; listener <= 10; listener++) {
        scan_for(&f, listener, 60);
        assert_int_equal(fleet_bike(&f, BIKE).rule, RULE_LISTENER);
        assert_int_equal(fleet_count(&f, PARK_ID), 1);
    }
    fleet_stop(&f);
}

static void more_listeners_than_a_fence_holds_are_refused(void **state)
{
    static const struct {
        const char *listeners;
        unsigned faults;
    } rows[] = {
        {"1234",   0},
        {"123456", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fleet_import import;

        fleet_import_begin(&import);
        fleet_import_square(&import, PARK_ID, ",\"capacity\":5", 0);
        listeners_read(&import, rows[i].listeners);
        assert_int_equal(draft_complete(import.draft, NULL, true, true, &import.report), ERR_OK);
        assert_int_equal(import.report.fault_count, rows[i].faults);
        if (rows[i].faults > 0) {
            assert_string_equal(import.report.faults[0].field, "fence");
            assert_int_equal(import.report.faults[0].line, 6);
        }
        import_report_finish(&import.report);
        draft_destroy(import.draft);
    }
}

/* A feed that posts shifted positions is one operator's, wherever that stands in the list. */
static void a_suspect_feed_stays_its_operators(void **state)
{
    struct fleet_fixture f;
    struct city_rows rows = whole;
    struct alert_image alert = {0};
    char ref[VEHICLE_REF_MAX + 1];

    (void)state;
    rows.listeners = "";
    fleet_start_with(&f, city_of(1, &rows, NULL));
    for (unsigned i = 0; i < 100; i++) {
        struct bike_report report;

        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        report = fleet_fix(&f, ref, fleet_at(500 + (int)i, 400));
        report.shift = SHIFT_INSIDE_GCJ02;
        fleet_say(&f, &report);
    }
    assert_int_equal(fleet_alerts(&f, ALERT_FEED_SUSPECT, &alert), 1);
    rows.operators = "ABC,Alphabet\nHLO,Hello\nMTN,Mountain\n";
    city_swap(&f, &rows);
    assert_int_equal(fleet_bike(&f, ref).rule, RULE_FEED_SUSPECT);
    for (unsigned i = 0; i < 100; i++) { /* the one that came before it is right */
        struct bike_report report;

        (void)snprintf(ref, sizeof ref, "ABC-%08u", 100 + i);
        report = fleet_fix(&f, ref, fleet_at(10, 20));
        report.shift = SHIFT_INSIDE;
        fleet_say(&f, &report);
        assert_int_equal(fleet_bike(&f, ref).verdict, VERDICT_INSIDE);
    }
    assert_int_equal(fleet_alerts(&f, ALERT_FEED_SUSPECT, &alert), 1);
    assert_true(alert_is_open(&alert));
    assert_string_equal(alert.operator_code, "HLO");
    rows.operators = "ABC,Alphabet\n"; /* it left the city */
    city_swap(&f, &rows);
    assert_int_equal(fleet_alerts(&f, ALERT_FEED_SUSPECT, &alert), 1);
    assert_false(alert_is_open(&alert));
    fleet_stop(&f);
}

/* Said to be cleared, and then the fence itself went: there is nothing left to look at again. */
static void what_was_cleared_at_a_fence_that_went_is_over(void **state)
{
    struct fleet_fixture f;
    struct city_rows rows = whole;
    struct alert_image alert = {0};
    char ref[VEHICLE_REF_MAX + 1];

    (void)state;
    rows.listeners = "";
    fleet_start_with(&f, city_of(1, &rows, NULL));
    for (unsigned i = 0; i < 8; i++) {
        (void)snprintf(ref, sizeof ref, "HLO-%08u", 100 + i);
        fleet_park(&f, ref, 20, 20);
    }
    fleet_wait(&f, 601000);
    assert_int_equal(fleet_alerts(&f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(fleet_move(&f, alert.id, ALERT_EVENT_RESOLVE, "HLO"), ERR_OK);
    rows.park = false;
    rows.zone = true;
    city_swap(&f, &rows);
    fleet_wait(&f, 3600000);
    assert_int_equal(fleet_alerts(&f, ALERT_PILE_UP, &alert), 1);
    assert_int_equal(alert.state, ALERT_RESOLVED);
    assert_int_equal(alert.count, 1);
    fleet_stop(&f);
}

/* The last zone far and wide: its bikes have no verdict any more, and its episodes are over. */
static void the_last_zone_that_went_ends_its_episodes(void **state)
{
    struct fleet_fixture f;
    struct city_rows rows = whole;
    struct alert_image alert = {0};

    (void)state;
    rows.listeners = "";
    rows.park = false;
    rows.zone = true;
    fleet_start_with(&f, city_of(1, &rows, NULL));
    fleet_park(&f, BIKE, ZONE_M + 20, 20);
    fleet_wait(&f, 121000);
    assert_int_equal(open_ones(&f, ALERT_NO_PARKING_ZONE), 1);
    rows.zone = false;
    city_swap(&f, &rows);
    assert_int_equal(fleet_alerts(&f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_false(alert_is_open(&alert));
    assert_int_equal(alert.cause, CAUSE_FENCE_REMOVED);
    fleet_stop(&f);
}

/* A wall clock that was an hour slow while the zone's end was worked out. */
static void windows_follow_a_wall_clock_that_is_set_right(void **state)
{
    struct fleet_fixture f;
    struct city_rows rows = whole;
    struct fence_view before;
    struct fence_view after;

    (void)state;
    rows.listeners = "";
    rows.zone = true;
    rows.zone_more = ",\"valid_until\":\"2026-05-28T20:30:00Z\""; /* T0 + 200 s */
    fleet_start_with(&f, city_of(1, &rows, NULL));
    f.now.shift_ms = -3600000;
    fleet_wait(&f, 601000); /* the end comes, but not by the wall clock */
    core_fence_view(f.core, fences_find(f.inv, fleet_key(ZONE_ID)), &before);
    f.now.shift_ms = 0;
    fleet_park(&f, BIKE, 20, 20); /* any step brings the new shift */
    fleet_wait(&f, 2000);
    core_fence_view(f.core, fences_find(f.inv, fleet_key(ZONE_ID)), &after);
    assert_int_not_equal(after.brief.version, before.brief.version);
    fleet_stop(&f);
}

/* Scans bear the time of the host at which they arrived. */
static void a_host_clock_that_is_set_back_silences_no_listener(void **state)
{
    struct fleet_fixture f;
    struct bike_report report = {.source = REPORT_LISTENER,
                                 .has = REPORT_HAS_SCAN | REPORT_HAS_TIME,
                                 .fence = fleet_key(PARK_ID),
                                 .listener = 7,
                                 .scan_period_ms = 10000};

    (void)state;
    fleet_start_with(&f, city_of(1, &whole, NULL));
    for (unsigned i = 0; i < 120; i++) {
        f.now.shift_ms = i < 60 ? 0 : -3600000;
        report.time_ms = f.now.at_ms + f.now.shift_ms;
        fleet_say(&f, &report);
        fleet_wait(&f, 10000);
        assert_int_equal(fleet_count(&f, PARK_ID), 0);
    }
    assert_int_equal(open_ones(&f, ALERT_FENCE_SILENT), 0);
    fleet_stop(&f);
}

/* The end of a planned event could not be journalled: it goes on, to its own end. */
static void a_planned_event_whose_end_is_refused_ends_later(void **state)
{
    struct fleet_fixture f;
    struct alert_image alert = {0};
    struct city_rows rows = whole;

    (void)state;
    rows.listeners = "";
    fleet_start_with(&f, city_of(1, &rows, NULL));
    fleet_mute(&f, f.now.at_ms + 1000000);
    fleet_mute(&f, 0);
    core_undo(f.core);
    fleet_park(&f, BIKE, -60, 20);
    fleet_wait(&f, 999000);
    assert_int_equal(fleet_alerts(&f, ALERT_OUT_OF_FENCE, &alert), 0);
    fleet_wait(&f, 2000);
    assert_int_equal(fleet_alerts(&f, ALERT_OUT_OF_FENCE, &alert), 1);
    fleet_stop(&f);
}

/* What is still wrong when a planned event ends is told then, not when it is heard of next. */
static void a_planned_event_that_ends_is_noticed(void **state)
{
    struct fleet_fixture f;
    struct alert_image alert = {0};
    struct city_rows rows = whole;

    (void)state;
    rows.listeners = "";
    fleet_start_with(&f, city_of(1, &rows, NULL));
    fleet_mute(&f, f.now.at_ms + 1000000);
    fleet_park(&f, BIKE, -60, 20);
    fleet_wait(&f, 999000);
    assert_int_equal(fleet_alerts(&f, ALERT_OUT_OF_FENCE, &alert), 0);
    fleet_wait(&f, 2000);
    assert_int_equal(fleet_alerts(&f, ALERT_OUT_OF_FENCE, &alert), 1);
    fleet_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_that_was_taken_down_silences_nobody),
        cmocka_unit_test(listeners_are_replaced_as_often_as_need_be),
        cmocka_unit_test(more_listeners_than_a_fence_holds_are_refused),
        cmocka_unit_test(a_suspect_feed_stays_its_operators),
        cmocka_unit_test(what_was_cleared_at_a_fence_that_went_is_over),
        cmocka_unit_test(the_last_zone_that_went_ends_its_episodes),
        cmocka_unit_test(windows_follow_a_wall_clock_that_is_set_right),
        cmocka_unit_test(a_host_clock_that_is_set_back_silences_no_listener),
        cmocka_unit_test(a_planned_event_that_ends_is_noticed),
        cmocka_unit_test(a_planned_event_whose_end_is_refused_ends_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
