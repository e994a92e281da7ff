#ifndef GATEWAY_KEEP_REDIS_PLACE_ROOTS_H
#define GATEWAY_KEEP_REDIS_PLACE_ROOTS_H

#include "gateway/keep/redis/fill.h"

/* Which spaces and lots are dirty (fleet_roots.h is the same for what comes and goes). Core thread.
 */

/** Behind the last root. */
uint32_t place_roots_end(const struct flush *flush);
/** The lane of a root's district. */
struct lane *place_roots_lane(struct flush *flush, uint32_t root);
void place_roots_mark(struct flush *flush, uint32_t root);
void place_roots_mark_all(struct flush *flush);
/** The next dirty root of the lane in this pass, no longer dirty; NO_SLOT: none, or *looks is used
 * up. */
uint32_t place_roots_next(struct flush *flush, struct lane *lane, unsigned *looks);
/** What was written of this space no longer counts: it is written in full when its turn comes. */
void place_roots_forget(struct flush *flush, uint32_t slot);
/** A place that moved or left is written in full; the others keep what is known of them. */
void place_roots_compare(struct flush *flush, const struct inventory *before,
                         const struct inventory *inv);
/** After flush->lanes changed: each space written as free counts in its lane again. */
void place_roots_recount_free(struct flush *flush);

#endif
