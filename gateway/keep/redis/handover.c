/* How slices get from the core thread to the writer thread and news come back: one slot a slice
 * under a mutex that is only ever held for a few instructions, so the core never waits for Redis.
 */
#include "gateway/keep/redis/writer.h"

/* None before there is an epoch: what was filled before a late Redis was read would be written over
 * what it holds, as the newer image. */
struct slice *redis_writer_slice(struct redis_writer *w)
{
    struct slice *found = NULL;

    pthread_mutex_lock(&w->lock);
    for (int i = 0; w->params.epoch != 0 && i < SLICES && found == NULL; i++) {
        if (w->slots[i] == SLOT_EMPTY) {
            w->slots[i] = SLOT_FILLING;
            found = &w->slices[i];
        }
    }
    pthread_mutex_unlock(&w->lock);
    return found;
}

void redis_writer_post(struct redis_writer *w, struct slice *slice)
{
    pthread_mutex_lock(&w->lock);
    w->slots[slice - w->slices] = SLOT_FULL;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

void redis_writer_news(struct redis_writer *w, struct slice_news *out)
{
    pthread_mutex_lock(&w->lock);
    *out = w->news;
    w->news.lost = false;
    w->news.free_wrong = false;
    pthread_mutex_unlock(&w->lock);
}

struct timespec redis_writer_after_ms(int64_t ms)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_sec += ms / 1000;
    ts.tv_nsec += (ms % 1000) * 1000000;
    if (ts.tv_nsec >= 1000000000) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000;
    }
    return ts;
}

void redis_writer_await(struct redis_writer *w, int ms)
{
    struct timespec until = redis_writer_after_ms(ms);

    pthread_mutex_lock(&w->lock);
    (void)pthread_cond_timedwait(&w->told, &w->lock, &until);
    pthread_mutex_unlock(&w->lock);
}

void redis_writer_wake_core(struct redis_writer *w)
{
    if (w->params.wake_core != NULL) {
        w->params.wake_core(w->params.ctx);
    }
}

struct counters *redis_writer_counters(struct redis_writer *w)
{
    return w->params.counters;
}
