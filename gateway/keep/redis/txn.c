/* MULTI; HSET...; GEOADD/ZREM; PEXPIRE; XADD; HSET meta; EXEC of one slice (the
 * replies are checked in txn_answer.c). All values are absolute and the stream id is explicit, so a
 * transaction may be sent twice. */
#include "gateway/keep/redis/txn.h"
#include "bowei/base/log.h"
#include "gateway/keep/redis/case_fields.h"
#include "gateway/keep/redis/fields.h"
#include "gateway/keep/redis/fleet_fields.h"
#include <string.h>

#define FREE_EXPIRES_MS                                                                            \
    30000                 /* a dead gateway leaves no free space behind (DATA_FORMAT, "Redis") */
#define CHANGES_MAX 10000 /* entries on the change stream, about */

static void command(struct txn *txn, unsigned item, bool count)
{
    if (txn->count < TXN_COMMANDS_MAX) {
        txn->commands[txn->count++] = (struct txn_command){.item = (uint16_t)item, .count = count};
    }
}

static void write_del(struct txn *txn, const struct redis_key *key, unsigned item)
{
    RESP_LITERAL(&txn->bytes, "*2\r\n$3\r\nDEL\r\n");
    resp_key(&txn->bytes, key);
    command(txn, item, false);
}

static uint32_t count_flag(const struct slice *slice, unsigned flag)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < slice->count; i++) {
        n += (slice->items[i].flags & flag) != 0;
    }
    return n;
}

/* The rows of a case go where it goes. */
static void write_history_leaves(struct txn *txn, const struct slice *slice, uint32_t i)
{
    const struct slice_item *item = &slice->items[i];
    struct redis_key key;

    redis_key_case_rows(&key, slice->adcode, item->image.case_.id);
    if ((item->flags & ITEM_KEY_STAYS) != 0) {
        case_fields_expire(&txn->bytes, &key);
        command(txn, i, false);
    } else {
        write_del(txn, &key, i);
    }
}

/* Rows of the audit that come again, behind older ones that Redis has lost. */
static bool comes_again(const struct slice *slice, const struct slice_item *item,
                        const struct txn_frame *frame)
{
    return item->image.kind == IMAGE_AUDIT && (slice->flags & SLICE_ROWS_AGAIN) != 0 &&
           slice->losses != frame->losses;
}

static void write_items(struct txn *txn, const struct slice *slice, const struct txn_frame *frame)
{
    struct redis_key key;

    for (uint32_t i = 0; i < slice->count; i++) {
        if ((slice->items[i].flags & ITEM_EVENT) != 0 ||
            comes_again(slice, &slice->items[i], frame)) {
            continue;
        }
        fields_key(&key, slice->adcode, &slice->items[i]);
        if (slice->items[i].image.kind == IMAGE_SPACE || slice->items[i].image.kind == IMAGE_LOT) {
            /* the key ends with the ID */
            memcpy(txn->ids[i], key.text + key.len - SPACE_ID_LEN, SPACE_ID_LEN);
        }
        if ((slice->items[i].flags & ITEM_WRONG_TYPE) != 0) {
            write_del(txn, &key, i);
        }
        fields_write(&txn->bytes, &key, &slice->items[i]);
        command(txn, i, false);
        if (slice->items[i].image.kind == IMAGE_ALERT &&
            (slice->items[i].flags & ITEM_REMOVED) == 0) {
            fleet_fields_life(&txn->bytes, &key, &slice->items[i].image.alert);
            command(txn, i, false);
        }
        if (slice->items[i].image.kind == IMAGE_CASE &&
            (slice->items[i].flags & ITEM_REMOVED) != 0) {
            write_history_leaves(txn, slice, i);
        }
    }
}

/* --- the indices --- */

struct index_row {
    enum image_kind kind;
    enum redis_key_kind key, next;
    uint32_t any_next; /* enum slice_flag */
};

static const struct index_row indices[] = {
    {IMAGE_BIKE,  KEY_VEHICLES, KEY_VEHICLES_NEXT, SLICE_VEHICLES_NEXT},
    {IMAGE_ALERT, KEY_ALERTS,   KEY_ALERTS_NEXT,   SLICE_ALERTS_NEXT  },
    {IMAGE_CASE,  KEY_CASES,    KEY_CASES_NEXT,    SLICE_CASES_NEXT   },
};

uint32_t txn_index_keys(void)
{
    uint32_t keys = 0;

    for (size_t i = 0; i < ARRAY_LEN(indices); i++) {
        keys |= 1u << indices[i].key;
    }
    return keys;
}

