#ifndef TESTS_UNIT_ZOMBIE_TRUTH_H
#define TESTS_UNIT_ZOMBIE_TRUTH_H

/* The oracle of the simulated year: from what happened to a space or a bike it works out, by the
 * documented rules alone, when a suspicion must have been raised, why, and when it must have ended.
 * Times are city time. A sweep takes ten minutes, so a moment is a window; what ends within its
 * window may or may not have been seen and is told apart as `maybe`. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "bowei/case.h"

#define TRUTH_SECOND INT64_C(1000)
#define TRUTH_MINUTE INT64_C(60000)
#define TRUTH_HOUR   INT64_C(3600000)
#define TRUTH_DAY    INT64_C(86400000)
#define TRUTH_LAG    (11 * TRUTH_MINUTE) /* a sweep and its steps */
#define TRUTH_NEVER  INT64_MAX

/** One expected case. */
struct truth_case {
    uint32_t subject;
    int64_t from_ms;   /**< not before */
    int64_t due_ms;    /**< surely with a look that was due then */
    int64_t end_ms;    /**< maybe: nor after */
    int64_t left_ms;   /**< 0 = has not left */
    uint8_t must, may; /**< reasons */
    bool maybe;        /**< may be missing */
    bool rejected;
};

struct truth_list {
    struct truth_case *cases;
    uint32_t count, room;
};

static inline struct truth_case *truth_add(struct truth_list *list, uint32_t subject,
                                           int64_t from_ms, int64_t due_ms)
{
    if (list->count == list->room) {
        list->room = list->room * 2 + 64;
        list->cases = realloc(list->cases, list->room * sizeof *list->cases);
        if (list->cases == NULL) {
            abort();
        }
    }
    list->cases[list->count] =
        (struct truth_case){.subject = subject, .from_ms = from_ms, .due_ms = due_ms};
    return &list->cases[list->count++];
}

/** What disturbs everybody: looks may come up to a sweep later after a restart or a leap. */
struct truth_city {
    int64_t listening_ms; /**< since the last start or leap */

    struct {
        int64_t from_ms, to_ms; /**< equal for a start */
    } breaks[512];

    uint32_t break_count;
};

/** Would it be seen for sure, when it ends at end_ms? Also by a sweep that a restart began anew. */
static inline bool truth_sure(int64_t from_ms, int64_t end_ms)
{
    return from_ms + 2 * TRUTH_LAG < end_ms;
}

/** Until when a look must have come that was due at from_ms; when all breaks are known. */
static inline int64_t truth_until(const struct truth_city *city, int64_t from_ms)
{
    int64_t until_ms = from_ms + TRUTH_LAG;

    for (uint32_t i = 0; i < city->break_count; i++) {
        if (city->breaks[i].to_ms >= from_ms && city->breaks[i].from_ms <= until_ms) {
            until_ms = city->breaks[i].to_ms + TRUTH_LAG;
        }
    }
    return until_ms;
}

/* --- a space --- */

struct truth_space {
    bool permit, occupied, heard;
    int64_t limit_ms;
    int64_t heard_ms;    /**< last reading */
    int64_t since_ms;    /**< of the whole stay */
    int64_t gap_ms;      /**< of it, completed */
    int64_t released_ms; /**< while free */
    int64_t free_gap_ms;
    int64_t looked_ms; /**< worked out up to here */
    int64_t out_from_ms, out_until_ms;
    bool told;        /**< a case of this stay was raised */
    int64_t maybe_ms; /**< a look may have seen it from then on, 0 = no */
    uint32_t open;    /**< 1 + index of the expected case that is open */
};

static inline int64_t truth_second(int64_t ms)
{
    return ms / TRUTH_SECOND * TRUTH_SECOND;
}

/** When this stay is first to be suspected, at or after from_ms, if nothing more happens. */
static inline int64_t truth_space_due(const struct truth_space *s, int64_t from_ms)
{
    int64_t at_ms = s->since_ms + 30 * TRUTH_DAY;

    at_ms = s->since_ms + 20 * s->gap_ms > at_ms ? s->since_ms + 20 * s->gap_ms : at_ms;
    at_ms = from_ms > at_ms ? from_ms : at_ms;
    return at_ms >= s->out_from_ms && at_ms < s->out_until_ms ? s->out_until_ms : at_ms;
}

static inline void truth_space_open(struct truth_space *s, struct truth_list *list,
                                    uint32_t subject, int64_t from_ms)
{
    struct truth_case *found =
        truth_add(list, subject, s->maybe_ms != 0 ? s->maybe_ms : from_ms, from_ms);

    found->must = found->may = 1U << ZOMBIE_STILL;
    s->open = list->count;
    s->told = true;
    s->maybe_ms = 0;
}

