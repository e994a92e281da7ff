#ifndef GATEWAY_INVENTORY_FENCES_FENCE_INDEX_H
#define GATEWAY_INVENTORY_FENCES_FENCE_INDEX_H

#include "bowei/base/err.h"
#include "bowei/fences.h"

/* One spatial index over all live fences of a snapshot, by their boxes. */

struct fence_index;

/** lon_mm_24: the smallest of the fences' planes, for fence_index_window. */
enum err fence_index_build(const struct inv_fence *fences, uint32_t count, int32_t lon_mm_24,
                           struct fence_index **out) MUST_CHECK;
void fence_index_destroy(struct fence_index *index);

struct fence_window {
    int32_t south, west, north, east;
};

/** The box that holds every point of a fence within so many millimetres of a point. */
struct fence_window fence_index_window(const struct fence_index *index, struct position_e7 at,
                                       int64_t within_mm);
/** Calls visit for each fence whose box meets the window, in no order, until it returns false. */
void fence_index_walk(const struct fence_index *index, const struct fence_window *window,
                      bool (*visit)(void *ctx, uint32_t fence), void *ctx);

#endif
