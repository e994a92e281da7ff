#ifndef BOWEI_CASE_IMAGE_H
#define BOWEI_CASE_IMAGE_H

#include "bowei/bike.h"
#include "bowei/case.h"
#include "bowei/command.h"

/* A case as it is kept: the present state, and one row of its history. */

enum case_flag {
    CASE_IS_OVERDUE = 1,   /**< due_ms has passed before it was fed back */
    CASE_IS_RECURRING = 2, /**< same place and kind within 30 days of a closing: see `former` */
    CASE_IS_EMERGENCY = 4, /**< moved at night or on a holiday, with a reason */
    CASE_IS_GONE = 8,      /**< zombies: the vehicle is seen to have left */
    CASE_IS_MERGED = 16,   /**< see `merged_into` */
    CASE_HAS_PROOF = 32,   /**< evidence came with its feedback or later: it may be closed */
};

#define CASE_ASSISTS_MAX  4
#define CASE_NOTE_MAX     240
#define CASE_DUTY_MAX     120
#define CASE_URI_MAX      200
#define CASE_DOCUMENT_MAX 48

/** A unit that helps the lead (会办). */
struct case_assist {
    char unit[UNIT_CODE_MAX + 1];
    uint8_t fed_back;
};

/** The present state. Times are city time, 0 = not (yet). */
struct case_image {
    case_id id;
    uint64_t receipt; /**< random, of a resident's report: what the public may look up; 0 = none */
    uint8_t kind, status, stage, source;
    uint8_t flags;     /**< enum case_flag */
    uint8_t reasons;   /**< bits of enum zombie_reason */
    uint8_t features;  /**< bits of enum case_feature, seen by site checks */
    uint8_t severity;  /**< 1 to 3 */
    uint8_t escalated; /**< 0, then how often */
    uint8_t rating;    /**< 1 to 5; 0 = none */
    uint8_t rework_count;
    uint8_t suspended_from; /**< enum case_status it goes back to */
    uint32_t version;       /**< +1 with every change, rows included */
    uint16_t row_count;     /**< of the history */
    uint16_t evidence_count;
    space_key place;                   /**< space, fence, lot; 0 = only a position */
    char vehicle[VEHICLE_REF_MAX + 1]; /**< shared bikes only; never a plate */
    struct position_e7 at;
    uint64_t grid;
    char unit[UNIT_CODE_MAX + 1];     /**< lead; "" = nobody yet: an orphan once filed */
    char person[PERSON_CODE_MAX + 1]; /**< 定人 */
    char duty[CASE_DUTY_MAX + 1];     /**< 定责: what is to be done */
    int16_t score_hundredths;         /**< 定奖惩 */
    uint8_t route_rule; /**< enum route_rule of a dispatch by the machine; else ROUTE_NONE */
    uint8_t assist_count;
    struct case_assist assists[CASE_ASSISTS_MAX];
    char confirmer[COMMAND_ACTOR_MAX]; /**< who confirmed on site */
    char handler[COMMAND_ACTOR_MAX];   /**< who handled last (feedback, impound, claim, dispose) */
    case_id former;                    /**< of a recurrence */
    case_id merged_into;
    int64_t reported_ms, filed_ms, dispatched_ms, checked_in_ms, fed_back_ms, closed_ms, changed_ms;
    int64_t due_check_in_ms; /**< whistle: the unit must have reported in */
    int64_t due_ms;          /**< 定时: must be fed back by then */
    int64_t stage_due_ms;    /**< zombies: notice, claim or announcement ends; 0 = no clock runs */
    int64_t paused_ms;       /**< since when the clocks stand, 0 = they run */
    int64_t paused_total_ms;
    int64_t since_ms; /**< zombies: the vehicle stands, or is silent, since */
    uint32_t gap_s;   /**< of which not known */
};

/** Filed, and nobody has it: the sweep for orphans lists it. */
static inline bool case_is_orphan(const struct case_image *image)
{
    return (image->status == STATUS_FILED || image->status == STATUS_RETURNED) &&
           image->unit[0] == '\0';
}

/** What of its clocks runs out first, city time; 0 = none runs, or they stand. */
int64_t case_due_next(const struct case_image *c);

/** One row of the history; never changes. */
struct case_row_image {
    case_id id;
    uint16_t number;       /**< 1 ... */
    uint8_t event, role;   /**< enum case_event, enum case_role */
    uint8_t status, stage; /**< behind the event */
    uint8_t features;
    uint8_t emergency;
    int64_t at_ms;
    char actor[COMMAND_ACTOR_MAX]; /**< "" = the machine */
    char unit[UNIT_CODE_MAX + 1];  /**< of DISPATCH, TRANSFER, ASSIST, RETURN: the other side */
    char note[CASE_NOTE_MAX + 1];
    char document[CASE_DOCUMENT_MAX + 1]; /**< number of a notice, decision, claim or disposal */
    char channel[16];                     /**< of a notice: sticker, call, operator, web */
    int64_t until_ms;                     /**< new deadline, 0 = none */
    /* evidence: a reference, never the picture itself; uri "" = none */
    char uri[CASE_URI_MAX + 1];
    uint8_t sha256[32];
    int64_t taken_ms;            /**< wall clock, as its device says */
    char device[32];             /**< what took it */
    struct position_e7 taken_at; /**< 0,0 = not said */
};

#endif
