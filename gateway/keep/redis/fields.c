/* Images as Redis hashes, both directions, a table row a field. The writer thread renders with it,
 * the loader reads with it; what other systems read is documented in docs/DATA_FORMAT.md. */
#include "gateway/keep/redis/fields.h"
#include "bowei/audit_log.h"
#include "bowei/base/city_clock.h"
#include "bowei/journal.h"
#include "bowei/shown.h"
#include "gateway/keep/redis/case_fields.h"
#include "gateway/keep/redis/fleet_fields.h"
#include "gateway/keep/redis/packed.h"
#include "gateway/keep/redis/put.h"
#include <assert.h>
#include <string.h>

/* The audit stream is capped: 50 people who look every minute, for a month. */
#define AUDIT_ROWS 1000000

static const char *const state_words[SPACE_STATE_COUNT] = {
    [SPACE_UNKNOWN] = "unknown",
    [SPACE_FREE] = "free",
    [SPACE_OCCUPIED] = "occupied",
    [SPACE_OUT_OF_SERVICE] = "out_of_service",
};

static const char *const reason_words[REASON_COUNT] = {
#define REASON(name, code, en, zh) [REASON_##name] = code,
#include "bowei/reasons.def"
#undef REASON
};

static const char *const out_words[OUT_REASON_COUNT] = {
    [OUT_MAINTENANCE] = "maintenance",
    [OUT_CLOSED] = "closed",
    [OUT_EVENT] = "event",
    [OUT_WITHDRAWN] = "withdrawn",
};

static const char *const command_words[COMMAND_KIND_COUNT] = {
    [COMMAND_SPACE_OUT] = "space_out",
    [COMMAND_SPACE_IN] = "space_in",
    [COMMAND_LOT_CLOSE] = "lot_close",
    [COMMAND_LOT_OPEN] = "lot_open",
    [COMMAND_LOT_COUNT] = "lot_count",
    [COMMAND_DEVICE_SUSPECT] = "device_suspect",
    [COMMAND_DEVICE_TRUST] = "device_trust",
    [COMMAND_DEVICES] = "devices",
    [COMMAND_ALERTS] = "alerts",
    [COMMAND_ALERT_MOVE] = "alert_move",
    [COMMAND_BIKES] = "bikes",
    [COMMAND_MUTE] = "mute",
    [COMMAND_DEVICE_RECALIBRATE] = "device_recalibrate",
    [COMMAND_DEVICE_INSTALLED] = "device_installed",
    [COMMAND_DEVICE_TEST] = "device_test",
    [COMMAND_DEVICE_TEST_END] = "device_test_end",
    [COMMAND_DEVICE] = "device",
    [COMMAND_SPACE_WHY] = "space_why",
    [COMMAND_TELEMETRY] = "telemetry",
    [COMMAND_KEY] = "key",
    [COMMAND_WEBHOOK] = "webhook",
    [COMMAND_CASES] = "cases",
    [COMMAND_CASE_OPEN] = "case_open",
    [COMMAND_CASE_MOVE] = "case_move",
    [COMMAND_ZOMBIES] = "zombies",
};

static const char *word(const char *const *words, size_t count, unsigned at)
{
    return at < count ? words[at] : words[0];
}

const char *audit_command_word(unsigned command)
{
    const char *name = command < COMMAND_KIND_COUNT ? command_words[command] : NULL;

    return name == NULL ? "" : name;
}

const char *override_reason_word(enum out_reason reason)
{
    return word(out_words, OUT_REASON_COUNT, reason);
}

