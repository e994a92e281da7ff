#ifndef GATEWAY_SHORTEN_H
#define GATEWAY_SHORTEN_H

#include "bowei/core.h"
#include "bowei/intake.h"

/* Shortening the journal while Redis is away for long: the image of every root goes in, then the
 * readings that these images cover may go. Owner: the core thread. */

#define SHORTEN_BATCH    64    /* images of one append */
#define SHORTEN_A_TURN   512   /* images of one turn: about half a millisecond of the core */
#define SHORTEN_EVERY_MS 10000 /* a round begins at most so often */

struct shortening {
    bool under_way;
    uint32_t next; /**< the root whose image is written next: spaces, lots, fences, bikes */
    uint64_t inventory_version;
    struct position since; /**< no image of this round is older */
    uint64_t begun_bytes;  /**< appended to the journal when the round began */
    uint64_t done_bytes;   /**< and when the last round was done */
    uint64_t round_bytes;  /**< what the last round appended; 0 = there was none */
    int64_t next_ms;       /**< boottime before which no round begins */
    struct image images[SHORTEN_BATCH];
};

/** What a turn of it works on; borrowed. */
struct shorten_turn {
    const struct core *core;
    struct intake *intake;
    struct journal *journal;
    const struct counters *counters;
    struct position newest; /**< the core's last step */
    struct now now;
    int64_t boot_ms;
};

/** Begins a round when the journal is over its limit and has grown by as much as a round writes
 * since the last one, so that rounds never make up more than half of what is written. */
void shorten_when_due(struct shortening *shortening, const struct shorten_turn *turn);
/** Goes on with the round under way: some images, after the last ones journal_supersede. A disk
 * that refuses ends it. */
void shorten_go_on(struct shortening *shortening, const struct shorten_turn *turn);

#endif
