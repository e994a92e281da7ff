/* The private fields of spaces and lots in Redis, packed and as base64. Called by fields.c in both
 * directions; layouts in docs/DATA_FORMAT.md. */
#include "gateway/keep/redis/packed.h"
#include "bowei/base/bytes.h"
#include "bowei/shown.h"
#include "gateway/keep/packer.h"
#include <string.h>

size_t packed_text(const uint8_t *bytes, size_t len, char text[PRIVATE_MAX + 1])
{
    base64_encode(bytes, len, text, PRIVATE_MAX + 1);
    return (len * 4 + 2) / 3;
}

int packed_bytes(const char *text, size_t len, uint8_t bytes[PACKED_MAX])
{
    char padded[PRIVATE_MAX + 4];

    if (len > PRIVATE_MAX || len % 4 == 1) {
        return -1;
    }
    memcpy(padded, text, len);
    while (len % 4 != 0) {
        padded[len++] = '=';
    }
    return base64_decode(padded, len, bytes, PACKED_MAX);
}

/* What the fused state needs beyond the shown one: three bytes, then only what differs from the
 * shown state. */
enum fused_bit { FUSED_SINCE = 1, FUSED_KNOWN_SINCE = 2, FUSED_HELD = 4, FUSED_GAP = 8 };

unsigned packed_heard_with_seen(const struct space_image *s)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < s->sensor_count && i < SENSORS_PER_SPACE_MAX; i++) {
        bits |= s->seen_ms != 0 && s->sensors[i].heard_ms == s->seen_ms ? 1u << i : 0;
    }
    return bits;
}

size_t packed_fused(const struct space_image *s, uint8_t out[PACKED_MAX])
{
    struct packer p = {.at = out, .end = out + PACKED_MAX};
    unsigned bits = (s->since_ms != s->shown_since_ms ? (unsigned)FUSED_SINCE : 0) |
                    (s->known_since_ms != s->since_ms ? (unsigned)FUSED_KNOWN_SINCE : 0) |
                    (s->held_ms != 0 ? (unsigned)FUSED_HELD : 0) |
                    (s->gap_s != 0 ? (unsigned)FUSED_GAP : 0);

    packer_u8(&p, (s->state & 3u) | (s->known_state & 3u) << 2 | bits << 4);
    packer_u8(&p, s->reason);
    packer_u8(&p, s->sensor_count | packed_heard_with_seen(s) << 4);
    if ((bits & FUSED_SINCE) != 0) {
        packer_uint(&p, (uint64_t)s->since_ms, 8);
    }
    if ((bits & FUSED_KNOWN_SINCE) != 0) {
        packer_uint(&p, (uint64_t)s->known_since_ms, 8);
    }
    if ((bits & FUSED_HELD) != 0) {
        packer_uint(&p, (uint64_t)s->held_ms, 8);
    }
    if ((bits & FUSED_GAP) != 0) {
        packer_varint(&p, s->gap_s);
    }
    return (size_t)(p.at - out);
}

bool unpacked_fused(const uint8_t *bytes, size_t len, struct space_image *s)
{
    struct unpacker u = {.at = bytes, .end = bytes + len};
    unsigned first = unpacker_u8(&u);
    unsigned bits = first >> 4;
    unsigned last;

    s->state = first & 3;
    s->known_state = first >> 2 & 3;
    s->reason = unpacker_u8(&u);
    last = unpacker_u8(&u);
    s->sensor_count = last & 15;
    s->since_ms = (bits & FUSED_SINCE) != 0 ? unpacker_i64(&u) : s->shown_since_ms;
    s->known_since_ms = (bits & FUSED_KNOWN_SINCE) != 0 ? unpacker_i64(&u) : s->since_ms;
    s->held_ms = (bits & FUSED_HELD) != 0 ? unpacker_i64(&u) : 0;
    s->gap_s = (bits & FUSED_GAP) != 0 ? (uint32_t)unpacker_varint(&u) : 0;
    for (unsigned i = 0; i < SENSORS_PER_SPACE_MAX; i++) {
        if ((last >> 4 & 1u << i) != 0) {
            s->sensors[i].heard_ms = s->seen_ms;
        }
    }
    return !u.failed && s->reason < REASON_COUNT && s->sensor_count <= SENSORS_PER_SPACE_MAX;
}

size_t packed_gate(const struct gate_image *g, uint8_t out[PACKED_MAX])
{
    struct packer p = {.at = out, .end = out + PACKED_MAX};

    packer_u32(&p, g->tag);
    packer_u32(&p, g->in);
    packer_u32(&p, g->out);
    packer_i64(&p, g->heard_ms);
    packer_u32(&p, g->counter);
    packer_u8(&p, g->flags);
    packer_u8(&p, g->join);
    return (size_t)(p.at - out);
}

bool unpacked_gate(const uint8_t *bytes, size_t len, struct gate_image *g)
{
    struct unpacker u = {.at = bytes, .end = bytes + len};

    g->tag = unpacker_u32(&u);
    g->in = unpacker_u32(&u);
    g->out = unpacker_u32(&u);
    g->heard_ms = unpacker_i64(&u);
    g->counter = unpacker_u32(&u);
    g->flags = unpacker_u8(&u);
    g->join = unpacker_u8(&u);
    return !u.failed;
}

size_t packed_counting(const struct lot_image *l, uint8_t out[PACKED_MAX])
{
    struct packer p = {.at = out, .end = out + PACKED_MAX};

    packer_u8(&p, l->counting);
    packer_u8(&p, l->gate_count);
    packer_u32(&p, (uint32_t)l->count_raw);
    packer_i64(&p, l->turned_ms);
    return (size_t)(p.at - out);
}

bool unpacked_counting(const uint8_t *bytes, size_t len, struct lot_image *l)
{
    struct unpacker u = {.at = bytes, .end = bytes + len};

    l->counting = unpacker_u8(&u);
    l->gate_count = unpacker_u8(&u);
    l->count_raw = (int32_t)unpacker_u32(&u);
    l->turned_ms = unpacker_i64(&u);
    return !u.failed && l->gate_count <= GATES_PER_LOT_MAX;
}
