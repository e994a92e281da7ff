/* event_port over the alert ring and the operators' logs. Users: delivery and GET /v1/events, each
 * with a reader of its own. */
#include "gateway/event_feed.h"
#include "bowei/event_log.h"
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define READ_MS    800 /* an answer of Redis later than this is none: two tries end within 2 s */
#define ROUNDS_MAX 4   /* from the log to the ring and, when that was overrun, back */

struct listener {
    void (*wake)(void *ctx); /* NULL = free */
    void *ctx;
};

struct event_feed {
    const struct alert_ring *ring;
    struct redis_params redis;
    char *texts[4];       /* what redis points to */
    pthread_mutex_t lock; /* guards listeners; held while they are called, so that none is called
                             after it was taken back */
    struct listener listeners[EVENT_LISTENERS_MAX];
};

struct event_reader {
    struct event_feed *feed;
    struct event_log_reader *log;
};

/* --- the feed --- */

static void texts_free(struct event_feed *feed)
{
    for (size_t i = 0; i < ARRAY_LEN(feed->texts); i++) {
        if (feed->texts[i] != NULL) {
            explicit_bzero(feed->texts[i], strlen(feed->texts[i]));
        }
        free(feed->texts[i]);
    }
}

static bool texts_copy(struct event_feed *feed)
{
    const char **const texts[] = {&feed->redis.socket, &feed->redis.host, &feed->redis.username,
                                  &feed->redis.password};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (*texts[i] != NULL) {
            feed->texts[i] = strdup(*texts[i]);
            *texts[i] = feed->texts[i];
            if (feed->texts[i] == NULL) {
                return false;
            }
        }
    }
    return true;
}

struct event_feed *event_feed_create(const struct redis_params *redis,
                                     const struct alert_ring *ring)
{
    struct event_feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL) {
        return NULL;
    }
    feed->ring = ring;
    feed->redis = *redis;
    if (feed->redis.timeout_ms == 0 || feed->redis.timeout_ms > READ_MS) {
        feed->redis.timeout_ms = READ_MS;
    }
    if (!texts_copy(feed) || pthread_mutex_init(&feed->lock, NULL) != 0) {
        texts_free(feed);
        free(feed);
        return NULL;
    }
    return feed;
}

void event_feed_destroy(struct event_feed *feed)
{
    if (feed == NULL) {
        return;
    }
    pthread_mutex_destroy(&feed->lock);
    texts_free(feed);
    free(feed);
}

void event_feed_wake(void *ctx)
{
    struct event_feed *feed = ctx;

    pthread_mutex_lock(&feed->lock);
    for (size_t i = 0; i < EVENT_LISTENERS_MAX; i++) {
        if (feed->listeners[i].wake != NULL) {
            feed->listeners[i].wake(feed->listeners[i].ctx);
        }
    }
    pthread_mutex_unlock(&feed->lock);
}

static void unlisten(void *ctx, void *wake_ctx)
{
    struct event_feed *feed = ((struct event_reader *)ctx)->feed;

    pthread_mutex_lock(&feed->lock);
    for (size_t i = 0; i < EVENT_LISTENERS_MAX; i++) {
        if (feed->listeners[i].ctx == wake_ctx) {
            feed->listeners[i] = (struct listener){0};
        }
    }
    pthread_mutex_unlock(&feed->lock);
}

static void listen_to(void *ctx, void (*wake)(void *wake_ctx), void *wake_ctx)
{
    struct event_feed *feed = ((struct event_reader *)ctx)->feed;

    if (wake == NULL) {
        unlisten(ctx, wake_ctx);
        return;
    }
    pthread_mutex_lock(&feed->lock);
    for (size_t i = 0; i < EVENT_LISTENERS_MAX; i++) {
        if (feed->listeners[i].wake == NULL) {
            feed->listeners[i] = (struct listener){wake, wake_ctx};
            break;
        }
    }
    pthread_mutex_unlock(&feed->lock);
}

/* --- reading --- */

/* What a read has come to. */
struct reading_on {
    const char *operator_code;
    struct alert_image *out;
    uint32_t room, count;
    struct event_place reached;
};

/* False: overwritten before all was read. */
static bool read_ring(const struct alert_ring *ring, uint64_t number, struct reading_on *on)
{
    for (; on->count < on->room; number++) {
        struct alert_image *alert = &on->out[on->count];

        switch (alert_ring_get(ring, number, alert)) {
        case CHANGE_NONE_YET: return true;
        case CHANGE_OVERRUN: return false;
        case CHANGE_READ: break;
        }
        on->reached = (struct event_place){alert->changed_ms, alert->event};
        on->count += alert_visible(alert, on->operator_code);
    }
    return true;
}

/* One source, once. EVENT_READ_NONE: go on behind on->reached, unless it is where it was. */
static enum event_read read_once(struct event_reader *reader, struct reading_on *on)
{
    const struct alert_ring *ring = reader->feed->ring;
    struct event_place newest;
    uint64_t number;

    if (alert_ring_reaches(ring, on->reached, &number) &&
        (read_ring(ring, number, on) || on->count > 0)) {
        return on->count > 0 ? EVENT_READ_OK : EVENT_READ_NONE;
    }
    newest = alert_ring_place(ring);
    if (newest.at_ms == 0) {
        return EVENT_READ_UNAVAILABLE; /* what Redis holds was not merged yet */
    }
    return event_log_reader_read(reader->log, on->operator_code, on->reached, newest, on->out,
                                 on->room, &on->count, &on->reached);
}

static enum event_read read_events(void *ctx, const char *operator_code, struct event_place after,
                                   struct alert_image *out, uint32_t room, uint32_t *count,
                                   struct event_place *reached)
{
    struct event_reader *reader = ctx;
    struct reading_on on = {operator_code, out, room, 0, after};
    const struct event_place newest = alert_ring_place(reader->feed->ring);
    enum event_read result = EVENT_READ_NONE;

    assert(operator_code[0] != '\0'); /* a log is one operator's */
    *count = 0;
    *reached = after;
    if (newest.at_ms != 0 && event_place_compare(after, newest) > 0) {
        return EVENT_READ_EXPIRED; /* of a history that is no more: restored from a backup */
    }
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        const struct event_place from = on.reached;

        result = read_once(reader, &on);
        if (result != EVENT_READ_NONE || event_place_compare(on.reached, from) == 0) {
            break;
        }
    }
    *count = on.count;
    *reached = on.reached;
    return result;
}

static struct event_place newest_place(void *ctx)
{
    return alert_ring_place(((const struct event_reader *)ctx)->feed->ring);
}

struct event_reader *event_reader_create(struct event_feed *feed)
{
    struct event_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL) {
        return NULL;
    }
    reader->feed = feed;
    reader->log = event_log_reader_create(&feed->redis);
    if (reader->log == NULL) {
        free(reader);
        return NULL;
    }
    return reader;
}

void event_reader_destroy(struct event_reader *reader)
{
    if (reader != NULL) {
        event_log_reader_destroy(reader->log);
        free(reader);
    }
}

struct event_port event_reader_port(struct event_reader *reader)
{
    return (struct event_port){reader, read_events, newest_place, listen_to, unlisten};
}
