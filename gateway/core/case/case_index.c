/* A hash by kind and thing. No memory for an entry is told by hh.tbl, not by exit(). */
#define HASH_NONFATAL_OOM 1

#include "gateway/core/case/case_index.h"

#include "gateway/core/case/casebook.h"
#include <stdlib.h>
#include <string.h>

static void thing_put(struct case_thing *out, enum case_kind kind, space_key place,
                      const char *vehicle)
{
    memset(out, 0, sizeof *out); /* padding too: it is hashed */
    out->kind = (uint8_t)kind;
    out->place = place;
    memcpy(out->vehicle, vehicle, strnlen(vehicle, VEHICLE_REF_MAX));
}

bool case_thing_of_subject(enum case_kind kind, space_key place, const char *vehicle,
                           struct case_thing *out)
{
    thing_put(out, kind, vehicle[0] == '\0' ? place : 0, vehicle);
    return place != 0 || vehicle[0] != '\0';
}

bool case_thing_of_scene(enum case_kind kind, space_key place, const char *vehicle,
                         struct case_thing *out)
{
    thing_put(out, kind, place, place == 0 ? vehicle : "");
    return place != 0 || vehicle[0] != '\0';
}

void case_index_finish(struct case_index *index)
{
    struct case_index_entry *next = index->entries;

    HASH_CLEAR(hh, index->entries);
    while (next != NULL) {
        struct case_index_entry *entry = next;

        next = entry->hh.next;
        free(entry);
    }
}

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
static struct case_index_entry *entry_find(const struct case_index *index,
                                           const struct case_thing *thing)
{
    struct case_index_entry *entry;

    HASH_FIND(hh, index->entries, thing, sizeof *thing, entry);
    return entry;
}

uint32_t case_index_find(const struct case_index *index, const struct case_thing *thing)
{
    const struct case_index_entry *entry = entry_find(index, thing);

    return entry == NULL ? NO_CASE : entry->slot;
}

/* NOLINTNEXTLINE(readability-function-size): uthash is macros */
bool case_index_put(struct case_index *index, const struct case_thing *thing, uint32_t slot)
{
    struct case_index_entry *entry = entry_find(index, thing);

    if (entry != NULL) {
        entry->slot = slot;
        return true;
    }
    entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return false;
    }
    memcpy(&entry->thing, thing, sizeof *thing); /* its padding too */
    entry->slot = slot;
    HASH_ADD(hh, index->entries, thing, sizeof entry->thing, entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        return false;
    }
    return true;
}

void case_index_drop(struct case_index *index, const struct case_thing *thing, uint32_t slot)
{
    struct case_index_entry *entry = entry_find(index, thing);

    if (entry != NULL && entry->slot == slot) {
        HASH_DEL(index->entries, entry); /* NOLINT(clang-analyzer-core.NullDereference) */
        free(entry);
    }
}
