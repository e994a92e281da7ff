/* One item of a GeoJSON file as a row of the draft: a feature, or an object of an extra member. Its
 * properties are texts as CSV would hold them. */
#include "gateway/inventory/geojson.h"
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 4096 /* bytes of one property as text; row.c sets the real limits */

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
    if (!row_set(row, field, text, (size_t)len)) {
        char reason[ROW_REASON_MAX];

        row_reason(row, text, (size_t)len, reason, sizeof reason);
        return geojson_refuse(g, n, field->name, reason);
    }
    return true;
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

static struct row_origin origin_of(struct geojson *g)
{
    uint32_t line;
    uint32_t column;

    slicer_place(&g->slicer, g->item, &line, &column);
    return row_origin_of(g->file->file, line, column);
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
        return geojson_point(g, row, geometry) && good;
    }
    /* without a geometry the grid goes */
    return good && (geometry == NULL || geometry->kind == JSON_NULL ||
                    geojson_outline(g, row, &row->grid.outline, OUTLINE_GRID, geometry));
}

void geojson_feature(struct geojson *g)
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

void geojson_row(struct geojson *g, enum draft_table table)
{
    struct row row;

    row_begin(&row, g->file->draft, table, g->file->crs, origin_of(g));
    row_finish(g, &row, members_set(g, &row, g->doc.nodes, NULL));
}
