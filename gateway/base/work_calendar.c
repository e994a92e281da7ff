/* The city's calendar: which days are worked, which hours of them, and when it is night. Days are
 * counted from 1970-01-01 in the city's own fixed offset; an exception is a row of the days file.
 */
#include "bowei/base/work_calendar.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS    60000LL
#define DAY_MS       86400000LL
#define DAY_MINUTES  1440u
#define LOOK_DAYS    3653 /* ten years: then a calendar without working time is given up */
#define DAYS_ROW_MAX 80
#define OFFSET_MAX   (14 * 60)

struct span {
    uint16_t from, until; /* minutes of the day */
};

struct exception {
    int32_t day;
    enum day_kind kind;
};

struct work_calendar {
    int64_t offset_ms;
    struct span hours[WORK_SPANS_MAX];
    unsigned hour_count;
    struct span night;            /* from > until: over midnight; equal: none */
    struct exception *exceptions; /* sorted by day */
    size_t exception_count;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* Days from 1970-01-01, proleptic Gregorian (Hinnant's algorithm). */
static int32_t day_of_date(int year, int month, int day)
{
    const int y = month <= 2 ? year - 1 : year;
    const int era = y / 400;
    const int of_era = y - era * 400;
    const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static uint32_t date_of_day(int64_t days)
{
    const int64_t z = days + 719468;
    const int64_t era = floor_div(z, 146097);
    const int64_t of_era = z - era * 146097;
    const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t m = (5 * of_year + 2) / 153;
    const int64_t day = of_year - (153 * m + 2) / 5 + 1;
    const int64_t month = m < 10 ? m + 3 : m - 9;
    const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);

    return (uint32_t)(year * 10000 + month * 100 + day);
}

/* --- reading what it is made of --- */

static bool two_digits(const char *text, unsigned *out)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
        return false;
    }
    *out = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
    return true;
}

/* "HH:MM-HH:MM" at text; hours up to 24:00. */
static bool span_read(const char *text, struct span *out)
{
    unsigned hour;
    unsigned minute;
    unsigned last_hour;
    unsigned last_minute;

    if (strlen(text) < 11 || !two_digits(text, &hour) || text[2] != ':' ||
        !two_digits(text + 3, &minute) || text[5] != '-' || !two_digits(text + 6, &last_hour) ||
        text[8] != ':' || !two_digits(text + 9, &last_minute)) {
        return false;
    }
    if (minute > 59 || last_minute > 59 || hour > 23 ||
        last_hour * 60 + last_minute > DAY_MINUTES) {
        return false;
    }
    out->from = (uint16_t)(hour * 60 + minute);
    out->until = (uint16_t)(last_hour * 60 + last_minute);
    return true;
}

static enum err hours_read(struct work_calendar *calendar, const char *text, char detail[160])
{
    const char *at = text;
    uint16_t last = 0;

    for (;;) {
        struct span span;

        if (calendar->hour_count == WORK_SPANS_MAX || !span_read(at, &span) || span.from < last ||
            span.until <= span.from || (at[11] != '\0' && at[11] != ',')) {
            (void)snprintf(detail, 160,
                           "hours: \"%.60s\" is not 1 to %d spans HH:MM-HH:MM, one behind the "
                           "other",
                           text, WORK_SPANS_MAX);
            return ERR_BAD_PARAMETER;
        }
        calendar->hours[calendar->hour_count++] = span;
        last = span.until;
        if (at[11] == '\0') {
            return ERR_OK;
        }
        at += 12;
    }
}

static bool date_read(const char *text, size_t len, int32_t *day)
{
    unsigned century;
    unsigned year;
    unsigned month;
    unsigned date;

    if (len != 10 || text[4] != '-' || text[7] != '-' || !two_digits(text, &century) ||
        !two_digits(text + 2, &year) || !two_digits(text + 5, &month) ||
        !two_digits(text + 8, &date) || century < 19 || month < 1 || month > 12 || date < 1) {
        return false;
    }
    *day = day_of_date((int)(century * 100 + year), (int)month, (int)date);
    return date_of_day(*day) == (century * 100 + year) * 10000 + month * 100 + date;
}

static bool weekend(int64_t day)
{
    const int64_t weekday = (day + 3) - floor_div(day + 3, 7) * 7; /* 1970-01-01: Thursday */

    return weekday >= 5;
}

