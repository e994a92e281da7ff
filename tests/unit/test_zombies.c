/* The edges of each rule of the zombie watch: releases, gaps, what keeps a suspicion away, what
 * ends it, each reason of a bike, restarts, a journal that refuses, and the pick-list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/zombie_city.h"

#define BEAT_MS  (6 * CITY_HOUR_MS)
#define SWEEP_MS (10 * CITY_MIN_MS)
#define MONTH_MS (30 * CITY_DAY_MS)

/* The sensor says that it is so, now and every six hours. */
static void stand(struct zombie_town *t, uint32_t space, enum reading_value value, int64_t until_ms)
{
    for (town_say(t, space, value); t->now.at_ms + BEAT_MS < until_ms;) {
        town_until(t, t->now.at_ms + BEAT_MS);
        town_say(t, space, value);
    }
    town_until(t, until_ms);
}

static bool car(const struct zombie_town *t, uint32_t space, struct case_image *out)
{
    return town_case(t, CASE_ZOMBIE_CAR, town_key(space), "", out);
}

/* Occupied for a month, with a release of that length on the tenth day; is it a suspect then? */
static bool after_release(int64_t release_ms, bool restart)
{
    struct zombie_town t;
    struct case_image found;
    bool is;

    town_open(&t, 10);
    const int64_t begun_ms = t.now.at_ms;
    stand(&t, 1, VALUE_OCCUPIED, begun_ms + 10 * CITY_DAY_MS);
    town_say(&t, 1, VALUE_FREE);
    town_until(&t, t.now.at_ms + release_ms / 2);
    if (restart) {
        town_restart(&t);
    }
    town_until(&t, begun_ms + 10 * CITY_DAY_MS + release_ms);
    stand(&t, 1, VALUE_OCCUPIED, begun_ms + MONTH_MS + SWEEP_MS);
    is = car(&t, 1, &found);
    if (is) {
        assert_true(found.since_ms == begun_ms && found.reasons == 1U << ZOMBIE_STILL);
        assert_true(found.reported_ms >= begun_ms + MONTH_MS);
    } else { /* its clock began with the return */
        stand(&t, 1, VALUE_OCCUPIED,
              begun_ms + 10 * CITY_DAY_MS + release_ms + MONTH_MS + SWEEP_MS);
        assert_true(car(&t, 1, &found));
        assert_true(found.since_ms == begun_ms + 10 * CITY_DAY_MS + release_ms);
    }
    town_close(&t);
    return is;
}

static void a_release_of_a_minute_begins_the_stay_anew(void **state)
{
    (void)state;
    assert_true(after_release(59999, false));
    assert_false(after_release(60000, false));
    assert_true(after_release(59999, true));
    assert_false(after_release(60000, true));
}

static void a_month_is_thirty_days_to_the_sweep(void **state)
{
    struct zombie_town t;
    struct case_image found;

    (void)state;
    town_open(&t, 10);
    const int64_t begun_ms = t.now.at_ms;
    stand(&t, 1, VALUE_OCCUPIED, begun_ms + MONTH_MS - 1);
    assert_false(car(&t, 1, &found));
    stand(&t, 1, VALUE_OCCUPIED, begun_ms + MONTH_MS + SWEEP_MS);
    assert_true(car(&t, 1, &found));
    assert_true(found.reported_ms >= begun_ms + MONTH_MS);
    assert_int_equal(found.stage, STAGE_SUSPECT);
    assert_int_equal(found.status, STATUS_REPORTED);
    assert_int_equal(core_case_slots(t.core), 1);
    town_close(&t);
}

/* 30 days hold 36 h of gap at 5 %. */
static bool with_gap(int64_t gap_ms)
{
    struct zombie_town t;
    struct case_image found;
    bool is;

    town_open(&t, 10);
    const int64_t begun_ms = t.now.at_ms;
    stand(&t, 1, VALUE_OCCUPIED, begun_ms + 10 * CITY_DAY_MS);
    town_say(&t, 1, VALUE_OCCUPIED);
    town_until(&t, t.now.at_ms + CITY_LIMIT_S * INT64_C(1000) + 1 + gap_ms);
    stand(&t, 1, VALUE_OCCUPIED, begun_ms + MONTH_MS + SWEEP_MS);
    is = car(&t, 1, &found);
    assert_true(!is || found.gap_s == gap_ms / 1000);
    town_close(&t);
    return is;
}

