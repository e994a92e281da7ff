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

static struct bucket *bucket_of(struct limiter *limiter, uint64_t hash)
{
    return &limiter->bucket[(size_t)(hash >> 20) & (LIMITER_BUCKETS - 1)];
}

/* The bucket's tokens, filled up to now. */
static uint32_t *bucket_fill(struct bucket *bucket, uint64_t hash, int64_t boot_ms,
                             const struct limit *limit)
{
    const uint64_t full = (uint64_t)limit->burst * 1000;
    uint64_t tokens;

    if (bucket->hash != hash) {
        *bucket = (struct bucket){hash, boot_ms, (uint32_t)full};
    }
    tokens = bucket->tokens_m + (uint64_t)(boot_ms - bucket->at_ms) * limit->per_s_m / 1000;
    if (tokens > bucket->tokens_m) {
        bucket->tokens_m = (uint32_t)(tokens > full ? full : tokens);
        bucket->at_ms = boot_ms;
    }
    return &bucket->tokens_m;
}

bool limiter_has(struct limiter *limiter, uint64_t hash, int64_t boot_ms, const struct limit *limit)
{
    return *bucket_fill(bucket_of(limiter, hash), hash, boot_ms, limit) >= 1000;
}

bool bucket_take(struct bucket *bucket, uint64_t hash, int64_t boot_ms, const struct limit *limit,
                 uint32_t *left)
{
    uint32_t *tokens_m = bucket_fill(bucket, hash, boot_ms, limit);
    const bool has = *tokens_m >= 1000;

    *tokens_m -= has ? 1000 : 0;
    if (left != NULL) {
        *left = *tokens_m / 1000;
    }
    return has;
}

bool limiter_take(struct limiter *limiter, uint64_t hash, int64_t boot_ms,
                  const struct limit *limit, uint32_t *left)
{
    return bucket_take(bucket_of(limiter, hash), hash, boot_ms, limit, left);
}
