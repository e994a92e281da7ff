#ifndef API_CHANGE_FEED_H
#define API_CHANGE_FEED_H

#include "api/params.h"
#include "bowei/base/strbuf.h"
#include "bowei/change_ring.h"

/* The change ring as the HTTP thread has it, shared by all public streams: what each change
 * concerns (for filters), which of an object's changes is its newest (so that whoever is behind
 * gets the last state of each object and nothing before it), and the text of the newest changes,
 * written once for everybody. Made with the first stream. HTTP thread only. */

/** Newest changes whose text is kept; who is further behind has it written for himself. A power of
 * two. 1024 x 528 B: a second at 1000 changes a second. */
#define FEED_TEXTS 1024u
/** The longest event of a space has about 400 bytes. */
#define FEED_TEXT_MAX 512u

/** What a change concerns. */
struct feed_entry {
    space_key place; /**< a space's or lot's lot, a fence */
    struct position_e7 at;
    uint32_t index;
    enum change_kind kind; /**< CHANGE_KIND_COUNT: not in the inventory */
};

struct feed_text {
    uint64_t number, inventory; /**< of which change, under which inventory; 0 = none */
    uint32_t build, len;
    char text[FEED_TEXT_MAX];
};

struct change_feed {
    struct feed_entry *entries; /**< CHANGE_RING of them; NULL = not made yet */
    struct feed_text *texts;    /**< FEED_TEXTS of them */
    /** By kind and index: number of the object's newest change, 0 = none since `since`. */
    uint64_t *last[CHANGE_FENCE + 1];
    uint32_t last_count[CHANGE_FENCE + 1];
    uint64_t newest;       /**< as far as it was taken over */
    uint64_t since;        /**< from this number on `last` is complete */
    struct strbuf scratch; /**< a text that is not kept */
};

/** Makes it with what the ring still holds; does nothing when it is made. */
enum err change_feed_start(struct change_feed *feed, const struct change_ring *ring,
                           const struct inventory *inv) MUST_CHECK;
void change_feed_finish(struct change_feed *feed);
/** Takes over the changes up to `newest`. inv was borrowed after that number was read, so it has
 * whatever they name. */
void change_feed_pull(struct change_feed *feed, const struct change_ring *ring,
                      const struct inventory *inv, uint64_t newest);
/** The entry of a number from 1 to feed.newest; NULL when it is gone. */
const struct feed_entry *change_feed_entry(const struct change_feed *feed, uint64_t number);
/** Has the object of this change a newer one? */
bool change_feed_superseded(const struct change_feed *feed, const struct feed_entry *entry,
                            uint64_t number);
/** Did the object change at or after `from`? from >= feed.since, or 0 = everything. */
bool change_feed_changed(const struct change_feed *feed, enum change_kind kind, uint32_t index,
                         uint64_t from);
/** The event's text; borrowed until the next call. NULL: overrun by the core, or out of memory. */
const char *change_feed_text(struct change_feed *feed, const struct change_ring *ring,
                             const struct inventory *inv, uint64_t number, size_t *len);

#endif
