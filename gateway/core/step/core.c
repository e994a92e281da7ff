/* The step: one input in, effects out. The runner (the core thread) calls it; nobody else owns the
 * state.
 *
 * DESIGN. A space is settled up to `now` before anything is applied to it, so what it becomes does
 * not depend on when timers were fired; the wheel only sees to it that silence is noticed within
 * 250 ms. */
#include "gateway/core/step/bikes.h"
#include "gateway/core/step/cases.h"
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/suspect.h"
#include "gateway/core/step/zombies.h"
#include <stdlib.h>
#include <string.h>

struct core *core_create(const struct inventory *inv, struct counters *counters)
{
    struct core *core = calloc(1, sizeof *core);

    if (core == NULL) {
        return NULL;
    }
    core->inv = inv;
    core->counters = counters;
    wheel_init(&core->space_wheel);
    wheel_init(&core->lot_wheel);
    core->fleet = fleet_create(inv, counters);
    core->casebook = casebook_create(inv, counters);
    core->watch = zombie_watch_create(counters);
    core->from_expired_alerts = true;
    undo_begin(core);
    /* the first packed position is that of no epoch, so that 0 means none */
    if (core->fleet == NULL || core->casebook == NULL || core->watch == NULL ||
        !effects_reserve(core, 3 * (size_t)CORE_FIRE_MAX + 8) || !swap_first(core)) {
        core_destroy(core);
        return NULL;
    }
    (void)position_pack(core, (struct position){0});
    if (core->epoch_count == 0) {
        core_destroy(core);
        return NULL;
    }
    swap_recount(core);
    return core;
}

void core_destroy(struct core *core)
{
    if (core == NULL) {
        return;
    }
    wheel_finish(&core->space_wheel);
    wheel_finish(&core->lot_wheel);
    override_list_finish(&core->overrides);
    suspect_list_finish(&core->suspects);
    undo_finish(core);
    fleet_destroy(core->fleet);
    casebook_destroy(core->casebook);
    zombie_watch_destroy(core->watch);
    free(core->spaces);
    free(core->lots);
    free(core->sensors);
    free(core->epochs);
    free(core->touched);
    free(core);
}

void core_place(struct core *core, uint32_t slot, struct place *out)
{
    const struct inv_space *is = &core->inv->spaces[slot];

    *out = (struct place){
        .space = &core->spaces[slot],
        .sensors = &core->sensors[is->sensors],
        .bound = &core->inv->sensors[is->sensors],
        .inv = core->inv,
        .counters = core->running ? core->counters : &core->unseen,
        .count = is->removed ? 0 : is->sensor_count,
        .clock_suspect = core->clock_suspect,
        .known = zombies_known,
        .known_ctx = core,
        .slot = slot,
    };
}

void core_yard(struct core *core, uint32_t lot, struct yard *out)
{
    const struct inv_lot *is = &core->inv->lots[lot];

    *out = (struct yard){
        .lot = &core->lots[lot],
        .is = is,
        .gates = &core->sensors[is->sensors],
        .bound = &core->inv->sensors[is->sensors],
        .inv = core->inv,
        .counters = core->running ? core->counters : &core->unseen,
        .clock_suspect = core->clock_suspect,
        .unread = core->lots_wait,
    };
}

void core_shown_in(const struct core *core, uint32_t slot, const struct lot *lot, struct shown *out)
{
    static const enum reason reasons[OUT_REASON_COUNT] = {
        [OUT_MAINTENANCE] = REASON_MAINTENANCE,
        [OUT_CLOSED] = REASON_CLOSED,
        [OUT_EVENT] = REASON_EVENT,
        [OUT_WITHDRAWN] = REASON_WITHDRAWN,
    };
    const struct space *space = &core->spaces[slot];

    *out = (struct shown){
        .state = (enum space_state)space->state,
        .reason = (enum reason)space->reason,
        .known = space_known(space),
        .since_ms = space_since_ms(space),
        .known_since_ms = space_known_since_ms(space),
        .source = space_source(space),
        .flag_pct = space->flag_pct,
    };
    if (space->marks & SPACE_OVERRIDDEN) {
        const struct override_entry *entry = override_list_find(&core->overrides, slot);

        if (entry != NULL && entry->image.set) {
            out->state = SPACE_OUT_OF_SERVICE;
            out->reason = reasons[entry->image.reason];
            out->since_ms = entry->image.since_ms;
            return;
        }
        if (entry != NULL && entry->image.since_ms > out->since_ms) {
            out->since_ms = entry->image.since_ms; /* what is shown now began when it came back */
        }
    }
    if (core->inv->spaces[slot].removed) {
        return; /* no longer of its lot */
    }
    if (lot->closed) {
        out->state = SPACE_OUT_OF_SERVICE;
        out->reason = REASON_CLOSED;
        out->since_ms = lot->turned_ms;
    } else if (lot->turned_ms > out->since_ms) {
        out->since_ms = lot->turned_ms; /* the same for a lot that was opened */
    }
}

