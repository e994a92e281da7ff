/* One record of the journal as bytes: what intake and the core append, what start and `journal
 * dump` read.
 *
 * Head (52 bytes): bowei/journal.h. Bodies, little-endian:
 *   R  root u64 | net_time i64 | sensor u32 | counter u32 | gate_in u32 | gate_out u32 | channel
 * u16 | battery_mv u16 | temperature_dc i16 | rssi_dbm i16 | value u8 | type u8 | has u8 |
 * battery_low u8 | device_len u8 | device E, C  kind u8 | packed image          I  nothing: the
 * head names the version
 *   V  a report, by fleet_pack.c */
#include "gateway/keep/journal/record.h"
#include "gateway/keep/fleet_pack.h"

#define RECORD_FORMAT 1
#define MORE_AT       10 /* offset of `more` */

/* The head behind length and crc. */
static struct packer begin(uint8_t *out, enum record_type type, const struct record_stamp *stamp)
{
    struct packer p = {.at = out + 8, .end = out + RECORD_MAX};

    packer_u8(&p, RECORD_FORMAT);
    packer_u8(&p, (unsigned)type);
    packer_u16(&p, 0);
    packer_u64(&p, stamp->at.epoch);
    packer_u64(&p, stamp->at.seq);
    packer_i64(&p, stamp->now.at_ms);
    packer_i64(&p, stamp->now.shift_ms);
    packer_u64(&p, stamp->inventory_version);
    return p;
}

static size_t end(uint8_t *out, const struct packer *p)
{
    size_t len = (size_t)(p->at - out);

    if (p->failed) {
        return 0;
    }
    le32_put(out, (uint32_t)len);
    le32_put(out + 4, crc32c(0, out + 8, len - 8));
    return len;
}

size_t record_encode_reading(const struct record_stamp *stamp, const struct reading *r,
                             uint8_t *out)
{
    struct packer p = begin(out, RECORD_READING, stamp);

    packer_u64(&p, r->root);
    packer_i64(&p, r->net_time_ms);
    packer_u32(&p, r->sensor);
    packer_u32(&p, r->counter);
    packer_u32(&p, r->gate_in);
    packer_u32(&p, r->gate_out);
    packer_u16(&p, r->channel);
    packer_u16(&p, r->battery_mv);
    packer_u16(&p, (uint16_t)r->temperature_dc);
    packer_u16(&p, (uint16_t)r->rssi_dbm);
    packer_u8(&p, r->value);
    packer_u8(&p, r->type);
    packer_u8(&p, r->has);
    packer_u8(&p, r->battery_low);
    packer_u8(&p, r->device_len);
    if (r->device_len > DEVICE_ID_MAX) {
        return 0;
    }
    packer_bytes(&p, r->device, r->device_len);
    return end(out, &p);
}

size_t record_encode_report(const struct record_stamp *stamp, const struct bike_report *report,
                            uint8_t *out)
{
    struct packer p = begin(out, RECORD_REPORT, stamp);
    struct bike_report copy = *report; /* a coder may write, though not when it packs */

    fleet_code_report(&(struct coder){.pack = &p}, &copy);
    return end(out, &p);
}

static bool report_get(struct unpacker *u, struct bike_report *report)
{
    memset(report, 0, sizeof *report);
    fleet_code_report(&(struct coder){.unpack = u}, report);
    return !u->failed && u->at == u->end;
}

static bool reading_get(struct unpacker *u, struct reading *r)
{
    r->root = unpacker_u64(u);
    r->net_time_ms = unpacker_i64(u);
    r->sensor = unpacker_u32(u);
    r->counter = unpacker_u32(u);
    r->gate_in = unpacker_u32(u);
    r->gate_out = unpacker_u32(u);
    r->channel = unpacker_u16(u);
    r->battery_mv = unpacker_u16(u);
    r->temperature_dc = (int16_t)unpacker_u16(u);
    r->rssi_dbm = (int16_t)unpacker_u16(u);
    r->value = unpacker_u8(u);
    r->type = unpacker_u8(u);
    r->has = unpacker_u8(u);
    r->battery_low = unpacker_u8(u) != 0;
    r->device_len = unpacker_u8(u);
    if (r->device_len > DEVICE_ID_MAX || r->value >= VALUE_COUNT_ || r->type >= TYPE_COUNT_) {
        return false;
    }
    unpacker_bytes(u, r->device, r->device_len);
    return !u->failed && u->at == u->end;
}

