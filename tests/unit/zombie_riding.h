#ifndef TESTS_UNIT_ZOMBIE_RIDING_H
#define TESTS_UNIT_ZOMBIE_RIDING_H

/* What happens to the shared bikes of the simulated year: rides, silence, drags, flat batteries,
 * alarms, with the oracle told of all of it. Included once, by the test, behind cmocka.h. */
#include "tests/unit/zombie_world.h"

/* --- bikes --- */

static inline void bike_ref(uint32_t i, char out[VEHICLE_REF_MAX + 1])
{
    (void)snprintf(out, VEHICLE_REF_MAX + 1, "%s-%08u", i % 2 ? "HLO" : "MTN", i);
}

static inline struct bike_report bike_words(struct world *w, uint32_t i)
{
    const struct world_bike *b = &w->bikes[i];
    char ref[VEHICLE_REF_MAX + 1];
    struct bike_report report;

    bike_ref(i, ref);
    report = town_fix(&w->town, ref, b->east_m + (int)between(w, 0, 12),
                      b->north_m + (int)between(w, 0, 12));
    report.has |= REPORT_HAS_BATTERY;
    report.battery_pct = (uint8_t)(b->charge_pm / 10);
    w->said++;
    return report;
}

static inline void bike_say(struct world *w, const struct bike_report *report)
{
    town_report(&w->town, report);
    town_until(&w->town, city_now(w));
}

static inline void bike_beat(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_bike *b = &w->bikes[i];
    const int64_t next_ms = b->act_ms < b->beat_ms ? b->act_ms : b->beat_ms;
    const struct bike_report report = bike_words(w, i);

    truth_bike_settle(&w->bike_truth[i], &w->city, &w->vehicles, i, city_now(w));
    bike_say(w, &report);
    truth_bike_beat(&w->bike_truth[i], &w->vehicles, i, city_now(w), report.battery_pct,
                    city_now(w) + next_ms - now_ms);
}

static inline void bike_place(struct world *w, struct world_bike *b, bool may_outside)
{
    b->outside = may_outside && chance(w, 100, 3);
    b->east_m = b->outside ? CITY_SIDE_M + 100 : (int)between(w, 100, CITY_SIDE_M - 150);
    b->north_m = (int)between(w, 0, (CITY_SIDE_M - 200) / 100) * 100 + 50;
}

/* What will become of a bike that is parked now. */
static inline void bike_plan(struct world *w, struct world_bike *b, int64_t now_ms)
{
    const uint32_t n = dice_below(&w->dice, 1000);
    const int64_t soon_ms = now_ms + between(w, 2 * TRUTH_HOUR, TRUTH_DAY);

    b->plan = n < 6    ? PLAN_SILENT
              : n < 12 ? PLAN_DRAG
              : n < 18 ? PLAN_FLAT
              : n < 21 ? PLAN_ALARM
                       : PLAN_RIDE;
    b->act_ms = soon_ms;
    b->ride_ms = soon_ms + between(w, TRUTH_DAY, 6 * TRUTH_DAY);
    if (b->plan == PLAN_RIDE) {
        b->act_ms = now_ms + (n < 35 ? between(w, 6 * TRUTH_DAY, 20 * TRUTH_DAY)
                                     : between(w, 2 * TRUTH_HOUR, 4 * TRUTH_DAY));
    }
}

static inline void bike_lock(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_bike *b = &w->bikes[i];

    b->ridden = false;
    bike_plan(w, b, now_ms);
    bike_place(w, b, b->plan == PLAN_RIDE);
    b->beat_ms = now_ms + between(w, 4 * TRUTH_HOUR, 7 * TRUTH_HOUR);
    w->bike_truth[i].ridden = false;
    w->bike_truth[i].outside = b->outside;
    truth_bike_left(&w->bike_truth[i], &w->vehicles, city_now(w));
    w->bike_truth[i].heard_ms = city_now(w);
    bike_beat(w, i, now_ms);
}

/* May it be ridden now, or would it end what has just begun? */
static inline bool in_window(const struct world *w, const struct truth_bike *b)
{
    const struct truth_case *is = b->open == 0 ? NULL : &w->vehicles.cases[b->open - 1];

    return is != NULL && (is->maybe || is->must != is->may);
}