void core_shown(const struct core *core, uint32_t slot, struct shown *out)
{
    core_shown_in(core, slot, &core->lots[core->inv->spaces[slot].lot], out);
}

void core_settle(struct core *core, uint32_t slot)
{
    struct place place;
    struct shown before;

    core_shown(core, slot, &before);
    override_settle(core, slot);
    suspect_settle_space(core, slot);
    core_place(core, slot, &place);
    space_settle(&place, core->now.at_ms);
    effects_space(core, slot, &before, false);
}

void core_rejudge(struct core *core, uint32_t slot, const struct shown *before, bool wrote)
{
    struct place place;

    core_place(core, slot, &place);
    space_judge(&place, core->now.at_ms);
    effects_space(core, slot, before, wrote);
}

/* The reading's sensor by the present inventory; NO_SENSOR when it is bound to nothing, or to
 * another place than the one the reading was kept for. */
static uint32_t resolve(const struct core *core, const struct input *input)
{
    const struct reading *reading = &input->reading;
    const struct inventory *inv = core->inv;
    uint32_t sensor = reading->sensor;
    space_key root;

    if (input->inventory_version != inv->version || sensor >= inv->sensor_count) {
        const uint32_t device = reading->device_len > DEVICE_ID_MAX
                                    ? NO_SLOT
                                    : inventory_device(inv, reading->device, reading->device_len);

        sensor = device == NO_SLOT ? NO_SENSOR : inventory_sensor(inv, device, reading->channel);
    }
    if (sensor == NO_SENSOR) {
        return NO_SENSOR;
    }
    root = inv->sensors[sensor].gate ? inv->lots[inv->sensors[sensor].target].key
                                     : inv->spaces[inv->sensors[sensor].target].key;
    return reading->root != 0 && reading->root != root ? NO_SENSOR : sensor;
}

/* Applies a reading to its space; false when it was refused. */
static bool space_reading(struct core *core, const struct input *input, uint32_t sensor)
{
    const struct inv_sensor *is = &core->inv->sensors[sensor];
    const struct heard heard = {
        .sensor = sensor - core->inv->spaces[is->target].sensors,
        .reading = &input->reading,
        .now = core->now,
        .break_ms = core->break_ms[core->inv->devices[is->device].source],
    };
    struct place place;

    suspect_settle_space(core, is->target);
    core_place(core, is->target, &place);
    if (heard.sensor >= place.count) {
        count_add(place.counters, COUNT_READINGS_UNBOUND, 1);
        return false;
    }
    if (!space_hear(&place, &heard)) {
        return false;
    }
    place.space->at = position_pack(core, input->at);
    return true;
}

static bool gate_reading(struct core *core, const struct input *input, uint32_t sensor)
{
    const struct inv_sensor *is = &core->inv->sensors[sensor];
    const struct gate_heard heard = {
        .gate = sensor - core->inv->lots[is->target].sensors,
        .reading = &input->reading,
        .now = core->now,
        .break_ms = core->break_ms[core->inv->devices[is->device].source],
    };
    struct yard yard;
    int32_t raw;

    (void)suspect_settle_lot(core, is->target);
    core_yard(core, is->target, &yard);
    (void)lot_settle(&yard, core->now.at_ms);
    raw = yard.lot->raw;
    if (!lot_hear(&yard, &heard)) {
        return false;
    }
    if (suspect_tested(core, sensor)) {
        yard.lot->raw = raw; /* what passes a gate in test is no car */
    }
    yard.lot->at = position_pack(core, input->at);
    return true;
}

