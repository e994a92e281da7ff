/* The lanes of a flush, a district each: made anew with an inventory, keeping what is under way.
 * Core thread, for flush.c. */
#include "gateway/keep/redis/lanes.h"
#include "gateway/keep/redis/txn.h"
#include <stdlib.h>

void lanes_free(struct lane *lanes, uint32_t n)
{
    for (uint32_t i = 0; lanes != NULL && i < n; i++) {
        free(lanes[i].kept);
    }
    free(lanes);
}

static void lane_make(struct lane *lane, uint32_t adcode, struct flush *flush)
{
    *lane = (struct lane){
        .adcode = adcode, .first = UINT32_MAX, .rewriting = true, .index_begin = true};
    for (uint32_t i = 0; i < flush->lane_count; i++) {
        if (flush->lanes[i].adcode == adcode) {
            struct lane *old = &flush->lanes[i];

            lane->kept = old->kept;
            lane->kept_cap = old->kept_cap;
            lane->kept_count = old->kept_count;
            lane->kept_todo = old->kept_todo;
            lane->kept_at = old->kept_at;
            lane->as_of_ms = old->as_of_ms;
            lane->applied = old->applied;
            lane->written = old->written;
            lane->rewriting = old->rewriting;
            lane->free_drop = old->free_drop;
            lane->index_begin = old->index_begin;
            lane->index_next = old->index_next;
            lane->free_rebuilt_ms = old->free_rebuilt_ms;
            old->kept = NULL;
        }
    }
}

struct lane *lanes_make(struct flush *flush, const struct inventory *inv)
{
    struct lane *lanes = calloc(inv->district_count + 1u, sizeof *lanes);

    for (uint32_t i = 0; lanes != NULL && i <= inv->district_count; i++) {
        lane_make(&lanes[i], i < inv->district_count ? inv->districts[i].adcode : ADCODE_CITY,
                  flush);
    }
    for (uint32_t i = 0; lanes != NULL && i < inv->space_count; i++) {
        struct lane *lane = &lanes[inv->lots[inv->spaces[i].lot].district];

        lane->first = i < lane->first ? i : lane->first;
        lane->behind = i + 1;
    }
    for (uint32_t i = 0; lanes != NULL && i <= inv->district_count; i++) {
        lanes[i].first = lanes[i].behind == 0 ? inv->space_count : lanes[i].first;
    }
    return lanes;
}

uint32_t lanes_index_flags(struct lane *lane, const struct slice *slice, bool last)
{
    uint32_t flags = 0;

    if (!lane->rewriting) {
        return 0;
    }
    if (lane->index_begin) {
        flags |= SLICE_INDEX_BEGIN;
        lane->index_begin = false;
        lane->index_next = 0;
    }
    for (uint32_t i = 0; i < slice->count; i++) {
        if ((slice->items[i].flags & ITEM_INDEX_ADD) != 0) {
            lane->index_next |= txn_index_flag(slice->items[i].image.kind);
        }
    }
    return flags | lane->index_next | (last ? (uint32_t)SLICE_INDEX_SWAP : 0);
}
