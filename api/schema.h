#ifndef API_SCHEMA_H
#define API_SCHEMA_H

#include "api/route.h"

/* The fields of answers (schemas.def): documents and spreadsheets come from them. */

struct field_row {
    const char *schema, *name;
    const char *type; /**< JSON Schema's, "Name" of another, "[...]" a list, "...?" or null */
    const char *doc;
};

/** Name of the schema a route answers with, NULL when its media type says it all. */
const char *answer_schema(enum answer answer);
/** Its media type. */
const char *answer_type(enum answer answer);
/** All fields, those of one schema together. */
const struct field_row *schema_rows(size_t *count);
/** The fields of a schema, NULL when there is none of that name. */
const struct field_row *schema_fields(const char *schema, size_t len, size_t *count);

#endif
