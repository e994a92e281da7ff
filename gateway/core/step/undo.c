/* Taking a command back: its effects could not be journalled, so nothing of it may show. A command
 * notes what it is about to change, brought up to the present before; what fell due meanwhile is
 * not its doing and stays. The notes are good until the next step. */
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/suspect.h"
#include <stdlib.h>
#include <string.h>

void undo_begin(struct core *core)
{
    core->undo.space_count = 0;
    core->undo.lot_count = 0;
    core->undo.override_slot = NO_SLOT;
    core->undo.device = NO_SLOT;
    core->undo.begun = 0;
    core->undo.settled = 0;
    core->undo.city = core->city;
}

void undo_finish(struct core *core)
{
    free(core->undo.spaces);
    free(core->undo.lots);
    core->undo = (struct undo){0};
}

/* All that was noted is as it is now, up to the present. */
static void note_settled(struct core *core)
{
    struct undo *undo = &core->undo;

    for (uint32_t i = 0; i < undo->lot_count; i++) {
        undo->lots[i].former = core->lots[undo->lots[i].index];
    }
    undo->city = core->city;
    undo->settled = core->effects.touched_count;
}

bool undo_note_lot(struct core *core, uint32_t lot)
{
    struct undo *undo = &core->undo;

    effects_lot(core, lot, false);
    note_settled(core);
    for (uint32_t i = 0; i < undo->lot_count; i++) {
        if (undo->lots[i].index == lot) {
            return true;
        }
    }
    if (undo->lot_count == undo->lot_room) {
        const uint32_t room = undo->lot_room * 2 + 4;
        struct undo_lot *larger = realloc(undo->lots, room * sizeof *larger);

        if (larger == NULL) {
            return false;
        }
        undo->lots = larger;
        undo->lot_room = room;
    }
    undo->lots[undo->lot_count++] = (struct undo_lot){.index = lot, .former = core->lots[lot]};
    return true;
}

bool undo_note_space(struct core *core, uint32_t slot)
{
    struct undo *undo = &core->undo;

    for (uint32_t i = 0; i < undo->space_count; i++) {
        if (undo->spaces[i].slot == slot) {
            return true;
        }
    }
    core_settle(core, slot);
    note_settled(core);
    if (undo->space_count == undo->space_room) {
        const uint32_t room = undo->space_room * 2 + 4;
        struct undo_space *larger = realloc(undo->spaces, room * sizeof *larger);

        if (larger == NULL) {
            return false;
        }
        undo->spaces = larger;
        undo->space_room = room;
    }
    undo->spaces[undo->space_count++] =
        (struct undo_space){.slot = slot, .former = core->spaces[slot]};
    return undo_note_lot(core, core->inv->spaces[slot].lot);
}

void undo_note_override(struct core *core, uint32_t slot)
{
    const struct override_entry *entry = override_list_find(&core->overrides, slot);

    core->undo.override_slot = slot;
    core->undo.override = entry != NULL ? *entry : (struct override_entry){0};
}

void undo_note_suspect(struct core *core, uint32_t device)
{
    const struct inv_device *is = &core->inv->devices[device];
    const struct suspect_entry *entry =
        suspect_list_find(&core->suspects, inventory_text(core->inv, is->id), is->id_len);

    core->undo.device = device;
    core->undo.suspect = entry != NULL ? *entry : (struct suspect_entry){0};
}

static void take_back_kept(struct core *core)
{
    const struct undo *undo = &core->undo;

    if (undo->override_slot != NO_SLOT) {
        struct override_entry *entry = override_list_find(&core->overrides, undo->override_slot);

        if (entry != NULL) {
            *entry = undo->override;
        }
    }
    if (undo->device != NO_SLOT) {
        const struct inv_device *is = &core->inv->devices[undo->device];
        struct suspect_entry *entry =
            suspect_list_find(&core->suspects, inventory_text(core->inv, is->id), is->id_len);

        if (entry != NULL) {
            entry->at = undo->suspect.at;
            entry->image.set = undo->suspect.image.set;
            entry->image.since_ms = undo->suspect.image.since_ms;
            entry->image.test_until_ms = undo->suspect.image.test_until_ms;
            memcpy(entry->image.actor, undo->suspect.image.actor, sizeof entry->image.actor);
        }
        suspect_mark(core, undo->device, suspect_holds(core, &undo->suspect.image));
    }
}

void core_undo(struct core *core)
{
    struct undo *undo = &core->undo;

    fleet_undo(core->fleet);
    casebook_undo(core->casebook);
    zombie_watch_undo(core->watch);
    effects_begin(core, core->now);
    take_back_kept(core);
    for (uint32_t i = undo->space_count; i-- > 0;) {
        struct place place;

        core->spaces[undo->spaces[i].slot] = undo->spaces[i].former;
        core_place(core, undo->spaces[i].slot, &place);
        space_judge(&place, core->now.at_ms); /* gives the same; notes again who is live */
    }
    for (uint32_t i = 0; i < undo->lot_count; i++) {
        struct lot *lot = &core->lots[undo->lots[i].index];
        struct yard yard;

        *lot = undo->lots[i].former;
        lot->touched = 0;
        core_yard(core, undo->lots[i].index, &yard);
        lot_unbegin(&yard, undo->begun);
        (void)lot_judge(&yard, core->now.at_ms);
    }
    if (undo->space_count + undo->lot_count > 0) {
        core->city = undo->city; /* of a command; what timers did to counts stands */
    }
    core->effects.touched_count = undo->settled;
    undo_begin(core);
}
