#ifndef API_SENDOFF_H
#define API_SENDOFF_H

#include "bowei/base/counters.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Sends off the answers that wait corked in their sockets. Handing an answer to a reader on the
 * same machine costs the kernel as much as its making, so where answers are dear to make a second
 * thread sends off some of them (docs/decisions/0015-sendoff.md). */

#define SENDOFF_MAX 32u /**< answers of one batch */

struct sendoff {
    _Atomic uint64_t batch;       /**< the helper's: number, how many it has, which is next */
    _Atomic int fds[SENDOFF_MAX]; /**< of the batch */
    sem_t work;                   /**< raised for each batch that is the helper's */
    pthread_t thread;
    bool helped; /**< there is a helper */
    _Atomic bool over;
    struct counters *counters;
    /* HTTP thread only: */
    int64_t began_ns;              /**< since when answers are being made */
    int64_t making_ns, sending_ns; /**< since the last judgement, ... */
    uint32_t made, sent;           /**< ... of so many answers */
    bool shared;                   /**< the judgement: the helper is worth its waking */
    bool turn;                     /**< the last that might be the helper's was */
};

/** Starts the helper where there are two processors at least; without it, or when it cannot be
 * made, all is done by who calls. What it sends off is counted (HTTP_SENT_BY_HELPER). */
void sendoff_start(struct sendoff *s, struct counters *counters);
/** Ends the helper. */
void sendoff_stop(struct sendoff *s);
/** Answers are about to be made; so they are after sendoff_run, too. HTTP thread. */
void sendoff_begin(struct sendoff *s);
/** For how long they are. HTTP thread. */
int64_t sendoff_age_us(const struct sendoff *s);
/** All of these sockets (count <= SENDOFF_MAX) are sent off, or will be by the helper in a moment:
 * only where `more` requests wait already, so that this thread has other work. `made` answers were
 * made since they began to be. A socket may be closed meanwhile. HTTP thread. */
void sendoff_run(struct sendoff *s, const int *fds, uint32_t count, uint32_t made, bool more);
/** Sends off what the helper has not come to: before this thread sleeps. HTTP thread. */
void sendoff_rest(struct sendoff *s);

#endif
