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

#include "tests/unit/zombie_riding.h"
#include <time.h>

#define SPACES 400
#define BIKES  500
#define DAYS   75

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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_zombie_is_found_and_none_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
