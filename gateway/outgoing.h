#ifndef GATEWAY_OUTGOING_H
#define GATEWAY_OUTGOING_H

#include "bowei/delivery.h"
#include "gateway/event_feed.h"

/* The wiring of what leaves by itself: delivery with a reader of the feed of its own. */

struct outgoing {
    struct event_reader *reader;
    struct delivery *delivery;
};

/** params: all but `events`. On failure what was started stays for outgoing_stop. */
enum err outgoing_start(struct outgoing *outgoing, struct event_feed *feed,
                        struct delivery_params params) MUST_CHECK;
/** After the core and the journal, which may still answer for a change; before the view and the
 * alert ring. Zeroed is fine. */
void outgoing_stop(struct outgoing *outgoing);

#endif
