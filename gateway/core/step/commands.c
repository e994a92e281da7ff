/* What staff ask for: checked, applied, kept. A table row per command; the answer is the command's
 * result, given by the runner once what was kept is on the disk. */
#include "gateway/core/step/bikes.h"
#include "gateway/core/step/cases.h"
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/device_commands.h"
#include "gateway/core/step/recalibrate.h"
#include "gateway/core/step/zombies.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err command_refuse(struct command *command, enum err why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(command->detail, sizeof command->detail, format, args);
    va_end(args);
    return why;
}

enum err command_no_memory(struct core *core, struct command *command)
{
    count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
    return command_refuse(command, ERR_NO_MEMORY, "out of memory");
}

static bool command_of_device(enum command_kind kind)
{
    return kind == COMMAND_DEVICE_SUSPECT || kind == COMMAND_DEVICE_TRUST ||
           kind == COMMAND_DEVICE_INSTALLED || kind == COMMAND_DEVICE_TEST ||
           kind == COMMAND_DEVICE_TEST_END || kind == COMMAND_DEVICE_RECALIBRATE;
}

static void keep_audit(struct core *core, const struct command *command, const struct input *input)
{
    struct image image = {
        .kind = IMAGE_AUDIT,
        .at = input->at,
        .audit = {
                  .command = (uint8_t)command->kind, .at_ms = core->now.at_ms, .key = command->key}
    };

    if (command_of_device(command->kind)) {
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
        return command_refuse(command, ERR_NOT_FOUND, "there is no such space");
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

    if (undo_note_space(core, slot)) {
        undo_note_override(core, slot);
        entry = override_list_make(&core->overrides, slot);
    }
    if (entry == NULL) {
        return command_no_memory(core, command);
    }
    core_shown(core, slot, &before);
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
    effects_merge(core);
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
        return command_refuse(command, ERR_UNPROCESSABLE, "reason: not one of the known reasons");
    }
    if (command->until_ms != 0 && command->until_ms <= core->now.at_ms) {
        return command_refuse(command, ERR_UNPROCESSABLE, "until: must be later than now");
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
            return command_refuse(command, ERR_CONFLICT,
                                  "the space is out of service with its closed lot");
        }
        return command_refuse(command, ERR_CONFLICT, "the space is %s, not out of service",
                              space_state_name((enum space_state)core->spaces[slot].state));
    }
    return put_override(core, command, input, slot);
}

/* --- lots --- */

static enum err find_lot(struct core *core, struct command *command, uint32_t *lot)
{
    *lot = inventory_lot(core->inv, command->key);
    if (*lot == NO_SLOT || core->inv->lots[*lot].removed) {
        return command_refuse(command, ERR_NOT_FOUND, "there is no such lot");
    }
    return undo_note_lot(core, *lot) ? ERR_OK : command_no_memory(core, command);
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
        return command_refuse(command, ERR_CONFLICT, "the lot is %s",
                              close ? "closed already" : "not closed");
    }
    if (!effects_reserve_lot(core, lot)) {
        return command_no_memory(core, command);
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
        return command_refuse(command, ERR_CONFLICT,
                              "the lot is counted by its spaces, not by gates");
    }
    if (command->count > core->inv->lots[lot].capacity) {
        return command_refuse(command, ERR_UNPROCESSABLE,
                              "count: %" PRIu32 " is not within 0-%" PRIu32, command->count,
                              core->inv->lots[lot].capacity);
    }
    core_yard(core, lot, &yard);
    core->undo.begun = lot_true_up(&yard, command->count);
    return keep_lot(core, input, lot);
}

/* Nothing of the core changes: the audit row is what is kept. */
static enum err key_command(struct core *core, struct command *command, const struct input *input)
{
    (void)core;
    (void)command;
    (void)input;
    return ERR_OK;
}

void commands_apply(struct core *core, struct command *command, const struct input *input)
{
    static const struct {
        enum err (*apply)(struct core *core, struct command *command, const struct input *input);
        bool audited;
    } rows[COMMAND_KIND_COUNT] = {
        [COMMAND_SPACE_OUT] = {space_out,                true },
        [COMMAND_SPACE_IN] = {space_in,                 true },
        [COMMAND_LOT_CLOSE] = {lot_close,                true },
        [COMMAND_LOT_OPEN] = {lot_close,                true },
        [COMMAND_LOT_COUNT] = {lot_count,                true },
        [COMMAND_DEVICE_SUSPECT] = {command_device_suspect,   true },
        [COMMAND_DEVICE_TRUST] = {command_device_suspect,   true },
        [COMMAND_DEVICES] = {command_device_page,      false},
        [COMMAND_DEVICE_INSTALLED] = {command_device_installed, true },
        [COMMAND_DEVICE_TEST] = {command_device_test,      true },
        [COMMAND_DEVICE_TEST_END] = {command_device_test,      true },
        [COMMAND_DEVICE] = {command_device_one,       false},
        [COMMAND_SPACE_WHY] = {command_space_why,        false},
        [COMMAND_ALERTS] = {bikes_command,            false},
        [COMMAND_ALERT_MOVE] = {bikes_command,            false}, /* the fleet keeps its own rows */
        [COMMAND_BIKES] = {bikes_command,            false},
        [COMMAND_MUTE] = {bikes_command,            false},
        [COMMAND_DEVICE_RECALIBRATE] = {command_recalibrate,      true },
        [COMMAND_KEY] = {key_command,              true },
        [COMMAND_WEBHOOK] = {key_command,              true },
        [COMMAND_CASES] = {cases_command,            false}, /* the casebook keeps its own rows */
        [COMMAND_CASE_OPEN] = {cases_command,            false},
        [COMMAND_ZOMBIES] = {zombies_command,          true },
        [COMMAND_CASE_MOVE] = {cases_command,            false},
    };

    core->effects.command = command;
    command->detail[0] = '\0';
    if (rows[command->kind].apply == NULL) { /* of those that never reach the core */
        command->result = ERR_INTERNAL;
        return;
    }
    command->result = rows[command->kind].apply(core, command, input);
    if (command->result == ERR_OK && rows[command->kind].audited) {
        keep_audit(core, command, input);
    }
}
