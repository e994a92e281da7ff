#ifndef API_READY_TEXT_H
#define API_READY_TEXT_H

#include "bowei/base/json_write.h"
#include "bowei/inventory.h"
#include <string.h>

/* Small texts straight into an answer (docs/decisions/0005-ready-pieces.md): each writes at p and
 * returns the end. */

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* A text with its length known to the compiler. */
#define PUT(p, text) (memcpy((p), (text), sizeof(text) - 1), (p) + sizeof(text) - 1)

static inline char *pair_put(char *p, unsigned v)
{
    memcpy(p, pairs + (size_t)2 * v, 2);
    return p + 2;
}

static inline char *text_put(char *p, const char *text)
{
    size_t len = strlen(text);

    memcpy(p, text, len);
    return p + len;
}

/* Without leading zeros; three digits are the rule. */
static inline char *number_put(char *p, uint64_t v)
{
    if (v >= 1000) {
        return p + u64_write(v, p);
    }
    if (v >= 100) {
        *p++ = (char)('0' + v / 100);
        return pair_put(p, (unsigned)v % 100);
    }
    if (v >= 10) {
        return pair_put(p, (unsigned)v);
    }
    *p++ = (char)('0' + v);
    return p;
}

/* 1e-7 degree with 7 decimals: "42.2578000". */
static inline char *degrees_put(char *p, int32_t e7)
{
    uint32_t v = e7 < 0 ? 0u - (uint32_t)e7 : (uint32_t)e7;
    uint32_t whole = v / 10000000u;
    uint32_t fraction = v - whole * 10000000u;
    uint32_t high = fraction / 10000u; /* 3 digits */
    uint32_t low = fraction - high * 10000u;

    if (e7 < 0) {
        *p++ = '-';
    }
    p = number_put(p, whole);
    *p++ = '.';
    *p++ = (char)('0' + high / 100u);
    p = pair_put(p, high % 100u);
    p = pair_put(p, low / 100u);
    return pair_put(p, low % 100u);
}

/* The display form is the ID with four hyphens: 6-3-4-4-1. */
static inline char *display_put(char *p, const char *id)
{
    memcpy(p, id, 6);
    p[6] = '-';
    memcpy(p + 7, id + 6, 3);
    p[10] = '-';
    memcpy(p + 11, id + 9, 4);
    p[15] = '-';
    memcpy(p + 16, id + 13, 4);
    p[20] = '-';
    p[21] = id[17];
    return p + SPACE_ID_DISPLAY_LEN;
}

/* The names without the brackets. */
static inline char *attributes_put(char *p, attribute_set attributes)
{
    bool first = true;

    for (unsigned bit = 0; attributes >> bit != 0; bit++) {
        if (attributes >> bit & 1) {
            p = first ? PUT(p, "\"") : PUT(p, ",\"");
            p = text_put(p, attribute_name(bit));
            *p++ = '"';
            first = false;
        }
    }
    return p;
}

#endif
