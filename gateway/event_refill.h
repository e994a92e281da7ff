#ifndef GATEWAY_EVENT_REFILL_H
#define GATEWAY_EVENT_REFILL_H

#include "bowei/journal_cursor.h"
#include "bowei/redis_store.h"

/* The journal as the source of events for the operators' logs, and of rows of the audit: what has
 * not reached Redis, or what Redis has lost, is read back. One kind each. Core thread. */

struct event_refill {
    const struct journal *journal;
    struct journal_cursor *cursor; /* NULL = none open */
    enum image_kind kind;
};

/** As image_source.event or .row. */
enum event_found event_refill_next(struct event_refill *refill, bool first, struct image *out);
void event_refill_finish(struct event_refill *refill);

#endif
