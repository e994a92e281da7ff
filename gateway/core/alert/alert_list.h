#ifndef GATEWAY_CORE_ALERT_ALERT_LIST_H
#define GATEWAY_CORE_ALERT_ALERT_LIST_H

#include "bowei/image.h"
#include <uthash.h>

/* The episodes that are kept, by slot and in the order of their opening, and how they were before a
 * step, so that a step whose effects the journal refused can be taken back. */

#define NO_ALERT UINT32_MAX

struct alert {
    struct position at;
    struct alert_image image;
    uint32_t slot;
    UT_hash_handle hh; /**< by image.id */
};

struct alert_list {
    struct alert **slots; /**< NULL = free */
    struct alert *by_id;
    uint32_t *order; /**< slots by (opened_ms, id) */
    uint32_t slot_count, room, count;

    struct alert_former {
        uint32_t slot;
        bool made;          /**< it did not exist before the step */
        uint32_t linked;    /**< then: the slot its subject pointed to */
        struct position at; /**< else: how it was */
        struct alert_image image;
    } * former;

    uint32_t former_count, former_room;
};

void alert_list_finish(struct alert_list *list);
/** Room for one more; false on no memory. */
bool alert_list_reserve(struct alert_list *list);
/** Takes a new episode in, by its opened_ms and id; room as reserved. Returns its slot, NO_ALERT on
 * no memory. */
uint32_t alert_list_add(struct alert_list *list, struct position at,
                        const struct alert_image *image);
void alert_list_remove(struct alert_list *list, uint32_t slot);
/** NO_ALERT when there is none. */
uint32_t alert_list_find(const struct alert_list *list, uint64_t id);
/** Position in `order` of the newest episode before (opened_ms, id); opened_ms 0 = the newest. */
uint32_t alert_list_before(const struct alert_list *list, int64_t opened_ms, uint64_t id);

/** Notes how a slot is before the step changes it (once per step); false on no memory. */
bool alert_list_note(struct alert_list *list, uint32_t slot, bool made);
/** The step's changes stand. */
void alert_list_keep(struct alert_list *list);
/** Takes all of the step's changes back. */
void alert_list_undo(struct alert_list *list);

#endif
