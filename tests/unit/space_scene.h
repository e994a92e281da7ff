#ifndef TESTS_UNIT_SPACE_SCENE_H
#define TESTS_UNIT_SPACE_SCENE_H

/* The scene of the tests of one space: a lot of five, with every kind of sensor, and short ways to
 * say things of them. Included once by a test, instead of core_fixture.h. */
#include "tests/unit/core_fixture.h"

/* slot 0: one event sensor; 1: one sampled; 2: two equals + one of rank 1; 3: unbound; 4: event,
 * own device */
static const struct fixture_lot lots[] = {{.spaces = 5}};
static const struct fixture_sensor sensors[] = {
    {0, 0, 0, 0, false, EVENT  },
    {1, 1, 0, 0, false, SAMPLED},
    {2, 2, 0, 0, false, EVENT  },
    {2, 3, 0, 0, false, EVENT  },
    {2, 4, 0, 1, false, EVENT  },
    {4, 5, 0, 0, false, EVENT  },
};
static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 1, .sensors = sensors, .sensor_count = 6, .device_count = 6};

static inline void open_scene(struct scene *s)
{
    scene_open(s, fixture_city(1, &spec));
}

static inline struct reading framed(const struct scene *s, enum reading_value value,
                                    uint32_t counter, int64_t net_ms)
{
    struct reading reading = scene_reading(s, 0, value);

    reading.has = HAS_COUNTER | (net_ms != 0 ? HAS_NET_TIME : 0);
    reading.counter = counter;
    reading.net_time_ms = net_ms;
    return reading;
}

static inline void send(struct scene *s, enum reading_value value, uint32_t counter, int64_t net_ms)
{
    const struct reading reading = framed(s, value, counter, net_ms);

    scene_read(s, &reading);
}

#endif
