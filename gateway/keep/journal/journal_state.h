#ifndef GATEWAY_KEEP_JOURNAL_JOURNAL_STATE_H
#define GATEWAY_KEEP_JOURNAL_JOURNAL_STATE_H

#include "gateway/keep/journal/segment.h"
#include <pthread.h>
#include <stdatomic.h>

/* The inside of a journal, shared by journal.c (appending), sync.c (the thread) and trim.c (what
 * may go). Appenders add segments; only the sync thread removes them or closes their files. Lock
 * rank 5, below the intake lock. */

struct segment {
    struct position name;
    struct position last;         /**< highest of any record */
    struct position last_reading; /**< highest R; {0, 0} = none */
    int64_t newest_ms;            /**< city time of its newest record */
    uint64_t bytes;               /**< its good length */
    uint32_t readings;
    int fd;      /**< -1: closed, all of it is synced or was read at start */
    bool dirty;  /**< has bytes that no sync has covered */
    bool closed; /**< nothing may be appended any more */
};

/** A place in the journal. */
struct mark {
    struct position segment;
    uint64_t offset;
};

struct waiter {
    journal_synced done;
    void *ctx;
};

struct journal {
    struct journal *self; /**< for queries through a const pointer, which take the lock */
    char *folder;         /* these six: immutable after open */
    int folder_fd;
    struct counters *counters;
    const struct journal_disk *disk;
    uint64_t limit_bytes, reserve_bytes;
    uint32_t sync_ms, keep_ms;
    _Atomic uint64_t bytes;
    _Atomic bool full;     /**< the reserve was given away: readings are refused */
    _Atomic bool refusing; /**< the last append was refused by the disk */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct segment *segments;
    size_t segment_count, segment_cap;
    struct position appended, durable;
    struct waiter *waiters;
    size_t waiter_count, waiter_cap;
    bool folder_dirty, reserve_there, stop;
    bool lost; /**< records came into a file that then could not be synced, nor written anew */
    struct position confirmed, superseded;
    struct mark round;            /**< first C image since the last journal_supersede */
    struct mark superseded_round; /**< that of the last journal_supersede: older C images go */
    bool round_open;
    int64_t trim_ms; /**< city time of the last journal_trim */
    bool trim_due, supersede_due;
    bool supersede_ready; /**< the images that supersede are in the running pass */
    uint8_t *batch;       /**< where appends are encoded */
    size_t batch_cap;
};

/** What a batch of records adds to its segment. */
struct batch_sum {
    struct position last, last_reading;
    int64_t newest_ms;
    uint32_t readings, records;
    bool effect; /**< may use the reserve */
    bool image;  /**< has C images */
};

/** The segment that is appended to, or NULL. Lock held. */
struct segment *journal_current_locked(struct journal *journal);
/** NULL when it is gone. Lock held. */
struct segment *journal_segment_locked(struct journal *journal, struct position name);
void batch_sum_add(struct batch_sum *sum, enum record_type type, struct position at, int64_t at_ms);
/** Makes or releases the reserve. Lock held. */
void journal_reserve_make_locked(struct journal *journal);
bool journal_reserve_release_locked(struct journal *journal);
/** Body of the sync thread. */
void *journal_sync_thread(void *ctx);
/** Removes what is confirmed or superseded, after a pass; a pass that failed only drops the wish.
 * Sync thread. */
void journal_trim_run(struct journal *journal, bool synced);
/** Writes `len` bytes to a new file that takes `name`; its descriptor or -1. */
int journal_replace(struct journal *journal, const char *name, const uint8_t *data, size_t len);

#endif
