#ifndef BOWEI_RECOVER_H
#define BOWEI_RECOVER_H

#include "bowei/redis_store.h"
#include "bowei/state_folder.h"

/* Start: what was known before the process ended (ARCHITECTURE, "What survives what"). The one
 * place that knows both the journal and Redis. Images of both go to `restore` (the core keeps the
 * newest position per root or entity), then the readings of the journal to `replay`, in order, with
 * their recorded now, resolved by the present inventory. */

#define RECOVER_REDIS_MS 2000 /**< how long a start waits for Redis */
/** And for all that it holds: what takes longer (a million spaces take seconds) comes late, as from
 * a Redis that was away. */
#define RECOVER_LOAD_MS 20000

/** Where the recovered goes; called from recover_run's thread. Images and inputs are borrowed for
 * the call. */
struct recover_calls {
    void *ctx;
    void (*restore)(void *ctx, const struct image *image);
    void (*replay)(void *ctx, const struct input *input);
};

struct recover_params {
    struct state_folder *state;
    const struct redis_params *redis; /**< NULL = there is none */
    const struct inventory *inventory;
    struct counters *counters;
    int64_t wall_ms; /**< wall clock at start */
};

struct recovery {
    uint64_t epoch;    /**< ours from now on; in the state folder, and in Redis when redis_read or
                          epoch_taken; else at least the wall clock's seconds, as nobody could be
                          asked for the greatest one */
    uint64_t next_seq; /**< above everything seen */
    struct position newest;   /**< the newest position seen */
    struct position oldest;   /**< the first reading or effect of the journal, 0 = it has none */
    int64_t high_water_ms;    /**< newest city time seen anywhere, 0 = none: intake's at_least_ms */
    bool epoch_taken;         /**< Redis knows the epoch */
    bool redis_read;          /**< all of Redis was read; else call recover_late when it is there */
    struct event_place event; /**< the newest that the operators' logs in Redis hold, when
                                 redis_read: for core_events_after */
    bool clock_suspect;       /**< the wall clock is behind high_water_ms: for core_restored */
    uint64_t images, replayed, skipped;
    int64_t redis_ms, journal_ms; /**< how long reading each took */
};

/** Takes an epoch, merges and replays. The journal must be open already (it cuts torn tails).
 * ERR_NEWER_SCHEMA; ERR_IO, ERR_DISK_FULL when the epoch cannot be written; Redis away is no error.
 */
enum err recover_run(const struct recover_params *params, const struct recover_calls *calls,
                     struct recovery *out) MUST_CHECK;
/** Redis came later than the start: takes an epoch above `recovery->epoch` and hands its images to
 * `restore` (any thread but the core's; the callee queues them for the core). On ERR_OK recovery
 * has the new epoch, for intake_set_epoch and the writer. ERR_UNAVAILABLE: not there yet; images
 * given so far do no harm. */
enum err recover_late(const struct recover_params *params, const struct recover_calls *calls,
                      struct recovery *recovery) MUST_CHECK;

/* The parts of recover_run, for tests. Suspects decide how readings counted, so they are replayed
 * between them: those of Redis that are older than the journal go before the readings, the others
 * (which the journal has too) behind. */

struct held_suspects {
    struct image
        images[1000]; /**< of Redis; more than that many go first, as far as they are known */
    size_t count;
};

/** Hands an image of Redis to restore, or keeps it for recover_suspects. */
void recover_redis_image(const struct recover_calls *calls, const struct recovery *recovery,
                         struct held_suspects *held, const struct image *image);
/** After recover_readings. */
void recover_suspects(const struct recover_calls *calls, const struct held_suspects *held);

/** Images and effects of the journal but suspects; raises out->newest, high_water_ms, images. */
enum err recover_images(const char *journal, const struct recover_calls *calls,
                        struct recovery *out) MUST_CHECK;
/** Readings and suspects of the journal, in order; raises the same and replayed, skipped (no longer
 * bound to that place). */
enum err recover_readings(const char *journal, const struct inventory *inventory,
                          const struct recover_calls *calls, struct recovery *out) MUST_CHECK;

#endif
