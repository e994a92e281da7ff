#ifndef GATEWAY_INVENTORY_GEOJSON_H
#define GATEWAY_INVENTORY_GEOJSON_H

#include "gateway/inventory/fences/outline.h"
#include "gateway/inventory/read.h"
#include "gateway/inventory/slicer.h"

/* A GeoJSON file being read: shared by the readers of the document (geojson.c), of an item
 * (geojson_item.c), of positions (geojson_point.c) and of outlines (geojson_outline.c). */

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
/** The item at hand, a feature: into a row of its table. */
void geojson_feature(struct geojson *g);
/** The item at hand, an object of an extra member: into a row of that table. */
void geojson_row(struct geojson *g, enum draft_table table);
/** The row's position: a Point, or the middle of a Polygon. */
bool geojson_point(struct geojson *g, struct row *row, const struct json_node *geometry);
/** The outline of a fence or grid cell, a Polygon or MultiPolygon, checked whole, into a member of
 * the row. */
bool geojson_outline(struct geojson *g, struct row *row, struct draft_outline *outline,
                     enum outline_use use, const struct json_node *geometry);

#endif
