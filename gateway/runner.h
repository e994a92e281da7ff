#ifndef GATEWAY_RUNNER_H
#define GATEWAY_RUNNER_H

#include "bowei/alert_ring.h"
#include "bowei/core.h"
#include "bowei/intake.h"
#include "bowei/redis_store.h"
#include "bowei/status.h"

/* The runner: the core thread. It takes inputs, steps the core, and carries the effects out in the
 * order that the promises need: journal (E), then view and change ring, then dirty bits, then the
 * answer. The core itself stays pure. */

struct runner_params {
    struct core *core; /**< taken; already restored */
    struct intake *intake;
    struct journal *journal;
    struct redis_writer *writer;
    struct view *view;
    struct change_ring *changes;
    struct alert_ring *alerts;
    struct inventory_board *board;
    struct counters *counters;
    struct status *status;
    const struct inventory *inventory; /**< taken; what the core was created with */
    struct now start;                  /**< the clock when the core was restored */
    /** A new snapshot is in the core and about to be published. Core thread. NULL = none. */
    void (*swapping)(void *ctx, const struct inventory *former, const struct inventory *next);
    void *swapping_ctx;
    /** Events became durable. Any thread; returns at once. NULL = none. */
    void (*released)(void *ctx);
    void *released_ctx;
};

struct runner;

/** Publishes the whole restored state, then starts the thread. NULL on no memory or thread. */
struct runner *runner_start(const struct runner_params *params);
/** Steps what is queued, flushes for a moment, stops the thread and frees core and inventory. */
void runner_stop(struct runner *runner);
/** Everything up to here is in Redis. Any thread. */
struct position runner_confirmed(struct runner *runner);
/** Version of the inventory in force. Any thread. */
uint64_t runner_inventory_version(struct runner *runner);
/** Boottime of the last turn of the loop, for the watchdog. Any thread. */
int64_t runner_turned_ms(struct runner *runner);
/** Images that Redis held and a start without Redis has not seen; merged between two steps. Copies;
 * waits while the core has many before it. One thread at a time; false: it could not be taken. */
bool runner_late_image(struct runner *runner, const struct image *image);
/** All late images were given. When the core has merged and published them, staff may decide again
 * and the writer writes with `epoch`; events go on behind `newest`, the newest in the operators'
 * logs. */
void runner_late_done(struct runner *runner, uint64_t epoch, struct event_place newest);

#endif
