/* What staff ask for: checked, applied, kept. A table row per command; the answer is the command's
 * result, given by the runner once what was kept is on the disk. */
#include "gateway/core/step/bikes.h"
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/recalibrate.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum err refuse(struct command *command, enum err why, const char *format, ...)
    PRINTF_LIKE(3, 4);

static enum err refuse(struct command *command, enum err why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(command->detail, sizeof command->detail, format, args);
    va_end(args);
    return why;
}

static enum err out_of_memory(struct core *core, struct command *command)
{
    count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
    return refuse(command, ERR_NO_MEMORY, "out of memory");
}

static void keep_audit(struct core *core, const struct command *command, const struct input *input)
{
    struct image image = {
        .kind = IMAGE_AUDIT,
        .at = input->at,
        .audit = {
                  .command = (uint8_t)command->kind, .at_ms = core->now.at_ms, .key = command->key}
    };

    if (command->kind == COMMAND_DEVICE_SUSPECT || command->kind == COMMAND_DEVICE_TRUST ||
        command->kind == COMMAND_DEVICE_RECALIBRATE) {
        const struct inv_device *device = &core->inv->devices[command->device];

        image.audit.key = 0;
        image.audit.device_len = device->id_len;
        memcpy(image.audit.device, inventory_text(core->inv, device->id), device->id_len);
    }
    memcpy(image.audit.actor, command->actor, sizeof image.audit.actor);
    memcpy(image.audit.note, command->note, sizeof image.audit.note);
    effects_keep(core, &image);
}

/* --- spaces --- */

static enum err find_space(struct core *core, struct command *command, uint32_t *slot)
{
    *slot = inventory_space(core->inv, command->key);
    if (*slot == NO_SLOT || core->inv->spaces[*slot].removed) {
        return refuse(command, ERR_NOT_FOUND, "there is no such space");
    }
    return ERR_OK;
}

static enum err put_override(struct core *core, struct command *command, const struct input *input,
                             uint32_t slot)
{
    const bool set = command->kind == COMMAND_SPACE_OUT;
    struct override_entry *entry = NULL;
    struct shown before;
    struct image image;

    core_shown(core, slot, &before);
    undo_note_override(core, slot);
    if (undo_note_space(core, slot)) {
        entry = override_list_make(&core->overrides, slot);
    }
    if (entry == NULL) {
        return out_of_memory(core, command);
    }
    /* a new reason or end does not begin the time out of service anew */
    if (!set || !entry->image.set) {
        entry->image.since_ms = core->now.at_ms;
    }
    entry->at = input->at;
    entry->image.key = command->key;
    entry->image.set = set;
    if (set) {
        entry->image.reason = command->reason;
        entry->image.until_ms = command->until_ms;
    }
    memcpy(entry->image.actor, command->actor, sizeof entry->image.actor);
    memcpy(entry->image.note, command->note, sizeof entry->image.note);
    core->spaces[slot].marks |= SPACE_OVERRIDDEN;
    effects_space(core, slot, &before, true);
    image = (struct image){.kind = IMAGE_OVERRIDE, .at = input->at, .override = entry->image};
    effects_keep(core, &image);
    return ERR_OK;
}

static enum err space_out(struct core *core, struct command *command, const struct input *input)
{
    uint32_t slot;
    const enum err e = find_space(core, command, &slot);

    if (e != ERR_OK) {
        return e;
    }
    if ((unsigned)command->reason >= OUT_REASON_COUNT) {
        return refuse(command, ERR_UNPROCESSABLE, "reason: not one of the known reasons");
    }
    if (command->until_ms != 0 && command->until_ms <= core->now.at_ms) {
        return refuse(command, ERR_UNPROCESSABLE, "until: must be later than now");
    }
    return put_override(core, command, input, slot);
}

static enum err space_in(struct core *core, struct command *command, const struct input *input)
{
    uint32_t slot;
    const enum err e = find_space(core, command, &slot);

    if (e != ERR_OK) {
        return e;
    }
    if (override_of(core, slot) == NULL || override_due(core, slot) <= core->now.at_ms) {
        if (core->lots[core->inv->spaces[slot].lot].closed) {
            return refuse(command, ERR_CONFLICT, "the space is out of service with its closed lot");
        }
        return refuse(command, ERR_CONFLICT, "the space is %s, not out of service",
                      space_state_name((enum space_state)core->spaces[slot].state));
    }
    return put_override(core, command, input, slot);
}

/* --- lots --- */

static enum err find_lot(struct core *core, struct command *command, uint32_t *lot)
{
    *lot = inventory_lot(core->inv, command->key);
    if (*lot == NO_SLOT || core->inv->lots[*lot].removed) {
        return refuse(command, ERR_NOT_FOUND, "there is no such lot");
    }
    return undo_note_lot(core, *lot) ? ERR_OK : out_of_memory(core, command);
}

