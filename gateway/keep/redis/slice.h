#ifndef GATEWAY_KEEP_REDIS_SLICE_H
#define GATEWAY_KEEP_REDIS_SLICE_H

#include "bowei/event_feed.h"
#include "bowei/redis_store.h"
#include "gateway/keep/redis/keys.h"

/* What the core thread hands to the writer thread: up to SLICE_IMAGES images of one district,
 * complete in themselves, so that the writer needs neither the core nor the inventory to write
 * them. */

enum slice_item_flag {
    ITEM_REMOVED = 1,  /**< the place left the inventory: its key goes */
    ITEM_FREE_ADD = 2, /**< space: enters the geo set of free spaces */
    ITEM_FREE_LEAVE = 4,
    ITEM_CHANGED = 8,      /**< goes on the change list */
    ITEM_INDEX_ADD = 32,   /**< bike, alert, case: enters the index of its district */
    ITEM_INDEX_LEAVE = 64, /**< with ITEM_REMOVED */
    ITEM_KEY_STAYS = 128,  /**< alert, case, with ITEM_REMOVED: its key goes by its own time */
    ITEM_EVENT = 256,      /**< alert: an entry of the operators' logs; its times stay city time */
    ITEM_WRONG_TYPE = 16,  /**< its key holds a foreign type: delete it first (set by the writer) */
};

struct slice_item {
    struct image image; /**< stamps already shifted to wall time */
    struct position_e7 place;
    uint32_t capacity; /**< fence */
    uint32_t
        wrong_logs; /**< event: bit per viewer whose log holds a foreign type (set by the writer) */
    uint8_t use;    /**< fence: enum fence_use */
    uint8_t source_len;
    uint16_t flags;             /**< enum slice_item_flag */
    char source[DEVICE_ID_MAX]; /**< device that decided */
};

enum slice_flag {
    SLICE_LAST = 1,            /**< of its district in this flush: writes `applied` */
    SLICE_REWRITE = 2,         /**< Redis lost data: everything is written again */
    SLICE_FREE_DROP = 4,       /**< the geo set is built anew from here on */
    SLICE_FREE_CHECK = 8,      /**< free_expected is to be compared */
    SLICE_INDEX_BEGIN = 32,    /**< the next indices begin empty */
    SLICE_INDEX_SWAP = 64,     /**< they take the place of the present ones: all is written again */
    SLICE_VEHICLES_NEXT = 128, /**< there are any in them */
    SLICE_ALERTS_NEXT = 256,
    SLICE_CASES_NEXT = 1024,
    SLICE_EVENTS = 512, /**< {city}: events_from is known */
    SLICE_ROWS_AGAIN =
        2048,            /**< rows of the audit from before the last loss are handed over again */
    SLICE_IN_DOUBT = 16, /**< sent once, outcome not known (set by the writer) */
};

/** An entry that its stream refused: an id at least as great is there. */
struct slice_refused {
    uint16_t item;  /**< as struct txn_command: a row, an event, or the entry of changes */
    uint8_t viewer; /**< event: whose log */
};

#define SLICE_REFUSED_MAX 8   /**< streams looked at after one slice */
#define SLICE_ENTRIES     256 /**< at most so many entries of logs in one slice */

struct slice {
    uint64_t number;      /**< +1 per slice of a flush object; the id on the change stream is
                             <epoch>-<number> */
    uint32_t adcode;      /**< ADCODE_CITY for what belongs to no district */
    uint32_t flags;       /**< enum slice_flag */
    uint32_t wrong_keys;  /**< bit per enum redis_key_kind of a foreign type: delete first (set by
                             the writer) */
    uint32_t index_there; /**< with SLICE_LAST: bit per enum redis_key_kind of an index that was
                             there at its end (set by the writer) */
    struct slice_refused refused[SLICE_REFUSED_MAX]; /**< the last one of each stream (by the
                                                        writer) */
    uint8_t refused_count;
    uint8_t mended;         /**< times a stream was mended for it (by the writer) */
    uint32_t free_expected; /**< free spaces of the district after this slice */
    int64_t as_of_ms;       /**< wall time */
    struct position applied;
    uint32_t losses; /**< its events go on from what was known after so many losses */
    struct event_place events_from; /**< events up to here are not handed over again */
    uint32_t entries;               /**< of logs, that its events make */
    uint32_t count;
    struct slice_item items[SLICE_IMAGES];
};

/* --- the writer's side of the hand-over, for flush.c; the lock behind it is never held across I/O
 * --- */

/** What happened since the last call. */
struct slice_news {
    uint64_t confirmed; /**< number of the last confirmed slice */
    bool lost;          /**< Redis lost data (restarted empty, rolled back): write everything */
    uint32_t losses;    /**< how often that was so; the first connection counts */
    bool free_wrong;    /**< the geo set of `adcode` does not hold what it should */
    bool stepped_down;
    uint32_t adcode;
};

/** An empty slice to fill (items undefined), or NULL when all wait for the writer, or it has no
 * epoch yet. Core thread. */
struct slice *redis_writer_slice(struct redis_writer *writer);
/** Hands it over. */
void redis_writer_post(struct redis_writer *writer, struct slice *slice);
/** Takes the news: lost and free_wrong are told once. */
void redis_writer_news(struct redis_writer *writer, struct slice_news *out);
/** Waits until news came in or ms passed. */
void redis_writer_await(struct redis_writer *writer, int ms);
/** Asks for another flush_step soon. */
void redis_writer_wake_core(struct redis_writer *writer);
struct counters *redis_writer_counters(struct redis_writer *writer);

#endif
