/* A simulated year of a city's spaces and shared bikes, clock as input, held against an oracle
 * (zombie_truth.h) that knows only what happened: every zombie is found at its moment, for its
 * reasons, none other, and each end is seen, through link losses, short releases, permits,
 * closures, rejections, restarts and leaps of the clock. A sample by default; BOWEI_SPACES,
 * BOWEI_BIKES, BOWEI_DAYS and BOWEI_SEEDS set more (the whole year: 2000, 3000, 365),
 * BOWEI_FIRST_SEED where to begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/random_image.h"
#include "tests/unit/zombie_city.h"
#include "tests/unit/zombie_truth.h"
#include <time.h>

#define SPACES     400
#define BIKES      500
#define DAYS       75

#define HALF_HOUR  (30 * TRUTH_MINUTE)
#define BREAKS_MAX 80
#define REVIEW_MS  (10 * TRUTH_DAY)

/* Times of the world are real; city time is ahead of them by the leaps so far. */

struct world_space {
    int64_t change_ms, beat_ms, silent_ms,
        end_ms; /**< end_ms: of a long stay, 0 = an ordinary one */
    int64_t begun_ms;
    bool occupied, edge;
};

enum plan { PLAN_RIDE, PLAN_SILENT, PLAN_DRAG, PLAN_FLAT, PLAN_ALARM };

struct world_bike {
    int64_t act_ms, beat_ms;
    int64_t ride_ms; /**< of a plan with an act before it */
    enum plan plan;
    bool ridden, outside, flat;
    int east_m, north_m;
    int charge_pm; /**< per mille */
};

struct event {
    int64_t at_ms;
    uint32_t subject;
};

struct world {
    struct zombie_town town;
    struct dice dice;
    struct truth_city city;
    struct truth_list cars, vehicles;
    struct world_space *spaces;
    struct truth_space *space_truth;
    struct world_bike *bikes;
    struct truth_bike *bike_truth;
    uint32_t space_count, bike_count, event_count;
    struct event *heap;
    int64_t leapt_ms, end_ms, last_break_ms;
    uint64_t said, restarts, leaps, rejected;
};

static uint32_t setting(const char *name, uint32_t standard)
{
    const char *text = getenv(name);

    return text == NULL ? standard : (uint32_t)strtoul(text, NULL, 10);
}

static int64_t between(struct world *w, int64_t least, int64_t most)
{
    return least + (int64_t)(dice_u64(&w->dice) % (uint64_t)(most - least + 1));
}

static bool chance(struct world *w, uint32_t of, uint32_t n)
{
    return dice_below(&w->dice, of) < n;
}

/* --- what comes next --- */

static bool sooner(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->subject < b->subject;
}

static void push(struct world *w, int64_t at_ms, uint32_t subject)
{
    uint32_t i = w->event_count++;

    for (; i > 0; i = (i - 1) / 2) {
        const struct event *up = &w->heap[(i - 1) / 2];
        const struct event one = {at_ms, subject};

        if (!sooner(&one, up)) {
            break;
        }
        w->heap[i] = *up;
    }
    w->heap[i] = (struct event){at_ms, subject};
}

static struct event pop(struct world *w)
{
    const struct event first = w->heap[0];
    const struct event last = w->heap[--w->event_count];
    uint32_t i = 0;

    for (;;) {
        uint32_t k = 2 * i + 1;

        if (k >= w->event_count) {
            break;
        }
        k += k + 1 < w->event_count && sooner(&w->heap[k + 1], &w->heap[k]);
        if (!sooner(&w->heap[k], &last)) {
            break;
        }
        w->heap[i] = w->heap[k];
        i = k;
    }
    w->heap[i] = last;
    return first;
}

static int64_t city_now(const struct world *w)
{
    return w->town.now.at_ms;
}

static uint32_t restart_subject(const struct world *w)
{
    return w->space_count + w->bike_count;
}

/* --- spaces --- */

