/* Equipment of the simulated city: which technique watches which space, and how sensors sit on
 * devices, units and lines. Part of city_create, after the layout. */
#include "sensors/sim/world/city.h"
#include "sensors/sim/world/rng.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ARM             10 /* spaces in a row that share a technique */
#define SECOND_EVERY    53 /* one space in so many has a second sensor */
#define SPACES_PER_LINE 5000
#define LINES_LEAST     2
#define LINES_USUAL     20
#define POINTS_LEAST    64

/* Shares of the spaces, permille: 55 % Modbus TCP, one serial DX80, 35 % LoRaWAN, 9 % native. */
static const uint32_t share[TECH_COUNT] = {
    [TECH_BITS] = 430,  [TECH_DX80] = 120,  [TECH_DX80_SERIAL] = 10,
    [TECH_BOSCH] = 180, [TECH_NWAVE] = 170, [TECH_NATIVE] = 90,
};

bool city_polled(const struct city_device *device)
{
    return device->tech == TECH_BITS || device->tech == TECH_DX80 ||
           device->tech == TECH_DX80_SERIAL;
}

void city_line_name(const struct city *city, uint32_t line, char out[8])
{
    if (line >= city->lines) {
        (void)snprintf(out, 8, "serial");
    } else {
        (void)snprintf(out, 8, "tcp%02u", (unsigned)(line + 1) % 1000);
    }
}

/* The technique most behind its share; shares are met as well as arms of ten spaces allow, in any
 * city. */
static enum tech tech_next(const uint32_t done[TECH_COUNT], uint32_t total)
{
    enum tech best = TECH_BITS;
    int64_t most = INT64_MIN;

    for (uint32_t t = 0; t < TECH_GATE; t++) {
        const int64_t behind = (int64_t)share[t] * (total + ARM) - (int64_t)done[t] * 1000;

        if (t == TECH_DX80_SERIAL && done[t] + ARM > CITY_SERIAL_NODES) {
            continue;
        }
        if (behind > most) {
            most = behind;
            best = (enum tech)t;
        }
    }
    return best;
}

static void tech_choose(const struct city *city, uint8_t *tech)
{
    uint32_t done[TECH_COUNT] = {0};
    enum tech now = TECH_BITS;

    for (uint32_t i = 0; i < city->space_count; i++) {
        if (i % ARM == 0) {
            now = tech_next(done, i);
        }
        tech[i] = (uint8_t)now;
        done[now]++;
    }
}

static struct city_device *device_add(struct city *city, enum tech tech)
{
    struct city_device *d = &city->devices[city->device_count++];

    d->tech = tech;
    d->first = city->sensor_count;
    return d;
}

static void sensor_add(struct city *city, struct city_device *d, uint32_t target, uint16_t channel,
                       uint8_t rank)
{
    struct city_sensor *s = &city->sensors[city->sensor_count++];

    s->target = target;
    s->device = (uint32_t)(d - city->devices);
    s->channel = channel;
    s->rank = rank;
    d->count++;
    if (d->tech != TECH_GATE && rank == 0) {
        city->spaces[target].sensor = city->sensor_count - 1;
    } else if (d->tech != TECH_GATE) {
        city->spaces[target].second = city->sensor_count - 1;
    }
}

static uint32_t points_of(const struct city *city, enum tech tech)
{
    uint32_t points = city->space_count / 40;

    if (tech == TECH_DX80) {
        return CITY_NODES_MAX;
    }
    if (tech == TECH_DX80_SERIAL) {
        return CITY_SERIAL_NODES;
    }
    points = points < POINTS_LEAST ? POINTS_LEAST : points;
    return points > CITY_POINTS_MAX ? CITY_POINTS_MAX : points;
}

static void unit_place(struct city *city, struct city_device *d, uint32_t number)
{
    char line[8];

    assert(city->lines > 0);
    d->number = (uint16_t)number;
    d->line = (uint16_t)(d->tech == TECH_DX80_SERIAL ? city->lines : number % city->lines);
    d->unit = (uint8_t)(d->tech == TECH_DX80_SERIAL ? 1 : number / city->lines + 1);
    city_line_name(city, d->line, line);
    (void)snprintf(d->id, sizeof d->id, "%s/%s%u", line, d->tech == TECH_BITS ? "loops" : "dx80-",
                   (unsigned)d->unit);
}

