/* The answer to "why does this bay say that?": the space's own reasoning, with what staff put on
 * top of it. A query: it changes nothing and is not audited. */
#include "gateway/core/space/explain.h"
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/device_commands.h"
#include "gateway/core/step/suspect.h"
#include <string.h>

/* Who is in test, and who is only distrusted. */
static void explain_tests(const struct core *core, uint32_t first, struct space_explain *out)
{
    for (unsigned i = 0; i < out->sensor_count; i++) {
        const struct suspect_entry *entry = suspect_of(core, first + i);

        if (entry == NULL) {
            continue;
        }
        out->sensors[i].suspect = entry->image.set;
        out->sensors[i].in_test = entry->image.test_until_ms > core->now.at_ms;
        out->sensors[i].test_until_ms = out->sensors[i].in_test ? entry->image.test_until_ms : 0;
    }
}

static void explain_top(const struct core *core, uint32_t slot, struct space_explain *out)
{
    const struct override_entry *entry = override_of(core, slot);
    struct space_live live;
    struct space_view view;
    struct shown shown;

    core_shown(core, slot, &shown);
    out->state = (uint8_t)shown.state;
    out->reason = (uint8_t)shown.reason;
    out->since_ms = shown.since_ms;
    out->lot_closed = core->lots[core->inv->spaces[slot].lot].closed;
    if (entry != NULL) {
        out->out = true;
        out->out_reason = (uint8_t)entry->image.reason;
        out->out_since_ms = entry->image.since_ms;
        out->out_until_ms = entry->image.until_ms;
        memcpy(out->out_actor, entry->image.actor, sizeof out->out_actor);
        memcpy(out->out_note, entry->image.note, sizeof out->out_note);
    }
    if (out->decided_by < out->sensor_count) {
        const uint32_t device = out->sensors[out->decided_by].device;

        core_space_live(core, slot, &live);
        space_live_judge(&live, &core->inv->timings[core->inv->devices[device].timing],
                         core->now.at_ms, &view);
        out->confidence = view.confidence;
        out->reason = (uint8_t)view.reason; /* aging is a matter of the moment */
    } else if (shown.state == SPACE_OUT_OF_SERVICE) {
        out->confidence = 100;
    }
}

enum err command_space_why(struct core *core, struct command *command, const struct input *input)
{
    const uint32_t slot = inventory_space(core->inv, command->key);
    struct place place;

    (void)input;
    if (command->inventory_version != core->inv->version) {
        return command_refuse(command, ERR_UNAVAILABLE,
                              "the inventory has just changed, try again");
    }
    if (slot == NO_SLOT || core->inv->spaces[slot].removed) {
        return command_refuse(command, ERR_NOT_FOUND, "there is no such space");
    }
    memset(command->explain, 0, sizeof *command->explain);
    command->explain->key = command->key;
    core_place(core, slot, &place);
    space_explain(&place, core->now.at_ms, command->explain);
    explain_tests(core, core->inv->spaces[slot].sensors, command->explain);
    explain_top(core, slot, command->explain);
    return ERR_OK;
}