static inline void bike_ride(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_bike *b = &w->bikes[i];
    struct bike_report report;

    truth_bike_settle(&w->bike_truth[i], &w->city, &w->vehicles, i, city_now(w));
    if (in_window(w, &w->bike_truth[i])) {
        b->act_ms = now_ms + 3 * TRUTH_LAG;
        b->beat_ms = now_ms + TRUTH_DAY;
        bike_beat(w, i, now_ms);
        return;
    }
    if (b->charge_pm < 200) {
        b->charge_pm = 1000; /* swapped on the spot */
        b->act_ms = now_ms;
        bike_beat(w, i, now_ms);
    }
    report = bike_words(w, i);
    report.lock = LOCK_UNLOCKED;
    report.has = REPORT_HAS_TIME;
    report.event = 1 + w->said; /* two messages of one millisecond */
    bike_say(w, &report);
    truth_bike_left(&w->bike_truth[i], &w->vehicles, city_now(w));
    w->bike_truth[i].ridden = true;
    w->bike_truth[i].heard_ms = city_now(w);
    b->ridden = true;
    b->flat = false;
    b->act_ms = now_ms + between(w, 5 * TRUTH_MINUTE, 40 * TRUTH_MINUTE);
    b->beat_ms = TRUTH_NEVER;
}

/* It is found elsewhere twice, without a ride. */
static inline void bike_drag(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_bike *b = &w->bikes[i];
    struct truth_bike *t = &w->bike_truth[i];
    struct bike_report report;

    b->east_m = b->east_m < CITY_SIDE_M / 2 ? b->east_m + 800 : b->east_m - 800;
    bike_beat(w, i, now_ms);
    town_until(&w->town, city_now(w) + TRUTH_MINUTE);
    truth_bike_settle(t, &w->city, &w->vehicles, i, city_now(w));
    report = bike_words(w, i);
    bike_say(w, &report);
    truth_bike_left(t, &w->vehicles, city_now(w));
    t->dragged_ms = truth_up(city_now(w), TRUTH_SECOND);
    t->heard_ms = t->looked_ms = city_now(w);
    t->outside = false;
}

static inline void bike_alarm(struct world *w, uint32_t i, int64_t now_ms)
{
    struct truth_bike *t = &w->bike_truth[i];
    struct bike_report report;

    truth_bike_settle(t, &w->city, &w->vehicles, i, city_now(w));
    report = bike_words(w, i);
    report.has |= REPORT_MOVED_ALONE;
    bike_say(w, &report);
    t->dragged_ms = t->dragged_ms != 0 ? t->dragged_ms : truth_up(city_now(w), TRUTH_SECOND);
    truth_bike_beat(t, &w->vehicles, i, city_now(w), report.battery_pct,
                    city_now(w) + w->bikes[i].beat_ms - now_ms);
}

static inline void bike_act(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_bike *b = &w->bikes[i];
    const enum plan plan = b->plan;

    if (b->ridden) {
        bike_lock(w, i, now_ms);
        return;
    }
    b->act_ms = b->ride_ms;
    b->plan = PLAN_RIDE;
    switch (plan) {
    case PLAN_RIDE: bike_ride(w, i, now_ms); return;
    case PLAN_SILENT:
        b->beat_ms = now_ms + (chance(w, 4, 1) ? between(w, 45 * TRUTH_DAY, 60 * TRUTH_DAY)
                                               : between(w, 6 * TRUTH_DAY, 30 * TRUTH_DAY));
        b->act_ms = b->beat_ms + between(w, TRUTH_HOUR, 3 * TRUTH_DAY);
        return;
    case PLAN_DRAG: bike_drag(w, i, now_ms); return;
    case PLAN_FLAT:
        b->flat = true;
        b->charge_pm = 50;
        bike_beat(w, i, now_ms);
        return;
    case PLAN_ALARM: bike_alarm(w, i, now_ms); return;
    }
}

static inline void bike_step(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_bike *b = &w->bikes[i];

    if (now_ms >= b->act_ms) {
        bike_act(w, i, now_ms);
    } else {
        b->charge_pm -= b->flat ? 0 : 4;
        b->charge_pm = b->charge_pm < 120 && !b->flat ? 1000 : b->charge_pm;
        b->beat_ms = now_ms + between(w, 4 * TRUTH_HOUR, 7 * TRUTH_HOUR);
        bike_beat(w, i, now_ms);
    }
    push(w, b->act_ms < b->beat_ms ? b->act_ms : b->beat_ms, w->space_count + i);
}

#endif
