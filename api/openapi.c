/* openapi.json, out of the tables: routes.def, params.def, schemas.def and the staff bodies. The
 * same tables for people are reference.c. */
#include "api/body_fields.h"
#include "api/handlers/staff.h"
#include "api/route.h"
#include "api/schema.h"
#include "bowei/api.h"
#include "bowei/base/json_write.h"
#include <stdio.h>
#include <string.h>

static void reference_write(struct json_writer *w, const char *name, size_t len)
{
    char text[64];

    (void)snprintf(text, sizeof text, "#/components/schemas/%.*s", (int)len, name);
    json_kv_str(w, "$ref", text);
}

/* "string?" -> {"type":["string","null"]}, "[Space]" -> an array of references. */
static void type_write(struct json_writer *w, const char *type, size_t len)
{
    bool null = len > 0 && type[len - 1] == '?';
    bool named;

    len -= null ? 1 : 0;
    if (len > 2 && type[0] == '[') {
        json_kv_str(w, "type", "array");
        json_key(w, "items");
        json_object(w);
        type_write(w, type + 1, len - 2);
        json_object_end(w);
        return;
    }
    named = type[0] >= 'A' && type[0] <= 'Z';
    if (named && !null) {
        reference_write(w, type, len);
    } else if (named) {
        json_key(w, "oneOf");
        json_array(w);
        json_object(w);
        reference_write(w, type, len);
        json_object_end(w);
        json_object(w);
        json_kv_str(w, "type", "null");
        json_object_end(w);
        json_array_end(w);
    } else {
        json_key(w, "type");
        if (null) {
            json_array(w);
            json_strn(w, type, len);
            json_str(w, "null");
            json_array_end(w);
        } else {
            json_strn(w, type, len);
        }
    }
}

static void schemas_write(struct json_writer *w)
{
    size_t count;
    const struct field_row *fields = schema_rows(&count);

    json_key(w, "schemas");
    json_object(w);
    for (size_t i = 0; i < count;) {
        const char *schema = fields[i].schema;

        json_key(w, schema);
        json_object(w);
        json_kv_str(w, "type", "object");
        json_key(w, "properties");
        json_object(w);
        for (; i < count && strcmp(fields[i].schema, schema) == 0; i++) {
            json_key(w, fields[i].name);
            json_object(w);
            type_write(w, fields[i].type, strlen(fields[i].type));
            if (fields[i].doc[0] != '\0') {
                json_kv_str(w, "description", fields[i].doc);
            }
            json_object_end(w);
        }
        json_object_end(w);
        json_object_end(w);
    }
    json_object_end(w);
}

static void path_parameter_write(struct json_writer *w, const char *path)
{
    const char *open = strchr(path, '{');
    size_t len;

    if (open == NULL) {
        return;
    }
    len = strcspn(open + 1, ".}");
    json_object(w);
    json_key(w, "name");
    json_strn(w, open + 1, len);
    json_kv_str(w, "in", "path");
    json_kv_bool(w, "required", true);
    json_key(w, "schema");
    json_object(w);
    json_kv_str(w, "type", "string");
    json_object_end(w);
    json_object_end(w);
}

static void param_schema_write(struct json_writer *w, enum param p)
{
    const struct param_row *row = &param_rows[p];
    bool degrees = p == PARAM_LAT || p == PARAM_LON || p == PARAM_START_LAT || p == PARAM_START_LON;

    json_key(w, "schema");
    json_object(w);
    if (p == PARAM_SILENT) { /* true, false or seconds */
        json_key(w, "type");
        json_array(w);
        json_str(w, "boolean");
        json_str(w, "integer");
        json_array_end(w);
    } else if (row->low == 0 && row->high == 0) {
        json_kv_str(w, "type", "string");
    } else {
        json_kv_str(w, "type", degrees ? "number" : "integer");
        json_kv_i64(w, "minimum", row->low);
        json_kv_i64(w, "maximum", row->high);
    }
    json_object_end(w);
}