static enum err keep_lot(struct core *core, const struct input *input, uint32_t lot)
{
    struct image image;

    core->lots[lot].at = position_pack(core, input->at);
    effects_lot(core, lot, true);
    core_lot_image(core, lot, &image);
    image.at = input->at;
    effects_keep(core, &image);
    return ERR_OK;
}

static enum err lot_close(struct core *core, struct command *command, const struct input *input)
{
    const bool close = command->kind == COMMAND_LOT_CLOSE;
    struct lot former;
    uint32_t lot;
    const enum err e = find_lot(core, command, &lot);

    if (e != ERR_OK) {
        return e;
    }
    if (core->lots[lot].closed == close) {
        return refuse(command, ERR_CONFLICT, "the lot is %s",
                      close ? "closed already" : "not closed");
    }
    if (!effects_reserve_lot(core, lot)) {
        return out_of_memory(core, command);
    }
    former = core->lots[lot];
    core->lots[lot].closed = close;
    core->lots[lot].turned_ms = core->now.at_ms;
    effects_lot_turned(core, lot, &former);
    return keep_lot(core, input, lot);
}

static enum err lot_count(struct core *core, struct command *command, const struct input *input)
{
    struct yard yard;
    uint32_t lot;
    const enum err e = find_lot(core, command, &lot);

    if (e != ERR_OK) {
        return e;
    }
    if (core->inv->lots[lot].counting != COUNT_GATES) {
        return refuse(command, ERR_CONFLICT, "the lot is counted by its spaces, not by gates");
    }
    if (command->count > core->inv->lots[lot].capacity) {
        return refuse(command, ERR_UNPROCESSABLE, "count: %" PRIu32 " is not within 0-%" PRIu32,
                      command->count, core->inv->lots[lot].capacity);
    }
    core_yard(core, lot, &yard);
    core->undo.begun = lot_true_up(&yard, command->count);
    return keep_lot(core, input, lot);
}

/* --- devices --- */

static enum err find_device(struct core *core, struct command *command)
{
    if (command->inventory_version != core->inv->version) {
        return refuse(command, ERR_UNAVAILABLE, "the inventory has just changed, try again");
    }
    if (command->device >= core->inv->device_count) {
        return refuse(command, ERR_NOT_FOUND, "there is no such device");
    }
    return ERR_OK;
}

static bool noted(const struct core *core, uint32_t slot)
{
    for (uint32_t i = 0; i < core->undo.space_count; i++) {
        if (core->undo.spaces[i].slot == slot) {
            return true;
        }
    }
    return false;
}

static const struct inv_sensor *device_sensor(const struct core *core, uint32_t device, uint32_t i)
{
    return &core->inv->sensors[inventory_device_sensors(core->inv, device)[i]];
}

/* Brings what the device watches up to the present and notes it, each place once. */
static bool note_device(struct core *core, uint32_t device)
{
    const uint32_t count = core->inv->devices[device].sensor_count;
    bool fits = effects_reserve(core, 4 * (size_t)count + 8);

    for (uint32_t i = 0; fits && i < count; i++) {
        const struct inv_sensor *at = device_sensor(core, device, i);

        if (at->gate) {
            effects_lot(core, at->target, false);
            fits = undo_note_lot(core, at->target);
        } else if (!noted(core, at->target)) {
            struct place place;
            struct shown before;

            core_shown(core, at->target, &before);
            core_place(core, at->target, &place);
            space_settle(&place, core->now.at_ms);
            effects_space(core, at->target, &before, false);
            fits = undo_note_space(core, at->target);
        }
    }
    /* what fell due meanwhile is not the command's doing: an undo keeps it */
    for (uint32_t i = 0; i < core->undo.lot_count; i++) {
        core->undo.lots[i].former = core->lots[core->undo.lots[i].index];
    }
    core->undo.city = core->city;
    return fits;
}

/* Judges every place the device watches anew. */
static bool judge_device(struct core *core, uint32_t device, bool set)
{
    if (!note_device(core, device)) {
        return false;
    }
    suspect_mark(core, device, set);
    for (uint32_t i = 0; i < core->undo.space_count; i++) {
        struct shown before;

        core_shown(core, core->undo.spaces[i].slot, &before);
        core_rejudge(core, core->undo.spaces[i].slot, &before, false);
    }
    for (uint32_t i = 0; i < core->undo.lot_count; i++) {
        effects_lot(core, core->undo.lots[i].index, false);
    }
    effects_merge(core);
    return true;
}

