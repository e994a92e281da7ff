/* Recovery: images first (newest position per root or entity), then readings of the journal, then
 * all is judged at the present. Late images of a Redis that came after the start take the same way.
 */
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/suspect.h"
#include <string.h>

static void clamp_space(struct space *space, int64_t now_ms)
{
    space->since = STAMP(city_clock_restored((int64_t)space->since, now_ms));
    space->known_since = STAMP(city_clock_restored((int64_t)space->known_since, now_ms));
    space->held = STAMP(city_clock_restored((int64_t)space->held, now_ms));
}

static void clamp_sensor(struct sensor *sensor, int64_t now_ms)
{
    sensor->heard = STAMP(city_clock_restored(sensor_heard_ms(sensor), now_ms));
    sensor->quiet = STAMP(city_clock_restored((int64_t)sensor->quiet, now_ms));
}

static void clamp_lot(struct lot *lot, int64_t now_ms)
{
    lot->changed_ms = city_clock_restored(lot->changed_ms, now_ms);
    lot->turned_ms = city_clock_restored(lot->turned_ms, now_ms);
}

/* The sensors of a place out of an image that came after the start. What lies ahead says that the
 * clock is wrong, as at a start; it is known only now, so only what comes from now on is doubted.
 */
static void restored_late(struct core *core, struct sensor *sensors, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (sensor_heard_ms(&sensors[i]) > core->now.at_ms + CITY_CLOCK_JUMP_MS) {
            core->clock_suspect = true;
        }
        clamp_sensor(&sensors[i], core->now.at_ms);
        if (sensor_heard_ms(&sensors[i]) != 0) {
            sensors[i].flags |= SENSOR_RESTORED;
        }
    }
}

static void restore_space(struct core *core, const struct image *image)
{
    const uint32_t slot = inventory_space(core->inv, image->space.key);
    struct place place;
    struct shown before;

    if (slot == NO_SLOT) {
        return;
    }
    core_shown(core, slot, &before);
    core_place(core, slot, &place);
    if (position_compare(image->at, position_unpack(core, core->spaces[slot].at)) <= 0) {
        /* before the start that is an image that shortened the journal, of a space found so */
        if (space_recall(&place, &image->space) && core->running) {
            effects_space(core, slot, &before, true);
        }
        return;
    }
    space_load(&place, &image->space);
    place.space->at = position_pack(core, image->at);
    if (core->running) {
        restored_late(core, place.sensors, place.count);
        clamp_space(place.space, core->now.at_ms);
        place.clock_suspect = core->clock_suspect;
        space_settle(&place, core->now.at_ms);
        core_rejudge(core, slot, &before, true);
    }
}

/* A gate was heard before Redis came: its first count was not the first one ever. Before the start
 * that is an image of first counts which shortened the journal. */
