/* A thread that waits in place of another; see worker.h. */
#include "gateway/delivery/worker.h"
#include <stddef.h>

static void done_put(struct worker *worker, struct job *job)
{
    job->next = worker->done;
    worker->done = job;
}

static struct job *asked_take(struct worker *worker)
{
    struct job *job = worker->first;

    if (job != NULL) {
        worker->first = job->next;
        worker->last = job->next == NULL ? NULL : worker->last;
    }
    return job;
}

static void *worker_run(void *arg)
{
    struct worker *worker = arg;

    pthread_mutex_lock(&worker->lock);
    while (!worker->stopping) {
        struct job *job = asked_take(worker);

        if (job == NULL) {
            pthread_cond_wait(&worker->asked, &worker->lock);
            continue;
        }
        pthread_mutex_unlock(&worker->lock);
        job->run(job);
        pthread_mutex_lock(&worker->lock);
        done_put(worker, job);
        pthread_mutex_unlock(&worker->lock);
        worker->wake(worker->ctx);
        pthread_mutex_lock(&worker->lock);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

enum err worker_start(struct worker *worker, void (*wake)(void *ctx), void *ctx)
{
    *worker = (struct worker){.wake = wake, .ctx = ctx};
    if (pthread_mutex_init(&worker->lock, NULL) != 0) {
        return ERR_NO_MEMORY;
    }
    if (pthread_cond_init(&worker->asked, NULL) != 0) {
        pthread_mutex_destroy(&worker->lock);
        return ERR_NO_MEMORY;
    }
    if (pthread_create(&worker->thread, NULL, worker_run, worker) != 0) {
        pthread_cond_destroy(&worker->asked);
        pthread_mutex_destroy(&worker->lock);
        return ERR_NO_MEMORY;
    }
    worker->running = true;
    return ERR_OK;
}

void worker_stop(struct worker *worker)
{
    if (!worker->running) {
        return;
    }
    pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    pthread_cond_signal(&worker->asked);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    worker->running = false;
    for (struct job *job = asked_take(worker); job != NULL; job = asked_take(worker)) {
        done_put(worker, job);
    }
    pthread_cond_destroy(&worker->asked);
    pthread_mutex_destroy(&worker->lock);
}

void worker_ask(struct worker *worker, struct job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&worker->lock);
    if (worker->last != NULL) {
        worker->last->next = job;
    } else {
        worker->first = job;
    }
    worker->last = job;
    pthread_cond_signal(&worker->asked);
    pthread_mutex_unlock(&worker->lock);
}

struct job *worker_take(struct worker *worker)
{
    struct job **at = &worker->done;
    struct job *job;

    if (worker->running) {
        pthread_mutex_lock(&worker->lock);
    }
    while (*at != NULL && (*at)->next != NULL) {
        at = &(*at)->next;
    }
    job = *at;
    *at = NULL;
    if (worker->running) {
        pthread_mutex_unlock(&worker->lock);
    }
    return job;
}
