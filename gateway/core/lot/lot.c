/* Counts of lots: added up from spaces, or worked out of gate counters. Called by the step. */
#include "gateway/core/lot/lot.h"
#include <string.h>

#define NOT_BELIEVED (SENSOR_STARTED | SENSOR_FAULT | SENSOR_LINK_LOST)
/* A counter that fell from the top sixteenth of its range to the bottom one went round; any other
 * fall is a reset. */
#define WRAP_HIGH 0xf0000000U
#define WRAP_LOW  0x10000000U
/* Counters of an image whose gate has not counted yet (struct gate_image). */
#define GATE_UNCOUNTED UINT32_MAX
#define GATE_BEGINS    (UINT32_MAX - 1)
/* `changes` of a gate that has not counted yet: 0, or this when its first count is no car inside.
 */
#define CHANGES_BEGIN ((uint64_t)GATE_UNCOUNTED << 32 | GATE_BEGINS)
#define RAW_MAX       1000000000 /* far beyond any lot; keeps the arithmetic in range */

void lot_init(struct lot *lot, int64_t now_ms)
{
    *lot = (struct lot){.changed_ms = now_ms, .reason = REASON_FRESH};
}

void lot_move_space(struct lot *lot, enum space_state from, enum space_state to)
{
    if (from != SPACE_STATE_COUNT) {
        lot->spaces[from]--;
    }
    if (to != SPACE_STATE_COUNT) {
        lot->spaces[to]++;
    }
}

static const struct sensor_timing *gate_timing(const struct yard *yard, unsigned gate)
{
    return &yard->inv->timings[yard->inv->devices[yard->bound[gate].device].timing];
}

static bool gate_able(const struct sensor *gate, bool clock_suspect)
{
    return sensor_value(gate) == VALUE_GATE && !(gate->flags & NOT_BELIEVED) &&
           !(gate->progress & SENSOR_SUSPECT) &&
           !(clock_suspect && (gate->flags & SENSOR_RESTORED));
}

/* Cars since the last count. */
static int64_t passed(uint32_t before, uint32_t after)
{
    if (after >= before || (before >= WRAP_HIGH && after < WRAP_LOW)) {
        return (uint32_t)(after - before);
    }
    return after;
}

static bool gate_begins(const struct sensor *gate)
{
    return sensor_value(gate) != VALUE_GATE && gate->changes == CHANGES_BEGIN;
}

void gate_begin(struct sensor *gate)
{
    gate->changes = CHANGES_BEGIN;
}

bool lot_has_counted(const struct yard *yard)
{
    bool counted = yard->lot->raw != 0;

    for (unsigned i = 0; i < yard->is->sensor_count; i++) {
        counted = counted || sensor_value(&yard->gates[i]) == VALUE_GATE;
    }
    return counted;
}

uint8_t lot_true_up(struct yard *yard, uint32_t inside)
{
    uint8_t gates = 0;

    yard->lot->raw = (int32_t)inside;
    yard->lot->based = true;
    for (unsigned i = 0; i < yard->is->sensor_count; i++) {
        struct sensor *gate = &yard->gates[i];

        if (sensor_value(gate) != VALUE_GATE && !gate_begins(gate)) {
            gate_begin(gate);
            gates |= (uint8_t)(1U << i);
        }
    }
    return gates;
}

void lot_unbegin(struct yard *yard, uint8_t gates)
{
    for (unsigned i = 0; i < yard->is->sensor_count; i++) {
        if (gates & 1U << i && gate_begins(&yard->gates[i])) {
            yard->gates[i].changes = 0;
        }
    }
}

/* Counters that never counted stand at 0: a first count is all that passed since the lot was empty,
 * unless the gate only begins with it. */
