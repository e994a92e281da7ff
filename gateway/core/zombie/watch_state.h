#ifndef GATEWAY_CORE_ZOMBIE_WATCH_STATE_H
#define GATEWAY_CORE_ZOMBIE_WATCH_STATE_H

#include "gateway/core/zombie/watch.h"

/* The watch's state, shared by its files only. */

#define WATCH_KEEP_MAX  64 /* images of stays in one step; the rest at once in the next */
#define WATCH_MOVED_MAX 64 /* more of them wait for their turn in the sweep */

struct zombie_watch {
    struct counters *counters;
    struct case_rules rules;
    struct now now;
    struct position at, newest;
    bool on;
    bool restored;        /**< what comes now happens now, it is not replayed */
    int64_t listening_ms; /**< since when the city is heard without a break */
    struct stay_list stays;
    uint32_t told;      /**< findings of this step */
    uint32_t keep_next; /**< index of a stay: where the search for dirty ones goes on */

    uint32_t moved[WATCH_MOVED_MAX]; /**< bikes to be looked at before their turn */
    uint32_t moved_count;

    /* the sweep: spaces first, then bikes */
    uint32_t next, total; /**< subject of the pass; how many it has */
    int64_t begun_ms;     /**< of the pass */
    int64_t sweep_due_ms;
    int64_t retry_ms; /**< the journal refused: not before */

    struct {
        uint32_t next, total;
        int64_t begun_ms, sweep_due_ms;
    } former; /**< at the begin of this step */

    struct image kept[WATCH_KEEP_MAX];
    uint32_t touched[WATCH_KEEP_MAX];
    size_t kept_count;
};

/* --- look.c: one subject --- */

/** A space and the stay that is kept of it (NULL = none). */
void look_space(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot,
                struct stay *stay);
void look_bike(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot);
/** The open case about a place whose vehicle still stands there; NULL. */
const struct case_image *look_case(const struct zombie_city *city, space_key place);

#endif
