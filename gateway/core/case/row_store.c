/* Rows packed: numbers as they are, texts one behind the other, each with its NUL; the hash only
 * with an address of evidence. */
#include "gateway/core/case/row_store.h"
#include <stdlib.h>
#include <string.h>

struct case_row {
    struct position at;
    case_id id;
    int64_t at_ms, until_ms, taken_ms;
    struct position_e7 taken_at;
    uint32_t next; /* slot of the next of its case */
    uint32_t size; /* of the whole row */
    uint16_t number;
    uint8_t event, role, status, stage, features, emergency;
    char texts[];
};

/* Where the texts of an image are. */
static const struct {
    size_t offset, room;
} texts[] = {

#define TEXT(member)                                                                               \
    {                                                                                              \
        offsetof(struct case_row_image, member), sizeof((struct case_row_image *)0)->member        \
    }
    TEXT(actor), TEXT(unit), TEXT(note), TEXT(document), TEXT(channel), TEXT(uri), TEXT(device),
#undef TEXT
};

#define TEXT_COUNT (sizeof texts / sizeof texts[0])

static size_t text_len(const struct case_row_image *image, size_t i)
{
    return strnlen((const char *)image + texts[i].offset, texts[i].room - 1);
}

static bool room_make(struct row_store *store)
{
    if (store->free_count > 0 || store->slot_count < store->room) {
        return true;
    }
    const uint32_t room = store->room == 0 ? 256 : store->room * 2;
    struct case_row **slots = realloc(store->slots, room * sizeof(struct case_row *));

    if (slots == NULL) {
        return false;
    }
    store->slots = slots;
    uint32_t *free_slots = realloc(store->free, room * sizeof free_slots[0]);
    if (free_slots == NULL) {
        return false;
    }
    store->free = free_slots;
    store->room = room;
    return true;
}

void row_store_finish(struct row_store *store)
{
    for (uint32_t i = 0; i < store->slot_count; i++) {
        free(store->slots[i]);
    }
    free(store->slots);
    free(store->free);
    *store = (struct row_store){0};
}

static struct case_row *row_pack(struct position at, const struct case_row_image *image)
{
    size_t size = sizeof(struct case_row) + (image->uri[0] == '\0' ? 0 : sizeof image->sha256);
    struct case_row *row;
    char *to;

    for (size_t i = 0; i < TEXT_COUNT; i++) {
        size += text_len(image, i) + 1;
    }
    row = malloc(size);
    if (row == NULL) {
        return NULL;
    }
    *row = (struct case_row){.at = at,
                             .id = image->id,
                             .at_ms = image->at_ms,
                             .until_ms = image->until_ms,
                             .taken_ms = image->taken_ms,
                             .taken_at = image->taken_at,
                             .next = NO_ROW,
                             .size = (uint32_t)size,
                             .number = image->number,
                             .event = image->event,
                             .role = image->role,
                             .status = image->status,
                             .stage = image->stage,
                             .features = image->features,
                             .emergency = image->emergency};
    to = row->texts;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const size_t len = text_len(image, i);

        memcpy(to, (const char *)image + texts[i].offset, len);
        to[len] = '\0';
        to += len + 1;
    }
    if (image->uri[0] != '\0') {
        memcpy(to, image->sha256, sizeof image->sha256);
    }
    return row;
}

uint32_t row_store_add(struct row_store *store, struct position at,
                       const struct case_row_image *image)
{
    struct case_row *row = room_make(store) ? row_pack(at, image) : NULL;
    uint32_t slot;

    if (row == NULL) {
        return NO_ROW;
    }
    slot = store->free_count > 0 ? store->free[--store->free_count] : store->slot_count++;
    store->slots[slot] = row;
    store->count++;
    store->bytes += row->size;
    return slot;
}

void row_store_remove(struct row_store *store, uint32_t slot)
{
    store->bytes -= store->slots[slot]->size;
    free(store->slots[slot]);
    store->slots[slot] = NULL;
    store->free[store->free_count++] = slot;
    store->count--;
}

bool row_store_image(const struct row_store *store, uint32_t slot, struct position *at,
                     struct case_row_image *out)
{
    const struct case_row *row = slot < store->slot_count ? store->slots[slot] : NULL;
    const char *from;

    if (row == NULL) {
        return false;
    }
    *at = row->at;
    memset(out, 0, sizeof *out); /* padding too: images are compared */
    out->id = row->id;
    out->number = row->number;
    out->event = row->event;
    out->role = row->role;
    out->status = row->status;
    out->stage = row->stage;
    out->features = row->features;
    out->emergency = row->emergency;
    out->at_ms = row->at_ms;
    out->until_ms = row->until_ms;
    out->taken_ms = row->taken_ms;
    out->taken_at = row->taken_at;
    from = row->texts;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const size_t len = strlen(from);

        memcpy((char *)out + texts[i].offset, from, len);
        from += len + 1;
    }
    if (out->uri[0] != '\0') {
        memcpy(out->sha256, from, sizeof out->sha256);
    }
    return true;
}

uint16_t row_store_number(const struct row_store *store, uint32_t slot)
{
    return store->slots[slot]->number;
}

uint32_t row_store_next(const struct row_store *store, uint32_t slot)
{
    return store->slots[slot]->next;
}

void row_store_link(struct row_store *store, uint32_t slot, uint32_t next)
{
    store->slots[slot]->next = next;
}
