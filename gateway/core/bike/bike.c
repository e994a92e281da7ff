/* A report into a bike's root: order first, then lock, radio, position. Reads no other root, so a
 * replay of the journal gives the same bike. */
#include "gateway/core/bike/bike.h"

#include <string.h>

#define AHEAD_MS     120000 /* a time further ahead than this is taken as now (STATES 2) */
#define LOCK_TICK_MS 1000   /* Omni: L0 and L1 tell whole seconds, D0 hundredths */

void bike_begin(struct bike *bike, const char *ref, int64_t now_ms)
{
    *bike = (struct bike){.fence = NO_FENCE,
                          .listened = NO_FENCE,
                          .next = NO_SLOT,
                          .former = NO_SLOT,
                          .alert = NO_ALERT,
                          .found_ms = now_ms,
                          .operator_index = NO_OPERATOR};
    (void)strncpy(bike->image.ref, ref, VEHICLE_REF_MAX);
    bike->image.battery_pct = UINT8_MAX;
    bike->image.distance_mm = INT32_MAX;
    bike->image.rule = RULE_NO_EVIDENCE;
    bike->image.since_ms = now_ms;
    bike->image.moved_ms = now_ms;
    stop_begin(&bike->image, now_ms);
}

/* Whole seconds, never before the moment. */
static uint32_t seconds_up(int64_t at_ms)
{
    return (uint32_t)((at_ms + 999) / 1000);
}

void bike_leave(struct bike *bike, int64_t now_ms)
{
    struct bike_image *image = &bike->image;

    stop_begin(image, now_ms);
    image->flags = BIKE_GONE;
    image->adcode = 0;
    image->newest = (struct position_e7){0};
    image->accuracy_mm = 0;
    image->fixed_ms = 0;
    image->radio = (struct bike_radio){0};
    image->rival = (struct bike_radio){0};
    image->dragged_s = 0;
    image->moved_ms = now_ms;
}

/* Clocks of one second: at the same time another event, another state of the lock or another
 * place is news. Locks say "locked" and where they are in two messages. */
static bool same_time_news(const struct bike_image *image, const struct bike_report *report)
{
    if (report->event != 0 || (report->lock != LOCK_UNKNOWN && report->lock != image->lock)) {
        return true;
    }
    return (report->has & REPORT_HAS_POSITION) != 0 &&
           (report->at.lat != image->newest.lat || report->at.lon != image->newest.lon);
}

/* A lock stamps what it did more coarsely than where it is: turned within the tick before its
 * newest word, it is no late word, and a ride that begins behind a position is not missed. */
static bool lock_turned(const struct bike_image *image, const struct bike_report *report,
                        int64_t time_ms)
{
    return report->source == REPORT_LOCK && report->lock != LOCK_UNKNOWN &&
           report->lock != image->lock && image->order_ms[REPORT_LOCK] - time_ms < LOCK_TICK_MS;
}

/* Is it news? Time per source, since each source has its own clock; then the event id. */
static enum bike_took order_take(struct bike_image *image, const struct bike_report *report,
                                 int64_t now_ms)
{
    if (report->event != 0) {
        for (unsigned i = 0; i < BIKE_EVENTS_KEPT; i++) {
            if (image->events[i] == report->event) {
                return BIKE_DUPLICATE;
            }
        }
    }
    if ((report->has & REPORT_HAS_TIME) != 0) {
        int64_t time_ms = report->time_ms > now_ms + AHEAD_MS ? now_ms : report->time_ms;

        const int64_t newest_ms = image->order_ms[report->source];

        if (time_ms < newest_ms && !lock_turned(image, report, time_ms)) {
            return BIKE_LATE;
        }
        if (time_ms == newest_ms && !same_time_news(image, report)) {
            return BIKE_DUPLICATE;
        }
        image->order_ms[report->source] = time_ms > newest_ms ? time_ms : newest_ms;
    }
    if (report->event != 0) {
        memmove(&image->events[1], &image->events[0],
                (BIKE_EVENTS_KEPT - 1) * sizeof image->events[0]);
        image->events[0] = report->event;
    }
    return BIKE_TOOK;
}

