/* GeoJSON FeatureCollections (RFC 7946) into the draft: features are lots, spaces, fences and
 * grids; the extra members (devices, bindings, beacons, ...) hold rows as CSV has them. The
 * program's own export is of this form. Here is the document; an item of it is geojson_item.c. */
#include "gateway/inventory/geojson.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_FIRST 256u
#define NODES_MAX   (1u << 20) /* one feature: an outline of 250 000 points */

static void fault_at(struct geojson *g, size_t offset, const char *field, const char *reason)
{
    uint32_t line;
    uint32_t column;
    struct row_origin at;

    slicer_place(&g->slicer, offset, &line, &column);
    at = row_origin_of(g->file->file, line, column);
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
            geojson_feature(g);
        } else {
            geojson_row(g, table);
        }
    }
}

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
        char reason[80];

        g->file->newer = true;
        (void)snprintf(reason, sizeof reason,
                       "%" PRId64 " is of a newer version of Bowei, this program reads up to %d",
                       format, INVENTORY_FORMAT);
        (void)geojson_refuse(g, node, "bowei.format", reason);
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

#define MEMBERS (ARRAY_LEN(arrays) + ARRAY_LEN(heads))

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

/* Which member a key is: of the arrays, then of the heads, MEMBERS for another. */
static size_t member_find(const char *key, size_t len)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (key_is(key, len,
                   i < ARRAY_LEN(arrays) ? arrays[i].name : heads[i - ARRAY_LEN(arrays)].name)) {
            return i;
        }
    }
    return MEMBERS;
}

/* A member that is none of ours. GeoJSON allows them ("bbox", "name"), but a list of objects is a
 * table under a mistyped name, and must not be lost. */
static void foreign_read(struct geojson *g, const char *key, size_t len)
{
    size_t from;
    const struct json_node *value = NULL;
    char reason[200];
    size_t used;

    if (!slicer_value(&g->slicer, &from) || !item_parse(g, from, g->slicer.at - from)) {
        return;
    }
    value = g->doc.nodes;
    if (value->kind != JSON_ARRAY || value->count == 0 ||
        json_first(&g->doc, value)->kind != JSON_OBJECT) {
        return;
    }
    used = (size_t)snprintf(reason, sizeof reason,
                            "%.*s is no member of an inventory:", (int)(len < 30 ? len : 30), key);
    for (size_t i = 0; i < ARRAY_LEN(arrays) && used < sizeof reason; i++) {
        used += (size_t)snprintf(reason + used, sizeof reason - used, "%s %s", i == 0 ? "" : ",",
                                 arrays[i].name);
    }
    fault_at(g, (size_t)(key - g->file->text), "json", reason);
}

static void arrays_read(struct geojson *g)
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
    while (!g->no_memory && slicer_more(s, '}', first)) {
        size_t i;

        first = false;
        if (!slicer_key(s, &key, &len)) {
            return;
        }
        i = member_find(key, len);
        if (i < MEMBERS && (seen >> i & 1) != 0) {
            fault_at(g, (size_t)(key - g->file->text), "json", json_fault_text(JSON_DUPLICATE_KEY));
            return; /* one of the two would be lost, and which is a guess */
        }
        seen |= UINT32_C(1) << i;
        if (i < ARRAY_LEN(arrays)) {
            items_read(g, arrays[i].table);
        } else if (i == MEMBERS) {
            foreign_read(g, key, len);
        } else {
            (void)slicer_value(s, &from); /* a head, read before */
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
