#ifndef GATEWAY_CORE_CASE_TRANSITIONS_H
#define GATEWAY_CORE_CASE_TRANSITIONS_H

#include "bowei/case_request.h"
#include <stddef.h>

/* The one table of the casebook: in which status and stage which event is taken, from whom, under
 * which guards, and where it leads. What is not listed is refused. Documents and tests read it. */

/* clang-format off: a table is included */
/** Bits of case_transition.guards; each has one function and one sentence in guards.c. */
enum case_guard {
    GUARD_NOTE = 1 << 0,           /**< a reason is said */
    GUARD_EVIDENCE = 1 << 1,       /**< the move carries a reference to evidence */
    GUARD_FEATURE = 1 << 2,        /**< a feature that a site check saw */
    GUARD_UNIT = 1 << 3,           /**< dispatch: a unit (定人) */
    GUARD_PERSON = 1 << 4,         /**< dispatch: a person (定人) */
    GUARD_DUTY = 1 << 5,           /**< dispatch: what is to be done (定责) */
    GUARD_DEADLINE = 1 << 6,       /**< dispatch: a deadline to come (定时) */
    GUARD_SCORE = 1 << 7,          /**< dispatch: effect on the assessment (定奖惩) */
    GUARD_OTHER_UNIT = 1 << 8,     /**< transfer, assist: not the unit that leads it */
    GUARD_ASSIST_ROOM = 1 << 9,    /**< not asked yet, and room for one more helper */
    GUARD_ASSISTING = 1 << 10,     /**< a unit that was asked to help */
    GUARD_EXTENSION = 1 << 11,     /**< a later deadline, asked before the present one passed */
    GUARD_DOCUMENT = 1 << 12,      /**< number of the notice, decision, claim or disposal */
    GUARD_CHANNEL = 1 << 13,       /**< how the notice was given */
    GUARD_NOTICE_TIME = 1 << 14,   /**< not shorter than the rules want */
    GUARD_STAGE_OVER = 1 << 15,    /**< the notice, claim or announcement has run out */
    GUARD_NOT_CONFIRMER = 1 << 16, /**< who authorises a move is not who confirmed */
    GUARD_NOT_QUIET = 1 << 17,     /**< no night, no holiday, or an emergency with a reason */
    GUARD_NOT_HANDLER = 1 << 18,   /**< who verifies is not who handled */
    GUARD_PROOF = 1 << 19,         /**< evidence of the end is there, or comes with the move */
    GUARD_OTHER_CASE = 1 << 20,    /**< merge: another open case of the same kind */
    GUARD_RATING = 1 << 21,        /**< 1 to 5, not rated yet */
    GUARD_AWAITED = 1 << 22,       /**< the unit has not reported in yet */
    GUARD_LED = 1 << 23,           /**< a unit leads it: it was confirmed and dispatched */
    GUARD_COUNT_ = 24
};

/* clang-format on */

#define CASE_STAYS   0xff /* the status or stage is kept */
#define CASE_RETURNS 0xfe /* the status it had before it was suspended */

struct case_transition {
    uint32_t statuses, stages; /**< bit masks */
    enum case_event event;
    uint8_t roles; /**< bits of enum case_role */
    uint32_t guards;
    uint8_t to_status, to_stage; /**< or CASE_STAYS, CASE_RETURNS */
};

/** NULL: in this status and stage the event is not taken, from nobody. */
const struct case_transition *case_transition_find(enum case_status status, enum case_stage stage,
                                                   enum case_event event);
const struct case_transition *case_transitions(size_t *count);

/** One event that is asked of one case. */
struct case_deed {
    const struct case_image *case_;
    const struct case_move *move;
    const struct case_rules *rules; /**< with a calendar */
    const struct case_image *other; /**< MERGE: NULL = there is none */
    const struct inventory *inv;
    const char *actor; /**< "" = the machine */
    enum case_role role;
    int64_t now_ms, shift_ms;
};

/** ERR_CONFLICT: not in this status; ERR_FORBIDDEN: not by this role; else what the first guard
 * that does not hold says. detail names field, value and what is allowed. */
enum err case_transition_check(const struct case_deed *deed, const struct case_transition **row,
                               char detail[160]);
/** Is what a move says of evidence complete, and are its features known? ERR_UNPROCESSABLE */
enum err case_evidence_check(const struct case_move *move, char detail[160]);

#endif
