#ifndef TESTS_UNIT_CORE_FIXTURE_H
#define TESTS_UNIT_CORE_FIXTURE_H

/* A small city by hand for the tests of the core, and short ways to say things to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/core.h"
#include "gateway/inventory/lookup.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0            1700000000000LL /* a whole second and a whole wheel tick */
#define EVENT_LIMIT   420000          /* 2 heartbeats of 60 s + 5 min */
#define SAMPLED_LIMIT 30000           /* 3 periods of 10 s */

enum fixture_timing { EVENT, SAMPLED };

struct fixture_sensor {
    unsigned place; /* space slot, or lot index when gate */
    unsigned device;
    uint16_t channel;
    uint8_t rank;
    bool gate;
    enum fixture_timing timing;
};

struct fixture_lot {
    unsigned spaces;   /* single spaces; 0 = count-only */
    uint32_t capacity; /* of a count-only lot */
};

struct fixture_spec {
    const struct fixture_lot *lots;
    const struct fixture_sensor *sensors; /* grouped by place (spaces first), sorted by rank */
    unsigned lot_count, sensor_count, device_count;
    unsigned removed; /* 1 + slot of a removed space */
};

static inline space_key fixture_key(unsigned lot, unsigned number)
{
    char text[48];
    space_key key = 0;

    snprintf(text, sizeof text, "150402001R%03u%04u", (lot + 1) % 1000, number % 10000);
    assert_int_equal(space_id_parse_body(text, 17, &key), ID_OK);
    return key;
}

static inline void fixture_places(struct inventory *inv, const struct fixture_spec *spec)
{
    uint32_t slot = 0;

    inv->lots = calloc(spec->lot_count, sizeof *inv->lots);
    for (unsigned i = 0; i < spec->lot_count; i++) {
        inv->space_count += spec->lots[i].spaces;
    }
    inv->spaces = calloc(inv->space_count + 1, sizeof *inv->spaces);
    inv->lot_count = spec->lot_count;
    for (unsigned i = 0; i < spec->lot_count; i++) {
        inv->lots[i].key = fixture_key(i, 0);
        inv->lots[i].counting = spec->lots[i].spaces ? COUNT_SPACES : COUNT_GATES;
        inv->lots[i].capacity = spec->lots[i].capacity;
        for (unsigned k = 0; k < spec->lots[i].spaces; k++, slot++) {
            inv->spaces[slot].key = fixture_key(i, k + 1);
            inv->spaces[slot].lot = i;
            inv->spaces[slot].removed = spec->removed == slot + 1;
            inv->lots[i].capacity += !inv->spaces[slot].removed;
            inv->live_spaces += !inv->spaces[slot].removed;
        }
    }
}

static inline void fixture_sensors(struct inventory *inv, const struct fixture_spec *spec)
{
    uint32_t at = 0;

    inv->sensor_count = spec->sensor_count;
    inv->sensors = calloc(spec->sensor_count + 1, sizeof *inv->sensors);
    inv->device_sensors = calloc(spec->sensor_count + 1, sizeof *inv->device_sensors);
    for (unsigned i = 0; i < spec->sensor_count; i++) {
        const struct fixture_sensor *from = &spec->sensors[i];
        uint32_t *first =
            from->gate ? &inv->lots[from->place].sensors : &inv->spaces[from->place].sensors;

        inv->sensors[i] = (struct inv_sensor){.device = from->device,
                                              .target = from->place,
                                              .channel = from->channel,
                                              .rank = from->rank,
                                              .gate = from->gate};
        inv->devices[from->device].timing = (uint16_t)from->timing;
        if (from->gate) {
            *first = inv->lots[from->place].sensor_count++ == 0 ? i : *first;
        } else {
            *first = inv->spaces[from->place].sensor_count++ == 0 ? i : *first;
        }
    }
    for (unsigned d = 0; d < spec->device_count; d++) {
        inv->devices[d].sensors_of = at;
        for (unsigned i = 0; i < spec->sensor_count; i++) {
            if (spec->sensors[i].device == d) {
                inv->device_sensors[at++] = i;
                inv->devices[d].sensor_count++;
            }
        }
        if (inv->devices[d].sensor_count == 1) {
            inv->devices[d].sensors_of = inv->device_sensors[--at];
        }
    }
}

