/* The one geometry routine of fences and grid cells: how far a point is from a fence's edge, and on
 * which side. Queries, verdicts and alerts all come here, so they cannot disagree.
 *
 * The side is decided by even-odd counting in whole 1e-7 degrees, the coordinates of the file:
 * exact, so two zones that share an edge never both have or both miss a point. The distance is
 * measured on the fence's local plane in whole millimetres: along each edge by its unit vector
 * (2^-30), no division and no root but one at the end. */
#include "gateway/inventory/fences/fence_map.h"

/* Beyond this many 1e-7 degrees (about 1000 km) squares would overflow; the centre is enough. */
#define FAR_E7 INT64_C(90000000)
/* A point this near may lie exactly on an edge; rounding is less than half of it. */
#define ON_EDGE_MM 4

/* (v * factor / 2^24), rounded; >> of a negative number is arithmetic with every compiler we have
 * (C11 6.5.7 leaves it to them). */
static inline int64_t plane_mm(int64_t v, int64_t factor)
{
    return (v * factor + (INT64_C(1) << 23)) >> 24;
}

static uint64_t root_of(uint64_t v)
{
    uint64_t bit = UINT64_C(1) << 62;
    uint64_t root = 0;

    while (bit > v) {
        bit >>= 2;
    }
    for (; bit != 0; bit >>= 2) {
        if (v >= root + bit) {
            v -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root + (v > root); /* to the nearest */
}

/* What a walk along the rings has found. */
struct nearest {
    int64_t edge_mm;  /* to the line of an edge, from beside it; times 2^30 */
    int64_t corner_2; /* to a corner, squared */
    bool inside;
};

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* No branch depends on where the point lies but the side's, which few edges take: that is most of
 * the speed. */
static void ring_measure(const struct fence_map *map, const struct fence_ring *ring, int64_t lon_mm,
                         struct position_e7 at, struct nearest *best)
{
    const struct position_e7 *c = map->corners + ring->corner;
    const struct fence_edge *e = map->edges + ring->corner;
    const uint32_t count = ring->count;
    int64_t edge_mm = best->edge_mm;
    int64_t corner_2 = best->corner_2;
    bool inside = best->inside;

    for (uint32_t i = 0; i < count; i++) {
        const int64_t lon = (int64_t)at.lon - c[i].lon;
        const int64_t lat = (int64_t)at.lat - c[i].lat;
        const int64_t x = plane_mm(lon, lon_mm);
        const int64_t y = plane_mm(lat, FENCE_MM_24);
        const int64_t along = e[i].ux * x + e[i].uy * y;
        const int64_t beside = e[i].ux * y - e[i].uy * x;
        const int64_t left = ((int64_t)e[i].len_mm << FENCE_UNIT) - along;
        /* all ones when the point lies before the edge's start, or beyond either end */
        const int64_t before = along >> 63;
        const int64_t beyond = (along | left) >> 63;
        const int64_t turned = beside >> 63;

        corner_2 = smaller(corner_2, (x * x + y * y) | (~before & INT64_MAX));
        edge_mm = smaller(edge_mm, ((beside ^ turned) - turned) | (beyond & INT64_MAX));
        if ((c[i].lat > at.lat) != (c[i + 1].lat > at.lat)) {
            const int64_t rise = (int64_t)c[i + 1].lat - c[i].lat;
            const int64_t west = ((int64_t)c[i + 1].lon - c[i].lon) * lat - lon * rise;

            inside ^= rise > 0 ? west > 0 : west < 0;
        }
    }
    best->edge_mm = edge_mm;
    best->corner_2 = corner_2;
    best->inside = inside;
}

static bool between(int32_t v, int32_t a, int32_t b)
{
    return a < b ? v >= a && v <= b : v >= b && v <= a;
}

static bool is_on_edge(const struct fence_map *map, const struct fence_plane *plane,
                       struct position_e7 at)
{
    for (uint32_t r = plane->first_ring; r < plane->last_ring; r++) {
        const struct position_e7 *c = map->corners + map->rings[r].corner;

        for (uint32_t i = 0; i < map->rings[r].count; i++) {
            if (between(at.lat, c[i].lat, c[i + 1].lat) &&
                between(at.lon, c[i].lon, c[i + 1].lon) &&
                ((int64_t)c[i + 1].lon - c[i].lon) * ((int64_t)at.lat - c[i].lat) ==
                    ((int64_t)at.lon - c[i].lon) * ((int64_t)c[i + 1].lat - c[i].lat)) {
                return true;
            }
        }
    }
    return false;
}

/* To the centre, to about half a metre: nothing is decided at 1000 km. */
static int64_t far_mm(int64_t lon, int64_t lat, int64_t lon_mm)
{
    int64_t x = plane_mm(lon, lon_mm) / 256;
    int64_t y = plane_mm(lat, FENCE_MM_24) / 256;

    return (int64_t)root_of((uint64_t)(x * x) + (uint64_t)(y * y)) * 256;
}

int64_t fence_map_distance_mm(const struct fence_map *map, const struct inv_fence *fences,
                              uint32_t fence, struct position_e7 at)
{
    const struct inv_fence *f = &fences[fence];
    const struct fence_plane *plane = &map->planes[fence];
    struct nearest best = {.edge_mm = INT64_MAX, .corner_2 = INT64_MAX};
    int64_t lon = (int64_t)at.lon - f->centre.lon;
    int64_t lat = (int64_t)at.lat - f->centre.lat;
    int64_t mm;

    if (f->removed) {
        return INT64_MAX;
    }
    if (lon > FAR_E7 || lon < -FAR_E7 || lat > FAR_E7 || lat < -FAR_E7) {
        return far_mm(lon, lat, plane->lon_mm_24);
    }
    for (uint32_t r = plane->first_ring; r < plane->last_ring; r++) {
        ring_measure(map, &map->rings[r], plane->lon_mm_24, at, &best);
    }
    if (best.edge_mm != INT64_MAX) {
        best.edge_mm = (best.edge_mm + (INT64_C(1) << (FENCE_UNIT - 1))) >> FENCE_UNIT;
    }
    mm = best.corner_2 == INT64_MAX ? INT64_MAX : (int64_t)root_of((uint64_t)best.corner_2);
    mm = best.edge_mm < mm ? best.edge_mm : mm;
    if (mm <= ON_EDGE_MM) {
        if (is_on_edge(map, plane, at)) {
            return 0;
        }
        mm = mm == 0 ? 1 : mm; /* beside the edge is never on it */
    }
    return best.inside ? -mm : mm;
}

int64_t fence_distance_mm(const struct inventory *inv, uint32_t fence, struct position_e7 at)
{
    return fence_map_distance_mm(inv->fence_map, inv->fences, fence, at);
}

bool fence_in_force(const struct inv_fence *fence, int64_t wall_ms)
{
    return !fence->removed && (fence->from_ms == 0 || wall_ms >= fence->from_ms) &&
           (fence->until_ms == 0 || wall_ms < fence->until_ms);
}

bool fence_precedes(const struct inv_fence *a, const struct inv_fence *b)
{
    bool a_temporary = a->from_ms != 0 || a->until_ms != 0;
    bool b_temporary = b->from_ms != 0 || b->until_ms != 0;

    if (a_temporary != b_temporary) {
        return a_temporary;
    }
    if (a->use != b->use) {
        return a->use == FENCE_NO_PARK;
    }
    return a->area_m2 != b->area_m2 ? a->area_m2 < b->area_m2 : a->key < b->key;
}

const char *fence_use_name(enum fence_use use)
{
    static const char *const names[FENCE_USE_COUNT] = {"park", "no_park"};

    return (unsigned)use < FENCE_USE_COUNT ? names[use] : "unknown";
}
