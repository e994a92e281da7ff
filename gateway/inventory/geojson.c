/* GeoJSON FeatureCollections (RFC 7946) into the draft: features are lots, spaces, fences and
 * grids; the extra members (devices, bindings, beacons, ...) hold rows as CSV has them. The
 * program's own export is of this form. */
#include "gateway/inventory/geojson.h"
#include "gateway/inventory/place.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_FIRST 256u
#define NODES_MAX   (1u << 20) /* one feature: an outline of 250 000 points */
#define VALUE_MAX   4096       /* bytes of one property as text; row.c sets the real limits */
#define RINGS_MAX   64

static void fault_at(struct geojson *g, size_t offset, const char *field, const char *reason)
{
    uint32_t line;
    uint32_t column;
    struct row_origin at = {.file = g->file->file};

    slicer_place(&g->slicer, offset, &line, &column);
    at.line = line;
    at.column = (uint16_t)(column > UINT16_MAX ? UINT16_MAX : column);
    report_fault(g->file->report, g->file->name, &at, field, "%s", reason);
}

bool geojson_refuse(struct geojson *g, const struct json_node *n, const char *field,
                    const char *reason)
{
    fault_at(g, g->item + (n == NULL ? 0 : n->start), field, reason);
    return false;
}

/* Indexes the slice [from, from + len) of the file as g->doc. */
static bool item_parse(struct geojson *g, size_t from, size_t len)
{
    enum json_fault fault;

    g->item = from;
    for (;;) {
        fault = json_parse(&g->doc, g->file->text + from, len, g->nodes, g->node_cap);
        if (fault != JSON_TOO_MANY || g->node_cap >= NODES_MAX) {
            break;
        }
        free(g->nodes);
        g->nodes = malloc((size_t)g->node_cap * 4 * sizeof *g->nodes);
        g->node_cap *= 4;
        if (g->nodes == NULL) {
            g->no_memory = true;
            return false;
        }
    }
    if (fault != JSON_OK) {
        fault_at(g, from + g->doc.fault_at, "json", json_fault_text(fault));
        return false;
    }
    return true;
}

/* --- values as text --- */

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

/* ["ev", "covered"] -> "ev;covered"; [[lon, lat], ...] -> "lat lon;...". */
static int list_text(const struct geojson *g, const struct json_node *list, char *out, size_t cap)
{
    const struct json_node *n = json_first(&g->doc, list);
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < list->count && n != NULL; i++, n = json_after(&g->doc, n)) {
        struct position_deg at;
        int len;

        if (i > 0 && used + 1 < cap) {
            out[used++] = ';';
        }
        if (n->kind == JSON_STRING) {
            len = json_text(&g->doc, n, out + used, cap - used);
        } else if (geojson_position(g, n, &at)) {
            len = snprintf(out + used, cap - used, "%.9f %.9f", at.lat, at.lon);
        } else {
            return -1;
        }
        if (len < 0 || (size_t)len >= cap - used) {
            return -1;
        }
        used += (size_t)len;
    }
    return (int)used;
}

/* Any scalar or list as the text a CSV cell would hold; -1: none. */
static int value_text(const struct geojson *g, const struct json_node *n, char *out, size_t cap)
{
    switch ((enum json_kind)n->kind) {
    case JSON_NULL: return 0;
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        if (n->len >= cap) {
            return -1;
        }
        memcpy(out, json_raw_text(&g->doc, n), n->len);
        return (int)n->len;
    case JSON_STRING: return json_text(&g->doc, n, out, cap);
    case JSON_ARRAY: return list_text(g, n, out, cap);
    case JSON_OBJECT: break;
    }
    return -1;
}

