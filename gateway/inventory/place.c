/* Positions of the inventory files: what is plausible, and one point for a polygon. */
#include "gateway/inventory/place.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* China lies between these (Nansha to Heilongjiang, Pamir to Heilongjiang): enough to see a swap.
 */
#define CHINA_LAT_MIN 3.0
#define CHINA_LAT_MAX 54.0
#define CHINA_LON_MIN 73.0
#define CHINA_LON_MAX 136.0

static bool looks_swapped(struct position_deg at)
{
    return at.lon >= CHINA_LAT_MIN && at.lon <= CHINA_LAT_MAX && at.lat >= CHINA_LON_MIN &&
           at.lat <= CHINA_LON_MAX;
}

bool place_check(struct position_deg at, enum crs crs, struct position_e7 *out, char *reason,
                 size_t cap)
{
    const char *why = NULL;

    if (looks_swapped(at)) {
        why = "latitude and longitude look swapped (GeoJSON writes the longitude first)";
    } else if (!(at.lat >= -90 && at.lat <= 90)) {
        why = "the latitude must be -90 to 90";
    } else if (!(at.lon >= -180 && at.lon <= 180)) {
        why = "the longitude must be -180 to 180";
    } else if (at.lat == 0 && at.lon == 0) {
        why = "0, 0 is no place of a city: the position was never measured";
    }
    if (why != NULL) {
        (void)snprintf(reason, cap, "%s", why);
        return false;
    }
    *out = position_round(crs == CRS_WGS84 ? at : crs_to_wgs84(crs, at));
    return true;
}

/* Is the point inside, by the even-odd rule over all rings? */
static bool is_inside(const struct position_deg *p, const struct place_ring *rings,
                      size_t ring_count, struct position_deg at)
{
    bool inside = false;

    for (size_t r = 0; r < ring_count; r++) {
        size_t end = rings[r].first + rings[r].count;

        for (size_t i = rings[r].first, j = end - 1; i < end; j = i++) {
            if ((p[i].lat > at.lat) != (p[j].lat > at.lat) &&
                at.lon < (p[j].lon - p[i].lon) * (at.lat - p[i].lat) / (p[j].lat - p[i].lat) +
                             p[i].lon) {
                inside = !inside;
            }
        }
    }
    return inside;
}

/* Centroid of the outer ring, about its first point so that small rings keep their digits. */
static bool centroid(const struct position_deg *p, size_t count, struct position_deg *out)
{
    double area2 = 0;
    double lat = 0;
    double lon = 0;

    for (size_t i = 0, j = count - 1; i < count; j = i++) {
        double x0 = p[j].lon - p[0].lon;
        double y0 = p[j].lat - p[0].lat;
        double x1 = p[i].lon - p[0].lon;
        double y1 = p[i].lat - p[0].lat;
        double cross = x0 * y1 - x1 * y0;

        area2 += cross;
        lon += (x0 + x1) * cross;
        lat += (y0 + y1) * cross;
    }
    if (area2 == 0) {
        return false;
    }
    *out = (struct position_deg){.lat = p[0].lat + lat / (3 * area2),
                                 .lon = p[0].lon + lon / (3 * area2)};
    return true;
}

/* The next crossing of a parallel east of `west`; HUGE_VAL when there is none. */
static double crossing_after(const struct position_deg *p, const struct place_ring *rings,
                             size_t ring_count, struct position_deg at)
{
    double nearest = HUGE_VAL;

    for (size_t r = 0; r < ring_count; r++) {
        size_t end = rings[r].first + rings[r].count;

        for (size_t i = rings[r].first, j = end - 1; i < end; j = i++) {
            if ((p[i].lat > at.lat) != (p[j].lat > at.lat)) {
                double lon =
                    (p[j].lon - p[i].lon) * (at.lat - p[i].lat) / (p[j].lat - p[i].lat) + p[i].lon;

                nearest = lon > at.lon && lon < nearest ? lon : nearest;
            }
        }
    }
    return nearest;
}

/* Parallels looked at for the widest cross-section; a point inside is what counts, not the best
 * one. */
#define PARALLELS 15
/* Crossings looked at on a parallel, so that a comb of 10 000 teeth costs no more than the outline.
 */
#define CROSSINGS_MAX 64

static bool widest(const struct position_deg *p, const struct place_ring *rings, size_t ring_count,
                   struct position_deg *out)
{
    double south = p[0].lat;
    double north = p[0].lat;
    double best = 0;

    for (size_t i = 1; i < rings[0].count; i++) {
        south = fmin(south, p[i].lat);
        north = fmax(north, p[i].lat);
    }
    for (int k = 1; k <= PARALLELS; k++) {
        struct position_deg at = {south + (north - south) * k / (PARALLELS + 1), -HUGE_VAL};

        for (int c = 0; c < CROSSINGS_MAX; c++) {
            double next = crossing_after(p, rings, ring_count, at);
            struct position_deg middle = {at.lat, (at.lon + next) / 2};

            if (isinf(next)) {
                break;
            }
            if (!isinf(at.lon) && next - at.lon > best && is_inside(p, rings, ring_count, middle)) {
                best = next - at.lon;
                *out = middle;
            }
            at.lon = next;
        }
    }
    return best > 0;
}

bool place_of_polygon(const struct position_deg *points, const struct place_ring *rings,
                      size_t ring_count, struct position_deg *out)
{
    if (!centroid(points + rings[0].first, rings[0].count, out)) {
        return false;
    }
    return is_inside(points, rings, ring_count, *out) || widest(points, rings, ring_count, out);
}
