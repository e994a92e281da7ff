/* Steps the simulated bike world: rides, stops, reports and scans in the order of their times; see
 * fleet.h. Numbers in the heap of due things: bikes, then listeners, then fences, then the script.
 */
#include "sensors/sim/fleet/world.h"
#include "sensors/sim/fleet/world_state.h"
#include "sensors/sim/world/rng.h"
#include <math.h>
#include <stdlib.h>

#define STAY_MIN_MS   180000
#define RIDE_MIN_MS   240000 /* a ride of 4 to 25 minutes */
#define RIDE_SPAN_MS  1260000u
#define STOOD_MIN_MS  240000 /* at an opening: longer than dwell and an interval */
#define STOOD_SPAN_MS 1500000u
#define SCAN_MS       10000
#define REPORT_MIN_S  1

struct world_params world_params_default(void)
{
    return (struct world_params){
        .interval_s = 60,
        .noise_mm = 8000,
        .buffer_mm = 15000,
        .dwell_ms = 120000,
        .pile_percent = 120,
        .pile_dwell_ms = 600000,
        .mix = {600, 280, 65, 40, 15},
        .speed = 1,
        .studs = true,
        .listeners = true,
        .locks = true,
    };
}

static uint32_t listener_number(const struct world *f, uint32_t listener)
{
    return f->plan->params.bikes + listener;
}

static uint32_t script_number(const struct world *f)
{
    return f->due.count - 1;
}

static int64_t interval_ms(const struct world *f)
{
    return (int64_t)f->params.interval_s * 1000;
}

static void bike_due(struct world *f, uint32_t bike)
{
    const struct world_bike *b = &f->bikes[bike];
    int64_t due = b->change_ms;

    due = b->report_ms < due ? b->report_ms : due;
    due = b->episode_ms < due ? b->episode_ms : due;
    due_heap_set(&f->due, bike, due);
}

/* An exponential time, not so long that a number overflows. */
static int64_t spell_ms(uint64_t *rng, double mean_ms)
{
    const double v = -log(rng_unit(rng)) * mean_ms;

    return v > 8 * mean_ms ? (int64_t)(8 * mean_ms) : (int64_t)v;
}

static int64_t stay_ms(struct world *f, struct world_bike *b, int64_t now_ms)
{
    const int64_t ms = spell_ms(&b->rng, (double)world_place_stay_ms(now_ms));
    const double real = (double)(ms > STAY_MIN_MS ? ms : STAY_MIN_MS) / f->params.speed;

    return (int64_t)real + 1;
}

static void park(struct world *f, uint32_t bike, int64_t now_ms)
{
    struct world_bike *b = &f->bikes[bike];

    world_place_choose(f, bike, now_ms);
    b->parked = true;
    b->told = 0;
    b->spoiled = b->faults != 0;
    b->since_ms = now_ms;
    b->change_ms = now_ms + stay_ms(f, b, now_ms);
    world_radio_park(f, bike);
    b->class = (uint8_t)(b->spoiled ? WORLD_ANY : world_place_class(f, b));
    b->episode_ms = world_place_episode_ms(f, b);
    b->report_ms = now_ms + interval_ms(f);
    world_load_change(f, bike, true, now_ms);
    world_say_stop(f, bike, false, now_ms);
    world_say(f, bike, now_ms, now_ms, true);
}

static void episode_tell(struct world *f, uint32_t bike, int64_t until_ms, int64_t now_ms)
{
    const struct world_bike *b = &f->bikes[bike];
    const enum world_episode_kind kind = (enum world_episode_kind)(b->told - 1);
    const struct world_episode episode = {
        .kind = kind,
        .bike = bike,
        .fence = kind == WORLD_EPISODE_NO_PARKING_ZONE ? b->place.zone : WORLD_NONE,
        .from_ms = b->since_ms,
        .until_ms = until_ms,
    };

    world_say_episode(f, &episode, now_ms);
}

