#ifndef GATEWAY_CORE_CASE_CASE_LIST_H
#define GATEWAY_CORE_CASE_CASE_LIST_H

#include "bowei/image.h"
#include "gateway/core/case/case_index.h"
#include "gateway/core/case/row_store.h"
#include <uthash.h>

/* All cases by slot, by number, by what they are about and in the order of their report, with their
 * histories; and how they were before a step, so that a step whose effects the journal refused can
 * be taken back. */

struct case_entry {
    struct position at;
    struct case_image image; /**< version 0: rows came before it, it is not there yet */
    uint32_t slot;
    uint32_t first_row, last_row, row_count; /**< rows that are here */
    UT_hash_handle hh;                       /**< by image.id */
    UT_hash_handle hh_receipt;               /**< by image.receipt, when it has one */
    bool receipted;                          /**< it is in by_receipt */
    bool behind; /**< open, but another case about its subject is in `open` */
};

/** The last number of a county's day. */
struct case_serial {
    uint64_t day; /**< number of the day's serial 0 */
    uint32_t last;
    UT_hash_handle hh;
};

struct case_former {
    uint32_t slot;
    bool made;
    uint32_t row_count; /**< rows it had */
    uint32_t ended;     /**< the scene's newest ended case before */
    struct position at;
    struct case_image image;
};

struct case_list {
    struct case_entry **slots; /**< NULL = free */
    struct case_entry *by_id, *by_receipt;
    uint32_t *order; /**< slots by (reported_ms, id) */
    uint32_t slot_count, room, count, behind;
    struct row_store rows;
    struct case_index open;  /**< by subject: what goes on, unless its vehicle has left */
    struct case_index ended; /**< by scene: what was closed last */
    struct case_serial *serials;
    struct case_former *former;
    uint32_t former_count, former_room;
};

void case_list_finish(struct case_list *list);
/** Room for one case more and notes of a step; false on no memory. */
bool case_list_reserve(struct case_list *list);
/** Takes a case in, or a place for one of which only rows are here. NO_CASE on no memory. */
uint32_t case_list_add(struct case_list *list, struct position at, const struct case_image *image);
/** Gives a place its case: from now on it is in the order. */
void case_list_fill(struct case_list *list, uint32_t slot, struct position at,
                    const struct case_image *image);
/** With its rows, and out of the indexes. */
void case_list_remove(struct case_list *list, uint32_t slot);
/** NO_CASE when there is none. */
uint32_t case_list_find(const struct case_list *list, case_id id);
/** By the receipt of who reported it; 0 is none. */
uint32_t case_list_find_receipt(const struct case_list *list, uint64_t receipt);
/** Gives a case that has none its receipt. */
void case_list_receipt(struct case_list *list, uint32_t slot, uint64_t receipt);
/** How many cases stand before (reported_ms, id). */
uint32_t case_list_rank(const struct case_list *list, int64_t reported_ms, case_id id);

/** Puts a row into a case's chain by its number. NO_ROW: no memory, or that number is there. */
uint32_t case_list_row_add(struct case_list *list, uint32_t slot, struct position at,
                           const struct case_row_image *image);

/** Brings the indexes up to what the case is now. false on no memory. */
bool case_list_index(struct case_list *list, uint32_t slot);

/** The next number of a county and day, 0 = none is left or no memory. */
case_id case_list_number(struct case_list *list, uint32_t adcode, uint32_t date);
/** This number is taken. false on no memory. */
bool case_list_number_taken(struct case_list *list, case_id id);

/** Notes how a slot is before the step changes it (once per step); false on no memory. */
bool case_list_note(struct case_list *list, uint32_t slot, bool made);
void case_list_keep(struct case_list *list);
void case_list_undo(struct case_list *list);
/** Only what was noted last. */
void case_list_undo_last(struct case_list *list);

#endif
