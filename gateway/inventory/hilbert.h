#ifndef GATEWAY_INVENTORY_HILBERT_H
#define GATEWAY_INVENTORY_HILBERT_H

#include "bowei/base/err.h"
#include "bowei/base/geo.h"
#include <stddef.h>

/** A row and its place on the Hilbert curve. */
struct hilbert_item {
    uint64_t place;
    uint32_t row;
};

/** Place of a position on the Hilbert curve over the whole globe at the resolution of 1e-7 degree:
 * near places are near in the city. */
uint64_t hilbert_place(struct position_e7 at);
/** Sorts by (place, row). */
enum err hilbert_sort(struct hilbert_item *items, size_t count) MUST_CHECK;

#endif
