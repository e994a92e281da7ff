/* The simulated field's Modbus units: what their bits and registers hold, and how faults bend their
 * replies. Layouts are those of the shipped maps bit_concentrator, dx80_state and dx80_raw
 * (docs/CONFIG.md). */
#include "sensors/sim/simulation.h"
#include "sensors/sim/world/rng.h"

#define DX80_STRIDE    16     /* registers a node: Banner, DX80 networks reference */
#define DX80_VALUE     1      /* I/O 1 */
#define DX80_MESSAGE   8      /* I/O 8 */
#define DX80_LINK_LOST 0x3501 /* 13569: radio link to the node timed out */
#define NO_SENSOR      0xffff
#define RAW_OCCUPIED   600 /* a car over an M-GAGE: well above the 300/40 of the map */
#define RAW_FREE       10
#define RAW_SWING      120
#define SLAVE_DEVICE   4 /* exception code when a script names a silly one */

/* ctx is the simulation; `asked` is the unit of the request that is being answered. */
static uint16_t bit_value(void *ctx, uint16_t address)
{
    const struct simulation *sim = ctx;
    const struct city_device *d = &sim->city->devices[sim->asked];

    return address < d->count && simulation_seen(sim, d->first + address) ? 1 : 0;
}

static uint16_t magnetic(const struct simulation *sim, uint32_t sensor, bool occupied)
{
    const uint64_t noise = rng_mix((uint64_t)sensor << 32 ^ (uint64_t)(sim->last_ms / 1000));

    return (uint16_t)((occupied ? RAW_OCCUPIED : RAW_FREE) + noise % RAW_SWING);
}

static uint16_t dx80_value(void *ctx, uint16_t address)
{
    const struct simulation *sim = ctx;
    const struct city_device *d = &sim->city->devices[sim->asked];
    const uint32_t node = address / DX80_STRIDE; /* register = address + 1 = I/O + 16 * node */
    const uint32_t io = address % DX80_STRIDE + 1u;
    const struct device_state *state = &sim->devices[sim->asked];
    uint32_t sensor;
    bool seen;

    if (node == 0) {
        return 0; /* the gateway itself */
    }
    if (node > d->count) {
        return io == DX80_VALUE ? NO_SENSOR : 0;
    }
    sensor = d->first + node - 1;
    if (io == DX80_MESSAGE) {
        return simulation_fault(sim, sim->asked, FAULT_LINK_LOST) &&
                       (state->channel == 0 || state->channel == node)
                   ? DX80_LINK_LOST
                   : 0;
    }
    if (io != DX80_VALUE) {
        return 0;
    }
    seen = simulation_seen(sim, sensor);
    return d->tech == TECH_DX80_SERIAL ? magnetic(sim, sensor, seen) : seen;
}

static void conduct_of(const struct device_state *state, struct slave_conduct *c)
{
    const int32_t argument = state->argument > 0 ? state->argument : 1;

    *c = (struct slave_conduct){
        .silent = (state->faults >> FAULT_SILENCE & 1) != 0,
        .cut = (state->faults >> FAULT_CUT & 1) != 0,
        .garbage = (state->faults >> FAULT_GARBAGE & 1) != 0,
        .wrong_unit = (state->faults >> FAULT_WRONG_UNIT & 1) != 0,
    };
    if ((state->faults >> FAULT_EXCEPTION & 1) != 0) {
        c->exception = argument < 128 ? (uint8_t)argument : SLAVE_DEVICE;
    }
    c->late_ms = (state->faults >> FAULT_LATE & 1) != 0 ? argument : 0;
    c->drip_ms = (state->faults >> FAULT_DRIP & 1) != 0 ? argument : 0;
}

static bool find(void *ctx, uint32_t line, uint8_t unit, struct slave *slave,
                 struct slave_conduct *conduct)
{
    struct simulation *sim = ctx;
    const uint16_t found = sim->units[line][unit];

    if (found == 0) {
        return false;
    }
    sim->asked = found - 1u;
    *slave = (struct slave){.ctx = sim};
    if (sim->city->devices[sim->asked].tech == TECH_BITS) {
        slave->table = SLAVE_BITS;
        slave->addresses = CITY_POINTS_MAX;
        slave->value = bit_value;
    } else {
        slave->table = SLAVE_REGISTERS;
        slave->addresses = (CITY_NODES_MAX + 1) * DX80_STRIDE;
        slave->value = dx80_value;
    }
    conduct_of(&sim->devices[sim->asked], conduct);
    return true;
}

enum err polled_init(struct simulation *sim)
{
    for (uint32_t i = 0; i < sim->city->device_count; i++) {
        const struct city_device *d = &sim->city->devices[i];

        if (city_polled(d)) {
            sim->units[d->line][d->unit] =
                (uint16_t)(i + 1); /* units come first: fewer than 200 * 64 */
        }
    }
    sim->slaves = slaves_create(find, sim);
    return sim->slaves == NULL ? ERR_NO_MEMORY : ERR_OK;
}
