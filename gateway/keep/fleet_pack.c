/* Bikes, fences, episodes, mutes and reports as bytes; each layout once, for both directions. */
#include "gateway/keep/fleet_pack.h"

#include <stdlib.h>

#define SUM_MAX (INT64_C(1) << 48) /* 65535 fixes half a world off: none adds up to more */

static void code_position(struct coder *c, struct position_e7 *at)
{
    code_i32(c, &at->lat);
    code_i32(c, &at->lon);
}

static void code_listener(struct coder *c, struct listener_image *l)
{
    code_u64(c, &l->listener);
    code_u32(c, &l->period_ms);
    code_i64(c, &l->heard_ms);
    code_i64(c, &l->scan_ms);
    code_i64(c, &l->order_ms);
}

/* What is shown of a fence comes from the bikes; only its own root is kept. */
void fleet_code_fence(struct coder *c, struct fence_image *fence)
{
    code_u64(c, &fence->key);
    code_i64(c, &fence->changed_ms);
    if (!code_count(c, &fence->listener_count, FENCE_LISTENERS_MAX)) {
        return;
    }
    for (unsigned i = 0; i < fence->listener_count; i++) {
        code_listener(c, &fence->listeners[i]);
    }
}

static void code_radio(struct coder *c, struct bike_radio *radio)
{
    code_u64(c, &radio->fence);
    if (radio->fence == 0) {
        return;
    }
    code_u64(c, &radio->listener);
    code_i64(c, &radio->heard_ms);
    code_i64(c, &radio->strong_ms);
    code_i64(c, &radio->weak_ms);
    code_u32(c, &radio->period_ms);
    code_bytes(c, radio->rssi, sizeof radio->rssi);
    code_u8(c, &radio->entered);
    code_u8(c, &radio->missed);
}

void fleet_code_bike(struct coder *c, struct bike_image *bike)
{
    code_text(c, bike->ref, sizeof bike->ref);
    code_u32(c, &bike->adcode);
    code_u8(c, &bike->lock);
    code_u8(c, &bike->flags);
    code_u8(c, &bike->battery_pct);
    code_u8(c, &bike->verdict);
    code_u8(c, &bike->rule);
    code_u8(c, &bike->source);
    code_u8(c, &bike->strays);
    code_u16(c, &bike->fixes);
    code_position(c, &bike->first);
    code_zigzag(c, &bike->sum_lat);
    code_zigzag(c, &bike->sum_lon);
    code_position(c, &bike->stray);
    code_position(c, &bike->newest);
    code_u32(c, &bike->accuracy_mm);
    code_i64(c, &bike->fixed_ms);
    code_i64(c, &bike->parked_ms);
    code_i64(c, &bike->heard_ms);
    code_i64(c, &bike->moved_ms);
    for (unsigned i = 0; i < REPORT_LISTENER; i++) {
        code_i64(c, &bike->order_ms[i]);
    }
    for (unsigned i = 0; i < BIKE_EVENTS_KEPT; i++) {
        code_u64(c, &bike->events[i]);
    }
    code_radio(c, &bike->radio);
    code_radio(c, &bike->rival);
    code_i64(c, &bike->rival_ms);
    code_u64(c, &bike->fence);
    code_i32(c, &bike->distance_mm);
    code_i64(c, &bike->since_ms);
    code_i64(c, &bike->outside_ms);
    if (!code_ended(c)) { /* since schema 3 */
        code_u16(c, &bike->unheard_min);
        code_u32(c, &bike->flat_s);
        code_u32(c, &bike->dragged_s);
    }
    if (c->pack != NULL ? bike->marks != 0 : !code_ended(c)) { /* since schema 4 */
        code_u16(c, &bike->marks);
    }
    if (llabs(bike->sum_lat) > SUM_MAX || llabs(bike->sum_lon) > SUM_MAX ||
        bike->verdict >= VERDICT_COUNT || bike->rule >= RULE_COUNT ||
        bike->lock >= LOCK_STATE_COUNT || bike->source >= REPORT_SOURCE_COUNT) {
        code_fail(c);
    }
}