/** Nothing was said until at_ms. */
static inline void truth_space_settle(struct truth_space *s, struct truth_list *list,
                                      uint32_t subject, int64_t at_ms)
{
    const int64_t silent_ms = s->heard_ms + s->limit_ms + 1;
    const int64_t end_ms = at_ms < silent_ms ? at_ms : silent_ms;

    if (s->occupied && !s->permit && !s->told && s->open == 0) {
        const int64_t due_ms = truth_space_due(s, s->looked_ms);

        if (due_ms < end_ms) {
            if (truth_sure(due_ms, end_ms)) {
                truth_space_open(s, list, subject, due_ms);
            } else if (s->maybe_ms == 0) {
                s->maybe_ms = due_ms;
            }
        }
    }
    if (!s->occupied && s->open != 0 && s->heard && s->released_ms != 0) {
        const int64_t left_ms = s->released_ms + 10 * TRUTH_MINUTE;

        if (left_ms + s->free_gap_ms <= end_ms) {
            list->cases[s->open - 1].left_ms = left_ms;
            s->open = 0;
        }
    }
    s->looked_ms = at_ms > s->looked_ms ? at_ms : s->looked_ms;
}

/** A case that may have been raised is one that may be missing. */
static inline void truth_space_missed(struct truth_space *s, struct truth_list *list,
                                      uint32_t subject, int64_t end_ms)
{
    if (s->maybe_ms != 0) {
        struct truth_case *found = truth_add(list, subject, s->maybe_ms, s->maybe_ms);

        found->must = found->may = 1U << ZOMBIE_STILL;
        found->maybe = true;
        found->end_ms = end_ms;
        s->maybe_ms = 0;
        s->open = list->count;
    }
}

static inline void truth_space_say(struct truth_space *s, struct truth_list *list, uint32_t subject,
                                   bool occupied, int64_t at_ms)
{
    const int64_t silent_ms = s->heard_ms + s->limit_ms + 1;
    const int64_t gap_ms = s->heard && at_ms > silent_ms ? truth_second(at_ms - silent_ms) : 0;

    truth_space_settle(s, list, subject, at_ms);
    if (!s->heard) {
        s->occupied = occupied;
        s->since_ms = at_ms;
    } else if (s->occupied) {
        s->gap_ms += gap_ms;
        if (!occupied) {
            truth_space_missed(s, list, subject, at_ms);
            s->released_ms = at_ms;
            s->free_gap_ms = 0;
        }
    } else {
        s->free_gap_ms += gap_ms;
        if (occupied && s->released_ms != 0 && at_ms - s->released_ms < TRUTH_MINUTE) {
            s->gap_ms += s->free_gap_ms;
        } else if (occupied) {
            if (s->open != 0 && at_ms - s->released_ms - s->free_gap_ms >= 10 * TRUTH_MINUTE) {
                list->cases[s->open - 1].left_ms = s->released_ms + 10 * TRUTH_MINUTE;
                s->open = 0;
            }
            s->since_ms = at_ms;
            s->gap_ms = 0;
            s->told = false;
        }
    }
    s->occupied = occupied;
    s->heard = true;
    s->heard_ms = at_ms;
    s->looked_ms = at_ms;
}

/* --- a bike --- */

struct truth_bike {
    bool heard, ridden, outside, forgotten;
    int64_t heard_ms, moved_ms, unheard_ms;
    int64_t flat_ms, dragged_ms; /**< 0 = not */
    int64_t alert_ms;            /**< outside: an alert was opened then; 0 = not yet */
    int64_t edge_ms;             /**< it may have been seen to be expired already then */
    int64_t looked_ms;
    bool told;
    uint32_t open;
};

static inline int64_t truth_up(int64_t ms, int64_t unit)
{
    return (ms + unit - 1) / unit * unit;
}

/* A reason holds from from_ms; `now_ms` is when that is known. */
static inline void truth_reason(struct truth_bike *b, struct truth_list *list, uint32_t subject,
                                enum zombie_reason reason, int64_t from_ms, int64_t end_ms)
{
    const uint8_t bit = (uint8_t)(1U << reason);
    const bool sure = truth_sure(from_ms, end_ms);
    struct truth_case *found;

    if (b->open == 0) {
        if (b->told) {
            return;
        }
        found = truth_add(list, subject, from_ms, from_ms);
        found->maybe = !sure;
        found->end_ms = end_ms;
        b->open = list->count;
        b->told = true;
    }
    found = &list->cases[b->open - 1];
    if (found->maybe && sure) {
        found->maybe = false;
        found->due_ms = from_ms;
    }
    found->may |= bit;
    found->must |= sure ? bit : 0;
}

