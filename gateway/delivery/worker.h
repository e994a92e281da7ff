#ifndef GATEWAY_DELIVERY_WORKER_H
#define GATEWAY_DELIVERY_WORKER_H

#include "bowei/base/err.h"
#include <pthread.h>
#include <stdbool.h>

/* A thread that waits in place of another: for a disk or for Redis. Jobs run in their order; what
 * is done is collected by the thread that asked. */

struct job {
    void (*run)(struct job *job); /**< on the worker's thread; may wait */
    struct job *next;
};

struct worker {
    pthread_t thread;
    pthread_mutex_t lock; /**< alone: nothing is taken under it */
    pthread_cond_t asked;
    struct job *first, *last; /**< guarded: to be run */
    struct job *done;         /**< guarded: newest first */
    bool stopping;            /**< guarded */
    bool running;             /**< the thread is there */
    void (*wake)(void *ctx);  /**< something is done; any thread, returns at once */
    void *ctx;
};

enum err worker_start(struct worker *worker, void (*wake)(void *ctx), void *ctx) MUST_CHECK;
/** The job under way ends, those behind it do not begin; worker_take gives all of them back. */
void worker_stop(struct worker *worker);
void worker_ask(struct worker *worker, struct job *job);
/** One job that is done, oldest first; NULL = none. */
struct job *worker_take(struct worker *worker);

#endif
