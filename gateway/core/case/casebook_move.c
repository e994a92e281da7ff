/* One event of one case: what it lacks is filled in from rules and territory, the table says
 * whether, the effect is applied, and case and row are kept together. */
#include "gateway/core/case/casebook_state.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where a case concerns somebody. */
static void route(const struct casebook *book, const struct case_image *image,
                  struct responsibility *out)
{
    territory_route(book->inv, case_kind_trade((enum case_kind)image->kind), image->place,
                    image->at, out);
}

/* 定人 定责 定时 定奖惩: what the dispatcher does not say is by territory and rules. */
static void dispatch_complete(const struct casebook *book, const struct case_image *image,
                              struct case_move *move)
{
    const enum case_kind kind = (enum case_kind)image->kind;
    const struct case_word *word = case_kind_word(kind);
    struct responsibility who;

    route(book, image, &who);
    if (move->unit[0] == '\0') {
        memcpy(move->unit, who.unit, sizeof move->unit);
    }
    if (move->person[0] == '\0') {
        territory_person_of(book->inv, move->unit, image->place, image->at, move->person);
    }
    if (move->duty[0] == '\0') {
        (void)snprintf(move->duty, sizeof move->duty, "处置%s / handle: %s", word->zh, word->en);
    }
    if (move->until_ms == 0) {
        move->until_ms = clocks_deadline(&book->rules, kind, book->now.at_ms, book->now.shift_ms);
    }
    if (!move->has_score) {
        move->has_score = true;
        move->score_hundredths = book->rules.handle[kind].score_hundredths;
    }
}

static void complete(const struct casebook *book, const struct case_image *image,
                     struct case_move *move)
{
    if (move->event == CASE_EVENT_DISPATCH) {
        dispatch_complete(book, image, move);
    } else if (move->event == CASE_EVENT_RETURN) {
        memcpy(move->unit, image->unit, sizeof move->unit); /* the row says who gave it back */
    } else if (move->event == CASE_EVENT_NOTICE && move->until_ms == 0) {
        move->until_ms =
            book->now.at_ms + (int64_t)book->rules.zombie[image->kind].notice_hours * 3600000;
    }
}

/* Only its first part is open-ended: what goes round in circles is refused at the end. */
static bool rows_left(const struct case_image *image, const struct case_transition *row)
{
    const bool forward = row->to_status != CASE_STAYS && row->event != CASE_EVENT_REWORK &&
                         row->event != CASE_EVENT_RETURN && row->event != CASE_EVENT_SUSPEND;

    return image->row_count < CASES_ROWS_LATE || forward || row->to_stage != CASE_STAYS;
}

static void count(const struct casebook *book, enum case_event event, uint8_t status)
{
    if (event == CASE_EVENT_ESCALATE) {
        count_add(book->counters, COUNT_CASES_ESCALATED, 1);
    } else if (event == CASE_EVENT_CLOSE) {
        count_add(book->counters, COUNT_CASES_CLOSED, 1);
    } else if (status == STATUS_VOIDED) {
        count_add(book->counters, COUNT_CASES_VOIDED, 1);
    }
}

/* The row, then the case: both or, by the caller's undo, none. */
static enum err carry_out(struct casebook *book, uint32_t slot, const struct case_deed *deed,
                          const struct case_transition *row)
{
    struct case_entry *entry = book->list.slots[slot];
    struct case_image after = entry->image;
    struct image image = {.kind = IMAGE_CASE_ROW, .at = book->at};
    uint32_t row_slot;

    case_apply(&after, deed, row);
    case_row_of(&after, deed, &image.case_row);
    if (!case_list_note(&book->list, slot, false)) {
        return ERR_NO_MEMORY;
    }
    row_slot = case_list_row_add(&book->list, slot, book->at, &image.case_row);
    if (row_slot == NO_ROW) {
        count_add(book->counters, COUNT_CORE_NO_MEMORY, 1);
        return ERR_NO_MEMORY;
    }
    entry->at = book->at;
    entry->image = after;
    (void)case_list_index(&book->list, slot);
    casebook_touch(book, CHANGE_CASE, slot);
    casebook_touch(book, CHANGE_CASE_ROW, row_slot);
    casebook_keep(book, &image);
    image = (struct image){.kind = IMAGE_CASE, .at = book->at, .case_ = after};
    casebook_keep(book, &image);
    casebook_arm(book, slot);
    count(book, deed->move->event, after.status);
    return ERR_OK;
}

