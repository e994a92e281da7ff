#ifndef GATEWAY_INVENTORY_ROWS_H
#define GATEWAY_INVENTORY_ROWS_H

#include "gateway/inventory/draft.h"

/* The order and the sameness of rows, across drafts. */

/** A row and the draft whose texts it uses. */
struct row_ref {
    const struct draft *draft;
    const void *row;
};

static inline struct row_ref row_ref_of(const struct draft *d, enum draft_table table, uint32_t i)
{
    return (struct row_ref){d, d->tables[table].data + (size_t)i * draft_row_size[table]};
}

/** By what identifies a row: its ID, device, (device, channel), (scheme, value). */
int rows_order(enum draft_table table, struct row_ref a, struct row_ref b);
/** Do two rows of the same identity say the same? */
bool rows_same(enum draft_table table, struct row_ref a, struct row_ref b);
/** Sorts a table; rows of the same identity stay in the order they came in. */
enum err rows_sort(struct draft *draft, enum draft_table table) MUST_CHECK;
/** Index of the row with that key in a sorted table of lots, spaces, fences, duties or retired IDs;
 * NO_SLOT when there is none. */
uint32_t rows_find(const struct draft *draft, enum draft_table table, space_key key);
/** Where a place with that ID is looked for: lots, spaces or fences. */
enum draft_table rows_place_table(space_key key);
/** Does a row only say that the thing goes: a binding, beacon or listener without a place, a
 * vehicle without a radio, a grid without an outline, a unit without a kind, a warden without a
 * person? */
bool rows_takes_away(enum draft_table table, const void *row);
/** Appends a copy of a row of another draft, with its texts; origin.file is `file`. */
enum err rows_copy(struct draft *to, enum draft_table table, struct row_ref from,
                   uint16_t file) MUST_CHECK;
void rows_origin_put(enum draft_table table, void *row, struct row_origin at);
struct row_origin rows_origin(enum draft_table table, const void *row);
/** What identifies a row, for messages. */
void rows_label(enum draft_table table, struct row_ref row, char *out, size_t cap);

#endif
