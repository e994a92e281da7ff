#ifndef GATEWAY_INVENTORY_SLOT_MAP_H
#define GATEWAY_INVENTORY_SLOT_MAP_H

#include "bowei/inventory.h"

/* From a hash to the number of a row, 4 bytes a bucket. The map knows neither keys nor texts: the
 * caller walks the candidates and compares. What of the 32 bits the row number does not need holds
 * a part of the hash, so that nearly every foreign candidate is passed over without touching its
 * row. */
struct slot_map {
    uint32_t *buckets; /**< 0 = empty, else tag << row_bits | row + 1 */
    uint32_t bucket_count;
    uint32_t row_bits;
};

/** Room for `rows` rows with numbers below `rows`. */
enum err slot_map_init(struct slot_map *map, uint32_t rows) MUST_CHECK;
void slot_map_finish(struct slot_map *map);
void slot_map_put(struct slot_map *map, uint64_t hash, uint32_t row);

/** Where a walk stands. */
struct slot_walk {
    uint32_t at, tag;
};

void slot_map_begin(const struct slot_map *map, uint64_t hash, struct slot_walk *walk);
/** The next row that may be meant, NO_SLOT when there is none. */
uint32_t slot_map_next(const struct slot_map *map, struct slot_walk *walk);

uint64_t slot_hash_key(uint64_t key);
uint64_t slot_hash_text(const char *text, size_t len);

#endif
