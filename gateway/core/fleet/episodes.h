#ifndef GATEWAY_CORE_FLEET_EPISODES_H
#define GATEWAY_CORE_FLEET_EPISODES_H

#include "gateway/core/alert/transitions.h"

/* Episodes inside the fleet: conditions that hold or not become one episode a subject. */

struct bike;
struct fleet;
struct mute_entry;

/** What an episode is about. */
struct episode {
    enum alert_kind kind;
    const struct bike *bike; /**< vehicle kinds */
    uint32_t fence;          /**< NO_FENCE = none */
    uint8_t operator_index;  /**< NO_OPERATOR = the city */
    uint32_t value;          /**< feed: percent */
};

/** Level-triggered: it holds, or not. *link: the subject's newest episode. Opens, reopens, ends. */
void episode_set(struct fleet *fleet, uint32_t *link, const struct episode *about, bool holds);
/** Where the subject of an episode has its newest one; NULL = the subject is not known. */
uint32_t *episode_link_of(struct fleet *fleet, const struct alert_image *image);
/** Is there an episode in this slot that goes on? */
bool episode_open(const struct fleet *fleet, uint32_t slot);
/** Ends an episode that goes on, for a reason of the machine. */
void episode_end(struct fleet *fleet, uint32_t slot, enum alert_event event);
void episode_due(struct fleet *fleet, uint32_t slot);
/** Moves one by an event, notes it for undo and keeps it. */
enum err episode_move(struct fleet *fleet, uint32_t slot, enum alert_event event,
                      enum alert_role role);
/** Links restored episodes to bikes, fences and feeds. */
void episodes_link(struct fleet *fleet);
/** Finds or makes the entry of a fence (0 = the city), noted for undo; NULL on no memory. */
struct mute_entry *mute_make(struct fleet *fleet, space_key fence);
/** Is the fence muted now? */
bool mute_holds(const struct fleet *fleet, space_key fence);

/* --- episode_about.c: what it says --- */
void episode_evidence(struct alert_image *image, enum evidence_kind kind, int64_t time_ms,
                      uint32_t value);
void episode_about_bike(struct alert_image *image, const struct bike *bike);
/** The fence, and where it is about no bike the crowd there, with each operator's part. */
void episode_about_fence(const struct fleet *fleet, struct alert_image *image, uint32_t index);
/** The crowd as it is now, of an episode about a fence. By an update who had a part stays a reader
 * and hears of the end; reopened, it is for those who have one now. */
void episode_retell(const struct fleet *fleet, struct alert_image *image, enum alert_event event);
/** Is what it told of a crowd so wrong that a van would come in vain, or somebody would not hear?
 * By the margin above capacity that makes a pile-up, or an operator who has to act and cannot read
 * it. */
bool episode_is_stale(const struct fleet *fleet, const struct alert_image *image,
                      const struct alert_image *fresh);

#endif
