#ifndef GATEWAY_CORE_CASE_CASE_INDEX_H
#define GATEWAY_CORE_CASE_CASE_INDEX_H

#include "bowei/case_image.h"
#include <uthash.h>

/* Which case is about what: one slot per kind and thing. */

/** A kind and a vehicle, or a kind and a place. */
struct case_thing {
    space_key place;
    char vehicle[VEHICLE_REF_MAX + 1];
    uint8_t kind;
};

struct case_index_entry {
    struct case_thing thing;
    uint32_t slot;
    UT_hash_handle hh;
};

struct case_index {
    struct case_index_entry *entries;
};

/** What a case of this kind is about: the vehicle when there is one, else the place. false: only a
 * position, so that no two of them are the same. */
bool case_thing_of_subject(enum case_kind kind, space_key place, const char *vehicle,
                           struct case_thing *out);
/** Where it came up: the place when there is one, else the vehicle. */
bool case_thing_of_scene(enum case_kind kind, space_key place, const char *vehicle,
                         struct case_thing *out);

void case_index_finish(struct case_index *index);
/** NO_CASE when there is none. */
uint32_t case_index_find(const struct case_index *index, const struct case_thing *thing);
/** false on no memory. */
bool case_index_put(struct case_index *index, const struct case_thing *thing, uint32_t slot);
/** Takes the thing out when it is this slot's. */
void case_index_drop(struct case_index *index, const struct case_thing *thing, uint32_t slot);

#endif
