/* The districts of a snapshot: the county codes of its lots and fences. */
#include "bowei/fences.h"
#include "gateway/inventory/build.h"
#include <stdlib.h>

static int adcode_order(const void *a, const void *b)
{
    const struct inv_district *x = a;
    const struct inv_district *y = b;

    return (x->adcode > y->adcode) - (x->adcode < y->adcode);
}

static uint16_t district_of(const struct inventory *inv, space_key key)
{
    const struct inv_district want = {space_key_adcode(key)};
    const struct inv_district *found =
        bsearch(&want, inv->districts, inv->district_count, sizeof want, adcode_order);

    return (uint16_t)(found - inv->districts);
}

/* Of all lots and fences, tombstones too (their images still have keys in Redis). */
enum err build_districts(struct build *b)
{
    struct inventory *inv = b->inv;
    size_t count = (size_t)inv->lot_count + inv->fence_count;
    uint32_t kept = 0;

    inv->districts = calloc(count == 0 ? 1 : count, sizeof *inv->districts);
    if (inv->districts == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        inv->districts[i].adcode = space_key_adcode(inv->lots[i].key);
    }
    for (uint32_t i = 0; i < inv->fence_count; i++) {
        inv->districts[inv->lot_count + i].adcode = space_key_adcode(inv->fences[i].key);
    }
    qsort(inv->districts, count, sizeof *inv->districts, adcode_order);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || inv->districts[i].adcode != inv->districts[kept - 1].adcode) {
            inv->districts[kept++] = inv->districts[i];
        }
    }
    inv->district_count = kept;
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        inv->lots[i].district = district_of(inv, inv->lots[i].key);
    }
    for (uint32_t i = 0; i < inv->fence_count; i++) {
        inv->fences[i].district = district_of(inv, inv->fences[i].key);
    }
    return ERR_OK;
}
