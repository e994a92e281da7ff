#ifndef API_LIMITER_H
#define API_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Token buckets by the hash of whom they belong to: an address or a key. A foreign one in its place
 * is evicted, which only ever fills a bucket. HTTP thread only. */

#define LIMITER_BUCKETS 1024u /**< a power of two */

struct bucket {
    uint64_t hash; /**< whose; 0 = nobody's yet */
    int64_t at_ms;
    uint32_t tokens_m; /**< thousandths */
};

struct limiter {
    struct bucket bucket[LIMITER_BUCKETS];
};

/** How fast a bucket fills, thousandths of a token a second, and what it holds. */
struct limit {
    uint32_t per_s_m, burst;
};

/** FNV-1a; never 0. */
uint64_t limiter_hash(const void *data, size_t len);
/** Takes a token; false when there is none. left: whole tokens there are now (may be NULL). */
bool limiter_take(struct limiter *limiter, uint64_t hash, int64_t boot_ms,
                  const struct limit *limit, uint32_t *left);
/** The same of one bucket that nobody else shares, zeroed at first: for a quota of all together. */
bool bucket_take(struct bucket *bucket, uint64_t hash, int64_t boot_ms, const struct limit *limit,
                 uint32_t *left);
/** Looks only: is there a token? */
bool limiter_has(struct limiter *limiter, uint64_t hash, int64_t boot_ms,
                 const struct limit *limit);

#endif
