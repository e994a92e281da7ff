#ifndef BOWEI_BASE_WORK_CALENDAR_H
#define BOWEI_BASE_WORK_CALENDAR_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The city's calendar: statutory holidays, make-up working days (调休), office hours and the night,
 * in the city's own fixed offset from UTC. Immutable after it is made; pure; any thread. All times
 * are wall clock, epoch ms (city time + now.shift_ms). */

enum day_kind { DAY_WORKING, DAY_WEEKEND, DAY_HOLIDAY };

struct work_calendar;

#define WORK_SPANS_MAX 4

struct work_calendar_params {
    int32_t utc_offset_min; /**< Asia/Shanghai: 480 */
    const char *hours; /**< office hours of a working day, "08:30-12:00,14:00-17:30"; NULL: that */
    const char *night; /**< "22:00-06:00": nobody is moved then; NULL: that */
    /** Rows "2026-10-01 holiday" or "2026-10-10 workday" (a weekend day worked to make up), '#'
     * comments, UTF-8 with or without a byte order mark; NULL = weekends only. */
    const char *days;
    size_t days_len;
};

/** ERR_BAD_PARAMETER with detail "line 3: \"2026-13-01\" is not a date" on what it does not know,
 * double days included. */
enum err work_calendar_create(const struct work_calendar_params *params, struct work_calendar **out,
                              char detail[160]) MUST_CHECK;
/** The same with the rows of a file (NULL: params as they are), at most 64 KiB. ERR_IO with detail
 * when it cannot be read. */
enum err work_calendar_load(const struct work_calendar_params *params, const char *path,
                            struct work_calendar **out, char detail[160]) MUST_CHECK;
void work_calendar_destroy(struct work_calendar *calendar);
enum day_kind work_calendar_day(const struct work_calendar *calendar, int64_t wall_ms);
/** Night, or a statutory holiday: when the law forbids enforcement but in emergencies. */
bool work_calendar_quiet(const struct work_calendar *calendar, int64_t wall_ms);
/** The moment at which `work_ms` of working time behind `wall_ms` are over; work_ms >= 0. At most
 * ten years are looked at, then that end. */
int64_t work_calendar_add(const struct work_calendar *calendar, int64_t wall_ms, int64_t work_ms);
/** Working time between two moments, ms; 0 when to <= from. */
int64_t work_calendar_between(const struct work_calendar *calendar, int64_t from_ms, int64_t to_ms);
/** YYYYMMDD of the city's day, for case numbers and reports. */
uint32_t work_calendar_date(const struct work_calendar *calendar, int64_t wall_ms);

#endif
