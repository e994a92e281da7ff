/* Ranges of one entry, of which only the id is looked at. */
#include "gateway/keep/redis/stream.h"
#include "gateway/keep/redis/resp.h"

/* Asks with the command, which it ends. */
static bool entry_ask(struct redis_link *link, struct strbuf *command, struct stream_id *id,
                      bool *found)
{
    redisReply *reply = redis_link_ask(link, command);
    bool ok = reply != NULL && reply->type == REDIS_REPLY_ARRAY;

    strbuf_finish(command);
    *id = (struct stream_id){0};
    *found = ok && reply->elements > 0;
    if (*found) {
        const redisReply *entry = reply->element[0];
        const redisReply *text =
            entry->type == REDIS_REPLY_ARRAY && entry->elements > 0 ? entry->element[0] : NULL;

        ok = text != NULL && text->type == REDIS_REPLY_STRING &&
             resp_pair_parse(text->str, text->len, &id->first, &id->second);
    }
    freeReplyObject(reply);
    return ok;
}

bool stream_newest(struct redis_link *link, const struct redis_key *key, struct stream_id *id,
                   bool *found)
{
    struct strbuf b = {0};

    RESP_LITERAL(&b, "*6\r\n$9\r\nXREVRANGE\r\n");
    resp_key(&b, key);
    RESP_LITERAL(&b, "$1\r\n+\r\n$1\r\n-\r\n$5\r\nCOUNT\r\n$1\r\n1\r\n");
    return entry_ask(link, &b, id, found);
}

bool stream_oldest(struct redis_link *link, const struct redis_key *key, struct stream_id from,
                   struct stream_id *id, bool *found)
{
    struct strbuf b = {0};

    RESP_LITERAL(&b, "*6\r\n$6\r\nXRANGE\r\n");
    resp_key(&b, key);
    resp_pair(&b, from.first, from.second);
    RESP_LITERAL(&b, "$1\r\n+\r\n$5\r\nCOUNT\r\n$1\r\n1\r\n");
    return entry_ask(link, &b, id, found);
}
