#ifndef BOWEI_CASE_REQUEST_H
#define BOWEI_CASE_REQUEST_H

#include "bowei/case_image.h"
#include "bowei/case_rules.h"

/* What is asked of the casebook; hangs on a struct command. Owned by the caller until answered. */

/** What one event says beside its kind; unused texts "". */
struct case_move {
    enum case_event event;
    uint32_t version; /**< only when it is at this version; 0 = any (machines) */
    char unit[UNIT_CODE_MAX + 1];
    char person[PERSON_CODE_MAX + 1];
    char duty[CASE_DUTY_MAX + 1];
    char note[CASE_NOTE_MAX + 1];
    char document[CASE_DOCUMENT_MAX + 1];
    char channel[16];
    bool has_score;
    int16_t score_hundredths;
    int64_t until_ms; /**< city time; deadline of DISPATCH, NOTICE, EXTEND */
    uint8_t features, rating;
    bool emergency;
    case_id other; /**< MERGE: into this one */
    char uri[CASE_URI_MAX + 1];
    uint8_t sha256[32];
    int64_t taken_ms;
    char device[32];
    struct position_e7 taken_at;
};

enum case_order { CASES_NEWEST, CASES_DUE_NEXT };

/** Filter of a page; 0 and "" = all. */
struct case_filter {
    uint32_t statuses, kinds, stages, sources; /**< bit masks */
    uint32_t adcode;
    char unit[UNIT_CODE_MAX + 1], person[PERSON_CODE_MAX + 1];
    char vehicle[VEHICLE_REF_MAX + 1];
    space_key place;
    uint64_t grid;
    bool open, overdue, orphan, recurring;
    int64_t from_ms, until_ms; /**< reported within */
};

struct case_figures;

/** Of COMMAND_CASES, COMMAND_CASE_OPEN, COMMAND_CASE_MOVE; owned by the caller until answered. */
struct case_request {
    /* COMMAND_CASES */
    struct case_filter filter;
    enum case_order order;
    case_id id;       /**< only this one, with its rows; 0 = a page. ERR_NOT_FOUND */
    uint64_t receipt; /**< only the one of this receipt; 0 = all */
    int64_t from_key; /**< go on behind (key, id): reported_ms or due, as the order says */
    case_id from_id;
    struct case_image *cases; /**< room for `limit` */
    uint32_t limit, case_count;
    bool more;
    struct case_row_image *rows; /**< room for CASE_ROWS_MAX; NULL = not wanted */
    uint32_t row_count;
    bool audited;                 /**< a read by staff: an audit row is kept */
    struct case_figures *figures; /**< COMMAND_CASES: filled, too; NULL = not wanted */
    /** COMMAND_CASES, newest first: all that the filter finds from there on, by source, those
     * behind the page too; NULL = not wanted */
    uint32_t *by_source;

    /* COMMAND_CASE_OPEN: a finding of people or of a camera; `cases[0]` is the answer. The source
     * app is the public, all others are staff; the sensor's are the machine's own. */
    enum case_kind kind;
    enum case_source source;
    space_key place;
    char vehicle[VEHICLE_REF_MAX + 1];
    struct position_e7 at;
    uint64_t new_receipt; /**< random, made by the handler; 0 = none wanted */
    bool duplicate;       /**< answer: it was open already, and got a row more */

    /* COMMAND_CASE_MOVE: `id` (staff), or `receipt` (the public: RATE), and also the note and
     * evidence of an opening; `cases[0]` is the answer */
    struct case_move move;
};

#define CASE_ROWS_MAX 1000 /**< of one case; then only moves that end it are taken */

/** Figures by which the books are balanced (对账): opened - closed - voided = outstanding. */
struct case_figures {
    uint64_t opened, closed, voided, outstanding, overdue, orphans;
    uint64_t by_source[CASE_SOURCE_COUNT];
    uint64_t by_kind[CASE_KIND_COUNT];
    uint64_t by_status[CASE_STATUS_COUNT];
};

#endif