static void gate_count(struct lot *lot, struct sensor *gate, const struct reading *reading)
{
    if (!gate_begins(gate)) {
        int64_t raw = lot->raw;

        raw += passed((uint32_t)(gate->changes >> 32), reading->gate_in);
        raw -= passed((uint32_t)gate->changes, reading->gate_out);
        raw = raw > RAW_MAX ? RAW_MAX : raw < -RAW_MAX ? -RAW_MAX : raw;
        lot->raw = (int32_t)raw;
    }
    gate->changes = (uint64_t)reading->gate_in << 32 | reading->gate_out;
    sensor_set_value(gate, VALUE_GATE);
    gate->flags &= (uint8_t)~NOT_BELIEVED;
}

bool lot_hear(struct yard *yard, const struct gate_heard *heard)
{
    struct sensor *gate = &yard->gates[heard->gate];
    const enum reading_value value = (enum reading_value)heard->reading->value;
    struct sensor_moment moment = {.now = heard->now,
                                   .break_ms = heard->break_ms,
                                   .timing = gate_timing(yard, heard->gate),
                                   .counters = yard->counters};

    switch (sensor_take(gate, heard->reading, &moment)) {
    case SENSOR_DUPLICATE: count_add(yard->counters, COUNT_READINGS_DUPLICATE, 1); return false;
    case SENSOR_LATE: count_add(yard->counters, COUNT_READINGS_LATE, 1); return false;
    case SENSOR_COUNTED: break;
    }
    if (value == VALUE_GATE) {
        gate_count(yard->lot, gate, heard->reading);
    } else {
        /* a gate says nothing of a single space */
        const bool status = value == VALUE_FREE || value == VALUE_OCCUPIED;

        sensor_say(gate, status ? VALUE_ALIVE : value, &moment, true);
    }
    return true;
}

/* Why the gates do not give a count, or REASON_COUNT when they do. Notes which are live. */
static enum reason gates_fail(const struct yard *yard, int64_t now_ms)
{
    enum reason reason = yard->is->sensor_count == 0 ? REASON_UNBOUND : REASON_COUNT;

    for (unsigned i = 0; i < yard->is->sensor_count; i++) {
        struct sensor *gate = &yard->gates[i];

        gate->progress &= 15U & ~(unsigned)SENSOR_WAS_LIVE;
        if (gate_able(gate, yard->clock_suspect) &&
            now_ms - sensor_heard_ms(gate) <= (int64_t)gate_timing(yard, i)->limit_ms) {
            gate->progress |= SENSOR_WAS_LIVE;
        } else if (yard->clock_suspect && gate->flags & SENSOR_RESTORED) {
            reason = REASON_CLOCK_SUSPECT;
        } else if (reason == REASON_COUNT) {
            reason = REASON_GATE_SILENT;
        }
    }
    return reason;
}

/* Of first counts only, and what they begin upon may still come out of Redis. */
static bool lot_unread(const struct yard *yard)
{
    return yard->unread && !yard->lot->based && yard->is->counting == COUNT_GATES;
}

static void show_gates(const struct yard *yard, struct lot_counts *shown, enum reason *reason)
{
    const int64_t capacity = yard->is->capacity;
    const int64_t raw = yard->lot->raw;
    const int64_t inside = raw < 0 ? 0 : raw > capacity ? capacity : raw;
    uint8_t flags = 0;

    shown->occupied = (uint16_t)inside;
    shown->free = (uint16_t)(capacity - inside);
    for (unsigned i = 0; i < yard->is->sensor_count; i++) {
        flags |= yard->gates[i].flags;
    }
    *reason = raw > capacity               ? REASON_COUNT_OVER
              : raw < 0                    ? REASON_COUNT_UNDER
              : flags & SENSOR_RESTORED    ? REASON_RESTORED
              : flags & SENSOR_SESSION_GAP ? REASON_SESSION_GAP
                                           : REASON_FRESH;
}

static uint32_t spaces_sum(const struct lot *lot)
{
    return lot->spaces[SPACE_FREE] + lot->spaces[SPACE_OCCUPIED] + lot->spaces[SPACE_UNKNOWN] +
           lot->spaces[SPACE_OUT_OF_SERVICE];
}

static bool same_counts(const struct lot_counts *a, const struct lot_counts *b)
{
    return a->free == b->free && a->occupied == b->occupied && a->unknown == b->unknown &&
           a->out_of_service == b->out_of_service;
}

