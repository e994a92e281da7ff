#ifndef TESTS_UNIT_RANDOM_IMAGE_H
#define TESTS_UNIT_RANDOM_IMAGE_H

#include "bowei/image.h"
#include "tests/unit/dice.h"
#include <stdio.h>
#include <string.h>

/* Seeded images and readings with any values that the fields can hold. */

/* 0 now and then, else an epoch ms up to the year 2100. */
static inline int64_t dice_time(struct dice *d)
{
    return dice_below(d, 5) == 0 ? 0 : (int64_t)(dice_u64(d) % 4102444800000u);
}

static inline void dice_text(struct dice *d, char *out, size_t cap)
{
    size_t len = dice_below(d, (uint32_t)cap);

    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(1 + dice_below(d, 255));
    }
    out[len] = '\0';
}

static inline void random_sensor(struct dice *d, struct sensor_image *s)
{
    s->tag = (uint32_t)dice_u64(d);
    s->value = (uint8_t)dice_below(d, VALUE_COUNT_ + 1);
    s->flags = (uint8_t)dice_u64(d);
    s->join = (uint8_t)dice_u64(d);
    s->debounce = (uint8_t)dice_below(d, 4);
    s->pending = (uint8_t)dice_below(d, VALUE_COUNT_ + 1);
    s->counter = (uint32_t)dice_u64(d);
    s->heard_ms = dice_time(d);
    s->pending_ms = dice_time(d);
    s->changes = dice_u64(d);
    s->quiet_ms = dice_time(d);
    s->battery_mv = (uint16_t)dice_u64(d);
    s->rssi_dbm = (int16_t)dice_u64(d);
}

static inline void random_space(struct dice *d, struct space_image *s)
{
    s->key = dice_u64(d);
    s->state = (uint8_t)dice_below(d, 4);
    s->known_state = (uint8_t)dice_below(d, 4);
    s->reason = (uint8_t)dice_u64(d);
    s->sensor_count = (uint8_t)dice_below(d, SENSORS_PER_SPACE_MAX + 1);
    s->since_ms = dice_time(d);
    s->known_since_ms = dice_time(d);
    s->seen_ms = dice_time(d);
    s->held_ms = dice_time(d);
    s->gap_s = (uint32_t)dice_u64(d);
    s->confidence = (uint8_t)dice_below(d, 101);
    s->found = dice_below(d, 2) != 0;
    s->limit_ms = (uint32_t)dice_u64(d);
    s->source = (uint32_t)dice_u64(d);
    s->shown_state = (uint8_t)dice_below(d, 4);
    s->shown_reason = (uint8_t)dice_u64(d);
    s->shown_since_ms = dice_time(d);
    for (unsigned i = 0; i < s->sensor_count; i++) {
        random_sensor(d, &s->sensors[i]);
    }
}

static inline void random_lot(struct dice *d, struct lot_image *l)
{
    l->key = dice_u64(d);
    l->closed = dice_below(d, 2) != 0;
    l->counting = (uint8_t)dice_below(d, 2);
    l->first = dice_below(d, 2) != 0;
    l->gate_count = (uint8_t)dice_below(d, GATES_PER_LOT_MAX + 1);
    l->count_raw = (int32_t)(uint32_t)dice_u64(d);
    l->since_ms = dice_time(d);
    l->turned_ms = dice_time(d);
    l->seen_ms = dice_time(d);
    l->reason = (uint8_t)dice_u64(d);
    l->capacity = (uint32_t)dice_u64(d);
    l->free = (uint32_t)dice_u64(d);
    l->occupied = (uint32_t)dice_u64(d);
    l->unknown = (uint32_t)dice_u64(d);
    l->out_of_service = (uint32_t)dice_u64(d);
    for (unsigned i = 0; i < l->gate_count; i++) {
        struct gate_image *g = &l->gates[i];

        g->tag = (uint32_t)dice_u64(d);
        g->in = (uint32_t)dice_u64(d);
        g->out = (uint32_t)dice_u64(d);
        g->heard_ms = dice_time(d);
        g->counter = (uint32_t)dice_u64(d);
        g->flags = (uint8_t)dice_u64(d);
        g->join = (uint8_t)dice_u64(d);
    }
}

