#ifndef BOWEI_INPUT_H
#define BOWEI_INPUT_H

#include "bowei/base/city_clock.h"
#include "bowei/base/err.h"
#include "bowei/bike_report.h"
#include "bowei/inventory.h"
#include "bowei/reading.h"
#include <stddef.h>

/* What the core steps on. Intake gives every input its position and its now under one short lock;
 * readings are in the journal before they are here. */

/** Where an input stands in the history of a state folder; compared as a pair. epoch is the fencing
 * token. */
struct position {
    uint64_t epoch;
    uint64_t seq;
};

static inline int position_compare(struct position a, struct position b)
{
    if (a.epoch != b.epoch) {
        return a.epoch < b.epoch ? -1 : 1;
    }
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}

#define SOURCE_NAME_MAX   20 /**< bytes of a link's name, as settings.def has it */
#define POSITION_SEQ_MOST ((UINT64_C(1) << 48) - 1) /* 9000 years of 1000 inputs a second */

/** False of what no gateway has counted up to: damaged, or written by hand. */
static inline bool position_plausible(struct position at)
{
    return at.epoch <= INT64_MAX && at.seq <= POSITION_SEQ_MOST;
}

enum input_kind {
    INPUT_READING,
    INPUT_COMMAND,      /**< staff or operator request, or a query that only the core can answer */
    INPUT_INVENTORY,    /**< a new snapshot to swap in */
    INPUT_REPORT,       /**< a bike or a listener, see bike_report.h; journalled as a reading is */
    INPUT_SESSION_LOST, /**< a broker forgot our session: of what it would have queued until
                           `since_ms` some may be gone */
    INPUT_KIND_COUNT
};

struct command;

struct input {
    struct position at;
    struct now now;
    uint64_t inventory_version; /**< by which reading.sensor was resolved */
    enum input_kind kind;

    union {
        struct reading reading;
        struct bike_report report;
        struct command *command;           /**< borrowed until it is answered */
        const struct inventory *inventory; /**< taken by the core */

        struct {
            char link[SOURCE_NAME_MAX + 1]; /**< by name: an index would be another link's after a
                                               swap of the inventory */
            int64_t since_ms;               /**< city time of the new session */
        } session_lost;
    };
};

#define REPORTS_MAX 1000 /**< reports of one batch: a scan, or a telemetry request */

/** Where drivers and handlers put their inputs: implemented by keep (intake), handed out by main.
 * Any thread. */
struct intake_port {
    void *ctx;
    /** Positions, journals and queues n readings as one. ERR_OK: kept (they survive kill -9).
     * ERR_DISK_FULL or ERR_IO: not kept, none of them: the caller must not acknowledge. Never
     * blocks on the core. */
    enum err (*readings)(void *ctx, uint64_t inventory_version, const struct reading *readings,
                         size_t n);
    /** The same for reports of bikes and listeners: one scan or batch is kept whole or not at all.
     * ERR_OVERLOADED: n > REPORTS_MAX. */
    enum err (*reports)(void *ctx, uint64_t inventory_version, const struct bike_report *reports,
                        size_t n);
    /** Calls done once everything kept so far is on the disk (from another thread); for requests
     * whose 2xx must be durable. */
    void (*synced)(void *ctx, void (*done)(void *done_ctx, enum err result), void *done_ctx);
    /** Queues a command. ERR_OVERLOADED when the queue is too full; then it is not answered later.
     */
    enum err (*command)(void *ctx, struct command *command);
    /** The broker forgot the session of this link; what was said before since_wall_ms may be lost.
     * Copies the name. ERR_NO_MEMORY: to be told again. */
    enum err (*session_lost)(void *ctx, const char *link, int64_t since_wall_ms);
};

#endif