static void space_say(struct world *w, uint32_t i)
{
    town_say(&w->town, i, w->spaces[i].occupied ? VALUE_OCCUPIED : VALUE_FREE);
    truth_space_say(&w->space_truth[i], &w->cars, i, w->spaces[i].occupied, city_now(w));
    town_until(&w->town, city_now(w));
    w->said++;
}

static void stay_interrupted_next(struct world *w, struct world_space *s, int64_t now_ms)
{
    const int64_t next_ms = now_ms + between(w, TRUTH_HOUR, 14 * TRUTH_DAY);

    s->change_ms = s->edge || next_ms > s->end_ms ? s->end_ms : next_ms;
}

static void space_arrive(struct world *w, struct world_space *s, int64_t now_ms)
{
    static const int64_t edges[] = {-1000, -1, 0, 40 * TRUTH_MINUTE, 3 * TRUTH_HOUR};

    s->end_ms = 0;
    s->begun_ms = now_ms;
    if (chance(w, 1000, 8)) {
        s->edge = chance(w, 3, 1);
        s->end_ms = now_ms + (s->edge ? 30 * TRUTH_DAY + edges[dice_below(&w->dice, 5)]
                                      : between(w, 25 * TRUTH_DAY, 60 * TRUTH_DAY));
        stay_interrupted_next(w, s, now_ms);
    } else if (chance(w, 100, 3)) {
        s->change_ms = now_ms + between(w, TRUTH_DAY, 6 * TRUTH_DAY);
    } else {
        s->change_ms = now_ms + between(w, 10 * TRUTH_MINUTE, 14 * TRUTH_HOUR);
    }
}

/* Somebody leaves for a moment, or the link is lost. */
static void stay_interrupt(struct world *w, struct world_space *s, int64_t now_ms)
{
    static const int64_t releases[] = {1000,   30000,  59000,  59999,  60000,  61000,
                                       180000, 599000, 599999, 600000, 720000, 2400000};

    if (chance(w, 2, 1)) {
        const int64_t release_ms = releases[dice_below(&w->dice, 12)];

        s->occupied = false;
        s->change_ms = now_ms + release_ms;
        if (chance(w, 12, 1) && now_ms - s->begun_ms > TRUTH_DAY && w->restarts < BREAKS_MAX &&
            now_ms - w->last_break_ms > 2 * TRUTH_HOUR) {
            push(w, now_ms + release_ms / 2, restart_subject(w));
        }
        return;
    }
    s->silent_ms = now_ms + between(w, 7 * TRUTH_HOUR, 4 * TRUTH_DAY);
    stay_interrupted_next(w, s, s->silent_ms);
    s->change_ms = s->change_ms < s->silent_ms ? s->silent_ms : s->change_ms;
}

/* A stay that would end within the window of its suspicion goes on a little longer. */
static bool too_close(const struct world *w, uint32_t i)
{
    const struct truth_space *s = &w->space_truth[i];
    const int64_t due_ms = truth_space_due(s, s->looked_ms);

    return !s->permit && !s->told && s->open == 0 && city_now(w) > due_ms &&
           city_now(w) <= due_ms + 3 * TRUTH_LAG;
}

static void space_change(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_space *s = &w->spaces[i];

    if (!s->occupied) {
        s->occupied = true;
        if (s->end_ms > now_ms) {
            stay_interrupted_next(w, s, now_ms);
        } else {
            space_arrive(w, s, now_ms);
        }
        return;
    }
    if (too_close(w, i)) {
        s->change_ms = now_ms + 4 * TRUTH_LAG;
        s->end_ms = s->end_ms != 0 && s->end_ms < s->change_ms ? s->change_ms : s->end_ms;
        return;
    }
    if (s->end_ms > now_ms) {
        stay_interrupt(w, s, now_ms);
        return;
    }
    s->occupied = false;
    s->end_ms = 0;
    s->change_ms = now_ms + between(w, 2 * TRUTH_MINUTE, 12 * TRUTH_HOUR);
}