static bool word_find(const char *const *words, size_t count, const struct field *f, unsigned *out)
{
    for (unsigned i = 0; i < count; i++) {
        if (strlen(words[i]) == f->value_len && memcmp(words[i], f->value, f->value_len) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

char fields_state_letter(uint8_t state)
{
    static const char letters[SPACE_STATE_COUNT] = {[SPACE_UNKNOWN] = 'u',
                                                    [SPACE_FREE] = 'f',
                                                    [SPACE_OCCUPIED] = 'o',
                                                    [SPACE_OUT_OF_SERVICE] = 'x'};

    return state < SPACE_STATE_COUNT ? letters[state] : 'u';
}

/* --- writing --- */

static void put_bytes(struct strbuf *b, const char *name, const void *data, size_t len)
{
    resp_text(b, name);
    resp_bytes(b, data, len);
}

/* Packed bytes as base64 without padding: what other systems read is text all through. */
static void put_packed(struct strbuf *b, const char *name, const uint8_t *bytes, size_t len)
{
    char text[PRIVATE_MAX + 1];

    put_bytes(b, name, text, packed_text(bytes, len, text));
}

static void put_text_capped(struct strbuf *b, const char *name, const char *text, size_t cap)
{
    put_bytes(b, name, text, strnlen(text, cap));
}

static void write_space(struct strbuf *b, const struct slice_item *item)
{
    static const char *const names[SENSORS_PER_SPACE_MAX] = {"p", "q", "r", "s"};
    const struct space_image *s = &item->image.space;
    struct space_image lean = *s;
    uint8_t bytes[SENSORS_PACK_MAX];
    unsigned with_seen = packed_heard_with_seen(s);

    resp_text(b, "state");
    resp_text(b, word(state_words, SPACE_STATE_COUNT, s->shown_state));
    resp_text(b, "reason");
    resp_text(b, word(reason_words, REASON_COUNT, s->shown_reason));
    put_i64(b, "since", s->shown_since_ms);
    put_i64(b, "seen", s->seen_ms);
    put_i64(b, "limit", s->limit_ms);
    put_i64(b, "conf", s->confidence);
    put_bytes(b, "src", item->source, item->source_len);
    put_at(b, item->image.at);
    put_packed(b, "k", bytes, packed_fused(s, bytes));
    for (unsigned i = 0; i < SENSORS_PER_SPACE_MAX; i++) {
        struct sensor_image *sensor = &lean.sensors[i];

        /* pending and quiet are kept relative to heard: with one of them it is said in full */
        if ((with_seen & 1u << i) != 0 && sensor->pending_ms == 0 && sensor->quiet_ms == 0 &&
            sensor->debounce == 0) {
            sensor->heard_ms = 0;
        }
        /* health figures come back with the next message; the bytes would cost a size class */
        sensor->battery_mv = 0;
        sensor->rssi_dbm = 0;
    }
    for (unsigned i = 0; i < s->sensor_count && i < SENSORS_PER_SPACE_MAX; i++) {
        size_t len = image_pack_sensors(&lean, i, 1, bytes);

        assert(len <= PACKED_MAX); /* one sensor is 46 bytes at most */
        put_packed(b, names[i], bytes, len);
    }
}

static unsigned space_args(const struct space_image *s)
{
    return 2 + 2 * (9u + s->sensor_count);
}

static const char *const gate_fields[GATES_PER_LOT_MAX] = {"p", "q", "r", "s", "t", "u", "w", "x"};

static void write_lot(struct strbuf *b, const struct slice_item *item)
{
    const struct lot_image *l = &item->image.lot;
    uint8_t bytes[PACKED_MAX];

    put_i64(b, "capacity", l->capacity);
    put_i64(b, "free", l->free);
    put_i64(b, "occupied", l->occupied);
    put_i64(b, "unknown", l->unknown);
    put_i64(b, "out_of_service", l->out_of_service);
    put_i64(b, "closed", l->closed);
    resp_text(b, "reason");
    resp_text(b, word(reason_words, REASON_COUNT, l->reason));
    put_i64(b, "since", l->since_ms);
    put_i64(b, "seen", l->seen_ms);
    put_at(b, item->image.at);
    put_packed(b, "k", bytes, packed_counting(l, bytes));
    for (unsigned i = 0; i < l->gate_count && i < GATES_PER_LOT_MAX; i++) {
        put_packed(b, gate_fields[i], bytes, packed_gate(&l->gates[i], bytes));
    }
}

static void write_override(struct strbuf *b, const struct slice_item *item)
{
    const struct override_image *o = &item->image.override;

    put_i64(b, "set", o->set);
    resp_text(b, "reason");
    resp_text(b, word(out_words, OUT_REASON_COUNT, o->reason));
    put_i64(b, "since", o->since_ms);
    put_i64(b, "until", o->until_ms);
    put_text_capped(b, "actor", o->actor, sizeof o->actor);
    put_text_capped(b, "note", o->note, sizeof o->note);
    put_at(b, item->image.at);
}

static void write_suspect(struct strbuf *b, const struct slice_item *item)
{
    const struct suspect_image *s = &item->image.suspect;

    put_i64(b, "set", s->set);
    put_i64(b, "since", s->since_ms);
    put_i64(b, "test", s->test_until_ms);
    put_text_capped(b, "actor", s->actor, sizeof s->actor);
    put_at(b, item->image.at);
}

/* The id is the row's position: sent twice, Redis refuses the second. */
static void write_audit(struct strbuf *b, const struct slice_item *item)
{
    const struct audit_image *a = &item->image.audit;
    char id[SPACE_ID_LEN];
    struct redis_key key;

    redis_key_district(&key, ADCODE_CITY, KEY_AUDIT);
    resp_command(b, 6 + 2 * (6 + (a->case_id != 0 ? 1u : 0u)));
    RESP_LITERAL(b, "$4\r\nXADD\r\n");
    resp_key(b, &key);
    RESP_LITERAL(b, "$6\r\nMAXLEN\r\n$1\r\n~\r\n");
    resp_u64(b, AUDIT_ROWS);
    resp_pair(b, item->image.at.epoch, item->image.at.seq);
    put_i64(b, "at", a->at_ms);
    put_text(b, "command", word(command_words, COMMAND_KIND_COUNT, a->command));
    if (a->key != 0) {
        space_id_write(a->key, id);
    }
    put_bytes(b, "place", id, a->key != 0 ? SPACE_ID_LEN : 0);
    put_bytes(b, "device", a->device,
              a->device_len < DEVICE_ID_MAX ? a->device_len : DEVICE_ID_MAX);
    put_text_capped(b, "actor", a->actor, sizeof a->actor);
    put_text_capped(b, "note", a->note, sizeof a->note);
    if (a->case_id != 0) {
        char number[CASE_NUMBER_LEN + 1];

        case_id_format(a->case_id, number);
        put_bytes(b, "case", number, CASE_NUMBER_LEN);
    }
}

void fields_key(struct redis_key *out, uint32_t adcode, const struct slice_item *item)
{
    const struct image *image = &item->image;

    switch (image->kind) {
    case IMAGE_SPACE: redis_key_space(out, adcode, image->space.key); return;
    case IMAGE_LOT: redis_key_lot(out, adcode, image->lot.key); return;
    case IMAGE_OVERRIDE: redis_key_override(out, adcode, image->override.key); return;
    case IMAGE_SUSPECT:
        redis_key_suspect(out, image->suspect.device, image->suspect.device_len);
        return;
    case IMAGE_FENCE:
    case IMAGE_BIKE:
    case IMAGE_ALERT:
    case IMAGE_MUTE:
    case IMAGE_CASE:
    case IMAGE_CASE_ROW:
    case IMAGE_STAY: fleet_fields_key(out, adcode, image); return;
    case IMAGE_AUDIT:
    case IMAGE_KIND_COUNT: break;
    }
    redis_key_district(out, adcode, KEY_AUDIT);
}

struct writer_row {
    void (*write)(struct strbuf *b, const struct slice_item *item);
    unsigned args; /* HSET, key and twice the fields; 0: worked out */
};

static const struct writer_row writers[IMAGE_KIND_COUNT] = {
    [IMAGE_SPACE] = {write_space,    0        },
    [IMAGE_LOT] = {write_lot,      0        },
    [IMAGE_OVERRIDE] = {write_override, 2 + 2 * 7},
    [IMAGE_SUSPECT] = {write_suspect,  2 + 2 * 5},
    [IMAGE_AUDIT] = {write_audit,    0        },
};

static unsigned args_of(const struct image *image)
{
    if (image->kind == IMAGE_SPACE) {
        return space_args(&image->space);
    }
    if (image->kind == IMAGE_LOT) {
        return 2 + 2 * (11u + image->lot.gate_count);
    }
    return writers[image->kind].args;
}

void fields_write(struct strbuf *b, const struct redis_key *key, const struct slice_item *item)
{
    if (item->image.kind == IMAGE_AUDIT) {
        write_audit(b, item);
        return;
    }
    if ((item->flags & ITEM_KEY_STAYS) != 0) {
        if (item->image.kind == IMAGE_CASE) {
            case_fields_expire(b, key);
            return;
        }
        fleet_fields_expire(b, key);
        return;
    }
    if ((item->flags & ITEM_REMOVED) != 0) {
        RESP_LITERAL(b, "*2\r\n$3\r\nDEL\r\n");
        resp_key(b, key);
        return;
    }
    if (writers[item->image.kind].write == NULL) {
        fleet_fields_write(b, key, item);
        return;
    }
    resp_command(b, args_of(&item->image));
    RESP_LITERAL(b, "$4\r\nHSET\r\n");
    resp_key(b, key);
    writers[item->image.kind].write(b, item);
}

/* --- reading --- */

enum field_type {
    FIELD_STATE,
    FIELD_REASON,
    FIELD_OUT,
    FIELD_I64, /* a time */
    FIELD_U32,
    FIELD_U8,
    FIELD_BOOL,
    FIELD_TEXT,
    FIELD_AT,
    FIELD_FUSED,
    FIELD_COUNTING,
    FIELD_SENSORS, /* arg: which sensor */
    FIELD_GATES,   /* arg: which gate */
};

struct field_row {
    enum image_kind kind;
    const char *name;
    enum field_type type;
    size_t offset; /* in struct image */
    size_t arg;
};

#define AT(member)       offsetof(struct image, member)
#define TEXT_ARG(member) (sizeof(((struct image *)0)->member))

static const struct field_row rows[] = {
    {IMAGE_SPACE,    "state",          FIELD_STATE,    AT(space.shown_state),     0                       },
    {IMAGE_SPACE,    "reason",         FIELD_REASON,   AT(space.shown_reason),    0                       },
    {IMAGE_SPACE,    "since",          FIELD_I64,      AT(space.shown_since_ms),  0                       },
    {IMAGE_SPACE,    "seen",           FIELD_I64,      AT(space.seen_ms),         0                       },
    {IMAGE_SPACE,    "limit",          FIELD_U32,      AT(space.limit_ms),        0                       },
    {IMAGE_SPACE,    "conf",           FIELD_U8,       AT(space.confidence),      0                       },
    {IMAGE_SPACE,    "v",              FIELD_AT,       AT(at),                    0                       },
    {IMAGE_SPACE,    "k",              FIELD_FUSED,    AT(space),                 0                       },
    {IMAGE_SPACE,    "p",              FIELD_SENSORS,  AT(space),                 0                       },
    {IMAGE_SPACE,    "q",              FIELD_SENSORS,  AT(space),                 1                       },
    {IMAGE_SPACE,    "r",              FIELD_SENSORS,  AT(space),                 2                       },
    {IMAGE_SPACE,    "s",              FIELD_SENSORS,  AT(space),                 3                       },
    {IMAGE_LOT,      "capacity",       FIELD_U32,      AT(lot.capacity),          0                       },
    {IMAGE_LOT,      "free",           FIELD_U32,      AT(lot.free),              0                       },
    {IMAGE_LOT,      "occupied",       FIELD_U32,      AT(lot.occupied),          0                       },
    {IMAGE_LOT,      "unknown",        FIELD_U32,      AT(lot.unknown),           0                       },
    {IMAGE_LOT,      "out_of_service", FIELD_U32,      AT(lot.out_of_service),    0                       },
    {IMAGE_LOT,      "closed",         FIELD_BOOL,     AT(lot.closed),            0                       },
    {IMAGE_LOT,      "reason",         FIELD_REASON,   AT(lot.reason),            0                       },
    {IMAGE_LOT,      "since",          FIELD_I64,      AT(lot.since_ms),          0                       },
    {IMAGE_LOT,      "seen",           FIELD_I64,      AT(lot.seen_ms),           0                       },
    {IMAGE_LOT,      "v",              FIELD_AT,       AT(at),                    0                       },
    {IMAGE_LOT,      "k",              FIELD_COUNTING, AT(lot),                   0                       },
    {IMAGE_LOT,      "p",              FIELD_GATES,    AT(lot),                   0                       },
    {IMAGE_LOT,      "q",              FIELD_GATES,    AT(lot),                   1                       },
    {IMAGE_LOT,      "r",              FIELD_GATES,    AT(lot),                   2                       },
    {IMAGE_LOT,      "s",              FIELD_GATES,    AT(lot),                   3                       },
    {IMAGE_LOT,      "t",              FIELD_GATES,    AT(lot),                   4                       },
    {IMAGE_LOT,      "u",              FIELD_GATES,    AT(lot),                   5                       },
    {IMAGE_LOT,      "w",              FIELD_GATES,    AT(lot),                   6                       },
    {IMAGE_LOT,      "x",              FIELD_GATES,    AT(lot),                   7                       },
    {IMAGE_OVERRIDE, "set",            FIELD_BOOL,     AT(override.set),          0                       },
    {IMAGE_OVERRIDE, "reason",         FIELD_OUT,      AT(override.reason),       0                       },
    {IMAGE_OVERRIDE, "since",          FIELD_I64,      AT(override.since_ms),     0                       },
    {IMAGE_OVERRIDE, "until",          FIELD_I64,      AT(override.until_ms),     0                       },
    {IMAGE_OVERRIDE, "actor",          FIELD_TEXT,     AT(override.actor),        TEXT_ARG(override.actor)},
    {IMAGE_OVERRIDE, "note",           FIELD_TEXT,     AT(override.note),         TEXT_ARG(override.note) },
    {IMAGE_OVERRIDE, "v",              FIELD_AT,       AT(at),                    0                       },
    {IMAGE_SUSPECT,  "set",            FIELD_BOOL,     AT(suspect.set),           0                       },
    {IMAGE_SUSPECT,  "since",          FIELD_I64,      AT(suspect.since_ms),      0                       },
    {IMAGE_SUSPECT,  "test",           FIELD_I64,      AT(suspect.test_until_ms), 0                       },
    {IMAGE_SUSPECT,  "actor",          FIELD_TEXT,     AT(suspect.actor),         TEXT_ARG(suspect.actor) },
    {IMAGE_SUSPECT,  "v",              FIELD_AT,       AT(at),                    0                       },
};

static const struct field_row *row_find(enum image_kind kind, const struct field *f)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].kind == kind && strlen(rows[i].name) == f->name_len &&
            memcmp(rows[i].name, f->name, f->name_len) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool read_word(const struct field_row *row, const struct field *f, uint8_t *to)
{
    unsigned found = 0;

    if (row->type == FIELD_STATE) {
        if (!word_find(state_words, SPACE_STATE_COUNT, f, &found)) {
            return false;
        }
        *to = (uint8_t)found;
        return true;
    }
    if (row->type == FIELD_REASON) {
        if (!word_find(reason_words, REASON_COUNT, f, &found)) {
            return false;
        }
        *to = (uint8_t)found;
        return true;
    }
    if (!word_find(out_words, OUT_REASON_COUNT, f, &found)) {
        return false;
    }
    memcpy(to, &(enum out_reason){(enum out_reason)found}, sizeof(enum out_reason));
    return true;
}

static bool read_number(const struct field_row *row, const struct field *f, uint8_t *to)
{
    static const int64_t most[] = {[FIELD_I64] = CITY_CLOCK_MOST_MS,
                                   [FIELD_U32] = UINT32_MAX,
                                   [FIELD_U8] = UINT8_MAX,
                                   [FIELD_BOOL] = 1};
    int64_t v;

    if (!resp_i64_parse(f->value, f->value_len, &v) || v > most[row->type] || v < 0) {
        return false;
    }
    if (row->type == FIELD_I64) {
        memcpy(to, &v, sizeof v);
    } else if (row->type == FIELD_U32) {
        memcpy(to, &(uint32_t){(uint32_t)v}, sizeof(uint32_t));
    } else if (row->type == FIELD_U8) {
        *to = (uint8_t)v;
    } else {
        memcpy(to, &(bool){v != 0}, sizeof(bool));
    }
    return true;
}

static bool read_text(const struct field_row *row, const struct field *f, uint8_t *to)
{
    size_t len = f->value_len < row->arg ? f->value_len : row->arg - 1;

    memcpy(to, f->value, len);
    memset(to + len, 0, row->arg - len);
    return true;
}

static bool time_fits(int64_t ms)
{
    return ms >= 0 && ms <= CITY_CLOCK_MOST_MS;
}

static bool sensor_times_fit(const struct sensor_image *s)
{
    return time_fits(s->heard_ms) && time_fits(s->pending_ms) && time_fits(s->quiet_ms);
}

static bool space_times_fit(const struct space_image *s)
{
    return time_fits(s->since_ms) && time_fits(s->known_since_ms) && time_fits(s->held_ms);
}

static bool read_packed(const struct field_row *row, const struct field *f, struct image *out)
{
    uint8_t bytes[PACKED_MAX];
    int len = packed_bytes(f->value, f->value_len, bytes);

    if (len < 0) {
        return false;
    }
    if (row->type == FIELD_FUSED) {
        return unpacked_fused(bytes, (size_t)len, &out->space) && space_times_fit(&out->space);
    }
    if (row->type == FIELD_COUNTING) {
        return unpacked_counting(bytes, (size_t)len, &out->lot) && time_fits(out->lot.turned_ms);
    }
    if (row->type == FIELD_GATES) {
        return unpacked_gate(bytes, (size_t)len, &out->lot.gates[row->arg]) &&
               time_fits(out->lot.gates[row->arg].heard_ms);
    }
    return image_unpack_sensors(bytes, (size_t)len, (unsigned)row->arg, &out->space) >= 0 &&
           sensor_times_fit(&out->space.sensors[row->arg]);
}

bool fields_read(const struct field *field, struct image *out)
{
    const struct field_row *row = row_find(out->kind, field);
    uint8_t *to;

    if (row == NULL) {
        return true;
    }
    to = (uint8_t *)out + row->offset;
    switch (row->type) {
    case FIELD_STATE:
    case FIELD_REASON:
    case FIELD_OUT: return read_word(row, field, to);
    case FIELD_I64:
    case FIELD_U32:
    case FIELD_U8:
    case FIELD_BOOL: return read_number(row, field, to);
    case FIELD_TEXT: return read_text(row, field, to);
    case FIELD_AT:
        return resp_pair_parse(field->value, field->value_len, &out->at.epoch, &out->at.seq);
    case FIELD_FUSED:
    case FIELD_COUNTING:
    case FIELD_SENSORS:
    case FIELD_GATES: return read_packed(row, field, out);
    }
    return false;
}
