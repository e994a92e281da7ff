#ifndef GATEWAY_INVENTORY_FENCES_FENCE_MAP_H
#define GATEWAY_INVENTORY_FENCES_FENCE_MAP_H

#include "bowei/fences.h"
#include "bowei/inventory.h"
#include "gateway/inventory/slot_map.h"

/* What a snapshot keeps of fences beyond the rows of fences.h: their corners made ready for
 * measuring, the spatial index over their boxes, and who is who among bikes. Built once, then only
 * read. */

/** Millimetres per 1e-7 degree of latitude on the sphere of EARTH_RADIUS_M, times 2^24:
 * 6371008.8 m * pi / 180 * 1e-7 * 1000 = 11.1195080 mm. */
#define FENCE_MM_24 INT64_C(186554388)
/** Unit vectors are whole numbers of 2^-30. */
#define FENCE_UNIT 30

struct fence_ring {
    uint32_t corner; /**< first of count + 1: the first corner is stored again at the end */
    uint32_t count;
    bool hole;
};

/** From a corner to the next: direction on the local plane and length. */
struct fence_edge {
    int32_t ux, uy;
    int32_t len_mm;
};

/** The local plane of a fence: x = lon * lon_mm_24, y = lat * FENCE_MM_24 (both / 2^24). It is
 * affine, so the edges of the file, straight in degrees, are straight on it. */
struct fence_plane {
    int32_t lon_mm_24;
    uint32_t first_ring, last_ring; /**< behind the last */
};

/** A bike with its own radio or modem; 0 = not given. */
struct fence_vehicle {
    uint64_t mac, imei;
    uint32_t ref, beacon; /**< offsets in text */
};

/** Whose bikes speak from MACs that begin so. */
struct fence_prefix {
    uint64_t value;   /**< of the upper bits */
    uint8_t bits;     /**< how many of 48 */
    uint8_t operator; /**< index in operators */
};

struct fence_uuid {
    char text[33]; /**< 32 hex digits, lower case */
    uint8_t operator;
};

struct fence_map {
    struct position_e7 *corners;
    struct fence_edge *edges; /**< edge i begins at corner i */
    struct fence_ring *rings;
    struct fence_plane *planes; /**< by fence */
    struct fence_index *index;
    struct fence_vehicle *vehicles;
    struct fence_prefix *prefixes;
    struct fence_uuid *uuids;
    uint32_t vehicle_count, prefix_count, uuid_count;
    struct slot_map keys, beacon_names, listener_ids;
    struct slot_map macs, imeis, vehicle_beacons; /**< of vehicles */
};

void fence_map_destroy(struct fence_map *map);

struct draft;

/** Fills corners, rings, edges and planes of outlines whose rings are those of the draft, and the
 * boxes in `fences`; there, ring then counts in the map. Grid cells come here, too. */
enum err fence_map_corners(struct fence_map *map, const struct draft *draft,
                           struct inv_fence *fences, uint32_t count) MUST_CHECK;
/** The spatial index over the boxes. */
enum err fence_map_index(struct fence_map *map, const struct inv_fence *fences,
                         uint32_t count) MUST_CHECK;
/** fence_distance_mm of any set of outlines. */
int64_t fence_map_distance_mm(const struct fence_map *map, const struct inv_fence *fences,
                              uint32_t fence, struct position_e7 at);

#endif