/* Devices are "dev-000", "dev-001", ... all carried by the source "link". */
static inline struct inventory *fixture_city(uint64_t version, const struct fixture_spec *spec)
{
    struct inventory *inv = calloc(1, sizeof *inv);

    inv->version = version;
    inv->timings[EVENT] = (struct sensor_timing){60000, EVENT_LIMIT, 97, false};
    inv->timings[SAMPLED] = (struct sensor_timing){10000, SAMPLED_LIMIT, 90, true};
    inv->timing_count = 2;
    inv->text = calloc(64 + spec->device_count * 8, 1);
    memcpy(inv->text + 1, "link", 5);
    inv->sources = calloc(1, sizeof *inv->sources);
    inv->sources[0] = inv->text + 1;
    inv->source_count = 1;
    inv->device_count = spec->device_count;
    inv->devices = calloc(spec->device_count + 1, sizeof *inv->devices);
    for (unsigned d = 0; d < spec->device_count; d++) {
        inv->devices[d].id = 8 + d * 8;
        inv->devices[d].id_len = 7;
        snprintf(inv->text + inv->devices[d].id, 8, "dev-%03u", d % 1000);
    }
    fixture_places(inv, spec);
    fixture_sensors(inv, spec);
    inv->lookup = calloc(1, sizeof *inv->lookup);
    assert_int_equal(lookup_places(inv), ERR_OK);
    assert_int_equal(lookup_names(inv), ERR_OK);
    return inv;
}

/* --- saying things --- */

struct scene {
    struct core *core;
    struct counters counters;
    struct inventory *inv;
    int64_t now_ms;
    uint64_t seq;
    const struct effects *effects;
};

/* A core at T0 that waits for its images: core_restored ends that. Takes the inventory over. */
static inline void scene_begin(struct scene *s, struct inventory *inv)
{
    *s = (struct scene){.inv = inv, .now_ms = T0};
    s->core = core_create(inv, &s->counters);
    assert_non_null(s->core);
}

/* A core at T0 that never heard anything. */
static inline void scene_open(struct scene *s, struct inventory *inv)
{
    scene_begin(s, inv);
    core_restored(s->core, (struct now){.at_ms = T0}, false);
}

static inline void scene_close(struct scene *s)
{
    core_destroy(s->core);
    inventory_destroy(s->inv);
}

static inline struct input scene_input(struct scene *s, enum input_kind kind)
{
    return (struct input){
        .at = {.epoch = 1, .seq = ++s->seq},
        .now = {.at_ms = s->now_ms         },
        .inventory_version = core_inventory(s->core)->version,
        .kind = kind
    };
}

static inline struct reading scene_reading(const struct scene *s, uint32_t sensor,
                                           enum reading_value value)
{
    const struct inventory *inv = core_inventory(s->core);
    const struct inv_device *device = &inv->devices[inv->sensors[sensor].device];
    struct reading reading = {.sensor = sensor,
                              .channel = inv->sensors[sensor].channel,
                              .value = (uint8_t)value,
                              .device_len = device->id_len};

    memcpy(reading.device, inv->text + device->id, device->id_len);
    return reading;
}

static inline void scene_read(struct scene *s, const struct reading *reading)
{
    struct input input = scene_input(s, INPUT_READING);

    input.reading = *reading;
    s->effects = core_step(s->core, &input);
}

/* The broker forgot the session of this link. */
static inline struct input scene_lost(struct scene *s, const char *link, int64_t since_ms)
{
    struct input input = scene_input(s, INPUT_SESSION_LOST);

    (void)snprintf(input.session_lost.link, sizeof input.session_lost.link, "%s", link);
    input.session_lost.since_ms = since_ms;
    return input;
}

/* A reading without counter or network time. */
static inline void say(struct scene *s, uint32_t sensor, enum reading_value value)
{
    const struct reading reading = scene_reading(s, sensor, value);

    scene_read(s, &reading);
}

/* A reading that says when it was so, by the network's clock. */
static inline void say_dated(struct scene *s, uint32_t sensor, enum reading_value value,
                             int64_t net_ms)
{
    struct reading reading = scene_reading(s, sensor, value);

    reading.has = HAS_NET_TIME;
    reading.net_time_ms = net_ms;
    scene_read(s, &reading);
}

/* Moves time and fires all that is due. */
static inline void go_to(struct scene *s, int64_t now_ms)
{
    s->now_ms = now_ms;
    do {
        s->effects = core_advance(s->core, (struct now){.at_ms = now_ms});
    } while (core_due(s->core) <= now_ms);
}

static inline void pass(struct scene *s, int64_t ms)
{
    go_to(s, s->now_ms + ms);
}

