/* Fences, bikes, alerts and mutes as hashes, both directions. Called by txn.c (through fields.c)
 * and the loader; the fields are documented in docs/DATA_FORMAT.md. */
#include "gateway/keep/redis/fleet_fields.h"
#include "bowei/journal.h"
#include "gateway/keep/redis/case_fields.h"
#include "gateway/keep/redis/packed.h"
#include "gateway/keep/redis/put.h"
#include <string.h>

#define CHUNKS_MAX   ((IMAGE_PACK_MAX + 2 + PACKED_MAX - 1) / PACKED_MAX)
#define CLOSED_DAYS  30 /* ended episodes stay readable, as in the gateway (fleet_rules.keep_ms) */
#define DAY_MS       86400000
#define CHUNK_DIGITS "0123456789abcdefghijklmnopqrstuvwxyz"

_Static_assert(CHUNKS_MAX < sizeof CHUNK_DIGITS, "a digit names a piece");

/* The packed image behind its length, cut into pieces. */
struct pieces {
    uint8_t bytes[CHUNKS_MAX * PACKED_MAX];
    size_t len;
};

static unsigned piece_count(const struct pieces *pieces)
{
    return (unsigned)((pieces->len + PACKED_MAX - 1) / PACKED_MAX);
}

/* Redis is written only once it was read, so there is no older image to look for. */
static size_t bike_pack(const struct image *image, uint8_t *out)
{
    struct image plain = *image;

    plain.bike.marks = 0;
    return image_pack(&plain, out, IMAGE_PACK_MAX);
}

static void pieces_pack(struct pieces *pieces, const struct image *image)
{
    const size_t len = image->kind == IMAGE_BIKE && image->bike.marks != 0
                           ? bike_pack(image, pieces->bytes + 2)
                           : image_pack(image, pieces->bytes + 2, IMAGE_PACK_MAX);

    pieces->bytes[0] = (uint8_t)len;
    pieces->bytes[1] = (uint8_t)(len >> 8);
    pieces->len = len + 2;
}

static void put_pieces(struct strbuf *b, const struct pieces *pieces)
{
    char name[2] = {'p', '0'};
    char text[PRIVATE_MAX + 1];

    for (size_t at = 0; at < pieces->len; at += PACKED_MAX) {
        const size_t left = pieces->len - at;

        name[1] = CHUNK_DIGITS[at / PACKED_MAX];
        resp_bytes(b, name, sizeof name);
        resp_bytes(b, text,
                   packed_text(pieces->bytes + at, left < PACKED_MAX ? left : PACKED_MAX, text));
    }
}

/* --- fields by name --- */

static void put_position(struct strbuf *b, bool is, struct position_e7 at)
{
    resp_text(b, "lat");
    if (is) {
        resp_e7(b, at.lat);
    } else {
        resp_text(b, "");
    }
    resp_text(b, "lon");
    if (is) {
        resp_e7(b, at.lon);
    } else {
        resp_text(b, "");
    }
}

#define FENCE_FIELDS 7u

/* What a silent fence holds is not known: empty, never 0. */
static void write_fence(struct strbuf *b, const struct slice_item *item)
{
    const struct fence_image *f = &item->image.fence;

    put_text(b, "use", fence_use_name((enum fence_use)item->use));
    put_text(b, "state", f->silent ? "unknown" : "known");
    put_i64(b, "capacity", item->capacity);
    if (f->silent) {
        put_text(b, "count", "");
        put_text(b, "room", "");
    } else {
        put_i64(b, "count", f->count);
        put_i64(b, "room", f->count < item->capacity ? item->capacity - f->count : 0);
    }
    put_i64(b, "changed", f->changed_ms);
    put_at(b, item->image.at);
}

#define BIKE_FIELDS 11u

