/* The zombie watch within the step: what it sees of spaces, and its effects beside the others'. */
#include "gateway/core/step/zombies.h"
#include "gateway/core/zombie/zombie_list.h"

static void see_space(void *ctx, uint32_t slot, struct zombie_space *out)
{
    const struct core *core = ctx;
    const struct space *space = &core->spaces[slot];

    *out = (struct zombie_space){
        .known = {space_known(space), space_known_since_ms(space),
                  space_gap_s(space) + space_unknown_s(space, core->now.at_ms)},
        .state = (enum space_state)space->state,
        .removed = core->inv->spaces[slot].removed != 0,
    };
}

static bool in_service(void *ctx, uint32_t slot)
{
    const struct core *core = ctx;

    return override_of(core, slot) == NULL && !core->lots[core->inv->spaces[slot].lot].closed;
}

static struct zombie_city city_of(struct core *core)
{
    return (struct zombie_city){.inv = core->inv,
                                .book = core->casebook,
                                .fleet = core->fleet,
                                .space_count = core->space_count,
                                .space = see_space,
                                .in_service = in_service,
                                .ctx = core};
}

void zombies_known(void *ctx, uint32_t slot, const struct space *former, enum space_state state,
                   int64_t since_ms)
{
    struct core *core = ctx;
    const struct zombie_city city = city_of(core);
    const struct stay_known known = {space_known(former), space_known_since_ms(former),
                                     space_gap_s(former) + space_unknown_s(former, since_ms)};

    zombie_watch_space(core->watch, &city, slot, &known, state, since_ms);
}

void zombies_moved(struct core *core)
{
    const struct zombie_city city = city_of(core);
    uint32_t slot;

    if (fleet_bike_moved(core->fleet, &slot)) {
        zombie_watch_bike(core->watch, &city, slot);
    }
}

void zombies_advance(struct core *core)
{
    const struct zombie_city city = city_of(core);

    zombie_watch_advance(core->watch, &city);
}

void zombies_effects(struct core *core)
{
    size_t count;
    const uint32_t *touched = zombie_watch_touched(core->watch, &count);
    const struct image *kept = zombie_watch_kept(core->watch, &count);

    if (!effects_reserve(core, core->effects.touched_count + count)) {
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        core->touched[core->effects.touched_count++] =
            (struct touched){.kind = CHANGE_STAY, .index = touched[i]};
        (void)fleet_keep_also(core->fleet, &kept[i]);
    }
}

static struct stay_known stay_of(void *ctx, uint32_t slot)
{
    const struct core *core = ctx;
    struct zombie_space space;

    see_space(ctx, slot, &space);
    return zombie_watch_stay(core->watch, slot, &space.known);
}

static const struct bike_image *bike_of(void *ctx, const char *ref)
{
    const struct core *core = ctx;

    return fleet_bike_named(core->fleet, ref);
}

enum err zombies_command(struct core *core, struct command *command, const struct input *input)
{
    const struct zombie_list list = {.inv = core->inv,
                                     .book = core->casebook,
                                     .now_ms = core->now.at_ms,
                                     .stay = stay_of,
                                     .bike = bike_of,
                                     .ctx = core};

    (void)input;
    if (!casebook_is_on(core->casebook)) {
        return command_refuse(command, ERR_UNAVAILABLE, "the cases are not read yet");
    }
    return zombie_list_page(&list, command->zombies) ? ERR_OK : command_no_memory(core, command);
}

bool core_stay_image(const struct core *core, uint32_t index, struct image *out)
{
    return zombie_watch_image(core->watch, index, out);
}

uint32_t core_stay_slots(const struct core *core)
{
    return zombie_watch_slots(core->watch);
}
