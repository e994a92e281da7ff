#ifndef SENSORS_HALT_H
#define SENSORS_HALT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** One stop request that threads can sleep on. Shared by all lines and links of a field. */
struct halt {
    pthread_mutex_t lock; /* leaf lock, rank 9 */
    pthread_cond_t raised;
    bool stopping; /* guarded by lock */
    bool held;     /* the same */
};

/** False: no memory for the lock. */
bool halt_init(struct halt *halt);
void halt_finish(struct halt *halt);
void halt_raise(struct halt *halt);
/** Threads stop at halt_pass until halt_release. Before they start. */
void halt_hold(struct halt *halt);
void halt_release(struct halt *halt);
/** Waits while held; false: a stop was asked for. */
bool halt_pass(struct halt *halt);
/** Sleeps wait_ms (0 = only asks); true as soon as a stop was asked for. */
bool halt_wait(struct halt *halt, int64_t wait_ms);
/** The same, but also ends when *bell is set; that it is set does not make it true. */
bool halt_wait_bell(struct halt *halt, int64_t wait_ms, const _Atomic bool *bell);
/** Sets the bell and wakes its sleeper. Any thread. */
void halt_ring(struct halt *halt, _Atomic bool *bell);

#endif
