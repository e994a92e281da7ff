#ifndef GATEWAY_CORE_CASE_CASEBOOK_STATE_H
#define GATEWAY_CORE_CASE_CASEBOOK_STATE_H

#include "gateway/core/case/case_list.h"
#include "gateway/core/case/case_move.h"
#include "gateway/core/case/casebook.h"
#include "gateway/core/case/clocks.h"
#include "gateway/core/step/wheel.h"

/* The state of the casebook and what the files of case/ share of it. Nothing outside case/ includes
 * this. */

#define CASES_FIRE_MAX 256   /* timers in one advance; the rest is due at once again */
#define CASES_RETRY_MS 1000  /* the journal refused */
#define CASES_AGAIN_MS 60000 /* a move of the machine was not taken: looked at again */
/* rows from which on another resident's report adds none: the matter is known */
#define CASES_ROWS_PUBLIC 50
#define CASES_ROWS_LATE   960 /* rows of a case from which on only what leads to its end is taken */

/* A case on its way into a page of what is due next. */
struct case_pick {
    int64_t due_ms;
    case_id id;
    uint32_t slot;
};

#define CASES_PAGE_MAX 1000u /* the API's `limit` */

struct casebook {
    struct case_pick picks[CASES_PAGE_MAX]; /* scratch of a page */
    const struct inventory *inv;
    struct counters *counters;
    struct case_rules rules;
    struct work_calendar *own_calendar; /**< when the rules bring none */
    struct now now;
    struct position at; /**< of the input being stepped */
    bool running, on;
    int64_t full_ms; /**< all cases were open a moment ago: not looked through before */
    struct case_list list;
    struct wheel wheel; /**< nodes: slots */
    struct touched *touched;
    size_t touched_count, touched_room;
    struct image *kept;
    size_t kept_count, kept_room;
};

static inline int64_t casebook_wall_ms(const struct casebook *book)
{
    return book->now.at_ms + book->now.shift_ms;
}

/* --- casebook.c --- */
/** Room for what one change of a case needs, so that it cannot fail half-way: notes, a row, timers,
 * effects. false on no memory (counted). */
bool casebook_reserve(struct casebook *book);
/** Adds an image to what must be journalled; room as reserved. */
void casebook_keep(struct casebook *book, const struct image *image);
void casebook_touch(struct casebook *book, enum change_kind kind, uint32_t index);
void casebook_arm(struct casebook *book, uint32_t slot);

/* --- casebook_move.c --- */
struct case_actor {
    const char *name;
    enum case_role role;
};

/** One event of one case, checked by the table, noted for undo, kept. ERR_NO_MEMORY: nothing was
 * changed. */
enum err casebook_move(struct casebook *book, uint32_t slot, const struct case_move *asked,
                       const struct case_actor *who, char detail[160]);
/** The same by the machine. */
enum err casebook_machine(struct casebook *book, uint32_t slot, enum case_event event,
                          const char *note);
/** Sends a filed case to who is responsible, when the rules want it and somebody is. */
void casebook_auto_dispatch(struct casebook *book, uint32_t slot);

/* --- casebook_open.c --- */
struct case_opening {
    enum case_kind kind;
    enum case_source source;
    space_key place;
    const char *vehicle;
    struct position_e7 at;
    uint8_t reasons;
    int64_t since_ms;
    uint32_t gap_s;
    uint64_t receipt;
    const struct case_move *move; /**< note and evidence of its first row */
    struct case_actor who;
};

/** Opens a case with its first row; NO_CASE: no room, no number, no memory (counted). */
uint32_t casebook_begin_case(struct casebook *book, const struct case_opening *opening);
/** Forgets an ended case. */
void casebook_forget(struct casebook *book, uint32_t slot);

/* --- casebook_due.c --- */
void casebook_fire(struct casebook *book, uint32_t slot);

/* --- casebook_page.c --- */
enum err casebook_page(struct casebook *book, struct command *command);
/** The case that a request names by number or receipt; NO_CASE when there is none. Whose report was
 * merged into another case follows that one. */
uint32_t casebook_asked(const struct casebook *book, const struct case_request *request);
/** Adds the case that was asked for to the answer; by a receipt, with the time of that report. */
void casebook_answer(const struct casebook *book, struct case_request *request, uint32_t slot);

#endif