static bool kind_read(const char *text, size_t len, enum day_kind *kind)
{
    static const struct {
        const char *word;
        enum day_kind kind;
    } words[] = {
        {"holiday", DAY_HOLIDAY},
        {"workday", DAY_WORKING},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == len && memcmp(words[i].word, text, len) == 0) {
            *kind = words[i].kind;
            return true;
        }
    }
    return false;
}

static enum err row_refuse(char detail[160], size_t line, const char *word, const char *why)
{
    (void)snprintf(detail, 160, "line %zu: \"%.40s\" %s", line, word, why);
    return ERR_BAD_PARAMETER;
}

static enum err exception_add(struct work_calendar *calendar, struct exception one, size_t line,
                              const char *word, char detail[160])
{
    struct exception *larger;
    size_t at = calendar->exception_count;

    while (at > 0 && calendar->exceptions[at - 1].day > one.day) {
        at--;
    }
    if (at > 0 && calendar->exceptions[at - 1].day == one.day) {
        return row_refuse(detail, line, word, "is given twice");
    }
    if (one.kind == DAY_WORKING && !weekend(one.day)) {
        return row_refuse(detail, line, word, "is no weekend day: it is worked anyway");
    }
    larger = realloc(calendar->exceptions, (calendar->exception_count + 1) * sizeof *larger);
    if (larger == NULL) {
        return ERR_NO_MEMORY;
    }
    calendar->exceptions = larger;
    memmove(&larger[at + 1], &larger[at], (calendar->exception_count - at) * sizeof *larger);
    larger[at] = one;
    calendar->exception_count++;
    return ERR_OK;
}

/* One row, without its end of line and comment. */
static enum err row_read(struct work_calendar *calendar, const char *row, size_t line,
                         char detail[160])
{
    char date[DAYS_ROW_MAX];
    char kind[DAYS_ROW_MAX];
    char rest[DAYS_ROW_MAX];
    struct exception one;
    const int words = sscanf(row, "%79s %79s %79s", date, kind, rest);

    if (words <= 0) {
        return ERR_OK;
    }
    if (!date_read(date, strlen(date), &one.day)) {
        return row_refuse(detail, line, date, "is not a date");
    }
    if (words < 2 || !kind_read(kind, strlen(kind), &one.kind)) {
        return row_refuse(detail, line, words < 2 ? "" : kind, "is not holiday or workday");
    }
    if (words > 2) {
        return row_refuse(detail, line, rest, "is too much: a date and its kind are all");
    }
    return exception_add(calendar, one, line, date, detail);
}

static enum err days_read(struct work_calendar *calendar, const char *days, size_t len,
                          char detail[160])
{
    const bool marked = len >= 3 && memcmp(days, "\xef\xbb\xbf", 3) == 0; /* Windows editors */
    size_t line = 0;

    for (size_t at = marked ? 3 : 0; at < len;) {
        const char *end = memchr(days + at, '\n', len - at);
        const size_t row_len = end == NULL ? len - at : (size_t)(end - (days + at));
        const char *comment = memchr(days + at, '#', row_len);
        size_t n = comment == NULL ? row_len : (size_t)(comment - (days + at));
        char row[DAYS_ROW_MAX];
        enum err e;

        line++;
        while (n > 0 && strchr(" \t\r", days[at + n - 1]) != NULL) {
            n--;
        }
        if (n >= sizeof row || memchr(days + at, '\0', n) != NULL) {
            return row_refuse(detail, line, "", "is no row of a date and its kind");
        }
        memcpy(row, days + at, n);
        row[n] = '\0';
        e = row_read(calendar, row, line, detail);
        if (e != ERR_OK) {
            return e;
        }
        at += row_len + 1;
    }
    return ERR_OK;
}

static enum err calendar_read(struct work_calendar *calendar,
                              const struct work_calendar_params *params, char detail[160])
{
    const char *night = params->night == NULL ? "22:00-06:00" : params->night;
    const char *hours = params->hours == NULL ? "08:30-12:00,14:00-17:30" : params->hours;
    enum err e;

    if (params->utc_offset_min < -OFFSET_MAX || params->utc_offset_min > OFFSET_MAX) {
        (void)snprintf(detail, 160, "utc_offset_min: %d is not -840 to 840",
                       (int)params->utc_offset_min);
        return ERR_BAD_PARAMETER;
    }
    calendar->offset_ms = params->utc_offset_min * MINUTE_MS;
    if (strlen(night) != 11 || !span_read(night, &calendar->night)) {
        (void)snprintf(detail, 160, "night: \"%.60s\" is not HH:MM-HH:MM", night);
        return ERR_BAD_PARAMETER;
    }
    e = hours_read(calendar, hours, detail);
    if (e != ERR_OK || params->days == NULL) {
        return e;
    }
    return days_read(calendar, params->days, params->days_len, detail);
}

