/* What a step changed: the roots to write out, the counts that follow from a space, the timers. The
 * order of effects is the order of the changes, so equal inputs give equal effects. */
#include "gateway/core/step/core_state.h"
#include "gateway/core/step/suspect.h"
#include <stdlib.h>

/* A big step (session loss, import) may need an entry for every root; that much is not kept. */
#define KEEP_ROOM 16384

void effects_begin(struct core *core, struct now now)
{
    for (size_t i = 0; i < core->effects.touched_count; i++) {
        if (core->touched[i].kind == CHANGE_LOT) {
            core->lots[core->touched[i].index].touched = 0;
        }
    }
    if (core->touched_room > KEEP_ROOM) {
        struct touched *smaller = realloc(core->touched, KEEP_ROOM * sizeof *smaller);

        if (smaller != NULL) {
            core->touched = smaller;
            core->touched_room = KEEP_ROOM;
        }
    }
    core->effects = (struct effects){.touched = core->touched, .kept = core->kept};
    core->now.shift_ms = now.shift_ms;
    if (now.at_ms > core->now.at_ms) {
        core->now.at_ms = now.at_ms;
    }
    wheel_start(&core->space_wheel, core->now.at_ms);
    wheel_start(&core->lot_wheel, core->now.at_ms);
    fleet_begin(core->fleet, core->now);
    casebook_begin(core->casebook, core->now);
    zombie_watch_begin(core->watch, core->now);
}

bool effects_reserve(struct core *core, size_t roots)
{
    struct touched *larger;

    if (roots <= core->touched_room) {
        return true;
    }
    larger = realloc(core->touched, roots * sizeof *larger);
    if (larger == NULL) {
        return false;
    }
    core->touched = larger;
    core->touched_room = roots;
    core->effects.touched = larger;
    return true;
}

static struct touched *touch(struct core *core, enum change_kind kind, uint32_t index)
{
    struct touched *touched = &core->touched[core->effects.touched_count++];

    *touched = (struct touched){.kind = kind, .index = index};
    return touched;
}

static void city_move(struct core *core, const struct lot *lot, bool in)
{
    struct city_view *city = &core->city;
    const uint64_t sign = in ? 1 : UINT64_MAX;

    city->capacity += sign * lot->capacity;
    city->free += sign * lot->shown.free;
    city->occupied += sign * lot->shown.occupied;
    city->unknown += sign * lot->shown.unknown;
    city->out_of_service += sign * lot->shown.out_of_service;
}

void effects_lot(struct core *core, uint32_t index, bool wrote)
{
    struct lot *lot = &core->lots[index];
    const struct lot former = *lot;
    struct yard yard;
    int64_t due_ms;
    bool changed;

    core_yard(core, index, &yard);
    changed = suspect_settle_lot(core, index);
    changed |= lot_settle(&yard, core->now.at_ms);
    changed |= lot_judge(&yard, core->now.at_ms);
    due_ms = suspect_due(core, yard.is->sensors, yard.is->sensor_count);
    wheel_arm(&core->lot_wheel, index, lot_due(&yard) < due_ms ? lot_due(&yard) : due_ms);
    if (changed) {
        city_move(core, &former, false);
        city_move(core, lot, true);
        core->city.version++;
    }
    if (!changed && !wrote) {
        return;
    }
    if (lot->touched == 0) {
        (void)touch(core, CHANGE_LOT, index);
        lot->touched = (uint32_t)core->effects.touched_count;
    }
    core->touched[lot->touched - 1].shown |= changed;
}

void effects_shown(struct core *core, uint32_t slot, const struct shown *before, bool wrote)
{
    struct place place;
    struct shown after;
    int64_t due_ms;
    bool changed;
    bool aged_otherwise;

    core_place(core, slot, &place);
    core_shown(core, slot, &after);
    due_ms = suspect_due(core, core->inv->spaces[slot].sensors, place.count);
    due_ms = space_due(&place) < due_ms ? space_due(&place) : due_ms;
    if (place.space->marks & SPACE_OVERRIDDEN) {
        const int64_t end_ms = override_due(core, slot);

        due_ms = end_ms < due_ms ? end_ms : due_ms;
    }
    wheel_arm(&core->space_wheel, core_timer_of(slot), due_ms);
    changed = after.state != before->state || after.reason != before->reason ||
              after.known != before->known || after.since_ms != before->since_ms ||
              after.known_since_ms != before->known_since_ms;
    /* another sensor decides, or fewer vote: no change to tell, but what readers judge by */
    aged_otherwise = after.source != before->source || after.flag_pct != before->flag_pct;
    if (changed || aged_otherwise || wrote) {
        touch(core, CHANGE_SPACE, slot)->shown = changed;
    }
}

void effects_space(struct core *core, uint32_t slot, const struct shown *before, bool wrote)
{
    const struct inv_space *is = &core->inv->spaces[slot];
    struct shown after;

    effects_shown(core, slot, before, wrote);
    core_shown(core, slot, &after);
    if (after.state != before->state && !is->removed) {
        lot_move_space(&core->lots[is->lot], before->state, after.state);
        effects_lot(core, is->lot, false);
    }
}

bool effects_reserve_lot(struct core *core, uint32_t lot)
{
    size_t spaces = 8;

    for (unsigned state = 0; state < SPACE_STATE_COUNT; state++) {
        spaces += core->lots[lot].spaces[state];
    }
    return effects_reserve(core, spaces);
}

/* Slots of a lot lie where its imports put them: all are looked through, which staff can wait for.
 */
void effects_lot_turned(struct core *core, uint32_t lot, const struct lot *former)
{
    for (uint32_t slot = 0; slot < core->space_count; slot++) {
        const struct inv_space *is = &core->inv->spaces[slot];
        struct shown before;
        struct shown after;

        if (is->lot == lot && !is->removed) {
            core_shown_in(core, slot, former, &before);
            effects_shown(core, slot, &before, false);
            core_shown(core, slot, &after);
            lot_move_space(&core->lots[lot], before.state, after.state);
        }
    }
}

void effects_merge(struct core *core)
{
    size_t count = 0;

    for (size_t i = 0; i < core->effects.touched_count; i++) {
        const struct touched one = core->touched[i];
        size_t k = 0;

        while (k < count &&
               (core->touched[k].kind != one.kind || core->touched[k].index != one.index)) {
            k++;
        }
        if (k == count) {
            core->touched[count++] = one;
        } else {
            core->touched[k].shown |= one.shown;
        }
    }
    core->effects.touched_count = count;
}

void effects_keep(struct core *core, const struct image *image)
{
    if (core->effects.kept_count < CORE_KEPT_MAX) {
        core->kept[core->effects.kept_count++] = *image;
    }
}