static void parameters_write(struct json_writer *w, const struct route *route)
{
    json_key(w, "parameters");
    json_array(w);
    path_parameter_write(w, route->path);
    for (const param_entry *known = route->params; *known != PARAM_END; known++) {
        const enum param p = param_of(*known);

        json_object(w);
        json_kv_str(w, "name", param_rows[p].name);
        json_kv_str(w, "in", "query");
        json_kv_bool(w, "required", (*known & PARAM_REQUIRED) != 0);
        json_kv_str(w, "description", param_rows[p].doc);
        param_schema_write(w, p);
        json_object_end(w);
    }
    json_array_end(w);
}

/* A body whose form is not ours: a platform's message. */
static void foreign_body_write(struct json_writer *w)
{
    json_key(w, "requestBody");
    json_object(w);
    json_kv_bool(w, "required", true);
    json_key(w, "content");
    json_object(w);
    json_key(w, "application/json");
    json_object(w);
    for (unsigned depth = 0; depth < 3; depth++) {
        json_object_end(w);
    }
}

static void body_write(struct json_writer *w, const struct route *route)
{
    uint64_t required;
    uint64_t takes = body_fields_of(route->name, &required);

    if (takes == 0) {
        if ((route->flags & ROUTE_SECRET) != 0 && (route->flags & ROUTE_BODY) != 0) {
            foreign_body_write(w);
        }
        return;
    }
    json_key(w, "requestBody");
    json_object(w);
    json_kv_bool(w, "required", required != 0);
    json_key(w, "content");
    json_object(w);
    json_key(w, "application/json");
    json_object(w);
    json_key(w, "schema");
    json_object(w);
    json_kv_str(w, "type", "object");
    json_kv_bool(w, "additionalProperties", (route->flags & ROUTE_BULK) != 0);
    json_key(w, "properties");
    json_object(w);
    for (unsigned f = 0; f < BODY_FIELD_COUNT; f++) {
        if (takes >> f & 1) {
            json_key(w, body_field_rows[f].name);
            json_object(w);
            json_kv_str(w, "type", body_field_rows[f].type);
            json_kv_str(w, "description", body_field_rows[f].doc);
            json_object_end(w);
        }
    }
    json_object_end(w);
    json_key(w, "required");
    json_array(w);
    for (unsigned f = 0; f < BODY_FIELD_COUNT; f++) {
        if (required >> f & 1) {
            json_str(w, body_field_rows[f].name);
        }
    }
    json_array_end(w);
    for (unsigned depth = 0; depth < 4; depth++) {
        json_object_end(w);
    }
}

static void content_write(struct json_writer *w, const char *type, const char *schema)
{
    json_key(w, type);
    json_object(w);
    if (schema != NULL) {
        json_key(w, "schema");
        json_object(w);
        reference_write(w, schema, strlen(schema));
        json_object_end(w);
    }
    json_object_end(w);
}

/* Under which status the route gives what it answers with; all but these: 200. */
static const char *const *statuses_of(const struct route *route)
{
    static const char *const usual[] = {"200", NULL};

    static const struct {
        const char *name;
        const char *statuses[3]; /* ended by NULL */
    } rows[] = {
        {"case_post",               {"201", "200"}},
        {"detection_post",          {"201", "200"}},
        {"report_post",             {"201"}       },
        {"key_post",                {"201"}       },
        {"webhook_post",            {"201"}       },
        {"device_recalibrate_post", {"202"}       },
        {"readyz_get",              {"200", "503"}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(route->name, rows[i].name) == 0) {
            return rows[i].statuses;
        }
    }
    return usual;
}

static void success_write(struct json_writer *w, const struct route *route, const char *status)
{
    json_key(w, status);
    json_object(w);
    json_kv_str(w, "description", route->doc);
    json_key(w, "content");
    json_object(w);
    content_write(w, answer_type(route->answer), answer_schema(route->answer));
    if (route->flags & ROUTE_GEO) {
        content_write(w, "application/geo+json", NULL);
    }
    if (param_listed(route->params, PARAM_FORMAT)) {
        content_write(w, "text/csv", NULL);
    }
    if (param_listed(route->params, PARAM_SHEET)) {
        content_write(w, "text/html", NULL);
        content_write(w, "text/plain", NULL);
    }
    json_object_end(w);
    json_object_end(w);
}

