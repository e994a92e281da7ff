#ifndef BOWEI_BASE_JSON_READ_H
#define BOWEI_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The one JSON reader of the program: strict RFC 8259, in place, without allocation. A document is
 * checked whole (UTF-8, escapes, numbers, depth, duplicate keys, trailing bytes) and indexed into
 * the caller's node array in one pass; only then may values be read. Every node knows its offset,
 * so that an import can say file:line:column (jansson cannot: docs/decisions/0001-json.md). */

#define JSON_DEPTH_MAX 16

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

enum json_fault {
    JSON_OK,
    JSON_SYNTAX,
    JSON_TRUNCATED,
    JSON_TRAILING,
    JSON_DEPTH,
    JSON_DUPLICATE_KEY,
    JSON_UTF8,
    JSON_ESCAPE, /* bad escape, \u0000, lone surrogate */
    JSON_NUMBER_RANGE,
    JSON_TOO_MANY, /* more nodes than the array holds */
    JSON_FAULT_COUNT
};

/** A value. Members of an object are stored as key node (JSON_STRING) followed by the value. */
struct json_node {
    uint32_t start;      /**< offset of the first byte (inside the quotes for strings) */
    uint32_t len;        /**< bytes of the raw token (without quotes) */
    uint32_t next;       /**< index of the node behind this value and all inside it */
    uint32_t count : 24; /**< members (pairs) of an object, items of an array */
    uint32_t kind : 7;
    uint32_t escaped : 1; /**< string holds a backslash: use json_text() */
};

struct json_doc {
    const char *text;
    size_t len;
    struct json_node *nodes; /**< borrowed; nodes[0] is the root */
    uint32_t cap;
    uint32_t used;
    enum json_fault fault;
    size_t fault_at; /**< offset of the fault */
};

/** Checks and indexes; `nodes` and `text` must outlive the doc. */
enum json_fault json_parse(struct json_doc *doc, const char *text, size_t len,
                           struct json_node *nodes, uint32_t cap);
const char *json_fault_text(enum json_fault fault);

/** Member of an object by name, NULL when absent or `object` is none. Keys with escapes compare
 * decoded. */
const struct json_node *json_member(const struct json_doc *doc, const struct json_node *object,
                                    const char *name);
/** First child of an array (item) or object (key node), NULL when empty; then json_next() len/count
 * times. */
const struct json_node *json_first(const struct json_doc *doc, const struct json_node *parent);
const struct json_node *json_after(const struct json_doc *doc, const struct json_node *value);
/** Raw bytes of a string without escapes, or of a number. */
const char *json_raw_text(const struct json_doc *doc, const struct json_node *n);
/** Decodes a string into out (NUL-terminated). Returns its length, or -1: no string, or longer than
 * cap - 1. */
int json_text(const struct json_doc *doc, const struct json_node *n, char *out, size_t cap);
bool json_is_text(const struct json_doc *doc, const struct json_node *n, const char *text);
/** Whole numbers only (no fraction, no exponent) within int64. */
bool json_int(const struct json_doc *doc, const struct json_node *n, int64_t *out);
/** Any finite number. */
bool json_double(const struct json_doc *doc, const struct json_node *n, double *out);
/** A number as v * 10^digits, rounded half away from zero, without passing through a double; false
 * when out of int64 or not a number. */
bool json_scaled(const struct json_doc *doc, const struct json_node *n, unsigned digits,
                 int64_t *out);
/** 1-based line and column (in bytes) of an offset. */
void json_line_column(const char *text, size_t len, size_t offset, uint32_t *line,
                      uint32_t *column);

#endif
