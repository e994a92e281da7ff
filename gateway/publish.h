#ifndef GATEWAY_PUBLISH_H
#define GATEWAY_PUBLISH_H

#include "bowei/alert_ring.h"
#include "bowei/core.h"
#include "bowei/redis_store.h"

/* What a step changed becomes visible: the view, the rings, the dirty bits of the Redis flush.
 * Owner: the core thread. */

struct publish {
    const struct core *core;
    struct view *view;
    struct change_ring *changes;
    struct alert_ring *alerts;
    struct flush *flush;
    struct counters *counters;
    int64_t at_ms;   /**< city time of the changes */
    bool city_dirty; /**< city totals may have changed */
};

/** These are about to be stepped: what they will change is fetched meanwhile. Behind core_expect.
 */
void publish_expect(const struct publish *publish, const struct input *inputs, size_t n);
/** The live fields of one root; shown: on the change ring as well. */
void publish_space(struct publish *publish, uint32_t slot, bool shown);
void publish_lot(struct publish *publish, uint32_t lot, bool shown);
void publish_fence(struct publish *publish, uint32_t fence, bool shown);
/** All that a step touched. */
void publish_effects(struct publish *publish, const struct effects *effects);
/** Roots of the inventory by one number: spaces, lots, fences, bikes; for publishing them some at a
 * time. */
uint32_t publish_root_count(const struct publish *publish);
void publish_root(struct publish *publish, uint32_t root, bool shown);

#endif