size_t record_encode_image(enum record_type type, const struct record_stamp *stamp,
                           const struct image *image, uint8_t *out)
{
    struct packer p = begin(out, type, stamp);
    size_t packed;

    packer_u8(&p, (unsigned)image->kind);
    packed = image_pack(image, p.at, (size_t)(p.end - p.at));
    if (packed == 0) {
        return 0;
    }
    p.at += packed;
    return end(out, &p);
}

size_t record_encode(const struct record *record, uint8_t *out)
{
    const struct record_stamp stamp = {
        .at = record->at, .now = record->now, .inventory_version = record->inventory_version};
    struct packer p;

    switch (record->type) {
    case RECORD_READING: return record_encode_reading(&stamp, &record->reading, out);
    case RECORD_REPORT: return record_encode_report(&stamp, &record->report, out);
    case RECORD_EFFECT:
    case RECORD_IMAGE: return record_encode_image(record->type, &stamp, &record->image, out);
    case RECORD_INVENTORY: p = begin(out, RECORD_INVENTORY, &stamp); return end(out, &p);
    }
    return 0;
}

static bool body_get(struct unpacker *u, unsigned type, struct record *out)
{
    uint8_t kind;

    switch (type) {
    case RECORD_READING:
        out->type = RECORD_READING;
        memset(&out->reading, 0, sizeof out->reading);
        if (!reading_get(u, &out->reading)) {
            return false;
        }
        out->root = out->reading.root;
        return true;
    case RECORD_EFFECT:
    case RECORD_IMAGE:
        out->type = (enum record_type)type;
        kind = unpacker_u8(u);
        return !u->failed && kind < IMAGE_KIND_COUNT &&
               image_unpack((enum image_kind)kind, u->at, (size_t)(u->end - u->at), &out->image);
    case RECORD_REPORT: out->type = RECORD_REPORT; return report_get(u, &out->report);
    case RECORD_INVENTORY: out->type = RECORD_INVENTORY; return u->at == u->end;
    default: return false;
    }
}

/* Length of a record that is whole and sound by its sum; 0 = none. */
static size_t sound(const uint8_t *bytes, size_t len)
{
    size_t whole = len < RECORD_HEAD ? 0 : le32_get(bytes);

    return whole < RECORD_HEAD || whole > RECORD_MAX || whole > len ||
                   le32_get(bytes + 4) != crc32c(0, bytes + 8, whole - 8) ||
                   bytes[8] != RECORD_FORMAT
               ? 0
               : whole;
}

void record_set_more(uint8_t *record, size_t more)
{
    size_t len = le32_get(record);
    unsigned capped = more > UINT16_MAX ? UINT16_MAX : (unsigned)more;

    record[MORE_AT] = (uint8_t)capped;
    record[MORE_AT + 1] = (uint8_t)(capped >> 8);
    le32_put(record + 4, crc32c(0, record + 8, len - 8));
}

size_t record_batch(const uint8_t *bytes, size_t len, size_t *records)
{
    size_t at = sound(bytes, len);
    size_t more = at == 0 ? 0 : (size_t)bytes[MORE_AT] | (size_t)bytes[MORE_AT + 1] << 8;

    *records = 1;
    for (; more > 0 && at > 0; more--) {
        size_t next = sound(bytes + at, len - at);

        if (next == 0) {
            return 0;
        }
        at += next;
        ++*records;
    }
    return at;
}

size_t record_decode(const uint8_t *bytes, size_t len, struct record *out)
{
    struct unpacker u;
    size_t whole;
    unsigned type;

    whole = sound(bytes, len);
    if (whole == 0) {
        return 0;
    }
    type = bytes[9];
    u = (struct unpacker){.at = bytes + 12, .end = bytes + whole};
    out->root = 0;
    out->at.epoch = unpacker_u64(&u);
    out->at.seq = unpacker_u64(&u);
    out->now.at_ms = unpacker_i64(&u);
    out->now.shift_ms = unpacker_i64(&u);
    out->inventory_version = unpacker_u64(&u);
    return body_get(&u, type, out) ? whole : 0;
}
