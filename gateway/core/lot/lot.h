#ifndef GATEWAY_CORE_LOT_LOT_H
#define GATEWAY_CORE_LOT_LOT_H

#include "bowei/image.h"
#include "bowei/inventory.h"
#include "bowei/view.h"
#include "gateway/core/space/sensor.h"

/* A lot: the four counts. A lot of single spaces adds up what its spaces show; a count-only lot
 * works its counts out of its gates (STATES 9, 10). A closed lot shows all its capacity as
 * out_of_service, its spaces included; what their sensors say goes on underneath.
 *
 * Where a gate begins: the first count ever heard of it is taken for cars inside (in - out), for
 * its counters began when the lot was empty. A gate that comes from another lot, or to one that
 * counts already, or whose lot was trued up before it counted, only begins with its first count. */

struct lot {
    int64_t changed_ms;                 /**< last change of what is shown */
    int64_t turned_ms;                  /**< closed or opened last; 0 = never closed */
    uint64_t at;                        /**< packed position of the last record applied */
    uint32_t spaces[SPACE_STATE_COUNT]; /**< its live spaces by shown state */
    struct lot_counts shown;
    uint32_t capacity; /**< as shown */
    uint32_t version;
    uint32_t touched; /**< 1 + its place in the effects of this step */
    int32_t raw;      /**< cars inside by the gates, unclamped */
    uint8_t reason;
    bool closed;
    bool based; /**< an image or staff said how many are inside, not only first counts */
};

/** A lot with all that belongs to it, put together on the stack for one call. */
struct yard {
    struct lot *lot;
    const struct inv_lot *is;
    struct sensor *gates; /**< is->sensor_count of them */
    const struct inv_sensor *bound;
    const struct inventory *inv;
    struct counters *counters;
    bool clock_suspect;
    bool unread; /**< an image of the lot may still come: Redis was away at the start */
};

/** Which gate spoke. */
struct gate_heard {
    unsigned gate;
    const struct reading *reading;
    struct now now;
    int64_t break_ms;
};

void lot_init(struct lot *lot, int64_t now_ms);
/** The gate's next count is where it begins: no car passed. Until then nothing is known of it. */
void gate_begin(struct sensor *gate);
/** Is anything known of how many are inside? What a new gate counted before is in it. */
bool lot_has_counted(const struct yard *yard);
/** Staff say how many cars are inside. Gates that have not counted yet begin with their first
 * count; returns their bits. */
uint8_t lot_true_up(struct yard *yard, uint32_t inside);
/** Takes gate_begin back for gates that have not counted since. */
void lot_unbegin(struct yard *yard, uint8_t gates);
/** A space of the lot shows another state now; SPACE_STATE_COUNT = it was or is not there. */
void lot_move_space(struct lot *lot, enum space_state from, enum space_state to);
/** Counts or refuses (false) the reading of a gate; does not judge. */
bool lot_hear(struct yard *yard, const struct gate_heard *heard);
/** Works out what is shown at now_ms; true when it changed. */
bool lot_judge(struct yard *yard, int64_t now_ms);
/** Judges at each moment up to now_ms at which a gate fell silent; true when something changed. */
bool lot_settle(struct yard *yard, int64_t now_ms);
/** When a gate falls silent next; INT64_MAX = never. */
int64_t lot_due(const struct yard *yard);
/** Newest message of a gate; 0 = never. */
int64_t lot_seen_ms(const struct yard *yard);
void lot_save(const struct yard *yard, struct lot_image *out);
void lot_load(struct yard *yard, const struct lot_image *image);
/** Takes an image that is older than what gates said since the start, and adds what passed since
 * it. False: an image was there before, or no gates count. */
bool lot_recall(struct yard *yard, const struct lot_image *image);

#endif
