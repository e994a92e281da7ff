#ifndef GATEWAY_INVENTORY_ROWS_BIKES_H
#define GATEWAY_INVENTORY_ROWS_BIKES_H

#include "gateway/inventory/rows.h"

/* Order, sameness and labels of the rows of the non-motor half; rows.c has the table. */

int rows_fence_order(struct row_ref a, struct row_ref b);
int rows_beacon_order(struct row_ref a, struct row_ref b);
int rows_listener_order(struct row_ref a, struct row_ref b);
int rows_operator_order(struct row_ref a, struct row_ref b);
int rows_vehicle_order(struct row_ref a, struct row_ref b);

bool rows_fence_same(struct row_ref a, struct row_ref b);
bool rows_beacon_same(struct row_ref a, struct row_ref b);
bool rows_listener_same(struct row_ref a, struct row_ref b);
bool rows_operator_same(struct row_ref a, struct row_ref b);
bool rows_vehicle_same(struct row_ref a, struct row_ref b);

void rows_fence_label(struct row_ref r, char *out, size_t cap);
void rows_beacon_label(struct row_ref r, char *out, size_t cap);
void rows_listener_label(struct row_ref r, char *out, size_t cap);
void rows_operator_label(struct row_ref r, char *out, size_t cap);
void rows_vehicle_label(struct row_ref r, char *out, size_t cap);

/** Gives a copied row texts and corners of its own draft. */
enum err rows_bikes_move(struct draft *to, const struct draft *from, enum draft_table table,
                         void *row) MUST_CHECK;
bool rows_outline_same(struct row_ref a, const struct draft_outline *x, struct row_ref b,
                       const struct draft_outline *y);
/** Copies the corners of an outline. */
enum err rows_outline_move(struct draft *to, const struct draft *from,
                           struct draft_outline *outline) MUST_CHECK;
/** Copies one text; rows.c. */
enum err rows_text_move(struct draft *to, const struct draft *from, uint32_t *offset,
                        int repeat) MUST_CHECK;

#endif