bool lot_judge(struct yard *yard, int64_t now_ms)
{
    struct lot *lot = yard->lot;
    struct lot_counts shown = {0};
    enum reason reason = REASON_FRESH;
    uint32_t capacity = spaces_sum(lot);

    if (yard->is->counting == COUNT_GATES) {
        capacity = yard->is->removed ? 0 : yard->is->capacity;
        reason = gates_fail(yard, now_ms);
    }
    if (lot->closed) {
        reason = REASON_CLOSED;
        shown.out_of_service = (uint16_t)capacity;
    } else if (yard->is->counting == COUNT_SPACES) {
        shown.free = (uint16_t)lot->spaces[SPACE_FREE];
        shown.occupied = (uint16_t)lot->spaces[SPACE_OCCUPIED];
        shown.unknown = (uint16_t)lot->spaces[SPACE_UNKNOWN];
        shown.out_of_service = (uint16_t)lot->spaces[SPACE_OUT_OF_SERVICE];
    } else if (yard->is->removed || reason != REASON_COUNT) {
        shown.unknown = (uint16_t)capacity;
    } else if (lot_unread(yard)) {
        shown.unknown = (uint16_t)capacity;
        reason = REASON_COUNT_UNREAD;
    } else {
        show_gates(yard, &shown, &reason);
    }
    reason = reason == REASON_COUNT ? REASON_UNBOUND : reason;
    if (same_counts(&shown, &lot->shown) && reason == (enum reason)lot->reason &&
        capacity == lot->capacity) {
        return false;
    }
    lot->shown = shown;
    lot->reason = (uint8_t)reason;
    lot->capacity = capacity;
    lot->changed_ms = now_ms;
    lot->version++;
    return true;
}

int64_t lot_due(const struct yard *yard)
{
    int64_t due_ms = INT64_MAX;

    for (unsigned i = 0; yard->is->counting == COUNT_GATES && i < yard->is->sensor_count; i++) {
        if (yard->gates[i].progress & SENSOR_WAS_LIVE) {
            const int64_t silent_ms =
                sensor_heard_ms(&yard->gates[i]) + gate_timing(yard, i)->limit_ms + 1;

            due_ms = silent_ms < due_ms ? silent_ms : due_ms;
        }
    }
    return due_ms;
}

bool lot_settle(struct yard *yard, int64_t now_ms)
{
    bool changed = false;

    for (int64_t due_ms = lot_due(yard); due_ms <= now_ms; due_ms = lot_due(yard)) {
        changed |= lot_judge(yard, due_ms);
    }
    return changed;
}

int64_t lot_seen_ms(const struct yard *yard)
{
    int64_t seen_ms = 0;

    for (unsigned i = 0; i < yard->is->sensor_count; i++) {
        const int64_t heard_ms = sensor_heard_ms(&yard->gates[i]);

        seen_ms = heard_ms > seen_ms ? heard_ms : seen_ms;
    }
    return seen_ms;
}

void lot_save(const struct yard *yard, struct lot_image *out)
{
    const struct lot *lot = yard->lot;

    *out = (struct lot_image){
        .key = yard->is->key,
        .closed = lot->closed,
        .counting = yard->is->counting,
        .first = lot_unread(yard),
        .count_raw = lot->raw,
        .since_ms = lot->changed_ms,
        .turned_ms = lot->turned_ms,
        .seen_ms = lot_seen_ms(yard),
        .reason = lot->reason,
        .capacity = lot->capacity,
        .free = lot->shown.free,
        .occupied = lot->shown.occupied,
        .unknown = lot->shown.unknown,
        .out_of_service = lot->shown.out_of_service,
    };
    for (unsigned i = 0; i < yard->is->sensor_count && i < GATES_PER_LOT_MAX; i++) {
        const struct sensor *gate = &yard->gates[i];
        struct gate_image *image = &out->gates[out->gate_count++];
        const bool counted = sensor_value(gate) == VALUE_GATE;

        image->tag = sensor_tag_of(yard->inv, &yard->bound[i]);
        image->in = counted ? (uint32_t)(gate->changes >> 32) : GATE_UNCOUNTED;
        image->out = counted             ? (uint32_t)gate->changes
                     : gate_begins(gate) ? GATE_BEGINS
                                         : GATE_UNCOUNTED;
        image->heard_ms = sensor_heard_ms(gate);
        image->counter = gate->counter;
        image->flags = gate->flags;
        image->join = gate->join;
    }
}

