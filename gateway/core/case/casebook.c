/* The casebook as a whole: its making, its effects, its timers, and the reading of it. */
#include "gateway/core/case/casebook_state.h"
#include <stdlib.h>
#include <string.h>

struct casebook *casebook_create(const struct inventory *inv, struct counters *counters)
{
    const struct work_calendar_params params = {.utc_offset_min = 480};
    struct casebook *book = calloc(1, sizeof *book);
    char detail[160];

    if (book == NULL) {
        return NULL;
    }
    book->inv = inv;
    book->counters = counters;
    wheel_init(&book->wheel);
    if (work_calendar_create(&params, &book->own_calendar, detail) != ERR_OK) {
        casebook_destroy(book);
        return NULL;
    }
    case_rules_default(&book->rules);
    book->rules.calendar = book->own_calendar;
    return book;
}

void casebook_destroy(struct casebook *book)
{
    if (book == NULL) {
        return;
    }
    case_list_finish(&book->list);
    wheel_finish(&book->wheel);
    work_calendar_destroy(book->own_calendar);
    free(book->touched);
    free(book->kept);
    free(book);
}

void casebook_set_rules(struct casebook *book, const struct case_rules *rules)
{
    book->rules = *rules;
    if (book->rules.calendar == NULL) {
        book->rules.calendar = book->own_calendar;
    }
    for (uint32_t i = 0; book->on && i < book->list.slot_count; i++) {
        casebook_arm(book, i); /* ended ones may be kept for less */
    }
}

void casebook_begin(struct casebook *book, struct now now)
{
    book->touched_count = 0;
    book->kept_count = 0;
    case_list_keep(&book->list);
    book->now.shift_ms = now.shift_ms;
    if (now.at_ms > book->now.at_ms) {
        book->now.at_ms = now.at_ms;
    }
    wheel_start(&book->wheel, book->now.at_ms);
}

void casebook_at(struct casebook *book, struct position at)
{
    book->at = at;
}

/* --- effects --- */

static bool touched_reserve(struct casebook *book)
{
    if (book->touched_count + 4 > book->touched_room) {
        const size_t room = book->touched_room == 0 ? 16 : book->touched_room * 2;
        struct touched *touched = realloc(book->touched, room * sizeof touched[0]);

        if (touched == NULL) {
            return false;
        }
        book->touched = touched;
        book->touched_room = room;
    }
    return true;
}

static bool kept_reserve(struct casebook *book)
{
    if (book->kept_count + 4 > book->kept_room) {
        const size_t room = book->kept_room == 0 ? 8 : book->kept_room * 2;
        struct image *kept = realloc(book->kept, room * sizeof kept[0]);

        if (kept == NULL) {
            return false;
        }
        book->kept = kept;
        book->kept_room = room;
    }
    return true;
}

bool casebook_reserve(struct casebook *book)
{
    if (case_list_reserve(&book->list) && wheel_reserve(&book->wheel, book->list.room) &&
        touched_reserve(book) && kept_reserve(book)) {
        return true;
    }
    count_add(book->counters, COUNT_CORE_NO_MEMORY, 1);
    return false;
}

void casebook_keep(struct casebook *book, const struct image *image)
{
    book->kept[book->kept_count++] = *image;
}

void casebook_touch(struct casebook *book, enum change_kind kind, uint32_t index)
{
    for (size_t i = book->touched_count; i > 0; i--) {
        if (book->touched[i - 1].kind == kind && book->touched[i - 1].index == index) {
            return;
        }
    }
    book->touched[book->touched_count++] = (struct touched){.kind = kind, .index = index};
}

void casebook_arm(struct casebook *book, uint32_t slot)
{
    const struct case_image *image = casebook_case(book, slot);

    if (image != NULL) {
        wheel_arm(&book->wheel, slot, clocks_next(image, &book->rules));
    }
}

const struct touched *casebook_touched(const struct casebook *book, size_t *count)
{
    *count = book->touched_count;
    return book->touched;
}

