/* The verdict: rules in their order, a row of verdict_rules.def each. */
#include "gateway/core/fleet/judge.h"

#include <stdlib.h>

#define SCANS_LEAVE 3 /* scans without it before a listener lost a bike */

static int64_t max_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void until(struct judgement *out, int64_t due_ms)
{
    if (due_ms < out->due_ms) {
        out->due_ms = due_ms;
    }
}

static bool in_force(const struct judge *judge, uint32_t fence)
{
    const struct now now = judge->context->now;

    return !judge->inv->fences[fence].removed &&
           fence_in_force(&judge->inv->fences[fence], now.at_ms + now.shift_ms);
}

static bool any_in_force(void *ctx, uint32_t fence)
{
    return in_force(ctx, fence);
}

/* Outside, once it has been so for the dwell. */
static void outside(const struct judge *judge, const struct bike_image *bike,
                    enum verdict_rule rule, struct judgement *out)
{
    const int64_t now_ms = judge->context->now.at_ms;
    const int64_t begun_ms = bike->outside_ms != 0 ? bike->outside_ms : now_ms;
    const int64_t due_ms = begun_ms + judge->context->rules->dwell_ms;

    out->outside = true;
    if (now_ms >= due_ms) {
        out->verdict = VERDICT_OUTSIDE;
        out->rule = rule;
        out->decided = true;
    } else {
        out->verdict = VERDICT_UNCERTAIN;
        out->rule = RULE_DWELL;
        until(out, due_ms);
    }
}

/* Was it decided by a zone that is no more? */
static bool decision_is_over(const struct judge *judge, const struct bike_image *bike)
{
    const uint32_t fence = bike->fence == 0 ? NO_FENCE : fences_find(judge->inv, bike->fence);

    return fence != NO_FENCE && !in_force(judge, fence);
}

/* What counts at a fence that radio says a bike is at: the fence, or the zone that lies over it. */
static uint32_t counts_there(const struct judge *judge, uint32_t fence)
{
    struct judge decide = *judge;
    struct fence_hit hit;

    return fences_deciding(judge->inv, judge->inv->fences[fence].centre, any_in_force, &decide,
                           &hit) &&
                   judge->inv->fences[hit.fence].use == FENCE_NO_PARK
               ? hit.fence
               : fence;
}

/* Is it near enough to be believed against what positions say? An outside verdict yields only to
 * who is clearly near, in each of the last five: a listener hears spikes from 50 m away. While
 * positions say that the bike is elsewhere, half of what a listener heard must be at the enter
 * threshold. Elsewhere begins halfway between the buffer and where a decision yields to positions:
 * nearer, one fix would often deny who is heard; farther, a mean that wanders would take it back.
 */
static bool radio_near(const struct judge *judge, const struct bike_image *bike, uint32_t fence)
{
    const struct fleet_rules *rules = judge->context->rules;
    struct position_e7 at;

    if (judge->inv->fences[fence].use == FENCE_NO_PARK ||
        (bike->verdict == VERDICT_INSIDE && bike->fence == bike->radio.fence)) {
        return true;
    }
    if ((bike->flags & BIKE_DECIDED) != 0 && bike->verdict == VERDICT_OUTSIDE &&
        !decision_is_over(judge, bike)) {
        const struct inv_fence *counts = &judge->inv->fences[counts_there(judge, fence)];

        return (counts->use == FENCE_NO_PARK && counts->key == bike->fence) ||
               radio_least(&bike->radio) >= rules->enter_dbm + rules->rival_db;
    }
    return bike->radio.listener == 0 || radio_median(&bike->radio) >= rules->enter_dbm ||
           !bike_position(bike, &at) ||
           fence_distance_mm(judge->inv, fence, at) <=
               (int64_t)rules->buffer_mm + rules->hold_mm / 2;
}

/* Radio: true when it decides. A listener that is silent decides nothing, nor does one whose scans
 * no longer have the bike. */