/* Out of service for some days across whatever comes. */
static void space_close(struct world *w, uint32_t i)
{
    struct truth_space *s = &w->space_truth[i];
    struct command out = {.kind = COMMAND_SPACE_OUT, .key = town_key(i), .actor = "tester"};

    truth_space_settle(s, &w->cars, i, city_now(w));
    s->out_from_ms = city_now(w);
    s->out_until_ms = city_now(w) + between(w, TRUTH_HOUR, 5 * TRUTH_DAY);
    out.until_ms = s->out_until_ms;
    assert_int_equal(town_command(&w->town, &out), ERR_OK);
}

static void space_step(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_space *s = &w->spaces[i];
    const bool was = s->occupied;
    const bool first = !w->space_truth[i].heard;

    if (now_ms >= s->change_ms) {
        space_change(w, i, now_ms);
    }
    if (s->silent_ms <= now_ms) {
        if (first || was != s->occupied || now_ms >= s->beat_ms) {
            space_say(w, i);
            s->beat_ms = now_ms + 6 * TRUTH_HOUR;
        }
        if (chance(w, 4000, 1)) {
            space_close(w, i);
        }
    } else {
        s->beat_ms = s->silent_ms;
    }
    push(w, s->change_ms < s->beat_ms ? s->change_ms : s->beat_ms, i);
}

/* --- bikes --- */

static void bike_ref(uint32_t i, char out[VEHICLE_REF_MAX + 1])
{
    (void)snprintf(out, VEHICLE_REF_MAX + 1, "%s-%08u", i % 2 ? "HLO" : "MTN", i);
}

static struct bike_report bike_words(struct world *w, uint32_t i)
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

static void bike_say(struct world *w, uint32_t i, const struct bike_report *report)
{
    town_report(&w->town, report);
    town_until(&w->town, city_now(w));
    (void)i;
}

static void bike_beat(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_bike *b = &w->bikes[i];
    const int64_t next_ms = b->act_ms < b->beat_ms ? b->act_ms : b->beat_ms;
    const struct bike_report report = bike_words(w, i);

    truth_bike_settle(&w->bike_truth[i], &w->city, &w->vehicles, i, city_now(w));
    bike_say(w, i, &report);
    truth_bike_beat(&w->bike_truth[i], &w->vehicles, i, city_now(w), report.battery_pct,
                    city_now(w) + next_ms - now_ms);
}

static void bike_place(struct world *w, struct world_bike *b, bool may_outside)
{
    b->outside = may_outside && chance(w, 100, 3);
    b->east_m = b->outside ? CITY_SIDE_M + 100 : (int)between(w, 100, CITY_SIDE_M - 150);
    b->north_m = (int)between(w, 0, (CITY_SIDE_M - 200) / 100) * 100 + 50;
}

/* What will become of a bike that is parked now. */
static void bike_plan(struct world *w, struct world_bike *b, int64_t now_ms)
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

static void bike_lock(struct world *w, uint32_t i, int64_t now_ms)
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
static bool in_window(const struct world *w, const struct truth_bike *b)
{
    const struct truth_case *is = b->open == 0 ? NULL : &w->vehicles.cases[b->open - 1];

    return is != NULL && (is->maybe || is->must != is->may);
}

static void bike_ride(struct world *w, uint32_t i, int64_t now_ms)
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
    bike_say(w, i, &report);
    truth_bike_left(&w->bike_truth[i], &w->vehicles, city_now(w));
    w->bike_truth[i].ridden = true;
    w->bike_truth[i].heard_ms = city_now(w);
    b->ridden = true;
    b->flat = false;
    b->act_ms = now_ms + between(w, 5 * TRUTH_MINUTE, 40 * TRUTH_MINUTE);
    b->beat_ms = TRUTH_NEVER;
}

