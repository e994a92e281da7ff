#ifndef GATEWAY_KEEP_REDIS_PASS_H
#define GATEWAY_KEEP_REDIS_PASS_H

#include "gateway/keep/redis/fill.h"

/* One pass of a flush over its lanes. Core thread. */

#define HEARTBEAT_MS   1500 /* meta.as_of at least every 2 s; readers give up at 10 s */
#define FOLLOW_MS      250 /* meta.applied, where what came since changed nothing worth a write ... */
#define FOLLOW_EACH_MS 10 /* ... and no more than a hundred transactions a second for it */

/** Shall the lane's meta be written, whether something of it is dirty or not? For its readers, who
 * give up on a gateway whose as_of is old, and since `newest` is more than it says to have. */
bool pass_meta_due(const struct flush *flush, const struct lane *lane, struct position newest,
                   int64_t at_ms);
/** Every lane's pass begins, the first lane's first. */
void pass_begin(struct flush *flush);
/** Moves the lane on by at most one slice. False: no slice is free. */
bool pass_step(struct flush *flush, int64_t at_ms, int64_t shift_ms, unsigned *looks);
/** Hands flush->filling to the writer; `last`: it is the lane's last of this flush. */
void pass_post(struct flush *flush, struct lane *lane, bool last, int64_t as_of_ms);

#endif
