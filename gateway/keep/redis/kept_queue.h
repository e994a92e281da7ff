#ifndef GATEWAY_KEEP_REDIS_KEPT_QUEUE_H
#define GATEWAY_KEEP_REDIS_KEPT_QUEUE_H

#include "gateway/keep/redis/fill.h"

/* Kept images on their way to Redis: overrides in the lane of their district, suspects and rows of
 * the audit in that of {city}. Rows are a stream, so they go in their order; those that find no
 * room or that Redis has lost are read back out of the journal, and until then nothing is
 * confirmed. Core thread; a part of the flush. */

/** Those that were handed over leave the array. */
void kept_queue_shift(struct lane *lane);
/** Redis lost data: all rows that the journal has are handed over again. Nothing is being filled.
 */
void kept_queue_again(struct flush *flush);
/** Takes in rows that the journal has, so far as there is room, a bounded amount of it a call.
 * True: there is more to look at. */
bool kept_queue_refill(struct flush *flush);

#endif
