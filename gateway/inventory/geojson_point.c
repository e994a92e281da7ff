/* Positions in GeoJSON, and the geometry of a lot or space: a Point, or the middle of a Polygon.
 * Outlines that are kept whole are geojson_outline.c's. */
#include "gateway/inventory/geojson.h"
#include "gateway/inventory/place.h"
#include <stdlib.h>

#define POINTS_FIRST 256u
#define RINGS_MAX    64

bool geojson_position(const struct geojson *g, const struct json_node *n, struct position_deg *out)
{
    const struct json_node *lon = json_first(&g->doc, n);
    const struct json_node *lat;

    if (n == NULL || n->kind != JSON_ARRAY || n->count < 2) {
        return false;
    }
    lat = json_after(&g->doc, lon);
    if (lon->kind != JSON_NUMBER || lat->kind != JSON_NUMBER) {
        return false;
    }
    /* an exponent is rare and left to json_double */
    return (row_degrees(json_raw_text(&g->doc, lon), lon->len, &out->lon) ||
            json_double(&g->doc, lon, &out->lon)) &&
           (row_degrees(json_raw_text(&g->doc, lat), lat->len, &out->lat) ||
            json_double(&g->doc, lat, &out->lat));
}

static bool point_add(struct geojson *g, struct position_deg p)
{
    if (g->point_count == g->point_cap) {
        size_t cap = g->point_cap == 0 ? POINTS_FIRST : g->point_cap * 2;
        struct position_deg *grown = realloc(g->points, cap * sizeof *grown);

        if (grown == NULL) {
            g->no_memory = true;
            return false;
        }
        g->points = grown;
        g->point_cap = cap;
    }
    g->points[g->point_count++] = p;
    return true;
}

static const char *const ring_rule =
    "a ring needs at least 4 positions [lon, lat], the last equal to the first";

static bool ring_read(struct geojson *g, const struct json_node *ring, struct place_ring *out)
{
    const struct json_node *n = json_first(&g->doc, ring);

    *out = (struct place_ring){.first = g->point_count};
    if (ring->kind != JSON_ARRAY || ring->count < 4) {
        return geojson_refuse(g, ring, "geometry", ring_rule);
    }
    for (uint32_t i = 0; i < ring->count && n != NULL; i++, n = json_after(&g->doc, n)) {
        struct position_deg p;

        if (!geojson_position(g, n, &p)) {
            return geojson_refuse(g, n, "geometry", ring_rule);
        }
        if (!point_add(g, p)) {
            return false;
        }
    }
    out->count = g->point_count - out->first - 1; /* without the closing point */
    if (g->points[out->first].lat != g->points[g->point_count - 1].lat ||
        g->points[out->first].lon != g->points[g->point_count - 1].lon) {
        return geojson_refuse(g, ring, "geometry", ring_rule);
    }
    return true;
}

static bool polygon_read(struct geojson *g, const struct json_node *coordinates,
                         struct position_deg *out)
{
    struct place_ring rings[RINGS_MAX];
    const struct json_node *ring = json_first(&g->doc, coordinates);

    g->point_count = 0;
    if (ring == NULL || coordinates->kind != JSON_ARRAY || coordinates->count > RINGS_MAX) {
        return geojson_refuse(g, coordinates, "geometry", "a Polygon has 1 to 64 rings");
    }
    for (uint32_t r = 0; r < coordinates->count; r++, ring = json_after(&g->doc, ring)) {
        if (!ring_read(g, ring, &rings[r])) {
            return false;
        }
    }
    return place_of_polygon(g->points, rings, coordinates->count, out)
               ? true
               : geojson_refuse(g, coordinates, "geometry", "the Polygon has no area");
}

bool geojson_point(struct geojson *g, struct row *row, const struct json_node *geometry)
{
    const struct json_node *type = json_member(&g->doc, geometry, "type");
    const struct json_node *coordinates = json_member(&g->doc, geometry, "coordinates");
    struct position_deg at = {0};

    if (type == NULL || coordinates == NULL) {
        return geojson_refuse(g, geometry, "geometry", "needs a type and coordinates");
    }
    if (json_is_text(&g->doc, type, "Point")) {
        return geojson_position(g, coordinates, &at)
                   ? row_set_position(row, at)
                   : geojson_refuse(g, coordinates, "geometry",
                                    "a Point has the coordinates [lon, lat]");
    }
    if (json_is_text(&g->doc, type, "Polygon")) {
        return polygon_read(g, coordinates, &at) && row_set_position(row, at);
    }
    return geojson_refuse(g, type, "geometry", "must be a Point or a Polygon");
}
