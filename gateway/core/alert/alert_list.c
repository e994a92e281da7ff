/* No memory for a table entry is told by hh.tbl, not by exit(). */
#define HASH_NONFATAL_OOM 1

#include "gateway/core/alert/alert_list.h"

#include <stdlib.h>
#include <string.h>

/* Slots are stable while an episode lives; `order` is a sorted array, since episodes open in the
 * order of time and are appended. */

void alert_list_finish(struct alert_list *list)
{
    HASH_CLEAR(hh, list->by_id);
    for (uint32_t i = 0; i < list->slot_count; i++) {
        free(list->slots[i]);
    }
    free(list->slots);
    free(list->order);
    free(list->former);
    *list = (struct alert_list){0};
}

bool alert_list_reserve(struct alert_list *list)
{
    if (list->count < list->room) {
        return true;
    }
    const uint32_t room = list->room == 0 ? 64 : list->room * 2;
    struct alert **slots = realloc(list->slots, room * sizeof(struct alert *));

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

static int alert_compare(const struct alert_image *a, int64_t opened_ms, uint64_t id)
{
    if (a->opened_ms != opened_ms) {
        return a->opened_ms < opened_ms ? -1 : 1;
    }
    return a->id < id ? -1 : a->id > id;
}

/* How many episodes stand before (opened_ms, id). */
static uint32_t rank_of(const struct alert_list *list, int64_t opened_ms, uint64_t id)
{
    uint32_t low = 0;
    uint32_t high = list->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (alert_compare(&list->slots[list->order[middle]]->image, opened_ms, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t slot_free(const struct alert_list *list)
{
    if (list->slot_count < list->room) {
        return list->slot_count;
    }
    for (uint32_t i = 0; i < list->slot_count; i++) {
        if (list->slots[i] == NULL) {
            return i;
        }
    }
    return NO_ALERT;
}

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
uint32_t alert_list_add(struct alert_list *list, struct position at,
                        const struct alert_image *image)
{
    const uint32_t slot = slot_free(list);
    struct alert *alert = calloc(1, sizeof *alert);

    if (slot == NO_ALERT || alert == NULL) {
        free(alert);
        return NO_ALERT;
    }
    alert->at = at;
    alert->image = *image;
    alert->slot = slot;
    HASH_ADD(hh, list->by_id, image.id, sizeof alert->image.id, alert);
    if (alert->hh.tbl == NULL) {
        free(alert);
        return NO_ALERT;
    }
    const uint32_t rank = rank_of(list, image->opened_ms, image->id);
    memmove(&list->order[rank + 1], &list->order[rank],
            (list->count - rank) * sizeof list->order[0]);
    list->order[rank] = slot;
    list->slots[slot] = alert;
    list->count++;
    if (slot == list->slot_count) {
        list->slot_count++;
    }
    return slot;
}

void alert_list_remove(struct alert_list *list, uint32_t slot)
{
    struct alert *alert = list->slots[slot];
    const uint32_t at = rank_of(list, alert->image.opened_ms, alert->image.id);

    memmove(&list->order[at], &list->order[at + 1], (list->count - at - 1) * sizeof list->order[0]);
    list->count--;
    HASH_DEL(list->by_id, alert); /* NOLINT(clang-analyzer-core.NullDereference): it is in there */
    free(alert);
    list->slots[slot] = NULL;
}

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
uint32_t alert_list_find(const struct alert_list *list, uint64_t id)
{
    const struct alert *alert;

    HASH_FIND(hh, list->by_id, &id, sizeof id, alert);
    return alert == NULL ? NO_ALERT : alert->slot;
}

uint32_t alert_list_before(const struct alert_list *list, int64_t opened_ms, uint64_t id)
{
    return opened_ms == 0 ? list->count : rank_of(list, opened_ms, id);
}

bool alert_list_note(struct alert_list *list, uint32_t slot, bool made)
{
    for (uint32_t i = 0; i < list->former_count; i++) {
        if (list->former[i].slot == slot) {
            return true;
        }
    }
    if (list->former_count == list->former_room) {
        const uint32_t room = list->former_room == 0 ? 16 : list->former_room * 2;
        struct alert_former *former = realloc(list->former, room * sizeof former[0]);

        if (former == NULL) {
            return false;
        }
        list->former = former;
        list->former_room = room;
    }
    struct alert_former *noted = &list->former[list->former_count++];
    *noted = (struct alert_former){.slot = slot, .made = made};
    if (!made) {
        noted->at = list->slots[slot]->at;
        noted->image = list->slots[slot]->image;
    }
    return true;
}

void alert_list_keep(struct alert_list *list)
{
    list->former_count = 0;
}

void alert_list_undo(struct alert_list *list)
{
    for (uint32_t i = list->former_count; i > 0; i--) {
        const struct alert_former *noted = &list->former[i - 1];

        if (noted->made) {
            alert_list_remove(list, noted->slot);
        } else {
            list->slots[noted->slot]->at = noted->at;
            list->slots[noted->slot]->image = noted->image;
        }
    }
    list->former_count = 0;
}
