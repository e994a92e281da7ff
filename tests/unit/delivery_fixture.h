#ifndef TESTS_UNIT_DELIVERY_FIXTURE_H
#define TESTS_UNIT_DELIVERY_FIXTURE_H

#include "bowei/base/city_clock.h"
#include "bowei/base/json_read.h"
#include "bowei/delivery.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scratch_folder.h"
#include "tests/unit/waiting.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

/* A whole delivery over a feed in memory, with receivers on loopback that note what they are sent.
 */

#define FEED_MAX  512u
#define POSTS_MAX 600u
#define WAIT_MS   10000

/* --- the feed --- */

struct feed {
    pthread_mutex_t lock;
    struct alert_image events[FEED_MAX]; /* guarded, like all below */
    uint32_t count, expired;             /* those before `expired` are not kept */
    bool away;
    long slow_ms; /* a read takes so long after it has looked */
    void (*wake)(void *ctx);
    void *wake_ctx;
};

static inline struct event_place feed_place(const struct alert_image *a)
{
    return (struct event_place){a->changed_ms, a->event};
}

static inline enum event_read feed_read(void *ctx, const char *operator_code,
                                        struct event_place after, struct alert_image *out,
                                        uint32_t room, uint32_t *count, struct event_place *reached)
{
    struct feed *f = ctx;
    enum event_read result = EVENT_READ_NONE;
    long slow_ms;

    *count = 0;
    *reached = after;
    pthread_mutex_lock(&f->lock);
    if (f->away) {
        result = EVENT_READ_UNAVAILABLE;
    } else if (f->expired > 0 && after.at_ms != 0 &&
               event_place_compare(after, feed_place(&f->events[f->expired - 1])) < 0) {
        result = EVENT_READ_EXPIRED;
    }
    for (uint32_t i = f->expired; result == EVENT_READ_NONE && i < f->count && *count < room; i++) {
        const struct event_place place = feed_place(&f->events[i]);

        if (event_place_compare(place, after) <= 0) {
            continue;
        }
        *reached = place;
        if (alert_visible(&f->events[i], operator_code)) {
            out[(*count)++] = f->events[i];
        }
    }
    slow_ms = f->slow_ms;
    pthread_mutex_unlock(&f->lock);
    if (slow_ms > 0) {
        pause_ms(slow_ms);
    }
    return *count > 0 ? EVENT_READ_OK : result;
}

static inline struct event_place feed_newest(void *ctx)
{
    struct feed *f = ctx;
    struct event_place place = {1, 1}; /* older than any */

    pthread_mutex_lock(&f->lock);
    if (f->count > 0) {
        place = feed_place(&f->events[f->count - 1]);
    }
    pthread_mutex_unlock(&f->lock);
    return place;
}

static inline void feed_listen(void *ctx, void (*wake)(void *wake_ctx), void *wake_ctx)
{
    struct feed *f = ctx;

    pthread_mutex_lock(&f->lock);
    f->wake = wake;
    f->wake_ctx = wake_ctx;
    pthread_mutex_unlock(&f->lock);
}

static inline void feed_unlisten(void *ctx, void *wake_ctx)
{
    feed_listen(ctx, NULL, wake_ctx);
}

/* One more event of an operator; durable at once. */
static inline void feed_add(struct feed *f, const char *operator_code)
{
    struct alert_image *a;

    pthread_mutex_lock(&f->lock);
    assert_true(f->count < FEED_MAX);
    a = &f->events[f->count];
    *a = (struct alert_image){
        .id = f->count + 1,
        .event = f->count + 1,
        .kind = ALERT_OUT_OF_FENCE,
        .severity = 1,
        .version = 1,
        .distance_mm = 5000,
        .at = {422578000, 1188869000},
        .opened_ms = 1764000000000 + f->count,
        .changed_ms = 1764000000000 + f->count
    };
    (void)snprintf(a->operator_code, sizeof a->operator_code, "%s", operator_code);
    (void)snprintf(a->vehicle, sizeof a->vehicle, "%s-%08u", operator_code, f->count);
    f->count++;
    if (f->wake != NULL) {
        f->wake(f->wake_ctx);
    }
    pthread_mutex_unlock(&f->lock);
}

/* --- receivers --- */

struct post {
    char id[48], signature[128], stamp[24];
    int64_t at_ms; /* boottime */
};

/* How a receiver answers. */
enum manner {
    MANNER_STATUS,   /* `status`, and keeps the connection */
    MANNER_SILENT,   /* never */
    MANNER_ENDLESS,  /* 200, and a body without end */
    MANNER_REDIRECT, /* 301 to another receiver */
};

