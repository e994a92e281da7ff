/* The outline of a fence or of a grid cell, judged as a whole when it is imported: what passes here
 * can be measured without a second thought. Corners are judged as they are kept, in 1e-7 degrees,
 * so that what was accepted once is accepted again from the canonical file. */
#include "gateway/inventory/fences/outline.h"
#include "gateway/inventory/place.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define E7 10000000
/* A zone of a city: wider ones are a mistake, and whole numbers would overflow. */
#define SPAN_MAX_E7 E7
/* Nearer to a pole or the antimeridian a plane is none. */
#define LAT_MAX_E7 (85 * E7)
#define LON_MAX_E7 (179 * E7)
#define RAD_PER_E7 1.7453292519943295e-9
/* smallest that a bike fits in, largest that is no mistake */
#define AREA_MIN_M2 1.0

static const struct {
    double most_m2;
    const char *name;
} uses[OUTLINE_USE_COUNT] = {
    [OUTLINE_PARK] = {10e6,   "a fence to park in (kind F or B)"},
    [OUTLINE_NO_PARK] = {1000e6, "a no-parking zone (kind N)"      },
    [OUTLINE_GRID] = {100e6,  "a grid cell"                     },
};

struct check {
    struct draft *draft;
    struct draft_outline *outline;
    enum outline_use use;
    struct outline_fault *fault;
    struct draft_ring *rings;       /* of the outline */
    struct outline_corner *corners; /* of all its rings */
    uint32_t *order;                /* corners by place */
    uint32_t count;
    struct position_e7 south_west, north_east;
};

static enum err refuse(struct check *c, uint32_t ring, uint32_t corner, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static enum err refuse(struct check *c, uint32_t ring, uint32_t corner, const char *fmt, ...)
{
    va_list args;

    c->fault->ring = ring;
    c->fault->corner = corner;
    va_start(args, fmt);
    (void)vsnprintf(c->fault->reason, sizeof c->fault->reason, fmt, args);
    va_end(args);
    return ERR_UNPROCESSABLE;
}

static const struct position_e7 *ring_corners(const struct check *c, uint32_t ring)
{
    return c->draft->corners + c->rings[ring].corner;
}

static void corners_gather(struct check *c)
{
    uint32_t n = 0;

    c->south_west = (struct position_e7){INT32_MAX, INT32_MAX};
    c->north_east = (struct position_e7){INT32_MIN, INT32_MIN};
    for (uint32_t r = 0; r < c->outline->ring_count; r++) {
        uint32_t first = n;

        for (uint32_t i = 0; i < c->rings[r].count; i++, n++) {
            struct position_e7 at = ring_corners(c, r)[i];

            c->corners[n] =
                (struct outline_corner){.at = at,
                                        .next = i + 1 < c->rings[r].count ? n + 1 : first,
                                        .ring = r,
                                        .corner = i};
            c->south_west.lat = at.lat < c->south_west.lat ? at.lat : c->south_west.lat;
            c->south_west.lon = at.lon < c->south_west.lon ? at.lon : c->south_west.lon;
            c->north_east.lat = at.lat > c->north_east.lat ? at.lat : c->north_east.lat;
            c->north_east.lon = at.lon > c->north_east.lon ? at.lon : c->north_east.lon;
        }
    }
}

static enum err box_check(struct check *c)
{
    if (c->south_west.lat < -LAT_MAX_E7 || c->north_east.lat > LAT_MAX_E7) {
        return refuse(c, 0, 0, "nearer than 5 degrees to a pole");
    }
    if (c->south_west.lon < -LON_MAX_E7 || c->north_east.lon > LON_MAX_E7) {
        return refuse(c, 0, 0, "nearer than 1 degree to the antimeridian, or across it");
    }
    if ((int64_t)c->north_east.lat - c->south_west.lat > SPAN_MAX_E7 ||
        (int64_t)c->north_east.lon - c->south_west.lon > SPAN_MAX_E7) {
        return refuse(c, 0, 0, "wider than 1 degree: a corner is far from the others");
    }
    return ERR_OK;
}

/* --- corners at the same place --- */

static bool is_before(const struct check *c, uint32_t a, uint32_t b)
{
    const struct position_e7 x = c->corners[a].at;
    const struct position_e7 y = c->corners[b].at;

    if (x.lon != y.lon) {
        return x.lon < y.lon;
    }
    return x.lat != y.lat ? x.lat < y.lat : a < b;
}

static void order_sink(struct check *c, uint32_t at, uint32_t count)
{
    uint32_t moved = c->order[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= count) {
            break;
        }
        if (child + 1 < count && is_before(c, c->order[child], c->order[child + 1])) {
            child++;
        }
        if (!is_before(c, moved, c->order[child])) {
            break;
        }
        c->order[at] = c->order[child];
        at = child;
    }
    c->order[at] = moved;
}

