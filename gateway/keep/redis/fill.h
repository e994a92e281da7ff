#ifndef GATEWAY_KEEP_REDIS_FILL_H
#define GATEWAY_KEEP_REDIS_FILL_H

#include "gateway/keep/redis/dirty.h"
#include "gateway/keep/redis/event_queue.h"
#include "gateway/keep/redis/slice.h"

/* The state of the core thread's side, shared by flush.c (queues, the flush under way), pass.c
 * (its way over the lanes), place_roots.c and fleet_roots.c (what is dirty) and fill.c (an image
 * into a slice, or not worth a write). */

#define DIGEST_BITS     39
#define SEEN_BITS       24 /* seconds, in a circle of 194 days */

#define IMAGES_PER_STEP 4096 /* looked at in one step, so that the core is not held up */
#define LOOKS_AN_IMAGE  16   /* as many roots of other lanes are passed over in its time */

/* What Redis holds of a space, so far as it decides whether to write again. Two states in 5e11
 * share a digest; the second of them would reach Redis when `seen` is due. */
struct written {
    uint64_t digest : DIGEST_BITS; /* of all but seen, counters and health; 0 = must be written */
    uint64_t seen_s : SEEN_BITS;
    uint64_t free : 1;
};

_Static_assert(sizeof(struct written) == 8, "there may be a million");

/* What is dirty by slots that come and go: the order of enum dirty_kind from DIRTY_FENCE on. */
enum fleet_kind {
    FLEET_FENCE,
    FLEET_BIKE,
    FLEET_ALERT,
    FLEET_MUTE,
    FLEET_CASE,
    FLEET_CASE_ROW,
    FLEET_STAY,
    FLEET_KIND_COUNT
};

#define NO_HOME 0xFFFFFFu

/* Under which district the key of a slot is, or will be. */
struct home {
    uint32_t adcode : 24; /* NO_HOME: none */
    uint32_t seeking : 1; /* it may have a key anywhere: each district is gone through */
    uint32_t listed : 1;  /* it is in the index */
    uint32_t cleared : 1; /* it is gone, and so is its key */
};

struct fleet_roots {
    struct dirty dirty;
    struct home *homes;
    uint64_t *ids; /* alerts, cases: the one whose key was written, 0 = none */
    uint32_t room;
    bool missed; /* no memory for a mark: all are marked when there is some */
};

/* One district's share. */
struct lane {
    uint32_t adcode;
    uint32_t first, behind; /* its slots are among first .. behind - 1 */
    uint32_t count;         /* dirty roots of the district */
    uint32_t at;            /* the pass of the flush under way has come to this root */
    struct image *kept;
    uint32_t kept_cap, kept_count, kept_todo, kept_at; /* kept_at: the next to hand over */
    uint32_t free_count;                               /* spaces written as free */
    bool rewriting; /* from flush_all to the end of the next flush */
    bool free_drop;
    bool index_begin;    /* the next slice begins the next indices */
    uint32_t index_next; /* SLICE_VEHICLES_NEXT and its like of this rewrite */
    uint32_t fleet_count[FLEET_KIND_COUNT], fleet_at[FLEET_KIND_COUNT];
    bool written; /* a slice of this flush went out */
    int64_t as_of_ms, free_rebuilt_ms;
    struct position applied; /* what the meta says, or will when it is written */
};

struct flush {
    struct redis_writer *writer;
    struct image_source source;
    const struct inventory *inv;
    struct lane *lanes; /* districts in the inventory's order, the city last */
    uint32_t lane_count;
    struct written *spaces;
    struct dirty dirty; /* roots: spaces by slot, then lots */
    uint32_t space_cap, lot_cap;
    struct fleet_roots fleet[FLEET_KIND_COUNT];
    struct event_queue events; /* the lane of {city} carries them */

    struct {                    /* of the audit, among the kept images of {city} */
        bool refilling;         /* the journal has rows that are not in the queue */
        bool rewind;            /* it is read from its first record on */
        struct position newest; /* of the last one taken in */
    } rows;

    bool again; /* something moved to a district that may be behind: the lanes are gone through
                   again */
    bool running;
    uint32_t lane; /* the one being written */
    struct slice *filling;
    struct position target, confirmed;
    uint64_t slice_number;
    struct slice_news news;
};

/** Puts a space into flush->filling, unless it is not worth a write; two items when its override
 * goes along. */
void fill_space(struct flush *flush, struct lane *lane, uint32_t slot, int64_t shift_ms);
void fill_lot(struct flush *flush, uint32_t lot, int64_t shift_ms);
/** A fence, bike, alert or mute; two items when the slot's former episode goes. */
void fill_fleet(struct flush *flush, struct lane *lane, enum fleet_kind kind, uint32_t slot,
                int64_t shift_ms);
/** A case, a row or a stay as the core has it; false: nothing has this slot. */
bool fill_case_image(const struct flush *flush, enum fleet_kind kind, uint32_t slot,
                     struct image *out);
/** One of them into flush->filling; two items when the slot's former case goes. */
void fill_case(struct flush *flush, struct lane *lane, enum fleet_kind kind, uint32_t slot,
               int64_t shift_ms);
/** The next event; the slice must have room for its entries. */
void fill_event(struct flush *flush);
/** A kept image. */
void fill_kept(struct flush *flush, const struct image *image, int64_t shift_ms);

#endif
