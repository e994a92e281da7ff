#ifndef GATEWAY_VIEW_LIVE_JUDGE_H
#define GATEWAY_VIEW_LIVE_JUDGE_H

#include "gateway/view/live_bits.h"

/* What the live fields of a space mean at a moment: aging, confidence and the end of trust
 * (STATES 8). Here, so that a reader of the view has them in registers: by memory they would be
 * read in larger pieces than they were written, which the processor waits for. */

/* STATES 8: what is left of the confidence at the stale limit is 100 - 60 = 40 %. */
#define AGE_LOSS_PCT 60

static inline unsigned live_age_pct(int64_t age_ms, const struct sensor_timing *t)
{
    if (age_ms <= t->period_ms || t->limit_ms <= t->period_ms) {
        return 100;
    }
    return (unsigned)(100 - AGE_LOSS_PCT * (age_ms - t->period_ms) /
                                ((int64_t)t->limit_ms - t->period_ms));
}

static inline void live_judge(const struct space_live *live, const struct sensor_timing *timing,
                              int64_t at_ms, struct space_view *out)
{
    unsigned flag = live->bits >> LIVE_FLAG_AT & 127;
    unsigned base = live->bits >> LIVE_BASE_AT & 127;
    int64_t age_ms = at_ms - live->seen_ms;

    *out = (struct space_view){.state = live_state(live->bits),
                               .reason = (enum reason)(live->bits >> LIVE_REASON_AT & 31),
                               .known_state = live_known(live->bits),
                               .since_ms = live->since_ms,
                               .known_since_ms = live->known_since_ms,
                               .seen_ms = live->seen_ms};
    switch (out->state) {
    case SPACE_UNKNOWN:
    case SPACE_STATE_COUNT: return;
    case SPACE_OUT_OF_SERVICE: out->confidence = 100; return;
    case SPACE_FREE:
    case SPACE_OCCUPIED: break;
    }
    if (live->seen_ms == 0 || age_ms > timing->limit_ms) {
        /* The core's timer says so at most 250 ms later; a reader must not say `free` meanwhile.
         * The unknown began when the limit was passed. */
        out->state = SPACE_UNKNOWN;
        out->reason = REASON_SILENT;
        out->since_ms = live->seen_ms == 0 ? live->since_ms : live->seen_ms + timing->limit_ms;
        return;
    }
    if (out->reason == REASON_FRESH && age_ms > timing->period_ms) {
        out->reason = REASON_AGING;
    }
    out->confidence = (uint8_t)(base * live_age_pct(age_ms, timing) / 100 * flag / 100);
}

#endif
