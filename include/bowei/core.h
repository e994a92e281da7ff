#ifndef BOWEI_CORE_H
#define BOWEI_CORE_H

#include "bowei/base/counters.h"
#include "bowei/change_ring.h"
#include "bowei/event_feed.h"
#include "bowei/image.h"

/* The core: all state of spaces and lots, and the one pure step that changes it,
 *     (state, input, now) -> (state', effects).
 * No I/O, no clock, no thread, no float, no hash order inside: the same inputs give the same
 * effects, byte for byte, which is what makes replay, simulation and fuzzing cheap. One owner
 * thread.
 *
 * A closed lot shows its whole capacity as out_of_service, and so does each of its spaces (reason
 * closed, since = when it was closed), unless an override of its own says why; what the sensors say
 * goes on underneath. An override with an end goes back into service by itself and gives no kept
 * image: its until says so to whoever restores it. */

struct core;

/** A root (space slot or lot index) that a step wrote. */
struct touched {
    enum change_kind kind;
    uint32_t index;
    bool shown; /**< what the outside sees changed, of a space state, reason, since or known, of a
                 * lot its counts, reason or capacity: goes on the stream. Renewals and ages change
                 * nothing. */
};

/** What the last step or advance did; borrowed until the next one. */
struct effects {
    const struct touched *touched; /**< each root at most once; its image is dirty */
    size_t touched_count;
    const struct image
        *kept; /**< effects to be journalled (E) before anything of this step is published */
    size_t kept_count;
    struct command *command; /**< to be answered (result is set): at once when kept_count is 0, else
                                once the E are durable */
};

/** Starts with everything unknown. Takes nothing: inv must outlive it or be replaced by
 * INPUT_INVENTORY. NULL on no memory. */
struct fleet_rules;
/** The kept episodes are all restored: the machine of alerts may open, escalate and end them. Until
 * then it stands still, so that a start without Redis tells nothing twice. */
void core_alerts_on(struct core *core);
/** Events (changes of episodes) go on behind this place; before core_alerts_on, if the logs in
 * Redis are further than any restored image. */
void core_events_after(struct core *core, struct event_place place);
/** Place of the newest event; number 0: there was none, and the history begins with
 * core_alerts_on, so that a place of another one is older. */
struct event_place core_newest_event(const struct core *core);
/** Roots up to here are in Redis for good: what is gone since then may be forgotten. */
void core_confirmed(struct core *core, struct position confirmed);
/** The rules of bikes and alerts; copied. Before the first step, or between two steps. */
void core_fleet_rules(struct core *core, const struct fleet_rules *rules);
/** The rules of cases; copied, their calendar is borrowed. Before the first step, or between two.
 */
struct case_rules;
void core_case_rules(struct core *core, const struct case_rules *rules);
/** The kept cases are all restored: cases may be opened and moved, and their deadlines fire. */
void core_cases_on(struct core *core);
/** Redis was away at the start, so that images may still come: until core_lots_on, a lot at gates
 * of which only first counts are known is unknown. Before core_restored. */
void core_lots_wait(struct core *core);
/** All images are restored: first counts are all there is. Touches nobody; the caller publishes
 * lots and city. */
void core_lots_on(struct core *core);
struct core *core_create(const struct inventory *inv, struct counters *counters);
void core_destroy(struct core *core);

/** Applies one input. input->at must be newer than the last. On out of memory the input is dropped
 * and counted. */
const struct effects *core_step(struct core *core, const struct input *input);
/** A hint that these inputs are stepped next: brings what they will touch near the processor, all
 * at once instead of one after another. Changes nothing; a batch of some 64 is worth it. */
void core_expect(const struct core *core, const struct input *inputs, size_t n);
/** The same before core_space_image of some 16 spaces. */
void core_expect_images(const struct core *core, const uint32_t *slots, size_t n);
/** Takes the last step's command back: its effects could not be journalled, so nothing of it may
 * show. Valid only right after a core_step or core_advance whose effects had kept images. The same
 * effects then touch only what fell due before the command was carried out: that is to be shown. */
void core_undo(struct core *core);
/** Moves time: fires what is due (stale, held, debounce, flapping, override end). Timers fire at
 * most 250 ms late when called each 250 ms; one call fires a bounded number (see core_due). */
const struct effects *core_advance(struct core *core, struct now now);
/** City time at which core_advance has something to do at the earliest; INT64_MAX = nothing. */
int64_t core_due(const struct core *core);

/* --- recovery: before the first step --- */
/** Newest position per root or entity wins; an older or equal image is ignored. Images of unknown
 * places are ignored. Also taken after the start (a Redis that came late): its sensors are
 * SENSOR_RESTORED, its place judged at once; the caller then publishes all. */
void core_restore(struct core *core, const struct image *image);
/** Replays one reading of the journal (outputs off). Skipped unless input->at is above its root's
 * `at`. */
void core_replay(struct core *core, const struct input *input);
/** All is restored: marks every sensor SENSOR_RESTORED, works out all roots anew at `now`.
 * clock_suspect: the wall is below the stored high-water mark, every restored space is unknown
 * until heard. */
void core_restored(struct core *core, struct now now, bool clock_suspect);

/* --- reading the state (owner thread) --- */
void core_space_live(const struct core *core, uint32_t slot, struct space_live *out);
void core_lot_view(const struct core *core, uint32_t lot, struct lot_view *out);
void core_city_view(const struct core *core, struct city_view *out);
/** Full image of a root. */
void core_space_image(const struct core *core, uint32_t slot, struct image *out);
void core_lot_image(const struct core *core, uint32_t lot, struct image *out);
/** The kept image of a place or device; false when it never had one. */
bool core_override_image(const struct core *core, space_key key, struct image *out);
bool core_suspect_image(const struct core *core, uint32_t device, struct image *out);
/** Full image of a fence (index) or a bike (slot); false: no bike has this slot now. */
void core_fence_view(const struct core *core, uint32_t fence, struct fence_view *out);
void core_fence_image(const struct core *core, uint32_t fence, struct image *out);
bool core_bike_image(const struct core *core, uint32_t slot, struct image *out);
/** Slots that a bike has or had; all below. */
uint32_t core_bike_slots(const struct core *core);
/** An episode by its slot, a mute by its index; false: there is none. */
bool core_alert_image(const struct core *core, uint32_t slot, struct image *out);
bool core_mute_image(const struct core *core, uint32_t index, struct image *out);
uint32_t core_alert_slots(const struct core *core);
uint32_t core_mutes(const struct core *core);
/** A case by its slot, a row of a history by its row slot; false: there is none. */
bool core_case_image(const struct core *core, uint32_t slot, struct image *out);
bool core_case_row_image(const struct core *core, uint32_t row_slot, struct image *out);
uint32_t core_case_slots(const struct core *core);
uint32_t core_case_row_slots(const struct core *core);
/** A stay that a release interrupted, by its index; false: there is none. */
bool core_stay_image(const struct core *core, uint32_t index, struct image *out);
uint32_t core_stay_slots(const struct core *core);
const struct inventory *core_inventory(const struct core *core);
/** Bytes of heap the core holds, for the memory bench. */
size_t core_memory(const struct core *core);

#endif
