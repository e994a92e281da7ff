#ifndef GATEWAY_EVENT_FEED_H
#define GATEWAY_EVENT_FEED_H

#include "bowei/alert_ring.h"
#include "bowei/event_feed.h"
#include "bowei/redis_store.h"

/* The feed of events: the alert ring for what is new, the operators' logs in Redis for what is
 * older. It changes over only where both are known to meet, so a reader never misses an event. */

struct event_feed;

/** The ring is borrowed, the texts of `redis` are copied. NULL on no memory. */
struct event_feed *event_feed_create(const struct redis_params *redis,
                                     const struct alert_ring *ring);
/** Its readers first. */
void event_feed_destroy(struct event_feed *feed);
/** Events were released on the ring: wakes who listens. Any thread; fits runner_params.released,
 * ctx is the feed. */
void event_feed_wake(void *ctx);

/** A reader with a connection to Redis of its own, for one thread at a time. */
struct event_reader;
struct event_reader *event_reader_create(struct event_feed *feed);
void event_reader_destroy(struct event_reader *reader);
/** Good while the reader is. */
struct event_port event_reader_port(struct event_reader *reader);

#endif
