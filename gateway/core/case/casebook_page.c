/* Reading the book: one case with its history, or a page of what a filter asks for. */
#include "gateway/core/case/casebook_state.h"
#include <stdio.h>
#include <string.h>

#define MERGES_MAX 64 /* followed from one receipt */

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

static bool asked(const struct case_filter *filter, const struct case_image *image)
{
    const bool open = case_status_open((enum case_status)image->status);

    return words_asked(filter, image) &&
           (filter->adcode == 0 || filter->adcode == case_id_adcode(image->id)) &&
           (filter->place == 0 || filter->place == image->place) &&
           (filter->grid == 0 || filter->grid == image->grid) && (!filter->open || open) &&
           (!filter->overdue || (open && (image->flags & CASE_IS_OVERDUE) != 0)) &&
           (!filter->orphan || case_is_orphan(image)) &&
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
        if (request->by_source != NULL) {
            request->by_source[image->source]++;
        }
        if (request->case_count < request->limit) {
            request->cases[request->case_count++] = *image;
        } else {
            request->more = true;
            if (request->by_source == NULL) {
                return;
            }
        }
    }
}

/* --- what is due next: no order is kept for what is asked seldom; one look at every case keeps the
 * first `limit` in a heap whose top is the last of them --- */

/* What runs out first; without any clock: last. */
static struct case_pick pick_of(const struct case_image *image, uint32_t slot)
{
    const int64_t due_ms = case_due_next(image);

    return (struct case_pick){due_ms == 0 ? INT64_MAX : due_ms, image->id, slot};
}

static bool behind(const struct case_pick *a, const struct case_pick *b)
{
    return a->due_ms != b->due_ms ? a->due_ms > b->due_ms : a->id > b->id;
}

static void swap(struct case_pick *a, struct case_pick *b)
{
    const struct case_pick was = *a;

    *a = *b;
    *b = was;
}

static void sift_down(struct case_pick *heap, uint32_t count)
{
    uint32_t at = 0;

    for (;;) {
        uint32_t last = at;

        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {
            last = behind(&heap[child], &heap[last]) ? child : last;
        }
        if (last == at) {
            return;
        }
        swap(&heap[at], &heap[last]);
        at = last;
    }
}

static void pick_add(struct case_pick *heap, uint32_t *count, struct case_pick pick)
{
    uint32_t at = (*count)++;

    heap[at] = pick;
    while (at > 0 && behind(&heap[at], &heap[(at - 1) / 2])) {
        swap(&heap[at], &heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static void due_next(struct casebook *book, struct case_request *request)
{
    const struct case_list *list = &book->list;
    const uint32_t room = request->limit < CASES_PAGE_MAX ? request->limit : CASES_PAGE_MAX;
    const struct case_pick from = {request->from_key == 0 ? INT64_MAX : request->from_key,
                                   request->from_id, 0};
    struct case_pick *heap = book->picks;
    uint32_t count = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct case_image *image = &list->slots[list->order[i]]->image;
        const struct case_pick pick = pick_of(image, list->order[i]);

        if (!asked(&request->filter, image) || (from.id != 0 && !behind(&pick, &from))) {
            continue;
        }
        if (count < room) {
            pick_add(heap, &count, pick);
            continue;
        }
        request->more = true;
        if (room > 0 && behind(&heap[0], &pick)) {
            heap[0] = pick;
            sift_down(heap, count);
        }
    }
    request->case_count = count;
    while (count > 0) { /* the last one first */
        request->cases[--count] = list->slots[heap[0].slot]->image;
        heap[0] = heap[count];
        sift_down(heap, count);
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

/* Where the work on a case goes on: the one that it was merged into, and so on. */
static uint32_t merged_end(const struct casebook *book, uint32_t slot)
{
    for (unsigned hops = 0; hops < MERGES_MAX; hops++) {
        const uint32_t next = case_list_find(&book->list, casebook_case(book, slot)->merged_into);

        if (casebook_case(book, next) == NULL) { /* none, or forgotten */
            break;
        }
        slot = next;
    }
    return slot;
}

static uint32_t receipted(const struct casebook *book, uint64_t receipt)
{
    const uint32_t slot = case_list_find_receipt(&book->list, receipt);
    const struct case_image *image = casebook_case(book, slot);

    return image == NULL || image->receipt != receipt ? NO_CASE : slot;
}

uint32_t casebook_asked(const struct casebook *book, const struct case_request *request)
{
    const bool by_number = request->id != 0;
    const uint32_t slot =
        by_number ? case_list_find(&book->list, request->id) : receipted(book, request->receipt);

    if (casebook_case(book, slot) == NULL) {
        return NO_CASE;
    }
    return by_number ? slot : merged_end(book, slot);
}

void casebook_answer(const struct casebook *book, struct case_request *request, uint32_t slot)
{
    struct case_image *answer = &request->cases[request->case_count++];
    const struct case_image *own;

    *answer = *casebook_case(book, slot);
    if (request->id != 0 || request->receipt == 0) {
        return;
    }
    own = casebook_case(book, receipted(book, request->receipt));
    answer->receipt = own->receipt;
    answer->reported_ms = own->reported_ms;
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
    const uint32_t slot = casebook_asked(book, request);
    if (slot == NO_CASE) {
        (void)snprintf(command->detail, sizeof command->detail, "there is no such case");
        return ERR_NOT_FOUND;
    }
    casebook_answer(book, request, slot);
    history(book, request, slot);
    return ERR_OK;
}
