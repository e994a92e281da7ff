/* Images as bytes: the body of the journal's E and C records, and the packed private fields in
 * Redis. Every layout is written once for both directions side by side; layouts:
 * docs/DATA_FORMAT.md. A change of a layout is a new JOURNAL_SCHEMA. */
#include "bowei/journal.h"
#include "gateway/keep/case_pack.h"
#include "gateway/keep/fleet_pack.h"

static void pack_sensor(struct packer *p, const struct sensor_image *s)
{
    packer_u32(p, s->tag);
    packer_u8(p, s->value);
    packer_u8(p, s->flags);
    packer_u8(p, s->join);
    packer_u8(p, s->debounce);
    packer_u8(p, s->pending);
    packer_u32(p, s->counter);
    packer_i64(p, s->heard_ms);
    packer_i64(p, s->pending_ms);
    packer_u64(p, s->changes);
    packer_i64(p, s->quiet_ms);
    packer_u16(p, s->battery_mv);
    packer_u16(p, (uint16_t)s->rssi_dbm);
}

static void unpack_sensor(struct unpacker *u, struct sensor_image *s)
{
    s->tag = unpacker_u32(u);
    s->value = unpacker_u8(u);
    s->flags = unpacker_u8(u);
    s->join = unpacker_u8(u);
    s->debounce = unpacker_u8(u);
    s->pending = unpacker_u8(u);
    s->counter = unpacker_u32(u);
    s->heard_ms = unpacker_i64(u);
    s->pending_ms = unpacker_i64(u);
    s->changes = unpacker_u64(u);
    s->quiet_ms = unpacker_i64(u);
    s->battery_mv = unpacker_u16(u);
    s->rssi_dbm = (int16_t)unpacker_u16(u);
}

#define SPACE_FOUND 0x80U /* beside `confidence`, 100 at most: struct space_image.found */

static void pack_space(struct packer *p, const struct space_image *s)
{
    packer_u64(p, s->key);
    packer_u8(p, s->state);
    packer_u8(p, s->known_state);
    packer_u8(p, s->reason);
    packer_u8(p, s->sensor_count);
    packer_i64(p, s->since_ms);
    packer_i64(p, s->known_since_ms);
    packer_i64(p, s->seen_ms);
    packer_i64(p, s->held_ms);
    packer_u32(p, s->gap_s);
    packer_u8(p, s->confidence | (s->found ? SPACE_FOUND : 0));
    packer_u32(p, s->limit_ms);
    packer_u32(p, s->source);
    packer_u8(p, s->shown_state);
    packer_u8(p, s->shown_reason);
    packer_i64(p, s->shown_since_ms);
    if (s->sensor_count > SENSORS_PER_SPACE_MAX) {
        p->failed = true;
        return;
    }
    for (unsigned i = 0; i < s->sensor_count; i++) {
        pack_sensor(p, &s->sensors[i]);
    }
}

static void unpack_space(struct unpacker *u, struct space_image *s)
{
    s->key = unpacker_u64(u);
    s->state = unpacker_u8(u);
    s->known_state = unpacker_u8(u);
    s->reason = unpacker_u8(u);
    s->sensor_count = unpacker_u8(u);
    s->since_ms = unpacker_i64(u);
    s->known_since_ms = unpacker_i64(u);
    s->seen_ms = unpacker_i64(u);
    s->held_ms = unpacker_i64(u);
    s->gap_s = unpacker_u32(u);
    s->confidence = unpacker_u8(u);
    s->found = (s->confidence & SPACE_FOUND) != 0;
    s->confidence &= (uint8_t)~SPACE_FOUND;
    s->limit_ms = unpacker_u32(u);
    s->source = unpacker_u32(u);
    s->shown_state = unpacker_u8(u);
    s->shown_reason = unpacker_u8(u);
    s->shown_since_ms = unpacker_i64(u);
    if (s->sensor_count > SENSORS_PER_SPACE_MAX) {
        u->failed = true;
        return;
    }
    for (unsigned i = 0; i < s->sensor_count; i++) {
        unpack_sensor(u, &s->sensors[i]);
    }
}

static void pack_gate(struct packer *p, const struct gate_image *g)
{
    packer_u32(p, g->tag);
    packer_u32(p, g->in);
    packer_u32(p, g->out);
    packer_i64(p, g->heard_ms);
    packer_u32(p, g->counter);
    packer_u8(p, g->flags);
    packer_u8(p, g->join);
}

static void unpack_gate(struct unpacker *u, struct gate_image *g)
{
    g->tag = unpacker_u32(u);
    g->in = unpacker_u32(u);
    g->out = unpacker_u32(u);
    g->heard_ms = unpacker_i64(u);
    g->counter = unpacker_u32(u);
    g->flags = unpacker_u8(u);
    g->join = unpacker_u8(u);
}

