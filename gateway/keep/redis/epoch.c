/* Reading, taking and watching the epoch keys; for the writer at connect and before each slice, and
 * for redis_take_epoch at start. */
#include "gateway/keep/redis/epoch.h"
#include "bowei/base/city_clock.h"
#include <string.h>

size_t redis_epoch_districts(const struct inventory *inv)
{
    return (size_t)inv->district_count + 1;
}

uint32_t redis_epoch_district(const struct inventory *inv, size_t at)
{
    return at < inv->district_count ? inv->districts[at].adcode : ADCODE_CITY;
}

static void number_of(const redisReply *reply, uint64_t *out)
{
    *out = 0;
    /* the greatest ones are nobody's: no epoch could follow them */
    if (reply->type == REDIS_REPLY_STRING &&
        (!resp_u64_parse(reply->str, reply->len, out) || *out > INT64_MAX)) {
        *out = 0;
    }
}

/* applied is "<epoch>:<seq>". */
static void applied_of(const redisReply *reply, struct position *out)
{
    const char *colon;

    *out = (struct position){0};
    if (reply->type != REDIS_REPLY_STRING) {
        return;
    }
    colon = memchr(reply->str, ':', reply->len);
    if (colon == NULL || !resp_u64_parse(reply->str, (size_t)(colon - reply->str), &out->epoch) ||
        !resp_u64_parse(colon + 1, reply->len - (size_t)(colon - reply->str) - 1, &out->seq) ||
        !position_plausible(*out)) {
        *out = (struct position){0};
    }
}

static bool meta_of(struct redis_link *link, const redisReply *reply, struct epoch_state *out)
{
    uint64_t as_of_ms;

    if (reply->type == REDIS_REPLY_ERROR) {
        if (redis_reply_is(reply, "WRONGTYPE")) {
            return true; /* as good as none; the writer deletes it */
        }
        redis_link_blame(link, reply);
        return false;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        redis_link_blame(link, reply);
        return false;
    }
    number_of(reply->element[0], &out->schema);
    applied_of(reply->element[1], &out->applied);
    number_of(reply->element[2], &as_of_ms);
    out->as_of_ms = as_of_ms <= CITY_CLOCK_MOST_MS ? (int64_t)as_of_ms : 0;
    out->has_meta = reply->element[0]->type == REDIS_REPLY_STRING;
    return true;
}

/* A foreign type at the epoch key reads as "none". */
static bool epoch_of(struct redis_link *link, uint64_t *out)
{
    redisReply *reply = redis_link_reply(link);
    bool ok;

    *out = 0;
    if (reply == NULL) {
        return false;
    }
    ok = reply->type != REDIS_REPLY_ERROR || redis_reply_is(reply, "WRONGTYPE");
    if (ok) {
        number_of(reply, out);
    } else {
        redis_link_blame(link, reply);
    }
    freeReplyObject(reply);
    return ok;
}

bool redis_epoch_read(struct redis_link *link, uint32_t adcode, struct epoch_state *out)
{
    struct strbuf b = {0};
    struct redis_key key;
    redisReply *reply;
    bool ok;

    *out = (struct epoch_state){0};
    redis_key_district(&key, adcode, KEY_EPOCH);
    resp_command(&b, 2);
    resp_text(&b, "GET");
    resp_key(&b, &key);
    redis_key_district(&key, adcode, KEY_META);
    resp_command(&b, 5);
    resp_text(&b, "HMGET");
    resp_key(&b, &key);
    resp_text(&b, "schema");
    resp_text(&b, "applied");
    resp_text(&b, "as_of");
    ok = redis_link_append(link, &b);
    strbuf_finish(&b);
    if (!ok || !epoch_of(link, &out->epoch)) {
        return false;
    }
    reply = redis_link_reply(link);
    if (reply == NULL) {
        return false;
    }
    ok = meta_of(link, reply, out);
    freeReplyObject(reply);
    return ok;
}

void redis_epoch_watch(struct strbuf *b, uint32_t adcode)
{
    struct redis_key key;

    redis_key_district(&key, adcode, KEY_EPOCH);
    RESP_LITERAL(b, "*2\r\n$5\r\nWATCH\r\n");
    resp_key(b, &key);
    RESP_LITERAL(b, "*2\r\n$3\r\nGET\r\n");
    resp_key(b, &key);
}

/* Reads a reply that must not be an error. */
static redisReply *good_reply(struct redis_link *link)
{
    redisReply *reply = redis_link_reply(link);

    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
        redis_link_blame(link, reply);
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

bool redis_epoch_watched(struct redis_link *link, uint64_t *found)
{
    redisReply *reply = good_reply(link);

    if (reply == NULL) {
        return false;
    }
    freeReplyObject(reply);
    return epoch_of(link, found);
}

/* MULTI; DEL (it may be of a foreign type); SET; EXEC. */
static bool take_send(struct redis_link *link, uint32_t adcode, uint64_t epoch)
{
    struct strbuf b = {0};
    struct redis_key key;
    bool ok;

    redis_key_district(&key, adcode, KEY_EPOCH);
    RESP_LITERAL(&b, "*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n");
    resp_key(&b, &key);
    RESP_LITERAL(&b, "*3\r\n$3\r\nSET\r\n");
    resp_key(&b, &key);
    resp_u64(&b, epoch);
    RESP_LITERAL(&b, "*1\r\n$4\r\nEXEC\r\n");
    ok = redis_link_append(link, &b);
    strbuf_finish(&b);
    for (int i = 0; ok && i < 3; i++) {
        redisReply *reply = good_reply(link);

        ok = reply != NULL;
        freeReplyObject(reply);
    }
    return ok;
}

enum epoch_taken redis_epoch_take(struct redis_link *link, uint32_t adcode, uint64_t epoch,
                                  bool mine, uint64_t *found)
{
    struct strbuf b = {0};
    redisReply *reply;
    enum epoch_taken taken;
    bool ok;

    redis_epoch_watch(&b, adcode);
    ok = redis_link_append(link, &b);
    strbuf_finish(&b);
    if (!ok || !redis_epoch_watched(link, found)) {
        return EPOCH_FAILED;
    }
    if (*found > epoch || (*found == epoch && !mine)) {
        return EPOCH_FOREIGN; /* the WATCH ends with the next EXEC or the connection */
    }
    if (!take_send(link, adcode, epoch)) {
        return EPOCH_FAILED;
    }
    reply = good_reply(link);
    if (reply == NULL) {
        return EPOCH_FAILED;
    }
    taken = reply->type == REDIS_REPLY_ARRAY ? EPOCH_TAKEN : EPOCH_FOREIGN;
    freeReplyObject(reply);
    return taken;
}