uint32_t txn_index_flag(enum image_kind kind)
{
    uint32_t flag = 0;

    for (size_t i = 0; i < ARRAY_LEN(indices); i++) {
        flag |= indices[i].kind == kind ? indices[i].any_next : 0;
    }
    return flag;
}

/* SADD or SREM of all items of a kind that have the flag. */
static void write_members(struct txn *txn, const struct slice *slice, enum image_kind kind,
                          unsigned flag, enum redis_key_kind set)
{
    struct redis_key key;
    uint32_t n = 0;

    for (uint32_t i = 0; i < slice->count; i++) {
        n += slice->items[i].image.kind == kind && (slice->items[i].flags & flag) != 0;
    }
    if (n == 0) {
        return;
    }
    redis_key_district(&key, slice->adcode, set);
    resp_command(&txn->bytes, 2 + n);
    resp_text(&txn->bytes, flag == ITEM_INDEX_ADD ? "SADD" : "SREM");
    resp_key(&txn->bytes, &key);
    for (uint32_t i = 0; i < slice->count; i++) {
        if (slice->items[i].image.kind == kind && (slice->items[i].flags & flag) != 0) {
            fleet_fields_member(&txn->bytes, &slice->items[i].image);
        }
    }
    command(txn, TXN_KEY + set, false);
}

/* The next index takes the place of the present one; an empty one is none. */
static void write_swap(struct txn *txn, const struct slice *slice, const struct index_row *index)
{
    struct redis_key key;
    struct redis_key next;

    redis_key_district(&key, slice->adcode, index->key);
    if ((slice->flags & index->any_next) == 0) {
        write_del(txn, &key, TXN_KEY + index->key);
        return;
    }
    redis_key_district(&next, slice->adcode, index->next);
    RESP_LITERAL(&txn->bytes, "*3\r\n$6\r\nRENAME\r\n");
    resp_key(&txn->bytes, &next);
    resp_key(&txn->bytes, &key);
    command(txn, TXN_KEY + index->next, false);
}

uint32_t txn_index_left(const struct slice *slice)
{
    uint32_t keys = 0;

    for (uint32_t i = 0; i < slice->count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(indices); k++) {
            const bool left = slice->items[i].image.kind == indices[k].kind &&
                              (slice->items[i].flags & ITEM_INDEX_LEAVE) != 0;

            keys |= left ? 1u << indices[k].key : 0;
        }
    }
    return keys;
}

/* Nothing else tells of an index that was deleted or evicted before a start misses its members. */
static void write_index_checks(struct txn *txn, const struct slice *slice)
{
    struct redis_key key;

    for (size_t i = 0; i < ARRAY_LEN(indices); i++) {
        redis_key_district(&key, slice->adcode, indices[i].key);
        RESP_LITERAL(&txn->bytes, "*2\r\n$6\r\nEXISTS\r\n");
        resp_key(&txn->bytes, &key);
        command(txn, TXN_KEY + indices[i].key, false);
        txn->commands[txn->count - 1].exists = true;
    }
}

static void write_indices(struct txn *txn, const struct slice *slice)
{
    struct redis_key key;

    for (size_t i = 0; i < ARRAY_LEN(indices); i++) {
        const struct index_row *index = &indices[i];

        if ((slice->flags & SLICE_INDEX_BEGIN) != 0) {
            redis_key_district(&key, slice->adcode, index->next);
            write_del(txn, &key, TXN_KEY + index->next);
        }
        write_members(txn, slice, index->kind, ITEM_INDEX_LEAVE, index->key);
        write_members(txn, slice, index->kind, ITEM_INDEX_ADD, index->key);
        if ((slice->flags & SLICE_REWRITE) != 0) {
            write_members(txn, slice, index->kind, ITEM_INDEX_LEAVE, index->next);
            write_members(txn, slice, index->kind, ITEM_INDEX_ADD, index->next);
        }
        if ((slice->flags & SLICE_INDEX_SWAP) != 0) {
            write_swap(txn, slice, index);
        }
    }
    if ((slice->flags & SLICE_LAST) != 0 && slice->adcode != ADCODE_CITY) {
        write_index_checks(txn, slice);
    }
}

/* --- the operators' logs --- */

