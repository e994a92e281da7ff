/* What staff ask for of devices: distrust, test mode, the page of their health. Applied by
 * commands.c's table; the places that a device watches are judged anew. */
#include "gateway/core/step/device_commands.h"
#include "gateway/core/space/explain.h"
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/suspect.h"
#include <string.h>

static enum err find_device(struct core *core, struct command *command)
{
    if (command->inventory_version != core->inv->version) {
        return command_refuse(command, ERR_UNAVAILABLE,
                              "the inventory has just changed, try again");
    }
    if (command->device >= core->inv->device_count) {
        return command_refuse(command, ERR_NOT_FOUND, "there is no such device");
    }
    return ERR_OK;
}

static const struct inv_sensor *device_sensor(const struct core *core, uint32_t device, uint32_t i)
{
    return &core->inv->sensors[inventory_device_sensors(core->inv, device)[i]];
}

/* Notes what the device watches, each place once. */
static bool note_device(struct core *core, uint32_t device)
{
    const uint32_t count = core->inv->devices[device].sensor_count;
    bool fits = effects_reserve(core, 4 * (size_t)count + 8);

    for (uint32_t i = 0; fits && i < count; i++) {
        const struct inv_sensor *at = device_sensor(core, device, i);

        fits = at->gate ? undo_note_lot(core, at->target) : undo_note_space(core, at->target);
    }
    return fits;
}

/* Judges every place the device watches anew, which were noted before. */
static void judge_device(struct core *core, uint32_t device, bool set)
{
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
}

static struct suspect_entry *entry_of(struct core *core, uint32_t device)
{
    const struct inv_device *is = &core->inv->devices[device];

    return suspect_list_find(&core->suspects, inventory_text(core->inv, is->id), is->id_len);
}

/* The device's entry as it becomes, its places judged by it, and its image for the journal. */
static enum err put_entry(struct core *core, struct command *command, const struct input *input,
                          const struct suspect_image *next)
{
    const struct inv_device *is = &core->inv->devices[command->device];
    struct suspect_entry *entry;
    struct image image;

    undo_note_suspect(core, command->device);
    entry = suspect_list_make(&core->suspects, inventory_text(core->inv, is->id), is->id_len);
    if (entry == NULL || !note_device(core, command->device)) {
        return command_no_memory(core, command);
    }
    entry->at = input->at;
    entry->image.set = next->set;
    entry->image.since_ms = next->since_ms;
    entry->image.test_until_ms = next->test_until_ms;
    memcpy(entry->image.actor, next->actor, sizeof entry->image.actor);
    judge_device(core, command->device, suspect_holds(core, next));
    image = (struct image){.kind = IMAGE_SUSPECT, .at = input->at, .suspect = entry->image};
    effects_keep(core, &image);
    return ERR_OK;
}

enum err command_device_suspect(struct core *core, struct command *command,
                                const struct input *input)
{
    const bool set = command->kind == COMMAND_DEVICE_SUSPECT;
    const enum err e = find_device(core, command);
    const struct suspect_entry *entry;
    struct suspect_image next;

    if (e != ERR_OK) {
        return e;
    }
    entry = entry_of(core, command->device);
    if ((entry != NULL && entry->image.set) == set) {
        return command_refuse(command, ERR_CONFLICT, "the device is %s",
                              set ? "suspect already" : "not suspect");
    }
    next = (struct suspect_image){.set = set, .since_ms = core->now.at_ms};
    /* a test that is over says no more when the device began to vote */
    if (entry != NULL && entry->image.test_until_ms > core->now.at_ms) {
        next.test_until_ms = entry->image.test_until_ms;
    }
    memcpy(next.actor, command->actor, sizeof next.actor);
    return put_entry(core, command, input, &next);
}

/* A device in test says what it says, and votes for nothing until the test ends, by itself at the
 * latest. One that staff distrust stays distrusted behind it. */
enum err command_device_test(struct core *core, struct command *command, const struct input *input)
{
    const bool begin = command->kind == COMMAND_DEVICE_TEST;
    const enum err e = find_device(core, command);
    const struct suspect_entry *entry;
    struct suspect_image next = {0};

