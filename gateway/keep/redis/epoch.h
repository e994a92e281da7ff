#ifndef GATEWAY_KEEP_REDIS_EPOCH_H
#define GATEWAY_KEEP_REDIS_EPOCH_H

#include "gateway/keep/redis/link.h"

/* The fencing token: bowei:{<district>}:epoch. Whoever holds the greatest epoch writes; every write
 * stands in a transaction that WATCHes it. */

/** No gateway comes so far by itself: epochs grow by 1 a start, and are the clock's seconds after a
 * start that could not ask (the year 5138). An id of milliseconds is greater. */
#define EPOCH_MOST UINT64_C(100000000000)

/** What a district's epoch and meta keys say. */
struct epoch_state {
    uint64_t epoch; /**< 0 = none, or not a number */
    bool has_meta;
    uint64_t schema;         /**< 0 = none */
    struct position applied; /**< {0,0} = none */
    int64_t as_of_ms;        /**< 0 = none */
};

bool redis_epoch_read(struct redis_link *link, uint32_t adcode, struct epoch_state *out);

enum epoch_taken { EPOCH_TAKEN, EPOCH_FOREIGN, EPOCH_FAILED };
/** Writes `epoch` when what is there is smaller; `mine`: when it is equal that counts as taken.
 * *found: what was there. */
enum epoch_taken redis_epoch_take(struct redis_link *link, uint32_t adcode, uint64_t epoch,
                                  bool mine, uint64_t *found);

/** WATCH and GET, appended to a pipeline; redis_epoch_watched reads their two replies (*found 0 =
 * none). */
void redis_epoch_watch(struct strbuf *b, uint32_t adcode);
bool redis_epoch_watched(struct redis_link *link, uint64_t *found);
/** How many have an epoch: all districts of the snapshot, and ADCODE_CITY as the last; and which is
 * at that place. */
size_t redis_epoch_districts(const struct inventory *inv);
uint32_t redis_epoch_district(const struct inventory *inv, size_t at);

#endif
