#ifndef GATEWAY_KEEP_CODER_H
#define GATEWAY_KEEP_CODER_H

#include "gateway/keep/packer.h"

/* One layout for both directions: a function that names the fields in order packs them when the
 * coder has a packer, and unpacks them when it has an unpacker, so that the two cannot differ. */

struct coder {
    struct packer *pack; /**< exactly one of the two */
    struct unpacker *unpack;
};

static inline void code_u8(struct coder *c, uint8_t *v)
{
    if (c->pack != NULL) {
        packer_u8(c->pack, *v);
    } else {
        *v = unpacker_u8(c->unpack);
    }
}

static inline void code_u16(struct coder *c, uint16_t *v)
{
    if (c->pack != NULL) {
        packer_u16(c->pack, *v);
    } else {
        *v = unpacker_u16(c->unpack);
    }
}

static inline void code_u32(struct coder *c, uint32_t *v)
{
    if (c->pack != NULL) {
        packer_u32(c->pack, *v);
    } else {
        *v = unpacker_u32(c->unpack);
    }
}

static inline void code_i32(struct coder *c, int32_t *v)
{
    uint32_t raw = (uint32_t)*v;

    code_u32(c, &raw);
    *v = (int32_t)raw;
}

static inline void code_u64(struct coder *c, uint64_t *v)
{
    if (c->pack != NULL) {
        packer_u64(c->pack, *v);
    } else {
        *v = unpacker_u64(c->unpack);
    }
}

static inline void code_i64(struct coder *c, int64_t *v)
{
    uint64_t raw = (uint64_t)*v;

    code_u64(c, &raw);
    *v = (int64_t)raw;
}

/* Does it end here? Fields that a later schema put behind the others are not in what was written
 * before it. */
static inline bool code_ended(const struct coder *c)
{
    return c->pack == NULL && c->unpack->at == c->unpack->end;
}

/* Such a field: 0 in what was written before it. */
static inline void code_late_u64(struct coder *c, uint64_t *v)
{
    if (code_ended(c)) {
        *v = 0;
        return;
    }
    code_u64(c, v);
}

/* A number of either sign that is mostly small. */
static inline void code_zigzag(struct coder *c, int64_t *v)
{
    if (c->pack != NULL) {
        packer_zigzag(c->pack, *v);
    } else {
        *v = unpacker_zigzag(c->unpack);
    }
}

static inline void code_bytes(struct coder *c, void *bytes, size_t len)
{
    if (c->pack != NULL) {
        packer_bytes(c->pack, bytes, len);
    } else {
        unpacker_bytes(c->unpack, bytes, len);
    }
}

static inline void code_fail(struct coder *c)
{
    if (c->pack != NULL) {
        c->pack->failed = true;
    } else {
        c->unpack->failed = true;
    }
}

/* A text in an array of `cap`, cut at its NUL, with a length byte. */
static inline void code_text(struct coder *c, char *text, size_t cap)
{
    uint8_t len = c->pack != NULL ? (uint8_t)strnlen(text, cap - 1) : 0;

    code_u8(c, &len);
    if (len >= cap) {
        code_fail(c);
        return;
    }
    code_bytes(c, text, len);
    text[len] = '\0';
}

/* A count that may not be above `most`; false when it is. */
static inline bool code_count(struct coder *c, uint8_t *count, unsigned most)
{
    code_u8(c, count);
    if (*count > most) {
        code_fail(c);
        *count = 0;
        return false;
    }
    return true;
}

#endif
