#ifndef GATEWAY_INVENTORY_PLACE_H
#define GATEWAY_INVENTORY_PLACE_H

#include "bowei/base/geo.h"
#include <stddef.h>

/** Checks a position of a file and turns it into WGS-84; false: reason says why. */
bool place_check(struct position_deg at, enum crs crs, struct position_e7 *out, char *reason,
                 size_t cap);

/** A ring of a polygon: points [first, first + count). */
struct place_ring {
    size_t first, count;
};

/** The point a polygon is shown and measured at: its centroid, or, where that lies outside (a
 * crescent, a ring), the middle of the widest of some cross-sections. The first ring is the outer
 * one. False: no area. */
bool place_of_polygon(const struct position_deg *points, const struct place_ring *rings,
                      size_t ring_count, struct position_deg *out);

#endif