struct receiver {
    int fd;
    uint16_t port;
    pthread_t thread;
    _Atomic bool stopping;
    _Atomic int manner, status, retry_after_s, redirect_port;
    pthread_mutex_t lock;
    struct post posts[POSTS_MAX]; /* guarded */
    _Atomic uint32_t count;
};

static inline void header_copy(const char *head, const char *name, char *out, size_t cap)
{
    const char *at = strstr(head, name);
    size_t len;

    out[0] = '\0';
    if (at != NULL) {
        at += strlen(name);
        len = strcspn(at, "\r");
        len = len < cap - 1 ? len : cap - 1;
        memcpy(out, at, len);
        out[len] = '\0';
    }
}

static inline void post_note(struct receiver *r, const char *head)
{
    const uint32_t n = atomic_load(&r->count);

    pthread_mutex_lock(&r->lock);
    if (n < POSTS_MAX) {
        header_copy(head, "webhook-id: ", r->posts[n].id, sizeof r->posts[n].id);
        header_copy(head, "webhook-signature: ", r->posts[n].signature,
                    sizeof r->posts[n].signature);
        header_copy(head, "webhook-timestamp: ", r->posts[n].stamp, sizeof r->posts[n].stamp);
        r->posts[n].at_ms = host_boot_ms();
        atomic_store(&r->count, n + 1);
    }
    pthread_mutex_unlock(&r->lock);
}

/* Reads one request; false when there is none. */
static inline bool request_take(struct receiver *r, int fd)
{
    char text[32768];
    size_t len = 0;
    const char *end = NULL;

    while (len < sizeof text - 1) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got;

        if (atomic_load(&r->stopping) || poll(&p, 1, 50) < 0) {
            return false;
        }
        if (p.revents == 0) {
            continue;
        }
        got = recv(fd, text + len, sizeof text - 1 - len, 0);
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
        if (end != NULL) {
            char length[16];

            header_copy(text, "Content-Length: ", length, sizeof length);
            if (len >= (size_t)(end + 4 - text) + (size_t)atoi(length)) {
                post_note(r, text);
                return true;
            }
        }
    }
    return false;
}

static inline void answer_send(struct receiver *r, int fd)
{
    char text[256];
    const int manner = atomic_load(&r->manner);
    int n;

    if (manner == MANNER_REDIRECT) {
        n = snprintf(text, sizeof text,
                     "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:%d/\r\n"
                     "Content-Length: 0\r\n\r\n",
                     atomic_load(&r->redirect_port));
    } else if (manner == MANNER_ENDLESS) {
        n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
    } else {
        n = snprintf(text, sizeof text,
                     "HTTP/1.1 %d X\r\nRetry-After: %d\r\nContent-Length: 2\r\n\r\nok",
                     atomic_load(&r->status), atomic_load(&r->retry_after_s));
    }
    (void)send(fd, text, (size_t)n, MSG_NOSIGNAL);
    while (manner == MANNER_ENDLESS && !atomic_load(&r->stopping) &&
           send(fd, text, sizeof text, MSG_NOSIGNAL) > 0) {
    }
}

static inline void *receiver_run(void *arg)
{
    struct receiver *r = arg;

    while (!atomic_load(&r->stopping)) {
        struct pollfd p = {.fd = r->fd, .events = POLLIN};
        int fd;

        if (poll(&p, 1, 50) <= 0) {
            continue;
        }
        fd = accept(r->fd, NULL, NULL);
        while (fd >= 0 && request_take(r, fd)) {
            if (atomic_load(&r->manner) == MANNER_SILENT) {
                continue; /* waits for more, which never comes */
            }
            answer_send(r, fd);
        }
        close(fd);
    }
    return NULL;
}

static inline struct receiver *receiver_open(void)
{
    struct receiver *r = calloc(1, sizeof *r);

    assert_non_null(r);
    r->fd = loopback_listen(&r->port);
    atomic_store(&r->status, 200);
    (void)pthread_mutex_init(&r->lock, NULL);
    assert_int_equal(pthread_create(&r->thread, NULL, receiver_run, r), 0);
    return r;
}