static void gate_load(struct sensor *gate, const struct gate_image *image)
{
    const bool begins = image->in == GATE_UNCOUNTED && image->out == GATE_BEGINS;
    const bool counted = !begins && (image->in != GATE_UNCOUNTED || image->out != GATE_UNCOUNTED);

    gate->changes = counted ? (uint64_t)image->in << 32 | image->out : begins ? CHANGES_BEGIN : 0;
    gate->heard = STAMP(image->heard_ms);
    gate->counter = image->counter;
    gate->flags = image->flags;
    gate->join = image->join;
    sensor_set_value(gate, image->heard_ms == 0 ? VALUE_COUNT_
                           : counted            ? VALUE_GATE
                                                : VALUE_ALIVE);
}

static bool image_has_counted(const struct lot_image *image)
{
    bool counted = image->count_raw != 0;

    for (unsigned k = 0; k < image->gate_count && k < GATES_PER_LOT_MAX; k++) {
        counted =
            counted || image->gates[k].in != GATE_UNCOUNTED || image->gates[k].out < GATE_BEGINS;
    }
    return counted;
}

void lot_load(struct yard *yard, const struct lot_image *image)
{
    const bool counted = image_has_counted(image);
    struct lot *lot = yard->lot;

    lot->based = !image->first;
    lot->closed = image->closed;
    lot->turned_ms = image->turned_ms;
    lot->raw = image->count_raw;
    lot->changed_ms = image->since_ms;
    for (unsigned i = 0; i < yard->is->sensor_count; i++) {
        const uint32_t tag = sensor_tag_of(yard->inv, &yard->bound[i]);
        unsigned k = 0;

        while (k < image->gate_count && k < GATES_PER_LOT_MAX && image->gates[k].tag != tag) {
            k++;
        }
        if (k < image->gate_count && k < GATES_PER_LOT_MAX) {
            gate_load(&yard->gates[i], &image->gates[k]);
        } else if (counted && sensor_value(&yard->gates[i]) == VALUE_COUNT_) {
            gate_begin(&yard->gates[i]);
        }
    }
}

/* A gate of the image goes on where it was heard meanwhile. */
static void gate_recall(struct lot *lot, struct sensor *gate, const struct sensor *heard)
{
    const struct sensor loaded = *gate;
    const struct reading reading = {.gate_in = (uint32_t)(heard->changes >> 32),
                                    .gate_out = (uint32_t)heard->changes};

    if (sensor_heard_ms(heard) <= sensor_heard_ms(&loaded)) {
        gate->flags |= sensor_heard_ms(&loaded) != 0 ? SENSOR_RESTORED : 0;
        return;
    }
    *gate = *heard;
    gate->changes = loaded.changes;
    if (sensor_value(heard) == VALUE_GATE) {
        sensor_set_value(gate, sensor_value(&loaded)); /* it may only begin with this count */
        gate_count(lot, gate, &reading);
        gate->flags = heard->flags;
    }
}

bool lot_recall(struct yard *yard, const struct lot_image *image)
{
    struct sensor heard[GATES_PER_LOT_MAX];
    const int64_t changed_ms = yard->lot->changed_ms;
    const uint32_t count = yard->is->sensor_count;

    if (yard->lot->based || yard->is->counting != COUNT_GATES || count > GATES_PER_LOT_MAX) {
        return false;
    }
    memcpy(heard, yard->gates, count * sizeof heard[0]);
    lot_load(yard, image);
    yard->lot->changed_ms = changed_ms;
    for (uint32_t i = 0; i < count; i++) {
        gate_recall(yard->lot, &yard->gates[i], &heard[i]);
    }
    return true;
}
