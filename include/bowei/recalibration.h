#ifndef BOWEI_RECALIBRATION_H
#define BOWEI_RECALIBRATION_H

#include "bowei/base/counters.h"
#include "bowei/base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* "This space is empty now": the one write that Bowei makes to a polled device. Staff ask for it,
 * the core has decided and the audit row is on the disk before it comes here; the line of the
 * device takes it out of its queue between two polls. It is never repeated: an answer that got lost
 * does not say that the device did nothing. */

enum recalibration_outcome {
    RECALIBRATION_QUEUED,
    RECALIBRATION_DONE,
    RECALIBRATION_REFUSED,    /**< by the device, `exception` says how */
    RECALIBRATION_NO_ANSWER,  /**< or its line was down for too long */
    RECALIBRATION_WRONG_UNIT, /**< another device answers under its number: nothing was written */
    RECALIBRATION_OUTCOME_COUNT
};

/** The newest one of a device's channel. */
struct recalibration {
    int64_t asked_wall_ms;
    int64_t ended_wall_ms; /**< 0 while queued */
    uint8_t outcome;       /**< enum recalibration_outcome */
    uint8_t exception;     /**< Modbus exception, 0 = none */
};

/** Static text: queued, done, refused, no_answer, wrong_unit. */
static inline const char *recalibration_outcome_name(enum recalibration_outcome outcome)
{
    static const char *const names[RECALIBRATION_OUTCOME_COUNT] = {
        [RECALIBRATION_QUEUED] = "queued",         [RECALIBRATION_DONE] = "done",
        [RECALIBRATION_REFUSED] = "refused",       [RECALIBRATION_NO_ANSWER] = "no_answer",
        [RECALIBRATION_WRONG_UNIT] = "wrong_unit",
    };

    return (unsigned)outcome < RECALIBRATION_OUTCOME_COUNT ? names[outcome] : "";
}

#define RECALIBRATION_QUEUE_MAX 256   /**< writes that wait on one line */
#define RECALIBRATION_WAIT_MS   10000 /**< older ones are given up: a car may have come meanwhile */

/** What waits for the lines and what became of it. Own lock, rank 6; any thread. */
struct recalibration_desk;

struct recalibration_desk *recalibration_desk_create(struct counters *counters);
void recalibration_desk_destroy(struct recalibration_desk *desk);

/** May this channel of the device be recalibrated? ERR_CONFLICT: no line of this gateway polls it,
 * or its register map has no such write. ERR_UNPROCESSABLE: it has no such channel. *whole_unit:
 * the write is one for all channels. */
enum err recalibration_check(struct recalibration_desk *desk, const char *device, uint16_t channel,
                             bool *whole_unit, char detail[160]);
/** Queues a write for each of the channels, all or none. Errors as above, and ERR_OVERLOADED. */
enum err recalibration_ask(struct recalibration_desk *desk, const char *device,
                           const uint16_t *channels, uint32_t count, char detail[160]);
/** False: it was never asked for. */
bool recalibration_last(struct recalibration_desk *desk, const char *device, uint16_t channel,
                        struct recalibration *out);

/** The same for who knows no desk; all NULL = nothing can be recalibrated. */
struct recalibration_port {
    void *ctx;
    enum err (*check)(void *ctx, const char *device, uint16_t channel, bool *whole_unit,
                      char detail[160]);
    enum err (*ask)(void *ctx, const char *device, const uint16_t *channels, uint32_t count,
                    char detail[160]);
    bool (*last)(void *ctx, const char *device, uint16_t channel, struct recalibration *out);
};

struct recalibration_port recalibration_port_of(struct recalibration_desk *desk);

#endif
