/* Delivery and the readers of the feed of events; see outgoing.h. */
#include "gateway/outgoing.h"
#include "bowei/base/log.h"

enum err outgoing_start(struct outgoing *outgoing, struct event_feed *feed,
                        struct delivery_params params)
{
    enum err e = ERR_NO_MEMORY;

    outgoing->reader = event_reader_create(feed);
    outgoing->asked = event_reader_create(feed);
    if (outgoing->reader != NULL && outgoing->asked != NULL) {
        params.events = event_reader_port(outgoing->reader);
        e = delivery_start(&params, &outgoing->delivery);
    }
    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "delivery: %s", err_text(e, 0));
    }
    return e;
}

void outgoing_stop(struct outgoing *outgoing)
{
    delivery_stop(outgoing->delivery);
    event_reader_destroy(outgoing->reader);
    event_reader_destroy(outgoing->asked);
}