const struct image *casebook_kept(const struct casebook *book, size_t *count)
{
    *count = book->kept_count;
    return book->kept;
}

void casebook_undo(struct casebook *book)
{
    for (uint32_t i = 0; i < book->list.former_count; i++) {
        wheel_arm(&book->wheel, book->list.former[i].slot, book->now.at_ms + CASES_RETRY_MS);
    }
    case_list_undo(&book->list);
    book->kept_count = 0;
    book->touched_count = 0;
}

/* --- timers --- */

void casebook_advance(struct casebook *book)
{
    for (unsigned n = 0; book->on && n < CASES_FIRE_MAX; n++) {
        const uint32_t node = wheel_fire(&book->wheel, book->now.at_ms);

        if (node == WHEEL_NONE) {
            break;
        }
        casebook_fire(book, node);
    }
}

int64_t casebook_due(const struct casebook *book)
{
    return book->on ? wheel_due(&book->wheel) : INT64_MAX;
}

void casebook_swap(struct casebook *book, const struct inventory *next)
{
    book->inv = next;
    for (uint32_t i = 0; book->on && i < book->list.slot_count; i++) {
        const struct case_image *image = casebook_case(book, i);

        if (image != NULL && image->status == STATUS_FILED) {
            wheel_arm(&book->wheel, i, book->now.at_ms); /* somebody may be responsible now */
        }
    }
}

/* --- reading --- */

const struct case_image *casebook_case(const struct casebook *book, uint32_t slot)
{
    const struct case_entry *entry = slot < book->list.slot_count ? book->list.slots[slot] : NULL;

    return entry == NULL || entry->image.version == 0 ? NULL : &entry->image;
}

bool casebook_case_image(const struct casebook *book, uint32_t slot, struct image *out)
{
    const struct case_image *image = casebook_case(book, slot);

    if (image == NULL) {
        return false;
    }
    *out = (struct image){.kind = IMAGE_CASE, .at = book->list.slots[slot]->at, .case_ = *image};
    return true;
}

bool casebook_row_image(const struct casebook *book, uint32_t row_slot, struct image *out)
{
    *out = (struct image){.kind = IMAGE_CASE_ROW};
    return row_store_image(&book->list.rows, row_slot, &out->at, &out->case_row);
}

uint32_t casebook_case_slots(const struct casebook *book)
{
    return book->list.slot_count;
}

uint32_t casebook_row_slots(const struct casebook *book)
{
    return book->list.rows.slot_count;
}

uint32_t casebook_find(const struct casebook *book, enum case_kind kind, space_key place,
                       const char *vehicle)
{
    struct case_thing thing;

    return case_thing_of_subject(kind, place, vehicle, &thing)
               ? case_index_find(&book->list.open, &thing)
               : NO_CASE;
}

void casebook_figures(const struct casebook *book, struct case_figures *out)
{
    *out = (struct case_figures){0};
    for (uint32_t i = 0; i < book->list.count; i++) {
        const struct case_image *image = &book->list.slots[book->list.order[i]]->image;
        const bool open = case_status_open((enum case_status)image->status);

        out->opened++;
        out->closed += image->status == STATUS_CLOSED;
        out->voided += image->status == STATUS_VOIDED;
        out->outstanding += open;
        out->overdue += open && (image->flags & CASE_IS_OVERDUE) != 0;
        out->orphans += case_is_orphan(image);
        out->by_source[image->source]++;
        out->by_kind[image->kind]++;
        out->by_status[image->status]++;
    }
}

size_t casebook_memory(const struct casebook *book)
{
    const struct case_list *list = &book->list;

    return sizeof *book + list->count * sizeof(struct case_entry) +
           list->room * (sizeof(struct case_entry *) + sizeof(uint32_t)) + list->rows.bytes +
           list->rows.room * (sizeof(struct case_row *) + sizeof(uint32_t)) +
           list->former_room * sizeof(struct case_former) + wheel_memory(&book->wheel) +
           book->kept_room * sizeof *book->kept + book->touched_room * sizeof *book->touched;
}
