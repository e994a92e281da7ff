#ifndef API_PLACE_ORDER_H
#define API_PLACE_ORDER_H

#include "bowei/inventory.h"

enum place_table { PLACE_SPACES, PLACE_LOTS, PLACE_FENCES };

/* Rows of the live spaces, lots and fences in the order of their IDs: what lists page through. Made
 * once per inventory version. MHD thread only. */
struct place_order {
    uint64_t version; /**< of the inventory; 0 = none yet */
    uint32_t *spaces, *lots, *fences;
    uint32_t space_count, lot_count, fence_count;
};

enum err place_order_refresh(struct place_order *order, const struct inventory *inv) MUST_CHECK;
void place_order_finish(struct place_order *order);
/** The rows of one of them. */
const uint32_t *place_order_rows(const struct place_order *order, enum place_table table,
                                 uint32_t *count);
/** First position whose key is above `after` (0 = from the start). */
uint32_t place_order_after(const struct place_order *order, const struct inventory *inv,
                           enum place_table table, space_key after);

#endif