static inline void random_device(struct dice *d, char *device, uint8_t *len)
{
    *len = (uint8_t)dice_below(d, DEVICE_ID_MAX + 1);
    for (unsigned i = 0; i < *len; i++) {
        device[i] = (char)('0' + dice_below(d, 10));
    }
}

static inline void random_ref(struct dice *d, char ref[VEHICLE_REF_MAX + 1])
{
    (void)snprintf(ref, VEHICLE_REF_MAX + 1, "HLO-%08u", dice_below(d, 100000000));
}

static inline void random_radio(struct dice *d, struct bike_radio *radio)
{
    if (dice_below(d, 2) == 0) {
        return;
    }
    radio->fence = dice_u64(d) | 1;
    radio->listener = dice_u64(d);
    radio->heard_ms = dice_time(d);
    radio->strong_ms = dice_time(d);
    radio->weak_ms = dice_time(d);
    radio->period_ms = (uint32_t)dice_u64(d);
    for (unsigned i = 0; i < BIKE_RSSI_KEPT; i++) {
        radio->rssi[i] = (int8_t)dice_u64(d);
    }
    radio->entered = (uint8_t)dice_below(d, 2);
    radio->missed = (uint8_t)dice_u64(d);
}

static inline struct position_e7 random_position(struct dice *d)
{
    return (struct position_e7){(int32_t)dice_u64(d), (int32_t)dice_u64(d)};
}

static inline void random_bike(struct dice *d, struct bike_image *b)
{
    random_ref(d, b->ref);
    b->adcode = (uint32_t)dice_u64(d);
    b->lock = (uint8_t)dice_below(d, LOCK_STATE_COUNT);
    b->flags = (uint8_t)dice_u64(d);
    b->battery_pct = (uint8_t)dice_u64(d);
    b->verdict = (uint8_t)dice_below(d, VERDICT_COUNT);
    b->rule = (uint8_t)dice_below(d, RULE_COUNT);
    b->source = (uint8_t)dice_below(d, REPORT_SOURCE_COUNT);
    b->strays = (uint8_t)dice_u64(d);
    b->fixes = (uint16_t)dice_u64(d);
    b->unheard_min = (uint16_t)dice_u64(d);
    b->flat_s = (uint32_t)dice_u64(d);
    b->dragged_s = (uint32_t)dice_u64(d);
    b->first = random_position(d);
    b->sum_lat = (int64_t)dice_u64(d) / 65536;
    b->sum_lon = (int64_t)dice_u64(d) / 65536;
    b->stray = random_position(d);
    b->newest = random_position(d);
    b->accuracy_mm = (uint32_t)dice_u64(d);
    b->fixed_ms = dice_time(d);
    b->parked_ms = dice_time(d);
    b->heard_ms = dice_time(d);
    b->moved_ms = dice_time(d);
    for (unsigned i = 0; i < REPORT_LISTENER; i++) {
        b->order_ms[i] = dice_time(d);
        b->marks = dice_below(d, 2) == 0 ? 0 : BIKE_FOUND;
    }
    for (unsigned i = 0; i < BIKE_EVENTS_KEPT; i++) {
        b->events[i] = dice_u64(d);
    }
    random_radio(d, &b->radio);
    random_radio(d, &b->rival);
    b->rival_ms = dice_time(d);
    b->fence = dice_u64(d);
    b->distance_mm = (int32_t)dice_u64(d);
    b->since_ms = dice_time(d);
    b->outside_ms = dice_time(d);
}

