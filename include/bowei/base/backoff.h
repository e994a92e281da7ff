#ifndef BOWEI_BASE_BACKOFF_H
#define BOWEI_BASE_BACKOFF_H

#include <stdint.h>

/** Growing, jittered pauses between attempts. One owner. */
struct backoff {
    uint32_t tries;
    uint64_t seed; /**< any but 0 */
};

void backoff_init(struct backoff *b, const char *name, int64_t salt);
/** base * 2^tries up to cap, of that a random half to whole; counts the try. */
int64_t backoff_next_ms(struct backoff *b, int64_t base_ms, int64_t cap_ms);
/** The next pause is the shortest again. */
void backoff_reset(struct backoff *b);

#endif