/* Polled spaces fill unit after unit; units go round the lines. */
static void units_add(struct city *city, const uint8_t *tech, enum tech wanted, uint32_t *units)
{
    struct city_device *d = NULL;

    for (uint32_t i = 0; i < city->space_count; i++) {
        if (tech[i] != wanted) {
            continue;
        }
        if (d == NULL || d->count == points_of(city, wanted)) {
            d = device_add(city, wanted);
            d->number = (uint16_t)(*units)++;
        }
        sensor_add(city, d, i, (uint16_t)(d->count + 1), 0);
    }
}

static void heard_device_add(struct city *city, enum tech tech, uint32_t space, uint8_t rank)
{
    struct city_device *d = device_add(city, tech);
    const uint32_t n = city->device_count - 1;

    if (tech == TECH_NATIVE) {
        (void)snprintf(d->id, sizeof d->id, "native-%06u", (unsigned)n);
    } else {
        /* a dev EUI of the maker's range and the device's number; the seed keeps two cities apart
         */
        (void)snprintf(d->id, sizeof d->id, "%s%04x%06x", tech == TECH_BOSCH ? "0004a3" : "70b3d5",
                       (unsigned)(rng_stream(city->params.seed, city->params.spaces) & 0xffff),
                       (unsigned)n & 0xffffff);
    }
    sensor_add(city, d, space, 0, rank);
}

static void gates_add(struct city *city)
{
    for (uint32_t i = 0; i < CITY_GATE_LOTS * CITY_GATES; i++) {
        struct city_device *d = device_add(city, TECH_GATE);

        (void)snprintf(d->id, sizeof d->id, "gate-%u-%u", (unsigned)(i / CITY_GATES + 1),
                       (unsigned)(i % CITY_GATES + 1));
        sensor_add(city, d, city->lot_count - CITY_GATE_LOTS + i / CITY_GATES, 0, 0);
    }
}

static enum err lines_choose(struct city *city, uint32_t units)
{
    const uint32_t least = (units + CITY_UNITS_MAX - 1) / CITY_UNITS_MAX;
    uint32_t lines = city->space_count / SPACES_PER_LINE;

    lines = lines < LINES_LEAST ? LINES_LEAST : lines > LINES_USUAL ? LINES_USUAL : lines;
    lines = lines < least ? least : lines;
    lines = city->params.lines > 0 ? city->params.lines : lines;
    lines = lines > units ? units : lines; /* no line without a unit */
    city->lines = lines;
    return lines < least || lines > CITY_LINES_MAX ? ERR_BAD_PARAMETER : ERR_OK;
}

enum err city_equip(struct city *city)
{
    static const enum tech polled[] = {TECH_BITS, TECH_DX80, TECH_DX80_SERIAL};

    uint8_t *tech = calloc(city->space_count, 1);
    uint32_t units = 0;
    uint32_t serial = 0;
    enum err e;

    if (tech == NULL) {
        return ERR_NO_MEMORY;
    }
    tech_choose(city, tech);
    for (size_t i = 0; i < ARRAY_LEN(polled); i++) {
        units_add(city, tech, polled[i], polled[i] == TECH_DX80_SERIAL ? &serial : &units);
    }
    city->has_serial = serial > 0;
    e = lines_choose(city, units);
    for (uint32_t i = 0; i < city->device_count && e == ERR_OK; i++) {
        unit_place(city, &city->devices[i], city->devices[i].number);
    }
    for (uint32_t i = 0; i < city->space_count; i++) {
        if (tech[i] >= TECH_BOSCH) {
            heard_device_add(city, (enum tech)tech[i], i, 0);
        }
        if (i % SECOND_EVERY == SECOND_EVERY / 2) {
            heard_device_add(city, TECH_NWAVE, i, 1);
        }
    }
    gates_add(city);
    free(tech);
    return e;
}
