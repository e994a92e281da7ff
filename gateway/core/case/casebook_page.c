/* Reading the book: one case with its history, or a page of what a filter asks for. */
#include "gateway/core/case/casebook_state.h"
#include <stdio.h>
#include <string.h>

static bool in_mask(uint32_t mask, unsigned value)
{
    return mask == 0 || (mask & 1u << value) != 0;
}

static bool text_asked(const char *asked, const char *value)
{
    return asked[0] == '\0' || strcmp(asked, value) == 0;
}

static bool words_asked(const struct case_filter *filter, const struct case_image *image)
{
    return in_mask(filter->statuses, image->status) && in_mask(filter->kinds, image->kind) &&
           in_mask(filter->stages, image->stage) && in_mask(filter->sources, image->source) &&
           text_asked(filter->unit, image->unit) && text_asked(filter->person, image->person) &&
           text_asked(filter->vehicle, image->vehicle);
}

static bool orphan(const struct case_image *image)
{
    return case_status_open((enum case_status)image->status) && image->unit[0] == '\0' &&
           image->status != STATUS_REPORTED;
}

static bool asked(const struct case_filter *filter, const struct case_image *image)
{
    const bool open = case_status_open((enum case_status)image->status);

    return words_asked(filter, image) &&
           (filter->adcode == 0 || filter->adcode == case_id_adcode(image->id)) &&
           (filter->place == 0 || filter->place == image->place) &&
           (filter->grid == 0 || filter->grid == image->grid) && (!filter->open || open) &&
           (!filter->overdue || (open && (image->flags & CASE_IS_OVERDUE) != 0)) &&
           (!filter->orphan || orphan(image)) &&
           (!filter->recurring || (image->flags & CASE_IS_RECURRING) != 0) &&
           (filter->from_ms == 0 || image->reported_ms >= filter->from_ms) &&
           (filter->until_ms == 0 || image->reported_ms < filter->until_ms);
}

static void newest(struct casebook *book, struct case_request *request)
{
    const struct case_list *list = &book->list;
    uint32_t rank = request->from_id == 0
                        ? list->count
                        : case_list_rank(list, request->from_key, request->from_id);

    for (; rank > 0; rank--) {
        const struct case_image *image = &list->slots[list->order[rank - 1]]->image;

        if (!asked(&request->filter, image)) {
            continue;
        }
        if (request->case_count == request->limit) {
            request->more = true;
            return;
        }
        request->cases[request->case_count++] = *image;
    }
}

/* What runs out first; without any clock: last. */
static int64_t due_key(const struct case_image *image)
{
    const int64_t due_ms = case_due_next(image);

    return due_ms == 0 ? INT64_MAX : due_ms;
}

/* Is (due, id) behind the other? */
static bool due_behind(const struct case_image *image, int64_t due_ms, case_id id)
{
    const int64_t own_ms = due_key(image);

    return own_ms != due_ms ? own_ms > due_ms : image->id > id;
}

/* The first `limit` behind the last one, by insertion into the caller's sorted array: one look at
 * every case, no order kept for what is asked seldom. */
static void due_insert(struct case_request *request, const struct case_image *image)
{
    uint32_t at = request->case_count;
    const int64_t due_ms = due_key(image);

    if (at == request->limit) {
        request->more = true;
        if (at == 0 || !due_behind(&request->cases[at - 1], due_ms, image->id)) {
            return;
        }
        at--;
    } else {
        request->case_count++;
    }
    for (; at > 0 && due_behind(&request->cases[at - 1], due_ms, image->id); at--) {
        request->cases[at] = request->cases[at - 1];
    }
    request->cases[at] = *image;
}

static void due_next(struct casebook *book, struct case_request *request)
{
    const struct case_list *list = &book->list;
    const int64_t from_ms = request->from_key == 0 ? INT64_MAX : request->from_key;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct case_image *image = &list->slots[list->order[i]]->image;

        if (asked(&request->filter, image) &&
            (request->from_id == 0 || due_behind(image, from_ms, request->from_id))) {
            due_insert(request, image);
        }
    }
}

static void history(struct casebook *book, struct case_request *request, uint32_t slot)
{
    const struct case_entry *entry = book->list.slots[slot];
    struct position at;

    for (uint32_t row = entry->first_row;
         request->rows != NULL && row != NO_ROW && request->row_count < CASE_ROWS_MAX;
         row = row_store_next(&book->list.rows, row)) {
        (void)row_store_image(&book->list.rows, row, &at, &request->rows[request->row_count++]);
    }
}

/* By number, or by the receipt of who reported it: there are few of either a second. */
static uint32_t find(const struct casebook *book, const struct case_request *request)
{
    if (request->id != 0) {
        const uint32_t slot = case_list_find(&book->list, request->id);
        const struct case_image *image = casebook_case(book, slot);

        return image == NULL || (request->receipt != 0 && request->receipt != image->receipt)
                   ? NO_CASE
                   : slot;
    }
    for (uint32_t i = book->list.count; i > 0; i--) {
        const uint32_t slot = book->list.order[i - 1];

        if (book->list.slots[slot]->image.receipt == request->receipt) {
            return slot;
        }
    }
    return NO_CASE;
}

uint32_t casebook_asked(const struct casebook *book, const struct case_request *request)
{
    return request->id == 0 && request->receipt == 0 ? NO_CASE : find(book, request);
}

enum err casebook_page(struct casebook *book, struct command *command)
{
    struct case_request *request = command->cases;

    request->case_count = 0;
    request->row_count = 0;
    request->more = false;
    if (request->figures != NULL) {
        casebook_figures(book, request->figures);
    }
    if (request->id == 0 && request->receipt == 0) {
        if (request->order == CASES_DUE_NEXT) {
            due_next(book, request);
        } else {
            newest(book, request);
        }
        return ERR_OK;
    }
    const uint32_t slot = find(book, request);
    if (slot == NO_CASE) {
        (void)snprintf(command->detail, sizeof command->detail, "there is no such case");
        return ERR_NOT_FOUND;
    }
    request->cases[request->case_count++] = book->list.slots[slot]->image;
    history(book, request, slot);
    return ERR_OK;
}
