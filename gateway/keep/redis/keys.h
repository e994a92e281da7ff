#ifndef GATEWAY_KEEP_REDIS_KEYS_H
#define GATEWAY_KEEP_REDIS_KEYS_H

#include "bowei/base/space_id.h"
#include "bowei/reading.h"

/* Every Redis key of the program. The district code is the hash tag, so all of a district is one
 * slot of a Redis Cluster; what belongs to no district has the tag {city}. */

#define REDIS_KEY_MAX (32 + DEVICE_ID_MAX)
#define ADCODE_CITY   0u /**< the "district" of what belongs to none */

struct redis_key {
    char text[REDIS_KEY_MAX];
    size_t len;
};

/** Keys that exist once a district. */
enum redis_key_kind {
    KEY_EPOCH,   /**< string: the fencing token */
    KEY_META,    /**< hash: as_of, epoch, applied, schema, run_id */
    KEY_FREE,    /**< geo: free spaces */
    KEY_CHANGES, /**< stream: packed changes */
    KEY_AUDIT,   /**< stream: who did what; {city} only */
    KEY_KIND_COUNT
};

/** bowei:{150402}:meta, ... */
void redis_key_district(struct redis_key *out, uint32_t adcode, enum redis_key_kind kind);
/** bowei:{150402}:space:<id>, of a space, a lot and a space's override. */
void redis_key_space(struct redis_key *out, uint32_t adcode, space_key key);
void redis_key_lot(struct redis_key *out, uint32_t adcode, space_key key);
void redis_key_override(struct redis_key *out, uint32_t adcode, space_key key);
/** bowei:{city}:suspect:<device>; len <= DEVICE_ID_MAX. */
void redis_key_suspect(struct redis_key *out, const char *device, size_t len);

#endif
