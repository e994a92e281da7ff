/* Opening a case: its number, its first row, whether the same came up here lately; and what
 * machines find. */
#include "gateway/core/case/casebook_state.h"
#include <string.h>

#define DAY_MS       86400000LL
#define SEVERITY_MAX 3

/* Before recurrence raises it: what blocks the way of people is most urgent. */
static uint8_t severity_of(enum case_kind kind)
{
    static const uint8_t severities[CASE_KIND_COUNT] = {
        [CASE_ZOMBIE_CAR] = 1,         [CASE_ZOMBIE_PRIVATE_BIKE] = 1,
        [CASE_ZOMBIE_SHARED_BIKE] = 1, [CASE_OUT_OF_FENCE] = 2,
        [CASE_NO_PARKING] = 3,         [CASE_PILE_UP] = 2,
        [CASE_FACILITY] = 1,           [CASE_ORDER] = 1,
    };

    return severities[kind];
}

/* The county whose register it goes into: of the place, else of the grid cell, else the first. */
static uint32_t county_of(const struct casebook *book, space_key place, uint64_t grid)
{
    if (place != 0) {
        return space_key_adcode(place);
    }
    while (grid > 999999) {
        grid /= 10;
    }
    if (grid >= 100000) {
        return (uint32_t)grid;
    }
    return book->inv->district_count > 0 ? book->inv->districts[0].adcode : 100000;
}

static bool of_today(const struct casebook *book, case_id id)
{
    return id / 100000u % 100000000u ==
           work_calendar_date(book->rules.calendar, casebook_wall_ms(book));
}

void casebook_forget(struct casebook *book, uint32_t slot)
{
    const struct case_entry *entry = book->list.slots[slot];

    for (uint32_t row = entry->first_row; row != NO_ROW;
         row = row_store_next(&book->list.rows, row)) {
        if (!casebook_reserve(book)) {
            return;
        }
        casebook_touch(book, CHANGE_CASE_ROW, row);
    }
    casebook_touch(book, CHANGE_CASE, slot);
    case_list_remove(&book->list, slot);
}

/* The oldest ended case makes room, but none of today: its number would be given again after a
 * restart. When all are open, the new one is refused and counted. */
static bool room_make(struct casebook *book)
{
    struct case_list *list = &book->list;

    if (list->count < book->rules.cases_max) {
        return true;
    }
    for (uint32_t i = 0; i < list->count && book->now.at_ms >= book->full_ms; i++) {
        const struct case_image *image = &list->slots[list->order[i]]->image;

        if (!case_status_open((enum case_status)image->status) && list->former_count == 0 &&
            !of_today(book, image->id)) {
            casebook_forget(book, list->order[i]);
            count_add(book->counters, COUNT_CASES_DROPPED, 1);
            return list->count < book->rules.cases_max;
        }
    }
    book->full_ms = book->now.at_ms + CASES_RETRY_MS;
    count_add(book->counters, COUNT_CASES_FULL, 1);
    return false;
}

/* 整治、反弹: the same kind at the same place soon after it was closed. */
static void recurrence(const struct casebook *book, struct case_image *image)
{
    struct case_thing thing;
    const struct case_image *former;

    if (!case_thing_of_scene((enum case_kind)image->kind, image->place, image->vehicle, &thing)) {
        return;
    }
    former = casebook_case(book, case_index_find(&book->list.ended, &thing));
    if (former != NULL && book->now.at_ms - former->closed_ms <= book->rules.recur_days * DAY_MS) {
        image->flags |= CASE_IS_RECURRING;
        image->former = former->id;
        image->severity = (uint8_t)(image->severity + (image->severity < SEVERITY_MAX));
    }
}

static void image_begin(const struct casebook *book, const struct case_opening *opening,
                        struct case_image *image)
{
    struct responsibility who;

    territory_route(book->inv, case_kind_trade(opening->kind), opening->place, opening->at, &who);
    memset(image, 0, sizeof *image);
    image->route_rule = ROUTE_NONE;
    image->receipt = opening->receipt;
    image->kind = (uint8_t)opening->kind;
    image->status = STATUS_REPORTED;
    image->stage =
        case_kind_life(opening->kind) == LIFE_ZOMBIE ? (uint8_t)STAGE_SUSPECT : (uint8_t)STAGE_NONE;
    image->source = (uint8_t)opening->source;
    image->reasons = opening->reasons;
    image->severity = severity_of(opening->kind);
    image->features = opening->move->features;
    image->evidence_count = opening->move->uri[0] != '\0';
    image->version = 1;
    image->row_count = 1;
    image->place = opening->place;
    memcpy(image->vehicle, opening->vehicle, strnlen(opening->vehicle, VEHICLE_REF_MAX));
    image->at = opening->at;
    image->grid = who.grid;
    image->reported_ms = book->now.at_ms;
    image->changed_ms = book->now.at_ms;
    image->since_ms = opening->since_ms;
    image->gap_s = opening->gap_s;
    recurrence(book, image);
}

