/* The route part of docs/API.md, out of the tables that openapi.json comes from. */
#include "api/body_fields.h"
#include "api/schema.h"
#include "bowei/api.h"
#include <string.h>

static void route_reference(struct strbuf *out, const struct route *route)
{
    uint64_t required;
    uint64_t takes = body_fields_of(route->name, &required);
    const char *schema = answer_schema(route->answer);

    strbuf_printf(out, "### %s %s\n\n%s. Role: %s. Answers: %s%s.\n\n", method_name(route->method),
                  route->path, route->doc,
                  route->flags & ROUTE_SECRET ? "a source with its secret" : role_name(route->role),
                  schema == NULL ? answer_type(route->answer) : schema,
                  route->flags & ROUTE_GEO ? ", also as GeoJSON" : "");
    if (*route->params != PARAM_END) {
        strbuf_puts(out, "| parameter | range | meaning |\n|---|---|---|\n");
    }
    for (const param_entry *known = route->params; *known != PARAM_END; known++) {
        const struct param_row *row = &param_rows[param_of(*known)];

        strbuf_printf(out, "| `%s`%s | ", row->name,
                      (*known & PARAM_REQUIRED) != 0 ? " (required)" : "");
        if (row->low != 0 || row->high != 0) {
            strbuf_printf(out, "%lld..%lld", (long long)row->low, (long long)row->high);
        }
        strbuf_printf(out, " | %s |\n", row->doc);
    }
    if (takes != 0) {
        strbuf_puts(out, *route->params != PARAM_END ? "\n" : "");
        strbuf_puts(out, "| field of the body | type | meaning |\n|---|---|---|\n");
    }
    for (unsigned f = 0; f < BODY_FIELD_COUNT; f++) {
        if (takes >> f & 1) {
            strbuf_printf(out, "| `%s`%s | %s | %s |\n", body_field_rows[f].name,
                          required >> f & 1 ? " (required)" : "", body_field_rows[f].type,
                          body_field_rows[f].doc);
        }
    }
    if (*route->params != PARAM_END || takes != 0) {
        strbuf_putc(out, '\n');
    }
}

void api_reference(struct strbuf *out)
{
    size_t count;
    const struct route *rows = routes(&count);
    size_t field_count;
    const struct field_row *fields = schema_rows(&field_count);
    const char *schema = "";

    strbuf_puts(out, "## Routes\n\n");
    for (size_t i = 0; i < count; i++) {
        route_reference(out, &rows[i]);
    }
    strbuf_puts(out, "## Answers\n");
    for (size_t i = 0; i < field_count; i++) {
        if (strcmp(schema, fields[i].schema) != 0) {
            schema = fields[i].schema;
            strbuf_printf(out, "\n### %s\n\n| field | type | meaning |\n|---|---|---|\n", schema);
        }
        strbuf_printf(out, "| `%s` | %s | %s |\n", fields[i].name, fields[i].type, fields[i].doc);
    }
}
