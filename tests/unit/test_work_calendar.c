/* Working time against an oracle that walks the minutes, over random calendars with holidays and
 * make-up days; and what a calendar refuses. BOWEI_SEEDS says how many calendars. */
#include "tests/unit/seeds.h"

#include "bowei/base/work_calendar.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEEDS     150
#define LOOKS     12
#define MINUTE_MS 60000LL
#define DAY_MS    86400000LL
#define SPAN_DAYS 24 /* of the days file */

struct plan {
    int offset_min;
    unsigned spans, from[WORK_SPANS_MAX], until[WORK_SPANS_MAX];
    unsigned night_from, night_until;
    int64_t first_day;     /* local, from 1970 */
    char kinds[SPAN_DAYS]; /* 'h', 'w', ' ' */
    char hours[256], night[64], days[SPAN_DAYS * 24];
};

static void plan_make(struct plan *p, struct dice *dice)
{
    unsigned at = 0;

    memset(p, 0, sizeof *p);
    p->offset_min = ((int)dice_below(dice, 57) - 28) * 30;
    p->spans = 1 + dice_below(dice, WORK_SPANS_MAX);
    for (unsigned i = 0; i < p->spans; i++) {
        const size_t len = strlen(p->hours);

        p->from[i] = at + dice_below(dice, 200);
        p->until[i] = p->from[i] + 1 + dice_below(dice, 150);
        at = p->until[i];
        (void)snprintf(p->hours + len, sizeof p->hours - len, "%s%02u:%02u-%02u:%02u",
                       i == 0 ? "" : ",", p->from[i] / 60, p->from[i] % 60, p->until[i] / 60,
                       p->until[i] % 60);
    }
    p->night_from = dice_below(dice, 1440);
    p->night_until = dice_below(dice, 1440);
    (void)snprintf(p->night, sizeof p->night, "%02u:%02u-%02u:%02u", p->night_from / 60,
                   p->night_from % 60, p->night_until / 60, p->night_until % 60);
    p->first_day = 20000 + dice_below(dice, 2000);
    for (unsigned i = 0; i < SPAN_DAYS; i++) {
        const time_t moment = (time_t)((p->first_day + i) * 86400);
        struct tm tm;
        const size_t len = strlen(p->days);

        assert_non_null(gmtime_r(&moment, &tm));
        p->kinds[i] = ' ';
        if (dice_below(dice, 4) == 0) {
            const bool weekend = tm.tm_wday == 0 || tm.tm_wday == 6;

            p->kinds[i] = weekend && dice_below(dice, 2) == 0 ? 'w' : 'h';
            (void)snprintf(p->days + len, sizeof p->days - len, "%04d-%02d-%02d %s\n",
                           tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                           p->kinds[i] == 'w' ? "workday" : "holiday");
        }
    }
}

/* The oracle: one minute. */
static enum day_kind day_of(const struct plan *p, int64_t minute)
{
    const int64_t local = minute + p->offset_min;
    const int64_t day = local / 1440;
    const time_t moment = (time_t)(day * 86400);
    struct tm tm;

    assert_non_null(gmtime_r(&moment, &tm));
    if (day >= p->first_day && day < p->first_day + SPAN_DAYS &&
        p->kinds[day - p->first_day] != ' ') {
        return p->kinds[day - p->first_day] == 'w' ? DAY_WORKING : DAY_HOLIDAY;
    }
    return tm.tm_wday == 0 || tm.tm_wday == 6 ? DAY_WEEKEND : DAY_WORKING;
}

static bool worked(const struct plan *p, int64_t minute)
{
    const unsigned of_day = (unsigned)((minute + p->offset_min) % 1440);
    bool in = false;

    for (unsigned i = 0; i < p->spans; i++) {
        in = in || (of_day >= p->from[i] && of_day < p->until[i]);
    }
    return in && day_of(p, minute) == DAY_WORKING;
}

static bool quiet(const struct plan *p, int64_t minute)
{
    const unsigned of_day = (unsigned)((minute + p->offset_min) % 1440);
    bool night = false;

    for (unsigned at = p->night_from; at != p->night_until; at = (at + 1) % 1440) {
        night = night || at == of_day;
    }
    return night || day_of(p, minute) == DAY_HOLIDAY;
}

