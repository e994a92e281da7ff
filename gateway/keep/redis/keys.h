#ifndef GATEWAY_KEEP_REDIS_KEYS_H
#define GATEWAY_KEEP_REDIS_KEYS_H

#include "bowei/alert.h"
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
    KEY_EPOCH,         /**< string: the fencing token */
    KEY_META,          /**< hash: as_of, epoch, applied, schema, run_id */
    KEY_FREE,          /**< geo: free spaces */
    KEY_CHANGES,       /**< stream: packed changes */
    KEY_AUDIT,         /**< stream: who did what; {city} only */
    KEY_VEHICLES,      /**< set: the bikes that have a key */
    KEY_ALERTS,        /**< set: the episodes that have a key */
    KEY_VEHICLES_NEXT, /**< the same while everything is written anew; then it takes its place */
    KEY_ALERTS_NEXT,
    KEY_CASES, /**< set: the cases that have a key */
    KEY_CASES_NEXT,
    KEY_EVENTS, /**< hash: what the operators' logs hold; {city} only */
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
/** bowei:{150402}:fence:<id>, :vehicle:<ref> (len <= VEHICLE_REF_MAX), :alert:<id>. */
void redis_key_fence(struct redis_key *out, uint32_t adcode, space_key key);
void redis_key_vehicle(struct redis_key *out, uint32_t adcode, const char *ref, size_t len);
void redis_key_alert(struct redis_key *out, uint32_t adcode, uint64_t id);
/** bowei:{150402}:case:<number>, its history :case:<number>:rows, bowei:{150402}:stay:<id>. */
void redis_key_case(struct redis_key *out, uint32_t adcode, uint64_t id);
void redis_key_case_rows(struct redis_key *out, uint32_t adcode, uint64_t id);
void redis_key_stay(struct redis_key *out, uint32_t adcode, space_key key);
/** bowei:{op:<OP>}:log; code of at most OPERATOR_CODE letters. */
void redis_key_log(struct redis_key *out, const char *operator_code);
/** bowei:{city}:mute:<fence id>, or :mute:city (0). */
void redis_key_mute(struct redis_key *out, space_key fence);

#endif