static void begin_kept(struct casebook *book, uint32_t slot, uint32_t row_slot)
{
    struct image image;

    casebook_touch(book, CHANGE_CASE, slot);
    casebook_touch(book, CHANGE_CASE_ROW, row_slot);
    (void)casebook_row_image(book, row_slot, &image);
    casebook_keep(book, &image);
    (void)casebook_case_image(book, slot, &image);
    casebook_keep(book, &image);
    casebook_arm(book, slot);
    count_add(book->counters, COUNT_CASES_OPENED, 1);
}

uint32_t casebook_begin_case(struct casebook *book, const struct case_opening *opening)
{
    struct case_deed deed = {.move = opening->move,
                             .actor = opening->who.name,
                             .role = opening->who.role,
                             .now_ms = book->now.at_ms};
    struct case_image image;
    struct case_row_image row;
    uint32_t slot;
    uint32_t row_slot;

    if (!room_make(book) || !casebook_reserve(book)) {
        return NO_CASE;
    }
    image_begin(book, opening, &image);
    image.id = case_list_number(&book->list, county_of(book, image.place, image.grid),
                                work_calendar_date(book->rules.calendar, casebook_wall_ms(book)));
    if (image.id == 0) {
        count_add(book->counters, COUNT_CASES_FULL, 1);
        return NO_CASE;
    }
    case_row_of(&image, &deed, &row);
    slot = case_list_add(&book->list, book->at, &image);
    if (slot == NO_CASE) {
        count_add(book->counters, COUNT_CORE_NO_MEMORY, 1);
        return NO_CASE;
    }
    (void)case_list_note(&book->list, slot, true);
    row_slot = case_list_row_add(&book->list, slot, book->at, &row);
    if (row_slot == NO_ROW || !case_list_index(&book->list, slot)) {
        /* noted last: only this one is taken back */
        case_list_undo_last(&book->list);
        count_add(book->counters, COUNT_CORE_NO_MEMORY, 1);
        return NO_CASE;
    }
    begin_kept(book, slot, row_slot);
    return slot;
}

/* --- what machines find --- */

static void reasons_add(struct casebook *book, uint32_t slot, uint8_t reasons)
{
    struct case_entry *entry = book->list.slots[slot];

    if ((entry->image.reasons | reasons) == entry->image.reasons) {
        return;
    }
    if (casebook_machine(book, slot, CASE_EVENT_REPORT, "reasons") == ERR_OK) {
        entry->image.reasons |= reasons;
        book->kept[book->kept_count - 1].case_.reasons = entry->image.reasons;
    }
}

uint32_t casebook_report(struct casebook *book, const struct case_finding *finding)
{
    static const struct case_move nothing = {.event = CASE_EVENT_REPORT};
    const struct case_opening opening = {
        .kind = finding->kind,
        .source = SOURCE_SENSOR,
        .place = finding->place,
        .vehicle = finding->vehicle,
        .at = finding->at,
        .reasons = finding->reasons,
        .since_ms = finding->since_ms,
        .gap_s = finding->gap_s,
        .move = &nothing,
        .who = {"", CASE_BY_MACHINE}
    };
    uint32_t slot;

    if (!book->on) {
        return NO_CASE;
    }
    slot = casebook_find(book, finding->kind, finding->place, finding->vehicle);
    if (slot != NO_CASE) {
        reasons_add(book, slot, finding->reasons);
        return slot;
    }
    slot = casebook_begin_case(book, &opening);
    if (slot != NO_CASE && case_kind_life(finding->kind) == LIFE_PLAIN) {
        /* a zombie waits for people to confirm it on site */
        (void)casebook_machine(book, slot, CASE_EVENT_FILE, "");
    }
    return slot;
}

void casebook_gone(struct casebook *book, uint32_t slot, int64_t left_ms)
{
    const struct case_image *image = casebook_case(book, slot);
    char left[RFC3339_LEN + 1];

    if (image != NULL && book->on &&
        case_transition_find((enum case_status)image->status, (enum case_stage)image->stage,
                             CASE_EVENT_SELF_CLEAR) != NULL) {
        rfc3339_format(left_ms + book->now.shift_ms, left);
        (void)casebook_machine(book, slot, CASE_EVENT_SELF_CLEAR, left);
    }
}
