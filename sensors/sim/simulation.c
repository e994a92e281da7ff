/* Moves the simulated world on, applies scripted faults, and says to the devices what changed; see
 * simulation.h. */
#include "sensors/sim/simulation.h"
#include "bowei/base/log.h"
#include "sensors/sim/world/rng.h"
#include <stdlib.h>

#define MIDS 65536

static uint8_t profile_of(const struct city *city, uint32_t space)
{
    switch (space_key_kind(city->spaces[space].key)) {
    case PLACE_LOT: return 1;
    case PLACE_TEMPORARY: return 2;
    case PLACE_ON_STREET:
    case PLACE_BIKE_AREA:
    case PLACE_FENCE:
    case PLACE_NO_PARKING:
    case PLACE_KIND_COUNT: break;
    }
    return 0;
}

static enum err traffic_start(struct simulation *sim, int64_t now_ms)
{
    const struct city *city = sim->city;
    struct traffic_params params = {
        .seed = city->params.seed, .count = city->space_count, .speed = sim->speed};
    uint8_t *profiles = calloc(city->space_count, 1);
    enum err e;

    if (profiles == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < city->space_count; i++) {
        profiles[i] = profile_of(city, i);
    }
    params.profiles = profiles;
    e = traffic_init(&sim->traffic, &params, now_ms);
    free(profiles);
    return e;
}

static void entrances_start(struct simulation *sim, int64_t now_ms)
{
    for (uint32_t i = 0; i < CITY_GATE_LOTS; i++) {
        struct entrance *e = &sim->entrances[i];

        e->counts = &sim->memory.gates[i];
        e->capacity = sim->city->lots[sim->city->lot_count - CITY_GATE_LOTS + i].capacity;
        e->rng = rng_stream(sim->city->params.seed, UINT64_C(1) << 40 | i);
        e->speed = sim->speed;
        entrance_start(e, now_ms);
    }
}

bool simulation_fault(const struct simulation *sim, uint32_t device, enum fault_kind kind)
{
    return (sim->devices[device].faults >> kind & 1) != 0;
}

bool simulation_deaf(const struct simulation *sim, uint32_t sensor)
{
    const struct city_sensor *s = &sim->city->sensors[sensor];
    const struct device_state *d = &sim->devices[s->device];

    for (uint32_t k = 0; k < FAULT_COUNT; k++) {
        if ((d->faults >> k & 1) != 0 && fault_deaf((enum fault_kind)k) &&
            (k != FAULT_LINK_LOST || d->channel == 0 || d->channel == s->channel)) {
            return true;
        }
    }
    return false;
}

bool simulation_seen(const struct simulation *sim, uint32_t sensor)
{
    const struct city_sensor *s = &sim->city->sensors[sensor];
    const struct device_state *d = &sim->devices[s->device];
    const bool occupied = sim->traffic.spaces[s->target].occupied;

    if (simulation_fault(sim, s->device, FAULT_FLAPPING) && d->argument > 0) {
        return ((sim->last_ms - sim->start_ms) * d->argument / 1000 + s->channel) % 2 == 0;
    }
    return occupied;
}

void simulation_tell(struct simulation *sim, uint32_t space, bool occupied, bool heard,
                     int64_t now_ms)
{
    truth_add(&sim->truth, now_ms, sim->city->spaces[space].key, occupied, heard);
    sim->unheard[space] = !heard;
}

static void on_change(void *ctx, uint32_t space, bool occupied, int64_t at_ms)
{
    struct simulation *sim = ctx;
    const struct city_space *s = &sim->city->spaces[space];
    const int64_t now_ms = sim->last_ms;
    const bool deaf = simulation_deaf(sim, s->sensor);

    (void)at_ms;
    if (s->second != CITY_NONE && !simulation_deaf(sim, s->second)) {
        heard_say(sim, s->second, false, now_ms);
    }
    if (city_polled(&sim->city->devices[sim->city->sensors[s->sensor].device])) {
        simulation_tell(sim, space, occupied, !deaf, now_ms);
    } else if (deaf) {
        simulation_tell(sim, space, occupied, false, now_ms);
    } else {
        heard_say(sim, s->sensor, true, now_ms);
    }
}

static void on_gate(void *ctx, uint32_t gate)
{
    uint32_t *mask = ctx;

    *mask |= 1u << gate;
}

static void gates_step(struct simulation *sim, int64_t now_ms)
{
    const uint32_t first = sim->city->sensor_count - CITY_GATE_LOTS * CITY_GATES;

    for (uint32_t i = 0; i < CITY_GATE_LOTS; i++) {
        uint32_t changed = 0;

        entrance_step(&sim->entrances[i], now_ms, on_gate, &changed);
        for (uint32_t g = 0; g < CITY_GATES; g++) {
            if ((changed >> g & 1) != 0) {
                heard_say(sim, first + i * CITY_GATES + g, false, now_ms);
            }
        }
    }
}

/* A space whose sensor went dumb or speaks again. */
static void hearing_changed(struct simulation *sim, uint32_t sensor, bool was_deaf, int64_t now_ms)
{
    const struct city_sensor *s = &sim->city->sensors[sensor];
    const struct city_device *d = &sim->city->devices[s->device];
    const bool deaf = simulation_deaf(sim, sensor);

    if (deaf == was_deaf) {
        return;
    }
    if (!city_polled(d)) {
        /* it says its state as soon as it can; of a link lost the network tells at once */
        if (!deaf || simulation_fault(sim, s->device, FAULT_LINK_LOST)) {
            heard_say(sim, sensor, !deaf && s->rank == 0 && d->tech != TECH_GATE, now_ms);
        }
    } else if (!deaf) {
        simulation_tell(sim, s->target, sim->traffic.spaces[s->target].occupied, true, now_ms);
    }
    if (deaf && s->rank == 0 && d->tech != TECH_GATE) {
        simulation_tell(sim, s->target, sim->traffic.spaces[s->target].occupied, false, now_ms);
    }
}

