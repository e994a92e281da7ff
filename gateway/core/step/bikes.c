/* The non-motor half within the step: its inputs, and its effects beside those of spaces and lots.
 */
#include "gateway/core/step/bikes.h"

void bikes_effects(struct core *core)
{
    size_t touched_count;
    size_t kept_count;
    const struct touched *touched = fleet_touched(core->fleet, &touched_count);

    if (!effects_reserve(core, core->effects.touched_count + touched_count)) {
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        touched_count = 0;
    }
    for (size_t i = 0; i < touched_count; i++) {
        core->touched[core->effects.touched_count++] = touched[i];
    }
    /* spaces and lots keep few: theirs go behind those of the fleet */
    for (size_t i = 0; i < core->effects.kept_count; i++) {
        (void)fleet_keep_also(core->fleet, &core->effects.kept[i]);
    }
    const struct image *kept = fleet_kept(core->fleet, &kept_count);
    core->effects.kept = kept_count > 0 ? kept : core->effects.kept;
    core->effects.kept_count = kept_count;
}

enum err bikes_command(struct core *core, struct command *command, const struct input *input)
{
    fleet_command(core->fleet, command, input->at);
    return command->result;
}

void core_fleet_rules(struct core *core, const struct fleet_rules *rules)
{
    fleet_set_rules(core->fleet, rules);
}

void core_events_after(struct core *core, struct event_place place)
{
    fleet_events_after(core->fleet, place);
}

struct event_place core_newest_event(const struct core *core)
{
    return fleet_newest_event(core->fleet);
}

void core_alerts_on(struct core *core)
{
    fleet_alerts_on(core->fleet);
}

void core_confirmed(struct core *core, struct position confirmed)
{
    fleet_confirmed(core->fleet, confirmed);
    zombie_watch_confirmed(core->watch, confirmed);
}

void core_fence_view(const struct core *core, uint32_t fence, struct fence_view *out)
{
    fleet_fence_view(core->fleet, fence, out);
}

void core_fence_image(const struct core *core, uint32_t fence, struct image *out)
{
    fleet_fence_image(core->fleet, fence, out);
}

bool core_bike_image(const struct core *core, uint32_t slot, struct image *out)
{
    return fleet_bike_image(core->fleet, slot, out);
}

uint32_t core_bike_slots(const struct core *core)
{
    return fleet_bike_slots(core->fleet);
}

bool core_alert_image(const struct core *core, uint32_t slot, struct image *out)
{
    return fleet_alert_image(core->fleet, slot, out);
}

bool core_mute_image(const struct core *core, uint32_t index, struct image *out)
{
    return fleet_mute_image(core->fleet, index, out);
}

uint32_t core_alert_slots(const struct core *core)
{
    return fleet_alert_slots(core->fleet);
}

uint32_t core_mutes(const struct core *core)
{
    return fleet_mutes(core->fleet);
}
