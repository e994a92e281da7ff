/* Entries that a stream refused because an id at least as great is there. Mostly that is the entry
 * itself, sent before. But somebody may have added one by hand whose id is greater than any of ours
 * will ever be, and all that follows would be refused in silence. Writer thread, behind the slice,
 * which went through, so the streams are ours.
 *
 * DESIGN. Ids that nobody of us can have made are deleted and the stream goes on behind its newest
 * entry that is one of ours: nothing of ours is lost or copied. A greater id that somebody may have
 * made (a gateway of another epoch) is left alone, counted and said: the next start takes an epoch
 * above it, or an operator decides. */
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "gateway/keep/redis/epoch.h"
#include "gateway/keep/redis/stream.h"
#include "gateway/keep/redis/writer.h"
#include <string.h>

#define DELETED_A_TIME 64 /* foreign entries of a stream, behind one slice */
#define MENDED_MAX     8  /* times for the same slice: somebody goes on adding them */

/* What is known of a stream. */
struct stream {
    struct redis_key key;
    struct stream_id refused;
    uint64_t most; /* first part that an id of ours may have; of the second any number */
};

enum stream_is { STREAM_HOLDS, STREAM_MENDED, STREAM_HIDES, STREAM_FAILED };

static struct stream stream_of(const struct redis_writer *w, const struct slice *slice,
                               struct slice_refused refused)
{
    struct stream stream = {.most = w->params.epoch > EPOCH_MOST ? w->params.epoch : EPOCH_MOST};
    const char *codes[ALERT_VIEWERS_MAX];
    const struct image *image;

    if ((refused.item & TXN_KEY) != 0) {
        redis_key_district(&stream.key, slice->adcode, KEY_CHANGES);
        stream.refused = (struct stream_id){w->params.epoch, slice->number};
        return stream;
    }
    image = &slice->items[refused.item].image;
    if (image->kind == IMAGE_ALERT) {
        (void)alert_viewers(&image->alert, codes);
        redis_key_log(&stream.key, codes[refused.viewer]);
        stream.refused = (struct stream_id){(uint64_t)image->alert.changed_ms, image->alert.event};
        stream.most = CITY_CLOCK_MOST_MS;
        return stream;
    }
    redis_key_district(&stream.key, ADCODE_CITY, KEY_AUDIT);
    stream.refused = (struct stream_id){image->at.epoch, image->at.seq};
    return stream;
}

static bool is_nobodys(const struct stream *stream, struct stream_id id)
{
    return id.first > stream->most || id.second > INT64_MAX;
}

/* XDEL or XSETID; false: Redis refuses (an ACL of before), or the connection failed. */
static bool command(struct redis_link *link, const char *name, const struct stream *stream,
                    struct stream_id id)
{
    struct strbuf b = {0};
    redisReply *reply;

    resp_command(&b, 3);
    resp_text(&b, name);
    resp_key(&b, &stream->key);
    resp_pair(&b, id.first, id.second);
    reply = redis_link_ask(link, &b);
    strbuf_finish(&b);
    freeReplyObject(reply);
    return reply != NULL;
}

/* Redis answers, but not this: no word on the entry. */
static enum stream_is unanswered(const struct redis_link *link)
{
    return link->context == NULL ? STREAM_FAILED : STREAM_HIDES;
}

/* Is the refused entry there, or was it there and is trimmed? */
static enum stream_is look_for(struct redis_link *link, const struct stream *stream)
{
    const struct stream_id begin = {0, 1};
    struct stream_id id;
    bool found;

    if (!stream_oldest(link, &stream->key, stream->refused, &id, &found)) {
        return unanswered(link);
    }
    if (found && stream_id_compare(id, stream->refused) == 0) {
        return STREAM_HOLDS;
    }
    if (!stream_oldest(link, &stream->key, begin, &id, &found)) {
        return unanswered(link);
    }
    return found && stream_id_compare(id, stream->refused) > 0 ? STREAM_HOLDS : STREAM_HIDES;
}

static void say_deleted(const struct stream *stream, struct stream_id id)
{
    log_line(LOG_ERROR, "redis", "%.*s: entry %llu-%llu is none of ours and hid them: deleted",
             (int)stream->key.len, stream->key.text, (unsigned long long)id.first,
             (unsigned long long)id.second);
}

static enum stream_is examine(struct redis_writer *w, const struct stream *stream)
{
    struct stream_id top;
    unsigned deleted = 0;
    bool found;

    for (;;) {
        redis_link_limit(&w->link, w->link.timeout_ms);
        if (!stream_newest(&w->link, &stream->key, &top, &found)) {
            return unanswered(&w->link);
        }
        if (!found || !is_nobodys(stream, top) || deleted == DELETED_A_TIME) {
            break;
        }
        if (!command(&w->link, "XDEL", stream, top)) {
            return unanswered(&w->link);
        }
        if (deleted++ == 0) {
            say_deleted(stream, top);
        }
        count_add(w->params.counters, COUNT_REDIS_FOREIGN, 1);
    }
    if (deleted == 0 && stream_id_compare(top, stream->refused) >= 0) {
        return look_for(&w->link, stream);
    }
    /* the greatest id of all times outlives its entry */
    if (!command(&w->link, "XSETID", stream, top)) {
        return unanswered(&w->link);
    }
    return STREAM_MENDED;
}

bool writer_refused(struct redis_writer *w, struct slice *slice, bool *again)
{
    static int64_t gate;

    *again = false;
    w->link.detail[0] = '\0';
    for (unsigned i = 0; i < slice->refused_count; i++) {
        const struct stream stream = stream_of(w, slice, slice->refused[i]);

        switch (examine(w, &stream)) {
        case STREAM_HOLDS: break;
        case STREAM_MENDED: *again = slice->mended < MENDED_MAX; break;
        case STREAM_HIDES:
            count_add(w->params.counters, COUNT_REDIS_HIDDEN, 1);
            log_rate(LOG_ERROR, &gate, 600000, "redis",
                     "%.*s refuses our entries: one that is not ours has a greater id%s%s",
                     (int)stream.key.len, stream.key.text, w->link.detail[0] != '\0' ? ": " : "",
                     w->link.detail);
            break;
        case STREAM_FAILED: return false;
        }
    }
    slice->mended = (uint8_t)(slice->mended + *again);
    return true;
}
