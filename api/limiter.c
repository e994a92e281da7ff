/* Token buckets: how many requests, or wrong keys, somebody has left. rate.c says who and how many.
 */
#include "api/limiter.h"

/* FNV-1a (offset and prime of its 64-bit form). */
uint64_t limiter_hash(const void *data, size_t len)
{
    const uint8_t *byte = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    }
    return hash | 1;
}

/* The bucket, filled up to now. */
static uint32_t *bucket_fill(struct limiter *limiter, uint64_t hash, int64_t boot_ms,
                             const struct limit *limit)
{
    const size_t at = (size_t)(hash >> 20) & (LIMITER_BUCKETS - 1);
    const uint64_t full = (uint64_t)limit->burst * 1000;
    uint64_t tokens;

    if (limiter->bucket[at].hash != hash) {
        limiter->bucket[at].hash = hash;
        limiter->bucket[at].tokens_m = (uint32_t)full;
        limiter->bucket[at].at_ms = boot_ms;
    }
    tokens = limiter->bucket[at].tokens_m +
             (uint64_t)(boot_ms - limiter->bucket[at].at_ms) * limit->per_s_m / 1000;
    if (tokens > limiter->bucket[at].tokens_m) {
        limiter->bucket[at].tokens_m = (uint32_t)(tokens > full ? full : tokens);
        limiter->bucket[at].at_ms = boot_ms;
    }
    return &limiter->bucket[at].tokens_m;
}

bool limiter_has(struct limiter *limiter, uint64_t hash, int64_t boot_ms, const struct limit *limit)
{
    return *bucket_fill(limiter, hash, boot_ms, limit) >= 1000;
}

bool limiter_take(struct limiter *limiter, uint64_t hash, int64_t boot_ms,
                  const struct limit *limit, uint32_t *left)
{
    uint32_t *tokens_m = bucket_fill(limiter, hash, boot_ms, limit);
    const bool has = *tokens_m >= 1000;

    *tokens_m -= has ? 1000 : 0;
    if (left != NULL) {
        *left = *tokens_m / 1000;
    }
    return has;
}
