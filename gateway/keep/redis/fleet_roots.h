#ifndef GATEWAY_KEEP_REDIS_FLEET_ROOTS_H
#define GATEWAY_KEEP_REDIS_FLEET_ROOTS_H

#include "gateway/keep/redis/fill.h"

/* Which fences, bikes, alerts and mutes are dirty, and in which district: unlike places, most of
 * them come and go, and a bike may be parked in another district tomorrow. Core thread. */

/** Marks one. Without the memory for it all of its kind are marked later, and no flush begins
 * before. */
void fleet_roots_mark(struct flush *flush, enum fleet_kind kind, uint32_t slot);
/** Marks all; what is known of Redis is forgotten. */
void fleet_roots_mark_all(struct flush *flush);
void fleet_roots_mark_fences(struct flush *flush);
/** After flush->lanes changed: each dirty root counts in its lane again. */
void fleet_roots_recount(struct flush *flush);
/** False: marks are missing for want of memory. */
bool fleet_roots_complete(struct flush *flush);
/** The lane's pass begins. */
void fleet_roots_begin(struct lane *lane);
/** May something be left of the lane in this pass? */
bool fleet_roots_left(const struct lane *lane);
uint64_t fleet_roots_count(const struct lane *lane);
/** The next one of the lane in this pass, no longer dirty; NO_SLOT: none, or *looks is used up. */
uint32_t fleet_roots_next(struct flush *flush, struct lane *lane, enum fleet_kind *kind,
                          unsigned *looks);
/** Marks it for another district: where it is now, or the next to look for it in. */
void fleet_roots_move(struct flush *flush, enum fleet_kind kind, uint32_t slot, uint32_t adcode);
/** The district that an image belongs to. */
uint32_t fleet_roots_adcode(const struct flush *flush, const struct image *image);
void fleet_roots_finish(struct flush *flush);

#endif
