#ifndef BOWEI_BASE_CITY_CLOCK_H
#define BOWEI_BASE_CITY_CLOCK_H

#include <stdint.h>

/* City time: the one time axis of the program. It is epoch milliseconds at start and from then on
 * only grows: with the boottime clock, and it jumps ahead with the wall clock when that jumps ahead
 * by more than CITY_CLOCK_JUMP_MS (so that a host that slept, or whose clock was set forward, sees
 * its readings age). A wall clock that steps back is ignored: ages go on growing. Every stored
 * stamp (since, seen, heard, until) is city time; `shift_ms` (wall - city, 0 unless the wall
 * stepped back) is added only where a stamp is shown. */

#define CITY_CLOCK_JUMP_MS 2000
/** Year 2248: no clock that was ever set shows more. */
#define CITY_CLOCK_MOST_MS (INT64_C(1) << 43)

/** One reading of the clock, taken under the intake lock, an input of every step. */
struct now {
    int64_t at_ms; /**< city time, epoch ms, never goes back */
    int64_t
        shift_ms; /**< wall clock minus city time where that is below -CITY_CLOCK_JUMP_MS, else 0 */
};

/** The clock's state; caller memory, not locked: one owner. */
struct city_clock {
    int64_t at_ms;
    int64_t boot_ms; /**< boottime of the last reading */
    int64_t shift_ms;
    int64_t slew_credit;  /**< boottime not yet used for slewing, ms */
    uint64_t jumps_ahead; /**< forward wall jumps folded into the ages */
    uint64_t steps_back;  /**< backward wall steps ignored */
};

/** Raw clocks of the host, ms. */
int64_t host_wall_ms(void);
int64_t host_boot_ms(void);

/** Starts at wall_ms. */
void city_clock_init(struct city_clock *clock, int64_t wall_ms, int64_t boot_ms);
/** Advances to the given raw clocks. Small backward wall drift (up to CITY_CLOCK_JUMP_MS) is slewed
 * by at most 1 % of the boottime that passed, forward drift is followed at once. */
struct now city_clock_read(struct city_clock *clock, int64_t wall_ms, int64_t boot_ms);

/** A restored stamp as it may be kept at city time now_ms. None may lie ahead, as behind a clock
 * that was set back: it would never grow old. */
static inline int64_t city_clock_restored(int64_t stamp_ms, int64_t now_ms)
{
    return stamp_ms > now_ms ? now_ms : stamp_ms;
}

/** "2026-11-21T14:03:11Z", 20 characters and a NUL, from epoch ms (>= 0, < year 10000). */
#define RFC3339_LEN 20
void rfc3339_format(int64_t epoch_ms, char out[RFC3339_LEN + 1]);
/** Strict RFC 3339 date-time with Z or a numeric offset and any number of fraction digits -> epoch
 * ms. Returns 0, or -1 when it is none. */
int rfc3339_parse(const char *text, uint32_t len, int64_t *epoch_ms);

#endif