static enum err repeats_check(struct check *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        c->order[i] = i;
    }
    for (uint32_t i = c->count / 2; i-- > 0;) {
        order_sink(c, i, c->count);
    }
    for (uint32_t n = c->count; n-- > 1;) {
        uint32_t last = c->order[0];

        c->order[0] = c->order[n];
        c->order[n] = last;
        order_sink(c, 0, n);
    }
    for (uint32_t i = 1; i < c->count; i++) {
        const struct outline_corner *a = &c->corners[c->order[i - 1]];
        const struct outline_corner *b = &c->corners[c->order[i]];

        if (a->at.lat == b->at.lat && a->at.lon == b->at.lon) {
            return refuse(c, b->ring, b->corner,
                          "corner %u of ring %u repeats corner %u of ring %u (to 1e-7 degree)",
                          b->corner + 1, b->ring + 1, a->corner + 1, a->ring + 1);
        }
    }
    return ERR_OK;
}

static enum err crossing_check(struct check *c)
{
    const struct outline_corner *x;
    const struct outline_corner *y;
    uint32_t a = 0;
    uint32_t b = 0;
    bool found = false;
    enum err e = outline_crossing(c->corners, c->count, &found, &a, &b);

    if (e != ERR_OK || !found) {
        return e;
    }
    x = &c->corners[a < b ? a : b];
    y = &c->corners[a < b ? b : a];
    /* NOLINTBEGIN(clang-analyzer-core*): refused before when it has no corner */
    return refuse(c, y->ring, y->corner,
                  "the edge from corner %u to %u of ring %u crosses or touches that from corner %u "
                  "to %u of ring %u",
                  y->corner + 1, c->corners[y->next].corner + 1, y->ring + 1, x->corner + 1,
                  c->corners[x->next].corner + 1, x->ring + 1);
    /* NOLINTEND(clang-analyzer-core*) */
}

/* --- areas --- */

/* Twice the area in square 1e-7 degrees, > 0 when counter-clockwise. Sums may wrap on the way; the
 * result is below 2 * SPAN_MAX_E7^2, so it comes out right. */
static int64_t area_twice(const struct position_e7 *p, uint32_t count)
{
    uint64_t sum = 0;

    for (uint32_t i = 1; i + 1 < count; i++) {
        int64_t x = (int64_t)p[i].lon - p[0].lon;
        int64_t y = (int64_t)p[i].lat - p[0].lat;
        int64_t u = (int64_t)p[i + 1].lon - p[0].lon;
        int64_t v = (int64_t)p[i + 1].lat - p[0].lat;

        sum += (uint64_t)(x * v - u * y);
    }
    return (int64_t)sum;
}

static double ring_m2(const struct check *c, uint32_t ring)
{
    double middle = ((double)c->south_west.lat + c->north_east.lat) / 2 * RAD_PER_E7;
    double m = EARTH_RADIUS_M * RAD_PER_E7;

    return fabs((double)area_twice(ring_corners(c, ring), c->rings[ring].count)) / 2 * m * m *
           cos(middle);
}

static void ring_turn(struct check *c, uint32_t ring)
{
    struct position_e7 *p = c->draft->corners + c->rings[ring].corner;
    uint32_t n = c->rings[ring].count;

    if ((area_twice(p, n) < 0) == c->rings[ring].hole) {
        return;
    }
    /* the first corner stays the first */
    for (uint32_t i = 1, j = n - 1; i < j; i++, j--) {
        struct position_e7 swap = p[i];

        p[i] = p[j];
        p[j] = swap;
    }
}

static enum err areas_check(struct check *c)
{
    double most = uses[c->use].most_m2;
    double sum = 0;

    for (uint32_t r = 0; r < c->outline->ring_count; r++) {
        double m2 = ring_m2(c, r);

        if (!c->rings[r].hole && m2 < AREA_MIN_M2) {
            return refuse(c, r, 0, "the area of ring %u is %.2f m2, less than 1 m2", r + 1, m2);
        }
        sum += c->rings[r].hole ? -m2 : m2;
    }
    if (sum < AREA_MIN_M2) {
        return refuse(c, 0, 0, "the area is %.2f m2, less than 1 m2", sum);
    }
    if (sum > most) {
        return refuse(c, 0, 0, "the area is %.1f km2; at most %.0f km2 for %s", sum / 1e6,
                      most / 1e6, uses[c->use].name);
    }
    c->outline->area_m2 = (uint32_t)(sum + 0.5);
    return ERR_OK;
}

/* --- rings within rings --- */

