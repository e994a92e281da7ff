/* The list of interrupted stays, and the one rule of how long a release may be. Written by the
 * watch as spaces change, also while a journal is replayed: doing the same again changes nothing.
 */
#include "gateway/core/zombie/stay.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

void stay_list_finish(struct stay_list *list)
{
    free(list->stays);
    free(list->order);
    free(list->spare);
    *list = (struct stay_list){0};
}

uint32_t stay_list_from(const struct stay_list *list, uint32_t slot)
{
    uint32_t low = 0;
    uint32_t high = list->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (list->stays[list->order[middle]].slot < slot) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct stay *stay_find(const struct stay_list *list, uint32_t slot)
{
    const uint32_t i = stay_list_from(list, slot);

    return i < list->count && list->stays[list->order[i]].slot == slot
               ? &list->stays[list->order[i]]
               : NULL;
}

static bool reserve(struct stay_list *list)
{
    const uint32_t room = list->room == 0 ? FIRST_ROOM : list->room * 2;
    struct stay *stays;
    uint32_t *order;
    uint32_t *spare;

    if (list->count < list->room) {
        return true;
    }
    if (room > STAYS_MAX || (stays = realloc(list->stays, room * sizeof *stays)) == NULL) {
        return false;
    }
    list->stays = stays;
    order = realloc(list->order, room * sizeof *order);
    if (order == NULL) {
        return false;
    }
    list->order = order;
    spare = realloc(list->spare, room * sizeof *spare);
    if (spare == NULL) {
        return false;
    }
    list->spare = spare;
    list->room = room;
    return true;
}

struct stay *stay_make(struct stay_list *list, uint32_t slot, space_key key)
{
    const uint32_t i = stay_list_from(list, slot);
    uint32_t index;

    if (i < list->count && list->stays[list->order[i]].slot == slot) {
        return &list->stays[list->order[i]];
    }
    if (!reserve(list)) {
        return NULL;
    }
    index = list->spare_count > 0 ? list->spare[--list->spare_count] : list->used++;
    memmove(&list->order[i + 1], &list->order[i], (list->count - i) * sizeof *list->order);
    list->order[i] = index;
    list->count++;
    list->stays[index] = (struct stay){.image = {.key = key}, .slot = slot};
    return &list->stays[index];
}

void stay_mark(struct stay_list *list, struct stay *stay)
{
    list->dirty += !stay->dirty;
    stay->dirty = true;
}

static bool is_kept(const struct stay *stay)
{
    return stay->dirty || stay->at.epoch != 0;
}

void stay_end(struct stay_list *list, struct stay *stay)
{
    stay->image = (struct stay_image){.key = stay->image.key};
    if (is_kept(stay)) {
        stay_mark(list, stay);
    }
}

void stay_list_sweep(struct stay_list *list, struct position confirmed)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        const uint32_t index = list->order[i];
        struct stay *stay = &list->stays[index];

        if (stay->image.set || stay->dirty || position_compare(stay->at, confirmed) > 0) {
            list->order[left++] = index;
        } else {
            stay->image.key = 0;
            list->spare[list->spare_count++] = index;
        }
    }
    list->count = left;
}

bool stay_restore(struct stay_list *list, uint32_t slot, const struct image *image)
{
    struct stay *stay = stay_make(list, slot, image->stay.key);

    if (stay == NULL) {
        return false;
    }
    /* one step may keep it twice at the same position (timers between two inputs): the last wins,
     * and images of one position come in their order */
    if (position_compare(image->at, stay->at) >= 0) {
        stay->at = image->at;
        stay->image = image->stay;
    }
    return true;
}

void stay_release(struct stay_list *list, struct stay *stay, const struct stay_known *former,
                  int64_t free_ms, bool keep)
{
    struct stay_image *image = &stay->image;

    if (image->set && image->released_ms == free_ms) {
        return; /* replayed */
    }
    if (image->set && image->since_ms < former->since_ms && image->back_ms == former->since_ms) {
        image->gap_s += former->gap_s;
    } else {
        image->told_ms = image->back_ms == former->since_ms ? image->told_ms : 0;
        image->since_ms = former->since_ms;
        image->gap_s = former->gap_s;
    }
    image->set = true;
    image->released_ms = free_ms;
    image->back_ms = 0;
    if (keep || is_kept(stay)) {
        stay_mark(list, stay);
    }
}

void stay_return(struct stay_list *list, struct stay *stay, const struct stay_known *former,
                 int64_t back_ms, const struct case_rules *rules)
{
    struct stay_image *image = &stay->image;

    if (!image->set || image->released_ms == 0 || back_ms < image->released_ms) {
        return;
    }
    if (back_ms - image->released_ms < rules->release_ms) {
        image->gap_s += former->gap_s;
    } else if (!is_kept(stay)) {
        stay_end(list, stay);
        return;
    } else {
        const int64_t seen_ms = back_ms - image->released_ms - (int64_t)former->gap_s * 1000;

        if (seen_ms >= rules->gone_ms && image->gone_ms == 0) {
            image->gone_ms = image->released_ms + rules->gone_ms;
        }
        image->since_ms = back_ms;
        image->gap_s = 0;
        image->told_ms = 0;
    }
    image->released_ms = 0;
    image->back_ms = back_ms;
    stay_mark(list, stay);
}

void stay_tell(struct stay_list *list, struct stay *stay, const struct stay_known *known,
               int64_t told_ms)
{
    struct stay_image *image = &stay->image;

    if (!image->set || image->back_ms != known->since_ms) {
        image->since_ms = known->since_ms;
        image->gap_s = 0;
        image->released_ms = 0;
        image->back_ms = known->since_ms;
        image->set = true;
    }
    if (image->told_ms != told_ms) {
        image->told_ms = told_ms;
        stay_mark(list, stay);
    }
}

struct stay_known stay_whole(const struct stay *stay, const struct stay_known *known)
{
    struct stay_known whole = *known;

    if (stay != NULL && stay->image.set && stay->image.back_ms == known->since_ms &&
        stay->image.since_ms < known->since_ms) {
        whole.since_ms = stay->image.since_ms;
        whole.gap_s += stay->image.gap_s;
    }
    return whole;
}
