/* The Redis writer: one thread, one blocking connection. Takes slices from the core thread, writes
 * each as a fenced transaction, and keeps at it until it is confirmed, or until another gateway has
 * taken over.
 *
 * A slice is never given up: after any error the connection is closed, a new one is made (backoff
 * with full jitter), Redis is examined (epoch, run id, meta), and the slice is sent again unless
 * the change stream shows that it arrived. The replies of slice n are awaited while slice n + 1 is
 * rendered and n + 2 is being filled. */
#include "gateway/keep/redis/writer.h"
#include "bowei/base/city_clock.h"
#include "gateway/keep/redis/epoch.h"
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS   5000 /* after Redis is back all is equal within 10 s */
#define DRAIN_MS         2000 /* redis_writer_stop gives the slices under way that long */

/* The full slice with the lowest number, but not `except`; NULL when there is none. */
static struct slice *next_locked(struct redis_writer *w, const struct slice *except)
{
    struct slice *found = NULL;

    for (int i = 0; i < SLICES; i++) {
        if (w->slots[i] == SLOT_FULL && &w->slices[i] != except &&
            (found == NULL || w->slices[i].number < found->number)) {
            found = &w->slices[i];
        }
    }
    return found;
}

static struct slice *peek(struct redis_writer *w)
{
    struct slice *next;

    pthread_mutex_lock(&w->lock);
    next = next_locked(w, w->current);
    pthread_mutex_unlock(&w->lock);
    return next;
}

/* True when the thread is to end: stopped, and nothing left to write or no time left for it. */
static bool over_locked(struct redis_writer *w)
{
    return w->stopping && ((w->current == NULL && next_locked(w, NULL) == NULL) ||
                           host_boot_ms() >= w->stop_by_ms);
}

/* Waits for a slice; NULL when the thread is to end. */
static struct slice *take(struct redis_writer *w)
{
    struct slice *slice;