static enum err device_suspect(struct core *core, struct command *command,
                               const struct input *input)
{
    const bool set = command->kind == COMMAND_DEVICE_SUSPECT;
    const enum err e = find_device(core, command);
    const struct inv_device *is;
    struct suspect_entry *entry;
    struct image image;

    if (e != ERR_OK) {
        return e;
    }
    is = &core->inv->devices[command->device];
    entry = suspect_list_find(&core->suspects, inventory_text(core->inv, is->id), is->id_len);
    if ((entry != NULL && entry->image.set) == set) {
        return refuse(command, ERR_CONFLICT, "the device is %s",
                      set ? "suspect already" : "not suspect");
    }
    undo_note_suspect(core, command->device);
    entry = suspect_list_make(&core->suspects, inventory_text(core->inv, is->id), is->id_len);
    if (entry == NULL || !judge_device(core, command->device, set)) {
        return out_of_memory(core, command);
    }
    entry->at = input->at;
    entry->image.set = set;
    entry->image.since_ms = core->now.at_ms;
    memcpy(entry->image.actor, command->actor, sizeof entry->image.actor);
    image = (struct image){.kind = IMAGE_SUSPECT, .at = input->at, .suspect = entry->image};
    effects_keep(core, &image);
    return ERR_OK;
}

/* What a person would say the sensor said last. */
static enum reading_value last_value(const struct sensor *sensor)
{
    return sensor->flags & SENSOR_LINK_LOST ? VALUE_LINK_LOST
           : sensor->flags & SENSOR_FAULT   ? VALUE_FAULT
           : sensor->flags & SENSOR_STARTED ? VALUE_START
                                            : sensor_value(sensor);
}

static enum err devices_page(struct core *core, struct command *command, const struct input *input)
{
    const struct inventory *inv = core->inv;
    uint32_t at = command->device;

    (void)input;
    if (command->inventory_version != inv->version) {
        return refuse(command, ERR_UNAVAILABLE, "the inventory has just changed, try again");
    }
    command->devices_count = 0;
    for (; at < inv->sensor_count && command->devices_count < command->limit; at++) {
        const struct sensor *sensor = &core->sensors[at];
        const struct inv_sensor *is = &inv->sensors[at];

        command->devices[command->devices_count++] = (struct device_health){
            .device = is->device,
            .channel = is->channel,
            .value = (uint8_t)last_value(sensor),
            .ever_heard = sensor_heard_ms(sensor) != 0,
            .live = (sensor->progress & SENSOR_WAS_LIVE) != 0,
            .suspect = (sensor->progress & SENSOR_SUSPECT) != 0,
            .flapping = (sensor->flags & SENSOR_FLAPPING) != 0,
            .battery_low = (sensor->flags & SENSOR_BATTERY_LOW) != 0,
            .battery_mv = sensor->battery_mv,
            .rssi_dbm = (int16_t)sensor_rssi_dbm(sensor),
            .counter = sensor->flags & SENSOR_HAS_COUNTER ? sensor->counter : 0,
            .heard_ms = sensor_heard_ms(sensor),
            .sensor = at,
        };
    }
    command->next = at < inv->sensor_count ? at : NO_SENSOR;
    return ERR_OK;
}

void commands_apply(struct core *core, struct command *command, const struct input *input)
{
    static const struct {
        enum err (*apply)(struct core *core, struct command *command, const struct input *input);
        bool audited;
    } rows[COMMAND_KIND_COUNT] = {
        [COMMAND_SPACE_OUT] = {space_out,           true },
        [COMMAND_SPACE_IN] = {space_in,            true },
        [COMMAND_LOT_CLOSE] = {lot_close,           true },
        [COMMAND_LOT_OPEN] = {lot_close,           true },
        [COMMAND_LOT_COUNT] = {lot_count,           true },
        [COMMAND_DEVICE_SUSPECT] = {device_suspect,      true },
        [COMMAND_DEVICE_TRUST] = {device_suspect,      true },
        [COMMAND_DEVICES] = {devices_page,        false},
        [COMMAND_ALERTS] = {bikes_command,       false},
        [COMMAND_ALERT_MOVE] = {bikes_command,       false}, /* the fleet keeps its own rows */
        [COMMAND_BIKES] = {bikes_command,       false},
        [COMMAND_MUTE] = {bikes_command,       false},
        [COMMAND_DEVICE_RECALIBRATE] = {command_recalibrate, true },
    };

    undo_begin(core);
    core->effects.command = command;
    command->detail[0] = '\0';
    command->result = rows[command->kind].apply(core, command, input);
    if (command->result == ERR_OK && rows[command->kind].audited) {
        keep_audit(core, command, input);
    }
}
