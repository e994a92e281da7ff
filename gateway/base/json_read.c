/* The one JSON reader: checks a whole document and indexes it in one pass over the bytes, without
 * allocation and without recursion. Values are taken out in json_value.c. MQTT payloads, request
 * bodies and inventory files come in here. */
#include "bowei/base/json_read.h"
#include "bowei/base/bytes.h"
#include "gateway/base/json_key.h"
#include "gateway/base/json_number.h"
#include <string.h>

#define COUNT_MAX 0xffffffu /* members fit in 24 bits */

struct parser {
    struct json_doc *doc;
    const char *p;
    const char *end;
    uint32_t open[JSON_DEPTH_MAX]; /* nodes of the containers around p */
    uint32_t depth;
};

static const char *const fault_texts[JSON_FAULT_COUNT] = {
    [JSON_OK] = "valid JSON",
    [JSON_SYNTAX] = "a character that does not belong there",
    [JSON_TRUNCATED] = "the text ends too early",
    [JSON_TRAILING] = "something follows the document",
    [JSON_DEPTH] = "nested too deep",
    [JSON_DUPLICATE_KEY] = "a key stands twice in one object",
    [JSON_UTF8] = "not UTF-8",
    [JSON_ESCAPE] = "a bad escape, a NUL or half a surrogate pair",
    [JSON_NUMBER_RANGE] = "a number too large",
    [JSON_TOO_MANY] = "too many values",
};

const char *json_fault_text(enum json_fault fault)
{
    return (unsigned)fault < JSON_FAULT_COUNT ? fault_texts[fault] : fault_texts[JSON_SYNTAX];
}

static enum json_fault fail(struct parser *ps, enum json_fault fault, const char *at)
{
    ps->doc->fault = fault;
    ps->doc->fault_at = (size_t)(at - ps->doc->text);
    return fault;
}

/* The fault of something unexpected at p: the end of the text is told apart. */
static enum json_fault unexpected(struct parser *ps)
{
    return fail(ps, ps->p == ps->end ? JSON_TRUNCATED : JSON_SYNTAX, ps->p);
}

static void skip_space(struct parser *ps)
{
    while (ps->p < ps->end &&
           (*ps->p == ' ' || *ps->p == '\n' || *ps->p == '\r' || *ps->p == '\t')) {
        ps->p++;
    }
}

/* A new node that begins at p; NULL when the array is full. `next` is right for scalars and keys.
 */
static struct json_node *node_add(struct parser *ps, enum json_kind kind)
{
    struct json_doc *doc = ps->doc;
    struct json_node *n;

    if (doc->used == doc->cap) {
        (void)fail(ps, JSON_TOO_MANY, ps->p);
        return NULL;
    }
    n = &doc->nodes[doc->used++];
    *n = (struct json_node){
        .start = (uint32_t)(ps->p - doc->text), .next = doc->used, .kind = (unsigned)kind & 0x7f};
    return n;
}

/* Four hex digits at p -> value, -1 when they are not. */
static int hex4(const char *p, const char *end)
{
    uint8_t bytes[2];

    if (end - p < 4 || hex_decode(p, 4, bytes, sizeof bytes) != 2) {
        return -1;
    }
    return bytes[0] << 8 | bytes[1];
}

/* p stands on a backslash; moves behind the escape. */
static enum json_fault escape(struct parser *ps)
{
    const char *at = ps->p;
    int code;

    if (ps->end - at < 2) {
        return fail(ps, JSON_TRUNCATED, ps->end);
    }
    if (at[1] != 'u') {
        if (at[1] == '\0' || strchr("\"\\/bfnrt", at[1]) == NULL) {
            return fail(ps, JSON_ESCAPE, at);
        }
        ps->p += 2;
        return JSON_OK;
    }
    code = hex4(at + 2, ps->end);
    if (code >= 0xd800 && code < 0xdc00) {
        int low = ps->end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? hex4(at + 8, ps->end) : -1;

        if (low < 0xdc00 || low >= 0xe000) {
            return fail(ps, JSON_ESCAPE, at);
        }
        ps->p += 12;
        return JSON_OK;
    }
    if (code <= 0 || (code >= 0xdc00 && code < 0xe000)) {
        return fail(ps, JSON_ESCAPE, at);
    }
    ps->p += 6;
    return JSON_OK;
}

