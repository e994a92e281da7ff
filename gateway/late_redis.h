#ifndef GATEWAY_LATE_REDIS_H
#define GATEWAY_LATE_REDIS_H

#include "bowei/recover.h"
#include "gateway/runner.h"
#include <pthread.h>

/* A Redis that was away at the start: asked for again and again by a thread of its own, read when
 * it is there, its images handed to the core. Main goes on turning meanwhile: a million spaces take
 * seconds, and a signal or the watchdog waits for nobody. */

struct late_redis {
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* held for the wait between two tries only; nothing is taken under it */
    pthread_cond_t halted;
    _Atomic bool halt, done;
    struct redis_params redis;
    struct recover_params params;
    struct recovery *recovery; /**< the thread's until done */
    struct runner *runner;
    bool refused; /* an image could not be handed to the core: all is read once more */
};

/** Starts the thread. `params` but its redis are borrowed, and so are recovery and runner, until
 * late_redis_stop. False: no thread, to be tried again. */
bool late_redis_start(struct late_redis *late, const struct recover_params *params,
                      struct recovery *recovery, struct runner *runner);
/** True once: all was read, recovery holds the epoch. */
bool late_redis_done(struct late_redis *late);
/** Gives up what is under way; waits for the batch being read. Before runner_stop. */
void late_redis_stop(struct late_redis *late);

#endif
