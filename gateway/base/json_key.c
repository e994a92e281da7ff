/* Decoding and comparing the strings of a checked document, and the search for duplicate keys. */
#include "gateway/base/json_key.h"
#include <string.h>

/* Up to this many keys each is compared with each: cheaper than sorting. */
#define PAIRWISE_KEYS 16
/* One sorted run for each power of two of keys (members are counted in 24 bits). */
#define RUNS   25
#define NO_KEY UINT32_MAX

struct json_cursor json_cursor_of(const struct json_doc *doc, const struct json_node *string)
{
    const char *p = doc->text + string->start;

    return (struct json_cursor){.p = p, .end = p + string->len};
}

static unsigned hex4(const char *p)
{
    unsigned v = 0;

    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i];

        v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

static uint8_t utf8_put(char out[4], unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* The parse has checked every escape, so none is looked at twice here. p stands behind the
 * backslash. */
static int escape_next(struct json_cursor *c)
{
    char letter = *c->p++;
    unsigned code;

    switch (letter) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return (unsigned char)letter;
    }
    code = hex4(c->p);
    c->p += 4;
    if (code >= 0xd800 && code < 0xdc00) { /* a pair: the low half follows as \uXXXX */
        code = 0x10000 + ((code - 0xd800) << 10) + (hex4(c->p + 2) - 0xdc00);
        c->p += 6;
    }
    c->held_len = utf8_put(c->held, code);
    c->held_at = 1;
    return (unsigned char)c->held[0];
}

int json_cursor_next(struct json_cursor *c)
{
    if (c->held_at < c->held_len) {
        return (unsigned char)c->held[c->held_at++];
    }
    if (c->p == c->end) {
        return -1;
    }
    if (*c->p == '\\') {
        c->p++;
        return escape_next(c);
    }
    return (unsigned char)*c->p++;
}

int json_string_compare(const struct json_doc *doc, const struct json_node *a,
                        const struct json_node *b)
{
    struct json_cursor at;
    struct json_cursor bt;
    int left;
    int right;

    if (!a->escaped && !b->escaped) {
        uint32_t shorter = a->len < b->len ? a->len : b->len;
        int order = memcmp(doc->text + a->start, doc->text + b->start, shorter);

        return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
    }
    at = json_cursor_of(doc, a);
    bt = json_cursor_of(doc, b);
    do {
        left = json_cursor_next(&at);
        right = json_cursor_next(&bt);
    } while (left == right && left >= 0);
    return left - right;
}

static bool keys_equal(const struct json_doc *doc, const struct json_node *a,
                       const struct json_node *b)
{
    if (!a->escaped && !b->escaped) {
        return a->len == b->len && memcmp(doc->text + a->start, doc->text + b->start, a->len) == 0;
    }
    return json_string_compare(doc, a, b) == 0;
}

static const struct json_node *duplicate_pairwise(const struct json_doc *doc, uint32_t object)
{
    const struct json_node *keys[PAIRWISE_KEYS];
    uint32_t key = object + 1;

    for (uint32_t n = 0; n < doc->nodes[object].count; n++) {
        keys[n] = &doc->nodes[key];
        for (uint32_t i = 0; i < n; i++) {
            if (keys_equal(doc, keys[i], keys[n])) {
                return keys[n];
            }
        }
        key = doc->nodes[key + 1].next;
    }
    return NULL;
}

/* Merges two sorted lists linked by `next`. Equal keys meet here, whatever lists they come from. */
static uint32_t merge(struct json_doc *doc, uint32_t a, uint32_t b, uint32_t *duplicate)
{
    struct json_node *nodes = doc->nodes;
    uint32_t head = NO_KEY;
    uint32_t *tail = &head;

    while (a != NO_KEY && b != NO_KEY) {
        int order = json_string_compare(doc, &nodes[a], &nodes[b]);
        uint32_t *least = order <= 0 ? &a : &b;

        if (order == 0) {
            *duplicate = a > b ? a : b;
        }
        *tail = *least;
        tail = &nodes[*least].next;
        *least = *tail;
    }
    *tail = a != NO_KEY ? a : b;
    return head;
}

const struct json_node *json_duplicate_key(struct json_doc *doc, uint32_t object)
{
    uint32_t runs[RUNS];
    uint32_t duplicate = NO_KEY;
    uint32_t count = doc->nodes[object].count;
    uint32_t key = object + 1;
    uint32_t all = NO_KEY;

    if (count <= PAIRWISE_KEYS) {
        return duplicate_pairwise(doc, object);
    }
    for (int r = 0; r < RUNS; r++) {
        runs[r] = NO_KEY;
    }
    /* A merge sort of the keys, linked through their own `next` (always key + 1, so it can be
     * lent). */
    for (uint32_t n = 0; n < count; n++) {
        uint32_t list = key;
        int r = 0;

        key = doc->nodes[key + 1].next;
        doc->nodes[list].next = NO_KEY;
        for (; r < RUNS - 1 && runs[r] != NO_KEY; r++) {
            list = merge(doc, runs[r], list, &duplicate);
            runs[r] = NO_KEY;
        }
        runs[r] = list;
    }
    for (int r = 0; r < RUNS; r++) {
        all = merge(doc, runs[r], all, &duplicate);
    }
    key = object + 1;
    for (uint32_t n = 0; n < count; n++) {
        doc->nodes[key].next = key + 1;
        key = doc->nodes[key + 1].next;
    }
    return duplicate == NO_KEY ? NULL : &doc->nodes[duplicate];
}
