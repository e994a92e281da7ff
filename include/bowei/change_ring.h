#ifndef BOWEI_CHANGE_RING_H
#define BOWEI_CHANGE_RING_H

#include "bowei/view.h"

/* The change ring: what the public streams send. The core puts, any number of readers copy at their
 * own pace and find out when they were overrun. */

enum change_kind {
    CHANGE_SPACE,
    CHANGE_LOT,
    CHANGE_FENCE,
    CHANGE_BIKE,     /**< these are roots of the core only: never in the view nor on the ring */
    CHANGE_ALERT,    /**< by slot */
    CHANGE_MUTE,     /**< by index */
    CHANGE_CASE,     /**< by slot */
    CHANGE_CASE_ROW, /**< by row slot */
    CHANGE_STAY,     /**< by index */
    CHANGE_KIND_COUNT
};

/** A change as it was when it happened; rendering it later gives the same bytes. */
struct change {
    uint64_t number; /**< +1 per change within an epoch; the event id is <epoch>-<number> */
    int64_t at_ms;   /**< city time */
    enum change_kind kind;
    uint32_t index; /**< space slot or lot index */

    union {
        struct space_live space;
        struct lot_view lot;
        struct fence_brief fence;
    };
};

#define CHANGE_RING 16384 /**< a power of two */

struct change_ring;
struct change_ring *change_ring_create(uint64_t epoch);
void change_ring_destroy(struct change_ring *ring);
uint64_t change_ring_epoch(const struct change_ring *ring);
/** Core thread only; gives the change its number. */
void change_ring_put(struct change_ring *ring, struct change *change);
/** Number of the newest change, 0 = none yet. */
uint64_t change_ring_newest(const struct change_ring *ring);

enum change_read { CHANGE_READ, CHANGE_NONE_YET, CHANGE_OVERRUN };
/** Copies the change of that number. Any thread. */
enum change_read change_ring_get(const struct change_ring *ring, uint64_t number,
                                 struct change *out);
/** An eventfd that becomes readable after a put (edge; reset by the reader). -1 until set; owned by
 * the caller. */
void change_ring_notify(struct change_ring *ring, int event_fd);
/** Its reader, after it reset the eventfd and before it looks at the ring: only then a further put
 * writes to it again (a system call per change would be a tenth of the core's work). Any thread. */
void change_ring_heard(struct change_ring *ring);

#endif