/* It is found elsewhere twice, without a ride. */
static void bike_drag(struct world *w, uint32_t i, int64_t now_ms)
{
    struct world_bike *b = &w->bikes[i];
    struct truth_bike *t = &w->bike_truth[i];
    struct bike_report report;

    b->east_m = b->east_m < CITY_SIDE_M / 2 ? b->east_m + 800 : b->east_m - 800;
    bike_beat(w, i, now_ms);
    town_until(&w->town, city_now(w) + TRUTH_MINUTE);
    truth_bike_settle(t, &w->city, &w->vehicles, i, city_now(w));
    report = bike_words(w, i);
    bike_say(w, i, &report);
    truth_bike_left(t, &w->vehicles, city_now(w));
    t->dragged_ms = truth_up(city_now(w), TRUTH_SECOND);
    t->heard_ms = t->looked_ms = city_now(w);
    t->outside = false;
}

static void bike_alarm(struct world *w, uint32_t i, int64_t now_ms)
{
    struct truth_bike *t = &w->bike_truth[i];
    struct bike_report report;

    truth_bike_settle(t, &w->city, &w->vehicles, i, city_now(w));
    report = bike_words(w, i);
    report.has |= REPORT_MOVED_ALONE;
    bike_say(w, i, &report);
    t->dragged_ms = t->dragged_ms != 0 ? t->dragged_ms : truth_up(city_now(w), TRUTH_SECOND);
    truth_bike_beat(t, &w->vehicles, i, city_now(w), report.battery_pct,
                    city_now(w) + w->bikes[i].beat_ms - now_ms);
}

static void bike_act(struct world *w, uint32_t i, int64_t now_ms)
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

static void bike_step(struct world *w, uint32_t i, int64_t now_ms)
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

/* --- what disturbs --- */

static void settle_all(struct world *w)
{
    for (uint32_t i = 0; i < w->space_count; i++) {
        truth_space_settle(&w->space_truth[i], &w->cars, i, city_now(w));
    }
    for (uint32_t i = 0; i < w->bike_count; i++) {
        truth_bike_settle(&w->bike_truth[i], &w->city, &w->vehicles, i, city_now(w));
    }
}

static void broken(struct world *w, int64_t from_ms)
{
    w->city.breaks[w->city.break_count].from_ms = from_ms;
    w->city.breaks[w->city.break_count++].to_ms = city_now(w);
    w->city.listening_ms = city_now(w);
}

static void restart(struct world *w, int64_t now_ms)
{
    if (w->city.break_count + 1 >= sizeof w->city.breaks / sizeof w->city.breaks[0]) {
        return;
    }
    settle_all(w);
    town_restart(&w->town);
    broken(w, city_now(w));
    w->last_break_ms = now_ms;
    w->restarts++;
}

/* The wall clock jumps: ahead the city goes along, back it does not. */
static void leap(struct world *w)
{
    settle_all(w);
    if (chance(w, 3, 1)) {
        w->town.now.shift_ms -= between(w, TRUTH_MINUTE, TRUTH_HOUR);
        return;
    }
    const int64_t leap_ms = between(w, 2 * TRUTH_HOUR, 2 * TRUTH_DAY);

    w->leapt_ms += leap_ms;
    w->town.now.at_ms += leap_ms;
    broken(w, city_now(w) - leap_ms);
    for (uint32_t i = 0; i < w->space_count; i++) {
        w->space_truth[i].looked_ms = city_now(w);
    }
    for (uint32_t i = 0; i < w->bike_count; i++) {
        struct truth_bike *b = &w->bike_truth[i];

        b->looked_ms = city_now(w);
        /* outside, but not for long enough yet: the leap made its position too old */
        b->alert_ms = b->alert_ms > city_now(w) - leap_ms ? 0 : b->alert_ms;
    }
    w->leaps++;
}

/* --- cases of the core --- */

struct found {
    struct case_image image;
    uint32_t subject;
    int64_t left_ms; /**< as its history says, whole seconds; 0 = has not */
};