static bool radio_judge(const struct judge *judge, const struct bike_image *bike,
                        struct judgement *out)
{
    const struct bike_radio *radio = &bike->radio;
    const struct fleet_rules *rules = judge->context->rules;
    uint32_t fence;
    int64_t scan_ms = 0;

    if (!radio->entered || radio->fence == 0) {
        return false;
    }
    fence = fences_find(judge->inv, radio->fence);
    if (fence == NO_FENCE || !in_force(judge, fence)) {
        return false;
    }
    if (radio->listener != 0) {
        if (!fence_listener_live(&judge->fences[fence], radio->listener, judge->context,
                                 &scan_ms)) {
            out->rule = RULE_LISTENER_SILENT;
            out->fence = fence;
            return false;
        }
        if (scan_ms - radio->heard_ms >=
            max_ms((int64_t)radio->period_ms * SCANS_LEAVE, rules->leave_ms)) {
            return false;
        }
    }
    if (!radio_near(judge, bike, fence)) {
        return false;
    }
    out->fence = counts_there(judge, fence);
    if (judge->inv->fences[out->fence].use == FENCE_NO_PARK) {
        outside(judge, bike, RULE_NO_PARKING, out);
        return true;
    }
    out->verdict = VERDICT_INSIDE;
    out->decided = true; /* positions near the fence go on with it when it is heard no more */
    out->rule = radio->listener != 0 ? RULE_LISTENER : RULE_BEACON;
    return true;
}

static int32_t distance_cut(int64_t mm)
{
    return mm > INT32_MAX - 1 ? INT32_MAX - 1 : mm < -INT32_MAX ? -INT32_MAX : (int32_t)mm;
}

/* Is the position to be believed at all? Sets the rule when it is not. */
static bool position_fit(const struct judge *judge, const struct bike_image *bike,
                         struct judgement *out)
{
    const struct fleet_rules *rules = judge->context->rules;
    const int64_t old_ms = bike->fixed_ms + rules->position_age_ms;

    if (bike->fixed_ms == 0) {
        if (out->rule != RULE_LISTENER_SILENT) {
            out->rule = RULE_NO_EVIDENCE;
        }
    } else if (judge->feed_suspect && bike->source == REPORT_OPERATOR) {
        out->rule = RULE_FEED_SUSPECT;
    } else if (judge->context->now.at_ms >= old_ms) {
        out->rule = RULE_POSITION_OLD;
    } else if (bike->fixes == 0) {
        out->rule = RULE_POSITION_COARSE;
    } else {
        until(out, old_ms);
        return true;
    }
    return false;
}

static bool park_in_force(void *ctx, uint32_t fence)
{
    const struct judge *judge = ctx;

    return judge->inv->fences[fence].use == FENCE_PARK && in_force(judge, fence);
}

/* The fence that a former decision stands on still speaks for it, against noise. */
static bool decision_holds(const struct judge *judge, const struct bike_image *bike,
                           struct position_e7 at, struct judgement *out)
{
    const int64_t hold_mm = judge->context->rules->hold_mm;
    uint32_t fence;
    int64_t mm;

    if ((bike->flags & BIKE_DECIDED) == 0 || bike->fence == 0) {
        return false;
    }
    fence = fences_find(judge->inv, bike->fence);
    if (fence == NO_FENCE || !in_force(judge, fence)) {
        return false;
    }
    mm = fence_distance_mm(judge->inv, fence, at);
    const bool zone = judge->inv->fences[fence].use == FENCE_NO_PARK;
    const bool was_inside = (bike->flags & BIKE_DECIDED_IN) != 0;

    if (was_inside || zone ? mm > judge->context->rules->buffer_mm + hold_mm : mm < -hold_mm) {
        return false;
    }
    out->fence = fence;
    out->distance_mm = distance_cut(mm);
    out->decided = true;
    if (was_inside) {
        out->verdict = VERDICT_INSIDE;
        out->rule = RULE_GNSS_INSIDE;
    } else {
        out->verdict = VERDICT_OUTSIDE;
        out->rule = zone ? RULE_NO_PARKING : RULE_GNSS_OUTSIDE;
        out->outside = true;
    }
    return true;
}

