#ifndef BOWEI_FENCES_H
#define BOWEI_FENCES_H

#include "bowei/base/geo.h"
#include "bowei/base/space_id.h"
#include "bowei/reading.h"

/* The non-motor half of the inventory: fences and no-parking zones with their polygons, what marks
 * and listens at them (beacons, listeners), who runs bikes (operators) and which radio or lock
 * belongs to which bike. Part of the immutable inventory snapshot (inventory.h): any thread, no
 * lock. A fence's index is for the life of the process, as a lot's is; a removed one is a
 * tombstone. */

struct inventory;

#define OPERATORS_MAX   16 /**< bike-share operators of one city */
#define OPERATOR_CODE   6  /**< longest OP, 2 to 6 capital letters */
#define VEHICLE_REF_MAX 27 /**< "OP-NUMBER": OP, a hyphen, 4 to 20 of [0-9A-Z] */
#define NO_FENCE        UINT32_MAX
#define NO_OPERATOR     UINT8_MAX

/** What a zone is for. PARK: kinds F and B; NO_PARK: kind N, never offered as a place to park. */
enum fence_use { FENCE_PARK, FENCE_NO_PARK, FENCE_USE_COUNT };

const char *fence_use_name(enum fence_use use); /**< "park", "no_park" */

struct inv_fence {
    space_key key;
    struct position_e7 centre;     /**< a point inside, to put a mark on a map */
    struct position_e7 south_west; /**< bounding box */
    struct position_e7 north_east;
    int64_t from_ms, until_ms; /**< valid window, epoch ms wall clock; 0 = open on that side */
    uint32_t ring, ring_count; /**< its rings; each polygon: one outer, then its holes (RFC 7946:
                                  outer counter-clockwise, holes clockwise) */
    uint32_t capacity;         /**< bikes; 0 with FENCE_NO_PARK */
    uint32_t name_zh, name_en; /**< offsets in the inventory's text, 0 = none */
    uint32_t area_m2;
    uint16_t district; /**< index in inventory districts */
    uint8_t use;       /**< enum fence_use */
    uint8_t removed;   /**< tombstone */
    uint8_t has_radio; /**< a beacon or listener is bound to it */
};

/** A road stud or other beacon that marks a fence: heard by bikes, or passed on by a listener. */
struct inv_beacon {
    uint32_t identity; /**< offset in text: as beacon_text says it, or "mac:<12 hex>" */
    uint32_t fence;
};

/** A fixed Bluetooth gateway that hears bikes at one fence. */
struct inv_listener {
    uint32_t id; /**< offset in text: lower-case MAC or name, as the envelope says it */
    uint32_t fence;
    uint32_t scan_period_ms; /**< between two full scan results; default 10 s */
    uint8_t source;          /**< index in the inventory's sources: the link that carries it */
};

struct inv_operator {
    char code[OPERATOR_CODE + 1];
    uint32_t name_zh, name_en; /**< offsets in text, 0 = none */
    uint32_t quota;            /**< bikes it may place in the city; 0 = not set */
};

/** Why a vehicle reference is none. */
bool vehicle_ref_valid(const char *ref, size_t len);
/** Operator of a reference, or of a bare code; NO_OPERATOR when the city has none of it. */
uint8_t fences_operator(const struct inventory *inv, const char *ref, size_t len);

/** By key: live or removed, NO_FENCE when unknown. */
uint32_t fences_find(const struct inventory *inv, space_key key);
/** May a bike be parked by this zone's window at this wall time (or, no_park: is it in force)? */
bool fence_in_force(const struct inv_fence *fence, int64_t wall_ms);
/** Fence that a beacon marks, NO_FENCE when none. identity as in inv_beacon; case is ignored. */
uint32_t fences_beacon(const struct inventory *inv, const char *identity, size_t len);
/** Index in listeners, UINT32_MAX when unknown; case is ignored, a MAC may have : or -. Not kept
 * over swaps. */
uint32_t fences_listener(const struct inventory *inv, const char *id, size_t len);

/** Which bike is it? Fills ref (NUL-terminated) by, in this order: the vehicles table (mac, imei or
 * beacon); an operator's allow-list of MAC prefixes ("OP-<12 hex, upper case>") or of iBeacon UUIDs
 * ("OP-<major and minor, 8 hex>"). False: not a bike of this city (a phone, a printer, a stud of
 * the beacons table). Any of the three may be empty. */
bool fences_identify(const struct inventory *inv, const char *mac, const char *beacon,
                     const char *imei, char ref[VEHICLE_REF_MAX + 1]);

/* --- geometry: one routine for queries, verdicts and alerts --- */

/** Signed distance from a point to the edge of a fence, whole millimetres on the fence's own local
 * plane (integers only): negative inside, 0 on the edge and only there. The side is exact (even-odd
 * over the rings in 1e-7 degree). INT64_MAX for a removed fence. Exact to 20 mm on that plane
 * within 50 km; the plane is the sphere to 1/1000 within 1 km of a fence. Beyond 9 degrees: to the
 * centre, about. The zone of the file has straight edges in degrees, so has the plane. */
int64_t fence_distance_mm(const struct inventory *inv, uint32_t fence, struct position_e7 at);

/** One fence near a point. */
struct fence_hit {
    int64_t distance_mm; /**< signed, to the edge */
    uint32_t fence;
};

/** Live fences whose edge is within `within_mm` of the point or that contain it, sorted by
 * precedence for the point: containing ones first (see fence_precedes), then by distance, then ID.
 * Fills up to `cap`, returns how many there are in all. `use`: one of enum fence_use, or
 * FENCE_USE_COUNT for both. Windows are not looked at. Stack only, no allocation. */
uint32_t fences_around(const struct inventory *inv, struct position_e7 at, int64_t within_mm,
                       enum fence_use use, struct fence_hit *hits, uint32_t cap);
/** The one that decides at a point: of those that contain it and pass the filter the first by
 * fence_precedes, however many there are. False: none. */
bool fences_deciding(const struct inventory *inv, struct position_e7 at,
                     bool (*filter)(void *ctx, uint32_t fence), void *ctx, struct fence_hit *hit);
/** Nearest first by distance of the edge (inside = 0, also in the hit), then ID; exact; at most
 * `limit` (1..1024). filter NULL = all live ones; it may be asked for the same one again. */
uint32_t fences_near(const struct inventory *inv, struct position_e7 at, int64_t radius_mm,
                     bool (*filter)(void *ctx, uint32_t fence), void *ctx, struct fence_hit *hits,
                     uint32_t limit);
/** Overlaps: a temporary zone (one with a window) before a standing one, then no_park before park,
 * then the smaller area, then the lower ID. True when a decides over b. */
bool fence_precedes(const struct inv_fence *a, const struct inv_fence *b);
/** Calls visit for each live fence whose box meets the given one, in no order, until it returns
 * false. */
void fences_box(const struct inventory *inv, struct position_e7 south_west,
                struct position_e7 north_east, bool (*visit)(void *ctx, uint32_t fence), void *ctx);
/** Has a fence the same outline in two snapshots? Indices last over both. */
bool fences_same_outline(const struct inventory *a, const struct inventory *b, uint32_t fence);
/** Corners of ring `ring` (index), closed: the first is not repeated. */
const struct position_e7 *fences_ring(const struct inventory *inv, uint32_t ring, uint32_t *corners,
                                      bool *hole);

#endif
