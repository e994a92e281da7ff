#ifndef SENSORS_SIM_WORLD_TRAFFIC_H
#define SENSORS_SIM_WORLD_TRAFFIC_H

#include "bowei/base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Arrivals and departures: each space is an on/off process of its own stream of numbers, with
 * exponential times whose means follow the hour (UTC+8), so that streets fill and empty over the
 * day. Pure: the next state is a function of the state and the time; how often it is stepped
 * changes nothing. */

#define TRAFFIC_PROFILES 3 /* street, lot, temporary: rows of the occupancy table */

struct traffic_space {
    uint64_t rng;
    int64_t due_ms; /**< its next change */
    uint8_t profile;
    bool occupied;
};

struct traffic {
    struct traffic_space *spaces;
    uint32_t *heap; /**< spaces by due time, then number */
    uint32_t count;
    double speed;
};

/** Told of each change in order of time. */
typedef void traffic_change(void *ctx, uint32_t space, bool occupied, int64_t at_ms);

/** Wanted occupancy at this time, permille. */
uint32_t traffic_rhythm(uint8_t profile, int64_t now_ms);

struct traffic_params {
    uint32_t seed;
    uint32_t count;
    const uint8_t *profiles; /**< borrowed for the call */
    double speed;            /**< > 1 makes stays shorter */
};

/** Draws the first states by the rhythm of now. Free with traffic_finish. */
enum err traffic_init(struct traffic *t, const struct traffic_params *params,
                      int64_t now_ms) MUST_CHECK;
void traffic_finish(struct traffic *t);
/** Everything that is due up to now_ms. */
void traffic_step(struct traffic *t, int64_t now_ms, traffic_change *change, void *ctx);

#endif