static void responses_write(struct json_writer *w, const struct route *route)
{
    json_key(w, "responses");
    json_object(w);
    for (const char *const *status = statuses_of(route); *status != NULL; status++) {
        success_write(w, route, *status);
    }
    json_key(w, "default");
    json_object(w);
    json_kv_str(w, "description", "what went wrong (RFC 9457)");
    json_key(w, "content");
    json_object(w);
    content_write(w, "application/problem+json", "Problem");
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
}

static void operation_write(struct json_writer *w, const struct route *route)
{
    static const char *const lower[METHOD_COUNT] = {
        [METHOD_GET] = "get",       [METHOD_HEAD] = "head",       [METHOD_POST] = "post",
        [METHOD_DELETE] = "delete", [METHOD_OPTIONS] = "options", [METHOD_OTHER] = "trace",
    };

    json_key(w, lower[route->method]);
    json_object(w);
    json_kv_str(w, "operationId", route->name);
    json_kv_str(w, "summary", route->doc);
    parameters_write(w, route);
    body_write(w, route);
    responses_write(w, route);
    if (route->role != ROLE_PUBLIC) {
        json_kv_str(w, "x-role", role_name(route->role));
        json_key(w, "security");
        json_array(w);
        json_object(w);
        json_key(w, "key");
        json_array(w);
        json_array_end(w);
        json_object_end(w);
        json_array_end(w);
    }
    json_object_end(w);
}

/* "/v1/devices/{device...}/suspect" as OpenAPI has it: without the dots. */
static void path_key(struct json_writer *w, const char *path)
{
    char text[80];
    size_t n = 0;

    for (; *path != '\0' && n + 1 < sizeof text; path++) {
        if (*path != '.' || path[1] == 'j') { /* the dot of .json stays */
            text[n++] = *path;
        }
    }
    text[n] = '\0';
    json_key(w, text);
}

static void paths_write(struct json_writer *w)
{
    size_t count;
    const struct route *rows = routes(&count);

    json_key(w, "paths");
    json_object(w);
    for (size_t i = 0; i < count; i++) {
        bool first = true;

        for (size_t j = 0; j < i; j++) {
            first = first && strcmp(rows[j].path, rows[i].path) != 0;
        }
        if (!first) {
            continue;
        }
        path_key(w, rows[i].path);
        json_object(w);
        for (size_t j = i; j < count; j++) {
            if (strcmp(rows[j].path, rows[i].path) == 0) {
                operation_write(w, &rows[j]);
            }
        }
        json_object_end(w);
    }
    json_object_end(w);
}

/* What is posted to webhooks: the one request that goes the other way. */
static void webhooks_write(struct json_writer *w)
{
    json_key(w, "webhooks");
    json_object(w);
    json_key(w, "alert");
    json_object(w);
    json_key(w, "post");
    json_object(w);
    json_kv_str(w, "summary",
                "a change of an alert, as POST /v1/webhooks ordered it; headers webhook-id, "
                "webhook-timestamp and webhook-signature (Standard Webhooks)");
    json_key(w, "requestBody");
    json_object(w);
    json_kv_bool(w, "required", true);
    json_key(w, "content");
    json_object(w);
    json_key(w, "application/cloudevents+json");
    json_object(w);
    json_key(w, "schema");
    json_object(w);
    reference_write(w, "CloudEvent", strlen("CloudEvent"));
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
    json_key(w, "responses");
    json_object(w);
    json_key(w, "2XX");
    json_object(w);
    json_kv_str(w, "description", "taken; anything else is tried again, 410 ends it");
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
}

void api_openapi(struct strbuf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_object(&w);
    json_kv_str(&w, "openapi", "3.1.0");
    json_key(&w, "info");
    json_object(&w);
    json_kv_str(&w, "title", "Bowei");
    json_kv_str(&w, "description",
                "The city's parking spaces, lots and shared bikes, live, under one ID each; "
                "reports and cases.");
    json_kv_str(&w, "version", BOWEI_VERSION);
    json_object_end(&w);
    paths_write(&w);
    webhooks_write(&w);
    json_key(&w, "components");
    json_object(&w);
    json_key(&w, "securitySchemes");
    json_object(&w);
    json_key(&w, "key");
    json_object(&w);
    json_kv_str(&w, "type", "http");
    json_kv_str(&w, "scheme", "bearer");
    json_object_end(&w);
    json_object_end(&w);
    schemas_write(&w);
    json_object_end(&w);
    json_object_end(&w);
}
