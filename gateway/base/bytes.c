/* Text forms of bytes: base64 and hex of device payloads, and the UTF-8 check of everything that
 * comes from outside. CRC-32C stands in crc32c.c. */
#include "bowei/base/bytes.h"
#include <string.h>

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(const char *text, size_t len, uint8_t *out, size_t cap)
{
    size_t pads = 0;
    size_t bytes;
    uint32_t bits = 0;
    size_t n = 0;

    if (len % 4 != 0 || len / 4 > INT32_MAX / 3) {
        return -1;
    }
    while (pads < 2 && pads < len && text[len - 1 - pads] == '=') {
        pads++;
    }
    bytes = len / 4 * 3 - pads;
    if (bytes > cap) {
        return -1;
    }
    for (size_t i = 0; i < len; i++) {
        int value = i < len - pads ? base64_value(text[i]) : 0;

        if (value < 0) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3) {
            continue;
        }
        for (int shift = 16; shift >= 0; shift -= 8) {
            uint8_t byte = (uint8_t)(bits >> shift);

            if (n < bytes) {
                out[n++] = byte;
            } else if (byte != 0) {
                return -1; /* bits behind the last byte: two texts would mean the same bytes */
            }
        }
    }
    return (int)n;
}

void base64_encode(const uint8_t *data, size_t len, char *out, size_t cap)
{
    size_t n = 0;

    if (cap == 0) {
        return;
    }
    for (size_t i = 0; i < len && n + 4 < cap; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)data[i] << 16;

        bits |= left > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        bits |= left > 2 ? data[i + 2] : 0u;
        out[n++] = base64_alphabet[bits >> 18];
        out[n++] = base64_alphabet[bits >> 12 & 63];
        out[n++] = left > 1 ? base64_alphabet[bits >> 6 & 63] : '=';
        out[n++] = left > 2 ? base64_alphabet[bits & 63] : '=';
    }
    out[n] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_decode(const char *text, size_t len, uint8_t *out, size_t cap)
{
    if (len % 2 != 0 || len / 2 > cap || len / 2 > INT32_MAX) {
        return -1;
    }
    for (size_t i = 0; i < len / 2; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return -1;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return (int)(len / 2);
}

/* Lead byte ranges of RFC 3629 table 3-7: how long, and where the second byte must lie. */
struct utf8_row {
    uint8_t first;
    uint8_t last;
    uint8_t bytes;
    uint8_t second_min;
    uint8_t second_max;
};

static const struct utf8_row utf8_rows[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf},
    {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf},
    {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t utf8_sequence(const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;

    if (len == 0) {
        return 0;
    }
    if (p[0] < 0x80) {
        return 1;
    }
    for (size_t r = 0; r < sizeof utf8_rows / sizeof utf8_rows[0]; r++) {
        const struct utf8_row *row = &utf8_rows[r];

        if (p[0] < row->first || p[0] > row->last) {
            continue;
        }
        if (len < row->bytes || p[1] < row->second_min || p[1] > row->second_max) {
            return 0;
        }
        for (size_t i = 2; i < row->bytes; i++) {
            if ((p[i] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return row->bytes;
    }
    return 0;
}

int utf8_valid(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len) {
        size_t whole = (unsigned char)text[i] < 0x80 ? 1 : utf8_sequence(text + i, len - i);

        if (whole == 0) {
            return 0;
        }
        i += whole;
    }
    return 1;
}

void text_tidy(char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0, whole; i < len; i += whole) {
        const unsigned char byte = (unsigned char)text[i];

        whole = utf8_sequence(text + i, len - i);
        if (byte == '\t') {
            text[i] = ' ';
        } else if (whole == 0 || byte < 0x20 || byte == 0x7f) {
            text[i] = '?';
        } else if (byte == 0xc2 && (unsigned char)text[i + 1] < 0xa0) {
            text[i] = text[i + 1] = '?';
        }
        whole = whole == 0 ? 1 : whole;
    }
}