static void write_bike(struct strbuf *b, const struct slice_item *item)
{
    const struct bike_image *bike = &item->image.bike;
    struct position_e7 at = {0};
    const bool placed = bike_position(bike, &at);

    put_text(b, "lock", lock_state_name((enum lock_state)bike->lock));
    put_text(b, "verdict", verdict_name((enum verdict)bike->verdict));
    put_text(b, "rule", verdict_rule_code((enum verdict_rule)bike->rule));
    put_place(b, "fence", bike->fence);
    put_i64(b, "since", bike->since_ms);
    put_i64(b, "seen", bike->heard_ms);
    put_position(b, placed, at);
    if (bike->battery_pct == UINT8_MAX) {
        put_text(b, "battery", "");
    } else {
        put_i64(b, "battery", bike->battery_pct);
    }
    resp_text(b, "operator");
    resp_bytes(b, bike->ref, strcspn(bike->ref, "-"));
    put_at(b, item->image.at);
}

#define ALERT_FIELDS 20u

static void write_alert(struct strbuf *b, const struct slice_item *item)
{
    const struct alert_image *a = &item->image.alert;
    const bool placed = a->at.lat != 0 || a->at.lon != 0;

    put_text(b, "kind", alert_kind_code((enum alert_kind)a->kind));
    put_text(b, "state", alert_state_code((enum alert_state)a->state));
    put_text(b, "cause", alert_cause_code((enum alert_cause)a->cause));
    put_i64(b, "severity", a->severity);
    put_i64(b, "escalated", a->escalated);
    put_text(b, "operator", a->operator_code);
    put_text(b, "vehicle", a->vehicle);
    put_place(b, "fence", a->fence);
    put_position(b, placed, a->at);
    put_i64(b, "opened", a->opened_ms);
    put_i64(b, "changed", a->changed_ms);
    put_i64(b, "closed", a->closed_ms);
    put_i64(b, "due_ack", a->due_ack_ms);
    put_i64(b, "due_onsite", a->due_onsite_ms);
    put_i64(b, "due_clear", a->due_clear_ms);
    put_i64(b, "count", a->count);
    put_i64(b, "version", a->version);
    put_text(b, "actor", a->actor);
    put_at(b, item->image.at);
}

#define MUTE_FIELDS 5u

static void write_mute(struct strbuf *b, const struct slice_item *item)
{
    const struct mute_image *m = &item->image.mute;

    put_i64(b, "set", m->set);
    put_i64(b, "from", m->from_ms);
    put_i64(b, "until", m->until_ms);
    put_text(b, "actor", m->actor);
    put_at(b, item->image.at);
}

struct writer_row {
    void (*write)(struct strbuf *b, const struct slice_item *item);
    unsigned fields;
};

static const struct writer_row writers[IMAGE_KIND_COUNT] = {
    [IMAGE_FENCE] = {write_fence,      FENCE_FIELDS},
      [IMAGE_BIKE] = {write_bike,       BIKE_FIELDS },
    [IMAGE_ALERT] = {write_alert,      ALERT_FIELDS},
      [IMAGE_MUTE] = {write_mute,       MUTE_FIELDS },
    [IMAGE_CASE] = {case_fields_case, CASE_FIELDS },
      [IMAGE_STAY] = {case_fields_stay, STAY_FIELDS },
};

void fleet_fields_write(struct strbuf *b, const struct redis_key *key,
                        const struct slice_item *item)
{
    const struct writer_row *row = &writers[item->image.kind];
    struct pieces pieces;

    if (item->image.kind == IMAGE_CASE_ROW) {
        case_fields_row(b, key, item);
        return;
    }
    pieces_pack(&pieces, &item->image);
    resp_command(b, 2 + 2 * (row->fields + piece_count(&pieces)));
    RESP_LITERAL(b, "$4\r\nHSET\r\n");
    resp_key(b, key);
    row->write(b, item);
    put_pieces(b, &pieces);
}