static void five_percent_of_a_stay_may_be_unknown(void **state)
{
    const int64_t five_percent_ms = MONTH_MS / 20;

    (void)state;
    assert_true(with_gap(five_percent_ms));
    /* beyond what the stay grows by until the sweep */
    assert_false(with_gap(five_percent_ms + 2 * SWEEP_MS / 20 + 1000));
}

/* A suspect that is free for so long, then occupied again: does the suspicion end, and when? */
static bool ends_after(int64_t free_ms, int64_t *left_ms)
{
    struct zombie_town t;
    struct case_image found;
    struct image row;
    bool is;

    town_open(&t, 10);
    stand(&t, 1, VALUE_OCCUPIED, t.now.at_ms + MONTH_MS + SWEEP_MS);
    assert_true(car(&t, 1, &found));
    const int64_t released_ms = t.now.at_ms;
    town_say(&t, 1, VALUE_FREE);
    town_until(&t, released_ms + free_ms);
    town_say(&t, 1, VALUE_OCCUPIED);
    town_until(&t, t.now.at_ms + 2 * SWEEP_MS);
    assert_true(car(&t, 1, &found));
    is = (found.flags & CASE_IS_GONE) != 0;
    *left_ms = 0;
    for (uint32_t i = 0; i < core_case_row_slots(t.core); i++) {
        if (core_case_row_image(t.core, i, &row) && row.case_row.event == CASE_EVENT_SELF_CLEAR) {
            assert_int_equal(
                rfc3339_parse(row.case_row.note, (uint32_t)strlen(row.case_row.note), left_ms), 0);
            *left_ms -= released_ms;
        }
    }
    town_close(&t);
    return is;
}

static void ten_free_minutes_end_a_suspicion(void **state)
{
    int64_t left_ms;

    (void)state;
    assert_false(ends_after(9 * CITY_MIN_MS + 59 * 1000, &left_ms));
    assert_false(ends_after(10 * CITY_MIN_MS - 1, &left_ms));
    assert_true(ends_after(10 * CITY_MIN_MS, &left_ms));
    assert_true(left_ms >= 599000 && left_ms <= 600000); /* its text may have whole seconds */
    assert_true(ends_after(5 * CITY_HOUR_MS, &left_ms));
    assert_true(left_ms >= 599000 && left_ms <= 600000);
}

static void a_minute_free_keeps_an_existing_suspicion(void **state)
{
    struct zombie_town t;
    struct case_image found;
    struct case_image same;

    (void)state;
    town_open(&t, 10);
    stand(&t, 1, VALUE_OCCUPIED, t.now.at_ms + MONTH_MS + SWEEP_MS);
    assert_true(car(&t, 1, &found));
    town_say(&t, 1, VALUE_FREE);
    town_until(&t, t.now.at_ms + 2 * CITY_MIN_MS);
    stand(&t, 1, VALUE_OCCUPIED, t.now.at_ms + MONTH_MS + SWEEP_MS);
    assert_true(car(&t, 1, &same) && same.id == found.id && (same.flags & CASE_IS_GONE) == 0);
    town_restart(&t);
    town_say(&t, 1, VALUE_FREE); /* a short stay of another car may have cut in */
    town_until(&t, t.now.at_ms + 2 * CITY_MIN_MS);
    town_say(&t, 1, VALUE_OCCUPIED);
    town_until(&t, t.now.at_ms + 30 * CITY_MIN_MS);
    town_say(&t, 1, VALUE_FREE);
    town_until(&t, t.now.at_ms + 11 * CITY_MIN_MS);
    town_say(&t, 1, VALUE_OCCUPIED);
    town_until(&t, t.now.at_ms + SWEEP_MS);
    assert_true(car(&t, 1, &same) && same.id == found.id && (same.flags & CASE_IS_GONE) != 0);
    town_close(&t);
}