    pthread_mutex_lock(&w->lock);
    for (slice = next_locked(w, NULL); slice == NULL && !w->stopping;
         slice = next_locked(w, NULL)) {
        pthread_cond_wait(&w->work, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return slice;
}

static uint64_t random_next(struct redis_writer *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

/* Full jitter: many gateways that lost one Redis do not come back in step. Ends early when stopped.
 */
static void pause_after_failure(struct redis_writer *w)
{
    uint64_t cap = (uint64_t)BACKOFF_FIRST_MS << (w->attempts < 5 ? w->attempts : 5);
    int64_t ms = 20 + (int64_t)(random_next(w) % (cap < BACKOFF_MAX_MS ? cap : BACKOFF_MAX_MS));
    int64_t until_ms = host_boot_ms() + ms;

    w->attempts++;
    pthread_mutex_lock(&w->lock);
    while (!over_locked(w) && host_boot_ms() < until_ms) {
        int64_t left_ms = until_ms - host_boot_ms();
        /* While stopping, look at the deadline again and again. */
        struct timespec until = redis_writer_after_ms(w->stopping && left_ms > 50 ? 50
                                                      : left_ms > 0               ? left_ms
                                                                                  : 1);

        (void)pthread_cond_timedwait(&w->work, &w->lock, &until);
    }
    pthread_mutex_unlock(&w->lock);
}

/* --- writing --- */

/* Judges what GET said under WATCH. False: the slice must wait (examined again, down or stepped
 * down). */
static bool watch_judge(struct redis_writer *w, uint32_t adcode, uint64_t found)
{
    w->watched = found == w->params.epoch;
    w->watched_adcode = adcode;
    if (w->watched) {
        return true;
    }
    if (found > w->params.epoch) {
        writer_step_down(w, found);
        return false;
    }
    (void)writer_examine(w); /* gone or set back: data was lost; then watch anew */
    return false;
}

static bool watch(struct redis_writer *w, uint32_t adcode)
{
    struct strbuf b = {0};
    redisReply *reply;
    uint64_t found;
    bool ok;

    RESP_LITERAL(&b, "*1\r\n$7\r\nUNWATCH\r\n");
    redis_epoch_watch(&b, adcode);
    reply = redis_link_ask(&w->link, &b);
    strbuf_finish(&b);
    ok = reply != NULL;
    freeReplyObject(reply);
    if (!ok || !redis_epoch_watched(&w->link, &found)) {
        writer_down(w);
        return false;
    }
    return watch_judge(w, adcode, found);
}

/* `log`: what the operators' logs hold before this slice. */
static struct txn *rendered(struct redis_writer *w, unsigned which, const struct slice *slice,
                            const struct event_log *log)
{
    struct txn *txn = &w->txns[which];
    const struct txn_frame frame = {.epoch = w->params.epoch,
                                    .run_id = w->run_id,
                                    .losses = w->news.losses,
                                    .keep_ms = w->params.log_keep_ms,
                                    .log = log};

    if (txn->number != slice->number) {
        txn_render(txn, slice, &frame);
    }
    return txn;
}

/* Sends the current slice with WATCH and GET for the next one at its tail, and renders that while
 * waiting. */
static bool send_current(struct redis_writer *w, struct txn *txn, uint32_t *tail_adcode)
{
    struct slice *next = peek(w);
    bool ok;

    *tail_adcode = next != NULL ? next->adcode : w->current->adcode;
    redis_epoch_watch(&txn->bytes, *tail_adcode);
    w->current->flags |= SLICE_IN_DOUBT;
    w->watched = false;
    ok = redis_link_append(&w->link, &txn->bytes) && redis_link_flush(&w->link);
    txn->number = 0;
    if (ok && next != NULL) {
        (void)rendered(w, 1 - w->txn, next, &txn->log);
    }
    return ok;
}

/* One attempt at the current slice. */
static void deliver(struct redis_writer *w)
{
    struct slice *slice = w->current;
    struct txn *txn;
    uint32_t tail_adcode;
    uint64_t found;
    bool free_wrong;
    enum txn_outcome outcome;

    redis_link_limit(&w->link, w->link.timeout_ms);
    if ((!w->watched || w->watched_adcode != slice->adcode) && !watch(w, slice->adcode)) {
        return;
    }
    txn = rendered(w, w->txn, slice, &w->log);
    redis_link_limit(&w->link, 2 * w->link.timeout_ms); /* for all replies of the transaction */
    if (!send_current(w, txn, &tail_adcode)) {
        writer_down(w);
        return;
    }
    outcome = txn_receive(txn, &w->link, slice, w->params.counters, &free_wrong);
    if (outcome == TXN_FAILED || !redis_epoch_watched(&w->link, &found)) {
        writer_down(w);
        return;
    }
    w->attempts = 0;
    bool again = false;
    if (outcome == TXN_DONE && !writer_refused(w, slice, &again)) {
        writer_down(w);
        return;
    }
    if (outcome == TXN_DONE && !again) {
        if (free_wrong) {
            pthread_mutex_lock(&w->lock);
            w->news.free_wrong = true;
            w->news.adcode = slice->adcode;
            pthread_mutex_unlock(&w->lock);
        }
        w->log = txn->log;
        w->txn = 1 - w->txn;
        const bool index_lost =
            (slice->wrong_keys & txn_index_keys()) != 0 || writer_index_vanished(w, slice);
        writer_confirm(w);
        if (index_lost) {
            writer_lost(w); /* a foreign type stood there: only all together make an index again */
        }
    }
    if (watch_judge(w, tail_adcode, found) && outcome == TXN_EXAMINE) {
        (void)writer_examine(w); /* touched between WATCH and EXEC, yet still ours */
    }
}

static bool over(struct redis_writer *w)
{
    bool result;

    pthread_mutex_lock(&w->lock);
    result = over_locked(w);
    pthread_mutex_unlock(&w->lock);
    return result;
}

/* A start without Redis writes nothing before what Redis holds was read and merged. */
static void await_epoch(struct redis_writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->params.epoch == 0 && !w->stopping) {
        pthread_cond_wait(&w->work, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
}

static void *run(void *arg)
{
    struct redis_writer *w = arg;

    (void)prctl(PR_SET_NAME, "bowei-redis", 0, 0, 0);
    await_epoch(w);
    while (w->params.epoch != 0 && atomic_load(&w->state) != REDIS_STEPPED_DOWN && !over(w)) {
        if (w->link.context == NULL && !writer_connect(w)) {
            if (atomic_load(&w->state) != REDIS_STEPPED_DOWN) {
                pause_after_failure(w);
            }
            continue;
        }
        if (w->attempts == 0) {
            writer_up(w); /* after a failure only a write that went through says so */
        }
        if (w->current == NULL) {
            w->current = take(w);
        }
        if (w->current != NULL) {
            deliver(w);
            if (w->link.context == NULL && atomic_load(&w->state) != REDIS_STEPPED_DOWN) {
                pause_after_failure(w);
            }
        }
    }
    redis_link_close(&w->link);
    return NULL;
}

/* --- start and stop --- */

static const char *keep_text(struct redis_writer *w, int at, const char *text)
{
    size_t len = text != NULL ? strnlen(text, TEXT_MAX) : 0;

    if (text == NULL || len == TEXT_MAX) {
        return NULL;
    }
    memcpy(w->texts[at], text, len + 1);
    return w->texts[at];
}

static bool sync_init(struct redis_writer *w)
{
    pthread_condattr_t attributes;
    bool ok;

    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
         pthread_cond_init(&w->work, &attributes) == 0;
    if (ok && pthread_cond_init(&w->told, &attributes) != 0) {
        pthread_cond_destroy(&w->work);
        ok = false;
    }
    pthread_condattr_destroy(&attributes);
    if (ok && pthread_mutex_init(&w->lock, NULL) != 0) {
        pthread_cond_destroy(&w->work);
        pthread_cond_destroy(&w->told);
        ok = false;
    }
    return ok;
}

struct redis_writer *redis_writer_start(const struct redis_writer_params *params)
{
    struct redis_writer *w = calloc(1, sizeof *w);

    if (w == NULL) {
        return NULL;
    }
    w->params = *params;
    w->params.redis.socket = keep_text(w, 0, params->redis.socket);
    w->params.redis.host = keep_text(w, 1, params->redis.host);
    w->params.redis.username = keep_text(w, 2, params->redis.username);
    w->params.redis.password = keep_text(w, 3, params->redis.password);
    w->random = (uint64_t)host_boot_ms() * 0x9E3779B97F4A7C15u ^ params->epoch ^ 1u;
    if (!sync_init(w)) {
        goto undo_memory;
    }
    w->reader = inventory_reader(params->board);
    if (pthread_create(&w->thread, NULL, run, w) != 0) {
        goto undo_sync;
    }
    return w;

undo_sync:
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->told);
undo_memory:
    free(w);
    return NULL;
}

void redis_writer_set_epoch(struct redis_writer *w, uint64_t epoch)
{
    pthread_mutex_lock(&w->lock);
    if (w->params.epoch == 0) {
        w->params.epoch = epoch;
    }
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->lock);
    redis_writer_wake_core(w);
}

void redis_writer_stop(struct redis_writer *w)
{
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    w->stop_by_ms = host_boot_ms() + DRAIN_MS;
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->told);
    txn_finish(&w->txns[0]);
    txn_finish(&w->txns[1]);
    free(w->seats);
    explicit_bzero(w->texts, sizeof w->texts);
    free(w);
}

enum redis_state redis_writer_state(const struct redis_writer *w)
{
    return (enum redis_state)atomic_load(&w->state);
}
