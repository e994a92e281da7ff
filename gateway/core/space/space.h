#ifndef GATEWAY_CORE_SPACE_SPACE_H
#define GATEWAY_CORE_SPACE_SPACE_H

#include "bowei/image.h"
#include "bowei/inventory.h"
#include "bowei/view.h"
#include "gateway/core/space/sensor.h"

/* One space: its sensors' votes fused into one state, with since, known and gap (STATES 4
 * to 4.9). The override lies on top of it and is not known here. A space is a pure function of what
 * its sensors said and of time: space_settle replays what fell due since, each at its exact moment,
 * so that a late or missing tick changes nothing but when it is noticed. */

#define SPACE_HELD_MS   10000 /* STATES 5: a disagreement holds the former state for 10 s */
#define SPACE_NO_SOURCE 7     /* fits in the 3 bits of marks; above SENSORS_PER_SPACE_MAX */

#define GAP_LOW_BITS    20

/** 32 bytes: there may be a million. */
struct space {
    uint64_t since : STAMP_BITS;
    uint64_t state : 2;    /**< enum space_state as fused */
    uint64_t reason : 5;   /**< enum reason as fused */
    uint64_t flag_pct : 7; /**< STATES 8 */
    uint64_t marks : 6; /**< bits 0-1 known state, 2-4 deciding sensor, 5 has an override entry */
    uint64_t known_since : STAMP_BITS;
    uint64_t gap_low : GAP_LOW_BITS;
    uint64_t held : STAMP_BITS; /**< 0 = no disagreement */
    uint64_t gap_high : 12;
    uint64_t found : 1; /**< what is known was found so: an older image may have it since longer */
    uint64_t at;        /**< packed position of the last reading applied */
};

#define SPACE_OVERRIDDEN 0x20

_Static_assert(sizeof(struct space) == 32, "two a cache line");
_Static_assert(SPACE_STATE_COUNT <= 4 && REASON_COUNT <= 32, "2 and 5 bits");

/** A space with all that belongs to it, put together on the stack for one call. */
struct place {
    struct space *space;
    struct sensor *sensors; /**< `count` of them, sorted by rank */
    const struct inv_sensor *bound;
    const struct inventory *inv;
    struct counters *counters;
    unsigned count;
    bool clock_suspect; /**< restored values are not believed until heard */
    /** Told before what is known changes, from *former to state, dated since_ms; NULL = nobody. */
    void (*known)(void *ctx, uint32_t slot, const struct space *former, enum space_state state,
                  int64_t since_ms);
    void *known_ctx;
    uint32_t slot; /**< for `known` */
};

/** Which sensor of the place spoke, what it said and by which clock. */
struct heard {
    unsigned sensor; /**< index in place->sensors */
    const struct reading *reading;
    struct now now;
    int64_t break_ms; /**< city time of the last session loss of its link */
};

static inline int64_t space_since_ms(const struct space *space)
{
    return (int64_t)space->since;
}

static inline int64_t space_known_since_ms(const struct space *space)
{
    return (int64_t)space->known_since;
}

/** Unknown time inside the present stay, whole seconds. */
static inline uint32_t space_gap_s(const struct space *space)
{
    return (uint32_t)space->gap_high << GAP_LOW_BITS | (uint32_t)space->gap_low;
}

/** What of the present stay was unknown up to now_ms and is not in the gap yet: seconds since the
 * space became unknown, but not of a time before the stay, which a late word may have begun. */
uint32_t space_unknown_s(const struct space *space, int64_t now_ms);
enum space_state space_known(const struct space *space);
/** Index of the sensor that decided, SPACE_NO_SOURCE = none. */
unsigned space_source(const struct space *space);
const struct sensor_timing *place_timing(const struct place *place, unsigned sensor);

/** Why a sensor does not vote, when it does not. */
enum reason space_sensor_reason(const struct sensor *sensor, bool clock_suspect);
/** Starts unknown: unbound or never heard. */
void space_init(struct place *place, int64_t now_ms);
/** Applies all that fell due up to now_ms, in order. */
void space_settle(struct place *place, int64_t now_ms);
/** Settles, then counts or refuses the reading; false when refused (and counted so). */
bool space_hear(struct place *place, const struct heard *heard);
/** Fuses anew at now_ms, after something besides a reading changed (suspect, session, inventory).
 */
void space_judge(struct place *place, int64_t now_ms);
/** When space_settle has something to do next; INT64_MAX = never. */
int64_t space_due(const struct place *place);
/** City time the shown state rests on: heard of the deciding sensor, else of the newest; 0 = never.
 */
int64_t space_seen_ms(const struct place *place);
/** Fills the fused part and the sensors; not the shown fields. */
void space_save(const struct place *place, struct space_image *out);
/** Takes over an image; sensors are matched by tag. */
void space_load(struct place *place, const struct space_image *image);
/** Takes from an image that is older than what was heard since the start the beginning of the stay,
 * when the space was found in the state that the image knows. False: it has none. */
bool space_recall(struct place *place, const struct space_image *image);

#endif
