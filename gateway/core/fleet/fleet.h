#ifndef GATEWAY_CORE_FLEET_FLEET_H
#define GATEWAY_CORE_FLEET_FLEET_H

#include "bowei/core.h"
#include "gateway/core/fence/fence.h"

/* The non-motor half of the core: bikes, fences, episodes. Stepped by step/, by the same rules:
 * pure, one owner, equal inputs give equal effects. */

struct fleet;

struct fleet *fleet_create(const struct inventory *inv, struct counters *counters);
void fleet_destroy(struct fleet *fleet);
void fleet_set_rules(struct fleet *fleet, const struct fleet_rules *rules);

/** A battery is flat at or below so many percent (fleet_rules.flat_pct). */
void fleet_set_flat(struct fleet *fleet, uint8_t pct);

/** Begins the effects of a step at a moment. */
void fleet_begin(struct fleet *fleet, struct now now);
/** The position of the input that is stepped now. */
void fleet_at(struct fleet *fleet, struct position at);
/** Applies a report of a bike or a listener. */
void fleet_report(struct fleet *fleet, const struct input *input);
/** Applies a command of fleet.h (COMMAND_ALERTS ... COMMAND_MUTE); sets its result. */
void fleet_command(struct fleet *fleet, struct command *command, struct position at);
/** Fires what is due, a bounded number. */
void fleet_advance(struct fleet *fleet);
int64_t fleet_due(const struct fleet *fleet);
/** A new inventory; false on no memory (nothing changed). */
bool fleet_swap(struct fleet *fleet, const struct inventory *next);
/** What the step did: fences and bikes touched, episodes to be journalled. Borrowed until
 * fleet_begin. */
const struct touched *fleet_touched(const struct fleet *fleet, size_t *count);
/** Slots of the episodes that expired in this step. Borrowed until fleet_begin. */
const uint32_t *fleet_expired(const struct fleet *fleet, uint32_t *count);
const struct image *fleet_kept(const struct fleet *fleet, size_t *count);
/** An image of another part of the core into the same list; false on no memory. */
bool fleet_keep_also(struct fleet *fleet, const struct image *image);
/** Takes the step's changes of episodes and mutes back; the machine tries again later. */
void fleet_undo(struct fleet *fleet);

/* recovery */
void fleet_restore(struct fleet *fleet, const struct image *image);
void fleet_replay(struct fleet *fleet, const struct input *input);
void fleet_restored(struct fleet *fleet, struct now now);
/** All kept episodes are known: the machine may open, escalate and end them. */
void fleet_alerts_on(struct fleet *fleet);
/** Events go on behind this place, if it is newer than what is known. */
void fleet_events_after(struct fleet *fleet, struct event_place place);
struct event_place fleet_newest_event(const struct fleet *fleet);
/** Roots up to here are in Redis: what is gone for good may be forgotten. */
void fleet_confirmed(struct fleet *fleet, struct position confirmed);

/* reading */
void fleet_fence_view(const struct fleet *fleet, uint32_t fence, struct fence_view *out);
void fleet_fence_image(const struct fleet *fleet, uint32_t fence, struct image *out);

/** A bike and its newest episode (NULL = none), borrowed until the next step. */
struct bike_look {
    const struct bike_image *bike;
    const struct alert_image *alert;
};

/** False: no bike has this slot now. */
bool fleet_bike_look(const struct fleet *fleet, uint32_t slot, struct bike_look *out);
/** A bike by its reference, NULL = not known; borrowed until the next step. */
const struct bike_image *fleet_bike_named(const struct fleet *fleet, const char *ref);
/** Somebody has looked at each bike as it was at this moment: who was heard last before it and is
 * gone may be forgotten. INT64_MAX: nobody looks, nothing is kept for it. */
void fleet_watched(struct fleet *fleet, int64_t until_ms);
/** Was a bike ridden or moved by this step? *slot = which. */
bool fleet_bike_moved(const struct fleet *fleet, uint32_t *slot);
/** A suspicion of this stop is open (BIKE_TOLD). */
void fleet_bike_told(struct fleet *fleet, uint32_t slot);
/** fleet_rules.moved_mm */
uint32_t fleet_moved_mm(const struct fleet *fleet);
bool fleet_bike_image(const struct fleet *fleet, uint32_t slot, struct image *out);
uint32_t fleet_bike_slots(const struct fleet *fleet);
bool fleet_alert_image(const struct fleet *fleet, uint32_t slot, struct image *out);
bool fleet_mute_image(const struct fleet *fleet, uint32_t index, struct image *out);
uint32_t fleet_alert_slots(const struct fleet *fleet);
uint32_t fleet_mutes(const struct fleet *fleet);
size_t fleet_memory(const struct fleet *fleet);

#endif