/* The other case of a merge is told of it. */
static void merged_note(struct casebook *book, uint32_t slot, const struct case_actor *who)
{
    const struct case_image *image = casebook_case(book, slot);
    struct case_move move = {.event = CASE_EVENT_NOTE};
    char number[CASE_NUMBER_LEN + 1];
    char detail[160];

    case_id_format(image->id, number);
    (void)snprintf(move.note, sizeof move.note, "并入 / merged: %s", number);
    (void)snprintf(move.document, sizeof move.document, "%s", number);
    (void)casebook_move(book, case_list_find(&book->list, image->merged_into), &move, who, detail);
}

enum err casebook_move(struct casebook *book, uint32_t slot, const struct case_move *asked,
                       const struct case_actor *who, char detail[160])
{
    const struct case_image *image = casebook_case(book, slot);
    const uint32_t other = case_list_find(&book->list, asked->other);
    const struct case_transition *row = NULL;
    struct case_move move = *asked;
    const struct case_deed deed = {.case_ = image,
                                   .move = &move,
                                   .rules = &book->rules,
                                   .other = casebook_case(book, other),
                                   .inv = book->inv,
                                   .actor = who->name,
                                   .role = who->role,
                                   .now_ms = book->now.at_ms,
                                   .shift_ms = book->now.shift_ms};
    enum err e;

    if (move.version != 0 && move.version != image->version) {
        (void)snprintf(detail, 160, "version: %" PRIu32 ", but the case is at %" PRIu32,
                       move.version, image->version);
        return ERR_CONFLICT;
    }
    complete(book, image, &move);
    e = case_transition_check(&deed, &row, detail);
    if (e != ERR_OK) {
        return e;
    }
    if (!rows_left(image, row)) {
        (void)snprintf(detail, 160, "event: the history is long; only what ends the case is taken");
        return ERR_CONFLICT;
    }
    if (!casebook_reserve(book)) {
        (void)snprintf(detail, 160, "out of memory");
        return ERR_NO_MEMORY;
    }
    e = carry_out(book, slot, &deed, row);
    if (e == ERR_OK && move.event == CASE_EVENT_MERGE) {
        merged_note(book, slot, who);
    }
    if (e == ERR_OK && image->status == STATUS_FILED) {
        casebook_auto_dispatch(book, slot);
    }
    return e;
}

enum err casebook_machine(struct casebook *book, uint32_t slot, enum case_event event,
                          const char *note)
{
    const struct case_actor machine = {"", CASE_BY_MACHINE};
    struct case_move move = {.event = event};
    char detail[160];

    (void)snprintf(move.note, sizeof move.note, "%s", note);
    return casebook_move(book, slot, &move, &machine, detail);
}

void casebook_auto_dispatch(struct casebook *book, uint32_t slot)
{
    const struct case_image *image = casebook_case(book, slot);
    struct responsibility who;

    if (!book->rules.auto_dispatch || image->status != STATUS_FILED) {
        return;
    }
    route(book, image, &who);
    if (who.unit[0] == '\0' || who.person[0] == '\0') {
        return; /* nobody to dispatch it to: an orphan, in the list of orphans */
    }
    (void)casebook_machine(book, slot, CASE_EVENT_DISPATCH, route_rule_code(who.rule));
    if (image->status == STATUS_DISPATCHED) {
        book->list.slots[slot]->image.route_rule = (uint8_t)who.rule;
        book->kept[book->kept_count - 1].case_.route_rule = (uint8_t)who.rule;
    }
}
