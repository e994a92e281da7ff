/* A new inventory: arrays as large as it, each sensor's state carried to where the sensor is now,
 * all places judged anew. The only step that allocates for the reading path. */
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/suspect.h"
#include <stdlib.h>
#include <string.h>

static struct sensor *new_sensors(const struct inventory *inv)
{
    struct sensor *sensors = calloc((size_t)inv->sensor_count + 1, sizeof *sensors);

    for (uint32_t i = 0; sensors != NULL && i < inv->sensor_count; i++) {
        sensor_init(&sensors[i]);
    }
    return sensors;
}

/* Room for the snapshot's slots, lots and timers; what is there stays on failure. */
static bool grow_places(struct core *core, const struct inventory *inv)
{
    struct space *spaces = realloc(core->spaces, ((size_t)inv->space_count + 1) * sizeof *spaces);
    struct lot *lots;

    if (spaces == NULL) {
        return false;
    }
    core->spaces = spaces;
    lots = realloc(core->lots, ((size_t)inv->lot_count + 1) * sizeof *lots);
    if (lots == NULL) {
        return false;
    }
    core->lots = lots;
    return wheel_reserve(&core->space_wheel, core_timer_of(inv->space_count + TIMER_SPACES - 1)) &&
           wheel_reserve(&core->lot_wheel, inv->lot_count);
}

/* New slots and lots begin unknown; the sensors of inv are in place. */
static void init_places(struct core *core, const struct inventory *inv)
{
    for (uint32_t slot = core->space_count; slot < inv->space_count; slot++) {
        struct place place;

        core_place(core, slot, &place);
        space_init(&place, core->now.at_ms);
    }
    for (uint32_t lot = core->lot_count; lot < inv->lot_count; lot++) {
        lot_init(&core->lots[lot], core->now.at_ms);
    }
    core->space_count = inv->space_count;
    core->lot_count = inv->lot_count;
}

bool swap_first(struct core *core)
{
    core->sensors = new_sensors(core->inv);
    if (core->sensors == NULL || !grow_places(core, core->inv)) {
        return false;
    }
    core->sensor_count = core->inv->sensor_count;
    init_places(core, core->inv);
    return true;
}

void swap_recount(struct core *core)
{
    const struct inventory *inv = core->inv;
    struct city_view *city = &core->city;

    *city = (struct city_view){.single_spaces = inv->live_spaces, .version = city->version + 1};
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        memset(core->lots[i].spaces, 0, sizeof core->lots[i].spaces);
        city->lots += !inv->lots[i].removed;
    }
    for (uint32_t slot = 0; slot < inv->space_count; slot++) {
        struct shown shown;

        if (!inv->spaces[slot].removed) {
            core_shown(core, slot, &shown);
            lot_move_space(&core->lots[inv->spaces[slot].lot], SPACE_STATE_COUNT, shown.state);
        }
    }
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        struct lot *lot = &core->lots[i];
        struct yard yard;

        core_yard(core, i, &yard);
        (void)lot_settle(&yard, core->now.at_ms);
        (void)lot_judge(&yard, core->now.at_ms);
        city->capacity += lot->capacity;
        city->free += lot->shown.free;
        city->occupied += lot->shown.occupied;
        city->unknown += lot->shown.unknown;
        city->out_of_service += lot->shown.out_of_service;
    }
}

/* Gates of the next inventory, none of which is carried over yet: those of lots that count. */
static void begin_gates(struct core *core, const struct inventory *next, struct sensor *sensors)
{
    for (uint32_t lot = 0; lot < core->lot_count; lot++) {
        const struct inv_lot *is = &next->lots[lot];
        struct yard yard;

        core_yard(core, lot, &yard);
        for (uint32_t i = 0; is->counting == COUNT_GATES && i < is->sensor_count; i++) {
            if (lot_has_counted(&yard)) {
                gate_begin(&sensors[is->sensors + i]);
            }
        }
    }
}

static space_key target_key(const struct inventory *inv, uint32_t sensor)
{
    const struct inv_sensor *is = &inv->sensors[sensor];

    return is->gate ? inv->lots[is->target].key : inv->spaces[is->target].key;
}

/* Each sensor that is in both goes on; one that watches another place now, or means the opposite,
 * keeps only its order. */
static void carry_sensors(const struct core *core, const struct inventory *next,
                          struct sensor *sensors)
{
    const struct inventory *inv = core->inv;

    for (uint32_t i = 0; i < inv->sensor_count; i++) {
        const struct inv_device *is = &inv->devices[inv->sensors[i].device];
        const uint32_t device = inventory_device(next, inventory_text(inv, is->id), is->id_len);
        uint64_t begins;
        uint32_t to;

        if (device == NO_SLOT) {
            continue;
        }
        to = inventory_sensor(next, device, inv->sensors[i].channel);
        if (to == NO_SENSOR) {
            continue;
        }
        begins = sensors[to].changes;
        sensors[to] = core->sensors[i];
        sensors[to].progress &= 15U & ~(unsigned)SENSOR_SUSPECT;
        if (target_key(inv, i) != target_key(next, to) ||
            inv->sensors[i].inverted != next->sensors[to].inverted) {
            sensor_move(&sensors[to]);
            sensors[to].changes = begins;
            if (next->sensors[to].gate && sensor_heard_ms(&sensors[to]) != 0) {
                gate_begin(&sensors[to]); /* its counters began elsewhere */
            }
        }
    }
}

