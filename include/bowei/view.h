#ifndef BOWEI_VIEW_H
#define BOWEI_VIEW_H

#include "bowei/base/city_clock.h"
#include "bowei/fences.h"
#include "bowei/inventory.h"
#include "bowei/shown.h"

/* The published view: what the core shows and any thread may read without a lock. A space's live
 * fields stand under a sequence counter, a lot's four counts share one 64-bit word, city totals
 * stand under a sequence lock. Age, confidence and `gateway_lag` are worked out at read time. Only
 * the core thread writes. */

/** What a reader gets of a space, worked out for one moment. */
struct space_view {
    enum space_state state;
    enum reason reason;
    enum space_state known_state;     /**< SPACE_UNKNOWN = none yet */
    uint8_t confidence;               /**< 0..100 */
    int64_t since_ms, known_since_ms; /**< city time */
    int64_t seen_ms;                  /**< 0 = never */
};

/** The live fields as the core writes them; the view keeps them in 24 bytes, times from 0 to the
 * year 2527. */
struct space_live {
    uint32_t
        bits; /**< state 2, known 2, reason 5, flag % 7, base 7, timing class 9 (from bit 0 up) */
    int64_t since_ms, known_since_ms, seen_ms;
};

uint32_t space_live_bits(enum space_state state, enum space_state known, enum reason reason,
                         unsigned flag_pct, unsigned base, unsigned timing_class);

struct lot_counts {
    uint16_t free, occupied, unknown, out_of_service;
};

struct lot_view {
    struct lot_counts counts;
    uint32_t capacity;
    bool closed;
    enum reason reason;
    uint32_t version; /**< +1 with every change of what is shown */
    int64_t changed_ms;
};

/** What everybody may see of a fence; its inventory row says the rest. */
struct fence_brief {
    uint32_t count;   /**< bikes judged inside, or in the zone */
    bool silent;      /**< its listeners are silent: the count is not known */
    uint32_t version; /**< +1 with every change of what is shown */
    int64_t changed_ms;
};

struct fence_view {
    struct fence_brief brief;
    uint16_t by_operator[OPERATORS_MAX]; /**< by index in the inventory's operators */
};

struct city_view {
    uint64_t capacity, free, occupied, unknown,
        out_of_service; /**< over all lots, count-only ones included */
    uint64_t single_spaces, lots;
    uint64_t version;
};

struct view;

struct view *view_create(void);
void view_destroy(struct view *view);

/* --- writing: core thread only --- */
/** Makes room for the slots of a snapshot (before it is published). */
enum err view_reserve(struct view *view, uint32_t spaces, uint32_t lots) MUST_CHECK;
enum err view_reserve_fences(struct view *view, uint32_t fences) MUST_CHECK;
void view_put_fence(struct view *view, uint32_t fence, const struct fence_view *v);
void view_put_space(struct view *view, uint32_t slot, const struct space_live *live);
/** A put of this slot is near: its record is fetched meanwhile. */
void view_expect_space(const struct view *view, uint32_t slot);
void view_put_lot(struct view *view, uint32_t lot, const struct lot_view *v);
void view_put_city(struct view *view, const struct city_view *city);
/** The core lives and everything up to `now` is in the view. At least every 250 ms. */
void view_put_heartbeat(struct view *view, struct now now, int64_t boot_ms);

/* --- reading: any thread --- */
/** The moment to judge ages by; `lagging` when the core has not been heard for 2 s (all is unknown
 * then). */
struct view_now {
    int64_t at_ms;    /**< city time now */
    int64_t shift_ms; /**< add to a stamp before showing it */
    int64_t as_of_ms; /**< last heartbeat, city time */
    bool lagging;
};
struct view_now view_now(const struct view *view, int64_t boot_ms);
/** State of a slot at `now`. inv supplies the timing classes. */
void view_space(const struct view *view, const struct inventory *inv, uint32_t slot,
                const struct view_now *now, struct space_view *out);
/** Says that view_space of the slot comes soon: a hint to the cache. */
void view_space_soon(const struct view *view, uint32_t slot);
/** Which of the slots first .. first + count - 1 (count <= 64) may have one of the states (bit per
 * enum space_state)? Bit i = slot first + i. A quick look before view_space, whose word counts: a
 * slot whose state has just been written may still be here under the former one. */
uint64_t view_space_sieve(const struct view *view, uint32_t first, uint32_t count, unsigned states,
                          const struct view_now *now);
/** Only the state: for filters. */
enum space_state view_space_state(const struct view *view, uint32_t slot,
                                  const struct view_now *now);
void view_lot(const struct view *view, uint32_t lot, const struct view_now *now,
              struct lot_view *out);
/** Only the version, for caches. */
uint32_t view_lot_version(const struct view *view, uint32_t lot);
void view_fence(const struct view *view, uint32_t fence, struct fence_view *out);
void view_city(const struct view *view, const struct view_now *now, struct city_view *out);
/** Works out what the given live fields mean at `at_ms` (also for change events). */
void space_live_judge(const struct space_live *live, const struct sensor_timing *timing,
                      int64_t at_ms, struct space_view *out);

#endif
