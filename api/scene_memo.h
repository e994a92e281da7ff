#ifndef API_SCENE_MEMO_H
#define API_SCENE_MEMO_H

#include "api/site_text.h"

/* Texts kept from one answer to the next: of the lots and the days that spaces share. What is kept
 * depends on nothing but its key, so it never grows old. MHD thread only. */

#define LOTS_KEPT  512u /* a power of two */
#define DAYS_KEPT  4u
#define DAY_TEXT   16 /* a vector move; 12 of them are wanted */
#define MS_PER_DAY INT64_C(86400000)

/** A lot's site. */
struct lot_text {
    uint64_t version; /**< of the inventory; 0: empty */
    uint32_t lot;     /**< its index there */
    struct site_text site;
};

/** What most stamps of an answer share. */
struct day_text {
    int64_t end_ms;      /**< 0: empty */
    char text[DAY_TEXT]; /**< "2026-11-21T, with the quote */
};

/** Zeroed at the start. */
struct scene_memo {
    struct lot_text lots[LOTS_KEPT]; /**< by lot index */
    struct site_text other;          /**< of a space that is not of its lot's site; key 0: none */
    struct day_text days[DAYS_KEPT];
};

/** Says that the lot's site is wanted soon: a hint to the cache. */
void scene_memo_soon(const struct scene_memo *memo, uint32_t lot);
/** The site of a lot, by the lot's index; valid until the next call. */
const struct site_text *scene_memo_lot(struct scene_memo *memo, const struct inventory *inv,
                                       uint32_t lot);
/** The site of a space of that lot: the lot's, as a rule. Valid until the next call. */
const struct site_text *scene_memo_site(struct scene_memo *memo, const struct site_text *lot,
                                        space_key key);
/** Makes the text of the day that ends then. */
void scene_memo_day_fill(struct day_text *day, int64_t end_ms) APART;

/** The day of a moment >= 0; valid until the next call. */
static inline const struct day_text *scene_memo_day(struct scene_memo *memo, int64_t at_ms)
{
    uint64_t number = (uint64_t)at_ms / (uint64_t)MS_PER_DAY;
    int64_t end_ms = (int64_t)number * MS_PER_DAY + MS_PER_DAY;
    struct day_text *day = &memo->days[number % DAYS_KEPT];

    if (day->end_ms != end_ms) {
        scene_memo_day_fill(day, end_ms);
    }
    return day;
}

#endif
