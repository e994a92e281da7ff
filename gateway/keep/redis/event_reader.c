/* Pages of an operator's log, for the feed of events. What the log holds (`since`, `to`, the
 * operator's last entry) and the entries are read in one transaction, so both are of one moment. */
#include "bowei/base/bytes.h"
#include "bowei/base/log.h"
#include "bowei/event_log.h"
#include "bowei/journal.h"
#include "gateway/keep/redis/event_log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event_log_reader {
    struct redis_params redis;
    struct redis_link link;
};

struct event_log_reader *event_log_reader_create(const struct redis_params *redis)
{
    struct event_log_reader *reader = calloc(1, sizeof *reader);

    if (reader != NULL) {
        reader->redis = *redis;
    }
    return reader;
}

void event_log_reader_destroy(struct event_log_reader *reader)
{
    if (reader != NULL) {
        redis_link_close(&reader->link);
        free(reader);
    }
}

/* MULTI, HMGET, XRANGE, EXEC. */
static bool ask(struct redis_link *link, const char *code, struct event_place after, uint32_t room)
{
    struct strbuf b = {0};
    struct redis_key key;
    char begin[44];
    bool ok;

    redis_key_district(&key, ADCODE_CITY, KEY_EVENTS);
    RESP_LITERAL(&b, "*1\r\n$5\r\nMULTI\r\n*5\r\n$5\r\nHMGET\r\n");
    resp_key(&b, &key);
    RESP_LITERAL(&b, "$5\r\nsince\r\n$2\r\nto\r\n");
    resp_text(&b, code);
    redis_key_log(&key, code);
    RESP_LITERAL(&b, "*6\r\n$6\r\nXRANGE\r\n");
    resp_key(&b, &key);
    (void)snprintf(begin, sizeof begin, "(%lld-%llu", (long long)after.at_ms,
                   (unsigned long long)after.number);
    resp_text(&b, begin);
    RESP_LITERAL(&b, "$1\r\n+\r\n$5\r\nCOUNT\r\n");
    resp_u64(&b, room);
    RESP_LITERAL(&b, "*1\r\n$4\r\nEXEC\r\n");
    ok = redis_link_append(link, &b);
    strbuf_finish(&b);
    return ok;
}

