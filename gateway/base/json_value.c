/* Taking values out of a document that json_read.c has checked. */
#include "bowei/base/json_read.h"
#include "gateway/base/json_key.h"
#include "gateway/base/json_number.h"
#include <string.h>

#define PLAIN_DIGITS 18 /* any so many fit in 63 bits */

const struct json_node *json_after(const struct json_doc *doc, const struct json_node *value)
{
    return value->next < doc->used ? &doc->nodes[value->next] : NULL;
}

const struct json_node *json_first(const struct json_doc *doc, const struct json_node *parent)
{
    if (parent == NULL || (parent->kind != JSON_ARRAY && parent->kind != JSON_OBJECT) ||
        parent->count == 0) {
        return NULL;
    }
    return &doc->nodes[parent - doc->nodes + 1];
}

static bool text_equal(const struct json_doc *doc, const struct json_node *n, const char *text,
                       size_t len)
{
    struct json_cursor c;

    if (!n->escaped) {
        return n->len == len && memcmp(doc->text + n->start, text, len) == 0;
    }
    c = json_cursor_of(doc, n);
    for (size_t i = 0; i < len; i++) {
        if (json_cursor_next(&c) != (unsigned char)text[i]) {
            return false;
        }
    }
    return json_cursor_next(&c) < 0;
}

const struct json_node *json_member(const struct json_doc *doc, const struct json_node *object,
                                    const char *name)
{
    const struct json_node *key;
    size_t len = strlen(name);

    if (object == NULL || object->kind != JSON_OBJECT) {
        return NULL;
    }
    key = json_first(doc, object);
    for (uint32_t i = 0; i < object->count; i++) {
        if (text_equal(doc, key, name, len)) {
            return key + 1;
        }
        key = &doc->nodes[key[1].next];
    }
    return NULL;
}

const char *json_raw_text(const struct json_doc *doc, const struct json_node *n)
{
    return doc->text + n->start;
}

int json_text(const struct json_doc *doc, const struct json_node *n, char *out, size_t cap)
{
    struct json_cursor c;
    size_t len = 0;
    int byte;

    if (n == NULL || n->kind != JSON_STRING || cap == 0) {
        return -1;
    }
    if (!n->escaped) {
        if (n->len > cap - 1 || n->len > INT32_MAX) {
            return -1;
        }
        memcpy(out, doc->text + n->start, n->len);
        out[n->len] = '\0';
        return (int)n->len;
    }
    c = json_cursor_of(doc, n);
    while ((byte = json_cursor_next(&c)) >= 0) {
        if (len == cap - 1 || len == INT32_MAX) {
            return -1;
        }
        out[len++] = (char)byte;
    }
    out[len] = '\0';
    return (int)len;
}

bool json_is_text(const struct json_doc *doc, const struct json_node *n, const char *text)
{
    return n != NULL && n->kind == JSON_STRING && text_equal(doc, n, text, strlen(text));
}

/* Counters, channels and times are a few plain digits: read in one pass, when that is all. */
static bool plain_int(const char *text, uint32_t len, int64_t *out)
{
    int64_t v = 0;

    if (len == 0 || len > PLAIN_DIGITS) {
        return false;
    }
    for (uint32_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        v = v * 10 + (text[i] - '0');
    }
    *out = v;
    return true;
}

bool json_int(const struct json_doc *doc, const struct json_node *n, int64_t *out)
{
    if (n == NULL || n->kind != JSON_NUMBER) {
        return false;
    }
    if (plain_int(doc->text + n->start, n->len, out)) {
        return true;
    }
    for (uint32_t i = 0; i < n->len; i++) {
        char c = doc->text[n->start + i];

        if (c == '.' || c == 'e' || c == 'E') {
            return false;
        }
    }
    return json_number_scaled(doc->text + n->start, n->len, 0, out);
}

bool json_double(const struct json_doc *doc, const struct json_node *n, double *out)
{
    if (n == NULL || n->kind != JSON_NUMBER) {
        return false;
    }
    *out = json_number_double(doc->text + n->start, n->len);
    return true;
}

bool json_scaled(const struct json_doc *doc, const struct json_node *n, unsigned digits,
                 int64_t *out)
{
    if (n == NULL || n->kind != JSON_NUMBER) {
        return false;
    }
    return json_number_scaled(doc->text + n->start, n->len, digits, out);
}

void json_line_column(const char *text, size_t len, size_t offset, uint32_t *line, uint32_t *column)
{
    size_t end = offset < len ? offset : len;

    *line = 1;
    *column = 1;
    for (size_t i = 0; i < end; i++) {
        if (text[i] == '\n') {
            (*line)++;
            *column = 1;
        } else {
            (*column)++;
        }
    }
}
