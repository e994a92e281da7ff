/* The RESP writer under the Redis writer and the loader. One reserve a bulk: this is the hot path
 * of the writer thread. */
#include "gateway/keep/redis/resp.h"
#include <string.h>

#define HEADER_MAX 24 /* type, 20 digits, CR LF */

/* "<type><n>\r\n" at `to`; returns its length. */
static size_t header(char *to, char type, uint64_t n)
{
    size_t len;

    to[0] = type;
    if (n < 10) {
        to[1] = (char)('0' + n);
        len = 2;
    } else {
        len = 1 + u64_write(n, to + 1);
    }
    to[len] = '\r';
    to[len + 1] = '\n';
    return len + 2;
}

void resp_command(struct strbuf *b, unsigned argc)
{
    char *to = strbuf_reserve(b, HEADER_MAX);

    if (to != NULL) {
        b->len += header(to, '*', argc);
    }
}

void resp_bytes(struct strbuf *b, const void *data, size_t len)
{
    char *to = strbuf_reserve(b, HEADER_MAX + len + 2);
    size_t n;

    if (to == NULL) {
        return;
    }
    n = header(to, '$', len);
    if (len > 0) {
        memcpy(to + n, data, len);
    }
    to[n + len] = '\r';
    to[n + len + 1] = '\n';
    b->len += n + len + 2;
}

void resp_text(struct strbuf *b, const char *text)
{
    resp_bytes(b, text, strlen(text));
}

void resp_key(struct strbuf *b, const struct redis_key *key)
{
    resp_bytes(b, key->text, key->len);
}

void resp_u64(struct strbuf *b, uint64_t v)
{
    char digits[20];

    resp_bytes(b, digits, u64_write(v, digits));
}

void resp_i64(struct strbuf *b, int64_t v)
{
    char digits[21];

    if (v >= 0) {
        resp_u64(b, (uint64_t)v);
        return;
    }
    digits[0] = '-';
    /* Negated as unsigned: INT64_MIN has no positive twin. */
    resp_bytes(b, digits, 1 + u64_write(0 - (uint64_t)v, digits + 1));
}

void resp_pair(struct strbuf *b, uint64_t a, uint64_t c)
{
    char text[41];
    size_t len = u64_write(a, text);

    text[len++] = '-';
    len += u64_write(c, text + len);
    resp_bytes(b, text, len);
}

void resp_e7(struct strbuf *b, int32_t e7)
{
    char text[24];
    uint32_t size = e7 < 0 ? 0u - (uint32_t)e7 : (uint32_t)e7;
    uint32_t fraction = size % 10000000u;
    size_t len = 0;

    if (e7 < 0) {
        text[len++] = '-';
    }
    len += u64_write(size / 10000000u, text + len);
    text[len++] = '.';
    for (int i = 6; i >= 0; i--) {
        text[len + (size_t)i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    resp_bytes(b, text, len + 7);
}

bool resp_u64_parse(const char *text, size_t len, uint64_t *out)
{
    uint64_t v = 0;

    if (len == 0 || len > 20) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, digit, &v)) {
            return false;
        }
    }
    *out = v;
    return true;
}

bool resp_i64_parse(const char *text, size_t len, int64_t *out)
{
    uint64_t size;
    bool negative = len > 0 && text[0] == '-';

    if (!resp_u64_parse(text + (negative ? 1 : 0), len - (negative ? 1 : 0), &size) ||
        size > INT64_MAX) {
        return false;
    }
    *out = negative ? -(int64_t)size : (int64_t)size;
    return true;
}

bool resp_pair_parse(const char *text, size_t len, uint64_t *a, uint64_t *c)
{
    const char *dash = len > 0 ? memchr(text, '-', len) : NULL;

    return dash != NULL && resp_u64_parse(text, (size_t)(dash - text), a) &&
           resp_u64_parse(dash + 1, len - (size_t)(dash - text) - 1, c);
}