static uint32_t subject_of(const struct case_image *image)
{
    char id[SPACE_ID_LEN + 1];
    char site[4] = {0};

    if (image->kind == CASE_ZOMBIE_SHARED_BIKE) {
        return (uint32_t)strtoul(image->vehicle + 4, NULL, 10);
    }
    space_id_format(image->place, id);
    memcpy(site, id + 10, 3);
    return ((uint32_t)strtoul(site, NULL, 10) - 1) * CITY_LOT + space_key_number(image->place) - 1;
}

/* Staff look at some suspicions and say that they are false alarms. */
static void review(struct world *w)
{
    settle_all(w);
    for (uint32_t i = 0; i < core_case_slots(w->town.core); i++) {
        struct image image;
        uint32_t *open;
        uint32_t subject;

        if (!core_case_image(w->town.core, i, &image) || image.case_.stage != STAGE_SUSPECT ||
            image.case_.status != STATUS_REPORTED ||
            city_now(w) - image.case_.reported_ms < 2 * TRUTH_HOUR || !chance(w, 12, 1)) {
            continue;
        }
        subject = subject_of(&image.case_);
        open = image.case_.kind == CASE_ZOMBIE_CAR ? &w->space_truth[subject].open
                                                   : &w->bike_truth[subject].open;
        if (*open == 0) {
            continue; /* of a bike or place that the end will tell of */
        }
        assert_int_equal(town_reject(&w->town, image.case_.id), ERR_OK);
        (image.case_.kind == CASE_ZOMBIE_CAR ? &w->cars : &w->vehicles)->cases[*open - 1].rejected =
            true;
        *open = 0;
        w->rejected++;
    }
}

static int found_order(const void *left, const void *right)
{
    const struct found *a = left;
    const struct found *b = right;

    if (a->subject != b->subject) {
        return a->subject < b->subject ? -1 : 1;
    }
    return a->image.reported_ms < b->image.reported_ms ? -1 : 1;
}

static int truth_order(const void *left, const void *right)
{
    const struct truth_case *a = left;
    const struct truth_case *b = right;

    if (a->subject != b->subject) {
        return a->subject < b->subject ? -1 : 1;
    }
    return a->from_ms < b->from_ms ? -1 : 1;
}

static struct found *found_all(const struct world *w, enum case_kind kind, uint32_t *count)
{
    struct found *all = calloc(core_case_slots(w->town.core) + 1, sizeof *all);
    struct image image;

    *count = 0;
    for (uint32_t i = 0; i < core_case_slots(w->town.core); i++) {
        if (core_case_image(w->town.core, i, &image) && image.case_.kind == kind) {
            all[*count].image = image.case_;
            all[(*count)++].subject = subject_of(&image.case_);
        }
    }
    for (uint32_t i = 0; i < core_case_row_slots(w->town.core); i++) {
        if (!core_case_row_image(w->town.core, i, &image) ||
            image.case_row.event != CASE_EVENT_SELF_CLEAR) {
            continue;
        }
        for (uint32_t k = 0; k < *count; k++) {
            if (all[k].image.id == image.case_row.id) {
                assert_int_equal(rfc3339_parse(image.case_row.note,
                                               (uint32_t)strlen(image.case_row.note),
                                               &all[k].left_ms),
                                 0);
            }
        }
    }
    qsort(all, *count, sizeof *all, found_order);
    return all;
}

/* --- the verdict --- */

static bool fits(const struct world *w, const struct found *is, const struct truth_case *was)
{
    const int64_t off_ms = is->left_ms - was->left_ms;
    const int64_t until_ms = was->maybe ? was->end_ms : truth_until(&w->city, was->due_ms);

    if (is->image.reported_ms < was->from_ms || is->image.reported_ms > until_ms) {
        return false;
    }
    if (was->maybe) {
        return true;
    }
    return (is->image.reasons & was->must) == was->must && (is->image.reasons & ~was->may) == 0 &&
           (was->rejected || (is->left_ms != 0) == (was->left_ms != 0) ||
            was->left_ms > w->end_ms - HALF_HOUR) &&
           (was->rejected || is->left_ms == 0 || was->left_ms == 0 ||
            /* its text is wall clock, which was set back by some hours at most */
            (off_ms <= 0 && off_ms >= w->town.now.shift_ms - 1000));
}