static void ride(struct world *f, uint32_t bike, int64_t now_ms)
{
    struct world_bike *b = &f->bikes[bike];
    const double ms = RIDE_MIN_MS + rng_below(&b->rng, RIDE_SPAN_MS);

    if (b->told != 0) {
        episode_tell(f, bike, now_ms, now_ms);
    }
    world_load_change(f, bike, false, now_ms);
    world_say_stop(f, bike, true, now_ms);
    world_radio_leave(f, bike);
    b->parked = false;
    b->episode_ms = INT64_MAX;
    b->report_ms = INT64_MAX; /* where it rides is nobody's business */
    b->change_ms = now_ms + (int64_t)(ms / f->params.speed) + 1;
    world_say(f, bike, now_ms, now_ms, true);
}

static void bike_step(struct world *f, uint32_t bike, int64_t now_ms)
{
    struct world_bike *b = &f->bikes[bike];

    if (b->episode_ms <= now_ms) {
        b->episode_ms = INT64_MAX;
        b->told = (uint8_t)(1 + (b->class == WORLD_ZONE ? WORLD_EPISODE_NO_PARKING_ZONE
                                                        : WORLD_EPISODE_OUT_OF_FENCE));
        episode_tell(f, bike, 0, now_ms);
    }
    if (b->report_ms <= now_ms) {
        b->report_ms = now_ms + interval_ms(f);
        world_say(f, bike, now_ms, now_ms, false);
    }
    if (b->change_ms <= now_ms) {
        if (b->parked) {
            ride(f, bike, now_ms);
        } else {
            park(f, bike, now_ms);
        }
    }
    bike_due(f, bike);
}

/* A bike as the world begins: it stands, since now or, at an opening, since a while. */
static void bike_start(struct world *f, uint32_t bike)
{
    struct world_bike *b = &f->bikes[bike];
    const int64_t start = f->params.start_ms;

    b->rng = rng_stream(f->plan->params.seed, UINT64_C(1) << 44 | bike);
    b->noise = rng_stream(f->plan->params.seed, UINT64_C(1) << 45 | bike);
    b->listener = WORLD_NONE;
    b->battery_pct = (uint8_t)(30 + rng_below(&b->rng, 71));
    world_place_choose(f, bike, start);
    b->parked = true;
    b->since_ms = start;
    if (f->params.opening) {
        b->since_ms -= STOOD_MIN_MS + rng_below(&b->rng, STOOD_SPAN_MS);
    }
    b->change_ms = start + stay_ms(f, b, start);
    if (f->params.opening && b->change_ms < start + 2 * interval_ms(f)) {
        b->change_ms += 2 * interval_ms(f); /* its second word first */
    }
    b->report_ms = start + rng_below(&b->noise, (uint32_t)interval_ms(f));
    world_radio_park(f, bike);
    b->spoiled = b->faults != 0;
    b->class = (uint8_t)(b->spoiled ? WORLD_ANY : world_place_class(f, b));
    b->episode_ms = world_place_episode_ms(f, b);
    b->episode_ms = b->episode_ms < start ? start : b->episode_ms;
    due_heap_set(&f->due, bike, start);
}

/* First step of a bike: the truth of its stop, and at an opening since when it is locked. */
static void bike_open(struct world *f, uint32_t bike, int64_t now_ms)
{
    struct world_bike *b = &f->bikes[bike];

    b->opened = true;
    world_load_change(f, bike, true, now_ms);
    world_say_stop(f, bike, false, now_ms);
    if (f->params.opening) {
        world_say(f, bike, b->since_ms, now_ms, true);
    }
    bike_due(f, bike);
}

