/* Recovery: images in any order, the newest version of a case wins, rows find their case or wait
 * for it; then what is known is indexed anew and deadlines go on. */
#include "gateway/core/case/casebook_state.h"

static bool image_plausible(const struct case_image *image)
{
    return image->id != 0 && image->version != 0 && image->kind < CASE_KIND_COUNT &&
           image->status < CASE_STATUS_COUNT && image->stage < CASE_STAGE_COUNT &&
           image->source < CASE_SOURCE_COUNT && image->assist_count <= CASE_ASSISTS_MAX &&
           image->suspended_from < CASE_STATUS_COUNT;
}

static bool row_plausible(const struct case_row_image *image)
{
    return image->id != 0 && image->number != 0 && image->event < CASE_EVENT_COUNT &&
           image->status < CASE_STATUS_COUNT && image->stage < CASE_STAGE_COUNT;
}

static void restore_case(struct casebook *book, const struct image *image)
{
    const uint32_t slot = case_list_find(&book->list, image->case_.id);
    uint32_t made;

    if (!image_plausible(&image->case_)) {
        return;
    }
    if (!casebook_reserve(book) || !case_list_number_taken(&book->list, image->case_.id)) {
        return;
    }
    if (slot == NO_CASE) {
        made = case_list_add(&book->list, image->at, &image->case_);
        if (made == NO_CASE) {
            count_add(book->counters, COUNT_CORE_NO_MEMORY, 1);
        }
        return;
    }
    if (book->list.slots[slot]->image.version == 0) {
        case_list_fill(&book->list, slot, image->at, &image->case_);
    } else if (image->case_.version > book->list.slots[slot]->image.version) {
        book->list.slots[slot]->at = image->at;
        book->list.slots[slot]->image = image->case_; /* number and report never change */
        case_list_receipt(&book->list, slot, image->case_.receipt);
    }
}

static void restore_row(struct casebook *book, const struct image *image)
{
    uint32_t slot = case_list_find(&book->list, image->case_row.id);

    /* its number stays taken, also when its case cannot be read */
    if (!row_plausible(&image->case_row) || !casebook_reserve(book) ||
        !case_list_number_taken(&book->list, image->case_row.id)) {
        return;
    }
    if (slot == NO_CASE) {
        const struct case_image place = {.id = image->case_row.id};

        slot = case_list_add(&book->list, image->at, &place);
    }
    if (slot == NO_CASE) {
        count_add(book->counters, COUNT_CORE_NO_MEMORY, 1);
        return;
    }
    (void)case_list_row_add(&book->list, slot, image->at, &image->case_row);
}

void casebook_restore(struct casebook *book, const struct image *image)
{
    if (image->kind == IMAGE_CASE) {
        restore_case(book, image);
    } else if (image->kind == IMAGE_CASE_ROW) {
        restore_row(book, image);
    }
}

void casebook_restored(struct casebook *book, struct now now)
{
    casebook_begin(book, now);
    book->running = true;
}

void casebook_on(struct casebook *book)
{
    if (book->on || !casebook_reserve(book)) {
        return;
    }
    book->on = true;
    for (uint32_t i = 0; i < book->list.count; i++) {
        const uint32_t slot = book->list.order[i];

        if (!case_list_index(&book->list, slot)) {
            count_add(book->counters, COUNT_CORE_NO_MEMORY, 1);
        }
        casebook_arm(book, slot);
    }
}

bool casebook_is_on(const struct casebook *book)
{
    return book->on;
}
