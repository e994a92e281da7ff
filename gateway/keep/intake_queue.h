#ifndef GATEWAY_KEEP_INTAKE_QUEUE_H
#define GATEWAY_KEEP_INTAKE_QUEUE_H

#include "bowei/intake.h"
#include "bowei/journal_cursor.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* The queue between intake.c (the door: drivers and handlers put in) and intake_take.c (the core
 * thread takes out). */

struct intake {
    struct intake *self; /**< for queries through a const pointer, which take the lock */
    struct journal *journal;
    struct counters *counters;
    _Atomic uint64_t lag;
    _Atomic bool blocked; /**< see intake_blocked */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool woken, waiting;
    struct city_clock clock;
    struct position next;
    struct input *ring;
    uint64_t head, tail; /**< inputs put in and taken out since it was last empty */
    bool lagging;
    struct position missed; /**< the newest reading that only the journal has */
    uint64_t missed_count;
    struct input *side;
    size_t side_count, side_cap;
    struct position newest; /**< of those given out */
    /* core thread only */
    bool streaming; /**< the last take gave something */
    struct journal_cursor *cursor;
    struct input *peeked; /**< a reading read ahead; inside `peek` or NULL */
    struct input peek;
    struct position read;   /**< the newest input that the ring or the journal gave */
    struct now given;       /**< the newest now given out */
    int64_t stuck_since_ms; /**< boottime since when missed readings are not found, 0 = they are */
    uint64_t lost;          /**< see intake_lost */
};

/** City time; counts when the host's clock was set. With the lock held. */
struct now intake_now_locked(struct intake *in);
/** Notes what waits now, for intake_lag. With the lock held. */
void intake_lag_locked(struct intake *in);

#endif