#define LOT_FIRST 0x80U /* beside `counting`: struct lot_image.first */

static void pack_lot(struct packer *p, const struct lot_image *l)
{
    packer_u64(p, l->key);
    packer_u8(p, l->closed);
    packer_u8(p, l->counting | (l->first ? LOT_FIRST : 0));
    packer_u8(p, l->gate_count);
    packer_u32(p, (uint32_t)l->count_raw);
    packer_i64(p, l->since_ms);
    packer_i64(p, l->turned_ms);
    packer_i64(p, l->seen_ms);
    packer_u8(p, l->reason);
    packer_u32(p, l->capacity);
    packer_u32(p, l->free);
    packer_u32(p, l->occupied);
    packer_u32(p, l->unknown);
    packer_u32(p, l->out_of_service);
    if (l->gate_count > GATES_PER_LOT_MAX) {
        p->failed = true;
        return;
    }
    for (unsigned i = 0; i < l->gate_count; i++) {
        pack_gate(p, &l->gates[i]);
    }
}

static void unpack_lot(struct unpacker *u, struct lot_image *l)
{
    l->key = unpacker_u64(u);
    l->closed = unpacker_u8(u) != 0;
    l->counting = unpacker_u8(u);
    l->first = (l->counting & LOT_FIRST) != 0;
    l->counting &= (uint8_t)~LOT_FIRST;
    l->gate_count = unpacker_u8(u);
    l->count_raw = (int32_t)unpacker_u32(u);
    l->since_ms = unpacker_i64(u);
    l->turned_ms = unpacker_i64(u);
    l->seen_ms = unpacker_i64(u);
    l->reason = unpacker_u8(u);
    l->capacity = unpacker_u32(u);
    l->free = unpacker_u32(u);
    l->occupied = unpacker_u32(u);
    l->unknown = unpacker_u32(u);
    l->out_of_service = unpacker_u32(u);
    if (l->gate_count > GATES_PER_LOT_MAX) {
        u->failed = true;
        return;
    }
    for (unsigned i = 0; i < l->gate_count; i++) {
        unpack_gate(u, &l->gates[i]);
    }
}

/* Texts are cut at their NUL and carry a length byte. */
static void pack_text(struct packer *p, const char *text, size_t cap)
{
    size_t len = strnlen(text, cap - 1);

    packer_u8(p, (unsigned)len);
    packer_bytes(p, text, len);
}

static void unpack_text(struct unpacker *u, char *text, size_t cap)
{
    size_t len = unpacker_u8(u);

    if (len >= cap) {
        u->failed = true;
        return;
    }
    unpacker_bytes(u, text, len);
    text[len] = '\0';
}

static void pack_device(struct packer *p, const char *device, uint8_t len)
{
    if (len > DEVICE_ID_MAX) {
        p->failed = true;
        return;
    }
    packer_u8(p, len);
    packer_bytes(p, device, len);
}

static void unpack_device(struct unpacker *u, char *device, uint8_t *len)
{
    *len = unpacker_u8(u);
    if (*len > DEVICE_ID_MAX) {
        u->failed = true;
        return;
    }
    unpacker_bytes(u, device, *len);
}

static void pack_override(struct packer *p, const struct override_image *o)
{
    packer_u64(p, o->key);
    packer_u8(p, o->set);
    packer_u8(p, (unsigned)o->reason);
    packer_i64(p, o->since_ms);
    packer_i64(p, o->until_ms);
    pack_text(p, o->actor, sizeof o->actor);
    pack_text(p, o->note, sizeof o->note);
}

static void unpack_override(struct unpacker *u, struct override_image *o)
{
    uint8_t reason;

    o->key = unpacker_u64(u);
    o->set = unpacker_u8(u) != 0;
    reason = unpacker_u8(u);
    if (reason >= OUT_REASON_COUNT) {
        u->failed = true;
        return;
    }
    o->reason = (enum out_reason)reason;
    o->since_ms = unpacker_i64(u);
    o->until_ms = unpacker_i64(u);
    unpack_text(u, o->actor, sizeof o->actor);
    unpack_text(u, o->note, sizeof o->note);
}

#define SUSPECT_TESTED 2 /* a test mode was ever set: its end follows */

static void pack_suspect(struct packer *p, const struct suspect_image *s)
{
    pack_device(p, s->device, s->device_len);
    packer_u8(p, (uint8_t)(s->set | (s->test_until_ms != 0 ? SUSPECT_TESTED : 0)));
    packer_i64(p, s->since_ms);
    pack_text(p, s->actor, sizeof s->actor);
    if (s->test_until_ms != 0) {
        packer_i64(p, s->test_until_ms);
    }
}