static inline void receiver_close(struct receiver *r)
{
    atomic_store(&r->stopping, true);
    pthread_join(r->thread, NULL);
    close(r->fd);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Posts that carry this event. */
static inline uint32_t posts_of(struct receiver *r, uint32_t event)
{
    char id[EVENT_ID_MAX];
    uint32_t found = 0;

    event_id_format(&(struct alert_image){.id = event, .version = 1}, id);
    pthread_mutex_lock(&r->lock);
    for (uint32_t i = 0; i < atomic_load(&r->count); i++) {
        found += strcmp(r->posts[i].id, id) == 0 ? 1 : 0;
    }
    pthread_mutex_unlock(&r->lock);
    return found;
}

/* --- the station --- */

struct station {
    char folder[128];
    struct feed feed;
    struct config config;
    struct counters counters;
    struct view *view;
    struct delivery *delivery;
    enum err audit; /* what the core says to changes */
    uint32_t audits;
    char note[COMMAND_NOTE_MAX];
};

static inline enum err station_command(void *ctx, struct command *command)
{
    struct station *st = ctx;

    st->audits++;
    memcpy(st->note, command->note, sizeof st->note);
    command->result = st->audit;
    command->done(command);
    return ERR_OK;
}

static inline void station_start(struct station *st)
{
    const struct delivery_params params = {
        .config = &st->config,
        .events = {&st->feed,    feed_read,     feed_newest, feed_listen, feed_unlisten},
        .intake = {.ctx = st, .command = station_command},
        .counters = &st->counters,
        .view = st->view,
        .folder = st->folder
    };

    assert_int_equal(delivery_start(&params, &st->delivery), ERR_OK);
}

static inline void station_stop(struct station *st)
{
    delivery_stop(st->delivery);
    st->delivery = NULL;
}

static inline struct station *station_open(const char *schedule)
{
    static char instance[] = "test";
    static char allow[] = "127.0.0.1/32";
    struct station *st = calloc(1, sizeof *st);

    assert_non_null(st);
    scratch_folder_make(st->folder, sizeof st->folder);
    (void)pthread_mutex_init(&st->feed.lock, NULL);
    st->view = view_create();
    assert_non_null(st->view);
    st->config.instance = instance;
    st->config.delivery.allow = allow;
    st->config.delivery.schedule_s = strdup(schedule);
    st->config.delivery.timeout_s = 1;
    st->config.delivery.connect_timeout_s = 1;
    station_start(st);
    return st;
}

static inline void station_close(struct station *st)
{
    station_stop(st);
    free(st->config.delivery.schedule_s);
    view_destroy(st->view);
    pthread_mutex_destroy(&st->feed.lock);
    scratch_folder_remove(st->folder);
    free(st);
}

/* --- asking --- */

struct question {
    struct delivery_request rq;
    _Atomic bool done;
};

static inline void question_done(struct delivery_request *rq)
{
    struct question *q = rq->ctx;

    atomic_store(&q->done, true);
}

/* Asks and waits; the answer is NUL-terminated and of the caller to finish. */
static inline enum err ask(struct station *st, struct question *q)
{
    const struct delivery_port port = delivery_port_of(st->delivery);

    q->rq.ctx = q;
    q->rq.done = question_done;
    assert_int_equal(port.ask(port.ctx, &q->rq), ERR_OK);
    WAIT_FOR(atomic_load(&q->done), WAIT_MS);
    if (q->rq.result == ERR_OK) {
        strbuf_putc(&q->rq.answer, '\0');
    }
    return q->rq.result;
}

/* A verb on one webhook; fails when it is refused. The text is good until the next call. */
static inline const char *tell(struct station *st, const char *op, enum delivery_verb verb,
                               const char *id)
{
    static struct strbuf text;
    struct question q = {
        .rq = {.verb = verb, .overlap_s = 60}
    };

    (void)snprintf(q.rq.operator_code, sizeof q.rq.operator_code, "%s", op);
    (void)snprintf(q.rq.id, sizeof q.rq.id, "%s", id);
    assert_int_equal(ask(st, &q), ERR_OK);
    strbuf_finish(&text);
    text = q.rq.answer;
    return text.data;
}

/* Subscribes an operator; its id is put into out. */
static inline void subscribe(struct station *st, const char *op, const char *url,
                             char out[WEBHOOK_ID_LEN + 1])
{
    struct question q = {.rq = {.verb = DELIVERY_CREATE}};

    (void)snprintf(q.rq.operator_code, sizeof q.rq.operator_code, "%s", op);
    (void)snprintf(q.rq.order.url, sizeof q.rq.order.url, "%s", url);
    if (ask(st, &q) != ERR_OK) {
        fail_msg("%s: %s", url, q.rq.detail);
    }
    memcpy(out, q.rq.id, WEBHOOK_ID_LEN + 1);
    strbuf_finish(&q.rq.answer);
}

static inline void subscribe_at(struct station *st, const char *op, const struct receiver *r,
                                char out[WEBHOOK_ID_LEN + 1])
{
    char url[64];

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/hook", r->port);
    subscribe(st, op, url, out);
}

#endif
