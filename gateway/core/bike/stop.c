/* Where a bike stands: the mean of the fixes since it was parked. GNSS noise of a bike that stands
 * still is many metres a fix and little in the mean; a real move is two fixes in a row elsewhere.
 */
#include "gateway/core/bike/bike.h"

#define FIXES_KEPT 64 /* then the sums are halved: a slow drift is followed, noise is not */

void stop_begin(struct bike_image *bike, int64_t now_ms)
{
    bike->flags &=
        (uint8_t) ~(BIKE_DECIDED | BIKE_DECIDED_IN | BIKE_HAS_POSITION | BIKE_ALARM | BIKE_TOLD);
    bike->strays = 0;
    bike->fixes = 0;
    bike->first = (struct position_e7){0};
    bike->stray = (struct position_e7){0};
    bike->sum_lat = 0;
    bike->sum_lon = 0;
    bike->parked_ms = now_ms;
    bike->unheard_min = 0;
    bike->outside_ms = 0;
}

static void fix_add(struct bike_image *bike, struct position_e7 at)
{
    if (bike->fixes == 0) {
        bike->first = at;
    }
    if (bike->fixes >= FIXES_KEPT) {
        bike->sum_lat /= 2;
        bike->sum_lon /= 2;
        bike->fixes /= 2;
    }
    bike->sum_lat += (int64_t)at.lat - bike->first.lat;
    bike->sum_lon += (int64_t)at.lon - bike->first.lon;
    bike->fixes++;
    bike->strays = 0;
    bike->flags |= BIKE_HAS_POSITION;
}

/* When it was there: buffered words come late, and are as old as they say. A clock that is ahead is
 * not believed. */
static int64_t fix_time_ms(const struct bike_report *report, const struct now *now)
{
    int64_t said_ms;

    if ((report->has & REPORT_HAS_TIME) == 0 ||
        __builtin_sub_overflow(report->time_ms, now->shift_ms, &said_ms) || said_ms > now->at_ms) {
        return now->at_ms;
    }
    return said_ms > 0 ? said_ms : 1; /* 0 = none */
}

/* What the bike heard where it stood before says nothing of here. A listener goes on telling. */
static void beacon_leave(struct bike_image *bike, int64_t now_ms)
{
    if (bike->radio.listener == 0 && bike->radio.heard_ms != now_ms) {
        bike->radio = (struct bike_radio){0};
    }
}

void stop_fix(struct bike_image *bike, const struct bike_report *report,
              const struct bike_context *context)
{
    const struct fleet_rules *rules = context->rules;
    const int64_t now_ms = context->now.at_ms;
    const int64_t fixed_ms = fix_time_ms(report, &context->now);
    struct position_e7 mean;

    bike->newest = report->at;
    bike->accuracy_mm = report->accuracy_mm;
    bike->fixed_ms = fixed_ms > bike->fixed_ms ? fixed_ms : bike->fixed_ms; /* sources differ */
    bike->source = report->source;
    if (report->accuracy_mm > rules->coarse_mm) {
        return; /* shown, but it decides nothing */
    }
    if (!bike_position(bike, &mean) || distance_mm(mean, report->at) <= rules->moved_mm) {
        fix_add(bike, report->at);
        return;
    }
    if (bike->strays == 0 || distance_mm(bike->stray, report->at) > rules->moved_mm) {
        bike->strays = 1;
        bike->stray = report->at;
        return;
    }
    const struct position_e7 stray = bike->stray;
    stop_begin(bike, now_ms);
    beacon_leave(bike, now_ms);
    bike->moved_ms = now_ms;
    bike->flags |= BIKE_MOVED;
    bike->dragged_s = (uint32_t)((now_ms + 999) / 1000);
    fix_add(bike, stray);
    fix_add(bike, report->at);
}

/* The fixes of the former stop, and that is all there is of the mean. */
static void fixes_take(struct bike_image *bike, const struct bike_image *before)
{
    bike->fixes = before->fixes;
    bike->first = before->first;
    bike->sum_lat = before->sum_lat;
    bike->sum_lon = before->sum_lon;
    bike->strays = before->strays;
    bike->stray = before->stray;
    bike->flags |= BIKE_HAS_POSITION;
}

/* Both means in one, from the former origin. */
static void fixes_join(struct bike_image *bike, const struct bike_image *before)
{
    uint32_t fixes = bike->fixes;

    bike->sum_lat += before->sum_lat + bike->fixes * ((int64_t)bike->first.lat - before->first.lat);
    bike->sum_lon += before->sum_lon + bike->fixes * ((int64_t)bike->first.lon - before->first.lon);
    bike->first = before->first;
    for (fixes += before->fixes; fixes > FIXES_KEPT; fixes /= 2) {
        bike->sum_lat /= 2;
        bike->sum_lon /= 2;
    }
    bike->fixes = (uint16_t)fixes;
}

bool stop_recall(struct bike_image *bike, const struct bike_image *before,
                 const struct bike_context *context)
{
    const struct position_e7 only = bike->first;
    struct position_e7 at;
    struct position_e7 former;

    if (bike->fixed_ms == 0) {
        bike->newest = before->newest;
        bike->accuracy_mm = before->accuracy_mm;
        bike->fixed_ms = before->fixed_ms;
        bike->source = before->source;
    }
    if (!bike_position(before, &former)) {
        return true;
    }
    if (!bike_position(bike, &at)) {
        fixes_take(bike, before);
        return true;
    }
    if (distance_mm(at, former) <= context->rules->moved_mm) {
        fixes_join(bike, before);
        return true;
    }
    if (bike->fixes > 1) {
        return false;
    }
    fixes_take(bike, before);
    bike->strays = 1;
    bike->stray = only;
    return true;
}
