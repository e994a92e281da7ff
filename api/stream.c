/* Event streams over libmicrohttpd: its thread reads from stream_read, which takes from the
 * stream's source: the change ring or the alert ring. Nothing to say: the stream suspends itself
 * under the lock, so that the acceptor's wake-up cannot fall between the look and the sleep. */
#include "api/stream.h"
#include "api/server.h"
#include "api/stream_source.h"
#include "bowei/base/city_clock.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_MS     3000
#define BLOCK_SIZE   4096u
#define EPOCH_DIGITS 20u

enum err streams_init(struct streams *streams, struct api *api)
{
    streams->api = api;
    return pthread_mutex_init(&streams->lock, NULL) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

void streams_finish(struct streams *streams)
{
    if (streams->api != NULL) {
        pthread_mutex_destroy(&streams->lock);
        streams->api = NULL;
    }
}

uint32_t streams_count(const struct streams *streams)
{
    return atomic_load(&streams->count);
}

static void wake_locked(struct stream *stream)
{
    if (stream->asleep) {
        stream->asleep = false;
        MHD_resume_connection(stream->mhd);
        loop_wake(&stream->api->loop);
    }
}

void streams_wake(struct streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    for (struct stream *s = streams->first; s != NULL; s = s->next) {
        wake_locked(s);
    }
    pthread_mutex_unlock(&streams->lock);
}

void streams_tick(struct streams *streams, int64_t boot_ms)
{
    int64_t every_ms = (int64_t)streams->api->p.config->http.heartbeat_s * 1000;

    pthread_mutex_lock(&streams->lock);
    for (struct stream *s = streams->first; s != NULL; s = s->next) {
        if (boot_ms >= s->end_ms) {
            s->over = true;
            wake_locked(s);
        } else if (boot_ms >= s->beat_ms) {
            s->beat = true;
            s->beat_ms = boot_ms + every_ms;
            wake_locked(s);
        } else if (s->asleep && (boot_ms >= s->due_ms || s->source->newest(s->api) > s->looked)) {
            wake_locked(s); /* what wakes no acceptor: alerts, and summaries that are due */
        }
    }
    pthread_mutex_unlock(&streams->lock);
}

void streams_end(struct streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    streams->ending = true;
    for (struct stream *s = streams->first; s != NULL; s = s->next) {
        s->over = true;
        wake_locked(s);
    }
    pthread_mutex_unlock(&streams->lock);
}

void stream_reset(struct stream *s)
{
    const uint64_t newest = s->source->newest(s->api);
    struct json_writer w;

    count_add(s->api->p.counters, COUNT_SSE_RESETS, 1);
    strbuf_printf(&s->out, "id: %llu-%llu\nevent: reset\ndata: ",
                  (unsigned long long)s->source->epoch(s->api), (unsigned long long)newest);
    json_writer_init(&w, &s->out);
    json_object(&w);
    json_kv_str(&w, "reason", "the changes in between are not kept any more: load the state again");
    json_object_end(&w);
    strbuf_puts(&s->out, "\n\n");
    s->wanted = newest + 1;
}

/* Puts the next piece into s->out. False: nothing to say now. */
static bool fill(struct stream *s, const struct inventory *inv, struct view_now now)
{
    strbuf_clear(&s->out);
    s->out_at = 0;
    if (s->greeted) {
        return s->source->fill(s, inv, now);
    }
    s->greeted = true;
    strbuf_printf(&s->out, "retry: %d\n\n", RETRY_MS);
    if (s->reset) {
        stream_reset(s);
    }
    return true;
}

/* Sleeps, unless something has come meanwhile. */
enum rest { REST_SLEEP, REST_AGAIN, REST_OVER };

static enum rest rest_take(struct stream *s)
{
    struct streams *streams = &s->api->streams;
    enum rest rest = REST_SLEEP;

