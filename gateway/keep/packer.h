#ifndef GATEWAY_KEEP_PACKER_H
#define GATEWAY_KEEP_PACKER_H

#include "bowei/base/bytes.h"
#include <stdbool.h>
#include <string.h>

/* Writing and reading packed bytes in order, little-endian. Running over the end sets `failed` and
 * does nothing more, so that a whole layout is written or read and checked once. */

struct packer {
    uint8_t *at;
    uint8_t *end;
    bool failed;
};

struct unpacker {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline void packer_bytes(struct packer *p, const void *data, size_t len)
{
    if (p->failed || (size_t)(p->end - p->at) < len) {
        p->failed = true;
        return;
    }
    memcpy(p->at, data, len);
    p->at += len;
}

/* The low `bytes` bytes of v. */
static inline void packer_uint(struct packer *p, uint64_t v, unsigned bytes)
{
    uint8_t raw[8];

    le64_put(raw, v);
    packer_bytes(p, raw, bytes);
}

static inline void packer_u8(struct packer *p, unsigned v)
{
    packer_uint(p, v, 1);
}

static inline void packer_u16(struct packer *p, unsigned v)
{
    packer_uint(p, v, 2);
}

static inline void packer_u32(struct packer *p, uint32_t v)
{
    packer_uint(p, v, 4);
}

static inline void packer_u64(struct packer *p, uint64_t v)
{
    packer_uint(p, v, 8);
}

static inline void packer_i64(struct packer *p, int64_t v)
{
    packer_uint(p, (uint64_t)v, 8);
}

/* Seven bits a byte, the low ones first. */
static inline void packer_varint(struct packer *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        packer_u8(p, (unsigned)(v & 0x7f) | 0x80);
    }
    packer_u8(p, (unsigned)v);
}

/* Small numbers of either sign stay short. */
static inline void packer_zigzag(struct packer *p, int64_t v)
{
    packer_varint(p, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static inline void unpacker_bytes(struct unpacker *u, void *out, size_t len)
{
    if (u->failed || (size_t)(u->end - u->at) < len) {
        u->failed = true;
        memset(out, 0, len);
        return;
    }
    memcpy(out, u->at, len);
    u->at += len;
}

static inline uint64_t unpacker_uint(struct unpacker *u, unsigned bytes)
{
    uint8_t raw[8] = {0};

    unpacker_bytes(u, raw, bytes);
    return le64_get(raw);
}

static inline uint8_t unpacker_u8(struct unpacker *u)
{
    return (uint8_t)unpacker_uint(u, 1);
}

static inline uint16_t unpacker_u16(struct unpacker *u)
{
    return (uint16_t)unpacker_uint(u, 2);
}

static inline uint32_t unpacker_u32(struct unpacker *u)
{
    return (uint32_t)unpacker_uint(u, 4);
}

static inline uint64_t unpacker_u64(struct unpacker *u)
{
    return unpacker_uint(u, 8);
}

static inline int64_t unpacker_i64(struct unpacker *u)
{
    return (int64_t)unpacker_uint(u, 8);
}

static inline uint64_t unpacker_varint(struct unpacker *u)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = unpacker_u8(u);

        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return v;
        }
    }
    u->failed = true;
    return 0;
}

static inline int64_t unpacker_zigzag(struct unpacker *u)
{
    uint64_t v = unpacker_varint(u);

    return (int64_t)(v >> 1 ^ ((v & 1) != 0 ? UINT64_MAX : 0));
}

#endif
