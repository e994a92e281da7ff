#ifndef GATEWAY_INVENTORY_GEOJSON_H
#define GATEWAY_INVENTORY_GEOJSON_H

#include "gateway/inventory/fences/outline.h"
#include "gateway/inventory/read.h"
#include "gateway/inventory/slicer.h"

/* A GeoJSON file being read: shared by its reader (geojson.c) and that of outlines
 * (geojson_outline.c). */

struct geojson {
    struct reading_file *file;
    struct slicer slicer;
    struct json_node *nodes;
    uint32_t node_cap;
    struct json_doc doc; /* the item at hand */
    size_t item;         /* its offset in the file */
    struct position_deg *points;
    size_t point_count, point_cap;
    bool no_memory;
};

/** Tells a fault at a node of the item at hand (NULL: at its beginning); false, to be returned. */
bool geojson_refuse(struct geojson *g, const struct json_node *n, const char *field,
                    const char *reason);
/** [lon, lat] of numbers. */
bool geojson_position(const struct geojson *g, const struct json_node *n, struct position_deg *out);
/** The outline of a fence or grid cell, a Polygon or MultiPolygon, checked whole, into a member of
 * the row. */
bool geojson_outline(struct geojson *g, struct row *row, struct draft_outline *outline,
                     enum outline_use use, const struct json_node *geometry);

#endif
