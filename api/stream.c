/* Event streams over libmicrohttpd: the HTTP thread reads from stream_read, which takes from the
 * stream's source: the feed of changes or the alert ring. Nothing to say: the stream suspends
 * itself, and a later round of the same thread resumes it. */
#include "api/stream.h"
#include "api/server.h"
#include "api/stream_source.h"
#include "bowei/base/city_clock.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_MS     3000
#define EPOCH_DIGITS 20u
#define AUTH_LOOK_MS 1000

void streams_init(struct streams *streams, struct api *api)
{
    streams->api = api;
}

void streams_finish(struct streams *streams)
{
    change_feed_finish(&streams->feed);
}

uint32_t streams_count(const struct streams *streams)
{
    return atomic_load(&streams->count);
}

void streams_call(struct streams *streams, bool changes)
{
    /* changes are taken over without streams, too: who comes back goes on behind what he had */
    if (atomic_load(&streams->count) > 0 || (changes && atomic_load(&streams->following))) {
        atomic_store(&streams->due, true);
        loop_wake(&streams->api->loop);
    }
}

static void resume(struct stream *s)
{
    s->asleep = false;
    MHD_resume_connection(s->mhd);
}

/* A key that was revoked or has expired ends what it opened. */
static void keys_look(struct streams *streams, int64_t boot_ms)
{
    struct auth *auth = &streams->api->auth;

    if (boot_ms < streams->keys_ms) {
        return;
    }
    streams->keys_ms = boot_ms + AUTH_LOOK_MS;
    auth_refresh(auth);
    for (struct stream *s = streams->first; s != NULL; s = s->next) {
        s->over = s->over || (s->key[0] != '\0' && !auth_lives(auth, s->key));
    }
}

static void stream_look(struct stream *s, bool ending, int64_t boot_ms)
{
    const int64_t every_ms = (int64_t)s->api->p.config->http.heartbeat_s * 1000;

    s->over = s->over || ending || boot_ms >= s->end_ms || atomic_load(&s->slot->gone);
    if (boot_ms >= s->beat_ms) {
        s->beat = true;
        s->beat_ms = boot_ms + every_ms;
    }
    if (s->asleep && (s->over || s->beat || s->source->ready(s, boot_ms))) {
        resume(s);
    }
}

void streams_round(struct streams *streams, int64_t boot_ms)
{
    struct api *api = streams->api;
    uint64_t newest;
    bool ending;

    if (!atomic_exchange(&streams->due, false)) {
        return;
    }
    ending = atomic_load(&streams->ending);
    newest = change_ring_newest(api->p.changes); /* before the inventory: it is as new then */
    if (streams->feed.entries != NULL) {
        const struct inventory *inv = inventory_get(api->p.board, api->reader);

        if (inv != NULL) {
            change_feed_pull(&streams->feed, api->p.changes, inv, newest);
        }
        inventory_put(api->p.board, api->reader);
    }
    keys_look(streams, boot_ms);
    for (struct stream *s = streams->first; s != NULL; s = s->next) {
        stream_look(s, ending, boot_ms);
    }
}

void streams_end(struct streams *streams)
{
    atomic_store(&streams->ending, true);
    atomic_store(&streams->due, true);
    loop_wake(&streams->api->loop);
}

void stream_position(struct stream *s)
{
    strbuf_printf(&s->out, "id: %llu-%llu\n", (unsigned long long)s->source->epoch(s->api),
                  (unsigned long long)s->start);
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
    strbuf_printf(&s->out, "retry: %d\n", RETRY_MS);
    if (s->phase == SEND_CHANGES && s->wanted == s->start + 1 && !s->reset) {
        stream_position(s); /* who is cut before the first change goes on from here */
    }
    strbuf_puts(&s->out, "\n");
    if (s->reset) {
        stream_reset(s);
    }
    return true;
}

/* Sleeps, unless something has come meanwhile. */
enum rest { REST_SLEEP, REST_AGAIN, REST_OVER };

static enum rest rest_take(struct stream *s)
{
    if (s->over || atomic_load(&s->api->streams.ending)) { /* one that came after the last round */
        return REST_OVER;
    }
    if (s->beat) {
        s->beat = false;
        strbuf_clear(&s->out);
        strbuf_puts(&s->out, ":\n\n");
        s->out_at = 0;
        return REST_AGAIN;
    }
    if (s->source->newest(s->api) > s->looked) {
        return REST_AGAIN;
    }
    s->asleep = true;
    MHD_suspend_connection(s->mhd);
    return REST_SLEEP;
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
        size_t n = s->over ? 0 : read_events(s, buf, max);

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

    if (s->previous != NULL) {
        s->previous->next = s->next;
    } else if (streams->first == s) {
        streams->first = s->next;
    }
    if (s->next != NULL) {
        s->next->previous = s->previous;
    }
    atomic_fetch_sub(&streams->count, 1);
    strbuf_finish(&s->out);
    free(s);
}

