#ifndef GATEWAY_KEEP_REDIS_LOADING_H
#define GATEWAY_KEEP_REDIS_LOADING_H

#include "gateway/keep/redis/link.h"
#include "gateway/keep/redis/reply_arena.h"

/* A load under way, shared by load.c (what the inventory names) and load_index.c (bikes and alerts,
 * which only Redis can name). */

#define LOAD_BATCH 256 /* hashes a pipeline; perf: 64 -> 256 gives up to +50 % */

struct loading {
    struct redis_link link;
    const struct inventory *inv;
    void (*each)(void *ctx, const struct image *image);
    void *ctx;
    const _Atomic bool *halt;
    struct position newest;
    uint64_t refused; /* hashes with a field that is not ours */
    struct reply_arena arena;
};

static inline bool loading_halted(const struct loading *l)
{
    return l->halt != NULL && atomic_load_explicit(l->halt, memory_order_relaxed);
}

/** Reads the reply of one HGETALL into the image, whose kind and key are set, and hands it on.
 * False: the connection failed. */
bool loading_take(struct loading *l, struct image *image);
/** Loads what stands in the indices of each district. */
bool loading_indices(struct loading *l);

#endif
