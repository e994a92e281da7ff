/* Open addressing from hashes to row numbers; the lookups of the inventory (IDs, devices, aliases)
 * stand on it. */
#include "gateway/inventory/slot_map.h"
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* 6 buckets for 5 rows: 3.5 probes for a hit, 18 for a miss on average (linear probing); 16 buckets
 * share a cache line. */
#define BUCKETS_PER 6
#define ROWS_PER    5

uint64_t slot_hash_key(uint64_t key)
{
    return XXH3_64bits(&key, sizeof key);
}

uint64_t slot_hash_text(const char *text, size_t len)
{
    return XXH3_64bits(text, len);
}

enum err slot_map_init(struct slot_map *map, uint32_t rows)
{
    uint64_t buckets = (uint64_t)rows * BUCKETS_PER / ROWS_PER + 2;

    *map = (struct slot_map){.bucket_count = (uint32_t)buckets, .row_bits = 1};
    if (buckets > UINT32_MAX) {
        return ERR_NO_MEMORY;
    }
    while (map->row_bits < 32 && rows >> map->row_bits != 0) {
        map->row_bits++;
    }
    map->buckets = calloc(buckets, sizeof *map->buckets);
    return map->buckets == NULL ? ERR_NO_MEMORY : ERR_OK;
}

void slot_map_finish(struct slot_map *map)
{
    free(map->buckets);
    *map = (struct slot_map){0};
}

/* Upper half of the hash picks the bucket (by multiplication: any number of buckets), the lower is
 * the tag. */
static uint32_t home_of(const struct slot_map *map, uint64_t hash)
{
    return (uint32_t)((hash >> 32) * map->bucket_count >> 32);
}

static uint32_t tag_of(const struct slot_map *map, uint64_t hash)
{
    return map->row_bits >= 32 ? 0 : (uint32_t)hash << map->row_bits;
}

static uint32_t row_mask(const struct slot_map *map)
{
    return map->row_bits >= 32 ? UINT32_MAX : (UINT32_C(1) << map->row_bits) - 1;
}

static uint32_t step(const struct slot_map *map, uint32_t at)
{
    return at + 1 == map->bucket_count ? 0 : at + 1;
}

void slot_map_put(struct slot_map *map, uint64_t hash, uint32_t row)
{
    uint32_t at = home_of(map, hash);

    while (map->buckets[at] != 0) {
        at = step(map, at);
    }
    map->buckets[at] = tag_of(map, hash) | (row + 1);
}

void slot_map_begin(const struct slot_map *map, uint64_t hash, struct slot_walk *walk)
{
    *walk = (struct slot_walk){.at = map->buckets == NULL ? 0 : home_of(map, hash),
                               .tag = tag_of(map, hash)};
}

uint32_t slot_map_next(const struct slot_map *map, struct slot_walk *walk)
{
    uint32_t mask = row_mask(map);

    if (map->buckets == NULL) {
        return NO_SLOT;
    }
    for (;;) {
        uint32_t bucket = map->buckets[walk->at];

        if (bucket == 0) {
            return NO_SLOT;
        }
        walk->at = step(map, walk->at);
        if ((bucket & ~mask) == walk->tag) {
            return (bucket & mask) - 1;
        }
    }
}
