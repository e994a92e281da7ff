#ifndef API_READY_TEXT_H
#define API_READY_TEXT_H

#include "bowei/base/bytes.h"
#include "bowei/base/json_write.h"
#include "bowei/inventory.h"
#include <string.h>

/* Small texts straight into an answer (docs/decisions/0005-ready-pieces.md): each writes at p and
 * returns the end. What costs is the number of moves, so they are whole words that reach beyond the
 * end, at most PUT_OVER bytes; what comes next is written over that. */

#define PUT_OVER 48

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* A text with its length known to the compiler, in words of 8 bytes. */
#define PUT(p, text)                                                                               \
    (memcpy((p), text "\0\0\0\0\0\0\0", (sizeof(text) + 6) / 8 * 8), (p) + sizeof(text) - 1)

/* Two digits as the two low bytes of a word to be put. */
static inline uint64_t pair_word(uint64_t v)
{
    return le16_get((const uint8_t *)pairs + 2 * v);
}

static inline void word_put(char *p, uint64_t word)
{
    le64_put((uint8_t *)p, word);
}

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

/* Digits by multiplication: a number as a fraction of what makes one, with the point between bit
 * POINT - 1 and POINT; times ten or a hundred, and the next one or two digits stand before it. The
 * factor is rounded up. */
#define POINT    55
#define FRACTION ((UINT64_C(1) << POINT) - 1)

/* 1e-7 degree with 7 decimals: "42.2578000". What the factor is too large by makes less than
 * 2^31 / 2^55 of a degree, 0.6e-7, so that no digit is another one. */
static inline char *degrees_put(char *p, int32_t e7)
{
    const uint64_t factor = (UINT64_C(1) << POINT) / 10000000 + 1;
    uint64_t whole = (e7 < 0 ? 0u - (uint32_t)e7 : (uint32_t)e7) * factor;
    uint64_t first = (whole & FRACTION) * 10; /* the first decimal, and two each */
    uint64_t third = (first & FRACTION) * 100;
    uint64_t fifth = (third & FRACTION) * 100;
    uint64_t seventh = (fifth & FRACTION) * 100;

    if (e7 < 0) {
        *p++ = '-';
    }
    p = number_put(p, whole >> POINT);
    word_put(p, '.' | ('0' + (first >> POINT)) << 8 | pair_word(third >> POINT) << 16 |
                    pair_word(fifth >> POINT) << 32 | pair_word(seventh >> POINT) << 48);
    return p + 8;
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
