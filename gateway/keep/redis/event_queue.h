#ifndef GATEWAY_KEEP_REDIS_EVENT_QUEUE_H
#define GATEWAY_KEEP_REDIS_EVENT_QUEUE_H

#include "bowei/event_feed.h"
#include "bowei/redis_store.h"

/* Events on their way to the operators' logs, in their order. Bounded: what does not fit is not
 * lost but read back out of the journal when there is room, and so is everything that Redis may
 * have lost. Core thread; a part of the flush. */

#define EVENTS_MAX 2048

struct event_queue {
    struct image *images; /* a ring, made with the first event */
    uint32_t first, count;
    uint32_t todo;   /* to be handed over in this pass */
    bool refilling;  /* the journal has events that are not here yet */
    bool rewind;     /* it is read from its first record on */
    bool from_known; /* `from` is valid */
    bool whole;      /* when the flush under way began, nothing was left in the journal alone */
    uint32_t losses; /* what was heard of the writer's */
    struct event_place from;   /* what is older is not handed over: Redis must have it */
    struct event_place newest; /* of the last one taken in */
};

void event_queue_finish(struct event_queue *queue);
/** A new event; it is in the journal already. */
void event_queue_put(struct event_queue *queue, const struct image *image,
                     struct counters *counters);
/** Redis lost data: all that the journal has is handed over again. */
void event_queue_again(struct event_queue *queue, uint32_t losses);
/** Takes in what the journal has, so far as there is room, a bounded amount of it a call. True:
 * there is more to look at. */
bool event_queue_refill(struct event_queue *queue, const struct image_source *source,
                        struct counters *counters);
/** The oldest one of this pass; false: none. Borrowed until the next call. */
bool event_queue_take(struct event_queue *queue, const struct image **out);

#endif
