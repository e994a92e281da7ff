/* Due times are city time; the calendar knows the wall clock. shift_ms leads from one to the other.
 *
 * DESIGN. A deadline is worked out once, when it is set. A wall clock that steps back later moves
 * it by the step in time of day (9:00 becomes 8:00, before anybody is at work), and it stays there;
 * a suspension that spans the step measures what was left by the clock behind it. That is left so,
 * for whatever were done would be wrong for some:
 * - Which side of the step was right nobody knows. What was worked out before it may be the right
 *   one, and a step that is an error itself would spoil it.
 * - A deadline has been told: to the unit, in a row of the history, on a printed notice. Some are a
 *   length of time from the rules (to be counted anew), some a time of day that staff named (to
 *   stand where it is); waits of the law are added to both, and the sum does not say what is in it.
 * - The unit has as long as it was given either way: city time ran on evenly. What was told is off
 *   by the step and no more; it is seen (`due` is shown by the present clock), counted
 *   (bowei_clock_jumps_total{direction="back"}), and staff can extend the deadline.
 * Decision 0002 pays the same price for every stamp. */
#include "gateway/core/case/clocks.h"

#define HOUR_MS 3600000LL
#define DAY_MS  (24 * HOUR_MS)

int64_t clocks_after(const struct case_rules *rules, enum case_kind kind, int64_t from_ms,
                     int64_t ms, int64_t shift_ms)
{
    if (rules->handle[kind].clock == CLOCK_CALENDAR) {
        return from_ms + ms;
    }
    return work_calendar_add(rules->calendar, from_ms + shift_ms, ms) - shift_ms;
}

int64_t clocks_deadline(const struct case_rules *rules, enum case_kind kind, int64_t now_ms,
                        int64_t shift_ms)
{
    return clocks_after(rules, kind, now_ms, rules->handle[kind].hours * HOUR_MS, shift_ms);
}

void clocks_stop(struct case_image *image, int64_t now_ms)
{
    image->paused_ms = now_ms;
}

void clocks_go_on(struct case_image *image, const struct case_rules *rules, int64_t now_ms,
                  int64_t shift_ms)
{
    const enum case_kind kind = (enum case_kind)image->kind;
    const int64_t since_ms = image->paused_ms;
    const int64_t stood_ms = now_ms > since_ms ? now_ms - since_ms : 0;

    if (since_ms == 0) {
        return;
    }
    if (image->due_ms > since_ms && rules->handle[kind].clock == CLOCK_WORKING) {
        const int64_t left_ms =
            work_calendar_between(rules->calendar, since_ms + shift_ms, image->due_ms + shift_ms);

        image->due_ms = clocks_after(rules, kind, now_ms, left_ms, shift_ms);
    } else if (image->due_ms > since_ms) {
        image->due_ms += stood_ms;
    }
    image->stage_due_ms += image->stage_due_ms > since_ms ? stood_ms : 0;
    image->due_check_in_ms += image->due_check_in_ms > since_ms ? stood_ms : 0;
    image->paused_total_ms += stood_ms;
    image->paused_ms = 0;
}

void clocks_wait(struct case_image *image, int64_t wait_ms)
{
    image->due_ms += image->due_ms == 0 ? 0 : wait_ms;
}

bool clocks_check_in_missed(const struct case_image *image, int64_t now_ms)
{
    return image->due_check_in_ms != 0 && image->checked_in_ms == 0 &&
           (image->status == STATUS_DISPATCHED || image->status == STATUS_HANDLING) &&
           now_ms >= image->due_check_in_ms;
}

bool clocks_deadline_missed(const struct case_image *image, int64_t now_ms)
{
    return image->due_ms != 0 && (image->flags & CASE_IS_OVERDUE) == 0 &&
           (image->status == STATUS_DISPATCHED || image->status == STATUS_HANDLING ||
            image->status == STATUS_REWORK) &&
           now_ms >= image->due_ms;
}

int64_t clocks_next(const struct case_image *image, const struct case_rules *rules)
{
    int64_t next_ms = INT64_MAX;

    if (!case_status_open((enum case_status)image->status)) {
        return image->closed_ms + rules->keep_days * DAY_MS;
    }
    if (clocks_check_in_missed(image, INT64_MAX)) {
        next_ms = image->due_check_in_ms;
    }
    if (clocks_deadline_missed(image, INT64_MAX) && image->due_ms < next_ms) {
        next_ms = image->due_ms;
    }
    if (image->status == STATUS_HANDLING && image->stage_due_ms != 0 &&
        (image->stage == STAGE_NOTICED || image->stage == STAGE_IMPOUNDED) &&
        image->stage_due_ms < next_ms) {
        next_ms = image->stage_due_ms;
    }
    return next_ms;
}