static void stream_link(struct stream *s)
{
    struct streams *streams = &s->api->streams;

    s->next = streams->first;
    if (streams->first != NULL) {
        streams->first->previous = s;
    }
    streams->first = s;
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
    s->reset = epoch != s->source->epoch(api) || number > s->start || !s->source->resume(s, number);
    return true;
}

/* How many streams has this key? Counted through the list: streams are few. */
static uint32_t streams_with(const struct streams *streams, const char *key)
{
    uint32_t n = 0;

    for (const struct stream *s = streams->first; s != NULL; s = s->next) {
        n += strcmp(s->key, key) == 0;
    }
    return n;
}

/* The same of this address. */
static uint32_t streams_of(struct streams *streams, const struct connection *slot)
{
    uint32_t n = 0;

    for (const struct stream *s = streams->first; s != NULL; s = s->next) {
        n +=
            memcmp(s->slot->origin.address, slot->origin.address, sizeof slot->origin.address) == 0;
    }
    return n;
}

static bool cap_allows(struct request *rq)
{
    struct api *api = rq->api;
    const struct config *config = api->p.config;
    const uint32_t each = config->http.streams_per_ip;
    const bool free_of_cap = rq->slot->origin.loopback && !config->http.rate_limit_loopback;

    if (streams_count(&api->streams) < config->http.streams &&
        (free_of_cap || streams_of(&api->streams, rq->slot) < each) &&
        (rq->key == NULL || streams_with(&api->streams, rq->key->prefix) < each)) {
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
    const bool boxed = query_has(q, PARAM_BBOX) || query_has(q, PARAM_CELL);
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
    s->topics = q->topics;
    s->lot = q->lot;
    s->fence = q->fence;
    s->boxed = boxed;
    s->box = (struct geo_box){q->crs, q->west_e9, q->south_e9, q->east_e9, q->north_e9, {0}, {0}};
    geo_box_make(&s->box);
    if (rq->key != NULL) {
        memcpy(s->key, rq->key->prefix, sizeof s->key);
    }
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
        (void)respond_stream(rq, NULL, NULL, NULL);
        return;
    }
    stream_link(s);
    if (respond_stream(rq, stream_read, s, stream_free)) {
        atomic_store_explicit(&rq->slot->deadline_ms, INT64_MAX, memory_order_relaxed);
    }
}

/* A lot leaves out fences and a fence everything else, unless both are given. False: nothing is
 * left, and that was answered. */
static bool topics_take(struct request *rq)
{
    struct query *q = &rq->query;
    uint32_t within = TOPIC_SPACES | TOPIC_LOTS | TOPIC_FENCES;

    if ((q->lot == 0) != (q->fence == 0)) {
        within = q->fence != 0 ? TOPIC_FENCES : TOPIC_SPACES | TOPIC_LOTS;
    }
    if (q->topics == 0) {
        q->topics = q->fence != 0 ? within : TOPIC_SPACES | TOPIC_LOTS;
    }
    q->topics &= within;
    if (q->topics == 0) {
        faults_add(&rq->faults, "topics", "%s, but not in what `%s` leaves: %s",
                   q->fence != 0 ? "spaces and lots are asked for" : "fences are asked for",
                   q->fence != 0 ? "fence" : "lot", q->fence != 0 ? "fences" : "spaces and lots");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
    }
    return q->topics != 0;
}

/* A lot or fence that is not there would be listened to in vain. False: that was answered. */
static bool places_are_there(struct request *rq)
{
    const struct query *q = &rq->query;
    const struct inventory *inv = rq->inv;
    const uint32_t lot = q->lot == 0 ? NO_SLOT : inventory_lot(inv, q->lot);
    const uint32_t fence = q->fence == 0 ? NO_FENCE : fences_find(inv, q->fence);

    if (q->lot != 0 && (lot == NO_SLOT || inv->lots[lot].removed)) {
        faults_add(&rq->faults, "lot", "there is no such lot");
    }
    if (q->fence != 0 && (fence == NO_FENCE || inv->fences[fence].removed)) {
        faults_add(&rq->faults, "fence", "there is no such fence");
    }
    if (rq->faults.count > 0) {
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
    }
    return rq->faults.count == 0;
}

void stream_get(struct request *rq)
{
    struct streams *streams = &rq->api->streams;

    if (!topics_take(rq) || !places_are_there(rq)) {
        return;
    }
    if (change_feed_start(&streams->feed, rq->api->p.changes, rq->inv) != ERR_OK) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    atomic_store(&streams->following, true);
    stream_open(rq, &stream_of_changes);
}

void alerts_stream_get(struct request *rq)
{
    stream_open(rq, &stream_of_alerts);
}
