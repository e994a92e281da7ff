/* Counts the bikes of each simulated fence, and tells when it has been too full for long enough
 * that it is a true pile-up; see world_state.h. */
#include "sensors/sim/fleet/world_state.h"

static uint32_t fence_number(const struct world *f, uint32_t fence)
{
    return f->plan->params.bikes + f->plan->listener_count + fence;
}

static bool over(const struct world *f, uint32_t fence)
{
    return (uint64_t)f->loads[fence].sure * 100 >
           (uint64_t)f->plan->fences[fence].capacity * f->params.pile_percent;
}

static void tell(struct world *f, uint32_t fence, int64_t until_ms, int64_t now_ms)
{
    const struct fence_load *l = &f->loads[fence];
    const struct world_episode episode = {
        .kind = WORLD_EPISODE_PILE_UP,
        .bike = WORLD_NONE,
        .fence = fence,
        .from_ms = l->over_ms,
        .until_ms = until_ms,
        .sure = until_ms == 0 ? l->sure : l->peak,
        .possible = l->possible,
    };

    world_say_episode(f, &episode, now_ms);
}

void world_load_due(struct world *f, uint32_t fence, int64_t now_ms)
{
    f->loads[fence].told = true;
    tell(f, fence, 0, now_ms);
}

void world_load_change(struct world *f, uint32_t bike, bool stands, int64_t now_ms)
{
    const struct world_bike *b = &f->bikes[bike];
    const uint32_t fence = b->place.fence;
    struct fence_load *l;

    if (fence == WORLD_NONE || b->place.park_mm > (int32_t)f->params.buffer_mm + WORLD_BAND_MM) {
        return;
    }
    l = &f->loads[fence];
    l->possible += stands ? 1u : UINT32_MAX;
    if (!b->spoiled && (b->class == WORLD_INSIDE || b->radio)) {
        l->sure += stands ? 1u : UINT32_MAX;
    }
    l->peak = l->sure > l->peak ? l->sure : l->peak;
    if (over(f, fence) == (l->over_ms != 0)) {
        return;
    }
    if (l->over_ms == 0) {
        l->over_ms = now_ms;
        l->peak = l->sure;
        due_heap_set(&f->due, fence_number(f, fence), now_ms + f->params.pile_dwell_ms);
        return;
    }
    if (l->told) {
        tell(f, fence, now_ms, now_ms);
    }
    l->told = false;
    l->over_ms = 0;
    due_heap_set(&f->due, fence_number(f, fence), INT64_MAX);
}