    pthread_mutex_lock(&streams->lock);
    if (s->over || streams->ending) {
        rest = REST_OVER;
    } else if (s->beat) {
        s->beat = false;
        strbuf_clear(&s->out);
        strbuf_puts(&s->out, ":\n\n");
        s->out_at = 0;
        rest = REST_AGAIN;
    } else if (s->source->newest(s->api) > s->looked) {
        rest = REST_AGAIN;
    } else {
        s->asleep = true;
        MHD_suspend_connection(s->mhd);
    }
    pthread_mutex_unlock(&streams->lock);
    return rest;
}

static bool is_over(struct stream *s)
{
    bool over;

    pthread_mutex_lock(&s->api->streams.lock);
    over = s->over || s->api->streams.ending;
    pthread_mutex_unlock(&s->api->streams.lock);
    return over;
}

/* Copies as much of the text under way as fits. */
static size_t drain(struct stream *s, char *buf, size_t room)
{
    size_t n = s->out.len - s->out_at;

    n = n < room ? n : room;
    memcpy(buf, s->out.data + s->out_at, n);
    s->out_at += n;
    return n;
}

static size_t read_events(struct stream *s, char *buf, size_t max)
{
    struct api *api = s->api;
    const struct inventory *inv = inventory_get(api->p.board, api->reader);
    struct view_now now = view_now(api->p.view, host_boot_ms());
    size_t n = 0;

    while (n < max && inv != NULL) {
        if (s->out_at == s->out.len && !fill(s, inv, now)) {
            break;
        }
        n += s->out.len > s->out_at ? drain(s, buf + n, max - n) : 0;
    }
    inventory_put(api->p.board, api->reader);
    return n;
}

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct stream *s = cls;

    (void)pos;
    for (;;) {
        size_t n = is_over(s) ? 0 : read_events(s, buf, max);

        if (n > 0) {
            return (ssize_t)n;
        }
        switch (rest_take(s)) {
        case REST_SLEEP: return 0;
        case REST_OVER: return MHD_CONTENT_READER_END_OF_STREAM;
        case REST_AGAIN: break;
        }
    }
}

static void stream_free(void *cls)
{
    struct stream *s = cls;
    struct streams *streams = &s->api->streams;

    pthread_mutex_lock(&streams->lock);
    if (s->previous != NULL) {
        s->previous->next = s->next;
    } else if (streams->first == s) {
        streams->first = s->next;
    }
    if (s->next != NULL) {
        s->next->previous = s->previous;
    }
    pthread_mutex_unlock(&streams->lock);
    atomic_fetch_sub(&streams->count, 1);
    strbuf_finish(&s->out);
    free(s);
}

static void stream_link(struct stream *s)
{
    struct streams *streams = &s->api->streams;

    pthread_mutex_lock(&streams->lock);
    s->next = streams->first;
    if (streams->first != NULL) {
        streams->first->previous = s;
    }
    streams->first = s;
    pthread_mutex_unlock(&streams->lock);
    atomic_fetch_add(&streams->count, 1);
}

/* "<epoch>-<number>" of an event that may have been sent. */
static bool event_id_read(const char *text, uint64_t *epoch, uint64_t *number)
{
    const char *dash = strchr(text, '-');
    size_t head = dash == NULL ? 0 : (size_t)(dash - text);
    size_t tail = dash == NULL ? 0 : strlen(dash + 1);

    if (head == 0 || head > EPOCH_DIGITS - 1 || tail == 0 || tail > EPOCH_DIGITS - 1 ||
        strspn(text, "0123456789") != head || strspn(dash + 1, "0123456789") != tail) {
        return false;
    }
    *epoch = strtoull(text, NULL, 10);
    *number = strtoull(dash + 1, NULL, 10);
    return true;
}

