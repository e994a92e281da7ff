/* The one JSON writer: appends to a strbuf and keeps the commas. Every answer, event and webhook is
 * written here; jsonl archives and the CLI too. */
#include "bowei/base/json_write.h"
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include <string.h>

static const uint64_t powers_of_ten[] = {1,      10,      100,      1000,      10000,
                                         100000, 1000000, 10000000, 100000000, 1000000000};
#define DECIMALS_MAX (ARRAY_LEN(powers_of_ten) - 1)

void json_writer_init(struct json_writer *w, struct strbuf *out)
{
    *w = (struct json_writer){.out = out};
}

/* The comma before a value or key, where one is due. */
static void separate(struct json_writer *w)
{
    uint32_t bit = UINT32_C(1) << (w->depth % JSON_WRITE_DEPTH);

    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->has_item & bit && w->depth > 0) {
        strbuf_putc(w->out, ',');
    }
    w->has_item |= bit;
}

static void open_with(struct json_writer *w, char bracket)
{
    separate(w);
    strbuf_putc(w->out, bracket);
    if (w->depth + 1 >= JSON_WRITE_DEPTH) {
        w->out->failed = true; /* a bug of the caller: no half-right document leaves */
        return;
    }
    w->depth++;
    w->has_item &= ~(UINT32_C(1) << w->depth);
}

static void close_with(struct json_writer *w, char bracket)
{
    if (w->depth == 0 || w->after_key) {
        w->out->failed = true;
        return;
    }
    w->depth--;
    strbuf_putc(w->out, bracket);
}

void json_object(struct json_writer *w)
{
    open_with(w, '{');
}

void json_object_end(struct json_writer *w)
{
    close_with(w, '}');
}

void json_array(struct json_writer *w)
{
    open_with(w, '[');
}

void json_array_end(struct json_writer *w)
{
    close_with(w, ']');
}

/* What follows the backslash for c, 0 when c needs \u00XX. */
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
    }
}

static void put_escaped(struct strbuf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    char letter = short_escape(c);

    if (letter != 0) {
        text[1] = letter;
        strbuf_add(b, text, 2);
        return;
    }
    strbuf_add(b, text, sizeof text);
}

static void put_quoted(struct strbuf *b, const char *text, size_t len)
{
    size_t done = 0;
    size_t i = 0;

    strbuf_putc(b, '"');
    while (i < len) {
        unsigned char c = (unsigned char)text[i];
        size_t whole = 1;

        if (c >= 0x80) {
            whole = utf8_sequence(text + i, len - i);
        } else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
            whole = 0;
        }
        if (whole > 0) {
            i += whole;
            continue;
        }
        strbuf_add(b, text + done, i - done);
        if (c >= 0x80) {
            strbuf_add(b, "\xef\xbf\xbd", 3); /* U+FFFD */
        } else {
            put_escaped(b, c);
        }
        done = ++i;
    }
    strbuf_add(b, text + done, len - done);
    strbuf_putc(b, '"');
}

void json_key(struct json_writer *w, const char *name)
{
    separate(w);
    put_quoted(w->out, name, strlen(name));
    strbuf_putc(w->out, ':');
    w->after_key = true;
}

void json_strn(struct json_writer *w, const char *text, size_t len)
{
    separate(w);
    put_quoted(w->out, text, len);
}

void json_str(struct json_writer *w, const char *text)
{
    if (text == NULL) {
        json_null(w);
        return;
    }
    json_strn(w, text, strlen(text));
}

void json_i64(struct json_writer *w, int64_t v)
{
    separate(w);
    strbuf_i64(w->out, v);
}

void json_u64(struct json_writer *w, uint64_t v)
{
    separate(w);
    strbuf_u64(w->out, v);
}

void json_bool(struct json_writer *w, bool v)
{
    separate(w);
    strbuf_puts(w->out, v ? "true" : "false");
}

void json_null(struct json_writer *w)
{
    separate(w);
    strbuf_add(w->out, "null", 4);
}

/* v / 10^digits with `digits` decimals. */
static void put_decimal(struct strbuf *b, int64_t v, unsigned digits)
{
    uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    uint64_t fraction = magnitude % powers_of_ten[digits];
    char text[DECIMALS_MAX + 1];

    if (v < 0) {
        strbuf_putc(b, '-');
    }
    strbuf_u64(b, magnitude / powers_of_ten[digits]);
    if (digits == 0) {
        return;
    }
    text[0] = '.';
    for (unsigned i = digits; i > 0; i--) {
        text[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    strbuf_add(b, text, digits + 1);
}

void json_fixed(struct json_writer *w, int64_t v, unsigned digits)
{
    separate(w);
    put_decimal(w->out, v, digits > DECIMALS_MAX ? DECIMALS_MAX : digits);
}

void json_decimal(struct json_writer *w, int64_t v, unsigned digits)
{
    unsigned left = digits > DECIMALS_MAX ? DECIMALS_MAX : digits;

    while (left > 0 && v % 10 == 0) {
        v /= 10;
        left--;
    }
    separate(w);
    put_decimal(w->out, v, left);
}

void json_time(struct json_writer *w, int64_t epoch_ms)
{
    char text[RFC3339_LEN + 1];

    if (epoch_ms < 0) {
        json_null(w);
        return;
    }
    rfc3339_format(epoch_ms, text);
    json_strn(w, text, RFC3339_LEN);
}

void json_raw(struct json_writer *w, const char *text, size_t len)
{
    separate(w);
    strbuf_add(w->out, text, len);
}

void json_kv_str(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_str(w, text);
}

void json_kv_i64(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_i64(w, v);
}

void json_kv_u64(struct json_writer *w, const char *key, uint64_t v)
{
    json_key(w, key);
    json_u64(w, v);
}

void json_kv_bool(struct json_writer *w, const char *key, bool v)
{
    json_key(w, key);
    json_bool(w, v);
}

void json_kv_time(struct json_writer *w, const char *key, int64_t epoch_ms)
{
    json_key(w, key);
    json_time(w, epoch_ms);
}

void json_kv_null(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_null(w);
}

void json_kv_place(struct json_writer *w, const char *key, space_key place)
{
    char id[SPACE_ID_LEN + 1];

    if (place == 0) {
        json_kv_null(w, key);
        return;
    }
    space_id_format(place, id);
    json_kv_str(w, key, id);
}
