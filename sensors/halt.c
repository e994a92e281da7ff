/* The stop request of the field side: every pause of a line or link is a wait for it, so that
 * stopping never has to wait for a back-off to end. */
#include "sensors/halt.h"
#include <time.h>

bool halt_init(struct halt *halt)
{
    pthread_condattr_t attr;
    bool made;

    if (pthread_mutex_init(&halt->lock, NULL) != 0) {
        return false;
    }
    if (pthread_condattr_init(&attr) != 0) {
        goto undo_lock;
    }
    made = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(&halt->raised, &attr) == 0;
    (void)pthread_condattr_destroy(&attr);
    if (!made) {
        goto undo_lock;
    }
    halt->stopping = false;
    halt->held = false;
    return true;

undo_lock:
    (void)pthread_mutex_destroy(&halt->lock);
    return false;
}

void halt_finish(struct halt *halt)
{
    (void)pthread_cond_destroy(&halt->raised);
    (void)pthread_mutex_destroy(&halt->lock);
}

void halt_raise(struct halt *halt)
{
    pthread_mutex_lock(&halt->lock);
    halt->stopping = true;
    pthread_cond_broadcast(&halt->raised);
    pthread_mutex_unlock(&halt->lock);
}

void halt_hold(struct halt *halt)
{
    pthread_mutex_lock(&halt->lock);
    halt->held = true;
    pthread_mutex_unlock(&halt->lock);
}

void halt_release(struct halt *halt)
{
    pthread_mutex_lock(&halt->lock);
    halt->held = false;
    pthread_cond_broadcast(&halt->raised);
    pthread_mutex_unlock(&halt->lock);
}

bool halt_pass(struct halt *halt)
{
    bool stopping;

    pthread_mutex_lock(&halt->lock);
    while (halt->held && !halt->stopping) {
        (void)pthread_cond_wait(&halt->raised, &halt->lock);
    }
    stopping = halt->stopping;
    pthread_mutex_unlock(&halt->lock);
    return !stopping;
}

bool halt_wait(struct halt *halt, int64_t wait_ms)
{
    return halt_wait_bell(halt, wait_ms, NULL);
}

void halt_ring(struct halt *halt, _Atomic bool *bell)
{
    pthread_mutex_lock(&halt->lock);
    atomic_store(bell, true);
    pthread_cond_broadcast(&halt->raised);
    pthread_mutex_unlock(&halt->lock);
}

bool halt_wait_bell(struct halt *halt, int64_t wait_ms, const _Atomic bool *bell)
{
    struct timespec until;
    bool stopping;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&halt->lock);
    while (!halt->stopping && wait_ms > 0 && (bell == NULL || !atomic_load(bell))) {
        if (pthread_cond_timedwait(&halt->raised, &halt->lock, &until) != 0) {
            break;
        }
    }
    stopping = halt->stopping;
    pthread_mutex_unlock(&halt->lock);
    return stopping;
}
