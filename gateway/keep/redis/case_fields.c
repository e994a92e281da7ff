/* Cases, their rows and interrupted stays as Redis fields, both directions. Called by
 * fleet_fields.c and the loader; the fields are documented in docs/DATA_FORMAT.md. */
#include "gateway/keep/redis/case_fields.h"
#include "bowei/journal.h"
#include "gateway/keep/redis/packed.h"
#include "gateway/keep/redis/put.h"
#include <stdio.h>
#include <string.h>

#define ROW_TEXT_MAX (160 + (IMAGE_PACK_MAX + 2) / 3 * 4)
#define ARCHIVE_DAYS 1100
#define DAY_MS       86400000

void case_fields_case(struct strbuf *b, const struct slice_item *item)
{
    const struct case_image *c = &item->image.case_;

    put_text(b, "kind", case_kind_word((enum case_kind)c->kind)->code);
    put_text(b, "status", case_status_word((enum case_status)c->status)->code);
    put_text(b, "stage", case_stage_word((enum case_stage)c->stage)->code);
    put_text(b, "source", case_source_word((enum case_source)c->source)->code);
    put_i64(b, "severity", c->severity);
    put_i64(b, "overdue", (c->flags & CASE_IS_OVERDUE) != 0);
    put_i64(b, "escalated", c->escalated);
    put_place(b, "place", c->place);
    put_text(b, "vehicle", c->vehicle);
    resp_text(b, "lat");
    resp_e7(b, c->at.lat);
    resp_text(b, "lon");
    resp_e7(b, c->at.lon);
    put_text(b, "unit", c->unit);
    put_text(b, "person", c->person);
    put_i64(b, "reported", c->reported_ms);
    put_i64(b, "changed", c->changed_ms);
    put_i64(b, "closed", c->closed_ms);
    put_i64(b, "due", c->due_ms);
    put_i64(b, "stage_due", c->stage_due_ms);
    put_i64(b, "version", c->version);
    put_i64(b, "rows", c->row_count);
    put_at(b, item->image.at);
}

void case_fields_stay(struct strbuf *b, const struct slice_item *item)
{
    const struct stay_image *s = &item->image.stay;

    put_i64(b, "set", s->set);
    put_i64(b, "since", s->since_ms);
    put_i64(b, "released", s->released_ms);
    put_i64(b, "gap", s->gap_s);
    put_at(b, item->image.at);
}

/* Base64 of any length: pieces that are a multiple of three bytes join without a seam. */
static size_t text_put(const uint8_t *bytes, size_t len, char *out)
{
    size_t n = 0;

    for (size_t at = 0; at < len; at += PACKED_MAX) {
        char text[PRIVATE_MAX + 1];
        const size_t part = len - at < PACKED_MAX ? len - at : PACKED_MAX;
        const size_t made = packed_text(bytes + at, part, text);

        memcpy(out + n, text, made);
        n += made;
    }
    return n;
}

static size_t text_take(const char *text, size_t len, uint8_t bytes[IMAGE_PACK_MAX])
{
    size_t n = 0;

    for (size_t at = 0; at < len; at += PRIVATE_MAX) {
        uint8_t part[PACKED_MAX];
        const int got =
            packed_bytes(text + at, len - at < PRIVATE_MAX ? len - at : PRIVATE_MAX, part);

        if (got < 0 || n + (size_t)got > IMAGE_PACK_MAX) {
            return 0;
        }
        memcpy(bytes + n, part, (size_t)got);
        n += (size_t)got;
    }
    return n;
}

void case_fields_row(struct strbuf *b, const struct redis_key *key, const struct slice_item *item)
{
    const struct case_row_image *row = &item->image.case_row;
    uint8_t bytes[IMAGE_PACK_MAX];
    const size_t len = image_pack(&item->image, bytes, sizeof bytes);
    char text[ROW_TEXT_MAX];
    char number[24];
    int head = snprintf(text, sizeof text, "%lld %s %s %s %s ", (long long)row->at_ms,
                        case_event_word((enum case_event)row->event)->code,
                        case_role_code((enum case_role)row->role),
                        case_status_word((enum case_status)row->status)->code,
                        case_stage_word((enum case_stage)row->stage)->code);

    resp_command(b, 4);
    RESP_LITERAL(b, "$4\r\nHSET\r\n");
    resp_key(b, key);
    resp_bytes(b, number, (size_t)snprintf(number, sizeof number, "%u", row->number));
    resp_bytes(b, text, (size_t)head + text_put(bytes, len, text + head));
}

void case_fields_expire(struct strbuf *b, const struct redis_key *key)
{
    RESP_LITERAL(b, "*3\r\n$7\r\nPEXPIRE\r\n");
    resp_key(b, key);
    resp_i64(b, (int64_t)ARCHIVE_DAYS * DAY_MS);
}

/* The packed image stands behind the last blank. */
static bool row_read(const redisReply *value, struct image *image)
{
    uint8_t bytes[IMAGE_PACK_MAX];
    const char *packed;
    size_t len;

    if (value->type != REDIS_REPLY_STRING) {
        return false;
    }
    packed = strrchr(value->str, ' '); /* hiredis ends it with a NUL */
    packed = packed == NULL ? value->str : packed + 1;
    len = text_take(packed, strlen(packed), bytes);
    return len > 0 && image_unpack(IMAGE_CASE_ROW, bytes, len, image) &&
           position_plausible(image->at);
}

bool case_fields_rows(const redisReply *hash, void (*each)(void *ctx, const struct image *image),
                      void *ctx, struct position *newest)
{
    bool good = true;

    for (size_t i = 0; i + 1 < hash->elements; i += 2) {
        struct image image;

        if (!row_read(hash->element[i + 1], &image)) {
            good = false;
            continue;
        }
        if (position_compare(image.at, *newest) > 0) {
            *newest = image.at;
        }
        each(ctx, &image);
    }
    return good;
}
