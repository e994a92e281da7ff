/* The bikes and alerts of a load: the inventory does not know them, so the index of each district
 * is gone through, a bounded part at a time, and the hashes of its members are read. */
#include "gateway/keep/redis/epoch.h"
#include "gateway/keep/redis/loading.h"
#include <string.h>

#define CURSOR_MAX 24 /* decimal u64 */

struct index_row {
    enum redis_key_kind key;
    enum image_kind kind;
    bool (*name)(const redisReply *member, uint32_t adcode, struct redis_key *key);
};

static bool name_bike(const redisReply *member, uint32_t adcode, struct redis_key *key)
{
    if (!vehicle_ref_valid(member->str, member->len)) {
        return false;
    }
    redis_key_vehicle(key, adcode, member->str, member->len);
    return true;
}

static bool name_alert(const redisReply *member, uint32_t adcode, struct redis_key *key)
{
    uint64_t id;

    if (!alert_id_parse(member->str, member->len, &id)) {
        return false;
    }
    redis_key_alert(key, adcode, id);
    return true;
}

static bool name_case(const redisReply *member, uint32_t adcode, struct redis_key *key)
{
    case_id id;

    if (!case_id_parse(member->str, member->len, &id)) {
        return false;
    }
    redis_key_case(key, adcode, id);
    return true;
}

static bool name_case_rows(const redisReply *member, uint32_t adcode, struct redis_key *key)
{
    case_id id;

    if (!case_id_parse(member->str, member->len, &id)) {
        return false;
    }
    redis_key_case_rows(key, adcode, id);
    return true;
}

static const struct index_row indices[] = {
    {KEY_VEHICLES, IMAGE_BIKE,     name_bike     },
    {KEY_ALERTS,   IMAGE_ALERT,    name_alert    },
    {KEY_CASES,    IMAGE_CASE,     name_case     },
    {KEY_CASES,    IMAGE_CASE_ROW, name_case_rows},
};

static bool ask_members(struct loading *l, uint32_t adcode, const struct index_row *index,
                        const char *cursor, struct strbuf *b)
{
    struct redis_key key;

    strbuf_clear(b);
    redis_key_district(&key, adcode, index->key);
    resp_command(b, 5);
    RESP_LITERAL(b, "$5\r\nSSCAN\r\n");
    resp_key(b, &key);
    resp_text(b, cursor);
    RESP_LITERAL(b, "$5\r\nCOUNT\r\n");
    resp_u64(b, LOAD_BATCH);
    return redis_link_append(&l->link, b) && redis_link_flush(&l->link);
}

/* One part of the index: its cursor, and an HGETALL a member into `b`. -1: the connection failed.
 */
static long take_members(struct loading *l, uint32_t adcode, const struct index_row *index,
                         char cursor[CURSOR_MAX], struct strbuf *b)
{
    redisReply *reply = redis_link_reply(&l->link);
    struct redis_key key;
    long asked = 0;

    strbuf_clear(b);
    cursor[0] = '\0';
    if (reply == NULL) {
        return -1;
    }
    if (reply->type == REDIS_REPLY_ERROR && redis_reply_is(reply, "WRONGTYPE")) {
        l->refused++;
        reply_arena_clear(&l->arena);
        return 0;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING || reply->element[0]->len >= CURSOR_MAX ||
        reply->element[1]->type != REDIS_REPLY_ARRAY) {
        redis_link_blame(&l->link, reply);
        reply_arena_clear(&l->arena);
        return -1;
    }
    if (strcmp(reply->element[0]->str, "0") != 0) {
        memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
    }
    for (size_t i = 0; i < reply->element[1]->elements; i++) {
        const redisReply *member = reply->element[1]->element[i];

        if (member->type == REDIS_REPLY_STRING && index->name(member, adcode, &key)) {
            RESP_LITERAL(b, "*2\r\n$7\r\nHGETALL\r\n");
            resp_key(b, &key);
            asked++;
        } else {
            l->refused++;
        }
    }
    reply_arena_clear(&l->arena);
    return asked;
}

static bool load_index(struct loading *l, uint32_t adcode, const struct index_row *index)
{
    struct strbuf b = {0};
    char cursor[CURSOR_MAX] = "0";
    bool ok = true;

    while (ok && cursor[0] != '\0' && !loading_halted(l)) {
        ok = ask_members(l, adcode, index, cursor, &b);
        const long asked = ok ? take_members(l, adcode, index, cursor, &b) : -1;

        ok = asked == 0 ||
             (asked > 0 && redis_link_append(&l->link, &b) && redis_link_flush(&l->link));
        for (long i = 0; ok && i < asked; i++) {
            struct image image = {.kind = index->kind};

            ok = loading_take(l, &image);
        }
    }
    strbuf_finish(&b);
    return ok && cursor[0] == '\0';
}

bool loading_indices(struct loading *l)
{
    const size_t n = redis_epoch_districts(l->inv);
    bool ok = true;

    for (size_t i = 0; ok && i < n; i++) {
        for (size_t k = 0; ok && k < ARRAY_LEN(indices); k++) {
            ok = load_index(l, redis_epoch_district(l->inv, i), &indices[k]);
        }
    }
    return ok;
}
