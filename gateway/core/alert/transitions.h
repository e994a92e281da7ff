#ifndef GATEWAY_CORE_ALERT_TRANSITIONS_H
#define GATEWAY_CORE_ALERT_TRANSITIONS_H

#include "bowei/fleet.h"

/* The life of an episode as one table: in which state which event, by whom, leads where. What is
 * not listed is refused. Pure. */

enum alert_role { BY_MACHINE = 1, BY_OPERATOR = 2, BY_STAFF = 4 };

struct alert_transition {
    enum alert_state from;
    enum alert_event event;
    unsigned roles; /**< enum alert_role bits */
    enum alert_state to;
    enum alert_cause cause; /**< CAUSE_NONE = the episode goes on */
};

/** The row, or NULL: not allowed in this state. */
const struct alert_transition *alert_transition_find(enum alert_state from, enum alert_event event);
/** All rows, for documentation and tests. */
const struct alert_transition *alert_transitions(size_t *count);

/** Moves the episode by one event. ERR_OK; ERR_CONFLICT: not in this state; ERR_FORBIDDEN: not this
 * role. Sets state, cause, times, version; nothing when refused. */
enum err alert_move(struct alert_image *alert, enum alert_event event, enum alert_role role,
                    const struct fleet_rules *rules, int64_t now_ms);
/** Starts the clocks of its kind, at its opening and when it is found again, with the kind's
 * severity. */
void alert_clocks_begin(struct alert_image *alert, const struct fleet_rules *rules, int64_t now_ms);
/** Did somebody say that it is cleared while it was seen to be wrong? It is looked at again. */
bool alert_is_doubted(const struct alert_image *alert);
/** City time at which the machine has something to do about it; INT64_MAX = nothing. */
int64_t alert_due_ms(const struct alert_image *alert, const struct fleet_rules *rules);

#endif
