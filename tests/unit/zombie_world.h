#ifndef TESTS_UNIT_ZOMBIE_WORLD_H
#define TESTS_UNIT_ZOMBIE_WORLD_H

/* The world of the simulated year: what comes next, and what happens on its spaces, with the oracle
 * told of all of it. Included once, by the test, behind cmocka.h. */
#include "tests/unit/random_image.h"
#include "tests/unit/zombie_city.h"
#include "tests/unit/zombie_truth.h"

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

static inline uint32_t setting(const char *name, uint32_t standard)
{
    const char *text = getenv(name);

    return text == NULL ? standard : (uint32_t)strtoul(text, NULL, 10);
}

static inline int64_t between(struct world *w, int64_t least, int64_t most)
{
    return least + (int64_t)(dice_u64(&w->dice) % (uint64_t)(most - least + 1));
}

static inline bool chance(struct world *w, uint32_t of, uint32_t n)
{
    return dice_below(&w->dice, of) < n;
}

/* --- what comes next --- */

static inline bool sooner(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->subject < b->subject;
}

static inline void push(struct world *w, int64_t at_ms, uint32_t subject)
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

static inline struct event pop(struct world *w)
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

static inline int64_t city_now(const struct world *w)
{
    return w->town.now.at_ms;
}

static inline uint32_t restart_subject(const struct world *w)
{
    return w->space_count + w->bike_count;
}

/* --- spaces --- */

static inline void space_say(struct world *w, uint32_t i)
{
    town_say(&w->town, i, w->spaces[i].occupied ? VALUE_OCCUPIED : VALUE_FREE);
    truth_space_say(&w->space_truth[i], &w->cars, i, w->spaces[i].occupied, city_now(w));
    town_until(&w->town, city_now(w));
    w->said++;
}

static inline void stay_interrupted_next(struct world *w, struct world_space *s, int64_t now_ms)
{
    const int64_t next_ms = now_ms + between(w, TRUTH_HOUR, 14 * TRUTH_DAY);

    s->change_ms = s->edge || next_ms > s->end_ms ? s->end_ms : next_ms;
}

static inline void space_arrive(struct world *w, struct world_space *s, int64_t now_ms)
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
static inline void stay_interrupt(struct world *w, struct world_space *s, int64_t now_ms)
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
static inline bool too_close(const struct world *w, uint32_t i)
{
    const struct truth_space *s = &w->space_truth[i];
    const int64_t due_ms = truth_space_due(s, s->looked_ms);

    return !s->permit && !s->told && s->open == 0 && city_now(w) > due_ms &&
           city_now(w) <= due_ms + 3 * TRUTH_LAG;
}

static inline void space_change(struct world *w, uint32_t i, int64_t now_ms)
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
static inline void space_close(struct world *w, uint32_t i)
{
    struct truth_space *s = &w->space_truth[i];
    struct command out = {.kind = COMMAND_SPACE_OUT, .key = town_key(i), .actor = "tester"};

    truth_space_settle(s, &w->cars, i, city_now(w));
    s->out_from_ms = city_now(w);
    s->out_until_ms = city_now(w) + between(w, TRUTH_HOUR, 5 * TRUTH_DAY);
    out.until_ms = s->out_until_ms;
    assert_int_equal(town_command(&w->town, &out), ERR_OK);
}

static inline void space_step(struct world *w, uint32_t i, int64_t now_ms)
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

#endif
