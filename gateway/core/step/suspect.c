/* Devices that staff distrust: a bit on each of their sensors, found again by device id after a
 * swap. */
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

void suspect_mark_all(struct core *core)
{
    for (uint32_t i = 0; i < core->suspects.count; i++) {
        const struct suspect_image *image = &core->suspects.entries[i].image;
        const uint32_t device = inventory_device(core->inv, image->device, image->device_len);

        if (device != NO_SLOT) {
            suspect_mark(core, device, image->set);
        }
    }
}