static void a_permit_a_closure_and_silence_keep_it_away(void **state)
{
    struct zombie_town t;
    struct case_image found;
    struct command out = {.kind = COMMAND_SPACE_OUT, .key = town_key(2), .actor = "tester"};

    (void)state;
    town_open(&t, 10);
    const int64_t begun_ms = t.now.at_ms;
    const int64_t until_ms = begun_ms + MONTH_MS + 2 * CITY_DAY_MS;
    out.until_ms = until_ms;
    assert_int_equal(town_command(&t, &out), ERR_OK);
    for (int64_t at_ms = begun_ms; at_ms < until_ms; at_ms += BEAT_MS) {
        town_until(&t, at_ms);
        town_say(&t, 7, VALUE_OCCUPIED); /* a permit */
        town_say(&t, 2, VALUE_OCCUPIED); /* out of service */
        if (at_ms < begun_ms + MONTH_MS - 2 * BEAT_MS || at_ms > begun_ms + MONTH_MS + BEAT_MS) {
            town_say(&t, 3, VALUE_OCCUPIED); /* silent when its time comes */
        }
        if (at_ms < begun_ms + MONTH_MS + BEAT_MS) {
            assert_false(car(&t, 3, &found));
        }
    }
    town_until(&t, until_ms - 1);
    assert_false(car(&t, 2, &found));
    assert_true(car(&t, 3, &found));
    assert_true(found.reported_ms >= begun_ms + MONTH_MS + 2 * BEAT_MS);
    town_until(&t, until_ms + SWEEP_MS);
    assert_true(car(&t, 2, &found));
    assert_false(car(&t, 7, &found));
    town_close(&t);
}

static void a_rejected_suspicion_is_not_raised_again(void **state)
{
    struct zombie_town t;
    struct case_image found;

    (void)state;
    town_open(&t, 10);
    stand(&t, 1, VALUE_OCCUPIED, t.now.at_ms + MONTH_MS + 2 * SWEEP_MS);
    assert_true(car(&t, 1, &found));
    assert_int_equal(town_reject(&t, found.id), ERR_OK);
    stand(&t, 1, VALUE_OCCUPIED, t.now.at_ms + CITY_DAY_MS);
    town_restart(&t);
    town_say(&t, 1, VALUE_FREE);
    town_until(&t, t.now.at_ms + 30000);
    stand(&t, 1, VALUE_OCCUPIED, t.now.at_ms + MONTH_MS);
    assert_int_equal(core_case_slots(t.core), 1);
    /* another stay is another question */
    town_say(&t, 1, VALUE_FREE);
    town_until(&t, t.now.at_ms + 60000);
    stand(&t, 1, VALUE_OCCUPIED, t.now.at_ms + MONTH_MS + SWEEP_MS);
    assert_int_equal(core_case_slots(t.core), 2);
    town_close(&t);
}

static void what_the_journal_refuses_shows_later(void **state)
{
    struct zombie_town t;
    struct case_image found;

    (void)state;
    town_open(&t, 10);
    const int64_t begun_ms = t.now.at_ms;
    stand(&t, 1, VALUE_OCCUPIED, begun_ms + 23 * CITY_DAY_MS);
    town_park(&t, "HLO-00000001", 500, 500);
    stand(&t, 1, VALUE_OCCUPIED, begun_ms + MONTH_MS - BEAT_MS);
    t.refuse = true;
    town_say(&t, 1, VALUE_FREE); /* its stay cannot be kept either */
    town_until(&t, t.now.at_ms + 20000);
    town_say(&t, 1, VALUE_OCCUPIED);
    town_until(&t, begun_ms + MONTH_MS + SWEEP_MS);
    assert_false(car(&t, 1, &found));
    assert_false(town_case(&t, CASE_ZOMBIE_SHARED_BIKE, 0, "HLO-00000001", &found));
    t.refuse = false;
    town_until(&t, t.now.at_ms + 2000);
    assert_true(car(&t, 1, &found));
    assert_true(found.since_ms == begun_ms);
    assert_true(town_case(&t, CASE_ZOMBIE_SHARED_BIKE, 0, "HLO-00000001", &found));
    assert_int_equal(found.reasons, 1U << ZOMBIE_SILENT);
    /* the end of it too */
    t.refuse = true;
    town_say(&t, 1, VALUE_FREE);
    town_until(&t, t.now.at_ms + 12 * CITY_MIN_MS);
    town_say(&t, 1, VALUE_OCCUPIED);
    town_until(&t, t.now.at_ms + SWEEP_MS);
    assert_true(car(&t, 1, &found) && (found.flags & CASE_IS_GONE) == 0);
    t.refuse = false;
    town_until(&t, t.now.at_ms + 2000);
    assert_true(car(&t, 1, &found) && (found.flags & CASE_IS_GONE) != 0);
    town_close(&t);
}

