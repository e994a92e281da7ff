/* The lists of what staff decided: few entries, sorted or scanned; used by commands, restore and
 * views. */
#include "gateway/core/step/kept.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

void override_list_finish(struct override_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        free(list->entries[i]);
    }
    free(list->slots);
    free(list->entries);
    *list = (struct override_list){0};
}

/* Where the slot is or would be. */
static uint32_t lower_bound(const struct override_list *list, uint32_t slot)
{
    uint32_t low = 0;
    uint32_t high = list->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (list->slots[middle] < slot) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct override_entry *override_list_find(const struct override_list *list, uint32_t slot)
{
    const uint32_t i = lower_bound(list, slot);

    return i < list->count && list->slots[i] == slot ? list->entries[i] : NULL;
}

static bool override_room(struct override_list *list)
{
    const uint32_t room = list->room == 0 ? FIRST_ROOM : list->room * 2;
    uint32_t *slots;
    struct override_entry **entries;

    if (list->count < list->room) {
        return true;
    }
    slots = realloc(list->slots, room * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    list->slots = slots;
    entries = realloc(list->entries, room * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    list->entries = entries;
    list->room = room;
    return true;
}

struct override_entry *override_list_make(struct override_list *list, uint32_t slot)
{
    const uint32_t i = lower_bound(list, slot);
    struct override_entry *entry;

    if (i < list->count && list->slots[i] == slot) {
        return list->entries[i];
    }
    if (!override_room(list)) {
        return NULL;
    }
    entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    memmove(&list->slots[i + 1], &list->slots[i], (list->count - i) * sizeof *list->slots);
    memmove(&list->entries[i + 1], &list->entries[i], (list->count - i) * sizeof *list->entries);
    list->slots[i] = slot;
    list->entries[i] = entry;
    list->count++;
    return entry;
}

void suspect_list_finish(struct suspect_list *list)
{
    free(list->entries);
    *list = (struct suspect_list){0};
}

struct suspect_entry *suspect_list_find(const struct suspect_list *list, const char *device,
                                        size_t len)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct suspect_entry *entry = &list->entries[i];

        if (entry->image.device_len == len && memcmp(entry->image.device, device, len) == 0) {
            return entry;
        }
    }
    return NULL;
}

struct suspect_entry *suspect_list_make(struct suspect_list *list, const char *device, size_t len)
{
    struct suspect_entry *entry = suspect_list_find(list, device, len);

    if (entry != NULL) {
        return entry;
    }
    if (list->count == list->room) {
        const uint32_t room = list->room == 0 ? FIRST_ROOM : list->room * 2;
        struct suspect_entry *entries = realloc(list->entries, room * sizeof *entries);

        if (entries == NULL) {
            return NULL;
        }
        list->entries = entries;
        list->room = room;
    }
    entry = &list->entries[list->count++];
    *entry = (struct suspect_entry){.image = {.device_len = (uint8_t)len}};
    memcpy(entry->image.device, device, len);
    return entry;
}
