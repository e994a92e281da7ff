/* The live fields of a space for those outside the view: change events, tests. */
#include "gateway/view/live_judge.h"

uint32_t space_live_bits(enum space_state state, enum space_state known, enum reason reason,
                         unsigned flag_pct, unsigned base, unsigned timing_class)
{
    return (uint32_t)state | (uint32_t)known << LIVE_KNOWN_AT | (uint32_t)reason << LIVE_REASON_AT |
           (uint32_t)flag_pct << LIVE_FLAG_AT | (uint32_t)base << LIVE_BASE_AT |
           (uint32_t)timing_class << LIVE_TIMING_AT;
}

void space_live_judge(const struct space_live *live, const struct sensor_timing *timing,
                      int64_t at_ms, struct space_view *out)
{
    live_judge(live, timing, at_ms, out);
}
