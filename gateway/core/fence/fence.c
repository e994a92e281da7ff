/* A fence's own root (who listens there and when they were heard) and its figures. */
#include "gateway/core/fence/fence.h"

#include <string.h>

#define SCANS_LIMIT 6 /* scans missed before a listener is silent, besides listener_limit_ms */

void fence_begin(struct fence *fence)
{
    *fence = (struct fence){.first = NO_SLOT, .in_force = true};
    for (unsigned i = 0; i < ALERT_KIND_COUNT; i++) {
        fence->alerts[i] = NO_ALERT;
    }
}

static struct listener_image *longest_unheard(struct fence *fence)
{
    struct listener_image *longest = &fence->listeners[0];

    for (unsigned i = 1; i < fence->listener_count; i++) {
        longest = fence->listeners[i].heard_ms < longest->heard_ms ? &fence->listeners[i] : longest;
    }
    return longest;
}

void fence_listeners_keep(struct fence *fence, uint32_t count)
{
    fence->listener_room = (uint8_t)(count < FENCE_LISTENERS_MAX ? count : FENCE_LISTENERS_MAX);
    while (fence->listener_count > fence->listener_room) {
        *longest_unheard(fence) = fence->listeners[--fence->listener_count];
    }
}

/* Finds or makes. One more than there are: it stands in for the one that was unheard for longest,
 * whose place it took. */
static struct listener_image *listener_of(struct fence *fence, uint64_t listener)
{
    struct listener_image *place;

    for (unsigned i = 0; i < fence->listener_count; i++) {
        if (fence->listeners[i].listener == listener) {
            return &fence->listeners[i];
        }
    }
    if (fence->listener_room == 0) {
        return NULL;
    }
    place = fence->listener_count < fence->listener_room
                ? &fence->listeners[fence->listener_count++]
                : longest_unheard(fence);
    *place = (struct listener_image){.listener = listener};
    return place;
}

static int64_t listener_limit_ms(const struct listener_image *listener,
                                 const struct bike_context *context)
{
    const int64_t scans_ms = (int64_t)listener->period_ms * SCANS_LIMIT;
    const int64_t limit_ms = context->rules->listener_limit_ms;

    return scans_ms > limit_ms ? scans_ms : limit_ms;
}

enum bike_took fence_report_apply(struct fence *fence, const struct bike_report *report,
                                  const struct bike_context *context)
{
    struct listener_image *listener = listener_of(fence, report->listener);
    const int64_t now_ms = context->now.at_ms;

    if (listener == NULL) {
        return BIKE_IGNORED;
    }
    if ((report->has & REPORT_HAS_TIME) != 0) {
        const int64_t behind_ms = listener->order_ms - report->time_ms;

        /* the time is our own host's when it came: far behind means that its clock was set back */
        if (behind_ms > 0 && behind_ms < listener_limit_ms(listener, context)) {
            return BIKE_LATE;
        }
        listener->order_ms = report->time_ms < now_ms ? report->time_ms : now_ms;
    }
    listener->heard_ms = now_ms;
    listener->period_ms = report->scan_period_ms;
    if ((report->has & REPORT_HAS_SCAN) != 0) {
        listener->scan_ms = now_ms;
    }
    return BIKE_TOOK;
}

int64_t fence_listen(struct fence *fence, const struct bike_context *context)
{
    int64_t due_ms = INT64_MAX;

    fence->silent = fence->listener_room > 0; /* never heard is silent, too */
    for (unsigned i = 0; i < fence->listener_count; i++) {
        const int64_t until_ms =
            fence->listeners[i].heard_ms + listener_limit_ms(&fence->listeners[i], context);

        if (until_ms > context->now.at_ms) {
            fence->silent = false;
            due_ms = due_ms == INT64_MAX || until_ms > due_ms ? until_ms : due_ms;
        }
    }
    return due_ms;
}

bool fence_listener_live(const struct fence *fence, uint64_t listener,
                         const struct bike_context *context, int64_t *scan_ms)
{
    for (unsigned i = 0; i < fence->listener_count; i++) {
        const struct listener_image *l = &fence->listeners[i];

        if (l->listener == listener) {
            *scan_ms = l->scan_ms;
            return context->now.at_ms - l->heard_ms < listener_limit_ms(l, context);
        }
    }
    return false;
}

/* Brings net[0] to this minute. */
static void minutes_turn(struct fence *fence, int64_t now_ms)
{
    const int64_t minute = now_ms / 60000;
    int64_t passed = minute - fence->minute;

    if (passed <= 0) {
        return;
    }
    if (passed >= FENCE_MINUTES) {
        memset(fence->net, 0, sizeof fence->net);
    } else {
        const size_t n = (size_t)passed;

        memmove(&fence->net[n], &fence->net[0], (FENCE_MINUTES - n) * sizeof fence->net[0]);
        memset(fence->net, 0, n * sizeof fence->net[0]);
    }
    fence->minute = minute;
}

void fence_count(struct fence *fence, uint8_t operator_index, int change, int64_t now_ms)
{
    fence->count = (uint32_t)((int64_t)fence->count + change);
    if (operator_index < OPERATORS_MAX) {
        fence->by_operator[operator_index] =
            (uint16_t)(fence->by_operator[operator_index] + change);
    }
    minutes_turn(fence, now_ms);
    if (fence->net[0] > INT16_MIN && fence->net[0] < INT16_MAX) {
        fence->net[0] = (int16_t)(fence->net[0] + change);
    }
    fence->version++;
    fence->changed_ms = now_ms;
}

int fence_net(struct fence *fence, int64_t now_ms)
{
    int sum = 0;

    minutes_turn(fence, now_ms);
    for (unsigned i = 0; i < FENCE_MINUTES; i++) {
        sum += fence->net[i];
    }
    return sum;
}