static inline void random_alert(struct dice *d, struct alert_image *a)
{
    int64_t *const times[] = {&a->opened_ms,     &a->changed_ms,    &a->acked_ms,
                              &a->closed_ms,     &a->dispatched_ms, &a->due_ack_ms,
                              &a->due_onsite_ms, &a->due_clear_ms,  &a->disputed_ms};

    a->id = dice_u64(d);
    a->event = dice_u64(d);
    a->kind = (uint8_t)dice_below(d, ALERT_KIND_COUNT);
    a->state = (uint8_t)dice_below(d, ALERT_STATE_COUNT);
    a->cause = (uint8_t)dice_below(d, CAUSE_COUNT);
    a->severity = (uint8_t)dice_below(d, 4);
    a->escalated = (uint8_t)dice_below(d, 4);
    a->live = (uint8_t)dice_below(d, 2);
    a->storm = (uint8_t)dice_below(d, 2);
    a->rule = (uint8_t)dice_below(d, RULE_COUNT);
    memcpy(a->operator_code, "HLO", 4);
    random_ref(d, a->vehicle);
    a->fence = dice_u64(d);
    a->at = random_position(d);
    a->distance_mm = (int32_t)dice_u64(d);
    a->count = (uint32_t)dice_u64(d);
    a->version = (uint32_t)dice_u64(d);
    a->bikes = (uint16_t)dice_u64(d);
    a->capacity = (uint16_t)dice_u64(d);
    for (unsigned i = 0; i < ARRAY_LEN(times); i++) {
        *times[i] = dice_time(d);
    }
    a->evidence_count = (uint8_t)dice_below(d, ALERT_EVIDENCE_MAX + 1);
    for (unsigned i = 0; i < a->evidence_count; i++) {
        a->evidence[i].kind = (uint8_t)dice_below(d, EVIDENCE_FEED + 1);
        a->evidence[i].time_ms = dice_time(d);
        a->evidence[i].value = (uint32_t)dice_u64(d);
    }
    a->share_count = (uint8_t)dice_below(d, OPERATORS_MAX + 1);
    for (unsigned i = 0; i < a->share_count; i++) {
        memcpy(a->shares[i].operator_code, "MTNQJU", 7);
        a->shares[i].count = (uint16_t)dice_u64(d);
        a->shares[i].surplus = (uint16_t)dice_u64(d);
    }
    dice_text(d, a->actor, sizeof a->actor);
    dice_text(d, a->note, sizeof a->note);
}

/* Only the fence's own root: what is shown of it is not packed. */
static inline void random_fence(struct dice *d, struct fence_image *f)
{
    f->key = dice_u64(d);
    f->changed_ms = dice_time(d);
    f->listener_count = (uint8_t)dice_below(d, FENCE_LISTENERS_MAX + 1);
    for (unsigned i = 0; i < f->listener_count; i++) {
        f->listeners[i].listener = dice_u64(d);
        f->listeners[i].period_ms = (uint32_t)dice_u64(d);
        f->listeners[i].heard_ms = dice_time(d);
        f->listeners[i].scan_ms = dice_time(d);
        f->listeners[i].order_ms = dice_time(d);
    }
}

static inline void random_report(struct dice *d, struct bike_report *r)
{
    memset(r, 0, sizeof *r);
    random_ref(d, r->vehicle);
    r->source = (uint8_t)dice_below(d, REPORT_SOURCE_COUNT);
    r->lock = (uint8_t)dice_below(d, LOCK_STATE_COUNT);
    r->has = (uint8_t)dice_u64(d);
    r->battery_pct = (uint8_t)dice_u64(d);
    r->shift = (uint8_t)dice_u64(d);
    r->rssi_dbm = (int8_t)dice_u64(d);
    r->accuracy_mm = (uint32_t)dice_u64(d);
    r->at = random_position(d);
    r->time_ms = dice_time(d);
    r->event = dice_u64(d);
    r->fence = dice_u64(d);
    r->listener = dice_u64(d);
    r->scan_period_ms = (uint32_t)dice_u64(d);
    r->beacon_count = (uint8_t)dice_below(d, REPORT_BEACONS_MAX + 1);
    for (unsigned i = 0; i < r->beacon_count; i++) {
        r->beacon_fence[i] = dice_u64(d);
        r->beacon_rssi_dbm[i] = (int8_t)dice_u64(d);
    }
}

