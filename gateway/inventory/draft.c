/* Memory of the draft: rows, texts, entrances. The readers of files fill it, draft_complete and
 * inventory_build read it. */
#include "gateway/inventory/draft.h"
#include <stdlib.h>
#include <string.h>

const uint32_t draft_row_size[TABLE_COUNT] = {
    [TABLE_LOT] = sizeof(struct draft_lot),       [TABLE_SPACE] = sizeof(struct draft_space),
    [TABLE_DEVICE] = sizeof(struct draft_device), [TABLE_BINDING] = sizeof(struct draft_binding),
    [TABLE_ALIAS] = sizeof(struct draft_alias),   [TABLE_RETIRED] = sizeof(struct draft_retired),
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

enum err draft_entrance_add(struct draft *draft, struct position_e7 at)
{
    if (draft->entrance_count == draft->entrance_cap) {
        uint32_t cap = draft->entrance_cap == 0 ? ROWS_FIRST : draft->entrance_cap * 2;
        struct position_e7 *grown =
            draft->entrance_cap > COUNT_MAX ? NULL : realloc(draft->entrances, cap * sizeof *grown);

        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        draft->entrances = grown;
        draft->entrance_cap = cap;
    }
    draft->entrances[draft->entrance_count++] = at;
    return ERR_OK;
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