/* Moves p over bytes that mean themselves, eight at a time: it stops no later than the first quote,
 * backslash, control or non-ASCII byte. */
static const char *plain_skip(const char *p, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones << 7;

    for (; end - p >= 8; p += 8) {
        uint64_t x;
        uint64_t quote;
        uint64_t slash;

        memcpy(&x, p, 8);
        quote = x ^ ones * '"';
        slash = x ^ ones * '\\';
        /* the top bit of a byte turns on when it was 0 (or < 0x20) before; borrows only stop early
         */
        if (((x - ones * 0x20) | (quote - ones) | (slash - ones) | x) & tops) {
            break;
        }
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\\') {
        p++;
    }
    return p;
}

/* p stands on the opening quote; moves behind the closing one. */
static enum json_fault string(struct parser *ps)
{
    struct json_node *n;

    ps->p++;
    n = node_add(ps, JSON_STRING);
    if (n == NULL) {
        return JSON_TOO_MANY;
    }
    for (;;) {
        ps->p = plain_skip(ps->p, ps->end);
        if (ps->p == ps->end) {
            return unexpected(ps);
        }
        if (*ps->p == '"') {
            n->len = (uint32_t)(ps->p - ps->doc->text) - n->start;
            ps->p++;
            return JSON_OK;
        }
        if (*ps->p == '\\') {
            n->escaped = 1;
            if (escape(ps) != JSON_OK) {
                return ps->doc->fault;
            }
        } else if ((unsigned char)*ps->p < 0x20) {
            return unexpected(ps);
        } else {
            size_t whole = utf8_sequence(ps->p, (size_t)(ps->end - ps->p));

            if (whole == 0) {
                return fail(ps, JSON_UTF8, ps->p);
            }
            ps->p += whole;
        }
    }
}

/* Moves p over digits; at least one must stand there. */
static bool digits(struct parser *ps)
{
    const char *from = ps->p;

    while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9') {
        ps->p++;
    }
    return ps->p > from;
}

static bool take(struct parser *ps, char c)
{
    if (ps->p < ps->end && *ps->p == c) {
        ps->p++;
        return true;
    }
    return false;
}

static enum json_fault number(struct parser *ps)
{
    const char *from = ps->p;
    struct json_node *n = node_add(ps, JSON_NUMBER);
    bool exponent;

    if (n == NULL) {
        return JSON_TOO_MANY;
    }
    (void)take(ps, '-');
    if (!take(ps, '0') && !digits(ps)) {
        return unexpected(ps);
    }
    if (take(ps, '.') && !digits(ps)) {
        return unexpected(ps);
    }
    exponent = take(ps, 'e') || take(ps, 'E');
    if (exponent) {
        if (!take(ps, '-')) {
            (void)take(ps, '+');
        }
        if (!digits(ps)) {
            return unexpected(ps);
        }
    }
    n->len = (uint32_t)(ps->p - from);
    /* Fewer than 300 characters without exponent are below 1e300. */
    if ((exponent || n->len >= 300) && !json_number_finite(from, n->len)) {
        return fail(ps, JSON_NUMBER_RANGE, from);
    }
    return JSON_OK;
}

static enum json_fault literal(struct parser *ps, const char *word, enum json_kind kind)
{
    const char *from = ps->p;
    struct json_node *n = node_add(ps, kind);

    if (n == NULL) {
        return JSON_TOO_MANY;
    }
    for (; *word != '\0'; word++) {
        if (!take(ps, *word)) {
            return unexpected(ps);
        }
    }
    n->len = (uint32_t)(ps->p - from);
    return JSON_OK;
}