/* Locked or unlocked since? A bike that is in use keeps nothing of a place. */
static void lock_take(struct bike *bike, const struct bike_report *report, int64_t now_ms)
{
    struct bike_image *image = &bike->image;

    if (report->lock == LOCK_UNLOCKED && (image->flags & BIKE_GONE) == 0) {
        bike_leave(bike, now_ms);
        image->flags |= BIKE_MOVED;
    } else if (report->lock == LOCK_LOCKED && (image->flags & BIKE_GONE) != 0) {
        stop_begin(image, now_ms);
        image->flags &= BIKE_MOVED;
        image->moved_ms = now_ms;
    }
    if (report->lock != LOCK_UNKNOWN) {
        image->lock = report->lock;
    }
}

uint16_t bike_unheard(uint32_t minutes, int64_t silent_ms)
{
    if (silent_ms > BIKE_UNHEARD_MS) {
        minutes += (uint32_t)((silent_ms - BIKE_UNHEARD_MS + 59999) / 60000);
    }
    return (uint16_t)(minutes > UINT16_MAX ? UINT16_MAX : minutes);
}

int64_t bike_unheard_s(const struct bike_image *bike, int64_t now_ms)
{
    const int64_t silent_ms = now_ms - bike->heard_ms - BIKE_UNHEARD_MS;

    return bike->unheard_min * INT64_C(60) + (silent_ms > 0 ? silent_ms / 1000 : 0);
}

/* What zombie clocks need beside moved_ms and heard_ms. */
static void clocks_take(struct bike_image *image, const struct bike_report *report,
                        const struct bike_context *context)
{
    const int64_t now_ms = context->now.at_ms;
    const int64_t silent_ms = image->heard_ms == 0 ? 0 : now_ms - image->heard_ms;

    image->unheard_min = bike_unheard(image->unheard_min, silent_ms);
    if ((report->has & REPORT_HAS_BATTERY) == 0) {
        return;
    }
    image->battery_pct = report->battery_pct;
    if (report->battery_pct > context->rules->flat_pct) {
        image->flat_s = 0;
    } else if (image->flat_s == 0) {
        image->flat_s = seconds_up(now_ms);
    }
}

enum bike_took bike_report_apply(struct bike *bike, const struct bike_report *report,
                                 const struct bike_context *context)
{
    struct bike_image *image = &bike->image;
    const int64_t now_ms = context->now.at_ms;
    const enum bike_took took = order_take(image, report, now_ms);

    if (took != BIKE_TOOK) {
        return took;
    }
    clocks_take(image, report, context);
    image->heard_ms = now_ms;
    image->flags &= (uint8_t)~BIKE_RESTORED;
    lock_take(bike, report, now_ms);
    if ((image->flags & BIKE_GONE) != 0) {
        if (image->lock == LOCK_UNLOCKED) {
            return BIKE_TOOK;
        }
        /* forgotten, and heard again without a word on its lock */
        stop_begin(image, now_ms);
        image->flags = 0;
        image->moved_ms = now_ms;
    }
    if ((report->has & REPORT_MOVED_ALONE) != 0) {
        image->flags |= BIKE_ALARM;
        image->dragged_s = image->dragged_s != 0 ? image->dragged_s : seconds_up(now_ms);
    }
    if (report->source == REPORT_SCAN) {
        radio_scan(image, report, context);
    }
    if ((report->has & REPORT_HAS_RADIO) != 0) {
        radio_beacons(image, report, context);
    }
    if ((report->has & REPORT_HAS_POSITION) != 0) {
        stop_fix(image, report, context);
    }
    return BIKE_TOOK;
}