/* EXEC's reply: the two answers. NULL: the connection failed, or they are not these. */
static redisReply *answer(struct redis_link *link)
{
    redisReply *reply = NULL;

    for (int i = 0; i < 4; i++) {
        freeReplyObject(reply);
        reply = redis_link_reply(link);
        if (reply == NULL) {
            return NULL;
        }
        if (reply->type == REDIS_REPLY_ERROR) {
            redis_link_blame(link, reply);
            redis_link_close(link); /* whatever follows is not read */
            freeReplyObject(reply);
            return NULL;
        }
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_ARRAY || reply->element[0]->elements != 3 ||
        reply->element[1]->type != REDIS_REPLY_ARRAY) {
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

/* A connection that Redis closed meanwhile is made again, once. */
static redisReply *fetch(struct event_log_reader *reader, const char *code,
                         struct event_place after, uint32_t room)
{
    static int64_t gate;
    redisReply *reply = NULL;

    for (int tries = 0; tries < 2 && reply == NULL; tries++) {
        const bool fresh = reader->link.context == NULL;

        if (fresh && !redis_link_open(&reader->link, &reader->redis)) {
            break;
        }
        redis_link_limit(&reader->link, reader->link.timeout_ms);
        reply = ask(&reader->link, code, after, room) ? answer(&reader->link) : NULL;
        if (reply == NULL) {
            redis_link_close(&reader->link);
            if (fresh) {
                break;
            }
        }
    }
    if (reply == NULL) {
        log_rate(LOG_WARNING, &gate, 60000, "events", "the logs cannot be read: %s: %s",
                 link_fault_name(reader->link.fault), reader->link.detail);
    }
    return reply;
}

static const redisReply *field_of(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (fields->element[i]->type == REDIS_REPLY_STRING &&
            strcmp(fields->element[i]->str, name) == 0) {
            return fields->element[i + 1];
        }
    }
    return NULL;
}

static bool image_of(const redisReply *fields, struct event_place place, struct alert_image *out)
{
    const redisReply *text = field_of(fields, "p");
    uint8_t bytes[IMAGE_PACK_MAX];
    struct image image;
    int len;

    if (text == NULL || text->type != REDIS_REPLY_STRING) {
        return false;
    }
    len = base64_decode(text->str, text->len, bytes, sizeof bytes);
    if (len < 0 || !image_unpack(IMAGE_ALERT, bytes, (size_t)len, &image) ||
        event_place_compare(event_place_of(&image.alert), place) != 0) {
        return false;
    }
    *out = image.alert;
    return true;
}

/* Copies the entries up to `until`; *expired: the first one follows one that `after` does not know.
 */
static void take_entries(const redisReply *entries, struct event_place after,
                         struct event_place until, struct alert_image *out, uint32_t *count,
                         struct event_place *reached, bool *expired)
{
    static int64_t gate;

    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        struct event_place place;
        struct event_place prev = {0};

        if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
            entry->element[1]->type != REDIS_REPLY_ARRAY ||
            !event_place_read(entry->element[0], &place)) {
            continue;
        }
        if (event_place_compare(place, until) > 0) {
            return;
        }
        const redisReply *before = field_of(entry->element[1], "prev");
        if (i == 0 && before != NULL && event_place_read(before, &prev) &&
            event_place_compare(prev, after) > 0) {
            *expired = true;
        }
        *reached = place;
        if (image_of(entry->element[1], place, &out[*count])) {
            ++*count;
        } else {
            log_rate(LOG_ERROR, &gate, 60000, "events", "entry %s of a log is not ours: left out",
                     entry->element[0]->str);
        }
    }
}

enum event_read event_log_reader_read(struct event_log_reader *reader, const char *operator_code,
                                      struct event_place after, struct event_place until,
                                      struct alert_image *out, uint32_t room, uint32_t *count,
                                      struct event_place *reached)
{
    const bool from_oldest = after.at_ms == 0 && after.number == 0;
    redisReply *reply = fetch(reader, operator_code, after, room);
    struct event_place since;
    struct event_place to;
    struct event_place last;
    bool expired = false;

    *count = 0;
    *reached = after;
    if (reply == NULL) {
        return EVENT_READ_UNAVAILABLE;
    }
    (void)event_place_read(reply->element[0]->element[0], &since);
    (void)event_place_read(reply->element[0]->element[1], &to);
    (void)event_place_read(reply->element[0]->element[2], &last);
    take_entries(reply->element[1], after, until, out, count, reached, &expired);
    const size_t found = reply->element[1]->elements;
    freeReplyObject(reply);
    expired = expired || event_place_compare(after, since) < 0 ||
              (found == 0 && event_place_compare(last, after) > 0);
    if (expired && !from_oldest) {
        *count = 0;
        return EVENT_READ_EXPIRED;
    }
    if (event_place_compare(to, until) > 0) {
        to = until;
    }
    if (found < room && event_place_compare(to, *reached) > 0) {
        *reached = to; /* there is nothing more for this operator up to there */
    }
    if (*count > 0) {
        return EVENT_READ_OK;
    }
    return event_place_compare(*reached, after) > 0 ? EVENT_READ_NONE : EVENT_READ_UNAVAILABLE;
}

enum err event_log_newest(const struct redis_params *redis, struct event_place *out)
{
    struct redis_link link = {0};
    struct event_log *log = malloc(sizeof *log);
    enum err e = ERR_UNAVAILABLE;

    *out = (struct event_place){0};
    if (log == NULL) {
        return ERR_NO_MEMORY;
    }
    if (redis_link_open(&link, redis) && event_log_read(&link, log)) {
        *out = log->to;
        e = ERR_OK;
    }
    redis_link_close(&link);
    free(log);
    return e;
}
