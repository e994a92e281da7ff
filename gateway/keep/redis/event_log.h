#ifndef GATEWAY_KEEP_REDIS_EVENT_LOG_H
#define GATEWAY_KEEP_REDIS_EVENT_LOG_H

#include "bowei/event_feed.h"
#include "gateway/keep/redis/link.h"

/* The operators' logs: a stream each, bowei:{op:<OP>}:log, one entry an event that the operator may
 * see, ids "<at_ms>-<number>"; and bowei:{city}:events, which says what the streams hold. Both are
 * written by the lane of {city} alone, in the order of the events and in one transaction, so a log
 * never has an event without all earlier ones.
 *
 * Nothing is ever missing without a trace: `since` and `to` say between which places the logs have
 * everything, and each entry names its predecessor (`prev`), so that a reader who was away for
 * longer than the log is kept sees that something was trimmed. */

#define EVENT_TAILS_MAX 64 /* operators of all times; OPERATORS_MAX are there at once */

/** What bowei:{city}:events says. */
struct event_log {
    struct event_place since; /**< what is older may be missing */
    struct event_place to;    /**< all up to here was written */

    struct event_tail {
        char code[OPERATOR_CODE + 1];
        struct event_place last; /**< of its entries */
    } tails[EVENT_TAILS_MAX];

    uint32_t tail_count;
};

/** Zeroed when there is none, or a foreign type. False: the connection failed. */
bool event_log_read(struct redis_link *link, struct event_log *out);
/** One XADD, which also trims what is older than keep_ms; notes the new tail. */
void event_log_add(struct strbuf *b, struct event_log *log, const struct image *image,
                   const char *operator_code, int64_t keep_ms);
/** The HSET of bowei:{city}:events: all of it, should somebody have deleted the key. */
void event_log_tell(struct strbuf *b, const struct event_log *log);

static inline struct event_place event_place_of(const struct alert_image *alert)
{
    return (struct event_place){alert->changed_ms, alert->event};
}

/** "<at_ms>-<number>"; false when it is none. */
bool event_place_read(const redisReply *text, struct event_place *out);
void event_place_write(struct strbuf *b, struct event_place place);

#endif
