/* What falls due: the whistle, the deadline, the end of a notice and of the time to claim, and in
 * the end the keeping itself. One thing a firing; the next is due at once again. */
#include "gateway/core/case/casebook_state.h"

static enum err stage_due(struct casebook *book, uint32_t slot, enum case_stage stage)
{
    return casebook_machine(
        book, slot, stage == STAGE_NOTICED ? CASE_EVENT_NOTICE_OVER : CASE_EVENT_ANNOUNCE, "");
}

static enum err due_one(struct casebook *book, uint32_t slot, const struct case_image *image)
{
    const int64_t now_ms = book->now.at_ms;

    if (clocks_check_in_missed(image, now_ms)) {
        return casebook_machine(book, slot, CASE_EVENT_ESCALATE, "check_in");
    }
    if (clocks_deadline_missed(image, now_ms)) {
        return casebook_machine(book, slot, CASE_EVENT_ESCALATE, "deadline");
    }
    return stage_due(book, slot, (enum case_stage)image->stage);
}

void casebook_fire(struct casebook *book, uint32_t slot)
{
    const struct case_image *image = casebook_case(book, slot);

    if (image == NULL) {
        return;
    }
    if (image->status == STATUS_FILED) {
        casebook_auto_dispatch(book, slot);
    }
    if (clocks_next(image, &book->rules) > book->now.at_ms) {
        casebook_arm(book, slot);
        return;
    }
    if (!case_status_open((enum case_status)image->status)) {
        if (book->list.former_count == 0) {
            casebook_forget(book, slot); /* kept for long enough */
        } else {
            casebook_arm(book, slot);
        }
        return;
    }
    if (due_one(book, slot, image) != ERR_OK) {
        wheel_arm(&book->wheel, slot, book->now.at_ms + CASES_AGAIN_MS);
        return;
    }
    casebook_arm(book, slot);
}
