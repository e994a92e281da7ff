/* What becomes of the writer and its slices: up, down, stepped down; a slice confirmed, everything
 * lost. Each is told to the core thread. */
#include "bowei/base/log.h"
#include "gateway/keep/redis/writer.h"

static void become(struct redis_writer *w, enum redis_state state)
{
    atomic_store(&w->state, (int)state);
}

void writer_up(struct redis_writer *w)
{
    if (atomic_load(&w->state) != REDIS_UP) {
        log_line(LOG_INFO, "redis", "up");
        w->logged = FAULT_NONE;
        become(w, REDIS_UP);
    }
}

void writer_down(struct redis_writer *w)
{
    if (w->link.fault != w->logged) {
        log_line(LOG_WARNING, "redis", "down: %s: %s", link_fault_name(w->link.fault),
                 w->link.detail);
        w->logged = w->link.fault;
    }
    if (atomic_load(&w->state) == REDIS_UP) {
        count_add(w->params.counters, COUNT_REDIS_ERRORS, 1);
    }
    redis_link_close(&w->link);
    w->watched = false;
    become(w, REDIS_DOWN);
}

void writer_step_down(struct redis_writer *w, uint64_t found)
{
    log_line(LOG_ERROR, "redis",
             "stepping down: epoch %llu was taken by another gateway, ours is %llu",
             (unsigned long long)found, (unsigned long long)w->params.epoch);
    redis_link_close(&w->link);
    become(w, REDIS_STEPPED_DOWN);
    pthread_mutex_lock(&w->lock);
    w->news.stepped_down = true;
    pthread_cond_broadcast(&w->told);
    pthread_mutex_unlock(&w->lock);
    if (w->params.stepped_down != NULL) {
        w->params.stepped_down(w->params.ctx);
    }
    redis_writer_wake_core(w);
}

void writer_confirm(struct redis_writer *w)
{
    struct slice *slice = w->current;
    struct seat *seat = writer_seat(w, slice->adcode);

    if ((slice->flags & SLICE_LAST) != 0 && seat != NULL) {
        seat->written = true;
        seat->applied = slice->applied;
    }
    w->current = NULL;
    count_add(w->params.counters, COUNT_REDIS_SLICES, 1);
    pthread_mutex_lock(&w->lock);
    w->news.confirmed = slice->number;
    w->slots[slice - w->slices] = SLOT_EMPTY;
    pthread_cond_broadcast(&w->told);
    pthread_mutex_unlock(&w->lock);
    redis_writer_wake_core(w);
}

void writer_lost(struct redis_writer *w)
{
    log_line(LOG_INFO, "redis", "writing everything: Redis is new, was restarted or lost data");
    count_add(w->params.counters, COUNT_REDIS_REWRITES, 1);
    for (size_t i = 0; i < w->seat_count; i++) {
        w->seats[i].written = false;
    }
    pthread_mutex_lock(&w->lock);
    w->news.lost = true;
    w->news.losses++; /* only this thread writes it */
    for (int i = 0; i < SLICES; i++) {
        if (w->slots[i] == SLOT_FULL) {
            w->slices[i].flags &=
                ~(uint32_t)(SLICE_LAST | SLICE_FREE_CHECK | SLICE_IN_DOUBT | SLICE_INDEX_SWAP);
        }
    }
    pthread_mutex_unlock(&w->lock);
    redis_writer_wake_core(w);
}
