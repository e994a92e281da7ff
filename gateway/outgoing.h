#ifndef GATEWAY_OUTGOING_H
#define GATEWAY_OUTGOING_H

#include "bowei/delivery.h"
#include "gateway/event_feed.h"

/* The wiring of who reads the feed of events: delivery, by which they leave by themselves, and the
 * API, where they are asked for. A reader each. */

struct outgoing {
    struct event_reader *reader; /**< delivery's */
    struct event_reader *asked;  /**< the API's */
    struct delivery *delivery;
};

/** params: all but `events`. On failure what was started stays for outgoing_stop. */
enum err outgoing_start(struct outgoing *outgoing, struct event_feed *feed,
                        struct delivery_params params) MUST_CHECK;
/** After the core and the journal, which may still answer for a change; before the view and the
 * alert ring. Zeroed is fine. */
void outgoing_stop(struct outgoing *outgoing);

#endif