/* Sources are numbered anew with each inventory: breaks go along by name. */
static void carry_breaks(struct core *core, const struct inventory *next)
{
    int64_t former[CORE_SOURCES];

    memcpy(former, core->break_ms, sizeof former);
    memset(core->break_ms, 0, sizeof core->break_ms);
    for (uint32_t i = 0; i < next->source_count && i < CORE_SOURCES; i++) {
        for (uint32_t k = 0; k < core->inv->source_count && k < CORE_SOURCES; k++) {
            if (strcmp(next->sources[i], core->inv->sources[k]) == 0) {
                core->break_ms[i] = former[k];
            }
        }
    }
}

/* What each slot and lot showed before the swap, to say afterwards which changed. */
struct former {
    struct shown *shown; /**< by slot */
    uint32_t *versions;  /**< by lot */
    uint32_t space_count, lot_count;
    const struct inventory *inv;
};

static bool former_take(struct core *core, struct former *out)
{
    *out = (struct former){
        .space_count = core->space_count, .lot_count = core->lot_count, .inv = core->inv};
    out->shown = malloc(((size_t)core->space_count + 1) * sizeof *out->shown);
    out->versions = malloc(((size_t)core->lot_count + 1) * sizeof *out->versions);
    if (out->shown == NULL || out->versions == NULL) {
        free(out->shown);
        free(out->versions);
        return false;
    }
    for (uint32_t slot = 0; slot < core->space_count; slot++) {
        core_shown(core, slot, &out->shown[slot]);
    }
    for (uint32_t lot = 0; lot < core->lot_count; lot++) {
        out->versions[lot] = core->lots[lot].version;
    }
    return true;
}

/* Do its sensors age otherwise than before? What is shown of age and limit changes with it. */
static bool is_retimed(const struct inventory *former, const struct inventory *next, uint32_t slot)
{
    const struct inv_space *a = &former->spaces[slot];
    const struct inv_space *b = &next->spaces[slot];

    for (uint32_t i = 0; i < a->sensor_count && i < b->sensor_count; i++) {
        const uint16_t x = former->devices[former->sensors[a->sensors + i].device].timing;
        const uint16_t y = next->devices[next->sensors[b->sensors + i].device].timing;
        const struct sensor_timing *was = &former->timings[x];
        const struct sensor_timing *is = &next->timings[y];

        if (x != y || was->period_ms != is->period_ms || was->limit_ms != is->limit_ms ||
            was->confidence != is->confidence) {
            return true;
        }
    }
    return false;
}

static void touch_changed(struct core *core, const struct former *former)
{
    for (uint32_t slot = 0; slot < core->space_count; slot++) {
        const bool known = slot < former->space_count;
        const bool moved =
            known && (former->inv->spaces[slot].removed != core->inv->spaces[slot].removed ||
                      is_retimed(former->inv, core->inv, slot));
        struct shown now;

        core_shown(core, slot, &now);
        effects_shown(core, slot, known ? &former->shown[slot] : &now, !known || moved);
    }
    for (uint32_t lot = 0; lot < core->lot_count; lot++) {
        const bool known = lot < former->lot_count;

        effects_lot(core, lot, !known || core->lots[lot].version != former->versions[lot]);
        if (core->lots[lot].touched != 0) {
            core->touched[core->lots[lot].touched - 1].shown = true;
        }
    }
}

/* What fell due under the present inventory does so before the next one, whenever timers fired. */
static void settle_all(struct core *core)
{
    for (uint32_t slot = 0; slot < core->space_count; slot++) {
        struct place place;

        suspect_settle_space(core, slot);
        core_place(core, slot, &place);
        space_settle(&place, core->now.at_ms);
    }
}

void swap_inventory(struct core *core, const struct inventory *next)
{
    struct sensor *sensors = new_sensors(next);
    struct former former;

    if (sensors == NULL || !grow_places(core, next) ||
        !effects_reserve(core, (size_t)next->space_count + next->lot_count + 8) ||
        !former_take(core, &former)) {
        free(sensors);
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    if (!fleet_swap(core->fleet, next)) {
        free(sensors);
        free(former.shown);
        free(former.versions);
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    settle_all(core);
    begin_gates(core, next, sensors);
    carry_sensors(core, next, sensors);
    carry_breaks(core, next);
    free(core->sensors);
    core->sensors = sensors;
    core->sensor_count = next->sensor_count;
    core->inv = next;
    init_places(core, next);
    suspect_mark_all(core);
    for (uint32_t slot = 0; slot < core->space_count; slot++) {
        struct place place;

        core_place(core, slot, &place);
        space_settle(&place, core->now.at_ms);
        space_judge(&place, core->now.at_ms);
    }
    swap_recount(core);
    touch_changed(core, &former);
    casebook_swap(core->casebook, next);
    free(former.shown);
    free(former.versions);
}
