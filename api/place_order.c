/* Slots in the order of IDs. Slots follow the city's ground (Hilbert order), IDs its
 * administration; a radix sort of 100k keys costs about 4 ms, once per import. */
#include "api/place_order.h"
#include "bowei/fences.h"
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

static uint32_t row_count(const struct inventory *inv, enum place_table table)
{
    switch (table) {
    case PLACE_SPACES: return inv->space_count;
    case PLACE_LOTS: return inv->lot_count;
    case PLACE_FENCES: return inv->fence_count;
    }
    return 0;
}

static space_key row_key(const struct inventory *inv, enum place_table table, uint32_t row)
{
    switch (table) {
    case PLACE_SPACES: return inv->spaces[row].key;
    case PLACE_LOTS: return inv->lots[row].key;
    case PLACE_FENCES: return inv->fences[row].key;
    }
    return 0;
}

static bool row_removed(const struct inventory *inv, enum place_table table, uint32_t row)
{
    switch (table) {
    case PLACE_SPACES: return inv->spaces[row].removed;
    case PLACE_LOTS: return inv->lots[row].removed;
    case PLACE_FENCES: return inv->fences[row].removed;
    }
    return true;
}

static uint32_t live_gather(const struct inventory *inv, enum place_table table, struct keyed *out)
{
    const uint32_t all = row_count(inv, table);
    uint32_t n = 0;

    for (uint32_t i = 0; i < all; i++) {
        if (!row_removed(inv, table, i)) {
            out[n].key = row_key(inv, table, i);
            out[n++].slot = i;
        }
    }
    return n;
}

static uint32_t *order_make(const struct inventory *inv, enum place_table table, uint32_t *count)
{
    const size_t all = row_count(inv, table);
    struct keyed *rows = calloc(2 * all + 1, sizeof *rows);
    uint32_t *out = calloc(all + 1, sizeof *out);
    struct keyed *sorted;

    if (rows == NULL || out == NULL) {
        free(rows);
        free(out);
        return NULL;
    }
    *count = live_gather(inv, table, rows);
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
    fresh.spaces = order_make(inv, PLACE_SPACES, &fresh.space_count);
    fresh.lots = order_make(inv, PLACE_LOTS, &fresh.lot_count);
    fresh.fences = order_make(inv, PLACE_FENCES, &fresh.fence_count);
    if (fresh.spaces == NULL || fresh.lots == NULL || fresh.fences == NULL) {
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
    free(order->fences);
    *order = (struct place_order){0};
}

const uint32_t *place_order_rows(const struct place_order *order, enum place_table table,
                                 uint32_t *count)
{
    switch (table) {
    case PLACE_SPACES: *count = order->space_count; return order->spaces;
    case PLACE_LOTS: *count = order->lot_count; return order->lots;
    case PLACE_FENCES: *count = order->fence_count; return order->fences;
    }
    *count = 0;
    return NULL;
}

uint32_t place_order_after(const struct place_order *order, const struct inventory *inv,
                           enum place_table table, space_key after)
{
    uint32_t low = 0;
    uint32_t high;
    const uint32_t *rows = place_order_rows(order, table, &high);

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (row_key(inv, table, rows[middle]) > after) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}
