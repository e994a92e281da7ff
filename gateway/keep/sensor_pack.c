/* The private part of a space's sensors, small enough for Redis: two sensors in at most 64 bytes,
 * because one larger value turns a listpack hash into a hash table that takes three times the
 * memory.
 *
 * A sensor is: present bits u8 | tag u32 | value and pending, a nibble each | flags u8 | join u8,
 * then the fields whose bit is set: counter varint; heard_ms (6 bytes the first time, then zigzag
 * from that one); debounce u8 and pending_ms zigzag from heard; changes as the newest minute,
 * zigzag from heard's minute, and its 10 counts as a varint; quiet_ms zigzag from heard; battery_mv
 * varint; rssi zigzag. Without the fields of the last row of `thrift` the longest is 8 + 5 + 6 + 6
 * bytes. */
#include "bowei/journal.h"
#include "gateway/keep/packer.h"

enum present {
    WITH_COUNTER = 1,
    WITH_HEARD = 2,
    WITH_PENDING = 4,
    WITH_CHANGES = 8,
    WITH_QUIET = 16,
    WITH_BATTERY = 32,
    WITH_RSSI = 64,
};

/* What may be left out, one step after another, until the bytes fit. None of it can make a space
 * wrong: health figures, a debounce that begins again, the flapping history. */
static const unsigned thrift[] = {
    0,
    WITH_BATTERY | WITH_RSSI,
    WITH_BATTERY | WITH_RSSI | WITH_PENDING,
    WITH_BATTERY | WITH_RSSI | WITH_PENDING | WITH_CHANGES,
};

static unsigned present_of(const struct sensor_image *s)
{
    unsigned present = 0;

    present |= s->counter != 0 ? (unsigned)WITH_COUNTER : 0;
    present |= s->heard_ms != 0 ? (unsigned)WITH_HEARD : 0;
    present |= s->debounce != 0 || s->pending_ms != 0 ? (unsigned)WITH_PENDING : 0;
    present |= s->changes != 0 ? (unsigned)WITH_CHANGES : 0;
    present |= s->quiet_ms != 0 ? (unsigned)WITH_QUIET : 0;
    present |= s->battery_mv != 0 ? (unsigned)WITH_BATTERY : 0;
    present |= s->rssi_dbm != 0 ? (unsigned)WITH_RSSI : 0;
    return present;
}

/* Differences of stamps wrap instead of overflowing: a garbled image stays a garbled image. */
static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* Minutes are kept mod 2^24 above the 40 bits of counts (sensor_image.changes). */
#define COUNT_BITS  40
#define MINUTE_MASK 0xffffffu

static uint64_t minute_of(int64_t at_ms)
{
    return (uint64_t)(at_ms / 60000) & MINUTE_MASK;
}

/* The shorter way round from b to a. */
static int64_t minute_minus(uint64_t a, uint64_t b)
{
    uint64_t ahead = (a - b) & MINUTE_MASK;

    return ahead <= MINUTE_MASK / 2 ? (int64_t)ahead : (int64_t)ahead - (int64_t)MINUTE_MASK - 1;
}

static void pack_one(struct packer *p, const struct sensor_image *s, unsigned without,
                     int64_t *base_ms)
{
    unsigned present = present_of(s) & ~without;
    unsigned pending = (without & WITH_PENDING) != 0 && (present_of(s) & WITH_PENDING) != 0
                           ? (unsigned)VALUE_COUNT_
                           : s->pending;

    packer_u8(p, present);
    packer_u32(p, s->tag);
    packer_u8(p, (s->value & 15u) | (pending & 15u) << 4);
    packer_u8(p, s->flags);
    packer_u8(p, s->join);
    if ((present & WITH_COUNTER) != 0) {
        packer_varint(p, s->counter);
    }
    if ((present & WITH_HEARD) != 0) {
        if (*base_ms == 0) {
            packer_uint(p, (uint64_t)s->heard_ms, 6);
            *base_ms = s->heard_ms;
        } else {
            packer_zigzag(p, minus(s->heard_ms, *base_ms));
        }
    }
    if ((present & WITH_PENDING) != 0) {
        packer_u8(p, s->debounce);
        packer_zigzag(p, minus(s->pending_ms, s->heard_ms));
    }
    if ((present & WITH_CHANGES) != 0) {
        packer_zigzag(p, minute_minus(s->changes >> COUNT_BITS, minute_of(s->heard_ms)));
        packer_varint(p, s->changes & (((uint64_t)1 << COUNT_BITS) - 1));
    }
    if ((present & WITH_QUIET) != 0) {
        packer_zigzag(p, minus(s->quiet_ms, s->heard_ms));
    }
    if ((present & WITH_BATTERY) != 0) {
        packer_varint(p, s->battery_mv);
    }
    if ((present & WITH_RSSI) != 0) {
        packer_zigzag(p, s->rssi_dbm);
    }
}

