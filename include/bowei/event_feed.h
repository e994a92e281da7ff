#ifndef BOWEI_EVENT_FEED_H
#define BOWEI_EVENT_FEED_H

#include "bowei/alert.h"

/* The feed of events: every change of an episode, in the one order in which the core decided them,
 * readable from any place of the last 30 days. What is new is read from memory (the alert ring),
 * what is older from the operators' logs in Redis. Readers: delivery (webhooks, MQTT out) and
 * GET /v1/events. Implemented by the wiring over keep and view, so that neither delivery nor api
 * links Redis. */

/** A place in that order. Zeroed = before everything. The id of an entry of an operator's log is
 * "<at_ms>-<number>". */
struct event_place {
    int64_t at_ms;   /**< alert_image.changed_ms: city time, never falls */
    uint64_t number; /**< alert_image.event: +1 with every event, never reused */
};

static inline int event_place_compare(struct event_place a, struct event_place b)
{
    if (a.at_ms != b.at_ms) {
        return a.at_ms < b.at_ms ? -1 : 1;
    }
    return a.number == b.number ? 0 : a.number < b.number ? -1 : 1;
}

enum event_read {
    EVENT_READ_OK,         /**< some, in order; there may be more */
    EVENT_READ_NONE,       /**< nothing newer is durable yet */
    EVENT_READ_EXPIRED,    /**< the place is older than what is kept: events may be missing */
    EVENT_READ_UNAVAILABLE /**< Redis must be asked and is away, or what the journal holds has not
                              reached it yet: ask again */
};

/** What a reader of events is given. The functions are called from one thread at a time per port
 * user and may wait for Redis (its timeout); never call them from the core or the HTTP thread. */
struct event_port {
    void *ctx;
    /** The next events an operator may see behind `after`, oldest first, durable ones only; at most
     * `room`. *reached: go on behind this place (also when nothing was for this operator). */
    enum event_read (*read)(void *ctx, const char *operator_code, struct event_place after,
                            struct alert_image *out, uint32_t room, uint32_t *count,
                            struct event_place *reached);
    /** Place of the newest durable event: where a new subscriber begins. Any thread, at once. */
    struct event_place (*newest)(void *ctx);
    /** Asks for a wake-up when an event becomes durable: calls wake(wake_ctx) from any thread,
     * which must return at once. NULL takes it back; no call is under way when it returns. At most
     * EVENT_LISTENERS_MAX. */
    void (*listen)(void *ctx, void (*wake)(void *wake_ctx), void *wake_ctx);
    void (*unlisten)(void *ctx, void *wake_ctx);
};

#define EVENT_LISTENERS_MAX 4

/** The id of an event as webhook-id, CloudEvent id and event id of the stream:
 * "<alert id>.<version>", the same after any restart. */
#define EVENT_ID_MAX (ALERT_ID_LEN + 12)
void event_id_format(const struct alert_image *alert, char out[EVENT_ID_MAX]);

/** What happened, as CloudEvents' `type`: "cn.bowei.alert.<kind>.<state>.v1". */
#define EVENT_TYPE_MAX 64
void event_type_format(const struct alert_image *alert, char out[EVENT_TYPE_MAX]);

/** The opaque text of a place for ?after= and back; false when it is none. */
#define EVENT_CURSOR_MAX 48
void event_place_format(struct event_place place, char out[EVENT_CURSOR_MAX]);
bool event_place_parse(const char *text, size_t len, struct event_place *out);

#endif
