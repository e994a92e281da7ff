/* The queue of events before the lane of {city}. While it refills, new events are not put in: the
 * journal has them, behind those that come first. */
#include "gateway/keep/redis/event_queue.h"
#include <stdlib.h>

#define LOOKS_PER_CALL 64 /* calls of the source, each of which reads a bounded part */

void event_queue_finish(struct event_queue *queue)
{
    free(queue->images);
    *queue = (struct event_queue){0};
}

static bool has_room(struct event_queue *queue)
{
    if (queue->images == NULL) {
        queue->images = malloc(EVENTS_MAX * sizeof queue->images[0]);
    }
    return queue->images != NULL && queue->count < EVENTS_MAX;
}

static struct event_place place_of(const struct image *image)
{
    return (struct event_place){image->alert.changed_ms, image->alert.event};
}

static void push(struct event_queue *queue, const struct image *image)
{
    queue->images[(queue->first + queue->count++) % EVENTS_MAX] = *image;
    queue->newest = place_of(image);
}

void event_queue_put(struct event_queue *queue, const struct image *image,
                     struct counters *counters)
{
    if (queue->refilling) {
        return;
    }
    if (!has_room(queue)) {
        queue->refilling = queue->rewind = true;
        count_add(counters, COUNT_EVENTS_OVERFLOWED, 1);
        return;
    }
    push(queue, image);
}

void event_queue_again(struct event_queue *queue, uint32_t losses)
{
    queue->losses = losses;
    queue->first = queue->count = queue->todo = 0;
    queue->newest = (struct event_place){0};
    queue->refilling = queue->rewind = true;
    queue->from_known = queue->whole = false;
}

/* What is older than the journal was confirmed before it went, so Redis must have it. */
static void from_set(struct event_queue *queue, struct event_place first)
{
    if (!queue->from_known) {
        queue->from_known = true;
        queue->from = (struct event_place){first.at_ms, first.number - 1};
    }
}

static void take_in(struct event_queue *queue, const struct image *image, struct counters *counters)
{
    const struct event_place place = place_of(image);

    if (place.number == 0) {
        return; /* of a version that did not count */
    }
    from_set(queue, place);
    if (event_place_compare(place, queue->newest) > 0) {
        push(queue, image);
        count_add(counters, COUNT_EVENTS_REFILLED, 1);
    }
}

/* The journal ends: all is here. Without any event in it Redis must have all there were. */
static void refill_end(struct event_queue *queue, const struct image_source *source)
{
    queue->refilling = false;
    if (!queue->from_known) {
        queue->from_known = true;
        queue->from = source->newest_event(source->ctx);
    }
}

bool event_queue_refill(struct event_queue *queue, const struct image_source *source,
                        struct counters *counters)
{
    struct image image;

    if (queue->refilling && source->event == NULL) {
        queue->refilling = false; /* nothing to refill from */
        queue->from_known = true;
    }
    if (queue->losses == 0) {
        return false; /* the first connection counts as a loss: then all is handed over */
    }
    for (unsigned looks = 0; queue->refilling && has_room(queue); looks++) {
        if (looks == LOOKS_PER_CALL) {
            return true;
        }
        switch (source->event(source->ctx, queue->rewind, &image)) {
        case EVENT_FOUND: take_in(queue, &image, counters); break;
        case EVENT_SEARCHING: break;
        case EVENT_NO_MORE: refill_end(queue, source); break;
        }
        queue->rewind = false;
    }
    return false;
}

bool event_queue_take(struct event_queue *queue, const struct image **out)
{
    if (queue->todo == 0) {
        return false;
    }
    *out = &queue->images[queue->first];
    queue->first = (queue->first + 1) % EVENTS_MAX;
    queue->count--;
    queue->todo--;
    return true;
}
