#ifndef GATEWAY_CORE_CASE_ROW_STORE_H
#define GATEWAY_CORE_CASE_ROW_STORE_H

#include "bowei/image.h"

/* The rows of all histories, by slot. Most texts of a row are empty: a row is held packed, its
 * texts end to end, in a fifth of its image. Rows of one case are a chain, ascending by number. */

#define NO_ROW UINT32_MAX

struct case_row; /* packed */

struct row_store {
    struct case_row **slots; /**< NULL = free */
    uint32_t *free;
    uint32_t slot_count, room, free_count, count;
    size_t bytes; /**< of the rows */
};

void row_store_finish(struct row_store *store);
/** Takes a row in; NO_ROW on no memory. Not yet in a chain. */
uint32_t row_store_add(struct row_store *store, struct position at,
                       const struct case_row_image *image);
void row_store_remove(struct row_store *store, uint32_t slot);
/** false: no row has this slot. */
bool row_store_image(const struct row_store *store, uint32_t slot, struct position *at,
                     struct case_row_image *out);
uint16_t row_store_number(const struct row_store *store, uint32_t slot);
uint32_t row_store_next(const struct row_store *store, uint32_t slot);
void row_store_link(struct row_store *store, uint32_t slot, uint32_t next);

#endif
