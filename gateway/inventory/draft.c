/* Memory of the draft: rows, texts, entrances. The readers of files fill it, draft_complete and
 * inventory_build read it. */
#include "gateway/inventory/draft.h"
#include <stdlib.h>
#include <string.h>

const uint32_t draft_row_size[TABLE_COUNT] = {
    [TABLE_LOT] = sizeof(struct draft_lot),
    [TABLE_SPACE] = sizeof(struct draft_space),
    [TABLE_FENCE] = sizeof(struct draft_fence),
    [TABLE_GRID] = sizeof(struct draft_grid),
    [TABLE_DEVICE] = sizeof(struct draft_device),
    [TABLE_BINDING] = sizeof(struct draft_binding),
    [TABLE_BEACON] = sizeof(struct draft_beacon),
    [TABLE_LISTENER] = sizeof(struct draft_listener),
    [TABLE_OPERATOR] = sizeof(struct draft_operator),
    [TABLE_VEHICLE] = sizeof(struct draft_vehicle),
    [TABLE_UNIT] = sizeof(struct draft_unit),
    [TABLE_WARDEN] = sizeof(struct draft_warden),
    [TABLE_DUTY] = sizeof(struct draft_duty),
    [TABLE_ALIAS] = sizeof(struct draft_alias),
    [TABLE_RETIRED] = sizeof(struct draft_retired),
};

#define TEXT_FIRST 4096
#define ROWS_FIRST 64
#define COUNT_MAX  (UINT32_MAX / 2)

struct draft *draft_create(void)
{
    struct draft *draft = calloc(1, sizeof *draft);

    if (draft == NULL) {
        return NULL;
    }
    draft->text = calloc(1, TEXT_FIRST);
    if (draft->text == NULL) {
        free(draft);
        return NULL;
    }
    draft->text_cap = TEXT_FIRST;
    draft->text_len = 1;
    return draft;
}

void draft_destroy(struct draft *draft)
{
    if (draft == NULL) {
        return;
    }
    for (int t = 0; t < TABLE_COUNT; t++) {
        free(draft->tables[t].data);
    }
    for (uint32_t f = 0; f < draft->file_count; f++) {
        free(draft->files[f]);
    }
    free(draft->entrances);
    free(draft->rings);
    free(draft->corners);
    free(draft->text);
    free(draft);
}

void *draft_row_add(struct draft *draft, enum draft_table table)
{
    struct rows *rows = &draft->tables[table];
    size_t size = draft_row_size[table];
    char *row;

    if (rows->count == rows->cap) {
        uint32_t cap = rows->cap == 0 ? ROWS_FIRST : rows->cap * 2;
        char *data = rows->cap > COUNT_MAX ? NULL : realloc(rows->data, cap * size);

        if (data == NULL) {
            return NULL;
        }
        rows->data = data;
        rows->cap = cap;
    }
    row = rows->data + rows->count++ * size;
    memset(row, 0, size);
    return row;
}

enum err draft_text_add(struct draft *draft, const char *text, size_t len, int repeat,
                        uint32_t *offset)
{
    if (len == 0) {
        *offset = 0;
        return ERR_OK;
    }
    if (repeat >= 0) {
        const char *last = draft->text + draft->last_text[repeat];

        if (strlen(last) == len && memcmp(last, text, len) == 0) {
            *offset = draft->last_text[repeat];
            return ERR_OK;
        }
    }
    if (len >= COUNT_MAX - draft->text_len) {
        return ERR_NO_MEMORY;
    }
    if (draft->text_cap - draft->text_len < len + 1) {
        uint32_t cap = draft->text_cap;
        char *grown;

        while (cap - draft->text_len < len + 1) {
            cap = cap > COUNT_MAX ? UINT32_MAX : cap * 2;
        }
        grown = realloc(draft->text, cap);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        draft->text = grown;
        draft->text_cap = cap;
    }
    *offset = draft->text_len;
    memcpy(draft->text + *offset, text, len);
    draft->text[*offset + len] = '\0';
    draft->text_len += (uint32_t)len + 1;
    if (repeat >= 0) {
        draft->last_text[repeat] = *offset;
    }
    return ERR_OK;
}

/* Room for one more item of an array; NULL: no memory (the array stays). */
static void *array_grow(void *array, uint32_t count, uint32_t *cap, size_t size)
{
    uint32_t more = *cap == 0 ? ROWS_FIRST : *cap * 2;
    void *grown;

    if (count < *cap) {
        return array;
    }
    grown = *cap > COUNT_MAX ? NULL : realloc(array, more * size);
    *cap = grown == NULL ? *cap : more;
    return grown;
}

static enum err position_add(struct position_e7 **array, uint32_t *count, uint32_t *cap,
                             struct position_e7 at)
{
    struct position_e7 *grown = array_grow(*array, *count, cap, sizeof at);

    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    *array = grown;
    grown[(*count)++] = at;
    return ERR_OK;
}

enum err draft_entrance_add(struct draft *draft, struct position_e7 at)
{
    return position_add(&draft->entrances, &draft->entrance_count, &draft->entrance_cap, at);
}

enum err draft_ring_add(struct draft *draft, bool hole)
{
    struct draft_ring *grown =
        array_grow(draft->rings, draft->ring_count, &draft->ring_cap, sizeof *grown);

    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    draft->rings = grown;
    grown[draft->ring_count++] = (struct draft_ring){.corner = draft->corner_count, .hole = hole};
    return ERR_OK;
}

enum err draft_corner_add(struct draft *draft, struct position_e7 at)
{
    enum err e = position_add(&draft->corners, &draft->corner_count, &draft->corner_cap, at);

    if (e == ERR_OK) {
        draft->rings[draft->ring_count - 1].count++;
    }
    return e;
}

enum err draft_file_add(struct draft *draft, const char *path, uint16_t *file)
{
    if (draft->file_count == DRAFT_FILES_MAX) {
        return ERR_TOO_LARGE;
    }
    draft->files[draft->file_count] = strdup(path);
    if (draft->files[draft->file_count] == NULL) {
        return ERR_NO_MEMORY;
    }
    *file = (uint16_t)draft->file_count++;
    return ERR_OK;
}
