#ifndef GATEWAY_VIEW_LIVE_BITS_H
#define GATEWAY_VIEW_LIVE_BITS_H

#include "bowei/view.h"

/* Layout of space_live.bits (bowei/view.h): state 2, known 2, reason 5, flag % 7, base 7, timing
 * class 9. */
#define LIVE_KNOWN_AT  2
#define LIVE_REASON_AT 4
#define LIVE_FLAG_AT   9
#define LIVE_BASE_AT   16
#define LIVE_TIMING_AT 23

_Static_assert(SPACE_STATE_COUNT <= 4, "2 bits");
_Static_assert(REASON_COUNT <= 32, "5 bits");
_Static_assert(TIMING_CLASSES_MAX <= 512, "9 bits");

static inline enum space_state live_state(uint32_t bits)
{
    return (enum space_state)(bits & 3);
}

static inline enum space_state live_known(uint32_t bits)
{
    return (enum space_state)(bits >> LIVE_KNOWN_AT & 3);
}

static inline unsigned live_timing(uint32_t bits)
{
    return bits >> LIVE_TIMING_AT;
}

#endif
