#ifndef GATEWAY_KEEP_REDIS_STREAM_H
#define GATEWAY_KEEP_REDIS_STREAM_H

#include "gateway/keep/redis/keys.h"
#include "gateway/keep/redis/link.h"
#include <stdbool.h>
#include <stdint.h>

/* The two ends of a stream in Redis: which entry is the newest, which the oldest from an id on. */

/** Of an entry: "<first>-<second>", compared as a pair. */
struct stream_id {
    uint64_t first, second;
};

static inline int stream_id_compare(struct stream_id a, struct stream_id b)
{
    if (a.first != b.first) {
        return a.first < b.first ? -1 : 1;
    }
    return a.second < b.second ? -1 : a.second > b.second;
}

/** The newest entry's id; *found: there is one, else *id is 0-0. False: the connection failed, or
 * Redis refuses (another type stands at the key, no right). */
bool stream_newest(struct redis_link *link, const struct redis_key *key, struct stream_id *id,
                   bool *found);
/** The same of the oldest entry at or above `from`. */
bool stream_oldest(struct redis_link *link, const struct redis_key *key, struct stream_id from,
                   struct stream_id *id, bool *found);

#endif