static void unpack_suspect(struct unpacker *u, struct suspect_image *s)
{
    uint8_t marks;

    unpack_device(u, s->device, &s->device_len);
    marks = unpacker_u8(u);
    s->set = (marks & 1) != 0;
    s->since_ms = unpacker_i64(u);
    unpack_text(u, s->actor, sizeof s->actor);
    if (marks & SUSPECT_TESTED) {
        s->test_until_ms = unpacker_i64(u);
    }
}

static void pack_audit(struct packer *p, const struct audit_image *a)
{
    packer_u8(p, a->command);
    packer_i64(p, a->at_ms);
    packer_u64(p, a->key);
    pack_device(p, a->device, a->device_len);
    pack_text(p, a->actor, sizeof a->actor);
    pack_text(p, a->note, sizeof a->note);
    if (a->case_id != 0) {
        packer_u64(p, a->case_id); /* late: rows of a lower schema end here */
    }
}

static void unpack_audit(struct unpacker *u, struct audit_image *a)
{
    a->command = unpacker_u8(u);
    a->at_ms = unpacker_i64(u);
    a->key = unpacker_u64(u);
    unpack_device(u, a->device, &a->device_len);
    unpack_text(u, a->actor, sizeof a->actor);
    unpack_text(u, a->note, sizeof a->note);
    if (!u->failed && u->at < u->end) {
        a->case_id = unpacker_u64(u);
    }
}

/* The kinds with one layout for both directions. */
static void code_image(struct coder *c, struct image *image)
{
    switch ((int)image->kind) {
    case IMAGE_FENCE: fleet_code_fence(c, &image->fence); break;
    case IMAGE_BIKE: fleet_code_bike(c, &image->bike); break;
    case IMAGE_ALERT: fleet_code_alert(c, &image->alert); break;
    case IMAGE_MUTE: fleet_code_mute(c, &image->mute); break;
    case IMAGE_CASE: case_code_case(c, &image->case_); break;
    case IMAGE_CASE_ROW: case_code_row(c, &image->case_row); break;
    case IMAGE_STAY: case_code_stay(c, &image->stay); break;
    default: code_fail(c); break;
    }
}

static void pack_coded(struct packer *p, const struct image *image)
{
    struct image copy = *image; /* a coder may write, though not when it packs */
    struct coder c = {.pack = p};

    code_image(&c, &copy);
}

size_t image_pack(const struct image *image, uint8_t *out, size_t cap)
{
    struct packer p = {.at = out, .end = out + cap};

    packer_u64(&p, image->at.epoch);
    packer_u64(&p, image->at.seq);
    switch (image->kind) {
    case IMAGE_SPACE: pack_space(&p, &image->space); break;
    case IMAGE_LOT: pack_lot(&p, &image->lot); break;
    case IMAGE_OVERRIDE: pack_override(&p, &image->override); break;
    case IMAGE_SUSPECT: pack_suspect(&p, &image->suspect); break;
    case IMAGE_AUDIT: pack_audit(&p, &image->audit); break;
    case IMAGE_FENCE:
    case IMAGE_BIKE:
    case IMAGE_ALERT:
    case IMAGE_MUTE:
    case IMAGE_CASE:
    case IMAGE_CASE_ROW:
    case IMAGE_STAY: pack_coded(&p, image); break;
    case IMAGE_KIND_COUNT: return 0;
    }
    return p.failed ? 0 : (size_t)(p.at - out);
}

bool image_unpack(enum image_kind kind, const uint8_t *bytes, size_t len, struct image *out)
{
    struct unpacker u = {.at = bytes, .end = bytes + len};

    memset(out, 0, sizeof *out);
    out->kind = kind;
    out->at.epoch = unpacker_u64(&u);
    out->at.seq = unpacker_u64(&u);
    switch (kind) {
    case IMAGE_SPACE: unpack_space(&u, &out->space); break;
    case IMAGE_LOT: unpack_lot(&u, &out->lot); break;
    case IMAGE_OVERRIDE: unpack_override(&u, &out->override); break;
    case IMAGE_SUSPECT: unpack_suspect(&u, &out->suspect); break;
    case IMAGE_AUDIT: unpack_audit(&u, &out->audit); break;
    case IMAGE_FENCE:
    case IMAGE_BIKE:
    case IMAGE_ALERT:
    case IMAGE_MUTE:
    case IMAGE_CASE:
    case IMAGE_CASE_ROW:
    case IMAGE_STAY: code_image(&(struct coder){.unpack = &u}, out); break;
    case IMAGE_KIND_COUNT: return false;
    }
    return !u.failed && u.at == u.end;
}
