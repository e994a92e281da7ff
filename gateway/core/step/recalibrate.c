/* May a device be told "your space is empty now"? Only staff ask, and only while the space is known
 * free: a magnetometer that learns with a car over it sees free for occupied from then on. The
 * decision changes no state but what was due; its audit row is what is kept, and the write follows
 * only once that row is on the disk. An override does not hide the state: a bay is often
 * recalibrated while it is out of service. */
#include "gateway/core/step/recalibrate.h"
#include <stdio.h>

/* Fills detail with why the space forbids it; false: it does not. */
static bool forbids(struct core *core, const struct inv_sensor *at, char detail[160])
{
    char id[SPACE_ID_LEN + 1];

    if (at->gate) {
        (void)snprintf(detail, 160,
                       "channel %u counts a gate; \"force\": true with a reason overrides",
                       at->channel);
        return true;
    }
    core_settle(core, at->target); /* a sensor may have fallen silent a moment ago */
    if (core->spaces[at->target].state == SPACE_FREE) {
        return false;
    }
    space_id_format(core->inv->spaces[at->target].key, id);
    (void)snprintf(detail, 160,
                   "space %s is %s, not known free; \"force\": true with a reason overrides", id,
                   space_state_name((enum space_state)core->spaces[at->target].state));
    return true;
}

enum err command_recalibrate(struct core *core, struct command *command, const struct input *input)
{
    const struct inventory *inv = core->inv;
    const struct inv_device *device;
    bool bound = false;

    (void)input;
    if (command->inventory_version != inv->version) {
        (void)snprintf(command->detail, sizeof command->detail,
                       "the inventory has just changed, try again");
        return ERR_UNAVAILABLE;
    }
    if (command->device >= inv->device_count) {
        (void)snprintf(command->detail, sizeof command->detail, "there is no such device");
        return ERR_NOT_FOUND;
    }
    device = &inv->devices[command->device];
    for (uint32_t i = 0; i < device->sensor_count && !command->force; i++) {
        const struct inv_sensor *at =
            &inv->sensors[inventory_device_sensors(inv, command->device)[i]];

        if (command->channel != COMMAND_ALL_CHANNELS && command->channel != at->channel) {
            continue;
        }
        bound = true;
        if (forbids(core, at, command->detail)) {
            return ERR_CONFLICT;
        }
    }
    if (!bound && !command->force) {
        (void)snprintf(command->detail, sizeof command->detail,
                       "no space is bound there, so none is known free; \"force\": true with a "
                       "reason overrides");
        return ERR_CONFLICT;
    }
    return ERR_OK;
}
