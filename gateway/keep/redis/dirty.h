#ifndef GATEWAY_KEEP_REDIS_DIRTY_H
#define GATEWAY_KEEP_REDIS_DIRTY_H

#include <stdbool.h>
#include <stdint.h>

/* Which roots wait to be written: a bit each, and above 64 of them a bit that says whether any
 * does, so that a pass over a million clean roots looks at 250 words. */
struct dirty {
    uint64_t *bits, *any;
    uint32_t count; /**< roots */
};

bool dirty_init(struct dirty *dirty, uint32_t count);
void dirty_finish(struct dirty *dirty);
/** Room for so many roots; those that are set stay so. False: no memory, nothing changed. */
bool dirty_grow(struct dirty *dirty, uint32_t count);
/** False when it was set already. */
bool dirty_put(struct dirty *dirty, uint32_t root);
void dirty_clear(struct dirty *dirty, uint32_t root);
/** The first that is set at or after `from`; `end` when there is none before it. */
uint32_t dirty_next(const struct dirty *dirty, uint32_t from, uint32_t end);

#endif
