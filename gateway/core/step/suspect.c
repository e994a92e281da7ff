/* Devices that do not vote, because staff distrust them or because they are in test: a bit on each
 * of their sensors, found again by device id after a swap. A test ends by itself at its exact
 * moment, whenever it is noticed: before a place is judged, its sensors' tests are settled. */
#include "gateway/core/step/suspect.h"
#include "gateway/core/step/core_state.h"

void suspect_mark(struct core *core, uint32_t device, bool set)
{
    const struct inventory *inv = core->inv;

    for (uint32_t i = 0; i < inv->devices[device].sensor_count; i++) {
        struct sensor *sensor = &core->sensors[inventory_device_sensors(inv, device)[i]];

        sensor->progress &= 15U & ~(unsigned)SENSOR_SUSPECT;
        sensor->progress |= set ? SENSOR_SUSPECT : 0;
    }
}

bool suspect_holds(const struct core *core, const struct suspect_image *image)
{
    return image->set || image->test_until_ms > core->now.at_ms;
}

void suspect_mark_all(struct core *core)
{
    for (uint32_t i = 0; i < core->suspects.count; i++) {
        const struct suspect_image *image = &core->suspects.entries[i].image;
        const uint32_t device = inventory_device(core->inv, image->device, image->device_len);

        if (device != NO_SLOT) {
            suspect_mark(core, device, suspect_holds(core, image));
        }
    }
}

const struct suspect_entry *suspect_of(const struct core *core, uint32_t sensor)
{
    const struct inv_device *is = &core->inv->devices[core->inv->sensors[sensor].device];

    return core->sensors[sensor].progress & SENSOR_SUSPECT
               ? suspect_list_find(&core->suspects, inventory_text(core->inv, is->id), is->id_len)
               : NULL;
}

int64_t suspect_due(const struct core *core, uint32_t first, unsigned count)
{
    int64_t due_ms = INT64_MAX;

    for (uint32_t i = first; core->suspects.count > 0 && i < first + count; i++) {
        const struct suspect_entry *entry = suspect_of(core, i);

        if (entry != NULL && !entry->image.set && entry->image.test_until_ms != 0 &&
            entry->image.test_until_ms < due_ms) {
            due_ms = entry->image.test_until_ms;
        }
    }
    return due_ms;
}

/* Those whose test was over by at_ms vote again; a bit for each. */
static uint32_t release(struct core *core, uint32_t first, unsigned count, int64_t at_ms)
{
    uint32_t released = 0;

    for (uint32_t i = first; i < first + count; i++) {
        const struct suspect_entry *entry = suspect_of(core, i);

        if (entry != NULL && !entry->image.set && entry->image.test_until_ms <= at_ms) {
            core->sensors[i].progress &= 15U & ~(unsigned)SENSOR_SUSPECT;
            released |= UINT32_C(1) << (i - first);
        }
    }
    return released;
}

/* Is one of them live at at_ms? */
static bool any_live(const struct place *place, uint32_t sensors, int64_t at_ms)
{
    for (unsigned i = 0; sensors != 0; i++, sensors >>= 1) {
        if (sensors & 1 && sensor_live(&place->sensors[i], place_timing(place, i)->limit_ms, at_ms,
                                       place->clock_suspect)) {
            return true;
        }
    }
    return false;
}

/* The newest moment that a place's state speaks of. */
static int64_t newest_ms(const struct place *place)
{
    int64_t newest = space_since_ms(place->space);

    for (unsigned i = 0; i < place->count; i++) {
        const int64_t heard_ms = sensor_heard_ms(&place->sensors[i]);

        newest = heard_ms > newest ? heard_ms : newest;
    }
    return newest;
}

void suspect_settle_space(struct core *core, uint32_t slot)
{
    const struct inv_space *is = &core->inv->spaces[slot];
    const unsigned count = is->removed ? 0 : is->sensor_count;
    int64_t end_ms;

    while ((end_ms = suspect_due(core, is->sensors, count)) <= core->now.at_ms) {
        struct place place;
        uint32_t released;

        core_place(core, slot, &place);
        if (!core->running && newest_ms(&place) > end_ms) {
            /* restored from an image of later on: it has been judged at the end already */
            (void)release(core, is->sensors, count, end_ms);
            continue;
        }
        space_settle(&place, end_ms);
        released = release(core, is->sensors, count, end_ms);
        /* the image does not say how old it is: only who votes again may change what it says */
        if (core->running || any_live(&place, released, end_ms)) {
            space_judge(&place, end_ms);
        }
    }
}

bool suspect_settle_lot(struct core *core, uint32_t lot)
{
    const struct inv_lot *is = &core->inv->lots[lot];
    bool changed = false;
    int64_t end_ms;

    while ((end_ms = suspect_due(core, is->sensors, is->sensor_count)) <= core->now.at_ms) {
        struct yard yard;

        core_yard(core, lot, &yard);
        changed |= lot_settle(&yard, end_ms);
        (void)release(core, is->sensors, is->sensor_count, end_ms);
        changed |= lot_judge(&yard, end_ms);
    }
    return changed;
}

bool suspect_tested(const struct core *core, uint32_t sensor)
{
    const struct suspect_entry *entry = core->suspects.count == 0 ? NULL : suspect_of(core, sensor);

    return entry != NULL && entry->image.test_until_ms > core->now.at_ms;
}
