#ifndef SENSORS_SIM_WORLD_ENTRANCES_H
#define SENSORS_SIM_WORLD_ENTRANCES_H

#include <stdbool.h>
#include <stdint.h>

/* Cars through the barriers of a count-only lot: each gate counts both ways, and the sum of all
 * gates is what stands inside. Pure, like traffic.h. */

#define ENTRANCE_GATES 2

/** What the gates have counted; kept over a restart, as a real counter does. */
struct entrance_counts {
    uint32_t in[ENTRANCE_GATES];
    uint32_t out[ENTRANCE_GATES];
};

struct entrance {
    struct entrance_counts *counts; /**< borrowed */
    uint32_t capacity;
    uint64_t rng;
    int64_t due_ms;
    double speed;
};

/** Told which gate counted. */
typedef void entrance_change(void *ctx, uint32_t gate);

uint32_t entrance_inside(const struct entrance_counts *counts);
/** rng, counts and capacity must be set. */
void entrance_start(struct entrance *e, int64_t now_ms);
void entrance_step(struct entrance *e, int64_t now_ms, entrance_change *change, void *ctx);

#endif
