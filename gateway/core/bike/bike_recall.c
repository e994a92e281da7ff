/* What an image says of a bike that was heard before the image came (a start without Redis): the
 * stop that it knew goes on, unless the bike was seen or found to have left it. Between restore and
 * judging; what follows from it is as if the image had been there first. */
#include "gateway/core/bike/bike.h"

/* Nothing that was counted before counts again. */
static void order_recall(struct bike_image *image, const struct bike_image *before)
{
    for (unsigned i = 0; i < REPORT_LISTENER; i++) {
        if (before->order_ms[i] > image->order_ms[i]) {
            image->order_ms[i] = before->order_ms[i];
        }
    }
    for (unsigned i = 0; i < BIKE_EVENTS_KEPT; i++) {
        unsigned k = 0;

        while (k < BIKE_EVENTS_KEPT && image->events[k] != 0 &&
               image->events[k] != before->events[i]) {
            k++;
        }
        if (k < BIKE_EVENTS_KEPT) {
            image->events[k] = before->events[i];
        }
    }
}

/* Is it still in the stop that its first report began, and was it in one when the image was made,
 * not so long ago that it would have been forgotten since? */
static bool may_go_on(const struct bike *bike, const struct bike_image *before,
                      const struct bike_context *context)
{
    return (bike->image.flags & (BIKE_GONE | BIKE_MOVED)) == 0 && bike_is_found(bike) &&
           (before->flags & BIKE_GONE) == 0 && before->parked_ms < bike->found_ms &&
           bike->found_ms - before->heard_ms < context->rules->forget_ms;
}

/* What is said of the bike itself. */
static void state_recall(struct bike *bike, const struct bike_image *before)
{
    struct bike_image *image = &bike->image;

    if (image->lock == LOCK_UNKNOWN) {
        image->lock = before->lock;
    }
    if (image->battery_pct == UINT8_MAX) {
        image->battery_pct = before->battery_pct;
        image->flat_s = before->flat_s;
    } else if (image->flat_s != 0 && before->flat_s != 0) {
        image->flat_s = before->flat_s;
    }
    if (before->dragged_s != 0) {
        image->dragged_s = before->dragged_s;
    }
    image->adcode = before->adcode != 0 ? before->adcode : image->adcode;
}

bool bike_is_found(const struct bike *bike)
{
    return bike->found_ms != 0 && bike->image.parked_ms == bike->found_ms &&
           bike->image.moved_ms == bike->found_ms;
}

bool bike_recall(struct bike *bike, const struct bike_image *before,
                 const struct bike_context *context)
{
    struct bike_image *image = &bike->image;
    const int64_t found_ms = bike->found_ms;
    const bool found = found_ms != 0;

    if (!found) {
        return false;
    }
    order_recall(image, before);
    if (!may_go_on(bike, before, context) || !stop_recall(image, before, context)) {
        bike->found_ms = 0;
        return false;
    }
    bike->found_ms = 0;
    state_recall(bike, before);
    image->flags |= before->flags & (BIKE_MOVED | BIKE_TOLD | BIKE_ALARM);
    image->parked_ms = before->parked_ms;
    image->moved_ms = before->moved_ms;
    image->unheard_min =
        bike_unheard(image->unheard_min + before->unheard_min, found_ms - before->heard_ms);
    /* the verdict that is remembered: judging it anew keeps it, or not */
    image->flags &= (uint8_t) ~(BIKE_DECIDED | BIKE_DECIDED_IN);
    image->flags |= before->flags & (BIKE_DECIDED | BIKE_DECIDED_IN);
    image->verdict = before->verdict;
    image->rule = before->rule;
    image->fence = before->fence;
    image->distance_mm = before->distance_mm;
    image->since_ms = before->since_ms;
    if (before->outside_ms != 0) {
        image->outside_ms = before->outside_ms;
    }
    return true;
}