static enum json_fault container(struct parser *ps, enum json_kind kind)
{
    struct json_node *n;

    if (ps->depth == JSON_DEPTH_MAX) {
        return fail(ps, JSON_DEPTH, ps->p);
    }
    n = node_add(ps, kind);
    if (n == NULL) {
        return JSON_TOO_MANY;
    }
    ps->open[ps->depth++] = (uint32_t)(n - ps->doc->nodes);
    ps->p++;
    return JSON_OK;
}

static enum json_fault value(struct parser *ps)
{
    if (ps->p == ps->end) {
        return unexpected(ps);
    }
    switch (*ps->p) {
    case '"': return string(ps);
    case '{': return container(ps, JSON_OBJECT);
    case '[': return container(ps, JSON_ARRAY);
    case 't': return literal(ps, "true", JSON_TRUE);
    case 'f': return literal(ps, "false", JSON_FALSE);
    case 'n': return literal(ps, "null", JSON_NULL);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return number(ps);
    default: return unexpected(ps);
    }
}

/* One more member of the container on top; for an object also its key and the colon. */
static enum json_fault member(struct parser *ps)
{
    struct json_node *parent = &ps->doc->nodes[ps->open[ps->depth - 1]];

    if (parent->count == COUNT_MAX) {
        return fail(ps, JSON_TOO_MANY, ps->p);
    }
    parent->count++;
    if (parent->kind == JSON_ARRAY) {
        return JSON_OK;
    }
    if (ps->p == ps->end || *ps->p != '"') {
        return unexpected(ps);
    }
    if (string(ps) != JSON_OK) {
        return ps->doc->fault;
    }
    skip_space(ps);
    if (!take(ps, ':')) {
        return unexpected(ps);
    }
    skip_space(ps);
    return JSON_OK;
}

/* p stands behind a closing bracket. */
static enum json_fault container_end(struct parser *ps)
{
    struct json_doc *doc = ps->doc;
    uint32_t index = ps->open[--ps->depth];
    struct json_node *n = &doc->nodes[index];

    n->len = (uint32_t)(ps->p - doc->text) - n->start;
    n->next = doc->used;
    if (n->kind == JSON_OBJECT && n->count > 1) {
        const struct json_node *twice = json_duplicate_key(doc, index);

        if (twice != NULL) {
            return fail(ps, JSON_DUPLICATE_KEY, doc->text + twice->start);
        }
    }
    return JSON_OK;
}

/* Closes and separates until the next value begins at p or the root is complete (*done). */
static enum json_fault between(struct parser *ps, bool begun, bool *done)
{
    for (;;) {
        bool object;

        if (ps->depth == 0) {
            *done = true;
            return JSON_OK;
        }
        object = ps->doc->nodes[ps->open[ps->depth - 1]].kind == JSON_OBJECT;
        skip_space(ps);
        if (take(ps, object ? '}' : ']')) {
            if (container_end(ps) != JSON_OK) {
                return ps->doc->fault;
            }
            begun = false;
            continue;
        }
        if (!begun && !take(ps, ',')) {
            return unexpected(ps);
        }
        skip_space(ps);
        return member(ps);
    }
}

enum json_fault json_parse(struct json_doc *doc, const char *text, size_t len,
                           struct json_node *nodes, uint32_t cap)
{
    struct parser ps = {.doc = doc, .p = text, .end = text + len};
    bool done = false;

    *doc = (struct json_doc){.text = text, .len = len, .nodes = nodes, .cap = cap};
    if (len >= UINT32_MAX) {
        return fail(&ps, JSON_TOO_MANY, text); /* offsets are 32 bits */
    }
    skip_space(&ps);
    while (!done) {
        uint32_t depth = ps.depth;

        if (value(&ps) != JSON_OK || between(&ps, ps.depth > depth, &done) != JSON_OK) {
            return doc->fault;
        }
    }
    skip_space(&ps);
    return ps.p == ps.end ? JSON_OK : fail(&ps, JSON_TRAILING, ps.p);
}