/** Nothing was said until at_ms: what time alone brings about. */
static inline void truth_bike_settle(struct truth_bike *b, const struct truth_city *city,
                                     struct truth_list *list, uint32_t subject, int64_t at_ms)
{
    const int64_t heard_again_ms = city->listening_ms + 6 * TRUTH_HOUR;
    const int64_t forget_ms = b->heard_ms + 40 * TRUTH_DAY;
    const int64_t end_ms = at_ms < forget_ms ? at_ms : forget_ms;
    int64_t from_ms[2] = {b->heard_ms + 7 * TRUTH_DAY, b->flat_ms + 3 * TRUTH_DAY};

    const enum zombie_reason reasons[2] = {ZOMBIE_SILENT, ZOMBIE_FLAT_BATTERY};

    if (!b->heard || b->ridden || b->forgotten) {
        return;
    }
    from_ms[1] = b->flat_ms == 0 ? TRUTH_NEVER : from_ms[1];
    for (unsigned i = 0; i < 2; i++) {
        from_ms[i] = from_ms[i] < heard_again_ms ? heard_again_ms : from_ms[i];
        from_ms[i] = from_ms[i] < b->looked_ms ? b->looked_ms : from_ms[i];
    }
    for (unsigned i = 0; i < 2; i++) { /* the earlier one first */
        const unsigned k = from_ms[0] <= from_ms[1] ? i : 1 - i;

        if (from_ms[k] < end_ms) {
            truth_reason(b, list, subject, reasons[k], from_ms[k], end_ms);
        }
    }
    b->forgotten = at_ms >= forget_ms;
    b->looked_ms = at_ms;
}

static inline void truth_bike_left(struct truth_bike *b, struct truth_list *list, int64_t at_ms)
{
    if (b->open != 0) {
        list->cases[b->open - 1].left_ms = at_ms;
        b->open = 0;
    }
    b->told = false;
    b->moved_ms = at_ms;
    b->unheard_ms = 0;
    b->dragged_ms = 0;
    b->alert_ms = 0;
    b->edge_ms = 0;
}

/** It says where it is, parked. next_ms: when it says or does something next. */
static inline void truth_bike_beat(struct truth_bike *b, struct truth_list *list, uint32_t subject,
                                   int64_t at_ms, unsigned battery, int64_t next_ms)
{
    const int64_t silent_ms = at_ms - b->heard_ms;

    if (b->heard && silent_ms > TRUTH_DAY) {
        b->unheard_ms += truth_up(silent_ms - TRUTH_DAY, TRUTH_MINUTE);
    }
    if (b->forgotten || !b->heard) {
        b->forgotten = false;
        b->moved_ms = at_ms;
        b->unheard_ms = 0;
        b->dragged_ms = 0;
        b->flat_ms = b->heard ? 0 : b->flat_ms;
        b->told = false;
    }
    b->heard = true;
    b->heard_ms = at_ms;
    b->looked_ms = at_ms;
    b->flat_ms = battery > 5 ? 0 : b->flat_ms != 0 ? b->flat_ms : truth_up(at_ms, TRUTH_SECOND);
    if (at_ms - b->moved_ms - b->unheard_ms >= 7 * TRUTH_DAY) {
        truth_reason(b, list, subject, ZOMBIE_STILL, at_ms, next_ms);
    }
    if (b->dragged_ms != 0 && at_ms - b->dragged_ms - b->unheard_ms >= 2 * TRUTH_DAY) {
        truth_reason(b, list, subject, ZOMBIE_DRAGGED, at_ms, next_ms);
    }
    if (b->outside && b->alert_ms == 0) {
        b->alert_ms = at_ms + 2 * TRUTH_MINUTE; /* outside for so long */
    }
    /* two hours to clear it, and two days more; the alert's timers have ticks, hence a second */
    if (b->outside && at_ms - b->alert_ms >= 2 * TRUTH_DAY + 2 * TRUTH_HOUR) {
        if (at_ms - b->alert_ms < 2 * TRUTH_DAY + 2 * TRUTH_HOUR + TRUTH_SECOND) {
            b->edge_ms = at_ms;
            return;
        }
        truth_reason(b, list, subject, ZOMBIE_EXPIRED_ALERT, at_ms, next_ms);
        if (b->edge_ms != 0 && list->cases[b->open - 1].from_ms == at_ms) {
            list->cases[b->open - 1].from_ms = b->edge_ms;
        }
        b->edge_ms = 0;
    }
}

#endif