/* Where the stream begins: behind the event named, else behind the newest. */
static bool position_take(struct stream *s, struct request *rq)
{
    const struct api *api = s->api;
    const char *last =
        rq->query.last_event_id != NULL ? rq->query.last_event_id : rq->heads.last_event_id;
    uint64_t epoch;
    uint64_t number;

    s->start = s->source->newest(api);
    s->wanted = s->start + 1;
    s->looked = s->start;
    if (last == NULL || last[0] == '\0') {
        return true;
    }
    if (!event_id_read(last, &epoch, &number)) {
        faults_add(&rq->faults, "last_event_id", "must be the id of an event of this stream");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return false;
    }
    if (epoch != s->source->epoch(api) || number > s->start ||
        (number < s->start && !s->source->kept(api, number + 1))) {
        s->reset = true;
        return true;
    }
    s->wanted = number + 1;
    return true;
}

/* How many streams has this address? Counted through the list: streams are few. */
static uint32_t streams_of(struct streams *streams, const struct connection *slot)
{
    uint32_t n = 0;

    pthread_mutex_lock(&streams->lock);
    for (const struct stream *s = streams->first; s != NULL; s = s->next) {
        n +=
            memcmp(s->slot->origin.address, slot->origin.address, sizeof slot->origin.address) == 0;
    }
    pthread_mutex_unlock(&streams->lock);
    return n;
}

static bool cap_allows(struct request *rq)
{
    struct api *api = rq->api;
    const struct config *config = api->p.config;
    bool free_of_cap = rq->slot->origin.loopback && !config->http.rate_limit_loopback;

    if (streams_count(&api->streams) < config->http.streams &&
        (free_of_cap || streams_of(&api->streams, rq->slot) < config->http.streams_per_ip)) {
        return true;
    }
    count_add(api->p.counters, COUNT_SSE_REFUSED, 1);
    respond_problem(rq, ERR_OVERLOADED, "too many streams");
    return false;
}

static struct stream *stream_make(struct request *rq, const struct stream_source *source)
{
    const struct config *config = rq->api->p.config;
    const struct query *q = &rq->query;
    struct stream *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return NULL;
    }
    s->source = source;
    s->api = rq->api;
    s->slot = rq->slot;
    s->mhd = rq->mhd;
    s->end_ms = rq->boot_ms + (int64_t)config->http.stream_life_s * 1000;
    s->beat_ms = rq->boot_ms + (int64_t)config->http.heartbeat_s * 1000;
    s->topics = q->topics == 0 ? TOPIC_SPACES | TOPIC_LOTS : q->topics;
    s->lot = q->lot;
    s->boxed = (q->has & P(BBOX)) != 0;
    s->box = (struct geo_box){q->crs, q->west_e9, q->south_e9, q->east_e9, q->north_e9, {0}, {0}};
    s->phase = q->snapshot ? SEND_LOTS : SEND_CHANGES;
    s->crs = q->crs;
    s->due_ms = INT64_MAX;
    memcpy(s->operator_code, rq->operator_code, sizeof s->operator_code);
    s->out.limit = STREAM_EVENT_MAX;
    return s;
}

static void stream_open(struct request *rq, const struct stream_source *source)
{
    struct stream *s;
    struct MHD_Response *response;

    if (!cap_allows(rq)) {
        return;
    }
    s = stream_make(rq, source);
    if (s == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    if (!position_take(s, rq)) {
        free(s);
        return;
    }
    if (rq->kind == REPLY_PUBLIC) {
        rq->kind = REPLY_OPEN;
    }
    if (rq->method == METHOD_HEAD) {
        free(s);
        respond_empty(rq, 200);
        respond_header(rq, "Content-Type", type_events);
        return;
    }
    stream_link(s);
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, stream_read, s,
                                                 stream_free);
    if (response == NULL) {
        stream_free(s);
    }
    respond_response(rq, 200, type_events, response);
    if (rq->reply != NULL) {
        respond_header(rq, "X-Accel-Buffering",
                       "no"); /* nginx in front must not hold events back */
        atomic_store_explicit(&rq->slot->deadline_ms, INT64_MAX, memory_order_relaxed);
    }
}

void stream_get(struct request *rq)
{
    stream_open(rq, &stream_of_changes);
}

void alerts_stream_get(struct request *rq)
{
    stream_open(rq, &stream_of_alerts);
}
