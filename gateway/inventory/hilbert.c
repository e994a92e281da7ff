/* The Hilbert curve: the order of slots in memory and of the leaves of the spatial index. */
#include "gateway/inventory/hilbert.h"
#include <stdlib.h>

/* From the highest bit down: the quadrant gives two digits of the place, then the square is turned
 * so that the curve inside the quadrant begins at its corner (Hilbert 1891; the usual bit form). */
uint64_t hilbert_place(struct position_e7 at)
{
    uint32_t x = (uint32_t)at.lon ^ UINT32_C(0x80000000);
    uint32_t y = (uint32_t)at.lat ^ UINT32_C(0x80000000);
    uint64_t place = 0;

    for (uint32_t bit = UINT32_C(1) << 31; bit != 0; bit >>= 1) {
        uint32_t right = (x & bit) != 0;
        uint32_t upper = (y & bit) != 0;

        place = place << 2 | ((3 * right) ^ upper);
        if (!upper) {
            uint32_t t = x;

            if (right) {
                t = ~x;
                y = ~y;
            }
            x = y;
            y = t;
        }
    }
    return place;
}

/* Radix sort, least significant byte first; stable, so rows stay in their order. Bytes that are
 * equal everywhere (the upper ones: a city is small) cost one counting pass only. */
static void sort_by_byte(const struct hilbert_item *from, struct hilbert_item *to, size_t count,
                         unsigned shift)
{
    size_t start[256] = {0};
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        start[from[i].place >> shift & 0xff]++;
    }
    for (size_t b = 0; b < 256; b++) {
        size_t n = start[b];

        start[b] = sum;
        sum += n;
    }
    for (size_t i = 0; i < count; i++) {
        to[start[from[i].place >> shift & 0xff]++] = from[i];
    }
}

static bool byte_varies(const struct hilbert_item *items, size_t count, unsigned shift)
{
    for (size_t i = 1; i < count; i++) {
        if (((items[i].place ^ items[0].place) >> shift & 0xff) != 0) {
            return true;
        }
    }
    return false;
}

enum err hilbert_sort(struct hilbert_item *items, size_t count)
{
    struct hilbert_item *other;
    struct hilbert_item *from = items;

    if (count < 2) {
        return ERR_OK;
    }
    other = malloc(count * sizeof *other);
    if (other == NULL) {
        return ERR_NO_MEMORY;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if (byte_varies(from, count, shift)) {
            struct hilbert_item *to = from == items ? other : items;

            sort_by_byte(from, to, count, shift);
            from = to;
        }
    }
    for (size_t i = 0; from != items && i < count; i++) {
        items[i] = from[i];
    }
    free(other);
    return ERR_OK;
}