static void look(const struct plan *p, const struct work_calendar *calendar, struct dice *dice)
{
    const int64_t from = (p->first_day - 3) * 1440 + dice_below(dice, (SPAN_DAYS + 6) * 1440);
    const int64_t to = from + dice_below(dice, 12 * 1440);
    const int64_t part_ms = dice_below(dice, 60000);
    int64_t sum = 0;
    int64_t last = from;

    for (int64_t m = from; m < to; m++) {
        if (worked(p, m)) {
            sum++;
            last = m + 1;
        }
    }
    assert_int_equal(work_calendar_between(calendar, from * MINUTE_MS, to * MINUTE_MS),
                     sum * MINUTE_MS);
    assert_int_equal(work_calendar_between(calendar, to * MINUTE_MS, from * MINUTE_MS), 0);
    /* the first moment at which so much is over: the end of the last worked minute */
    assert_int_equal(work_calendar_add(calendar, from * MINUTE_MS, sum * MINUTE_MS),
                     last * MINUTE_MS);
    /* parts of minutes: there and back */
    const int64_t begin_ms = from * MINUTE_MS + part_ms;
    const int64_t end_ms = work_calendar_add(calendar, begin_ms, sum * MINUTE_MS + part_ms);
    assert_int_equal(work_calendar_between(calendar, begin_ms, end_ms), sum * MINUTE_MS + part_ms);
    assert_true(sum * MINUTE_MS + part_ms == 0 ||
                work_calendar_between(calendar, begin_ms, end_ms - 1) ==
                    sum * MINUTE_MS + part_ms - 1);
    assert_int_equal(work_calendar_day(calendar, begin_ms), day_of(p, from));
    assert_int_equal(work_calendar_quiet(calendar, begin_ms), quiet(p, from));
    const time_t local = (time_t)((from + p->offset_min) * 60);
    struct tm tm;
    assert_non_null(gmtime_r(&local, &tm));
    assert_int_equal(work_calendar_date(calendar, begin_ms),
                     (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

static void working_time_is_that_of_the_minutes(void **state)
{
    const struct seeds seeds = seeds_wanted(SEEDS, SEEDS / 10);
    unsigned made_up = 0;

    (void)state;
    for (seed_now = seeds.first; seed_now < seeds.end; seed_now++) {
        struct dice dice = {.state = seed_now * 7919u};
        struct work_calendar *calendar = NULL;
        struct plan p;
        char detail[160];

        plan_make(&p, &dice);
        const struct work_calendar_params params = {.utc_offset_min = p.offset_min,
                                                    .hours = p.hours,
                                                    .night = p.night,
                                                    .days = p.days,
                                                    .days_len = strlen(p.days)};
        if (work_calendar_create(&params, &calendar, detail) != ERR_OK) {
            fail_msg("%s", detail);
        }
        made_up += memchr(p.kinds, 'w', SPAN_DAYS) != NULL;
        for (unsigned i = 0; i < LOOKS; i++) {
            look(&p, calendar, &dice);
        }
        work_calendar_destroy(calendar);
    }
    assert_true(made_up >
                (seeds.end - seeds.first) / 4); /* make-up days are among what was looked at */
}

/* As an editor on Windows saves it: a byte order mark, and lines that end in CR LF. */
static void a_days_file_may_come_from_windows(void **state)
{
    static const char days[] = "\xef\xbb\xbf"
                               "2026-10-01 holiday\r\n2026-10-10 workday\r\n";
    const struct work_calendar_params params = {
        .utc_offset_min = 480, .days = days, .days_len = sizeof days - 1};
    struct work_calendar *calendar = NULL;
    char detail[160];

    (void)state;
    assert_int_equal(work_calendar_create(&params, &calendar, detail), ERR_OK);
    assert_int_equal(work_calendar_day(calendar, 1790827200000),
                     DAY_HOLIDAY); /* 1 October, 12:00 */
    assert_int_equal(work_calendar_day(calendar, 1791604800000),
                     DAY_WORKING); /* Saturday the 10th */
    work_calendar_destroy(calendar);
}

static void a_calendar_says_what_it_does_not_know(void **state)
{
    /* clang-format off */
    static const struct {
        const char *hours, *night, *days, *says;
    } cases[] = {
        {NULL, NULL, "2026-10-01 holiday\n\n2026-13-01 holiday\n",
         "line 3: \"2026-13-01\" is not a date"},
        {NULL, NULL, "2026-02-29 holiday", "line 1: \"2026-02-29\" is not a date"},
        {NULL, NULL, "2026-10-01 feast", "line 1: \"feast\" is not holiday or workday"},
        {NULL, NULL, "2026-10-01", "line 1: \"\" is not holiday or workday"},
        {NULL, NULL, "2026-10-01 holiday x", "line 1: \"x\" is too much"},
        {NULL, NULL, "2026-10-01 holiday\n2026-10-01 holiday",
         "line 2: \"2026-10-01\" is given twice"},
        {NULL, NULL, "2026-10-10 workday\n2026-10-10 holiday",
         "line 2: \"2026-10-10\" is given twice"},
        {NULL, NULL, "2026-10-12 workday", "is no weekend day"},
        {"12:00-08:00", NULL, NULL, "hours: \"12:00-08:00\""},
        {"08:00-12:00,11:00-13:00", NULL, NULL, "hours: "},
        {"08:00-24:01", NULL, NULL, "hours: "},
        {"", NULL, NULL, "hours: \"\""},
        {"01:00-02:00,03:00-04:00,05:00-06:00,07:00-08:00,09:00-10:00", NULL, NULL, "1 to 4 spans"},
        {NULL, "22:00", NULL, "night: \"22:00\""},
        {NULL, "22:60-06:00", NULL, "night: "},
    };

    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct work_calendar_params params = {
            .utc_offset_min = 480,
            .hours = cases[i].hours,
            .night = cases[i].night,
            .days = cases[i].days,
            .days_len = cases[i].days == NULL ? 0 : strlen(cases[i].days)};
        struct work_calendar *calendar = NULL;
        char detail[160];

        assert_int_equal(work_calendar_create(&params, &calendar, detail), ERR_BAD_PARAMETER);
        if (strstr(detail, cases[i].says) == NULL) {
            fail_msg("%zu: \"%s\" does not say \"%s\"", i, detail, cases[i].says);
        }
    }
}

/* A calendar in which nothing is worked ends somewhere. */
static void ten_years_are_enough(void **state)
{
    static char days[4200 * 20];
    struct work_calendar_params params = {.utc_offset_min = 480, .days = days};
    struct work_calendar *calendar = NULL;
    char detail[160];
    int64_t end_ms;

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        const time_t moment = (time_t)(20500 + i) * 86400;
        struct tm tm;

        assert_non_null(gmtime_r(&moment, &tm));
        (void)snprintf(days + params.days_len, sizeof days - params.days_len,
                       "%04d-%02d-%02d holiday\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        params.days_len += strlen(days + params.days_len);
    }
    assert_int_equal(work_calendar_create(&params, &calendar, detail), ERR_OK);
    end_ms = work_calendar_add(calendar, 20501 * DAY_MS, 1);
    assert_true(end_ms > (20500 + 3600) * DAY_MS && end_ms < (20500 + 3700) * DAY_MS);
    work_calendar_destroy(calendar);
}

static void the_shipped_example_is_read(void **state)
{
    const struct work_calendar_params params = {.utc_offset_min = 480};
    const int64_t eve_ms = 1771200000000; /* 2026-02-16 08:00 in Shanghai */
    struct work_calendar *calendar = NULL;
    char detail[160];

    (void)state;
    assert_int_equal(
        work_calendar_load(&params, TESTS_DIR "/../config/holidays.example.txt", &calendar, detail),
        ERR_OK);
    assert_int_equal(work_calendar_day(calendar, eve_ms), DAY_HOLIDAY);
    assert_int_equal(work_calendar_date(calendar, eve_ms), 20260216);
    work_calendar_destroy(calendar);
    assert_int_equal(work_calendar_load(&params, "/nonexistent/days", &calendar, detail), ERR_IO);
    assert_non_null(strstr(detail, "/nonexistent/days"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_example_is_read),
        SEEDED_TEST(working_time_is_that_of_the_minutes),
        cmocka_unit_test(a_days_file_may_come_from_windows),
        cmocka_unit_test(a_calendar_says_what_it_does_not_know),
        cmocka_unit_test(ten_years_are_enough),
    };

    return cmocka_run_group_tests_name("work_calendar", tests, NULL, NULL);
}
