#ifndef GATEWAY_INVENTORY_SPATIAL_H
#define GATEWAY_INVENTORY_SPATIAL_H

#include "bowei/inventory.h"

/** A place to be indexed. */
struct spatial_place {
    struct position_e7 at;
    uint32_t slot;
};

/** Builds the index over the places; they may be freed afterwards. */
enum err spatial_build(const struct spatial_place *places, uint32_t count,
                       struct spatial **out) MUST_CHECK;
void spatial_destroy(struct spatial *index);

#endif
