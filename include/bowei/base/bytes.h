#ifndef BOWEI_BASE_BYTES_H
#define BOWEI_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes <-> integers, never by pointer casts. */
static inline uint16_t be16_get(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 |
                      p[1]); /* NOLINT(clang-analyzer-core*): callers check lengths */
}

static inline uint32_t be32_get(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t le32_get(const uint8_t *p)
{
    /* NOLINTNEXTLINE(clang-analyzer-core*): callers check lengths */
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t le64_get(const uint8_t *p)
{
    return (uint64_t)le32_get(p + 4) << 32 | le32_get(p);
}

static inline uint16_t le16_get(const uint8_t *p)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint16_t v;

    memcpy(&v, p, sizeof v); /* as in le64_put */
    return v;
#else
    return (uint16_t)((unsigned)p[1] << 8 | p[0]);
#endif
}

static inline void le32_put(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* In one move where bytes lie this way round: compilers do not see it in the other form when they
 * know some of the bytes. */
static inline void le64_put(uint8_t *p, uint64_t v)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(p, &v, sizeof v);
#else
    le32_put(p, (uint32_t)v);
    le32_put(p + 4, (uint32_t)(v >> 32));
#endif
}

/** CRC-32C (Castagnoli, reflected 0x82F63B78) of len bytes, continuing from `crc` (0 to begin). */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
/** Decodes base64 (standard alphabet, padded to a multiple of 4, unused bits 0) into out. Returns
 * the bytes written or -1: bad character, bad length or longer than cap. */
int base64_decode(const char *text, size_t len, uint8_t *out, size_t cap);
/** Writes base64 with padding, NUL-terminated; cap must hold 4 * ((len + 2) / 3) + 1. */
void base64_encode(const uint8_t *data, size_t len, char *out, size_t cap);
/** Hex digits of either case, an even number. Returns bytes or -1. */
int hex_decode(const char *text, size_t len, uint8_t *out, size_t cap);
/** True when the bytes are well-formed UTF-8 (no overlong forms, no surrogates). */
int utf8_valid(const char *text, size_t len);
/** Bytes (1-4) of the well-formed UTF-8 sequence at the start of text, 0 when there is none. */
size_t utf8_sequence(const char *text, size_t len);
/** Makes somebody else's text fit for a terminal, in place: each byte of a control character (C0,
 * DEL, C1) and of what is not UTF-8 becomes '?', a tab a blank. */
void text_tidy(char *text);

#endif