size_t image_pack_sensors(const struct space_image *space, unsigned first, unsigned n,
                          uint8_t out[SENSORS_PACK_MAX])
{
    if (n > SENSORS_PER_SPACE_MAX || first > SENSORS_PER_SPACE_MAX - n) {
        return 0;
    }
    for (size_t step = 0; step < ARRAY_LEN(thrift); step++) {
        struct packer p = {.at = out, .end = out + SENSORS_PACK_MAX};
        int64_t base_ms = 0;

        for (unsigned i = first; i < first + n; i++) {
            pack_one(&p, &space->sensors[i], thrift[step], &base_ms);
        }
        if (!p.failed) {
            return (size_t)(p.at - out);
        }
    }
    return 0;
}

static void unpack_one(struct unpacker *u, struct sensor_image *s, int64_t *base_ms)
{
    unsigned present = unpacker_u8(u);
    uint8_t values;

    memset(s, 0, sizeof *s);
    s->tag = unpacker_u32(u);
    values = unpacker_u8(u);
    s->value = values & 15;
    s->pending = values >> 4;
    s->flags = unpacker_u8(u);
    s->join = unpacker_u8(u);
    if ((present & WITH_COUNTER) != 0) {
        s->counter = (uint32_t)unpacker_varint(u);
    }
    if ((present & WITH_HEARD) != 0) {
        if (*base_ms == 0) {
            s->heard_ms = (int64_t)unpacker_uint(u, 6);
            *base_ms = s->heard_ms;
        } else {
            s->heard_ms = plus(*base_ms, unpacker_zigzag(u));
        }
    }
    if ((present & WITH_PENDING) != 0) {
        s->debounce = unpacker_u8(u);
        s->pending_ms = plus(s->heard_ms, unpacker_zigzag(u));
    }
    if ((present & WITH_CHANGES) != 0) {
        uint64_t minute = (minute_of(s->heard_ms) + (uint64_t)unpacker_zigzag(u)) & MINUTE_MASK;

        s->changes = (unpacker_varint(u) & (((uint64_t)1 << COUNT_BITS) - 1)) | minute
                                                                                    << COUNT_BITS;
    }
    if ((present & WITH_QUIET) != 0) {
        s->quiet_ms = plus(s->heard_ms, unpacker_zigzag(u));
    }
    if ((present & WITH_BATTERY) != 0) {
        s->battery_mv = (uint16_t)unpacker_varint(u);
    }
    if ((present & WITH_RSSI) != 0) {
        s->rssi_dbm = (int16_t)unpacker_zigzag(u);
    }
    if (present > (WITH_RSSI | (WITH_RSSI - 1)) || s->value > VALUE_COUNT_ ||
        s->pending > VALUE_COUNT_) {
        u->failed = true;
    }
}

int image_unpack_sensors(const uint8_t *bytes, size_t len, unsigned first,
                         struct space_image *space)
{
    struct unpacker u = {.at = bytes, .end = bytes + len};
    int64_t base_ms = 0;
    unsigned i = first;

    while (u.at < u.end) {
        if (i >= SENSORS_PER_SPACE_MAX) {
            return -1;
        }
        unpack_one(&u, &space->sensors[i], &base_ms);
        if (u.failed) {
            return -1;
        }
        i++;
    }
    return (int)(i - first);
}
