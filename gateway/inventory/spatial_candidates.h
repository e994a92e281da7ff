#ifndef GATEWAY_INVENTORY_SPATIAL_CANDIDATES_H
#define GATEWAY_INVENTORY_SPATIAL_CANDIDATES_H

#include "gateway/inventory/spatial_tree.h"

/* What a near search has gathered, in no order, and the picking of the nearest of it. Places are
 * gathered by a bound, a cheap number that is never above the distance; what decides is
 * distance_mm, taken of as few of them as can be. */

#define CANDIDATES_MAX 2048u /* twice SPATIAL_LIMIT_MAX */
#define CANDIDATES_FEW 128u  /* so many are ranked by their bounds first */

struct candidates {
    struct position_e7 at;
    int64_t radius_mm;
    uint32_t limit;
    double stretch; /**< distance <= stretch * bound */
    double reach2;  /**< what is gathered: all places with a bound2 up to this */
    uint32_t count;
    float bound2[CANDIDATES_MAX]; /**< squares of the bounds, mm^2 */
    uint32_t place[CANDIDATES_MAX];
};

/** Whose bound2 is above this is farther away than a place with that bound2, whatever their
 * distances round to. */
double candidates_behind(const struct candidates *c, double bound2);
/** Whose bound2 is above this is farther away than so many mm. */
double candidates_beyond(int64_t mm);
/** Puts the up to `limit` nearest within the radius into hits, sorted by (distance, ID); a hit's
 * slot is its place. Returns how many, and in reach2 above which bound2 nothing that was not
 * gathered could be among them. */
uint32_t candidates_pick(const struct candidates *c, const struct inventory *inv,
                         const struct spatial *index, struct spatial_hit *hits, double *reach2);

#endif
