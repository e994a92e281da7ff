#ifndef GATEWAY_CORE_FLEET_FLEET_STATE_H
#define GATEWAY_CORE_FLEET_FLEET_STATE_H

#include "bowei/event_feed.h"
#include "gateway/core/alert/alert_list.h"
#include "gateway/core/alert/transitions.h"
#include "gateway/core/fleet/episodes.h"
#include "gateway/core/fleet/fleet.h"
#include "gateway/core/fleet/judge.h"
#include "gateway/core/step/wheel.h"
#include <uthash.h>

/* The state of the non-motor half and what the files of fleet/, and no others, share of it. */

#define FLEET_FIRE_MAX  256 /* timers of each wheel in one advance; the rest is due at once */
#define FLEET_SWEEP     256 /* bikes judged anew in one advance, when all must be */
#define FEED_WINDOW_MAX 256

struct bike_entry {
    struct bike bike;
    UT_hash_handle hh; /* by bike.image.ref */
};

/** The last positions of one operator, and whether they are right as they are. */
struct feed {
    uint8_t shift[FEED_WINDOW_MAX]; /**< enum report_shift bits, a ring */
    uint16_t at, filled;
    uint16_t inside, shifted[3]; /**< how many of them: as is, GCJ-02, BD-09, shifted twice */
    bool suspect;
    uint32_t alert; /**< slot of its newest episode */
};

/** How many episodes were opened lately, for one operator or the city. */
struct storm {
    int64_t begun_ms;
    uint32_t opened;
};

struct mute_entry {
    struct position at;
    struct mute_image image;
};

struct fleet {
    const struct inventory *inv;
    struct counters *counters;
    struct fleet_rules rules;
    struct now now;
    struct position at; /**< of the input being stepped */
    bool running;       /**< restored: counts, timers and effects are kept */
    bool alerts_on;
    struct bike_entry **bikes; /**< by slot; NULL = free */
    struct bike_entry *by_ref;
    uint32_t bike_slots, bike_room, bike_count;
    uint32_t *free_slots;
    uint32_t free_count;
    struct fence *fences; /**< by index */
    uint32_t fence_count;
    struct alert_list alerts;
    struct wheel bike_wheel, fence_wheel, alert_wheel;
    struct feed feeds[OPERATORS_MAX];
    struct storm storms[OPERATORS_MAX + 1];
    struct event_place event, event_former; /**< newest change of any episode; before the step */
    struct mute_entry *mutes;               /**< few */
    uint32_t mute_count, mute_room;
    struct mute_entry mute_former;
    uint32_t mute_noted; /**< index that the step changed, UINT32_MAX = none */
    bool mute_made;
    bool afresh;             /**< of a sweep: see struct judge */
    uint32_t sweep;          /**< next slot to judge anew, NO_SLOT = no sweep */
    int64_t window_due_ms;   /**< a zone's window begins or ends */
    int64_t window_shift_ms; /**< of the wall clock when that was worked out */
    int64_t mute_due_ms;     /**< a planned event ends */
    int64_t settled_ms;      /**< until then bikes are heard first, which is no arrival */
    int64_t retry_ms;        /**< the journal refused: all is looked at again then; INT64_MAX */
    int64_t full_ms;         /**< no room for another episode: looked for again then */
    uint32_t expired_count, expired[FLEET_FIRE_MAX]; /**< slots of what expired in this step */
    uint32_t moved;     /**< slot of the bike that this step saw move, NO_SLOT = none */
    int64_t watched_ms; /**< see fleet_watched */
    struct position confirmed;
    uint32_t gone_at; /**< where the search for forgotten bikes goes on */
    struct touched *touched;
    size_t touched_count, touched_room;
    struct image *kept;
    size_t kept_count, kept_room;
};

static inline struct bike_context fleet_context(const struct fleet *fleet)
{
    return (struct bike_context){fleet->now, &fleet->rules};
}

static inline int64_t fleet_wall_ms(const struct fleet *fleet)
{
    return fleet->now.at_ms + fleet->now.shift_ms;
}

/* --- fleet.c --- */
struct bike *fleet_bike(const struct fleet *fleet, const char *ref);
/** Finds or makes; NULL when there are too many, or no memory (counted). */
struct bike *fleet_bike_make(struct fleet *fleet, const char *ref);
void fleet_touch(struct fleet *fleet, enum change_kind kind, uint32_t index, bool shown);
/** Adds an image to what must be journalled; false on no memory. */
bool fleet_keep(struct fleet *fleet, const struct image *image);

/* --- fleet_bikes.c --- */
/** Judges a bike anew; counts, list, episode and timer follow. */
void bikes_rejudge(struct fleet *fleet, struct bike *bike);
/** The bikes that a fence's listeners hear. */
void bikes_rejudge_heard(struct fleet *fleet, uint32_t fence);
/** Judges all bikes anew, some in each advance. */
void bikes_sweep(struct fleet *fleet);
void bikes_sweep_on(struct fleet *fleet);
/** Forgets what is gone, confirmed and old. */
void bikes_forget(struct fleet *fleet);

/* --- fleet_fences.c --- */
/** Works out silence, crowding and filling, and their episodes. */
void fences_rejudge(struct fleet *fleet, uint32_t index);
/** Windows that begin or end: which zones are in force now. True when one changed. */
bool fences_windows(struct fleet *fleet);
/** Which fences of the next inventory are new or lie elsewhere. */
void fences_freshen(struct fleet *fleet, const struct inventory *next);
/** All bikes were judged by what changed. */
void fences_settled(struct fleet *fleet);
/** How many listeners the inventory has at each fence. */
void fences_listeners(struct fleet *fleet);
void feed_position(struct fleet *fleet, uint8_t operator_index, uint8_t shift);
/** Feeds and storms go along with their operators, which the next inventory lists in its order. */
void feeds_swap(struct fleet *fleet, const struct inventory *next);

/* --- fleet_commands.c --- */
/** When the next planned event ends. */
void mutes_arm(struct fleet *fleet);

#endif