    if (e != ERR_OK) {
        return e;
    }
    entry = entry_of(core, command->device);
    if (entry != NULL) {
        next = entry->image;
    }
    if (!begin && next.test_until_ms <= core->now.at_ms) {
        return command_refuse(command, ERR_CONFLICT, "the device is not in test");
    }
    if (begin && (command->until_ms <= core->now.at_ms ||
                  command->until_ms > core->now.at_ms + COMMAND_TEST_MAX_MS)) {
        return command_refuse(command, ERR_UNPROCESSABLE,
                              "until: must be later than now and at most 24 hours away");
    }
    if (!next.set) { /* who distrusts it stays known */
        next.since_ms = core->now.at_ms;
        memcpy(next.actor, command->actor, sizeof next.actor);
    }
    next.test_until_ms = begin ? command->until_ms : 0;
    return put_entry(core, command, input, &next);
}

/* What a person would say the sensor said last. */
static enum reading_value last_value(const struct sensor *sensor)
{
    return sensor->flags & SENSOR_LINK_LOST ? VALUE_LINK_LOST
           : sensor->flags & SENSOR_FAULT   ? VALUE_FAULT
           : sensor->flags & SENSOR_STARTED ? VALUE_START
                                            : sensor_value(sensor);
}

/* Nothing changes: the inventory has it already, the audit row is what is kept. */
enum err command_device_installed(struct core *core, struct command *command,
                                  const struct input *input)
{
    (void)input;
    return find_device(core, command);
}

static void fill_row(const struct core *core, uint32_t at, struct device_health *out)
{
    const struct sensor *sensor = &core->sensors[at];
    const struct inv_sensor *is = &core->inv->sensors[at];
    const struct suspect_entry *entry = suspect_of(core, at);
    const bool in_test = entry != NULL && entry->image.test_until_ms > core->now.at_ms;

    *out = (struct device_health){
        .device = is->device,
        .channel = is->channel,
        .value = (uint8_t)last_value(sensor),
        .ever_heard = sensor_heard_ms(sensor) != 0,
        .live = (sensor->progress & SENSOR_WAS_LIVE) != 0,
        .suspect = entry != NULL && entry->image.set,
        .in_test = in_test,
        .flapping = (sensor->flags & SENSOR_FLAPPING) != 0,
        .battery_low = (sensor->flags & SENSOR_BATTERY_LOW) != 0,
        .changes = is->gate ? 0 : explain_changes(sensor),
        .test_until_ms = in_test ? entry->image.test_until_ms : 0,
        .battery_mv = sensor->battery_mv,
        .rssi_dbm = (int16_t)sensor_rssi_dbm(sensor),
        .counter = sensor->flags & SENSOR_HAS_COUNTER ? sensor->counter : 0,
        .heard_ms = sensor_heard_ms(sensor),
        .sensor = at,
    };
}

enum err command_device_page(struct core *core, struct command *command, const struct input *input)
{
    const struct inventory *inv = core->inv;
    uint32_t at = command->device;

    (void)input;
    if (command->inventory_version != inv->version) {
        return command_refuse(command, ERR_UNAVAILABLE,
                              "the inventory has just changed, try again");
    }
    command->devices_count = 0;
    for (; at < inv->sensor_count && command->devices_count < command->limit; at++) {
        fill_row(core, at, &command->devices[command->devices_count++]);
    }
    command->next = at < inv->sensor_count ? at : NO_SENSOR;
    return ERR_OK;
}

enum err command_device_one(struct core *core, struct command *command, const struct input *input)
{
    const enum err e = find_device(core, command);
    const struct inv_device *is;

    (void)input;
    if (e != ERR_OK) {
        return e;
    }
    is = &core->inv->devices[command->device];
    command->devices_count = 0;
    for (uint32_t i = 0; i < is->sensor_count && command->devices_count < command->limit; i++) {
        fill_row(core, inventory_device_sensors(core->inv, command->device)[i],
                 &command->devices[command->devices_count++]);
    }
    command->next = NO_SENSOR;
    return ERR_OK;
}