enum err work_calendar_create(const struct work_calendar_params *params, struct work_calendar **out,
                              char detail[160])
{
    struct work_calendar *calendar = calloc(1, sizeof *calendar);
    enum err e;

    detail[0] = '\0';
    if (calendar == NULL) {
        return ERR_NO_MEMORY;
    }
    e = calendar_read(calendar, params, detail);
    if (e != ERR_OK) {
        work_calendar_destroy(calendar);
        return e;
    }
    *out = calendar;
    return ERR_OK;
}

void work_calendar_destroy(struct work_calendar *calendar)
{
    if (calendar != NULL) {
        free(calendar->exceptions);
        free(calendar);
    }
}

/* --- asking it --- */

static int64_t local_day(const struct work_calendar *calendar, int64_t wall_ms)
{
    return floor_div(wall_ms + calendar->offset_ms, DAY_MS);
}

static enum day_kind day_kind_of(const struct work_calendar *calendar, int64_t day)
{
    size_t low = 0;
    size_t high = calendar->exception_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (calendar->exceptions[middle].day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < calendar->exception_count && calendar->exceptions[low].day == day) {
        return calendar->exceptions[low].kind;
    }
    return weekend(day) ? DAY_WEEKEND : DAY_WORKING;
}

enum day_kind work_calendar_day(const struct work_calendar *calendar, int64_t wall_ms)
{
    return day_kind_of(calendar, local_day(calendar, wall_ms));
}

bool work_calendar_quiet(const struct work_calendar *calendar, int64_t wall_ms)
{
    const struct span *night = &calendar->night;
    const int64_t local_ms = wall_ms + calendar->offset_ms;
    const int64_t minute = (local_ms - floor_div(local_ms, DAY_MS) * DAY_MS) / MINUTE_MS;
    const bool late = minute >= night->from;
    const bool early = minute < night->until;

    if (night->from != night->until &&
        (night->from < night->until ? late && early : late || early)) {
        return true;
    }
    return work_calendar_day(calendar, wall_ms) == DAY_HOLIDAY;
}

int64_t work_calendar_add(const struct work_calendar *calendar, int64_t wall_ms, int64_t work_ms)
{
    const int64_t first = local_day(calendar, wall_ms);
    int64_t left_ms = work_ms;

    if (left_ms <= 0) {
        return wall_ms;
    }
    for (int64_t day = first; day < first + LOOK_DAYS; day++) {
        const int64_t midnight_ms = day * DAY_MS - calendar->offset_ms;

        for (unsigned i = 0; i < calendar->hour_count && day_kind_of(calendar, day) == DAY_WORKING;
             i++) {
            int64_t from_ms = midnight_ms + calendar->hours[i].from * MINUTE_MS;
            const int64_t until_ms = midnight_ms + calendar->hours[i].until * MINUTE_MS;

            from_ms = from_ms < wall_ms ? wall_ms : from_ms;
            if (from_ms >= until_ms) {
                continue;
            }
            if (left_ms <= until_ms - from_ms) {
                return from_ms + left_ms;
            }
            left_ms -= until_ms - from_ms;
        }
    }
    return (first + LOOK_DAYS) * DAY_MS - calendar->offset_ms;
}

int64_t work_calendar_between(const struct work_calendar *calendar, int64_t from_ms, int64_t to_ms)
{
    const int64_t last = local_day(calendar, to_ms);
    int64_t sum_ms = 0;

    for (int64_t day = local_day(calendar, from_ms); from_ms < to_ms && day <= last; day++) {
        const int64_t midnight_ms = day * DAY_MS - calendar->offset_ms;

        for (unsigned i = 0; i < calendar->hour_count && day_kind_of(calendar, day) == DAY_WORKING;
             i++) {
            const int64_t begin_ms = midnight_ms + calendar->hours[i].from * MINUTE_MS;
            const int64_t end_ms = midnight_ms + calendar->hours[i].until * MINUTE_MS;
            const int64_t a_ms = begin_ms > from_ms ? begin_ms : from_ms;
            const int64_t b_ms = end_ms < to_ms ? end_ms : to_ms;

            sum_ms += b_ms > a_ms ? b_ms - a_ms : 0;
        }
    }
    return sum_ms;
}

uint32_t work_calendar_date(const struct work_calendar *calendar, int64_t wall_ms)
{
    return date_of_day(local_day(calendar, wall_ms));
}