static void hold(const struct world *w, enum case_kind kind, struct truth_list *list)
{
    uint32_t count;
    struct found *all = found_all(w, kind, &count);
    uint32_t k = 0, right = 0, maybe = 0, left = 0, wrong = 0;

    for (uint32_t i = 0; i < list->count; i++) { /* the year ends within its window */
        if (!truth_sure(list->cases[i].due_ms, w->end_ms)) {
            list->cases[i].maybe = true;
            list->cases[i].end_ms = w->end_ms;
        }
    }
    qsort(list->cases, list->count, sizeof *list->cases, truth_order);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct truth_case *was = &list->cases[i];

        if (k < count && all[k].subject == was->subject && fits(w, &all[k], was)) {
            right += !was->maybe;
            maybe += was->maybe;
            left += was->left_ms != 0;
            k++;
        } else if (!was->maybe) {
            if (wrong++ < 5) {
                print_error("missed: subject %u, day %.4f to %.4f, reasons %x to %x, left %.4f\n",
                            was->subject, (double)(was->from_ms - CITY_T0) / 864e5,
                            (double)(was->due_ms - CITY_T0) / 864e5, was->must, was->may,
                            (double)(was->left_ms - CITY_T0) / 864e5);
            }
            if (k < count && all[k].subject == was->subject) {
                print_error("  found: day %.4f, reasons %x, left %.4f\n",
                            (double)(all[k].image.reported_ms - CITY_T0) / 864e5,
                            all[k].image.reasons, (double)(all[k].left_ms - CITY_T0) / 864e5);
            }
            k += k < count && all[k].subject == was->subject;
        }
        while (k < count && (i + 1 == list->count || all[k].subject < list->cases[i + 1].subject)) {
            if (wrong++ < 5) {
                print_error("invented: subject %u, day %.4f, reasons %x\n", all[k].subject,
                            (double)(all[k].image.reported_ms - CITY_T0) / 864e5,
                            all[k].image.reasons);
            }
            k++;
        }
    }
    print_message("  %s: %u true, all found at their moment; %u left; %u within a window that "
                  "ended, %u of them found; %u wrong\n",
                  case_kind_word(kind)->code, right, left, list->count - right - wrong, maybe,
                  wrong);
    assert_int_equal(wrong, 0);
    assert_true(right > 0);
    assert_true((list->count - right) * 20 <= list->count); /* windows are no way out */
    assert_int_equal(k, count);
    free(all);
}

/* --- a year --- */