static void step_reading(struct core *core, const struct input *input)
{
    const uint32_t sensor = resolve(core, input);
    bool counted;

    if (sensor == NO_SENSOR || input->reading.value >= VALUE_COUNT_) {
        count_add(core->counters, COUNT_READINGS_UNBOUND, 1);
        return;
    }
    if (core->inv->sensors[sensor].gate) {
        effects_lot(core, core->inv->sensors[sensor].target, false);
        counted = gate_reading(core, input, sensor);
        effects_lot(core, core->inv->sensors[sensor].target, counted);
    } else {
        const uint32_t slot = core->inv->sensors[sensor].target;
        struct shown before;

        core_shown(core, slot, &before);
        counted = space_reading(core, input, sensor);
        effects_space(core, slot, &before, counted);
    }
    count_add(core->counters, COUNT_READINGS_APPLIED, counted);
}

/* Marks those of a place's sensors that the break concerns, from `sensor` on; true when there was
 * one. *next is the first sensor of the next place. */
static bool mark_gap(struct core *core, uint32_t sensor, uint8_t source, uint32_t *next)
{
    const struct inv_sensor *first = &core->inv->sensors[sensor];
    bool marked = false;

    for (; sensor < core->sensor_count; sensor++) {
        const struct inv_sensor *is = &core->inv->sensors[sensor];
        struct sensor *one = &core->sensors[sensor];

        if (is->target != first->target || is->gate != first->gate) {
            break;
        }
        if (core->inv->devices[is->device].source == source && sensor_heard_ms(one) != 0 &&
            sensor_heard_ms(one) < core->break_ms[source] && !(one->flags & SENSOR_SESSION_GAP)) {
            one->flags |= SENSOR_SESSION_GAP;
            marked = true;
        }
    }
    *next = sensor;
    return marked;
}

