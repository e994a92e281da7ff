/* Which spaces and lots are dirty, and whose lane each belongs to. A root is a space by its slot,
 * or behind all of them a lot; places never move to another district but with a new inventory. */
#include "gateway/keep/redis/place_roots.h"
#include <string.h>

uint32_t place_roots_end(const struct flush *flush)
{
    return flush->space_cap + flush->lot_cap;
}

struct lane *place_roots_lane(struct flush *flush, uint32_t root)
{
    uint32_t lot = root < flush->space_cap ? flush->inv->spaces[root].lot : root - flush->space_cap;

    return &flush->lanes[flush->inv->lots[lot].district];
}

void place_roots_mark(struct flush *flush, uint32_t root)
{
    if (dirty_put(&flush->dirty, root)) {
        place_roots_lane(flush, root)->count++;
    }
}

void place_roots_mark_all(struct flush *flush)
{
    for (uint32_t root = 0; root < place_roots_end(flush); root++) {
        place_roots_mark(flush, root);
    }
}

uint32_t place_roots_next(struct flush *flush, struct lane *lane, unsigned *looks)
{
    while (*looks > 0 && lane->at < place_roots_end(flush)) {
        const uint32_t spaces_end = lane->at < lane->behind ? lane->behind : lane->at;
        uint32_t root = dirty_next(&flush->dirty, lane->at, spaces_end);

        if (root == spaces_end) {
            const uint32_t lots = root < flush->space_cap ? flush->space_cap : root;

            root = dirty_next(&flush->dirty, lots, place_roots_end(flush));
        }
        lane->at = root < place_roots_end(flush) ? root + 1 : root;
        if (root == place_roots_end(flush)) {
            return NO_SLOT;
        }
        if (place_roots_lane(flush, root) == lane) {
            *looks -= *looks < LOOKS_AN_IMAGE ? *looks : LOOKS_AN_IMAGE;
            dirty_clear(&flush->dirty, root);
            lane->count--;
            return root;
        }
        --*looks;
    }
    return NO_SLOT;
}

void place_roots_forget(struct flush *flush, uint32_t slot)
{
    struct written *written = &flush->spaces[slot];

    if (written->free) {
        place_roots_lane(flush, slot)->free_count--;
    }
    *written = (struct written){0};
}

void place_roots_compare(struct flush *flush, const struct inventory *before,
                         const struct inventory *inv)
{
    for (uint32_t i = 0; i < inv->space_count; i++) {
        const struct inv_space *now = &inv->spaces[i];

        if (before == NULL || i >= before->space_count) {
            continue;
        }
        if (memcmp(&before->spaces[i].at, &now->at, sizeof now->at) != 0 ||
            before->spaces[i].removed != now->removed) {
            flush->spaces[i] = (struct written){0};
        }
    }
}

void place_roots_recount_free(struct flush *flush)
{
    for (uint32_t i = 0; i < flush->inv->space_count; i++) {
        if (flush->spaces[i].free) {
            place_roots_lane(flush, i)->free_count++;
        }
    }
}
