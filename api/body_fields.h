#ifndef API_BODY_FIELDS_H
#define API_BODY_FIELDS_H

#include "api/request.h"
#include "bowei/base/json_read.h"

/* The members of request bodies: which a route takes, which it must have, what each may be. One
 * table (body_fields.def, bodies.def), from which reading, refusals and documents come. */

/* clang-format off: a table is included */
enum body_field {

#define BODY_FIELD(name, member, type, doc) BODY_##name,
#include "api/body_fields.def"
#undef BODY_FIELD
    BODY_FIELD_COUNT
};

/* clang-format on */

struct body_field_row {
    const char *name; /**< of the member */
    const char *type; /**< JSON type */
    const char *doc;
};

extern const struct body_field_row body_field_rows[BODY_FIELD_COUNT];
/** Bit per field that the handler of that name takes; *required: those that must be there. */
uint64_t body_fields_of(const char *handler, uint64_t *required);
/** Which of the fields the member is, BODY_FIELD_COUNT = none. */
enum body_field body_field_find(const struct json_doc *doc, const struct json_node *key,
                                uint64_t fields);
/** Notes a fault for a member that is none of the fields. */
void body_field_unknown(struct request *rq, const struct json_doc *doc, const struct json_node *key,
                        uint64_t fields);
/** Notes a fault for each member of a body that the route does not take. For handlers that read
 * their body themselves. */
void body_known(struct request *rq, const struct json_doc *doc);
/** The body as an object with members that the route takes; an empty one is {}. Answers itself and
 * returns false when it is none, else rq->faults has the members that are not known. */
bool body_open(struct request *rq, struct json_doc *doc, struct json_node *nodes, uint32_t cap);
/** json_text() for what people will read: less than 0, too, when it has control characters other
 * than line ends, or such as turn the direction of what follows (UAX 9), with which a terminal or a
 * page would show another text than the one that is kept. */
int body_text(const struct json_doc *doc, const struct json_node *n, char *out, size_t cap);

#endif
