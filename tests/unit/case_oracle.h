#ifndef TESTS_UNIT_CASE_ORACLE_H
#define TESTS_UNIT_CASE_ORACLE_H

/* What must hold of cases after each step of a random history: a naive oracle of clocks, minute by
 * minute, what the law wants of each row, and what the rows told so far. Included once, by the
 * test. */
#include "tests/unit/case_fixture.h"

#include "bowei/journal.h"
#include "gateway/core/case/transitions.h"
#include "tests/unit/dice.h"

#define SEEDS     120
#define STEPS     260
#define CASES_MAX 300
#define KEPT_MAX  4000
#define FEW       10 /* cases of one history, so that they come far */

/* What a reader of the rows knows of a case. */
struct told {
    case_id id;
    uint8_t kind, status, stage, from;
    int64_t due_ms, paused_ms;
    char confirmer[COMMAND_ACTOR_MAX], handler[COMMAND_ACTOR_MAX];
    bool proof;
    unsigned rows;
    space_key place;
    int64_t closed_ms; /* when it was closed, not voided; 0 = it was not */
    case_id former;
};

struct history {
    struct case_fixture f;
    struct dice dice;
    struct told told[CASES_MAX];
    unsigned told_count;
    struct image *kept; /* what the journal holds, but no audit rows */
    unsigned kept_count;
    unsigned moved, refused, undone;
    bool timed; /* in this step time passed, and all that fell due was kept */
};

static unsigned events_seen[CASE_EVENT_COUNT];

/* --- the naive oracle: minute by minute, Shanghai, the default hours, no holidays --- */

static inline bool worked_minute(int64_t ms)
{
    const int64_t minute = ms / MINUTE + 480;
    const int64_t day = minute / 1440;
    const int64_t of_day = minute % 1440;

    return (day + 3) % 7 < 5 &&
           ((of_day >= 510 && of_day < 720) || (of_day >= 840 && of_day < 1050));
}

static inline int64_t worked_between(int64_t from_ms, int64_t to_ms)
{
    int64_t sum_ms = 0;

    for (int64_t ms = from_ms; ms < to_ms; ms += MINUTE) {
        sum_ms += worked_minute(ms) ? MINUTE : 0;
    }
    return sum_ms;
}

static inline int64_t after(const struct history *h, uint8_t kind, int64_t from_ms, int64_t ms)
{
    if (h->f.rules.handle[kind].clock == CLOCK_CALENDAR) {
        return from_ms + ms;
    }
    for (; ms > 0; from_ms += MINUTE) {
        ms -= worked_minute(from_ms) ? MINUTE : 0;
    }
    return from_ms;
}

static inline void oracle_resume(const struct history *h, struct told *t, int64_t now_ms)
{
    if (t->paused_ms == 0) {
        return;
    }
    if (t->due_ms > t->paused_ms) {
        const int64_t left_ms = h->f.rules.handle[t->kind].clock == CLOCK_CALENDAR
                                    ? t->due_ms - t->paused_ms
                                    : worked_between(t->paused_ms, t->due_ms);

        t->due_ms = after(h, t->kind, now_ms, left_ms);
    }
    t->paused_ms = 0;
}

static inline void oracle_due(const struct history *h, struct told *t,
                              const struct case_row_image *row)
{
    switch ((int)row->event) {
    case CASE_EVENT_DISPATCH:
        t->due_ms = row->until_ms;
        if (row->role == CASE_BY_MACHINE) {
            assert_int_equal(
                t->due_ms, after(h, t->kind, row->at_ms, h->f.rules.handle[t->kind].hours * HOUR));
        }
        break;
    case CASE_EVENT_RETURN: t->due_ms = 0; break;
    case CASE_EVENT_EXTEND: t->due_ms = row->until_ms; break;
    case CASE_EVENT_NOTICE: t->due_ms += t->due_ms == 0 ? 0 : row->until_ms - row->at_ms; break;
    case CASE_EVENT_IMPOUND:
        t->due_ms += t->due_ms == 0 ? 0
                                    : (h->f.rules.zombie[t->kind].claim_days +
                                       h->f.rules.zombie[t->kind].announce_days) *
                                          DAY;
        break;
    case CASE_EVENT_SUSPEND: t->paused_ms = row->at_ms; break;
    case CASE_EVENT_RESUME:
    case CASE_EVENT_SELF_CLEAR: oracle_resume(h, t, row->at_ms); break;
    default: break;
    }
}

/* --- what rows must say --- */

static inline bool night(int64_t ms)
{
    const int64_t of_day = (ms / MINUTE + 480) % 1440;

    return of_day >= 22 * 60 || of_day < 6 * 60;
}

