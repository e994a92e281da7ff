/* Decimal text to numbers. Coordinates and voltages become scaled integers here without passing
 * through a double; doubles are exact to the last bit. */
#include "gateway/base/json_number.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A double is decided by 768 significant digits at most; one more stands for all that follow. */
#define DIGITS_MAX 770
/* No exponent that matters is larger; it keeps sums of positions far from overflow. */
#define EXPONENT_CAP INT64_C(100000000000)

/* value = 0.d1d2d3... * 10^point, d1 not 0; digits are walked with digit_next. */
struct decimal {
    const char *p;
    const char *end; /* the exponent or the end of the text */
    int64_t point;
    bool negative;
    bool zero;
};

/* Next digit in text order, -1 behind the last. */
static int digit_next(struct decimal *d)
{
    if (d->p < d->end && *d->p == '.') {
        d->p++;
    }
    return d->p < d->end ? *d->p++ - '0' : -1;
}

static int64_t exponent_of(const char *p, const char *end)
{
    bool negative = *p == '-';
    int64_t v = 0;

    if (*p == '-' || *p == '+') {
        p++;
    }
    for (; p < end; p++) {
        if (v < EXPONENT_CAP) {
            v = v * 10 + (*p - '0');
        }
    }
    return negative ? -v : v;
}

static struct decimal decimal_of(const char *text, uint32_t len)
{
    const char *end = text + len;
    struct decimal d = {.p = text, .end = text};
    bool fraction = false;

    if (*text == '-') {
        d.negative = true;
        d.p++;
    }
    while (d.end < end && *d.end != 'e' && *d.end != 'E') {
        d.end++;
    }
    if (d.end < end) {
        d.point = exponent_of(d.end + 1, end);
    }
    for (; d.p < d.end && (*d.p == '0' || *d.p == '.'); d.p++) {
        fraction = fraction || *d.p == '.';
        if (fraction && *d.p == '0') {
            d.point--;
        }
    }
    d.zero = d.p == d.end;
    if (!fraction) {
        for (const char *q = d.p; q < d.end && *q != '.'; q++) {
            d.point++;
        }
    }
    return d;
}

double json_number_double(const char *text, uint32_t len)
{
    char buffer[DIGITS_MAX + 32];
    struct decimal d = decimal_of(text, len);
    int64_t point = d.point;
    size_t n = 0;
    int digit;

    if (d.zero || point < -400) { /* below the smallest subnormal, 4.9e-324 */
        return d.negative ? -0.0 : 0.0;
    }
    if (point > 310) {
        return d.negative ? -HUGE_VAL : HUGE_VAL;
    }
    if (d.negative) {
        buffer[n++] = '-';
    }
    buffer[n++] = '.';
    while (n < DIGITS_MAX && (digit = digit_next(&d)) >= 0) {
        buffer[n++] = (char)('0' + digit);
    }
    while ((digit = digit_next(&d)) >= 0) {
        if (digit != 0) { /* a digit that only breaks ties */
            buffer[n++] = '1';
            break;
        }
    }
    (void)snprintf(buffer + n, sizeof buffer - n, "e%d", (int)point);
    return strtod(buffer, NULL);
}

bool json_number_finite(const char *text, uint32_t len)
{
    return isfinite(json_number_double(text, len));
}

bool json_number_scaled(const char *text, uint32_t len, unsigned digits, int64_t *out)
{
    struct decimal d = decimal_of(text, len);
    int64_t whole_digits = d.point + (int64_t)digits; /* digits in front of the rounding place */
    uint64_t limit = d.negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t v = 0;

    if (d.zero || whole_digits < 0) {
        *out = 0;
        return true;
    }
    if (whole_digits > 19) {
        return false;
    }
    for (int64_t i = 0; i < whole_digits; i++) {
        int digit = digit_next(&d);

        v = v * 10 + (uint64_t)(digit < 0 ? 0 : digit); /* 19 digits fit in 64 bits */
    }
    if (digit_next(&d) >= 5) {
        v++;
    }
    if (v > limit) {
        return false;
    }
    *out = d.negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}