static void recall_lot(struct core *core, uint32_t lot, const struct lot_image *image)
{
    const struct lot former = core->lots[lot];
    struct yard yard;

    if (!core->running) {
        core_yard(core, lot, &yard);
        (void)lot_recall(&yard, image);
        return;
    }
    if (!effects_reserve_lot(core, lot)) {
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    core_yard(core, lot, &yard);
    if (!lot_recall(&yard, image)) {
        return;
    }
    for (uint32_t i = 0; i < yard.is->sensor_count; i++) {
        clamp_sensor(&yard.gates[i], core->now.at_ms);
    }
    clamp_lot(yard.lot, core->now.at_ms);
    effects_lot_turned(core, lot, &former);
    effects_lot(core, lot, true);
}

static void restore_lot(struct core *core, const struct image *image)
{
    const uint32_t lot = inventory_lot(core->inv, image->lot.key);
    struct lot former;
    struct yard yard;

    if (lot == NO_SLOT) {
        return;
    }
    if (position_compare(image->at, position_unpack(core, core->lots[lot].at)) <= 0) {
        recall_lot(core, lot, &image->lot);
        return;
    }
    if (core->running && !effects_reserve_lot(core, lot)) {
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    former = core->lots[lot];
    core_yard(core, lot, &yard);
    lot_load(&yard, &image->lot);
    yard.lot->at = position_pack(core, image->at);
    if (core->running) {
        restored_late(core, yard.gates, yard.is->sensor_count);
        clamp_lot(yard.lot, core->now.at_ms);
        effects_lot_turned(core, lot, &former);
        effects_lot(core, lot, true);
    }
}

static void restore_override(struct core *core, const struct image *image)
{
    const uint32_t slot = inventory_space(core->inv, image->override.key);
    struct override_entry *entry;
    struct shown before;

    if (slot == NO_SLOT || (unsigned)image->override.reason >= OUT_REASON_COUNT) {
        return;
    }
    core_shown(core, slot, &before);
    entry = override_list_make(&core->overrides, slot);
    if (entry == NULL) {
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    if (position_compare(image->at, entry->at) <= 0) {
        return;
    }
    entry->at = image->at;
    entry->image = image->override;
    core->spaces[slot].marks |= SPACE_OVERRIDDEN;
    if (core->running) {
        override_settle(core, slot);
        effects_space(core, slot, &before, true);
    }
}

static void restore_suspect(struct core *core, const struct image *image)
{
    const struct suspect_image *from = &image->suspect;
    struct suspect_entry *entry;
    uint32_t device;

    if (from->device_len > DEVICE_ID_MAX) {
        return;
    }
    device = inventory_device(core->inv, from->device, from->device_len);
    if (device == NO_SLOT) {
        return;
    }
    entry = suspect_list_make(&core->suspects, from->device, from->device_len);
    if (entry == NULL) {
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    if (position_compare(image->at, entry->at) <= 0) {
        return;
    }
    entry->at = image->at;
    entry->image = *from;
    suspect_mark(core, device, suspect_holds(core, from));
    for (uint32_t i = 0; core->running && i < core->inv->devices[device].sensor_count; i++) {
        const uint32_t sensor = inventory_device_sensors(core->inv, device)[i];
        const uint32_t target = core->inv->sensors[sensor].target;
        struct shown before;

        effects_begin(core, core->now);
        if (core->inv->sensors[sensor].gate) {
            effects_lot(core, target, false);
        } else {
            core_shown(core, target, &before);
            core_rejudge(core, target, &before, false);
        }
    }
}

void core_restore(struct core *core, const struct image *image)
{
    if (core->running) {
        effects_begin(core, core->now);
    }
    zombie_watch_seen(core->watch, image->at);
    switch (image->kind) {
    case IMAGE_SPACE: restore_space(core, image); break;
    case IMAGE_LOT: restore_lot(core, image); break;
    case IMAGE_OVERRIDE: restore_override(core, image); break;
    case IMAGE_SUSPECT: restore_suspect(core, image); break;
    case IMAGE_FENCE:
    case IMAGE_BIKE:
    case IMAGE_ALERT:
    case IMAGE_MUTE: fleet_restore(core->fleet, image); break;
    case IMAGE_CASE:
    case IMAGE_CASE_ROW: casebook_restore(core->casebook, image); break;
    case IMAGE_STAY: zombie_watch_restore(core->watch, core->inv, image); break;
    case IMAGE_AUDIT:
    case IMAGE_KIND_COUNT: break;
    }
}

void core_lots_wait(struct core *core)
{
    core->lots_wait = true;
}

void core_lots_on(struct core *core)
{
    core->lots_wait = false;
    swap_recount(core);
}

void core_restored(struct core *core, struct now now, bool clock_suspect)
{
    core->now = now;
    for (uint32_t i = 0; i < core->sensor_count; i++) {
        clamp_sensor(&core->sensors[i], now.at_ms);
    }
    for (uint32_t slot = 0; slot < core->space_count; slot++) {
        struct place place;

        clamp_space(&core->spaces[slot], now.at_ms);
        suspect_settle_space(core, slot);
        core_place(core, slot, &place);
        space_settle(&place, now.at_ms);
    }
    for (uint32_t i = 0; i < core->sensor_count; i++) {
        if (sensor_heard_ms(&core->sensors[i]) != 0) {
            core->sensors[i].flags |= SENSOR_RESTORED;
        }
    }
    core->clock_suspect = clock_suspect;
    core->running = true;
    effects_begin(core, now);
    for (uint32_t slot = 0; slot < core->space_count; slot++) {
        struct place place;
        struct shown shown;

        core_place(core, slot, &place);
        override_settle(core, slot);
        space_judge(&place, now.at_ms);
        core_shown(core, slot, &shown);
        effects_shown(core, slot, &shown, false);
    }
    for (uint32_t lot = 0; lot < core->lot_count; lot++) {
        clamp_lot(&core->lots[lot], now.at_ms);
        (void)suspect_settle_lot(core, lot);
    }
    swap_recount(core);
    for (uint32_t lot = 0; lot < core->lot_count; lot++) {
        struct yard yard;
        int64_t due_ms;

        core_yard(core, lot, &yard);
        due_ms = suspect_due(core, yard.is->sensors, yard.is->sensor_count);
        wheel_arm(&core->lot_wheel, lot, lot_due(&yard) < due_ms ? lot_due(&yard) : due_ms);
    }
    fleet_restored(core->fleet, now);
    casebook_restored(core->casebook, now);
    zombie_watch_restored(core->watch, now);
}
