#ifndef TESTS_UNIT_WAITING_H
#define TESTS_UNIT_WAITING_H

/* Waiting for what happens in another thread or process: for the condition, never for luck. */
#include "bowei/base/city_clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static inline void pause_ms(int64_t ms)
{
    const struct timespec ts = {.tv_sec = (time_t)(ms / 1000),
                                .tv_nsec = (long)(ms % 1000 * 1000000)};

    (void)nanosleep(&ts, NULL);
}

/* Waits until a condition holds; the limit only bounds a failing test, which is told the condition.
 */
#define WAIT_FOR(condition, limit_ms)                                                              \
    do {                                                                                           \
        const int64_t until_ms_ = host_boot_ms() + (limit_ms);                                     \
        while (!(condition)) {                                                                     \
            if (host_boot_ms() >= until_ms_) {                                                     \
                fail_msg("not within %d ms: %s", (int)(limit_ms), #condition);                     \
            }                                                                                      \
            pause_ms(2);                                                                           \
        }                                                                                          \
    } while (0)

#endif