/* --- bikes --- */

#define BIKE "HLO-00000001"

static unsigned bike_reasons(const struct zombie_town *t)
{
    struct case_image found;

    return town_case(t, CASE_ZOMBIE_SHARED_BIKE, 0, BIKE, &found) &&
                   (found.flags & CASE_IS_GONE) == 0
               ? found.reasons
               : 0;
}

/* Says every four hours where it is, from now on. */
static void bike_stand(struct zombie_town *t, int east_m, uint8_t battery, int64_t until_ms)
{
    while (t->now.at_ms <= until_ms) {
        struct bike_report report = town_fix(t, BIKE, east_m, 500);

        report.has |= REPORT_HAS_BATTERY;
        report.battery_pct = battery;
        town_report(t, &report);
        if (t->now.at_ms + 4 * CITY_HOUR_MS > until_ms) {
            break;
        }
        town_until(t, t->now.at_ms + 4 * CITY_HOUR_MS);
    }
    town_until(t, until_ms);
}

static void bikes_are_suspected_for_each_reason(void **state)
{
    struct zombie_town t;
    int64_t begun_ms;

    (void)state;
    town_open(&t, 0);
    begun_ms = t.now.at_ms; /* still: says so itself a week later */
    bike_stand(&t, 500, 80, begun_ms + 7 * CITY_DAY_MS - 1);
    assert_int_equal(bike_reasons(&t), 0);
    bike_stand(&t, 500, 80, begun_ms + 7 * CITY_DAY_MS + 4 * CITY_HOUR_MS + SWEEP_MS);
    assert_int_equal(bike_reasons(&t), 1U << ZOMBIE_STILL);
    begun_ms = t.now.at_ms; /* then its battery is flat, and another week later it is silent */
    bike_stand(&t, 500, 5, begun_ms + 2 * CITY_DAY_MS);
    town_until(&t, begun_ms + 3 * CITY_DAY_MS - 1);
    assert_int_equal(bike_reasons(&t), 1U << ZOMBIE_STILL);
    town_until(&t, begun_ms + 3 * CITY_DAY_MS + SWEEP_MS);
    assert_int_equal(bike_reasons(&t), 1U << ZOMBIE_STILL | 1U << ZOMBIE_FLAT_BATTERY);
    town_until(&t, begun_ms + 9 * CITY_DAY_MS + SWEEP_MS);
    assert_int_equal(bike_reasons(&t),
                     1U << ZOMBIE_STILL | 1U << ZOMBIE_FLAT_BATTERY | 1U << ZOMBIE_SILENT);
    town_unlock(&t, BIKE); /* a ride ends all of it, at once */
    town_until(&t, t.now.at_ms + 1000);
    assert_int_equal(bike_reasons(&t), 0);
    town_until(&t, t.now.at_ms + 2 * CITY_HOUR_MS);
    begun_ms = t.now.at_ms; /* dragged off where it was parked */
    bike_stand(&t, 600, 90, begun_ms + CITY_HOUR_MS);
    bike_stand(&t, 800, 90, t.now.at_ms);
    bike_stand(&t, 800, 90, t.now.at_ms + 2 * CITY_DAY_MS);
    assert_int_equal(bike_reasons(&t), 0);
    bike_stand(&t, 800, 90, t.now.at_ms + 5 * CITY_HOUR_MS);
    assert_int_equal(bike_reasons(&t), 1U << ZOMBIE_DRAGGED);
    town_close(&t);
}

static void an_expired_alert_makes_a_suspect_that_stays(void **state)
{
    struct zombie_town t;
    struct case_image found;

    (void)state;
    town_open(&t, 0);
    const int64_t begun_ms = t.now.at_ms;
    bike_stand(&t, CITY_SIDE_M + 300, 80, begun_ms + 2 * CITY_DAY_MS + 2 * CITY_HOUR_MS);
    assert_int_equal(bike_reasons(&t), 0);
    bike_stand(&t, CITY_SIDE_M + 300, 80, t.now.at_ms + 5 * CITY_HOUR_MS);
    assert_int_equal(bike_reasons(&t), 1U << ZOMBIE_EXPIRED_ALERT);
    assert_true(town_case(&t, CASE_ZOMBIE_SHARED_BIKE, 0, BIKE, &found));
    /* due to be cleared two hours after two minutes outside */
    assert_in_range(found.since_ms - begun_ms, 122 * CITY_MIN_MS - 1000, 122 * CITY_MIN_MS + 1000);
    town_close(&t);
}

