/* The outline of a fence or grid cell from GeoJSON: positions into corners, then checked as a whole
 * (fences/outline.c). What is wrong is told at the very position of the file. */
#include "gateway/inventory/fences/outline.h"
#include "gateway/inventory/geojson.h"
#include "gateway/inventory/place.h"
#include <stdio.h>
#include <string.h>

static bool corner_add(struct geojson *g, struct row *row, const struct json_node *n)
{
    struct position_deg at;
    struct position_e7 e7;
    struct position_e7 again;

    if (!geojson_position(g, n, &at)) {
        return geojson_refuse(g, n, "geometry", "a position is [lon, lat] in decimal degrees");
    }
    /* checked once more as it is kept, so that what was accepted is accepted again */
    if (!place_check(at, row->crs, &e7, row->reason, sizeof row->reason) ||
        !place_check(position_deg_of(e7), CRS_WGS84, &again, row->reason, sizeof row->reason)) {
        return geojson_refuse(g, n, "geometry", row->reason);
    }
    if (draft_corner_add(row->draft, e7) != ERR_OK) {
        g->no_memory = true;
        return false;
    }
    return true;
}

/* Are two positions the same, as written? */
static bool is_closed(const struct geojson *g, const struct json_node *first,
                      const struct json_node *last)
{
    struct position_deg a;
    struct position_deg b;

    return geojson_position(g, first, &a) && geojson_position(g, last, &b) && a.lat == b.lat &&
           a.lon == b.lon;
}

static bool ring_read(struct geojson *g, struct row *row, struct draft_outline *outline,
                      const struct json_node *ring, bool hole)
{
    const struct json_node *n = json_first(&g->doc, ring);
    const struct json_node *last = n;

    if (ring->kind != JSON_ARRAY || ring->count == 0) {
        return geojson_refuse(g, ring, "geometry", "a ring is a list of positions [lon, lat]");
    }
    for (uint32_t i = 1; i < ring->count; i++) {
        last = json_after(&g->doc, last);
    }
    if (!is_closed(g, n, last)) {
        return geojson_refuse(g, last, "geometry",
                              "the ring is not closed: repeat its first position as the last");
    }
    if (ring->count < OUTLINE_CORNERS_MIN + 1) {
        return geojson_refuse(g, ring, "geometry",
                              "a ring needs at least 3 corners and the first of them again");
    }
    if (draft_ring_add(row->draft, hole) != ERR_OK) {
        g->no_memory = true;
        return false;
    }
    outline->ring_count++;
    for (uint32_t i = 0; i + 1 < ring->count; i++, n = json_after(&g->doc, n)) {
        if (!corner_add(g, row, n)) {
            return false;
        }
    }
    return true;
}

static bool polygon_read(struct geojson *g, struct row *row, struct draft_outline *outline,
                         const struct json_node *polygon)
{
    const struct json_node *ring = json_first(&g->doc, polygon);

    if (polygon->kind != JSON_ARRAY || polygon->count == 0) {
        return geojson_refuse(g, polygon, "geometry", "a Polygon is a list of rings");
    }
    for (uint32_t r = 0; r < polygon->count; r++, ring = json_after(&g->doc, ring)) {
        if (outline->ring_count == OUTLINE_RINGS_MAX) {
            return geojson_refuse(g, ring, "geometry", "more than 64 rings");
        }
        if (!ring_read(g, row, outline, ring, r > 0)) {
            return false;
        }
    }
    return true;
}

/* Positions of a geometry, before any is read: a figure for the message. */
static uint32_t positions_count(const struct geojson *g, const struct json_node *list,
                                unsigned depth)
{
    const struct json_node *n = json_first(&g->doc, list);
    uint32_t sum = 0;

    if (list->kind != JSON_ARRAY || depth == 0) {
        return list->kind == JSON_ARRAY ? list->count : 0;
    }
    for (uint32_t i = 0; i < list->count; i++, n = json_after(&g->doc, n)) {
        sum += positions_count(g, n, depth - 1);
    }
    return sum;
}

/* The node of corner `corner` of ring `ring`, counted over all polygons. */
static const struct json_node *corner_node(const struct geojson *g, const struct json_node *list,
                                           unsigned depth, uint32_t *ring, uint32_t corner)
{
    const struct json_node *n = json_first(&g->doc, list);
    const struct json_node *found = NULL;

    if (depth == 0) {
        for (uint32_t i = 0; i < corner; i++) {
            n = json_after(&g->doc, n);
        }
        return n;
    }
    for (uint32_t i = 0; found == NULL && i < list->count; i++, n = json_after(&g->doc, n)) {
        if (depth > 1) {
            found = corner_node(g, n, depth - 1, ring, corner);
        } else if ((*ring)-- == 0) {
            found = corner_node(g, n, 0, ring, corner);
        }
    }
    return found;
}

static bool outline_finish(struct geojson *g, struct row *row, struct draft_outline *outline,
                           enum outline_use use, const struct json_node *coordinates,
                           unsigned depth)
{
    struct outline_fault fault;
    enum err e = outline_check(row->draft, outline, use, &fault);
    uint32_t ring;

    if (e == ERR_UNPROCESSABLE) {
        ring = fault.ring;
        return geojson_refuse(g, corner_node(g, coordinates, depth, &ring, fault.corner),
                              "geometry", fault.reason);
    }
    g->no_memory = g->no_memory || e != ERR_OK;
    return e == ERR_OK;
}

bool geojson_outline(struct geojson *g, struct row *row, struct draft_outline *outline,
                     enum outline_use use, const struct json_node *geometry)
{
    const struct json_node *type = json_member(&g->doc, geometry, "type");
    const struct json_node *coordinates = json_member(&g->doc, geometry, "coordinates");
    bool multi = type != NULL && json_is_text(&g->doc, type, "MultiPolygon");
    const struct json_node *polygon;
    uint32_t count;

    if (type == NULL || coordinates == NULL) {
        return geojson_refuse(g, geometry, "geometry", "needs a type and coordinates");
    }
    if (!multi && !json_is_text(&g->doc, type, "Polygon")) {
        return geojson_refuse(g, type, "geometry", "must be a Polygon or a MultiPolygon");
    }
    count = positions_count(g, coordinates, multi ? 2 : 1);
    if (count > OUTLINE_CORNERS_MAX) {
        (void)snprintf(row->reason, sizeof row->reason,
                       "%u points, at most %u: simplify the outline", count, OUTLINE_CORNERS_MAX);
        return geojson_refuse(g, coordinates, "geometry", row->reason);
    }
    outline->ring = row->draft->ring_count;
    if (!multi) {
        return polygon_read(g, row, outline, coordinates) &&
               outline_finish(g, row, outline, use, coordinates, 1);
    }
    if (coordinates->kind != JSON_ARRAY || coordinates->count == 0) {
        return geojson_refuse(g, coordinates, "geometry", "a MultiPolygon is a list of Polygons");
    }
    polygon = json_first(&g->doc, coordinates);
    for (uint32_t p = 0; p < coordinates->count; p++, polygon = json_after(&g->doc, polygon)) {
        if (!polygon_read(g, row, outline, polygon)) {
            return false;
        }
    }
    return outline_finish(g, row, outline, use, coordinates, 2);
}
