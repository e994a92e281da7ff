/* The table of request bodies, and what is said of members that are not in it. */
#include "api/body_fields.h"
#include <stdio.h>
#include <string.h>

/* clang-format off: tables are included */
const struct body_field_row body_field_rows[BODY_FIELD_COUNT] = {
#define BODY_FIELD(name, member, type, doc) [BODY_##name] = {member, type, doc},
#include "api/body_fields.def"
#undef BODY_FIELD
};

/* What a handler's body takes, and what it must have. */
struct taking {
    const char *handler;
    uint64_t fields, required;
};

#define F(name) (UINT64_C(1) << BODY_##name)
#define WEBHOOK_FIELDS                                                                             \
    (F(URL) | F(TITLE) | F(TEMPLATE) | F(KINDS) | F(SEVERITY) | F(DISTRICT_LIST) | F(SHOWN_CRS))
#define FINDING (F(CASE_KIND) | F(PLACE) | F(VEHICLE) | F(LOCATION) | F(TEXT) | F(EVIDENCE))

static const struct taking takes[] = {
#define BODY(handler, fields, required) {#handler, fields, required},
#include "api/bodies.def"
#undef BODY
};

static const struct taking moves_take[] = {
#define CASE_MOVE(event, code, handler, fields, required, doc)                                     \
    {#handler, (fields) | F(VERSION), required},
#include "api/case_moves.def"
#undef CASE_MOVE
};

/* clang-format on */

static const struct taking *taking_find(const struct taking *rows, size_t count,
                                        const char *handler)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].handler, handler) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

uint64_t body_fields_of(const char *handler, uint64_t *required)
{
    const struct taking *row = taking_find(takes, ARRAY_LEN(takes), handler);

    if (row == NULL) {
        row = taking_find(moves_take, ARRAY_LEN(moves_take), handler);
    }
    *required = row == NULL ? 0 : row->required;
    return row == NULL ? 0 : row->fields;
}

void body_field_unknown(struct request *rq, const struct json_doc *doc, const struct json_node *key,
                        uint64_t fields)
{
    char name[32];
    char where[40];
    char known[80] = "";
    size_t n = 0;

    if (json_text(doc, key, name, sizeof name) < 0) {
        (void)snprintf(name, sizeof name, "(too long)");
    }
    for (unsigned f = 0; f < BODY_FIELD_COUNT; f++) {
        if (fields >> f & 1 && n < sizeof known) {
            n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n == 0 ? "" : ", ",
                                  body_field_rows[f].name);
        }
    }
    (void)snprintf(where, sizeof where, "/%s", name);
    faults_add(&rq->faults, where, "unknown field; known: %s", known);
}

enum body_field body_field_find(const struct json_doc *doc, const struct json_node *key,
                                uint64_t fields)
{
    unsigned f = 0;

    while (f < BODY_FIELD_COUNT &&
           !(fields >> f & 1 && json_is_text(doc, key, body_field_rows[f].name))) {
        f++;
    }
    return (enum body_field)f;
}

/* U+0080-U+009F, U+202A-U+202E, U+2066-U+2069: two and three bytes of UTF-8. */
static bool misleads(const unsigned char *at)
{
    if (at[0] == 0xc2) {
        return at[1] < 0xa0;
    }
    return at[0] == 0xe2 && ((at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
                             (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}

int body_text(const struct json_doc *doc, const struct json_node *n, char *out, size_t cap)
{
    const int len = json_text(doc, n, out, cap);

    for (int i = 0; i < len; i++) {
        const unsigned char *at = (const unsigned char *)out + i;

        if ((*at < 0x20 && *at != '\n') || *at == 0x7f || misleads(at)) {
            return -1;
        }
    }
    return len;
}

void body_known(struct request *rq, const struct json_doc *doc)
{
    const struct json_node *root = &doc->nodes[0];
    const struct json_node *key = json_first(doc, root);
    uint64_t required;
    const uint64_t fields = body_fields_of(rq->match.route->name, &required);

    for (uint32_t i = 0; i < root->count; i++) {
        if (body_field_find(doc, key, fields) == BODY_FIELD_COUNT) {
            body_field_unknown(rq, doc, key, fields);
        }
        key = json_after(doc, json_after(doc, key));
    }
}

bool body_open(struct request *rq, struct json_doc *doc, struct json_node *nodes, uint32_t cap)
{
    const bool empty = rq->body.len == 0;
    const enum json_fault fault =
        json_parse(doc, empty ? "{}" : rq->body.data, empty ? 2 : rq->body.len, nodes, cap);

    rq->faults = (struct faults){.pointer = true};
    if (fault != JSON_OK || nodes[0].kind != JSON_OBJECT) {
        respond_problem(rq, ERR_BAD_JSON,
                        fault != JSON_OK ? json_fault_text(fault) : "the body must be an object");
        return false;
    }
    body_known(rq, doc);
    return true;
}
