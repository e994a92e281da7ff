#ifndef GATEWAY_INVENTORY_SPATIAL_TREE_H
#define GATEWAY_INVENTORY_SPATIAL_TREE_H

#include "gateway/inventory/spatial.h"

/* The shape of the spatial index, shared by its builder (spatial.c) and its search
 * (spatial_near.c). */

#define SPATIAL_FANOUT 16
#define SPATIAL_LEVELS 9 /* 16^8 = 2^32 places */

struct box {
    int32_t south, west, north, east;
};

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
    float *ground; /**< of each box of level 1: what its 16 leaves cover, 1e-14 square degree */
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

static inline struct box box_get(const struct box_group *g, uint32_t at)
{
    return (struct box){g->south[at], g->west[at], g->north[at], g->east[at]};
}

/** Bit i: box i of the group and this one have a point in common. One loop without a branch, so
 * that it becomes vectors. */
static inline uint32_t box_group_touched(const struct box_group *g, struct box want)
{
    static const uint32_t bit[SPATIAL_FANOUT] = {0x1,    0x2,    0x4,    0x8,   0x10,  0x20,
                                                 0x40,   0x80,   0x100,  0x200, 0x400, 0x800,
                                                 0x1000, 0x2000, 0x4000, 0x8000};
    uint32_t bits = 0;

    for (uint32_t i = 0; i < SPATIAL_FANOUT; i++) {
        bool touched = (g->south[i] <= want.north) & (g->north[i] >= want.south) &
                       (g->west[i] <= want.east) & (g->east[i] >= want.west);

        bits |= touched ? bit[i] : 0;
    }
    return bits;
}

#endif
