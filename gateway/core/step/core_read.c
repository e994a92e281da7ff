/* Reading the state: the live fields for the view, the images for journal and Redis. */
#include "gateway/core/step/core_state.h"

/* The deciding sensor of a place, NO_SENSOR when none. */
static uint32_t deciding(const struct core *core, uint32_t slot)
{
    const unsigned source = space_source(&core->spaces[slot]);
    const struct inv_space *is = &core->inv->spaces[slot];

    return source >= is->sensor_count ? NO_SENSOR : is->sensors + source;
}

/* A place for reading only; the core is not changed through it. */
static struct place look(const struct core *core, uint32_t slot)
{
    const struct inv_space *is = &core->inv->spaces[slot];

    return (struct place){.space = &core->spaces[slot],
                          .sensors = &core->sensors[is->sensors],
                          .bound = &core->inv->sensors[is->sensors],
                          .inv = core->inv,
                          .count = is->removed ? 0 : is->sensor_count};
}

void core_space_live(const struct core *core, uint32_t slot, struct space_live *out)
{
    const struct place place = look(core, slot);
    const uint32_t sensor = deciding(core, slot);
    unsigned timing = 0;
    unsigned base = 0;
    struct shown shown;

    core_shown(core, slot, &shown);
    if (sensor != NO_SENSOR) {
        timing = core->inv->devices[core->inv->sensors[sensor].device].timing;
        base = core->inv->timings[timing].confidence;
    }
    out->bits = space_live_bits(shown.state, shown.known, shown.reason, core->spaces[slot].flag_pct,
                                base, timing);
    out->since_ms = shown.since_ms;
    out->known_since_ms = shown.known_since_ms;
    out->seen_ms = space_seen_ms(&place);
}

void core_lot_view(const struct core *core, uint32_t lot, struct lot_view *out)
{
    const struct lot *from = &core->lots[lot];

    *out = (struct lot_view){.counts = from->shown,
                             .capacity = from->capacity,
                             .closed = from->closed,
                             .reason = (enum reason)from->reason,
                             .version = from->version,
                             .changed_ms = from->changed_ms};
}

void core_city_view(const struct core *core, struct city_view *out)
{
    *out = core->city;
}

/* A space, its first sensor, that one's device, its name: each round needs what the one before
 * brought. */
void core_expect_images(const struct core *core, const uint32_t *slots, size_t n)
{
    const struct inventory *inv = core->inv;

    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&inv->spaces[slots[i]]);
        __builtin_prefetch(&core->spaces[slots[i]]);
    }
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(&inv->sensors[inv->spaces[slots[i]].sensors]);
        __builtin_prefetch(&core->sensors[inv->spaces[slots[i]].sensors]);
    }
    for (size_t i = 0; i < n; i++) {
        if (inv->spaces[slots[i]].sensor_count > 0) {
            __builtin_prefetch(&inv->devices[inv->sensors[inv->spaces[slots[i]].sensors].device]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (inv->spaces[slots[i]].sensor_count > 0) {
            __builtin_prefetch(inventory_text(
                inv, inv->devices[inv->sensors[inv->spaces[slots[i]].sensors].device].id));
        }
    }
}

void core_space_image(const struct core *core, uint32_t slot, struct image *out)
{
    const struct place place = look(core, slot);
    const uint32_t sensor = deciding(core, slot);
    struct space_live live;
    struct space_view view;
    struct shown shown;

    *out = (struct image){.kind = IMAGE_SPACE};
    space_save(&place, &out->space);
    out->at = position_unpack(core, core->spaces[slot].at);
    core_shown(core, slot, &shown);
    out->space.key = core->inv->spaces[slot].key;
    out->space.shown_state = (uint8_t)shown.state;
    out->space.shown_reason = (uint8_t)shown.reason;
    out->space.shown_since_ms = shown.since_ms;
    out->space.source = sensor;
    if (sensor != NO_SENSOR) {
        const struct sensor_timing *timing =
            &core->inv->timings[core->inv->devices[core->inv->sensors[sensor].device].timing];

        core_space_live(core, slot, &live);
        space_live_judge(&live, timing, core->now.at_ms, &view);
        out->space.confidence = view.confidence;
        out->space.limit_ms = timing->limit_ms;
    } else if (shown.state == SPACE_OUT_OF_SERVICE) {
        out->space.confidence = 100;
    }
}

void core_lot_image(const struct core *core, uint32_t lot, struct image *out)
{
    const struct inv_lot *is = &core->inv->lots[lot];
    const struct yard yard = {.lot = &core->lots[lot],
                              .is = is,
                              .gates = &core->sensors[is->sensors],
                              .bound = &core->inv->sensors[is->sensors],
                              .inv = core->inv,
                              .unread = core->lots_wait};

    *out = (struct image){.kind = IMAGE_LOT};
    lot_save(&yard, &out->lot);
    out->at = position_unpack(core, core->lots[lot].at);
}

bool core_override_image(const struct core *core, space_key key, struct image *out)
{
    const uint32_t slot = inventory_space(core->inv, key);
    const struct override_entry *entry =
        slot == NO_SLOT ? NULL : override_list_find(&core->overrides, slot);

    if (entry == NULL || entry->image.key == 0) {
        return false;
    }
    *out = (struct image){.kind = IMAGE_OVERRIDE, .at = entry->at, .override = entry->image};
    return true;
}

bool core_suspect_image(const struct core *core, uint32_t device, struct image *out)
{
    const struct inv_device *is = &core->inv->devices[device];
    const struct suspect_entry *entry =
        suspect_list_find(&core->suspects, inventory_text(core->inv, is->id), is->id_len);

    if (entry == NULL || entry->at.seq == 0) {
        return false;
    }
    *out = (struct image){.kind = IMAGE_SUSPECT, .at = entry->at, .suspect = entry->image};
    return true;
}

const struct inventory *core_inventory(const struct core *core)
{
    return core->inv;
}

size_t core_memory(const struct core *core)
{
    return sizeof *core + core->space_count * sizeof *core->spaces +
           core->lot_count * sizeof *core->lots + core->sensor_count * sizeof *core->sensors +
           wheel_memory(&core->space_wheel) + wheel_memory(&core->lot_wheel) +
           core->touched_room * sizeof *core->touched + core->epoch_room * sizeof *core->epochs +
           core->overrides.count *
               (sizeof(struct override_entry) + sizeof(void *) + sizeof(uint32_t)) +
           core->suspects.room * sizeof(struct suspect_entry) + fleet_memory(core->fleet) +
           casebook_memory(core->casebook) + zombie_watch_memory(core->watch);
}
