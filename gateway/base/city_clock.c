/* City time out of the host's two clocks. The intake reads it once for each input, so that
 * everything behind it shares one time axis that never goes back. */
#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#include "bowei/base/city_clock.h"
#include <time.h>

/* At most 1 % of the elapsed time is taken away while a slow wall clock is followed. */
#define SLEW_DIVISOR 100

static int64_t clock_ms(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) != 0) {
        return 0;
    }
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t host_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t host_boot_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

void city_clock_init(struct city_clock *clock, int64_t wall_ms, int64_t boot_ms)
{
    *clock = (struct city_clock){.at_ms = wall_ms, .boot_ms = boot_ms};
}

/* The share of `elapsed_ms` that is held back to let a wall clock behind by `behind_ms` catch up.
 * The credit carries what whole milliseconds cut off, else frequent readings would never slew;
 * caught up, it is spent, so that it never saves up for a burst. */
static int64_t slew_ms(struct city_clock *clock, int64_t elapsed_ms, int64_t behind_ms)
{
    int64_t slew;

    clock->slew_credit += elapsed_ms;
    slew = clock->slew_credit / SLEW_DIVISOR;
    if (slew >= behind_ms) {
        clock->slew_credit = 0;
        return behind_ms;
    }
    clock->slew_credit -= slew * SLEW_DIVISOR;
    return slew;
}

struct now city_clock_read(struct city_clock *clock, int64_t wall_ms, int64_t boot_ms)
{
    int64_t elapsed_ms = boot_ms > clock->boot_ms ? boot_ms - clock->boot_ms : 0;
    int64_t at_ms = clock->at_ms + elapsed_ms;
    int64_t ahead_ms = wall_ms - at_ms;

    if (ahead_ms < -CITY_CLOCK_JUMP_MS) {
        if (ahead_ms < clock->shift_ms - CITY_CLOCK_JUMP_MS) {
            clock->steps_back++;
        }
        clock->shift_ms = ahead_ms;
        clock->slew_credit = 0;
    } else if (ahead_ms < 0) {
        clock->shift_ms = 0;
        at_ms -= slew_ms(clock, elapsed_ms, -ahead_ms);
    } else {
        if (ahead_ms > CITY_CLOCK_JUMP_MS) {
            clock->jumps_ahead++;
        }
        clock->shift_ms = 0;
        clock->slew_credit = 0;
        at_ms = wall_ms;
    }
    clock->at_ms = at_ms;
    if (boot_ms > clock->boot_ms) {
        clock->boot_ms = boot_ms;
    }
    return (struct now){.at_ms = at_ms, .shift_ms = clock->shift_ms};
}
