#ifndef GATEWAY_INVENTORY_TERRITORY_ROWS_TERRITORY_H
#define GATEWAY_INVENTORY_TERRITORY_ROWS_TERRITORY_H

#include "gateway/inventory/rows.h"

/* Order, sameness and labels of grids, units, wardens and duties; rows.c has the table. */

int rows_grid_order(struct row_ref a, struct row_ref b);
int rows_unit_order(struct row_ref a, struct row_ref b);
int rows_warden_order(struct row_ref a, struct row_ref b);
int rows_duty_order(struct row_ref a, struct row_ref b);

bool rows_grid_same(struct row_ref a, struct row_ref b);
bool rows_unit_same(struct row_ref a, struct row_ref b);
bool rows_warden_same(struct row_ref a, struct row_ref b);
bool rows_duty_same(struct row_ref a, struct row_ref b);

void rows_grid_label(struct row_ref r, char *out, size_t cap);
void rows_unit_label(struct row_ref r, char *out, size_t cap);
void rows_warden_label(struct row_ref r, char *out, size_t cap);
void rows_duty_label(struct row_ref r, char *out, size_t cap);

/** Gives a copied row texts and corners of its own draft. */
enum err rows_territory_move(struct draft *to, const struct draft *from, enum draft_table table,
                             void *row) MUST_CHECK;
/** A warden's scope as files write it. */
void rows_warden_scope(const struct draft_warden *w, char out[SPACE_ID_LEN + 1]);

#endif