static void a_start_gives_bikes_time_to_be_heard(void **state)
{
    struct zombie_town t;

    (void)state;
    town_open(&t, 0);
    town_park(&t, BIKE, 500, 500);
    town_until(&t, t.now.at_ms + 7 * CITY_DAY_MS - CITY_HOUR_MS);
    town_restart(&t);
    town_until(&t, t.now.at_ms + 6 * CITY_HOUR_MS - 1);
    assert_int_equal(bike_reasons(&t), 0);
    town_until(&t, t.now.at_ms + SWEEP_MS);
    assert_int_equal(bike_reasons(&t), 1U << ZOMBIE_SILENT);
    /* the same after a leap of the clock: a day is missing */
    town_unlock(&t, BIKE);
    town_park(&t, BIKE, 700, 500);
    town_until(&t, t.now.at_ms + 6 * CITY_DAY_MS);
    t.now.at_ms += 2 * CITY_DAY_MS;
    town_until(&t, t.now.at_ms + 6 * CITY_HOUR_MS - SWEEP_MS);
    assert_int_equal(bike_reasons(&t), 0);
    town_until(&t, t.now.at_ms + 2 * SWEEP_MS);
    assert_int_equal(bike_reasons(&t), 1U << ZOMBIE_SILENT);
    town_close(&t);
}

/* Not heard for longer than bikes are kept: that is no ride. Elsewhere then: it has left. */
static void a_forgotten_bike_has_not_left(void **state)
{
    struct zombie_town t;
    struct case_image found;

    (void)state;
    for (unsigned elsewhere = 0; elsewhere < 2; elsewhere++) {
        town_open(&t, 0);
        town_park(&t, BIKE, 500, 500);
        town_until(&t, t.now.at_ms + 50 * CITY_DAY_MS);
        assert_int_equal(bike_reasons(&t), 1U << ZOMBIE_SILENT);
        bike_stand(&t, elsewhere ? 900 : 503, 50, t.now.at_ms + 9 * CITY_HOUR_MS);
        assert_int_equal(bike_reasons(&t), elsewhere ? 0 : 1U << ZOMBIE_SILENT);
        assert_true(town_case(&t, CASE_ZOMBIE_SHARED_BIKE, 0, BIKE, &found));
        assert_int_equal(core_case_slots(t.core), 1);
        town_close(&t);
    }
}

/* --- the pick-list --- */