static void world_open(struct world *w, uint32_t seed)
{
    const bool quick = getenv("BOWEI_QUICK") != NULL; /* under a sanitizer */

    *w = (struct world){.dice = {seed},
                        .space_count = setting("BOWEI_SPACES", quick ? SPACES / 3 : SPACES),
                        .bike_count = setting("BOWEI_BIKES", quick ? BIKES / 5 : BIKES)};
    w->end_ms = CITY_T0 + setting("BOWEI_DAYS", DAYS) * TRUTH_DAY;
    w->city.listening_ms = CITY_T0;
    w->heap = calloc(w->space_count + w->bike_count + 2 * BREAKS_MAX + 400, sizeof *w->heap);
    w->spaces = calloc(w->space_count, sizeof *w->spaces);
    w->space_truth = calloc(w->space_count, sizeof *w->space_truth);
    w->bikes = calloc(w->bike_count, sizeof *w->bikes);
    w->bike_truth = calloc(w->bike_count, sizeof *w->bike_truth);
    assert_true(w->heap && w->spaces && w->space_truth && w->bikes && w->bike_truth);
    town_open(&w->town, w->space_count);
    for (uint32_t i = 0; i < w->space_count; i++) {
        w->space_truth[i].permit = i % CITY_PERMIT == 7;
        w->space_truth[i].limit_ms = CITY_LIMIT_S * INT64_C(1000);
        w->space_truth[i].looked_ms = CITY_T0;
        w->spaces[i].change_ms = CITY_T0 + between(w, 1, TRUTH_DAY);
        push(w, w->spaces[i].change_ms, i);
    }
    for (uint32_t i = 0; i < w->bike_count; i++) {
        w->bikes[i].ridden = true;
        w->bikes[i].charge_pm = (int)between(w, 300, 1000);
        w->bikes[i].act_ms = CITY_T0 + between(w, 1, TRUTH_DAY);
        push(w, w->bikes[i].act_ms, w->space_count + i);
    }
    for (int64_t at_ms = CITY_T0 + 5 * TRUTH_DAY; at_ms < w->end_ms; at_ms += 30 * TRUTH_DAY) {
        push(w, at_ms + between(w, 0, 20 * TRUTH_DAY), restart_subject(w) + 1); /* a leap */
    }
    for (int64_t at_ms = CITY_T0 + REVIEW_MS; at_ms < w->end_ms; at_ms += REVIEW_MS) {
        push(w, at_ms, restart_subject(w) + 2);
    }
}

static void world_close(struct world *w)
{
    town_close(&w->town);
    free(w->heap);
    free(w->spaces);
    free(w->space_truth);
    free(w->bikes);
    free(w->bike_truth);
    free(w->cars.cases);
    free(w->vehicles.cases);
}

static void world_run(struct world *w)
{
    while (w->event_count > 0 && w->heap[0].at_ms < w->end_ms) {
        const struct event next = pop(w);
        const int64_t city_ms = next.at_ms + w->leapt_ms;

        town_until(&w->town, city_ms);
        if (next.subject < w->space_count) {
            space_step(w, next.subject, next.at_ms);
        } else if (next.subject < restart_subject(w)) {
            bike_step(w, next.subject - w->space_count, next.at_ms);
        } else if (next.subject == restart_subject(w)) {
            restart(w, next.at_ms);
        } else if (next.subject == restart_subject(w) + 1) {
            leap(w);
        } else {
            review(w);
        }
    }
    w->end_ms += w->leapt_ms + TRUTH_HOUR; /* what was said last is looked at, too */
    town_until(&w->town, w->end_ms);
    settle_all(w);
    for (uint32_t i = 0; i < w->space_count; i++) {
        truth_space_missed(&w->space_truth[i], &w->cars, i, w->end_ms);
    }
}

static double cpu_s(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void every_zombie_is_found_and_none_other(void **state)
{
    const uint32_t first = setting("BOWEI_FIRST_SEED", 1);
    const uint32_t seeds = setting("BOWEI_SEEDS", 1);

    (void)state;
    for (uint32_t seed = first; seed < first + seeds; seed++) {
        static struct world w;
        const double begun_s = cpu_s();

        world_open(&w, seed);
        world_run(&w);
        print_message("seed %u: %u spaces, %u bikes, %u days: %llu messages, %llu restarts, %llu "
                      "leaps, %llu rejected; %.1f s of one core\n",
                      seed, w.space_count, w.bike_count, setting("BOWEI_DAYS", DAYS),
                      (unsigned long long)w.said, (unsigned long long)w.restarts,
                      (unsigned long long)w.leaps, (unsigned long long)w.rejected,
                      cpu_s() - begun_s);
        hold(&w, CASE_ZOMBIE_CAR, &w.cars);
        hold(&w, CASE_ZOMBIE_SHARED_BIKE, &w.vehicles);
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_zombie_is_found_and_none_other)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
