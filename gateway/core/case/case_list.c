/* No memory for a table entry is told by hh.tbl, not by exit(). */
#define HASH_NONFATAL_OOM 1

#include "gateway/core/case/case_list.h"

#include "gateway/core/case/casebook.h"
#include <stdlib.h>
#include <string.h>

/* Slots are stable while a case is kept; `order` is a sorted array, since cases are reported in the
 * order of time and are appended. */

#define SERIALS 100000u

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
void case_list_finish(struct case_list *list)
{
    struct case_serial *next = list->serials;

    HASH_CLEAR(hh, list->serials);
    while (next != NULL) {
        struct case_serial *serial = next;

        next = serial->hh.next;
        free(serial);
    }
    HASH_CLEAR(hh_receipt, list->by_receipt);
    HASH_CLEAR(hh, list->by_id);
    for (uint32_t i = 0; i < list->slot_count; i++) {
        free(list->slots[i]);
    }
    row_store_finish(&list->rows);
    case_index_finish(&list->open);
    case_index_finish(&list->ended);
    free(list->slots);
    free(list->order);
    free(list->former);
    *list = (struct case_list){0};
}

static bool slots_reserve(struct case_list *list)
{
    const uint32_t room = list->room == 0 ? 64 : list->room * 2;
    struct case_entry **slots = realloc(list->slots, room * sizeof(struct case_entry *));

    if (slots == NULL) {
        return false;
    }
    list->slots = slots;
    uint32_t *order = realloc(list->order, room * sizeof order[0]);
    if (order == NULL) {
        return false;
    }
    list->order = order;
    list->room = room;
    return true;
}

bool case_list_reserve(struct case_list *list)
{
    if (list->former_count + 2 > list->former_room) {
        const uint32_t room = list->former_room == 0 ? 16 : list->former_room * 2;
        struct case_former *former = realloc(list->former, room * sizeof former[0]);

        if (former == NULL) {
            return false;
        }
        list->former = former;
        list->former_room = room;
    }
    return HASH_CNT(hh, list->by_id) < list->room || slots_reserve(list);
}

/* Without memory for it the case is there, but not by its receipt. */
/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
static void receipt_add(struct case_list *list, struct case_entry *entry)
{
    if (entry->image.receipt == 0 || entry->receipted) {
        return;
    }
    HASH_ADD(hh_receipt, list->by_receipt, image.receipt, sizeof entry->image.receipt, entry);
    entry->receipted = entry->hh_receipt.tbl != NULL;
}

static void receipt_drop(struct case_list *list, struct case_entry *entry)
{
    if (entry->receipted) {
        HASH_DELETE(hh_receipt, list->by_receipt, entry); /* NOLINT */
        entry->receipted = false;
    }
}

void case_list_receipt(struct case_list *list, uint32_t slot, uint64_t receipt)
{
    list->slots[slot]->image.receipt = receipt;
    receipt_add(list, list->slots[slot]);
}

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
uint32_t case_list_find_receipt(const struct case_list *list, uint64_t receipt)
{
    const struct case_entry *entry = NULL;

    if (receipt != 0) {
        HASH_FIND(hh_receipt, list->by_receipt, &receipt, sizeof receipt, entry);
    }
    return entry == NULL ? NO_CASE : entry->slot;
}

static int compare(const struct case_image *a, int64_t reported_ms, case_id id)
{
    if (a->reported_ms != reported_ms) {
        return a->reported_ms < reported_ms ? -1 : 1;
    }
    return a->id < id ? -1 : a->id > id;
}