static void write_event(struct txn *txn, const struct slice *slice, unsigned item, int64_t keep_ms)
{
    const struct slice_item *event = &slice->items[item];
    const char *codes[ALERT_VIEWERS_MAX];
    const unsigned viewers = alert_viewers(&event->image.alert, codes);
    struct redis_key key;

    for (unsigned viewer = 0; viewer < viewers; viewer++) {
        if ((event->wrong_logs & 1u << viewer) != 0) {
            redis_key_log(&key, codes[viewer]);
            write_del(txn, &key, item);
        }
        event_log_add(&txn->bytes, &txn->log, &event->image, codes[viewer], keep_ms);
        command(txn, item, false);
        txn->commands[txn->count - 1].viewer = (uint8_t)viewer;
    }
    txn->log.to = event_place_of(&event->image.alert);
}

/* What is in the logs already (a repeat after a restart, a loss or a doubt) is left out. Events
 * that nobody can hand over any more are said to be missing: Redis is older than the journal goes
 * back.
 */
static void write_events(struct txn *txn, const struct slice *slice, const struct txn_frame *frame)
{
    txn->log = *frame->log;
    if (slice->losses != frame->losses || (slice->flags & SLICE_EVENTS) == 0) {
        return;
    }
    if (event_place_compare(txn->log.to, slice->events_from) < 0) {
        txn->log.since = txn->log.to = slice->events_from;
    }
    for (uint32_t i = 0; i < slice->count; i++) {
        const struct slice_item *item = &slice->items[i];

        if ((item->flags & ITEM_EVENT) != 0 &&
            event_place_compare(event_place_of(&item->image.alert), txn->log.to) > 0) {
            write_event(txn, slice, i, frame->keep_ms);
        }
    }
    if (event_place_compare(txn->log.to, frame->log->to) != 0) {
        event_log_tell(&txn->bytes, &txn->log);
        command(txn, TXN_KEY + KEY_EVENTS, false);
    }
}

/* The geo set holds plain IDs, so that GEOSEARCH answers are the public ones. */
static void write_free(struct txn *txn, const struct slice *slice)
{
    struct strbuf *b = &txn->bytes;
    uint32_t adds = count_flag(slice, ITEM_FREE_ADD);
    uint32_t leaves = count_flag(slice, ITEM_FREE_LEAVE);
    struct redis_key key;

    redis_key_district(&key, slice->adcode, KEY_FREE);
    if ((slice->flags & SLICE_FREE_DROP) != 0) {
        write_del(txn, &key, TXN_KEY + KEY_FREE);
    }
    if (adds > 0) {
        resp_command(b, 2 + 3 * adds);
        RESP_LITERAL(b, "$6\r\nGEOADD\r\n");
        resp_key(b, &key);
        for (uint32_t i = 0; i < slice->count; i++) {
            if ((slice->items[i].flags & ITEM_FREE_ADD) != 0) {
                resp_e7(b, slice->items[i].place.lon);
                resp_e7(b, slice->items[i].place.lat);
                resp_bytes(b, txn->ids[i], SPACE_ID_LEN);
            }
        }
        command(txn, TXN_KEY + KEY_FREE, false);
    }
    if (leaves > 0) {
        resp_command(b, 2 + leaves);
        RESP_LITERAL(b, "$4\r\nZREM\r\n");
        resp_key(b, &key);
        for (uint32_t i = 0; i < slice->count; i++) {
            if ((slice->items[i].flags & ITEM_FREE_LEAVE) != 0) {
                resp_bytes(b, txn->ids[i], SPACE_ID_LEN);
            }
        }
        command(txn, TXN_KEY + KEY_FREE, false);
    }
    RESP_LITERAL(b, "*3\r\n$7\r\nPEXPIRE\r\n");
    resp_key(b, &key);
    resp_u64(b, FREE_EXPIRES_MS);
    command(txn, TXN_KEY + KEY_FREE, false);
    if ((slice->flags & SLICE_FREE_CHECK) != 0) {
        RESP_LITERAL(b, "*2\r\n$5\r\nZCARD\r\n");
        resp_key(b, &key);
        command(txn, TXN_KEY + KEY_FREE, true);
    }
}

bool txn_on_stream(const struct slice *slice)
{
    return slice->adcode != ADCODE_CITY &&
           ((slice->flags & SLICE_REWRITE) != 0 || count_flag(slice, ITEM_CHANGED) > 0);
}

