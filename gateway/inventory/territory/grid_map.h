#ifndef GATEWAY_INVENTORY_TERRITORY_GRID_MAP_H
#define GATEWAY_INVENTORY_TERRITORY_GRID_MAP_H

#include "gateway/inventory/draft.h"
#include "gateway/inventory/fences/fence_map.h"

/* The unit grid: cells with the geometry and index of fences, in the order of their IDs. */

#define NO_CELL UINT32_MAX
/** Neighbours may overlap by so much: outlines of two drawings never meet to the millimetre. */
#define GRID_OVERLAP_MM 2000

struct grid_map {
    uint32_t count;
    uint64_t *ids; /**< ascending */
    struct inv_fence *cells;
    struct fence_map *shapes;
};

/** Of the draft's grids, which are sorted and checked. */
enum err grid_map_build(struct grid_map *map, const struct draft *draft) MUST_CHECK;
void grid_map_finish(struct grid_map *map);
/** The cell at a point, NO_CELL when none. On an edge that two share, and where two overlap within
 * the tolerance, the lower ID has it: every point is in at most one. */
uint32_t grid_map_at(const struct grid_map *map, struct position_e7 at);
/** Calls found for each two cells (a < b) that overlap by more than GRID_OVERLAP_MM, as seen from
 * the corners, from points each 10 m along the edges (64 an edge at most), and from the centres. */
void grid_map_overlaps(const struct grid_map *map, void (*found)(void *ctx, uint32_t a, uint32_t b),
                       void *ctx);

#endif
