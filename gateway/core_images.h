#ifndef GATEWAY_CORE_IMAGES_H
#define GATEWAY_CORE_IMAGES_H

#include "bowei/core.h"
#include "bowei/redis_store.h"
#include "gateway/event_refill.h"

/* Where the flush to Redis gets its images: the core, and the journal for events. */

struct core_images {
    const struct core *core;
    struct event_refill *events, *rows;
};

/** Borrows `images`, which must outlive the flush. */
struct image_source core_images_source(struct core_images *images);

#endif