uint32_t case_list_rank(const struct case_list *list, int64_t reported_ms, case_id id)
{
    uint32_t low = 0;
    uint32_t high = list->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (compare(&list->slots[list->order[middle]]->image, reported_ms, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t slot_free(const struct case_list *list)
{
    if (list->slot_count < list->room) {
        return list->slot_count;
    }
    for (uint32_t i = 0; i < list->slot_count; i++) {
        if (list->slots[i] == NULL) {
            return i;
        }
    }
    return NO_CASE;
}

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
uint32_t case_list_add(struct case_list *list, struct position at, const struct case_image *image)
{
    const uint32_t slot = slot_free(list);
    struct case_entry *entry = calloc(1, sizeof *entry);

    if (slot == NO_CASE || entry == NULL) {
        free(entry);
        return NO_CASE;
    }
    entry->image.id = image->id;
    entry->slot = slot;
    entry->first_row = NO_ROW;
    entry->last_row = NO_ROW;
    HASH_ADD(hh, list->by_id, image.id, sizeof entry->image.id, entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        return NO_CASE;
    }
    list->slots[slot] = entry;
    if (slot == list->slot_count) {
        list->slot_count++;
    }
    if (image->version != 0) {
        case_list_fill(list, slot, at, image);
    }
    return slot;
}

void case_list_fill(struct case_list *list, uint32_t slot, struct position at,
                    const struct case_image *image)
{
    const uint32_t rank = case_list_rank(list, image->reported_ms, image->id);

    memmove(&list->order[rank + 1], &list->order[rank],
            (list->count - rank) * sizeof list->order[0]);
    list->order[rank] = slot;
    list->count++;
    list->slots[slot]->at = at;
    list->slots[slot]->image = *image;
    receipt_add(list, list->slots[slot]);
}

static void things_drop(struct case_list *list, uint32_t slot)
{
    const struct case_image *image = &list->slots[slot]->image;
    struct case_thing thing;

    if (case_thing_of_subject((enum case_kind)image->kind, image->place, image->vehicle, &thing)) {
        case_index_drop(&list->open, &thing, slot);
    }
    if (case_thing_of_scene((enum case_kind)image->kind, image->place, image->vehicle, &thing)) {
        case_index_drop(&list->ended, &thing, slot);
    }
}

/* Notes whether an open case stands behind another one about the same. */
static void behind_put(struct case_list *list, struct case_entry *entry, bool behind)
{
    list->behind += behind;
    list->behind -= entry->behind;
    entry->behind = behind;
}

static void row_drop_last(struct case_list *list, struct case_entry *entry)
{
    uint32_t row = entry->first_row;

    if (row == entry->last_row) {
        entry->first_row = NO_ROW;
        entry->last_row = NO_ROW;
    } else {
        while (row_store_next(&list->rows, row) != entry->last_row) {
            row = row_store_next(&list->rows, row);
        }
        uint32_t last = entry->last_row;
        row_store_link(&list->rows, row, NO_ROW);
        entry->last_row = row;
        row = last;
    }
    row_store_remove(&list->rows, row);
    entry->row_count--;
}

void case_list_remove(struct case_list *list, uint32_t slot)
{
    struct case_entry *entry = list->slots[slot];

    if (entry->image.version != 0) {
        const uint32_t at = case_list_rank(list, entry->image.reported_ms, entry->image.id);

        memmove(&list->order[at], &list->order[at + 1],
                (list->count - at - 1) * sizeof list->order[0]);
        list->count--;
        things_drop(list, slot);
    }
    for (uint32_t row = entry->first_row; row != NO_ROW;) {
        const uint32_t next = row_store_next(&list->rows, row);

        row_store_remove(&list->rows, row);
        row = next;
    }
    behind_put(list, entry, false);
    receipt_drop(list, entry);
    HASH_DEL(list->by_id, entry); /* NOLINT(clang-analyzer-core.NullDereference): it is in there */
    free(entry);
    list->slots[slot] = NULL;
}

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
uint32_t case_list_find(const struct case_list *list, case_id id)
{
    const struct case_entry *entry;

    HASH_FIND(hh, list->by_id, &id, sizeof id, entry);
    return entry == NULL ? NO_CASE : entry->slot;
}

uint32_t case_list_row_add(struct case_list *list, uint32_t slot, struct position at,
                           const struct case_row_image *image)
{
    struct case_entry *entry = list->slots[slot];
    uint32_t before = NO_ROW;
    uint32_t after = entry->first_row;
    uint32_t row;

    if (entry->last_row != NO_ROW &&
        row_store_number(&list->rows, entry->last_row) < image->number) {
        before = entry->last_row;
        after = NO_ROW;
    }
    while (after != NO_ROW && row_store_number(&list->rows, after) < image->number) {
        before = after;
        after = row_store_next(&list->rows, after);
    }
    if (after != NO_ROW && row_store_number(&list->rows, after) == image->number) {
        return NO_ROW;
    }
    row = row_store_add(&list->rows, at, image);
    if (row == NO_ROW) {
        return NO_ROW;
    }
    row_store_link(&list->rows, row, after);
    if (before == NO_ROW) {
        entry->first_row = row;
    } else {
        row_store_link(&list->rows, before, row);
    }
    if (after == NO_ROW) {
        entry->last_row = row;
    }
    entry->row_count++;
    return row;
}

/* --- what it is about --- */

static bool same_thing(const struct case_thing *a, const struct case_thing *b)
{
    return a->place == b->place && a->kind == b->kind && strcmp(a->vehicle, b->vehicle) == 0;
}

/* The one in front ended: who stands behind it goes on with the subject. Few ever stand so. */
static void next_put(struct case_list *list, const struct case_thing *thing)
{
    for (uint32_t i = 0; list->behind > 0 && i < list->count; i++) {
        const uint32_t slot = list->order[i];
        struct case_entry *entry = list->slots[slot];
        struct case_thing own;

        if (entry->behind &&
            case_thing_of_subject((enum case_kind)entry->image.kind, entry->image.place,
                                  entry->image.vehicle, &own) &&
            same_thing(&own, thing)) {
            behind_put(list, entry, !case_index_put(&list->open, thing, slot));
            return;
        }
    }
}

static bool is_about(const struct case_image *image)
{
    return case_status_open((enum case_status)image->status) && (image->flags & CASE_IS_GONE) == 0;
}

bool case_list_index(struct case_list *list, uint32_t slot)
{
    const struct case_image *image = &list->slots[slot]->image;
    const enum case_kind kind = (enum case_kind)image->kind;
    struct case_thing thing;
    uint32_t other;

    if (!case_thing_of_subject(kind, image->place, image->vehicle, &thing)) {
        return true;
    }
    other = case_index_find(&list->open, &thing);
    behind_put(list, list->slots[slot], is_about(image) && other != NO_CASE && other != slot);
    if (!is_about(image) && other == slot) {
        case_index_drop(&list->open, &thing, slot);
        next_put(list, &thing);
    } else if (is_about(image) && other == NO_CASE && !case_index_put(&list->open, &thing, slot)) {
        return false;
    }
    if (image->status != STATUS_CLOSED) {
        return true;
    }
    (void)case_thing_of_scene(kind, image->place, image->vehicle, &thing);
    other = case_index_find(&list->ended, &thing);
    if (other == NO_CASE || other == slot ||
        list->slots[other]->image.closed_ms < image->closed_ms ||
        (list->slots[other]->image.closed_ms == image->closed_ms &&
         list->slots[other]->image.id < image->id)) {
        return case_index_put(&list->ended, &thing, slot);
    }
    return true;
}

static uint32_t ended_at_scene(const struct case_list *list, const struct case_image *image)
{
    struct case_thing thing;

    return case_thing_of_scene((enum case_kind)image->kind, image->place, image->vehicle, &thing)
               ? case_index_find(&list->ended, &thing)
               : NO_CASE;
}

/* --- numbers --- */

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
static struct case_serial *serial_make(struct case_list *list, uint64_t day)
{
    struct case_serial *serial;

    HASH_FIND(hh, list->serials, &day, sizeof day, serial);
    if (serial != NULL) {
        return serial;
    }
    serial = calloc(1, sizeof *serial);
    if (serial == NULL) {
        return NULL;
    }
    serial->day = day;
    HASH_ADD(hh, list->serials, day, sizeof serial->day, serial);
    if (serial->hh.tbl == NULL) {
        free(serial);
        return NULL;
    }
    return serial;
}

case_id case_list_number(struct case_list *list, uint32_t adcode, uint32_t date)
{
    const uint64_t day = case_id_make(adcode, date, 0);
    struct case_serial *serial = serial_make(list, day);

    return serial == NULL || serial->last >= CASE_SERIAL_MAX ? 0 : day + ++serial->last;
}

bool case_list_number_taken(struct case_list *list, case_id id)
{
    struct case_serial *serial = serial_make(list, id - id % SERIALS);
    const uint32_t number = (uint32_t)(id % SERIALS);

    if (serial != NULL && serial->last < number) {
        serial->last = number;
    }
    return serial != NULL;
}

static void number_give_back(struct case_list *list, case_id id)
{
    struct case_serial *serial = serial_make(list, id - id % SERIALS);

    if (serial != NULL && serial->last == id % SERIALS) {
        serial->last--;
    }
}

/* --- taking back --- */

bool case_list_note(struct case_list *list, uint32_t slot, bool made)
{
    struct case_former *noted;

    for (uint32_t i = list->former_count; i > 0; i--) {
        if (list->former[i - 1].slot == slot) {
            return true;
        }
    }
    if (!case_list_reserve(list)) {
        return false;
    }
    noted = &list->former[list->former_count++];
    *noted = (struct case_former){
        .slot = slot, .made = made, .ended = ended_at_scene(list, &list->slots[slot]->image)};
    if (!made) {
        noted->at = list->slots[slot]->at;
        noted->image = list->slots[slot]->image;
        noted->row_count = list->slots[slot]->row_count;
    }
    return true;
}

void case_list_keep(struct case_list *list)
{
    list->former_count = 0;
}

static void former_back(struct case_list *list, const struct case_former *noted)
{
    struct case_entry *entry = list->slots[noted->slot];
    struct case_thing thing;

    things_drop(list, noted->slot);
    if (case_thing_of_scene((enum case_kind)entry->image.kind, entry->image.place,
                            entry->image.vehicle, &thing) &&
        noted->ended != NO_CASE) {
        (void)case_index_put(&list->ended, &thing, noted->ended);
    }
    if (noted->made) {
        number_give_back(list, entry->image.id);
        case_list_remove(list, noted->slot);
        return;
    }
    while (entry->row_count > noted->row_count) {
        row_drop_last(list, entry);
    }
    receipt_drop(list, entry);
    entry->at = noted->at;
    entry->image = noted->image;
    receipt_add(list, entry);
    (void)case_list_index(list, noted->slot);
}

void case_list_undo_last(struct case_list *list)
{
    former_back(list, &list->former[--list->former_count]);
}

void case_list_undo(struct case_list *list)
{
    while (list->former_count > 0) {
        case_list_undo_last(list);
    }
}
