/* Cars through the barriers of the simulated count-only lots; see entrances.h. */
#include "sensors/sim/world/entrances.h"
#include "sensors/sim/world/rng.h"
#include "sensors/sim/world/traffic.h"
#include <math.h>

#define BETWEEN_MS  8000.0 /* a car in or out of a lot every 8 s on average */
#define PROFILE_LOT 1

uint32_t entrance_inside(const struct entrance_counts *counts)
{
    uint32_t inside = 0;

    for (uint32_t g = 0; g < ENTRANCE_GATES; g++) {
        inside += counts->in[g] - counts->out[g];
    }
    return inside;
}

static int64_t pause_ms(struct entrance *e)
{
    return 1 + (int64_t)(-BETWEEN_MS * log(rng_unit(&e->rng)) / e->speed);
}

void entrance_start(struct entrance *e, int64_t now_ms)
{
    e->due_ms = now_ms + pause_ms(e);
}

void entrance_step(struct entrance *e, int64_t now_ms, entrance_change *change, void *ctx)
{
    while (e->due_ms <= now_ms) {
        const uint32_t inside = entrance_inside(e->counts);
        const uint32_t wanted = e->capacity * traffic_rhythm(PROFILE_LOT, e->due_ms) / 1000;
        const uint32_t gate = rng_below(&e->rng, ENTRANCE_GATES);
        /* three of four cars move towards the wanted filling */
        bool in = (rng_below(&e->rng, 4) != 0) == (inside < wanted);

        in = inside == 0 || (in && inside < e->capacity);
        if (in) {
            e->counts->in[gate]++;
        } else {
            e->counts->out[gate]++;
        }
        e->due_ms += pause_ms(e);
        change(ctx, gate);
    }
}
