#ifndef GATEWAY_INVENTORY_SPATIAL_TREE_H
#define GATEWAY_INVENTORY_SPATIAL_TREE_H

#include "gateway/inventory/spatial.h"

/* The shape of the spatial index, shared by its builder (spatial.c) and its search
 * (spatial_near.c). */

#define SPATIAL_FANOUT 16
#define SPATIAL_LEVELS 9 /* 16^8 = 2^32 places */

/** The boxes of 16 neighbours, a row each side: what one step of a search compares at once. A group
 *  that is not full ends with boxes that hold nothing. */
struct box_group {
    int32_t south[SPATIAL_FANOUT], west[SPATIAL_FANOUT];
    int32_t north[SPATIAL_FANOUT], east[SPATIAL_FANOUT];
};

struct spatial {
    uint32_t count;
    uint32_t level_count; /**< level 0: boxes of 16 places each; the last has one box */
    uint32_t level_start[SPATIAL_LEVELS]; /**< in groups */
    uint32_t level_boxes[SPATIAL_LEVELS];
    struct position_e7 *places;
    uint32_t *slots; /**< NULL when place i has slot i (right after start) */
    struct box_group *boxes;
};

/** How many of n things the group has. */
static inline uint32_t spatial_group_size(uint32_t n, uint32_t group)
{
    uint32_t left = n - group * SPATIAL_FANOUT;

    return left < SPATIAL_FANOUT ? left : SPATIAL_FANOUT;
}

static inline uint32_t spatial_slot(const struct spatial *index, uint32_t place)
{
    return index->slots == NULL ? place : index->slots[place];
}

#endif
