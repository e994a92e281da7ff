#ifndef GATEWAY_KEEP_REDIS_WRITER_H
#define GATEWAY_KEEP_REDIS_WRITER_H

#include "gateway/keep/redis/link.h"
#include "gateway/keep/redis/txn.h"
#include <pthread.h>
#include <time.h>

/* The state of the writer thread, shared by writer.c (the thread), writer_connect.c and
 * writer_state.c (parts of it), and handover.c (what the core thread calls). */

#define SLICES   3   /* one in flight, one rendered, one being filled */
#define TEXT_MAX 257 /* the longest text of redis.* in the configuration */

enum slot_state { SLOT_EMPTY, SLOT_FILLING, SLOT_FULL };

/* What this process knows to be confirmed in a district. */
struct seat {
    uint32_t adcode;
    bool written;
    struct position applied;
    uint32_t indices;      /**< bit per enum redis_key_kind of an index that was there last */
    uint32_t indices_left; /**< of those that members have left since: they may be empty now */
};

struct redis_writer {
    struct redis_writer_params params; /* immutable after start */
    char texts[4][TEXT_MAX];           /* what params.redis points to */
    uint32_t reader;                   /* of the inventory board */
    pthread_t thread;
    pthread_mutex_t lock;          /* short: never held across I/O or a callback */
    pthread_cond_t work;           /* the writer waits: a slice, or the end */
    pthread_cond_t told;           /* the core waits, when it drains */
    enum slot_state slots[SLICES]; /* guarded by lock */
    struct slice_news news;        /* guarded by lock */
    bool stopping;                 /* guarded by lock */
    int64_t stop_by_ms;            /* guarded by lock; boottime */
    _Atomic int state;             /* enum redis_state */
    /* writer thread only */
    struct redis_link link;
    char run_id[RUN_ID_MAX];
    bool watched; /* the connection watches watched_adcode and our epoch was there */
    uint32_t watched_adcode;
    struct txn txns[2];
    unsigned txn;         /* the one for the current slice */
    struct event_log log; /* what the operators' logs hold after what is confirmed */
    struct slice *current;
    struct seat *seats; /* of every district that any inventory had */
    size_t seat_count, seat_cap;
    unsigned attempts;
    uint64_t random;
    enum link_fault logged;
    struct slice slices[SLICES]; /* each owned by whom its slot says */
};

/** NULL: the inventory never had the district. */
struct seat *writer_seat(struct redis_writer *w, uint32_t adcode);
/** Seats follow the inventory: new districts get one, the others keep theirs. False: no memory. */
bool writer_seats_update(struct redis_writer *w);
/** After each slice that was written: true when an index is gone that no last member left, so
 * somebody deleted it, or Redis evicted it. */
bool writer_index_vanished(struct redis_writer *w, const struct slice *slice);
/** The monotonic moment `ms` from now, for a wait. */
struct timespec redis_writer_after_ms(int64_t ms);

/* writer_state.c: the writer thread only */

void writer_up(struct redis_writer *w);
/** Closes the connection; w->link.fault says why. */
void writer_down(struct redis_writer *w);
/** Another gateway took epoch `found`: for good. */
void writer_step_down(struct redis_writer *w, uint64_t found);
/** The current slice is in Redis. */
void writer_confirm(struct redis_writer *w);
/** Redis does not hold what we wrote: the core is told to hand over everything again, and what is
 * under way no longer says that all before it was applied. */
void writer_lost(struct redis_writer *w);

/* writer_refused.c: the writer thread only */

/** After a slice whose entries were refused: are they in their streams, or does an entry that
 * nobody of us wrote hide them? *again: a stream was mended, the slice is to be sent once more.
 * False: the connection failed. */
bool writer_refused(struct redis_writer *w, struct slice *slice, bool *again);

/* writer_connect.c: the writer thread only */

/** Connects and examines; false: down or stepped down. */
bool writer_connect(struct redis_writer *w);
/** On every new connection, and when WATCH refused or the epoch was gone. False: down or stepped
 * down. */
bool writer_examine(struct redis_writer *w);

#endif