static void code_evidence(struct coder *c, struct alert_image *alert)
{
    if (!code_count(c, &alert->evidence_count, ALERT_EVIDENCE_MAX)) {
        return;
    }
    for (unsigned i = 0; i < alert->evidence_count; i++) {
        code_i64(c, &alert->evidence[i].time_ms);
        code_u32(c, &alert->evidence[i].value);
        code_u8(c, &alert->evidence[i].kind);
        if (alert->evidence[i].kind > EVIDENCE_FEED) {
            code_fail(c);
        }
    }
}

static void code_shares(struct coder *c, struct alert_image *alert)
{
    if (!code_count(c, &alert->share_count, OPERATORS_MAX)) {
        return;
    }
    for (unsigned i = 0; i < alert->share_count; i++) {
        code_text(c, alert->shares[i].operator_code, sizeof alert->shares[i].operator_code);
        code_u16(c, &alert->shares[i].count);
        code_u16(c, &alert->shares[i].surplus);
    }
}

static void code_alert_times(struct coder *c, struct alert_image *alert)
{
    code_i64(c, &alert->opened_ms);
    code_i64(c, &alert->changed_ms);
    code_i64(c, &alert->acked_ms);
    code_i64(c, &alert->dispatched_ms);
    code_i64(c, &alert->closed_ms);
    code_i64(c, &alert->due_ack_ms);
    code_i64(c, &alert->due_onsite_ms);
    code_i64(c, &alert->due_clear_ms);
    code_i64(c, &alert->disputed_ms);
}

void fleet_code_alert(struct coder *c, struct alert_image *alert)
{
    code_u64(c, &alert->id);
    code_u8(c, &alert->kind);
    code_u8(c, &alert->state);
    code_u8(c, &alert->cause);
    code_u8(c, &alert->severity);
    code_u8(c, &alert->escalated);
    code_u8(c, &alert->live);
    code_u8(c, &alert->storm);
    code_u8(c, &alert->rule);
    code_text(c, alert->operator_code, sizeof alert->operator_code);
    code_text(c, alert->vehicle, sizeof alert->vehicle);
    code_u64(c, &alert->fence);
    code_position(c, &alert->at);
    code_i32(c, &alert->distance_mm);
    code_u32(c, &alert->count);
    code_u32(c, &alert->version);
    code_u16(c, &alert->bikes);
    code_u16(c, &alert->capacity);
    code_alert_times(c, alert);
    code_evidence(c, alert);
    code_shares(c, alert);
    code_text(c, alert->actor, sizeof alert->actor);
    code_text(c, alert->note, sizeof alert->note);
    code_late_u64(c, &alert->event);
    if (alert->kind >= ALERT_KIND_COUNT || alert->state >= ALERT_STATE_COUNT ||
        alert->cause >= CAUSE_COUNT || alert->rule >= RULE_COUNT) {
        code_fail(c);
    }
}

void fleet_code_mute(struct coder *c, struct mute_image *mute)
{
    uint8_t set = mute->set;

    code_u64(c, &mute->fence);
    code_u8(c, &set);
    mute->set = set != 0;
    code_i64(c, &mute->from_ms);
    code_i64(c, &mute->until_ms);
    code_text(c, mute->actor, sizeof mute->actor);
    code_text(c, mute->note, sizeof mute->note);
}

void fleet_code_report(struct coder *c, struct bike_report *report)
{
    code_text(c, report->vehicle, sizeof report->vehicle);
    code_u8(c, &report->source);
    code_u8(c, &report->lock);
    code_u8(c, &report->has);
    code_u8(c, &report->battery_pct);
    code_u8(c, &report->shift);
    code_bytes(c, &report->rssi_dbm, 1);
    code_u32(c, &report->accuracy_mm);
    code_position(c, &report->at);
    code_i64(c, &report->time_ms);
    code_u64(c, &report->event);
    code_u64(c, &report->fence);
    code_u64(c, &report->listener);
    code_u32(c, &report->scan_period_ms);
    if (report->source >= REPORT_SOURCE_COUNT || report->lock >= LOCK_STATE_COUNT) {
        code_fail(c);
    }
    if (!code_count(c, &report->beacon_count, REPORT_BEACONS_MAX)) {
        return;
    }
    for (unsigned i = 0; i < report->beacon_count; i++) {
        code_u64(c, &report->beacon_fence[i]);
        code_bytes(c, &report->beacon_rssi_dbm[i], 1);
    }
}