static bool field_set(struct geojson *g, struct row *row, const struct row_field *field,
                      const struct json_node *n)
{
    char text[VALUE_MAX];
    int len = value_text(g, n, text, sizeof text);

    if (len < 0) {
        return geojson_refuse(g, n, field->name,
                              "must be a text, a number or a list, and not as long");
    }
    return row_set(row, field, text, (size_t)len) ? true
                                                  : geojson_refuse(g, n, field->name, row->reason);
}

/* All members of an object as fields of the row; `also` is a name that is read elsewhere. */
static bool members_set(struct geojson *g, struct row *row, const struct json_node *object,
                        const char *also)
{
    const struct json_node *key = json_first(&g->doc, object);
    bool good = true;

    for (uint32_t i = 0; object != NULL && i < object->count; i++) {
        const struct json_node *value = key + 1;
        const struct row_field *field =
            row_field_find(row->table, json_raw_text(&g->doc, key), key->len);

        if (field != NULL) {
            good = field_set(g, row, field, value) && good;
        } else if (also == NULL || !json_is_text(&g->doc, key, also)) {
            char reason[200];
            char known[120];

            row_fields_list(row->table, known, sizeof known);
            (void)snprintf(reason, sizeof reason, "%.*s is no property of %s: %s",
                           (int)(key->len < 30 ? key->len : 30), json_raw_text(&g->doc, key),
                           row_table_name(row->table), known);
            good = geojson_refuse(g, key, "properties", reason);
        }
        key = json_after(&g->doc, value);
    }
    return good;
}

/* --- geometry --- */

