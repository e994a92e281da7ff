#ifndef GATEWAY_BASE_JSON_KEY_H
#define GATEWAY_BASE_JSON_KEY_H

#include "bowei/base/json_read.h"

/* Strings of a checked document, decoded while they are walked. Private to the JSON reader. */

struct json_cursor {
    const char *p;
    const char *end;
    char held[4]; /* bytes of the last \u escape not handed out yet */
    uint8_t held_len;
    uint8_t held_at;
};

struct json_cursor json_cursor_of(const struct json_doc *doc, const struct json_node *string);
/** Next decoded byte, -1 at the end. */
int json_cursor_next(struct json_cursor *c);
/** Order of two strings by their decoded bytes. */
int json_string_compare(const struct json_doc *doc, const struct json_node *a,
                        const struct json_node *b);
/** The second of two equal keys of a closed object, NULL when all differ. Sorts, so that an object
 * of many keys costs n log n; the nodes are as before afterwards. */
const struct json_node *json_duplicate_key(struct json_doc *doc, uint32_t object);

#endif