static void step_one(struct world *f, uint32_t number, int64_t now_ms)
{
    const uint32_t bikes = f->plan->params.bikes;

    if (number < bikes) {
        if (!f->bikes[number].opened) {
            bike_open(f, number, now_ms);
        } else {
            bike_step(f, number, now_ms);
        }
    } else if (number < bikes + f->plan->listener_count) {
        world_radio_scan(f, number - bikes, now_ms);
        due_heap_set(&f->due, number, now_ms + SCAN_MS);
    } else if (number < script_number(f)) {
        due_heap_set(&f->due, number, INT64_MAX);
        world_load_due(f, number - bikes - f->plan->listener_count, now_ms);
    } else {
        world_fault_turn(f, now_ms);
        due_heap_set(&f->due, number, world_fault_next_ms(f, now_ms));
    }
}

void world_step(struct world *f, int64_t now_ms, world_sink *sink, void *ctx)
{
    f->sink = sink;
    f->ctx = ctx;
    for (struct due next = due_heap_first(&f->due); next.at_ms <= now_ms;
         next = due_heap_first(&f->due)) {
        step_one(f, next.number, next.at_ms);
    }
}

static void start_all(struct world *f)
{
    const int64_t start = f->params.start_ms;

    for (uint32_t i = 0; i < f->plan->listener_count; i++) {
        f->listeners[i] = (struct listener_state){
            .rng = rng_stream(f->plan->params.seed, UINT64_C(1) << 46 | i), .first = WORLD_NONE};
        if (f->params.listeners) {
            due_heap_set(&f->due, listener_number(f, i), start + 1 + (int64_t)(i * 977u % SCAN_MS));
        }
    }
    world_fault_bikes(f, start); /* before their first words */
    due_heap_set(&f->due, script_number(f), start);
    for (uint32_t i = 0; i < f->plan->params.bikes; i++) {
        bike_start(f, i);
    }
}

static bool script_reorders(const struct script *script)
{
    for (uint32_t i = 0; script != NULL && i < script->count; i++) {
        if (script->faults[i].kind == FAULT_REORDER) {
            return true;
        }
    }
    return false;
}

enum err world_create(const struct world_params *params, struct world **out)
{
    const struct world_plan *plan = params->plan;
    struct world *f;
    enum err e = ERR_NO_MEMORY;

    if (params->interval_s < REPORT_MIN_S || params->interval_s > 86400 || !(params->speed > 0)) {
        return ERR_BAD_PARAMETER;
    }
    f = calloc(1, sizeof *f);
    if (f == NULL) {
        return ERR_NO_MEMORY;
    }
    f->params = *params;
    f->plan = plan;
    f->bikes = calloc((size_t)plan->params.bikes + 1, sizeof *f->bikes);
    f->listeners = calloc((size_t)plan->listener_count + 1, sizeof *f->listeners);
    f->loads = calloc(plan->fence_count, sizeof *f->loads);
    f->adverts = calloc(WORLD_SCAN_MAX, sizeof *f->adverts);
    if (script_reorders(params->script)) {
        f->swapped = calloc((size_t)plan->params.bikes + 1, sizeof *f->swapped);
    }
    f->held = calloc(params->script != NULL ? WORLD_HELD_MAX : 1, sizeof *f->held);
    if (f->bikes == NULL || f->listeners == NULL || f->loads == NULL || f->adverts == NULL ||
        f->held == NULL || (f->swapped == NULL && script_reorders(params->script))) {
        goto undo_fleet;
    }
    e = due_heap_init(&f->due, plan->params.bikes + plan->listener_count + plan->fence_count + 1);
    if (e != ERR_OK) {
        goto undo_fleet;
    }
    start_all(f);
    *out = f;
    return ERR_OK;
undo_fleet:
    world_destroy(f);
    return e;
}

void world_destroy(struct world *f)
{
    if (f != NULL) {
        due_heap_finish(&f->due);
        free(f->bikes);
        free(f->listeners);
        free(f->loads);
        free(f->adverts);
        free(f->swapped);
        free(f->held);
        free(f);
    }
}
