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
    free(list->spare);
    free(list->table);
    *list = (struct stay_list){0};
}

/* --- the table: open addressing, at most half full --- */

static uint32_t home_of(const struct stay_list *list, uint32_t slot)
{
    return (slot * 2654435761U >> 7) & (2 * list->room - 1); /* Knuth's multiplier */
}

static uint32_t next_to(const struct stay_list *list, uint32_t at)
{
    return (at + 1) & (2 * list->room - 1);
}

/* Where the slot stands, or the empty place where it would. */
static uint32_t place_of(const struct stay_list *list, uint32_t slot)
{
    uint32_t at = home_of(list, slot);

    while (list->table[at] != 0 && list->stays[list->table[at] - 1].slot != slot) {
        at = next_to(list, at);
    }
    return at;
}

/* Takes a slot out; who stands behind it for its sake moves up. */
static void table_drop(struct stay_list *list, uint32_t slot)
{
    uint32_t hole = place_of(list, slot);

    for (uint32_t at = next_to(list, hole); list->table[at] != 0; at = next_to(list, at)) {
        const uint32_t home = home_of(list, list->stays[list->table[at] - 1].slot);
        const uint32_t mask = 2 * list->room - 1;

        if (((at - home) & mask) >= ((at - hole) & mask)) {
            list->table[hole] = list->table[at];
            hole = at;
        }
    }
    list->table[hole] = 0;
}

struct stay *stay_find(const struct stay_list *list, uint32_t slot)
{
    uint32_t at;

    if (list->count == 0) {
        return NULL;
    }
    at = place_of(list, slot);
    return list->table[at] == 0 ? NULL : &list->stays[list->table[at] - 1];
}

static bool grow(struct stay_list *list)
{
    const uint32_t room = list->room == 0 ? FIRST_ROOM : list->room * 2;
    struct stay *stays;
    uint32_t *spare;
    uint32_t *table;

    if (room > STAYS_MAX || (stays = realloc(list->stays, room * sizeof *stays)) == NULL) {
        return false;
    }
    list->stays = stays;
    spare = realloc(list->spare, room * sizeof *spare);
    if (spare == NULL) {
        return false;
    }
    list->spare = spare;
    table = calloc((size_t)room * 2, sizeof *table);
    if (table == NULL) {
        return false;
    }
    free(list->table);
    list->table = table;
    list->room = room;
    for (uint32_t i = 0; i < list->used; i++) {
        if (list->stays[i].image.key != 0) {
            list->table[place_of(list, list->stays[i].slot)] = i + 1;
        }
    }
    return true;
}

struct stay *stay_make(struct stay_list *list, uint32_t slot, space_key key)
{
    struct stay *stay = stay_find(list, slot);
    uint32_t index;

    if (stay != NULL) {
        return stay;
    }
    if (list->count == list->room && !grow(list)) {
        return NULL;
    }
    index = list->spare_count > 0 ? list->spare[--list->spare_count] : list->used++;
    list->stays[index] = (struct stay){.image = {.key = key}, .slot = slot};
    list->table[place_of(list, slot)] = index + 1;
    list->count++;
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
    for (uint32_t i = 0; i < list->used; i++) {
        struct stay *stay = &list->stays[i];

        if (stay->image.key != 0 && !stay->image.set && !stay->dirty &&
            position_compare(stay->at, confirmed) <= 0) {
            table_drop(list, stay->slot);
            stay->image.key = 0;
            list->spare[list->spare_count++] = i;
            list->count--;
        }
    }
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