static inline void law(struct told *t, const struct case_row_image *row)
{
    const bool handles = row->event == CASE_EVENT_FEEDBACK || row->event == CASE_EVENT_IMPOUND ||
                         row->event == CASE_EVENT_CLAIM || row->event == CASE_EVENT_DISPOSE ||
                         row->event == CASE_EVENT_SELF_CLEAR;

    if (row->event == CASE_EVENT_CONFIRM) {
        assert_true(row->uri[0] != '\0' && row->features != 0 && row->role == CASE_BY_STAFF);
        memcpy(t->confirmer, row->actor, sizeof t->confirmer);
    }
    if (row->event == CASE_EVENT_IMPOUND) {
        assert_int_equal(row->role, CASE_BY_STAFF);
        assert_string_not_equal(row->actor, t->confirmer);
        assert_true(row->document[0] != '\0');
        assert_true(!night(row->at_ms) || (row->emergency && row->note[0] != '\0'));
    }
    if (row->event == CASE_EVENT_REWORK) {
        t->proof = false;
    }
    if (row->uri[0] != '\0' && (row->status == STATUS_FEEDBACK || row->status == STATUS_CHECKING ||
                                row->status == STATUS_CLOSED)) {
        t->proof = true;
    }
    if (row->event == CASE_EVENT_CLOSE) {
        assert_string_not_equal(row->actor, t->handler);
        assert_true(t->proof);
    }
    if (handles) {
        memcpy(t->handler, row->actor, sizeof t->handler);
    }
}

static inline struct told *told_of(struct history *h, case_id id)
{
    for (unsigned i = 0; i < h->told_count; i++) {
        if (h->told[i].id == id) {
            return &h->told[i];
        }
    }
    assert_true(h->told_count < CASES_MAX);
    h->told[h->told_count] = (struct told){.id = id};
    return &h->told[h->told_count++];
}

/* Where the table leads from what was told so far must be where the row says it is. */
static inline void tell(struct history *h, const struct case_row_image *row)
{
    struct told *t = told_of(h, row->id);
    const struct case_transition *way;

    assert_int_equal(row->number, t->rows + 1);
    if (row->number > 1) {
        way = case_transition_find(t->status, t->stage, row->event);
        assert_non_null(way);
        assert_true((way->roles & row->role) != 0);
        const uint8_t to = way->to_status == CASE_STAYS     ? t->status
                           : way->to_status == CASE_RETURNS ? t->from
                                                            : way->to_status;
        assert_int_equal(row->status, to);
        assert_int_equal(row->stage, way->to_stage == CASE_STAYS ? t->stage : way->to_stage);
    } else {
        assert_int_equal(row->event, CASE_EVENT_REPORT);
        assert_int_equal(row->status, STATUS_REPORTED);
    }
    t->from = row->event == CASE_EVENT_SUSPEND ? t->status : t->from;
    oracle_due(h, t, row);
    law(t, row);
    t->closed_ms = row->event == CASE_EVENT_CLOSE ? row->at_ms : t->closed_ms;
    t->status = row->status;
    t->stage = row->stage;
    t->rows++;
    events_seen[row->event]++;
}

/* --- what must hold after each step --- */

static inline void check_case(struct history *h, const struct case_image *image)
{
    const struct told *t = told_of(h, image->id);
    const bool busy = image->status == STATUS_DISPATCHED || image->status == STATUS_HANDLING ||
                      image->status == STATUS_REWORK;

    assert_int_equal(image->row_count, t->rows);
    assert_int_equal(image->version, t->rows);
    assert_int_equal(image->status, t->status);
    assert_int_equal(image->stage, t->stage);
    assert_int_equal(image->due_ms, t->due_ms);
    assert_int_equal(image->paused_ms, t->paused_ms);
    assert_int_equal(image->paused_ms != 0, image->status == STATUS_SUSPENDED);
    assert_true(image->former == t->former);
    assert_int_equal((image->flags & CASE_IS_RECURRING) != 0, t->former != 0);
    assert_string_equal(image->confirmer, t->confirmer);
    assert_string_equal(image->handler, t->handler);
    if (busy) {
        assert_true(image->unit[0] != '\0' && image->person[0] != '\0' && image->duty[0] != '\0');
        assert_true(image->due_ms > 0);
    }
    if (busy && image->due_ms <= h->f.now.at_ms && h->timed) {
        assert_true((image->flags & CASE_IS_OVERDUE) != 0);
    }
    if (image->stage != STAGE_NONE) {
        assert_int_equal(case_kind_life(image->kind), LIFE_ZOMBIE);
    }
}

static inline void check(struct history *h)
{
    const struct core *core = h->f.core;
    struct case_figures figures;
    struct image image;
    unsigned open = 0;
    unsigned count = 0;
    unsigned rows = 0;

    for (uint32_t i = 0; i < core_case_slots(core); i++) {
        if (core_case_image(core, i, &image)) {
            check_case(h, &image.case_);
            open += case_status_open(image.case_.status);
            rows += image.case_.row_count;
            count++;
        }
    }
    case_books(&h->f, &figures);
    assert_int_equal(figures.opened, count);
    assert_int_equal(figures.opened - figures.closed - figures.voided, figures.outstanding);
    assert_int_equal(figures.outstanding, open);
    assert_int_equal(count, h->told_count);
    for (uint32_t i = 0; i < core_case_row_slots(core); i++) {
        rows -= core_case_row_image(core, i, &image);
    }
    assert_int_equal(rows, 0);
}

/* All cases and rows as bytes, in slot order. */
static inline size_t snapshot(const struct core *core, uint8_t *out)
{
    struct image image;
    size_t len = 0;

    for (uint32_t i = 0; i < core_case_slots(core); i++) {
        len += core_case_image(core, i, &image) ? image_pack(&image, out + len, IMAGE_PACK_MAX) : 0;
    }
    for (uint32_t i = 0; i < core_case_row_slots(core); i++) {
        len += core_case_row_image(core, i, &image) ? image_pack(&image, out + len, IMAGE_PACK_MAX)
                                                    : 0;
    }
    return len;
}

#endif