static bool point_add(struct geojson *g, struct position_deg p)
{
    if (g->point_count == g->point_cap) {
        size_t cap = g->point_cap == 0 ? NODES_FIRST : g->point_cap * 2;
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

static bool geometry_set(struct geojson *g, struct row *row, const struct json_node *geometry)
{
    const struct json_node *type = json_member(&g->doc, geometry, "type");
    const struct json_node *coordinates = json_member(&g->doc, geometry, "coordinates");
    struct position_deg at;

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

/* --- items --- */

static struct row_origin origin_of(struct geojson *g)
{
    uint32_t line;
    uint32_t column;

    slicer_place(&g->slicer, g->item, &line, &column);
    return (struct row_origin){.line = line,
                               .column = (uint16_t)(column > UINT16_MAX ? UINT16_MAX : column),
                               .file = g->file->file};
}

static void row_finish(struct geojson *g, struct row *row, bool good)
{
    const char *field = "";

    if (good && !row_end(row, &field) && !row->no_memory) {
        (void)geojson_refuse(g, json_member(&g->doc, g->doc.nodes, "geometry"),
                             strcmp(field, "lat") == 0 || strcmp(field, "lon") == 0 ? "geometry"
                                                                                    : field,
                             row->reason);
    }
    g->no_memory = g->no_memory || row->no_memory;
}

/* Of which table a feature is; TABLE_COUNT: none. */
static enum draft_table feature_table(struct geojson *g, const struct json_node *type)
{
    static const struct {
        const char *type;
        enum draft_table table;
    } types[] = {
        {"space", TABLE_SPACE},
        {"lot",   TABLE_LOT  },
        {"fence", TABLE_FENCE},
        {"grid",  TABLE_GRID },
    };

    for (size_t i = 0; type != NULL && i < ARRAY_LEN(types); i++) {
        if (json_is_text(&g->doc, type, types[i].type)) {
            return types[i].table;
        }
    }
    return TABLE_COUNT;
}

/* The geometry of a feature whose properties were good or not. */
static bool shape_set(struct geojson *g, struct row *row, const struct json_node *geometry,
                      bool good)
{
    if (row->table == TABLE_FENCE) {
        /* what an outline may be depends on the kind in the ID */
        return good && geojson_outline(g, row, &row->fence.outline, outline_use_of(row->fence.key),
                                       geometry);
    }
    if (row->table != TABLE_GRID) {
        return geometry_set(g, row, geometry) && good;
    }
    /* without a geometry the grid goes */
    return good && (geometry == NULL || geometry->kind == JSON_NULL ||
                    geojson_outline(g, row, &row->grid.outline, OUTLINE_GRID, geometry));
}

static void feature_read(struct geojson *g)
{
    const struct json_node *root = g->doc.nodes;
    const struct json_node *properties = json_member(&g->doc, root, "properties");
    const struct json_node *type = json_member(&g->doc, properties, "type");
    const struct json_node *id = json_member(&g->doc, root, "id");
    enum draft_table table = feature_table(g, type);
    struct row row;
    bool good = true;

    if (table == TABLE_COUNT) {
        (void)geojson_refuse(g, type == NULL ? root : type, "properties.type",
                             "must be lot, space, fence or grid");
        return;
    }
    row_begin(&row, g->file->draft, table, g->file->crs, origin_of(g));
    if (id != NULL) {
        good = field_set(g, &row, row_field_find(table, "id", 2), id);
    }
    good = members_set(g, &row, properties, "type") && good;
    row_finish(g, &row, shape_set(g, &row, json_member(&g->doc, root, "geometry"), good));
}

static void table_row_read(struct geojson *g, enum draft_table table)
{
    struct row row;

    row_begin(&row, g->file->draft, table, g->file->crs, origin_of(g));
    row_finish(g, &row, members_set(g, &row, g->doc.nodes, NULL));
}

static void items_read(struct geojson *g, enum draft_table table)
{
    struct slicer *s = &g->slicer;
    bool first = true;
    size_t from;

    if (!slicer_enter(s, '[')) {
        return;
    }
    while (!g->no_memory && slicer_more(s, ']', first)) {
        first = false;
        if (!slicer_value(s, &from)) {
            return;
        }
        if (!item_parse(g, from, s->at - from)) {
            continue;
        }
        if (g->doc.nodes[0].kind != JSON_OBJECT) {
            (void)geojson_refuse(g, NULL, row_table_name(table), "each item must be an object");
        } else if (table == TABLE_SPACE) {
            feature_read(g);
        } else {
            table_row_read(g, table);
        }
    }
}

/* --- the document --- */

/* "wgs84", "gcj02", "bd09", or the named CRS of old GeoJSON where it means WGS-84 (CGCS2000,
 * EPSG:4490, is the same at this accuracy). */
static void crs_read(struct geojson *g)
{
    static const char *const same[] = {"CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490",
                                       "EPSG:4490"};
    const struct json_node *root = g->doc.nodes;
    const struct json_node *name =
        json_member(&g->doc, json_member(&g->doc, root, "properties"), "name");
    char text[80];
    int len = json_text(&g->doc, root->kind == JSON_OBJECT && name != NULL ? name : root, text,
                        sizeof text);

    if (len > 0 && crs_parse(text, (uint32_t)len, &g->file->crs)) {
        return;
    }
    for (size_t i = 0; len > 0 && i < ARRAY_LEN(same); i++) {
        if (strstr(text, same[i]) != NULL) {
            g->file->crs = CRS_WGS84;
            return;
        }
    }
    (void)geojson_refuse(g, root, "crs", "must be wgs84, gcj02 or bd09");
}

static void bowei_read(struct geojson *g)
{
    int64_t format = 0;
    int64_t version = 0;
    const struct json_node *node = json_member(&g->doc, g->doc.nodes, "format");

    if (node == NULL || !json_int(&g->doc, node, &format) || format < 1) {
        (void)geojson_refuse(g, g->doc.nodes, "bowei.format", "must be a number from 1");
        return;
    }
    if (format > INVENTORY_FORMAT) {
        g->file->newer = true;
        (void)geojson_refuse(g, node, "bowei.format",
                             "the file was written by a newer version of Bowei");
    }
    node = json_member(&g->doc, g->doc.nodes, "version");
    if (node != NULL && json_int(&g->doc, node, &version) && version > 0) {
        g->file->version = (uint64_t)version;
    }
}

static void type_read(struct geojson *g)
{
    if (!json_is_text(&g->doc, g->doc.nodes, "FeatureCollection")) {
        (void)geojson_refuse(g, g->doc.nodes, "type", "must be FeatureCollection");
    }
}

/* Members that say how to read the others come before them, wherever they stand. */
static const struct {
    const char *name;
    void (*read)(struct geojson *g);
} heads[] = {
    {"crs",   crs_read  },
    {"bowei", bowei_read},
    {"type",  type_read }
};

static const struct {
    const char *name;
    enum draft_table table;
} arrays[] = {
    {"features",  TABLE_SPACE   },
    {"devices",   TABLE_DEVICE  },
    {"bindings",  TABLE_BINDING },
    {"beacons",   TABLE_BEACON  },
    {"listeners", TABLE_LISTENER},
    {"operators", TABLE_OPERATOR},
    {"vehicles",  TABLE_VEHICLE },
    {"units",     TABLE_UNIT    },
    {"wardens",   TABLE_WARDEN  },
    {"aliases",   TABLE_ALIAS   },
    {"retired",   TABLE_RETIRED }
};

static bool key_is(const char *key, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(key, name, len) == 0;
}

/* First pass: the heads. Ends early when all were seen, as in the program's own files. */
static void heads_read(struct geojson *g)
{
    struct slicer *s = &g->slicer;
    uint32_t seen = 0;
    bool first = true;
    const char *key;
    size_t len;
    size_t from;

    if (!slicer_enter(s, '{')) {
        return;
    }
    while (seen != (1u << ARRAY_LEN(heads)) - 1 && slicer_more(s, '}', first)) {
        first = false;
        if (!slicer_key(s, &key, &len) || !slicer_value(s, &from)) {
            return;
        }
        for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
            if (key_is(key, len, heads[i].name)) {
                seen |= 1u << i;
                if (item_parse(g, from, s->at - from)) {
                    heads[i].read(g);
                }
            }
        }
    }
    if (s->fault == JSON_OK && (seen & 4) == 0) {
        fault_at(g, 0, "type", "must be FeatureCollection");
    }
}

static void arrays_read(struct geojson *g)
{
    struct slicer *s = &g->slicer;
    bool first = true;
    const char *key;
    size_t len;
    size_t from;

    if (!slicer_enter(s, '{')) {
        return;
    }
    while (!g->no_memory && slicer_more(s, '}', first)) {
        size_t i = 0;

        first = false;
        if (!slicer_key(s, &key, &len)) {
            return;
        }
        while (i < ARRAY_LEN(arrays) && !key_is(key, len, arrays[i].name)) {
            i++;
        }
        if (i < ARRAY_LEN(arrays)) {
            items_read(g, arrays[i].table);
        } else if (slicer_value(s, &from)) {
            (void)item_parse(g, from, s->at - from);
        }
    }
    if (s->fault == JSON_OK && !g->no_memory) {
        (void)slicer_end(s);
    }
}

enum err geojson_read(struct reading_file *f)
{
    struct geojson g = {.file = f, .node_cap = NODES_FIRST};
    uint32_t before = f->report->fault_count;

    g.nodes = malloc(NODES_FIRST * sizeof *g.nodes);
    if (g.nodes == NULL) {
        return ERR_NO_MEMORY;
    }
    slicer_init(&g.slicer, f->text, f->len);
    heads_read(&g);
    if (f->report->fault_count == before && !g.no_memory) {
        slicer_init(&g.slicer, f->text, f->len);
        arrays_read(&g);
    }
    if (g.slicer.fault != JSON_OK) {
        fault_at(&g, g.slicer.fault_at, "json", json_fault_text(g.slicer.fault));
    }
    free(g.nodes);
    free(g.points);
    return g.no_memory ? ERR_NO_MEMORY : ERR_OK;
}
