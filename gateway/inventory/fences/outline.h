#ifndef GATEWAY_INVENTORY_FENCES_OUTLINE_H
#define GATEWAY_INVENTORY_FENCES_OUTLINE_H

#include "gateway/inventory/draft.h"

/* What the outline of a fence or of a grid cell may be. */

#define OUTLINE_CORNERS_MIN 3u
#define OUTLINE_CORNERS_MAX 100000u /**< of all rings together */
#define OUTLINE_RINGS_MAX   64u

/** Why an outline is refused, and the corner to look at. */
struct outline_fault {
    char reason[160];
    uint32_t ring, corner; /**< counted from 0 within the outline */
};

/** What is inside an outline: how large it may be. */
enum outline_use { OUTLINE_PARK, OUTLINE_NO_PARK, OUTLINE_GRID, OUTLINE_USE_COUNT };

enum outline_use outline_use_of(space_key fence);
/** Checks the rings of an outline in the draft, turns them as GeoJSON wants (outer
 * counter-clockwise, holes clockwise) and fills centre and area. ERR_UNPROCESSABLE: refused, fault
 * says why. */
enum err outline_check(struct draft *draft, struct draft_outline *outline, enum outline_use use,
                       struct outline_fault *fault) MUST_CHECK;

/** A corner of the rings taken together. */
struct outline_corner {
    struct position_e7 at;
    uint32_t next; /**< the corner its edge leads to */
    uint32_t ring, corner;
};

/** Two edges that touch or cross, by the corners they begin at; neighbours share a corner and are
 * none, unless one lies on the other. All corners are at different places. Returns false when
 * there are none. n log n, whatever the outline (Shamos and Hoey 1976). */
enum err outline_crossing(const struct outline_corner *corners, uint32_t count, bool *found,
                          uint32_t *a, uint32_t *b) MUST_CHECK;

#endif
