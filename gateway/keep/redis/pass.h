#ifndef GATEWAY_KEEP_REDIS_PASS_H
#define GATEWAY_KEEP_REDIS_PASS_H

#include "gateway/keep/redis/fill.h"

/* One pass of a flush over its lanes. Core thread. */

#define HEARTBEAT_MS 1500 /* meta.as_of at least every 2 s; readers give up at 10 s */

/** Every lane's pass begins, the first lane's first. */
void pass_begin(struct flush *flush);
/** Moves the lane on by at most one slice. False: no slice is free. */
bool pass_step(struct flush *flush, int64_t at_ms, int64_t shift_ms, unsigned *looks);
/** Hands flush->filling to the writer; `last`: it is the lane's last of this flush. */
void pass_post(struct flush *flush, struct lane *lane, bool last, int64_t as_of_ms);

#endif
