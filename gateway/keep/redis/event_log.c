/* What the writer puts into the operators' logs, and what it finds there. Called by txn.c and
 * writer.c; the reading of entries is event_reader.c. */
#include "gateway/keep/redis/event_log.h"
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include "bowei/journal.h"
#include <string.h>

#define TEXT_MAX (4 * ((IMAGE_PACK_MAX + 2) / 3) + 1)

bool event_place_read(const redisReply *text, struct event_place *out)
{
    uint64_t at_ms;

    if (text->type != REDIS_REPLY_STRING ||
        !resp_pair_parse(text->str, text->len, &at_ms, &out->number) ||
        at_ms > CITY_CLOCK_MOST_MS || out->number > INT64_MAX) {
        *out = (struct event_place){0};
        return false;
    }
    out->at_ms = (int64_t)at_ms;
    return true;
}

void event_place_write(struct strbuf *b, struct event_place place)
{
    resp_pair(b, (uint64_t)place.at_ms, place.number);
}

/* --- bowei:{city}:events --- */

/* NULL: there are too many. */
static struct event_tail *tail_of(struct event_log *log, const char *code)
{
    for (uint32_t i = 0; i < log->tail_count; i++) {
        if (strcmp(log->tails[i].code, code) == 0) {
            return &log->tails[i];
        }
    }
    if (log->tail_count == EVENT_TAILS_MAX) {
        return NULL;
    }
    struct event_tail *tail = &log->tails[log->tail_count++];
    *tail = (struct event_tail){0};
    memcpy(tail->code, code, strnlen(code, OPERATOR_CODE));
    return tail;
}

/* Fields of one operator are its code in capitals, so they differ from ours. */
static void take_field(struct event_log *log, const redisReply *name, const redisReply *value)
{
    struct event_place place;
    char code[OPERATOR_CODE + 1] = "";

    if (name->type != REDIS_REPLY_STRING || !event_place_read(value, &place)) {
        return;
    }
    if (strcmp(name->str, "since") == 0) {
        log->since = place;
    } else if (strcmp(name->str, "to") == 0) {
        log->to = place;
    } else if (name->len <= OPERATOR_CODE) {
        memcpy(code, name->str, name->len);
        struct event_tail *tail = tail_of(log, code);
        if (tail != NULL) {
            tail->last = place;
        }
    }
}

bool event_log_read(struct redis_link *link, struct event_log *out)
{
    struct strbuf b = {0};
    struct redis_key key;
    redisReply *reply;
    bool ok;

    *out = (struct event_log){0};
    redis_key_district(&key, ADCODE_CITY, KEY_EVENTS);
    RESP_LITERAL(&b, "*2\r\n$7\r\nHGETALL\r\n");
    resp_key(&b, &key);
    ok = redis_link_append(link, &b);
    strbuf_finish(&b);
    reply = ok ? redis_link_reply(link) : NULL;
    if (reply == NULL) {
        return false;
    }
    ok = reply->type == REDIS_REPLY_ARRAY || redis_reply_is(reply, "WRONGTYPE");
    if (!ok) {
        redis_link_blame(link, reply);
    }
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
        take_field(out, reply->element[i], reply->element[i + 1]);
    }
    freeReplyObject(reply);
    return ok;
}

void event_log_tell(struct strbuf *b, const struct event_log *log)
{
    struct redis_key key;

    redis_key_district(&key, ADCODE_CITY, KEY_EVENTS);
    resp_command(b, 2 + 2 * (2 + log->tail_count));
    RESP_LITERAL(b, "$4\r\nHSET\r\n");
    resp_key(b, &key);
    RESP_LITERAL(b, "$5\r\nsince\r\n");
    event_place_write(b, log->since);
    RESP_LITERAL(b, "$2\r\nto\r\n");
    event_place_write(b, log->to);
    for (uint32_t i = 0; i < log->tail_count; i++) {
        resp_text(b, log->tails[i].code);
        event_place_write(b, log->tails[i].last);
    }
}

/* --- an entry --- */

static void put_image(struct strbuf *b, const struct image *image)
{
    uint8_t bytes[IMAGE_PACK_MAX];
    char text[TEXT_MAX];
    const size_t len = image_pack(image, bytes, sizeof bytes);

    base64_encode(bytes, len, text, sizeof text);
    RESP_LITERAL(b, "$1\r\np\r\n");
    resp_text(b, text);
}

void event_log_add(struct strbuf *b, struct event_log *log, const struct image *image,
                   const char *operator_code, int64_t keep_ms)
{
    const struct alert_image *alert = &image->alert;
    const struct event_place place = event_place_of(alert);
    struct event_tail *tail = tail_of(log, operator_code);
    /* not known: then nothing older is vouched for */
    struct event_place before = {place.at_ms, place.number - 1};
    char id[ALERT_ID_LEN + 1];
    struct redis_key key;

    redis_key_log(&key, operator_code);
    alert_id_format(alert->id, id);
    if (tail != NULL) {
        before = tail->last;
        tail->last = place;
    }
    RESP_LITERAL(b, "*18\r\n$4\r\nXADD\r\n");
    resp_key(b, &key);
    RESP_LITERAL(b, "$5\r\nMINID\r\n$1\r\n~\r\n");
    resp_i64(b, place.at_ms > keep_ms ? place.at_ms - keep_ms : 0);
    event_place_write(b, place);
    RESP_LITERAL(b, "$5\r\nalert\r\n");
    resp_bytes(b, id, ALERT_ID_LEN);
    RESP_LITERAL(b, "$7\r\nversion\r\n");
    resp_u64(b, alert->version);
    RESP_LITERAL(b, "$4\r\nkind\r\n");
    resp_text(b, alert_kind_code((enum alert_kind)alert->kind));
    RESP_LITERAL(b, "$5\r\nstate\r\n");
    resp_text(b, alert_state_code((enum alert_state)alert->state));
    RESP_LITERAL(b, "$4\r\nprev\r\n");
    event_place_write(b, before);
    put_image(b, image);
}