/* Outside every zone: how far from the nearest fence in force? */
static void outside_all(const struct judge *judge, const struct bike_image *bike,
                        struct position_e7 at, struct judgement *out)
{
    const struct fleet_rules *rules = judge->context->rules;
    struct fence_hit nearest;
    int64_t buffer_mm = rules->buffer_mm;
    struct judge find = *judge;

    if (fences_near(judge->inv, at, rules->coverage_mm, park_in_force, &find, &nearest, 1) == 0) {
        out->rule = RULE_NO_COVERAGE;
        out->fence = NO_FENCE;
        return;
    }
    /* a fix that calls itself less exact than the buffer widens it */
    if (bike->accuracy_mm > buffer_mm && bike->accuracy_mm <= rules->coarse_mm) {
        buffer_mm = bike->accuracy_mm;
    }
    out->fence = nearest.fence;
    out->distance_mm = distance_cut(nearest.distance_mm);
    if (nearest.distance_mm <= buffer_mm) {
        out->rule = RULE_BUFFER;
        return;
    }
    outside(judge, bike, RULE_GNSS_OUTSIDE, out);
}

/* Did the fence of the decision change, or the one that would decide at this position now? */
static bool is_anew(const struct judge *judge, const struct bike_image *bike, struct position_e7 at)
{
    struct judge decide = *judge;
    struct fence_hit hit;
    uint32_t held;

    if (!judge->afresh || (bike->flags & BIKE_DECIDED) == 0) {
        return false;
    }
    held = bike->fence == 0 ? NO_FENCE : fences_find(judge->inv, bike->fence);
    return (held != NO_FENCE && judge->fences[held].fresh) ||
           (fences_deciding(judge->inv, at, any_in_force, &decide, &hit) &&
            judge->fences[hit.fence].fresh);
}

static void position_judge(const struct judge *judge, const struct bike_image *bike,
                           struct judgement *out)
{
    struct judge decide = *judge;
    struct fence_hit hit;
    struct position_e7 at;

    if (!bike_position(bike, &at)) {
        return;
    }
    out->forget = is_anew(judge, bike, at);
    if (!out->forget && decision_holds(judge, bike, at, out)) {
        return;
    }
    if (!fences_deciding(judge->inv, at, any_in_force, &decide, &hit)) {
        outside_all(judge, bike, at, out);
        return;
    }
    out->fence = hit.fence;
    out->distance_mm = distance_cut(hit.distance_mm);
    if (judge->inv->fences[hit.fence].use == FENCE_NO_PARK) {
        outside(judge, bike, RULE_NO_PARKING, out);
        return;
    }
    out->verdict = VERDICT_INSIDE;
    out->rule = RULE_GNSS_INSIDE;
    out->decided = true;
}

void judge_bike(const struct judge *judge, const struct bike_image *bike, struct judgement *out)
{
    /* without evidence the fence of the decision stays, for when there is some again */
    *out = (struct judgement){
        .verdict = VERDICT_UNCERTAIN,
        .rule = RULE_NO_EVIDENCE,
        .fence = (bike->flags & BIKE_DECIDED) != 0 && bike->fence != 0
                     ? fences_find(judge->inv, bike->fence)
                     : NO_FENCE,
        .distance_mm = INT32_MAX,
        .due_ms = INT64_MAX,
    };
    if ((bike->flags & BIKE_GONE) != 0) {
        out->rule = bike->lock == LOCK_UNLOCKED ? RULE_IN_USE : RULE_NO_EVIDENCE;
        return;
    }
    const uint32_t stood_on = out->fence;
    if (!radio_judge(judge, bike, out) && position_fit(judge, bike, out)) {
        position_judge(judge, bike, out);
    }
    /* a memory speaks for the fence it is of: not for one the bike is seen at since */
    out->forget = out->forget || (!out->decided && out->fence != stood_on);
}