static inline void random_case(struct dice *d, struct case_image *c)
{
    int64_t *const times[] = {&c->reported_ms,   &c->filed_ms,        &c->dispatched_ms,
                              &c->checked_in_ms, &c->fed_back_ms,     &c->closed_ms,
                              &c->changed_ms,    &c->due_check_in_ms, &c->due_ms,
                              &c->stage_due_ms,  &c->paused_ms,       &c->paused_total_ms,
                              &c->since_ms};

    c->id = case_id_make(150402, 20260101 + dice_below(d, 28), 1 + dice_below(d, 99999));
    c->receipt = dice_u64(d);
    c->kind = (uint8_t)dice_below(d, CASE_KIND_COUNT);
    c->status = (uint8_t)dice_below(d, CASE_STATUS_COUNT);
    c->stage = (uint8_t)dice_below(d, CASE_STAGE_COUNT);
    c->source = (uint8_t)dice_below(d, CASE_SOURCE_COUNT);
    c->flags = (uint8_t)dice_u64(d);
    c->reasons = (uint8_t)dice_u64(d);
    c->features = (uint8_t)dice_u64(d);
    c->severity = (uint8_t)dice_below(d, 4);
    c->escalated = (uint8_t)dice_u64(d);
    c->rating = (uint8_t)dice_below(d, 6);
    c->rework_count = (uint8_t)dice_u64(d);
    c->suspended_from = (uint8_t)dice_below(d, CASE_STATUS_COUNT);
    c->version = 1 + dice_below(d, 1000);
    c->row_count = (uint16_t)dice_u64(d);
    c->evidence_count = (uint16_t)dice_u64(d);
    c->place = dice_u64(d);
    random_ref(d, c->vehicle);
    c->at = random_position(d);
    c->grid = dice_u64(d);
    dice_text(d, c->unit, sizeof c->unit);
    dice_text(d, c->person, sizeof c->person);
    dice_text(d, c->duty, sizeof c->duty);
    c->score_hundredths = (int16_t)dice_u64(d);
    c->route_rule = (uint8_t)dice_below(d, ROUTE_RULE_COUNT);
    c->assist_count = (uint8_t)dice_below(d, CASE_ASSISTS_MAX + 1);
    for (unsigned i = 0; i < c->assist_count; i++) {
        dice_text(d, c->assists[i].unit, sizeof c->assists[i].unit);
        c->assists[i].fed_back = (uint8_t)dice_below(d, 2);
    }
    dice_text(d, c->confirmer, sizeof c->confirmer);
    dice_text(d, c->handler, sizeof c->handler);
    c->former = dice_u64(d);
    c->merged_into = dice_u64(d);
    for (unsigned i = 0; i < ARRAY_LEN(times); i++) {
        *times[i] = dice_time(d);
    }
    c->gap_s = (uint32_t)dice_u64(d);
}

/* Only with an address there is more to say of evidence. */
static inline void random_case_row(struct dice *d, struct case_row_image *r)
{
    r->id = case_id_make(150402, 20260101 + dice_below(d, 28), 1 + dice_below(d, 99999));
    r->number = (uint16_t)(1 + dice_below(d, 1000));
    r->event = (uint8_t)dice_below(d, CASE_EVENT_COUNT);
    r->role = (uint8_t)(1u << dice_below(d, 3));
    r->status = (uint8_t)dice_below(d, CASE_STATUS_COUNT);
    r->stage = (uint8_t)dice_below(d, CASE_STAGE_COUNT);
    r->features = (uint8_t)dice_u64(d);
    r->emergency = (uint8_t)dice_below(d, 2);
    r->at_ms = dice_time(d);
    r->until_ms = dice_time(d);
    dice_text(d, r->actor, sizeof r->actor);
    dice_text(d, r->unit, sizeof r->unit);
    dice_text(d, r->note, sizeof r->note);
    dice_text(d, r->document, sizeof r->document);
    dice_text(d, r->channel, sizeof r->channel);
    dice_text(d, r->uri, sizeof r->uri);
    if (r->uri[0] != '\0') {
        for (unsigned i = 0; i < sizeof r->sha256; i++) {
            r->sha256[i] = (uint8_t)dice_u64(d);
        }
        r->taken_ms = dice_time(d);
        dice_text(d, r->device, sizeof r->device);
        r->taken_at = random_position(d);
    }
}