static struct device_state faults_of(const struct simulation *sim, uint32_t device, int64_t run_ms)
{
    const struct city_device *d = &sim->city->devices[device];
    struct device_state state = sim->devices[device];
    char line[8];

    city_line_name(sim->city, d->line, line);
    state.faults = 0;
    state.channel = 0;
    for (uint32_t i = 0; i < sim->script.count; i++) {
        const struct script_fault *f = &sim->script.faults[i];

        if (f->from_ms <= run_ms && run_ms < f->until_ms &&
            script_hits(f, d->id, city_polled(d) ? line : NULL)) {
            state.faults |= (uint16_t)(1u << f->kind);
            state.argument = f->argument;
            state.channel = f->kind == FAULT_LINK_LOST ? f->channel : state.channel;
        }
    }
    return state;
}

static void faults_apply(struct simulation *sim, int64_t now_ms)
{
    for (uint32_t i = 0; i < sim->city->device_count; i++) {
        const struct city_device *d = &sim->city->devices[i];
        const struct device_state before = sim->devices[i];
        const struct device_state after = faults_of(sim, i, now_ms - sim->start_ms);

        for (uint32_t k = 0;
             k < d->count && (before.faults != after.faults || before.channel != after.channel);
             k++) {
            bool was_deaf;

            sim->devices[i] = before;
            was_deaf = simulation_deaf(sim, d->first + k);
            sim->devices[i] = after;
            hearing_changed(sim, d->first + k, was_deaf, now_ms);
        }
        sim->devices[i] = after;
    }
}

/* Devices that flap say so at each turn. */
static void flapping_step(struct simulation *sim, int64_t before_ms, int64_t now_ms)
{
    for (uint32_t i = 0; i < sim->city->device_count && sim->script.count > 0; i++) {
        const struct city_device *d = &sim->city->devices[i];
        const int64_t hz = sim->devices[i].argument;

        if (simulation_fault(sim, i, FAULT_FLAPPING) && !city_polled(d) && d->tech != TECH_GATE &&
            (before_ms - sim->start_ms) * hz / 1000 != (now_ms - sim->start_ms) * hz / 1000) {
            heard_say(sim, d->first, false, now_ms);
        }
    }
}

void simulation_tick(struct simulation *sim, int64_t now_ms)
{
    const int64_t before_ms = sim->last_ms;

    if (script_turns(&sim->script, before_ms - sim->start_ms, now_ms - sim->start_ms)) {
        faults_apply(sim, now_ms);
    }
    sim->last_ms = now_ms;
    traffic_step(&sim->traffic, now_ms, on_change, sim);
    gates_step(sim, now_ms);
    flapping_step(sim, before_ms, now_ms);
    heard_turn(sim, now_ms);
}

/* Polled spaces can be read from the first moment; the others say it in heard_turn. */
static void first_words(struct simulation *sim, int64_t now_ms)
{
    for (uint32_t i = 0; i < sim->city->space_count; i++) {
        const uint32_t sensor = sim->city->spaces[i].sensor;

        if (city_polled(&sim->city->devices[sim->city->sensors[sensor].device])) {
            simulation_tell(sim, i, sim->traffic.spaces[i].occupied, !simulation_deaf(sim, sensor),
                            now_ms);
        }
    }
}

enum err simulation_create(const struct simulation_params *params, int64_t now_ms,
                           struct simulation **out)
{
    const struct city *city = params->city;
    struct simulation *sim = calloc(1, sizeof *sim);
    enum err e = ERR_NO_MEMORY;

    if (sim == NULL) {
        return ERR_NO_MEMORY;
    }
    sim->city = city;
    sim->script = params->script;
    sim->speed = params->speed;
    sim->start_ms = now_ms;
    sim->last_ms = now_ms - 1;
    sim->truth.fd = -1;
    sim->devices = calloc(city->device_count, sizeof *sim->devices);
    sim->sensors = calloc(city->sensor_count, sizeof *sim->sensors);
    sim->unheard = calloc(city->space_count, sizeof *sim->unheard);
    sim->ring = calloc(city->sensor_count, sizeof *sim->ring);
    sim->flights = calloc(MIDS, sizeof *sim->flights);
    broker_init(&sim->broker, "bowei-sim", params->broker_port);
    if (sim->devices == NULL || sim->sensors == NULL || sim->unheard == NULL || sim->ring == NULL ||
        sim->flights == NULL) {
        goto undo_sim;
    }
    if ((e = memory_open(&sim->memory, params->memory_path, city)) != ERR_OK ||
        (e = truth_open(&sim->truth, params->truth_path, sim->memory.fresh)) != ERR_OK ||
        (e = traffic_start(sim, now_ms)) != ERR_OK || (e = polled_init(sim)) != ERR_OK) {
        goto undo_sim;
    }
    entrances_start(sim, now_ms);
    heard_init(sim);
    faults_apply(sim, now_ms);
    first_words(sim, now_ms);
    *out = sim;
    return ERR_OK;
undo_sim:
    simulation_destroy(sim);
    return e;
}

void simulation_destroy(struct simulation *sim)
{
    if (sim == NULL) {
        return;
    }
    broker_finish(&sim->broker);
    slaves_destroy(sim->slaves);
    traffic_finish(&sim->traffic);
    truth_close(&sim->truth);
    memory_close(&sim->memory);
    script_finish(&sim->script);
    free(sim->devices);
    free(sim->sensors);
    free(sim->unheard);
    free(sim->ring);
    free(sim->flights);
    free(sim);
}