/* "<id><letter>" without separators for spaces, "<id>" for lots: 19 and 18 bytes a change. */
static void write_changes(struct txn *txn, const struct slice *slice, uint64_t epoch)
{
    bool rewrite = (slice->flags & SLICE_REWRITE) != 0;
    struct strbuf *b = &txn->bytes;
    char spaces[SLICE_IMAGES * (SPACE_ID_LEN + 1)];
    char lots[SLICE_IMAGES * SPACE_ID_LEN];
    size_t spaces_len = 0;
    size_t lots_len = 0;
    struct redis_key key;

    for (uint32_t i = 0; i < slice->count && !rewrite; i++) {
        const struct slice_item *item = &slice->items[i];

        if ((item->flags & ITEM_CHANGED) == 0) {
            continue;
        }
        if (item->image.kind == IMAGE_SPACE) {
            memcpy(spaces + spaces_len, txn->ids[i], SPACE_ID_LEN);
            spaces_len += SPACE_ID_LEN;
            spaces[spaces_len++] = (item->flags & ITEM_REMOVED) != 0
                                       ? '-'
                                       : fields_state_letter(item->image.space.shown_state);
        } else if (item->image.kind == IMAGE_LOT) {
            memcpy(lots + lots_len, txn->ids[i], SPACE_ID_LEN);
            lots_len += SPACE_ID_LEN;
        }
    }
    redis_key_district(&key, slice->adcode, KEY_CHANGES);
    RESP_LITERAL(b, "*14\r\n$4\r\nXADD\r\n");
    resp_key(b, &key);
    RESP_LITERAL(b, "$6\r\nMAXLEN\r\n$1\r\n~\r\n");
    resp_u64(b, CHANGES_MAX);
    resp_pair(b, epoch, slice->number);
    RESP_LITERAL(b, "$2\r\nat\r\n");
    resp_i64(b, slice->as_of_ms);
    RESP_LITERAL(b, "$7\r\nrewrite\r\n");
    resp_u64(b, rewrite);
    RESP_LITERAL(b, "$6\r\nspaces\r\n");
    resp_bytes(b, spaces, spaces_len);
    RESP_LITERAL(b, "$4\r\nlots\r\n");
    resp_bytes(b, lots, lots_len);
    command(txn, TXN_KEY + KEY_CHANGES, false);
}

static void write_meta(struct txn *txn, const struct slice *slice, const struct txn_frame *frame)
{
    struct strbuf *b = &txn->bytes;
    bool last = (slice->flags & SLICE_LAST) != 0;
    struct redis_key key;
    char applied[41];
    size_t len;

    redis_key_district(&key, slice->adcode, KEY_META);
    resp_command(b, last ? 12 : 10);
    RESP_LITERAL(b, "$4\r\nHSET\r\n");
    resp_key(b, &key);
    RESP_LITERAL(b, "$5\r\nas_of\r\n");
    resp_i64(b, slice->as_of_ms);
    RESP_LITERAL(b, "$5\r\nepoch\r\n");
    resp_u64(b, frame->epoch);
    RESP_LITERAL(b, "$6\r\nschema\r\n");
    resp_u64(b, REDIS_SCHEMA);
    RESP_LITERAL(b, "$6\r\nrun_id\r\n");
    resp_text(b, frame->run_id);
    if (last) {
        len = u64_write(slice->applied.epoch, applied);
        applied[len++] = ':';
        len += u64_write(slice->applied.seq, applied + len);
        RESP_LITERAL(b, "$7\r\napplied\r\n");
        resp_bytes(b, applied, len);
    }
    command(txn, TXN_KEY + KEY_META, false);
}

void txn_render(struct txn *txn, const struct slice *slice, const struct txn_frame *frame)
{
    struct redis_key key;

    strbuf_clear(&txn->bytes);
    txn->count = 0;
    txn->number = slice->number;
    RESP_LITERAL(&txn->bytes, "*1\r\n$5\r\nMULTI\r\n");
    for (unsigned kind = 0; kind < KEY_KIND_COUNT; kind++) {
        if ((slice->wrong_keys & 1u << kind) != 0) {
            redis_key_district(&key, slice->adcode, (enum redis_key_kind)kind);
            write_del(txn, &key, TXN_KEY + kind);
        }
    }
    write_items(txn, slice, frame);
    write_indices(txn, slice);
    if (slice->adcode != ADCODE_CITY) {
        write_free(txn, slice);
        if (txn_on_stream(slice)) {
            write_changes(txn, slice, frame->epoch);
        }
        txn->log = *frame->log;
    } else {
        write_events(txn, slice, frame);
    }
    write_meta(txn, slice, frame);
    RESP_LITERAL(&txn->bytes, "*1\r\n$4\r\nEXEC\r\n");
}

void txn_finish(struct txn *txn)
{
    strbuf_finish(&txn->bytes);
}