/* Padding is zero, so that equal images are equal bytes. */
static inline void random_image(struct dice *d, struct image *image)
{
    memset(image, 0, sizeof *image);
    image->kind = (enum image_kind)dice_below(d, IMAGE_KIND_COUNT);
    image->at = (struct position){dice_u64(d), dice_u64(d)};
    switch (image->kind) {
    case IMAGE_SPACE: random_space(d, &image->space); break;
    case IMAGE_LOT: random_lot(d, &image->lot); break;
    case IMAGE_OVERRIDE:
        image->override.key = dice_u64(d);
        image->override.set = dice_below(d, 2) != 0;
        image->override.reason = (enum out_reason)dice_below(d, OUT_REASON_COUNT);
        image->override.since_ms = dice_time(d);
        image->override.until_ms = dice_time(d);
        dice_text(d, image->override.actor, sizeof image->override.actor);
        dice_text(d, image->override.note, sizeof image->override.note);
        break;
    case IMAGE_SUSPECT:
        random_device(d, image->suspect.device, &image->suspect.device_len);
        image->suspect.set = dice_below(d, 2) != 0;
        image->suspect.since_ms = dice_time(d);
        image->suspect.test_until_ms = dice_below(d, 2) != 0 ? dice_time(d) : 0;
        dice_text(d, image->suspect.actor, sizeof image->suspect.actor);
        break;
    case IMAGE_AUDIT:
        image->audit.command = (uint8_t)dice_below(d, COMMAND_KIND_COUNT);
        image->audit.at_ms = dice_time(d);
        image->audit.key = dice_u64(d);
        random_device(d, image->audit.device, &image->audit.device_len);
        dice_text(d, image->audit.actor, sizeof image->audit.actor);
        dice_text(d, image->audit.note, sizeof image->audit.note);
        image->audit.case_id = dice_below(d, 2) != 0 ? dice_u64(d) : 0;
        break;
    case IMAGE_FENCE: random_fence(d, &image->fence); break;
    case IMAGE_BIKE: random_bike(d, &image->bike); break;
    case IMAGE_ALERT: random_alert(d, &image->alert); break;
    case IMAGE_MUTE:
        image->mute.fence = dice_u64(d);
        image->mute.set = dice_below(d, 2) != 0;
        image->mute.from_ms = dice_time(d);
        image->mute.until_ms = dice_time(d);
        dice_text(d, image->mute.actor, sizeof image->mute.actor);
        dice_text(d, image->mute.note, sizeof image->mute.note);
        break;
    case IMAGE_CASE: random_case(d, &image->case_); break;
    case IMAGE_CASE_ROW: random_case_row(d, &image->case_row); break;
    case IMAGE_STAY:
        image->stay.key = dice_u64(d);
        image->stay.set = dice_below(d, 2) != 0;
        image->stay.since_ms = dice_time(d);
        image->stay.released_ms = dice_time(d);
        image->stay.back_ms = dice_time(d);
        image->stay.gone_ms = dice_time(d);
        image->stay.told_ms = dice_time(d);
        image->stay.gap_s = (uint32_t)dice_u64(d);
        break;
    case IMAGE_KIND_COUNT: break;
    }
}

static inline void random_reading(struct dice *d, struct reading *r)
{
    memset(r, 0, sizeof *r);
    r->sensor = (uint32_t)dice_u64(d);
    r->channel = (uint16_t)dice_u64(d);
    r->value = (uint8_t)dice_below(d, VALUE_COUNT_);
    r->type = (uint8_t)dice_below(d, TYPE_COUNT_);
    r->has = (uint8_t)dice_below(d, 64);
    r->battery_low = dice_below(d, 2) != 0;
    r->counter = (uint32_t)dice_u64(d);
    r->battery_mv = (uint16_t)dice_u64(d);
    r->temperature_dc = (int16_t)dice_u64(d);
    r->rssi_dbm = (int16_t)dice_u64(d);
    r->net_time_ms = dice_time(d);
    r->gate_in = (uint32_t)dice_u64(d);
    r->gate_out = (uint32_t)dice_u64(d);
    r->root = dice_u64(d);
    random_device(d, r->device, &r->device_len);
}

#endif