void fleet_fields_key(struct redis_key *out, uint32_t adcode, const struct image *image)
{
    switch (image->kind) {
    case IMAGE_FENCE: redis_key_fence(out, adcode, image->fence.key); return;
    case IMAGE_BIKE:
        redis_key_vehicle(out, adcode, image->bike.ref,
                          strnlen(image->bike.ref, sizeof image->bike.ref));
        return;
    case IMAGE_ALERT: redis_key_alert(out, adcode, image->alert.id); return;
    case IMAGE_CASE: redis_key_case(out, adcode, image->case_.id); return;
    case IMAGE_CASE_ROW: redis_key_case_rows(out, adcode, image->case_row.id); return;
    case IMAGE_STAY: redis_key_stay(out, adcode, image->stay.key); return;
    case IMAGE_MUTE:
    case IMAGE_SPACE:
    case IMAGE_LOT:
    case IMAGE_OVERRIDE:
    case IMAGE_SUSPECT:
    case IMAGE_AUDIT:
    case IMAGE_KIND_COUNT: break;
    }
    redis_key_mute(out, image->mute.fence);
}

void fleet_fields_member(struct strbuf *b, const struct image *image)
{
    char id[ALERT_ID_LEN + 1];
    char number[CASE_NUMBER_LEN + 1];

    if (image->kind == IMAGE_CASE) {
        case_id_format(image->case_.id, number);
        resp_bytes(b, number, CASE_NUMBER_LEN);
        return;
    }
    if (image->kind == IMAGE_BIKE) {
        resp_bytes(b, image->bike.ref, strnlen(image->bike.ref, sizeof image->bike.ref));
        return;
    }
    alert_id_format(image->alert.id, id);
    resp_bytes(b, id, ALERT_ID_LEN);
}

void fleet_fields_life(struct strbuf *b, const struct redis_key *key,
                       const struct alert_image *alert)
{
    if (alert_is_open(alert)) {
        RESP_LITERAL(b, "*2\r\n$7\r\nPERSIST\r\n");
        resp_key(b, key);
        return;
    }
    RESP_LITERAL(b, "*3\r\n$9\r\nPEXPIREAT\r\n");
    resp_key(b, key);
    resp_i64(b, alert->closed_ms + (int64_t)CLOSED_DAYS * DAY_MS);
}

void fleet_fields_expire(struct strbuf *b, const struct redis_key *key)
{
    RESP_LITERAL(b, "*3\r\n$7\r\nPEXPIRE\r\n");
    resp_key(b, key);
    resp_i64(b, (int64_t)CLOSED_DAYS * DAY_MS);
}

/* --- reading --- */

static bool is_piece(const redisReply *name, unsigned *at)
{
    const char *digit;

    if (name->type != REDIS_REPLY_STRING || name->len != 2 || name->str[0] != 'p') {
        return false;
    }
    digit = memchr(CHUNK_DIGITS, name->str[1], CHUNKS_MAX);
    *at = digit == NULL ? 0 : (unsigned)(digit - CHUNK_DIGITS);
    return digit != NULL;
}

/* Pieces behind the image's end are left from one that was longer. */
bool fleet_fields_read(const redisReply *hash, struct image *image)
{
    struct pieces pieces = {.len = 0};
    uint8_t lens[CHUNKS_MAX] = {0};
    const enum image_kind kind = image->kind;
    size_t len;

    for (size_t i = 0; i + 1 < hash->elements; i += 2) {
        const redisReply *value = hash->element[i + 1];
        uint8_t bytes[PACKED_MAX];
        unsigned at;

        if (is_piece(hash->element[i], &at) && value->type == REDIS_REPLY_STRING) {
            const int n = packed_bytes(value->str, value->len, bytes);

            if (n < 0) {
                return false;
            }
            memcpy(pieces.bytes + (size_t)at * PACKED_MAX, bytes, (size_t)n);
            lens[at] = (uint8_t)n;
        }
    }
    len = 2u + pieces.bytes[0] + ((size_t)pieces.bytes[1] << 8);
    if (lens[0] < 2 || len > sizeof pieces.bytes) {
        return false;
    }
    for (size_t at = 0; at * PACKED_MAX < len; at++) {
        const size_t wanted = len - at * PACKED_MAX;

        if (lens[at] < (wanted < PACKED_MAX ? wanted : PACKED_MAX)) {
            return false;
        }
    }
    return image_unpack(kind, pieces.bytes + 2, len - 2, image);
}