static void the_pick_list_is_ranked_and_grouped(void **state)
{
    static struct zombie_item items[8];
    struct zombie_request request = {.group_radius_m = 300, .items = items, .limit = 8};
    struct command command = {.kind = COMMAND_ZOMBIES, .zombies = &request};

    static const struct {
        const char *ref;
        int east_m, day;
    } bikes[] = {
        {"HLO-00000001", 100,  0},
        {"HLO-00000002", 1500, 1},
        {"HLO-00000003", 200,  2},
        {"HLO-00000004", 1650, 3},
    };
    struct zombie_town t;

    (void)state;
    town_open(&t, 10);
    for (unsigned i = 0; i < 4; i++) {
        town_until(&t, CITY_T0 + bikes[i].day * CITY_DAY_MS);
        town_park(&t, bikes[i].ref, bikes[i].east_m, 100);
    }
    town_until(&t, CITY_T0 + 12 * CITY_DAY_MS);
    assert_int_equal(town_command(&t, &command), ERR_OK);
    assert_int_equal(request.count, 4);
    assert_int_equal(request.groups, 2);
    assert_string_equal(items[0].case_.vehicle, bikes[0].ref); /* longest, then its neighbour */
    assert_string_equal(items[1].case_.vehicle, bikes[2].ref);
    assert_string_equal(items[2].case_.vehicle, bikes[1].ref);
    assert_string_equal(items[3].case_.vehicle, bikes[3].ref);
    assert_true(items[0].group == 1 && items[1].group == 1 && items[2].group == 2);
    assert_true(items[0].rank == 1 && items[1].rank == 3 && items[2].rank == 2);
    assert_true(items[0].dwell_days == 12 && items[3].dwell_days == 9);
    /* silent since: heard for the first of these days only, and the share falls on */
    assert_int_equal(items[0].healthy_hundredths, 10000 / 12);
    assert_int_equal(items[3].healthy_hundredths, 10000 / 9);
    request.has_from = true; /* a round from the east takes the far group first */
    request.from = (struct position_e7){CITY_LAT, CITY_LON + 2000 * 121};
    assert_int_equal(town_command(&t, &command), ERR_OK);
    assert_string_equal(items[0].case_.vehicle, bikes[1].ref);
    assert_string_equal(items[2].case_.vehicle, bikes[0].ref);
    assert_in_range(items[0].distance_m, 490, 530);
    request.radius_m = 700;
    assert_int_equal(town_command(&t, &command), ERR_OK);
    assert_int_equal(request.count, 2);
    request.radius_m = 0;
    request.limit = 1;
    assert_int_equal(town_command(&t, &command), ERR_OK);
    assert_true(request.count == 1 && request.matches == 4);
    assert_string_equal(items[0].case_.vehicle, bikes[0].ref); /* the worst, wherever */
    request.kinds = 1U << CASE_ZOMBIE_CAR;
    assert_int_equal(town_command(&t, &command), ERR_OK);
    assert_int_equal(request.count, 0);
    town_close(&t);
}

/* Opened by people: nothing was measured, so it stands since they saw it; and it may be anywhere.
 */
static void what_people_saw_is_in_the_pick_list(void **state)
{
    static const struct position_e7 at[] = {
        {CITY_LAT,   CITY_LON   },
        {-421000000, -602000000 },
        {900000000,  1800000000 },
        {-900000000, -1800000000}
    };
    static struct zombie_item items[8];
    struct zombie_request request = {
        .group_radius_m = 300, .items = items, .limit = 8, .has_from = true};
    struct command command = {.kind = COMMAND_ZOMBIES, .zombies = &request};
    struct zombie_town t;

    (void)state;
    town_open(&t, 2);
    for (unsigned i = 0; i < 4; i++) {
        struct case_image opened;
        struct case_request asked = {.kind = CASE_ZOMBIE_CAR,
                                     .source = SOURCE_APP,
                                     .at = at[i],
                                     .new_receipt = i + 1,
                                     .cases = &opened,
                                     .limit = 1};
        struct command open = {.kind = COMMAND_CASE_OPEN, .cases = &asked};

        assert_int_equal(town_command(&t, &open), ERR_OK);
    }
    town_until(&t, t.now.at_ms + 3 * CITY_DAY_MS);
    for (unsigned i = 0; i < 4; i++) {
        request.from = at[i];
        assert_int_equal(town_command(&t, &command), ERR_OK);
        assert_int_equal(request.count, 4);
        assert_int_equal(items[0].dwell_days, 3);
        assert_int_equal(items[0].healthy_hundredths, 0);
        assert_true(items[0].case_.at.lat == at[i].lat);
        assert_int_equal(items[0].distance_m, 0);
    }
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_is_thirty_days_to_the_sweep),
        cmocka_unit_test(what_people_saw_is_in_the_pick_list),
        cmocka_unit_test(a_release_of_a_minute_begins_the_stay_anew),
        cmocka_unit_test(five_percent_of_a_stay_may_be_unknown),
        cmocka_unit_test(ten_free_minutes_end_a_suspicion),
        cmocka_unit_test(a_minute_free_keeps_an_existing_suspicion),
        cmocka_unit_test(a_permit_a_closure_and_silence_keep_it_away),
        cmocka_unit_test(a_rejected_suspicion_is_not_raised_again),
        cmocka_unit_test(what_the_journal_refuses_shows_later),
        cmocka_unit_test(bikes_are_suspected_for_each_reason),
        cmocka_unit_test(an_expired_alert_makes_a_suspect_that_stays),
        cmocka_unit_test(a_start_gives_bikes_time_to_be_heard),
        cmocka_unit_test(a_forgotten_bike_has_not_left),
        cmocka_unit_test(the_pick_list_is_ranked_and_grouped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
