/* Slots in the order of IDs. Slots follow the city's ground (Hilbert order), IDs its
 * administration; a radix sort of 100k keys costs about 4 ms, once per import. */
#include "api/place_order.h"
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 7 /* 6e16 IDs: below 2^56 */

struct keyed {
    space_key key;
    uint32_t slot;
};

/* Least significant byte first; stable, so the last pass leaves all sorted. */
static struct keyed *radix_sort(struct keyed *rows, struct keyed *other, uint32_t n)
{
    for (unsigned byte = 0; byte < KEY_BYTES; byte++) {
        uint32_t start[257] = {0};
        struct keyed *swap = rows;

        for (uint32_t i = 0; i < n; i++) {
            start[(rows[i].key >> (8 * byte) & 0xff) + 1]++;
        }
        for (unsigned b = 0; b < 256; b++) {
            start[b + 1] += start[b];
        }
        for (uint32_t i = 0; i < n; i++) {
            other[start[rows[i].key >> (8 * byte) & 0xff]++] = rows[i];
        }
        rows = other;
        other = swap;
    }
    return rows;
}

static uint32_t live_gather(const struct inventory *inv, bool lots, struct keyed *out)
{
    uint32_t all = lots ? inv->lot_count : inv->space_count;
    uint32_t n = 0;

    for (uint32_t i = 0; i < all; i++) {
        bool removed = lots ? inv->lots[i].removed : inv->spaces[i].removed;

        if (!removed) {
            out[n].key = lots ? inv->lots[i].key : inv->spaces[i].key;
            out[n++].slot = i;
        }
    }
    return n;
}

static uint32_t *order_make(const struct inventory *inv, bool lots, uint32_t *count)
{
    size_t all = lots ? inv->lot_count : inv->space_count;
    struct keyed *rows = calloc(2 * all + 1, sizeof *rows);
    uint32_t *out = calloc(all + 1, sizeof *out);
    struct keyed *sorted;

    if (rows == NULL || out == NULL) {
        free(rows);
        free(out);
        return NULL;
    }
    *count = live_gather(inv, lots, rows);
    sorted = radix_sort(rows, rows + all, *count);
    for (uint32_t i = 0; i < *count; i++) {
        out[i] = sorted[i].slot;
    }
    free(rows);
    return out;
}

enum err place_order_refresh(struct place_order *order, const struct inventory *inv)
{
    struct place_order fresh = {.version = inv->version};

    if (order->spaces != NULL && order->version == inv->version) {
        return ERR_OK;
    }
    fresh.spaces = order_make(inv, false, &fresh.space_count);
    fresh.lots = order_make(inv, true, &fresh.lot_count);
    if (fresh.spaces == NULL || fresh.lots == NULL) {
        place_order_finish(&fresh);
        return ERR_NO_MEMORY;
    }
    place_order_finish(order);
    *order = fresh;
    return ERR_OK;
}

void place_order_finish(struct place_order *order)
{
    free(order->spaces);
    free(order->lots);
    *order = (struct place_order){0};
}

uint32_t place_order_after(const struct place_order *order, const struct inventory *inv, bool lots,
                           space_key after)
{
    const uint32_t *slots = lots ? order->lots : order->spaces;
    uint32_t low = 0;
    uint32_t high = lots ? order->lot_count : order->space_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        space_key key = lots ? inv->lots[slots[middle]].key : inv->spaces[slots[middle]].key;

        if (key > after) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}
