#ifndef GATEWAY_CORE_ZOMBIE_STAY_H
#define GATEWAY_CORE_ZOMBIE_STAY_H

#include "bowei/case_rules.h"
#include "bowei/image.h"
#include "bowei/shown.h"

/* Stays that a release interrupts. A space itself knows how long it has been occupied (known_since,
 * gap); what it forgets at a release is noted here for as long as it may matter, and journalled for
 * the few spaces whose stay is longer than a day, goes on, or has a case. A release shorter than
 * case_rules.release_ms goes on with the former stay; a longer one begins anew; one of
 * case_rules.gone_ms is remembered until the case knows. */

#define STAY_DAY_MS 86400000 /* older stays are journalled at once */
#define STAYS_MAX   65536    /* a city of a million spaces has some thousand at once */

/** What a space knows by itself. */
struct stay_known {
    enum space_state state; /**< SPACE_FREE, SPACE_OCCUPIED; SPACE_UNKNOWN = nothing yet */
    int64_t since_ms;
    uint32_t gap_s; /**< of it not known */
};

struct stay {
    struct stay_image image;
    struct position at; /**< of the newest image journalled */
    uint32_t slot;
    bool dirty; /**< another image is to be journalled */
};

struct stay_list {
    struct stay *stays; /**< by index, which is for the stay's life; key 0 = free */
    uint32_t *spare;    /**< free indices below `used` */
    uint32_t *table;    /**< by hash of the slot: 1 + index; 0 = empty */
    uint32_t count, used, spare_count, room; /**< room: a power of two; the table has twice that */
    uint32_t dirty;                          /**< how many are */
};

void stay_list_finish(struct stay_list *list);
/** NULL = none. Borrowed until the list changes. */
struct stay *stay_find(const struct stay_list *list, uint32_t slot);
/** Finds or makes; NULL when there are too many, or no memory. */
struct stay *stay_make(struct stay_list *list, uint32_t slot, space_key key);
/** A change to be journalled. */
void stay_mark(struct stay_list *list, struct stay *stay);
/** It is over: its last image says so, then it goes. */
void stay_end(struct stay_list *list, struct stay *stay);
/** Forgets what is over, journalled and, up to here, in Redis. */
void stay_list_sweep(struct stay_list *list, struct position confirmed);
/** Restores an image; the newest position wins. False on no room or memory. */
bool stay_restore(struct stay_list *list, uint32_t slot, const struct image *image);

/** The space was occupied (former) and is free since free_ms. Journalled when `keep`; a young stay
 * is only when it goes on, so that ordinary comings and goings cost no disk. */
void stay_release(struct stay_list *list, struct stay *stay, const struct stay_known *former,
                  int64_t free_ms, bool keep);
/** The space was free (former) and is occupied since back_ms: the same stay, or another. */
void stay_return(struct stay_list *list, struct stay *stay, const struct stay_known *former,
                 int64_t back_ms, const struct case_rules *rules);
/** The case about it was opened then: remembered for as long as the stay goes on. */
void stay_tell(struct stay_list *list, struct stay *stay, const struct stay_known *known,
               int64_t told_ms);
/** The whole stay of an occupied space: what it knows itself, or the longer one kept here (NULL =
 * none). */
struct stay_known stay_whole(const struct stay *stay, const struct stay_known *known);

#endif
