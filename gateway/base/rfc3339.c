/* RFC 3339 text to epoch milliseconds and back, by arithmetic alone: no time zone data, no locale.
 * Declared in city_clock.h; used wherever a time enters or leaves the program. */
#include "bowei/base/city_clock.h"
#include <stdbool.h>
#include <string.h>

#define MS_PER_DAY INT64_C(86400000)
/* The last second of year 9999, the end of what four digits can write. */
#define EPOCH_MS_LAST INT64_C(253402300799000)
/* Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar. */
#define DAYS_BEFORE_EPOCH 719468
#define DAYS_PER_ERA      146097 /* 400 years */

static void digits_put(char *out, unsigned v, unsigned n)
{
    while (n > 0) {
        out[--n] = (char)('0' + v % 10);
        v /= 10;
    }
}

void rfc3339_format(int64_t epoch_ms, char out[RFC3339_LEN + 1])
{
    int64_t at_ms = epoch_ms < 0 ? 0 : epoch_ms > EPOCH_MS_LAST ? EPOCH_MS_LAST : epoch_ms;
    unsigned second = (unsigned)(at_ms % MS_PER_DAY / 1000);
    /* Years begin in March here, so that the leap day is the last one. */
    unsigned day = (unsigned)(at_ms / MS_PER_DAY) + DAYS_BEFORE_EPOCH;
    unsigned era = day / DAYS_PER_ERA;
    unsigned day_of_era = day % DAYS_PER_ERA;
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

    memcpy(out, "0000-00-00T00:00:00Z", RFC3339_LEN + 1);
    digits_put(out, era * 400 + year_of_era + (month <= 2), 4);
    digits_put(out + 5, month, 2);
    digits_put(out + 8, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
    digits_put(out + 11, second / 3600, 2);
    digits_put(out + 14, second / 60 % 60, 2);
    digits_put(out + 17, second % 60, 2);
}

static int64_t days_from_civil(int year, int month, int day)
{
    int from_march = month > 2 ? month - 3 : month + 9;
    int y = month > 2 ? year : year - 1;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * from_march + 2) / 5 + day - 1;

    return (int64_t)era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - DAYS_BEFORE_EPOCH;
}

static int month_days(int year, int month)
{
    static const signed char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

/* `n` digits at text[at] -> number, -1 when there is something else. */
static int digits_get(const char *text, uint32_t len, uint32_t at, uint32_t n)
{
    int v = 0;

    if (at + n > len) {
        return -1;
    }
    for (uint32_t i = at; i < at + n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        v = v * 10 + (text[i] - '0');
    }
    return v;
}

/* ".123" at *at -> milliseconds, cut; -1 when a point stands without digits. */
static int fraction_get(const char *text, uint32_t len, uint32_t *at)
{
    int ms = 0;
    int weight = 100;
    uint32_t i = *at;

    if (i >= len || text[i] != '.') {
        return 0;
    }
    for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        ms += (text[i] - '0') * weight;
        weight /= 10;
    }
    if (i == *at + 1) {
        return -1;
    }
    *at = i;
    return ms;
}

/* "Z" or "+08:00" filling the rest of the text -> minutes east of UTC. */
static bool offset_get(const char *text, uint32_t len, uint32_t at, int *minutes)
{
    int hour;
    int minute;

    if (len - at == 1 && (text[at] == 'Z' || text[at] == 'z')) {
        *minutes = 0;
        return true;
    }
    if (len - at != 6 || (text[at] != '+' && text[at] != '-') || text[at + 3] != ':') {
        return false;
    }
    hour = digits_get(text, len, at + 1, 2);
    minute = digits_get(text, len, at + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return false;
    }
    *minutes = (hour * 60 + minute) * (text[at] == '-' ? -1 : 1);
    return true;
}

static bool date_get(const char *text, uint32_t len, int64_t *days)
{
    int year = digits_get(text, len, 0, 4);
    int month = digits_get(text, len, 5, 2);
    int day = digits_get(text, len, 8, 2);

    if (year < 0 || month < 1 || month > 12 || day < 1 || day > month_days(year, month)) {
        return false;
    }
    *days = days_from_civil(year, month, day);
    return true;
}

int rfc3339_parse(const char *text, uint32_t len, int64_t *epoch_ms)
{
    uint32_t at = 19; /* behind YYYY-MM-DDTHH:MM:SS */
    int64_t days;
    int64_t minute_of_epoch;
    int hour;
    int minute;
    int second;
    int ms;
    int offset;

    if (len < RFC3339_LEN || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
        text[16] != ':' || (text[10] != 'T' && text[10] != 't') || !date_get(text, len, &days)) {
        return -1;
    }
    hour = digits_get(text, len, 11, 2);
    minute = digits_get(text, len, 14, 2);
    second = digits_get(text, len, 17, 2);
    ms = fraction_get(text, len, &at);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || ms < 0 ||
        !offset_get(text, len, at, &offset)) {
        return -1;
    }
    minute_of_epoch = days * 1440 + hour * 60 + minute - offset;
    /* :60 is a leap second only at the end of a UTC day; it counts as the second after it. */
    if (second == 60 && (minute_of_epoch % 1440 + 1440) % 1440 != 1439) {
        return -1;
    }
    *epoch_ms = (minute_of_epoch * 60 + second) * 1000 + ms;
    return 0;
}