static inline enum err ask(struct scene *s, struct command *command)
{
    struct input input = scene_input(s, INPUT_COMMAND);

    command->inventory_version = core_inventory(s->core)->version;
    input.command = command;
    s->effects = core_step(s->core, &input);
    assert_ptr_equal(s->effects->command, command);
    return command->result;
}

static inline struct space_view look_at(const struct scene *s, uint32_t slot)
{
    struct image image;
    struct space_live live;
    struct space_view view;

    core_space_image(s->core, slot, &image);
    core_space_live(s->core, slot, &live);
    space_live_judge(&live, &s->inv->timings[live.bits >> 23], s->now_ms, &view);
    return view;
}

/* What is kept of a space. */
static inline struct image kept_of(const struct scene *s, uint32_t slot)
{
    struct image image;

    core_space_image(s->core, slot, &image);
    return image;
}

/* The image of a space, or of a lot, goes from one core into another, as through Redis. */
static inline void hand_space(const struct scene *from, uint32_t slot, struct scene *to)
{
    struct image image;

    core_space_image(from->core, slot, &image);
    core_restore(to->core, &image);
}

static inline void hand_lot(const struct scene *from, uint32_t lot, struct scene *to)
{
    struct image image;

    core_lot_image(from->core, lot, &image);
    core_restore(to->core, &image);
}

#define assert_shows(scene, slot, what, why)                                                       \
    do {                                                                                           \
        const struct space_view shows_ = look_at(scene, slot);                                     \
        assert_string_equal(space_state_name(shows_.state), space_state_name(what));               \
        assert_string_equal(reason_code(shows_.reason), reason_code(why));                         \
    } while (0)

static inline struct lot_view lot_of(const struct scene *s, uint32_t lot)
{
    struct lot_view view;

    core_lot_view(s->core, lot, &view);
    return view;
}

static inline void swap(struct scene *s, struct inventory *next)
{
    struct input input = scene_input(s, INPUT_INVENTORY);

    input.inventory = next;
    s->effects = core_step(s->core, &input);
    assert_ptr_equal(core_inventory(s->core), next);
    inventory_destroy(s->inv);
    s->inv = next;
}

/* Capacity = sum of states, lot by lot and in the city; spaces and lots agree. */
static inline void assert_adds_up(const struct scene *s)
{
    const struct inventory *inv = core_inventory(s->core);
    struct city_view city, sum = {0};

    core_city_view(s->core, &city);
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        unsigned by_state[SPACE_STATE_COUNT] = {0};
        struct lot_view lot;

        core_lot_view(s->core, i, &lot);
        assert_int_equal(lot.capacity, inv->lots[i].removed ? 0 : inv->lots[i].capacity);
        assert_int_equal(lot.capacity, lot.counts.free + lot.counts.occupied + lot.counts.unknown +
                                           lot.counts.out_of_service);
        for (uint32_t slot = 0; slot < inv->space_count; slot++) {
            struct image image;

            if (inv->spaces[slot].lot != i || inv->spaces[slot].removed) {
                continue;
            }
            core_space_image(s->core, slot, &image);
            by_state[image.space.shown_state]++;
        }
        if (inv->lots[i].counting == COUNT_SPACES) {
            assert_int_equal(by_state[SPACE_FREE], lot.counts.free);
            assert_int_equal(by_state[SPACE_OCCUPIED], lot.counts.occupied);
            assert_int_equal(by_state[SPACE_UNKNOWN], lot.counts.unknown);
            assert_int_equal(by_state[SPACE_OUT_OF_SERVICE], lot.counts.out_of_service);
        }
        sum.capacity += lot.capacity;
        sum.free += lot.counts.free;
        sum.occupied += lot.counts.occupied;
        sum.unknown += lot.counts.unknown;
        sum.out_of_service += lot.counts.out_of_service;
    }
    assert_int_equal(sum.capacity, city.capacity);
    assert_int_equal(sum.free, city.free);
    assert_int_equal(sum.occupied, city.occupied);
    assert_int_equal(sum.unknown, city.unknown);
    assert_int_equal(sum.out_of_service, city.out_of_service);
}

/* What a gate counted since its counters began; whatever it says, lots add up. */
static inline void count(struct scene *s, uint32_t gate, uint32_t in, uint32_t out)
{
    struct reading reading = scene_reading(s, gate, VALUE_GATE);

    reading.gate_in = in;
    reading.gate_out = out;
    scene_read(s, &reading);
    assert_adds_up(s);
}

#endif
