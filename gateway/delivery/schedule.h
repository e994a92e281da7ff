#ifndef GATEWAY_DELIVERY_SCHEDULE_H
#define GATEWAY_DELIVERY_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* When a failed delivery is tried again, and what an answer means. */

#define SCHEDULE_MAX 20
#define SCHEDULE_JITTER_PCT                                                                        \
    20 /**< at most so much is added, so that receivers are not hit at once */
#define SCHEDULE_WAIT_MAX_S 86400 /**< a longer Retry-After is cut to this */
#define SCHEDULE_REFUSALS   3     /**< attempts of an event that the receiver refuses by 4xx */

/** Pauses before the attempts of one event; the first is before the first. */
struct schedule {
    uint32_t count;
    uint32_t pause_s[SCHEDULE_MAX];
};

/** "0,5,300"; false when it is not 1 to SCHEDULE_MAX whole seconds up to 604800. */
bool schedule_parse(const char *text, struct schedule *out);
/** How long to wait after `failures` (1 or more) failed attempts: the pause before the next one,
 * the last one for ever after, with jitter, but not less than retry_after_s. random: any number. */
int64_t schedule_wait_ms(const struct schedule *schedule, uint32_t failures, int64_t retry_after_s,
                         uint32_t random);

/** What an attempt was. */
enum outcome {
    OUTCOME_DELIVERED, /**< 2xx */
    OUTCOME_RECEIVER,  /**< the receiver as a whole: it stays at its event and tries again */
    OUTCOME_EVENT,     /**< it does not want this very event: a few tries, then a dead letter */
    OUTCOME_GONE,      /**< 410: it wants nothing any more */
    OUTCOME_COUNT
};

/** By the status of a complete answer. */
enum outcome outcome_of(long status);
const char *outcome_name(enum outcome outcome); /**< "delivered", "failed", "refused", "gone" */

#endif
