#ifndef BOWEI_REDIS_STORE_H
#define BOWEI_REDIS_STORE_H

#include "bowei/base/counters.h"
#include "bowei/event_feed.h"
#include "bowei/image.h"

/* Redis: the system of record that other systems read and that a restart loads
 * (DATA_FORMAT, "Redis"). The writer is one thread with one blocking hiredis context; the core
 * thread feeds it slices of images. */

#define REDIS_SCHEMA 2 /* 2: an episode's change has a number, operators' logs; 1 is read */
#define SLICE_IMAGES 256

struct redis_params {
    const char *socket; /**< unix socket path, or NULL */
    const char *host;   /**< IP literal when no socket */
    uint16_t port;
    const char *username, *password; /**< NULL = none */
    uint32_t timeout_ms;
    const _Atomic bool *halt; /**< all gives up soon after it turned true; NULL = never */
    int64_t until_boot_ms;    /**< and at this moment; 0 = never */
};

/* --- the core's side: what is dirty, and handing it over --- */

/** What a look into the journal gave. */
enum event_found {
    EVENT_FOUND,
    EVENT_SEARCHING, /**< looked through so much and found none yet: ask again */
    EVENT_NO_MORE    /**< everything journalled so far was given */
};

/** Where the writer gets images from; called on the core thread only. */
struct image_source {
    void *ctx;
    void (*space)(void *ctx, uint32_t slot, struct image *out);
    void (*lot)(void *ctx, uint32_t lot, struct image *out);
    bool (*override)(void *ctx, space_key key, struct image *out);
    bool (*suspect)(void *ctx, uint32_t device, struct image *out);
    void (*fence)(void *ctx, uint32_t fence, struct image *out);
    /** False: no bike has this slot any more. */
    bool (*bike)(void *ctx, uint32_t slot, struct image *out);
    /** False: the episode was dropped; its key goes by its own time. */
    bool (*alert)(void *ctx, uint32_t slot, struct image *out);
    bool (*mute)(void *ctx, uint32_t index, struct image *out);
    /** All slots of bikes, alerts, mutes are below: for writing everything again. */
    void (*slots)(void *ctx, uint32_t *bikes, uint32_t *alerts, uint32_t *mutes);
    /** A hint that these spaces are asked for next; NULL: not wanted. */
    void (*expect)(void *ctx, const uint32_t *slots, size_t n);
    /** The next change of an episode that the journal holds, in order; `first`: from its beginning.
     * NULL: there is no journal. */
    enum event_found (*event)(void *ctx, bool first, struct image *out);
    struct event_place (*newest_event)(void *ctx); /**< with `event`: of all there were */
    /** As `event`, for rows of the audit. */
    enum event_found (*row)(void *ctx, bool first, struct image *out);
    /** The same for cases, rows of their histories, interrupted stays. NULL: there are none. */
    bool (*case_)(void *ctx, uint32_t slot, struct image *out);
    bool (*case_row)(void *ctx, uint32_t slot, struct image *out);
    bool (*stay)(void *ctx, uint32_t index, struct image *out);
    void (*case_slots)(void *ctx, uint32_t *cases, uint32_t *rows, uint32_t *stays);
};

struct flush; /**< dirty bits, the flush under way, the queue of kept images; core thread */
struct redis_writer;

struct flush *flush_create(struct redis_writer *writer, const struct image_source *source);
void flush_destroy(struct flush *flush);
/** Room for the slots of a snapshot, which is borrowed until the next call; the former one must
 * still be there during the call. Everything is looked at again, only what differs is written. */
enum err flush_reserve(struct flush *flush, const struct inventory *inv) MUST_CHECK;

/** DIRTY_FENCE by fence index, DIRTY_BIKE by slot (grows as bikes come). A bike that is gone has
 * its key taken out of Redis. */
enum dirty_kind {
    DIRTY_SPACE,
    DIRTY_LOT,
    DIRTY_FENCE,
    DIRTY_BIKE,
    DIRTY_ALERT,
    DIRTY_MUTE,
    DIRTY_CASE,
    DIRTY_CASE_ROW,
    DIRTY_STAY
};

void flush_mark(struct flush *flush, enum dirty_kind kind, uint32_t index);
/** A kept image (E) that must reach Redis, after it was journalled. Rows of the audit that find no
 * room are read back out of the journal, as events are. ERR_NO_MEMORY, ERR_NOT_FOUND (its place
 * left the inventory); ERR_OVERLOADED: too many rows wait, and there is no journal. */
enum err flush_keep(struct flush *flush, const struct image *image) MUST_CHECK;
/** An event (a kept image of an episode) for the logs of the operators that may see it, in order,
 * after it was journalled. Never refused: what finds no room is read back out of the journal, and
 * until then nothing is confirmed. */
void flush_event(struct flush *flush, const struct image *image);
/** Called by the core thread after each batch: begins a flush when the last is confirmed and
 * something is dirty, or fills the next slice when the writer waits for one. Cheap when there is
 * nothing to do. `newest` = position of the last input stepped; `at_ms` for meta.as_of. */
void flush_step(struct flush *flush, struct position newest, int64_t at_ms, int64_t shift_ms);
/** Everything up to here is in Redis for good (S of the last confirmed flush). */
struct position flush_confirmed(const struct flush *flush);
/** Marks every root dirty (Redis lost data). */
void flush_all(struct flush *flush);
/** Roots, kept images and events waiting. */
uint64_t flush_pending(const struct flush *flush);
/** Before redis_writer_stop: flushes until nothing waits and all is confirmed, for at most
 * drain_ms. Core thread. */
bool flush_drain(struct flush *flush, struct position newest, struct now now, int drain_ms);

/* --- the writer thread --- */

enum redis_state { REDIS_DOWN, REDIS_UP, REDIS_STEPPED_DOWN };

struct redis_writer_params {
    struct redis_params redis;
    struct counters *counters;
    struct inventory_board *board; /**< for districts and IDs of slots */
    int64_t log_keep_ms;           /**< entries of the operators' logs are kept for so long */
    uint64_t epoch; /**< ours; a greater one in Redis means step down. 0 = write nothing until
                       set_epoch */
    void (*wake_core)(void *ctx); /**< the writer wants a slice or confirmed one */
    void (*stepped_down)(void *ctx);
    void *ctx;
};

struct redis_writer *redis_writer_start(const struct redis_writer_params *params);
/** Writes the slices already handed over (2 s at most), then stops and frees. First flush_drain on
 * the core thread; flush_destroy may come before or after. */
void redis_writer_stop(struct redis_writer *writer);
/** The epoch to write with, once a start without Redis has read and merged what Redis held. Any
 * thread, once. */
void redis_writer_set_epoch(struct redis_writer *writer, uint64_t epoch);
enum redis_state redis_writer_state(const struct redis_writer *writer);

/* --- start --- */

/** Takes the epoch in every district (max found, at_least) + 1 ... and returns it. ERR_UNAVAILABLE
 * when Redis cannot be reached within timeout_ms; ERR_NEWER_SCHEMA. */
enum err redis_take_epoch(const struct redis_params *redis, const struct inventory *inv,
                          uint64_t at_least, uint64_t *epoch) MUST_CHECK;
/** Loads the images of everything in the inventory, pipelined. *newest = highest position seen,
 * *high_water_ms = highest as_of. */
enum err redis_load(const struct redis_params *redis, const struct inventory *inv,
                    void (*each)(void *ctx, const struct image *image), void *ctx,
                    struct position *newest, int64_t *high_water_ms) MUST_CHECK;

#endif
