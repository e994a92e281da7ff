/* Plays the fault script in the simulated bike world; see world_state.h. Whatever is wrong with a
 * bike during a stop takes that stop out of the sharp truth. */
#include "sensors/sim/fleet/world_state.h"

static int64_t run_ms(const struct world *f, int64_t now_ms)
{
    return now_ms - f->params.start_ms;
}

int64_t world_fault_next_ms(const struct world *f, int64_t now_ms)
{
    const struct script *script = f->params.script;
    const int64_t run = run_ms(f, now_ms);
    int64_t next = INT64_MAX;

    for (uint32_t i = 0; script != NULL && i < script->count; i++) {
        const struct script_fault *s = &script->faults[i];

        next = s->from_ms > run && s->from_ms < next ? s->from_ms : next;
        next = s->until_ms > run && s->until_ms < next ? s->until_ms : next;
    }
    return next == INT64_MAX ? next : f->params.start_ms + next;
}

static bool holds(const struct script_fault *s, int64_t run)
{
    return s->from_ms <= run && run < s->until_ms;
}

/* Faults of a thing by its own name and that of what it belongs to. */
static uint16_t faults_of(const struct world *f, const char *name, const char *owner,
                          int64_t now_ms)
{
    const struct script *script = f->params.script;
    uint16_t faults = 0;

    for (uint32_t i = 0; script != NULL && i < script->count; i++) {
        const struct script_fault *s = &script->faults[i];

        if (holds(s, run_ms(f, now_ms)) && script_hits(s, name, owner)) {
            faults |= (uint16_t)(1u << s->kind);
        }
    }
    return faults;
}

static uint16_t drift_of(const struct world *f, const char *name, const char *owner, int64_t now_ms)
{
    for (uint32_t i = 0; i < f->params.script->count; i++) {
        const struct script_fault *s = &f->params.script->faults[i];

        if (s->kind == FAULT_DRIFT && holds(s, run_ms(f, now_ms)) && script_hits(s, name, owner)) {
            return (uint16_t)s->argument;
        }
    }
    return 0;
}

/* The stop of a bike is not to be judged any more, or is heard differently: it is told again. */
static void stop_spoil(struct world *f, uint32_t bike, uint16_t faults, int64_t now_ms)
{
    struct world_bike *b = &f->bikes[bike];

    if (!b->opened || !b->parked) {
        b->faults = faults;
        return;
    }
    world_load_change(f, bike, false, now_ms);
    b->faults = faults;
    b->spoiled = true;
    b->class = WORLD_ANY;
    b->episode_ms = INT64_MAX;
    world_load_change(f, bike, true, now_ms);
    world_say_stop(f, bike, false, now_ms);
}

void world_fault_bikes(struct world *f, int64_t now_ms)
{
    if (f->params.script == NULL || f->params.script->count == 0) {
        return;
    }
    for (uint32_t i = 0; i < f->plan->params.bikes; i++) {
        const char *owner = world_operator_code(world_operator(f->plan, i));
        char ref[WORLD_ID_CAP];
        uint16_t faults;

        world_bike_ref(f->plan, i, ref);
        faults = faults_of(f, ref, owner, now_ms);
        f->bikes[i].drift_m =
            (faults >> FAULT_DRIFT & 1) != 0 ? drift_of(f, ref, owner, now_ms) : 0;
        if (faults != f->bikes[i].faults) {
            stop_spoil(f, i, faults, now_ms);
        }
    }
}

static void listeners_turn(struct world *f, int64_t now_ms)
{
    for (uint32_t i = 0; f->params.listeners && i < f->plan->listener_count; i++) {
        char id[WORLD_ID_CAP];
        struct world_episode episode = {.kind = WORLD_EPISODE_FENCE_SILENT,
                                        .bike = WORLD_NONE,
                                        .fence = f->plan->listeners[i].fence};
        struct listener_state *l = &f->listeners[i];
        bool silent;

        world_listener_id(f->plan, i, id);
        silent = (faults_of(f, id, NULL, now_ms) >> FAULT_SILENCE & 1) != 0;
        if (silent != l->silent) {
            episode.from_ms = silent ? now_ms : l->silent_ms;
            episode.until_ms = silent ? 0 : now_ms;
            l->silent_ms = now_ms;
            l->silent = silent;
            world_say_episode(f, &episode, now_ms);
        }
    }
}

/* A feed is wrong when the whole operator is; a single bike is noise. */
static void feeds_turn(struct world *f, int64_t now_ms)
{
    for (uint32_t op = 0; op < f->plan->params.operators; op++) {
        struct world_episode episode = {
            .kind = WORLD_EPISODE_FEED_SUSPECT, .bike = WORLD_NONE, .fence = WORLD_NONE, .op = op};
        const uint16_t faults = faults_of(f, world_operator_code(op), NULL, now_ms);
        const bool wrong = (faults >> FAULT_WRONG_CRS & 1) != 0;

        if (wrong != f->feed_wrong[op]) {
            episode.from_ms = wrong ? now_ms : f->feed_ms[op];
            episode.until_ms = wrong ? 0 : now_ms;
            f->feed_ms[op] = now_ms;
            f->feed_wrong[op] = wrong;
            world_say_episode(f, &episode, now_ms);
        }
    }
}

void world_fault_turn(struct world *f, int64_t now_ms)
{
    world_fault_bikes(f, now_ms);
    listeners_turn(f, now_ms);
    feeds_turn(f, now_ms);
    world_say_held(f, now_ms);
}
