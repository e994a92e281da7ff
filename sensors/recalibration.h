#ifndef SENSORS_RECALIBRATION_H
#define SENSORS_RECALIBRATION_H

#include "bowei/config.h"
#include "bowei/recalibration.h"
#include "sensors/halt.h"

/* The lines' side of the desk. */

struct recalibration_queue; /**< of one line */

/** One write to be made. */
struct recalibration_job {
    uint32_t unit;    /**< index in the line's units */
    uint32_t channel; /**< index of the map's channels; 0 of a write for the whole unit */
};

/** Registers a line with the desk; NULL: no memory or no more room. halt_ring(halt) wakes the line
 * when something comes. config and halt must outlive the queue. */
struct recalibration_queue *recalibration_open(struct recalibration_desk *desk,
                                               const struct config *config,
                                               const struct line_config *line, struct halt *halt);
/** The line is over: what waits is given up. NULL does nothing. */
void recalibration_shut(struct recalibration_queue *queue);

/** True while something waits: what halt_wait_bell takes. NULL of NULL. */
const _Atomic bool *recalibration_bell(const struct recalibration_queue *queue);
/** The oldest job that is not too old; false: none. Line thread. */
bool recalibration_take(struct recalibration_queue *queue, struct recalibration_job *job);
/** What became of it. */
void recalibration_end(struct recalibration_queue *queue, const struct recalibration_job *job,
                       enum recalibration_outcome outcome, uint8_t exception);

#endif