/* The link's number in this inventory; false: none of its devices is of it. */
static bool source_of(const struct inventory *inv, const char *link, uint8_t *source)
{
    for (uint32_t i = 0; i < inv->source_count && i < CORE_SOURCES; i++) {
        if (strcmp(inv->sources[i], link) == 0) {
            *source = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* STATES 10: what the link's sensors said since the break may be lost. */
static void step_session_lost(struct core *core, const struct input *input)
{
    int64_t since_ms = input->session_lost.since_ms;
    uint8_t source = 0;
    uint32_t next = 0;

    if (!source_of(core->inv, input->session_lost.link, &source)) {
        return;
    }
    if (!effects_reserve(core, (size_t)core->sensor_count + core->lot_count + 8)) {
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    /* dated by a wall clock that was set back meanwhile, it would outlast what is heard next */
    since_ms = since_ms > core->now.at_ms ? core->now.at_ms : since_ms;
    if (since_ms > core->break_ms[source]) {
        core->break_ms[source] = since_ms;
    }
    for (uint32_t i = 0; i < core->sensor_count; i = next) { /* grouped by target */
        const struct inv_sensor *is = &core->inv->sensors[i];
        struct shown before;
        struct place place;

        if (!mark_gap(core, i, source, &next)) {
            continue;
        }
        if (is->gate) {
            effects_lot(core, is->target, false);
            continue;
        }
        core_shown(core, is->target, &before);
        suspect_settle_space(core, is->target);
        core_place(core, is->target, &place);
        space_settle(&place, core->now.at_ms);
        core_rejudge(core, is->target, &before, false);
    }
}

/* Whose sensor an input says it is; NO_SENSOR when it would have to be looked up. */
static uint32_t expected(const struct core *core, const struct input *input)
{
    return input->kind == INPUT_READING && input->inventory_version == core->inv->version &&
                   input->reading.sensor < core->sensor_count
               ? input->reading.sensor
               : NO_SENSOR;
}

/* In two rounds, for the second needs what the first brings. */
void core_expect(const struct core *core, const struct input *inputs, size_t n)
{
    const struct inventory *inv = core->inv;

    for (size_t i = 0; i < n; i++) {
        const uint32_t sensor = expected(core, &inputs[i]);

        if (sensor != NO_SENSOR) {
            __builtin_prefetch(&inv->sensors[sensor]);
            __builtin_prefetch(&core->sensors[sensor], 1);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t sensor = expected(core, &inputs[i]);

        if (sensor != NO_SENSOR && !inv->sensors[sensor].gate) {
            const uint32_t slot = inv->sensors[sensor].target;

            __builtin_prefetch(&inv->spaces[slot]);
            __builtin_prefetch(&core->spaces[slot], 1);
            __builtin_prefetch(&inv->devices[inv->sensors[sensor].device]);
            wheel_expect(&core->space_wheel, core_timer_of(slot));
        }
    }
}

const struct effects *core_step(struct core *core, const struct input *input)
{
    core->running = true;
    undo_begin(core); /* a former command stands */
    effects_begin(core, input->now);
    fleet_at(core->fleet, input->at);
    casebook_at(core->casebook, input->at);
    zombie_watch_at(core->watch, input->at);
    switch (input->kind) {
    case INPUT_READING: step_reading(core, input); break;
    case INPUT_REPORT:
        fleet_report(core->fleet, input);
        zombies_moved(core);
        break;
    case INPUT_COMMAND: commands_apply(core, input->command, input); break;
    case INPUT_INVENTORY: swap_inventory(core, input->inventory); break;
    case INPUT_SESSION_LOST: step_session_lost(core, input); break;
    case INPUT_KIND_COUNT: break;
    }
    cases_effects(core);
    bikes_effects(core);
    return &core->effects;
}

/* All that share the timer; returns how many. Each arms it again for what it waits for itself. */
static unsigned fire_spaces(struct core *core, uint32_t timer)
{
    const uint32_t first = timer * TIMER_SPACES;
    unsigned count = 0;

    while (count < TIMER_SPACES && first + count < core->space_count) {
        core_settle(core, first + count++);
    }
    return count;
}

const struct effects *core_advance(struct core *core, struct now now)
{
    unsigned fired = 0;
    uint32_t node;

    core->running = true;
    undo_begin(core);
    effects_begin(core, now);
    while (fired < CORE_FIRE_MAX &&
           (node = wheel_fire(&core->space_wheel, core->now.at_ms)) != WHEEL_NONE) {
        fired += fire_spaces(core, node);
    }
    while (fired < CORE_FIRE_MAX &&
           (node = wheel_fire(&core->lot_wheel, core->now.at_ms)) != WHEEL_NONE) {
        effects_lot(core, node, false);
        fired++;
    }
    fleet_advance(core->fleet);
    cases_of_expired(core);
    if (fired < CORE_FIRE_MAX) { /* else some spaces are not yet what they are now */
        zombies_advance(core);
    }
    casebook_advance(core->casebook);
    cases_effects(core);
    zombies_effects(core);
    bikes_effects(core);
    return &core->effects;
}

int64_t core_due(const struct core *core)
{
    const int64_t spaces_ms = wheel_due(&core->space_wheel);
    const int64_t lots_ms = wheel_due(&core->lot_wheel);
    const int64_t due[] = {spaces_ms, lots_ms, fleet_due(core->fleet), casebook_due(core->casebook),
                           zombie_watch_due(core->watch)};
    int64_t least_ms = INT64_MAX;

    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++) {
        least_ms = due[i] < least_ms ? due[i] : least_ms;
    }
    return least_ms;
}

/* A replayed reading counts by the rules of its own moment; nothing is published or armed yet. */
void core_replay(struct core *core, const struct input *input)
{
    uint32_t sensor;
    uint64_t at;

    if (input->kind == INPUT_REPORT) {
        fleet_replay(core->fleet, input);
        return;
    }
    if (input->kind != INPUT_READING || input->reading.value >= VALUE_COUNT_) {
        return;
    }
    sensor = resolve(core, input);
    if (sensor == NO_SENSOR) {
        return;
    }
    at = core->inv->sensors[sensor].gate ? core->lots[core->inv->sensors[sensor].target].at
                                         : core->spaces[core->inv->sensors[sensor].target].at;
    if (position_compare(input->at, position_unpack(core, at)) <= 0) {
        return;
    }
    core->now = input->now;
    zombie_watch_at(core->watch, input->at);
    if (core->inv->sensors[sensor].gate) {
        (void)gate_reading(core, input, sensor);
    } else {
        (void)space_reading(core, input, sensor);
    }
}
