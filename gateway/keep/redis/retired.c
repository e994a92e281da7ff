/* The keys of retired places. A place that leaves the inventory of a running gateway has its key
 * deleted by the flush that follows. One that was retired while no gateway ran, or whose flush
 * never came, or that a Redis set back brings up again, has no slot any more: nobody would flush
 * it, and its last state would stand there for ever under a meta that is fresh. So whoever begins
 * to write everything anew deletes what the inventory lists as retired first. */
#include "gateway/keep/redis/retired.h"
#include "bowei/base/log.h"
#include "gateway/keep/redis/epoch.h"

#define RETIRED_BATCH 256 /* as many keys as a slice has images */

/* Places of one district, in the order of the keys. */
struct leaving {
    space_key places[RETIRED_BATCH];
    uint32_t count;
    uint32_t adcode;
};

/* The first of the sorted tombstones behind `after`. */
static uint32_t first_behind(const struct inventory *inv, space_key after)
{
    uint32_t low = 0;
    uint32_t high = inv->tombstone_count;

    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;

        if (inv->tombstones[mid].key > after) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return low;
}

/* Copied, so that no snapshot is held while Redis is waited for. */
static void leaving_next(struct redis_writer *w, space_key after, struct leaving *out)
{
    const struct inventory *inv = inventory_get(w->params.board, w->reader);

    out->count = 0;
    for (uint32_t i = first_behind(inv, after);
         i < inv->tombstone_count && out->count < RETIRED_BATCH; i++) {
        const space_key place = inv->tombstones[i].key;

        if (out->count > 0 && space_key_adcode(place) != out->adcode) {
            break;
        }
        out->adcode = space_key_adcode(place);
        out->places[out->count++] = place;
    }
    inventory_put(w->params.board, w->reader);
}

static void key_of(struct redis_key *out, uint32_t adcode, space_key place)
{
    const enum place_kind kind = space_key_kind(place);

    if (space_key_number(place) != 0) {
        redis_key_space(out, adcode, place);
    } else if (kind == PLACE_LOT || kind == PLACE_ON_STREET || kind == PLACE_TEMPORARY) {
        redis_key_lot(out, adcode, place);
    } else {
        redis_key_fence(out, adcode, place);
    }
}

/* MULTI; DEL; EXEC on a connection that watches the epoch. */
static bool leaving_send(struct redis_link *link, const struct leaving *leaving)
{
    struct strbuf b = {0};
    struct redis_key key;
    bool ok;

    RESP_LITERAL(&b, "*1\r\n$5\r\nMULTI\r\n");
    resp_command(&b, leaving->count + 1);
    RESP_LITERAL(&b, "$3\r\nDEL\r\n");
    for (uint32_t i = 0; i < leaving->count; i++) {
        key_of(&key, leaving->adcode, leaving->places[i]);
        resp_key(&b, &key);
    }
    RESP_LITERAL(&b, "*1\r\n$4\r\nEXEC\r\n");
    ok = redis_link_append(link, &b);
    strbuf_finish(&b);
    return ok;
}

/* How many keys there were; -1: not done. */
static long long leaving_result(struct redis_link *link)
{
    long long gone = -1;

    for (int i = 0; i < 3; i++) { /* of MULTI, of DEL's place in the queue, of EXEC */
        redisReply *reply = redis_link_reply(link);

        if (reply == NULL) {
            return -1;
        }
        if (reply->type == REDIS_REPLY_ERROR) {
            redis_link_blame(link, reply);
        } else if (i == 2 && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
                   reply->element[0]->type == REDIS_REPLY_INTEGER) {
            gone = reply->element[0]->integer;
        }
        freeReplyObject(reply);
    }
    return gone;
}

static bool leaving_drop(struct redis_writer *w, const struct leaving *leaving, uint64_t *dropped)
{
    struct strbuf b = {0};
    uint64_t found = 0;
    long long gone = -1;
    bool watched;

    redis_link_limit(&w->link, w->link.timeout_ms);
    redis_epoch_watch(&b, leaving->adcode);
    watched = redis_link_append(&w->link, &b) && redis_epoch_watched(&w->link, &found);
    strbuf_finish(&b);
    if (watched && found > w->params.epoch) {
        writer_step_down(w, found);
        return false;
    }
    if (watched && found == w->params.epoch && leaving_send(&w->link, leaving)) {
        gone = leaving_result(&w->link);
    }
    if (gone < 0) { /* touched meanwhile, or not reached: looked at again on a new connection */
        writer_down(w);
        return false;
    }
    *dropped += (uint64_t)gone;
    return true;
}

bool writer_drop_retired(struct redis_writer *w)
{
    struct leaving leaving = {0};
    uint64_t dropped = 0;
    space_key after = 0;

    for (leaving_next(w, after, &leaving); leaving.count > 0; leaving_next(w, after, &leaving)) {
        /* of a district that the inventory left as a whole nothing is written any more, its meta
         * grows old by itself */
        if (writer_seat(w, leaving.adcode) != NULL && !leaving_drop(w, &leaving, &dropped)) {
            return false;
        }
        after = leaving.places[leaving.count - 1];
    }
    if (dropped > 0) {
        log_line(LOG_INFO, "redis", "%llu keys of retired places deleted",
                 (unsigned long long)dropped);
    }
    return true;
}
