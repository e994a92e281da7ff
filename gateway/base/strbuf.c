/* The growing byte buffer under every answer, command and record that is built in memory. */
#include "bowei/base/strbuf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256

void strbuf_finish(struct strbuf *b)
{
    free(b->data);
    *b = (struct strbuf){.limit = b->limit};
}

void strbuf_clear(struct strbuf *b)
{
    b->len = 0;
    b->failed = false;
}

static bool grow(struct strbuf *b, size_t need)
{
    size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;
    char *data;

    while (cap < need) {
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    }
    data = realloc(b->data, cap);
    if (data == NULL) {
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

char *strbuf_reserve(struct strbuf *b, size_t more)
{
    size_t need = b->len + more;

    if (b->failed) {
        return NULL;
    }
    if (need < more || (b->limit != 0 && need > b->limit)) {
        b->failed = true;
        return NULL;
    }
    if ((need > b->cap || b->data == NULL) && !grow(b, need)) {
        b->failed = true;
        return NULL;
    }
    return b->data + b->len;
}

void strbuf_add(struct strbuf *b, const void *data, size_t len)
{
    char *to = strbuf_reserve(b, len);

    if (to != NULL && len > 0) {
        memcpy(to, data, len);
        b->len += len;
    }
}

void strbuf_puts(struct strbuf *b, const char *text)
{
    strbuf_add(b, text, strlen(text));
}

void strbuf_putc(struct strbuf *b, char c)
{
    char *to = strbuf_reserve(b, 1);

    if (to != NULL) {
        *to = c;
        b->len++;
    }
}

size_t u64_write(uint64_t v, char out[20])
{
    char reversed[20];
    size_t n = 0;

    do {
        reversed[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    for (size_t i = 0; i < n; i++) {
        out[i] = reversed[n - 1 - i];
    }
    return n;
}

void strbuf_u64(struct strbuf *b, uint64_t v)
{
    char digits[20];

    strbuf_add(b, digits, u64_write(v, digits));
}

void strbuf_i64(struct strbuf *b, int64_t v)
{
    char digits[21];

    if (v < 0) {
        digits[0] = '-';
        /* Negated as unsigned: INT64_MIN has no positive twin. */
        strbuf_add(b, digits, 1 + u64_write(0 - (uint64_t)v, digits + 1));
        return;
    }
    strbuf_add(b, digits, u64_write((uint64_t)v, digits));
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
    va_list args;
    char *to;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        b->failed = true;
        return;
    }
    to = strbuf_reserve(b, (size_t)len + 1); /* vsnprintf ends with a NUL that does not count */
    if (to == NULL) {
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(to, (size_t)len + 1, fmt, args);
    va_end(args);
    b->len += (size_t)len;
}

char *strbuf_take(struct strbuf *b, size_t *len)
{
    char *data = NULL;

    *len = 0;
    if (!b->failed && b->len > 0) {
        data = b->data;
        *len = b->len;
        b->data = NULL;
    }
    strbuf_finish(b);
    return data;
}
