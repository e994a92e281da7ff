#ifndef GATEWAY_CORE_ZOMBIE_WATCH_H
#define GATEWAY_CORE_ZOMBIE_WATCH_H

#include "gateway/core/case/casebook.h"
#include "gateway/core/fleet/fleet.h"
#include "gateway/core/zombie/stay.h"

/* The zombie watch: looks at every space and every bike in turn, all of them once in
 * case_rules.sweep_ms, and tells the casebook who has stood, or been silent, for too long, and who
 * has left. Level-triggered on what is kept anyway (known, since, gap; moved, heard), so that
 * restarts and clock jumps lose no clock and a million subjects cost a bounded look each. What a
 * short release would lose (the former stay) is a kept entity of its own, few of them. */

struct zombie_watch;

/** One space as the watch sees it. */
struct zombie_space {
    struct stay_known known; /**< gap_s with what is unknown now */
    enum space_state state;  /**< as fused, whatever staff laid on top of it */
    bool removed;
};

/** What the watch looks at and whom it tells: other parts of the core, borrowed for one call. */
struct zombie_city {
    const struct inventory *inv;
    struct casebook *book;
    struct fleet *fleet;
    uint32_t space_count;
    void (*space)(void *ctx, uint32_t slot, struct zombie_space *out);
    bool (*in_service)(void *ctx, uint32_t slot); /**< neither its lot nor itself is closed */
    void *ctx;
};

/** NULL on no memory. */
struct zombie_watch *zombie_watch_create(struct counters *counters);
void zombie_watch_destroy(struct zombie_watch *watch);
void zombie_watch_set_rules(struct zombie_watch *watch, const struct case_rules *rules);

/** Begins a step at a moment; a leap of the clock is noticed by it. */
void zombie_watch_begin(struct zombie_watch *watch, struct now now);
/** The position of the input that is stepped, or replayed, now. */
void zombie_watch_at(struct zombie_watch *watch, struct position at);
/** The same for what was restored: what is journalled next is newer than it. */
void zombie_watch_seen(struct zombie_watch *watch, struct position at);

/** What is known of a space changes, from `former` to `state`, dated since_ms: notes releases of
 * long stays. Also during a replay. */
void zombie_watch_space(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot,
                        const struct stay_known *former, enum space_state state, int64_t since_ms);
/** This bike was ridden or moved: a suspicion of it ends with the next look, which is soon. */
void zombie_watch_bike(struct zombie_watch *watch, const struct zombie_city *city, uint32_t slot);
/** Looks at some subjects, a bounded number; next by zombie_watch_due. */
void zombie_watch_advance(struct zombie_watch *watch, const struct zombie_city *city);
/** City time; INT64_MAX before zombie_watch_on. */
int64_t zombie_watch_due(const struct zombie_watch *watch);
/** Images of stays to be journalled, of this step. Borrowed until zombie_watch_begin. */
const struct image *zombie_watch_kept(const struct zombie_watch *watch, size_t *count);
/** Stays whose image is another now, by index. Borrowed until zombie_watch_begin. */
const uint32_t *zombie_watch_touched(const struct zombie_watch *watch, size_t *count);
/** Takes the step back; it is tried again later. */
void zombie_watch_undo(struct zombie_watch *watch);

/** All kept cases and stays are known: looks may begin. */
void zombie_watch_on(struct zombie_watch *watch);
void zombie_watch_restore(struct zombie_watch *watch, const struct inventory *inv,
                          const struct image *image);
/** Recovery is over: the gateway listens from now on. */
void zombie_watch_restored(struct zombie_watch *watch, struct now now);

/** Images up to here are in Redis for good: what is over may be forgotten. */
void zombie_watch_confirmed(struct zombie_watch *watch, struct position confirmed);

/* reading */
/** By index, all below zombie_watch_slots; false: there is none. */
bool zombie_watch_image(const struct zombie_watch *watch, uint32_t index, struct image *out);
uint32_t zombie_watch_slots(const struct zombie_watch *watch);
/** The whole stay of an occupied space. */
struct stay_known zombie_watch_stay(const struct zombie_watch *watch, uint32_t slot,
                                    const struct stay_known *known);
size_t zombie_watch_memory(const struct zombie_watch *watch);

#endif