/* Even-odd; rings touch nowhere, so a corner of another ring is never on this one. */
static bool ring_holds(const struct check *c, uint32_t ring, struct position_e7 at)
{
    const struct position_e7 *p = ring_corners(c, ring);
    uint32_t n = c->rings[ring].count;
    bool inside = false;

    for (uint32_t i = 0, j = n - 1; i < n; j = i++) {
        if ((p[i].lat > at.lat) != (p[j].lat > at.lat)) {
            int64_t rise = (int64_t)p[i].lat - p[j].lat;
            int64_t west = ((int64_t)p[i].lon - p[j].lon) * ((int64_t)at.lat - p[j].lat) -
                           ((int64_t)at.lon - p[j].lon) * rise;

            inside ^= rise > 0 ? west > 0 : west < 0;
        }
    }
    return inside;
}

static uint32_t depth_of(const struct check *c, uint32_t ring)
{
    uint32_t depth = 0;

    for (uint32_t r = 0; r < c->outline->ring_count; r++) {
        depth += r != ring && ring_holds(c, r, ring_corners(c, ring)[0]);
    }
    return depth;
}

static enum err nesting_check(struct check *c)
{
    uint32_t outer = 0;
    uint32_t outer_depth = 0;

    for (uint32_t r = 0; r < c->outline->ring_count; r++) {
        uint32_t depth = depth_of(c, r);

        if (!c->rings[r].hole) {
            outer = r;
            outer_depth = depth;
            if (depth % 2 != 0) {
                return refuse(c, r, 0, "ring %u lies inside another polygon of the same outline",
                              r + 1);
            }
        } else if (!ring_holds(c, outer, ring_corners(c, r)[0])) {
            return refuse(c, r, 0, "the hole (ring %u) lies outside its outer ring (ring %u)",
                          r + 1, outer + 1);
        } else if (depth != outer_depth + 1) {
            return refuse(c, r, 0, "the hole (ring %u) lies inside another hole", r + 1);
        }
    }
    return ERR_OK;
}

/* As GeoJSON wants them (RFC 7946): outer ones counter-clockwise, holes clockwise. */
static enum err rings_turn(struct check *c)
{
    for (uint32_t r = 0; r < c->outline->ring_count; r++) {
        ring_turn(c, r);
    }
    return ERR_OK;
}

/* --- the centre --- */

static bool is_inside(const struct check *c, struct position_e7 at)
{
    bool inside = false;

    for (uint32_t r = 0; r < c->outline->ring_count; r++) {
        inside ^= ring_holds(c, r, at);
    }
    return inside;
}

/* Of the largest polygon; a corner where no place of 1e-7 degree lies inside. */
static enum err centre_find(struct check *c)
{
    struct position_deg *points = malloc((size_t)c->count * sizeof *points);
    struct place_ring rings[OUTLINE_RINGS_MAX];
    struct position_deg at;
    uint32_t largest = 0;
    uint32_t count = 0;
    size_t used = 0;

    if (points == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t r = 0; r < c->outline->ring_count; r++) {
        largest = !c->rings[r].hole && ring_m2(c, r) > ring_m2(c, largest) ? r : largest;
    }
    for (uint32_t r = largest; r < c->outline->ring_count && (r == largest || c->rings[r].hole);
         r++) {
        rings[count++] = (struct place_ring){used, c->rings[r].count};
        for (uint32_t i = 0; i < c->rings[r].count; i++) {
            points[used++] = position_deg_of(ring_corners(c, r)[i]);
        }
    }
    c->outline->centre = ring_corners(c, largest)[0];
    if (place_of_polygon(points, rings, count, &at) && is_inside(c, position_round(at))) {
        c->outline->centre = position_round(at);
    }
    free(points);
    return ERR_OK;
}

enum outline_use outline_use_of(space_key fence)
{
    return space_key_kind(fence) == PLACE_NO_PARKING ? OUTLINE_NO_PARK : OUTLINE_PARK;
}

enum err outline_check(struct draft *draft, struct draft_outline *outline, enum outline_use use,
                       struct outline_fault *fault)
{
    static enum err (*const steps[])(struct check *) = {
        box_check,   repeats_check, crossing_check, nesting_check,
        areas_check, rings_turn,    centre_find,
    };
    struct check c = {.draft = draft,
                      .outline = outline,
                      .use = use,
                      .fault = fault,
                      .rings = draft->rings + outline->ring};
    enum err e = ERR_OK;

    for (uint32_t r = 0; r < outline->ring_count; r++) {
        c.count += c.rings[r].count;
    }
    c.corners = malloc(((size_t)c.count + 1) * sizeof *c.corners);
    c.order = malloc(((size_t)c.count + 1) * sizeof *c.order);
    if (c.corners == NULL || c.order == NULL) {
        e = ERR_NO_MEMORY;
        goto undo_memory;
    }
    corners_gather(&c);
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(steps); i++) {
        e = steps[i](&c);
    }
undo_memory:
    free(c.corners);
    free(c.order);
    return e;
}
