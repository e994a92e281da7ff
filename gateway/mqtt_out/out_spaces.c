/* The spaces that a broker has not been told of yet: from the change ring to mqtt_out.c. Invariant:
 * a space whose last told state is not its present one has a bit, so nothing is lost by being
 * late. */
#include "gateway/mqtt_out/out_spaces.h"
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64u

void out_spaces_init(struct out_spaces *spaces, const struct change_ring *ring)
{
    *spaces = (struct out_spaces){.wanted = change_ring_newest(ring) + 1, .version = UINT64_MAX};
}

void out_spaces_finish(struct out_spaces *spaces)
{
    free(spaces->changed);
    free(spaces->rest);
    *spaces = (struct out_spaces){0};
}

static bool mark(uint64_t *bits, uint32_t words, uint32_t slot)
{
    const uint64_t bit = UINT64_C(1) << slot % WORD_BITS;
    const uint32_t word = slot / WORD_BITS;
    const bool fresh = word < words && (bits[word] & bit) == 0;

    if (fresh) {
        bits[word] |= bit;
    }
    return fresh;
}

static void mark_changed(struct out_spaces *spaces, uint32_t slot)
{
    spaces->changed_count += mark(spaces->changed, spaces->words, slot);
}

void out_spaces_all(struct out_spaces *spaces, const struct inventory *inv)
{
    for (uint32_t slot = 0; slot < inv->space_count; slot++) {
        spaces->rest_count += mark(spaces->rest, spaces->words, slot);
    }
}

static bool grow(uint64_t **bits, uint32_t from, uint32_t to)
{
    uint64_t *grown = realloc(*bits, to * sizeof *grown);

    if (grown == NULL) {
        return false;
    }
    memset(grown + from, 0, (to - from) * sizeof *grown);
    *bits = grown;
    return true;
}

static bool reserve(struct out_spaces *spaces, uint32_t slots)
{
    const uint32_t words = (slots + WORD_BITS - 1) / WORD_BITS;

    if (words <= spaces->words) {
        return true;
    }
    if (!grow(&spaces->changed, spaces->words, words) ||
        !grow(&spaces->rest, spaces->words, words)) {
        return false;
    }
    spaces->words = words;
    return true;
}

bool out_spaces_follow(struct out_spaces *spaces, const struct change_ring *ring,
                       const struct inventory *inv)
{
    bool room = true;
    struct change change;

    if (spaces->version != inv->version) {
        room = reserve(spaces, inv->space_count);
        spaces->version = inv->version;
        out_spaces_all(spaces, inv);
    }
    for (;;) {
        switch (change_ring_get(ring, spaces->wanted, &change)) {
        case CHANGE_NONE_YET: return room;
        case CHANGE_READ:
            if (change.kind == CHANGE_SPACE) {
                mark_changed(spaces, change.index);
            }
            spaces->wanted++;
            break;
        case CHANGE_OVERRUN: /* which ones changed is not known any more */
            spaces->wanted = change_ring_newest(ring) + 1;
            out_spaces_all(spaces, inv);
            break;
        }
    }
}

/* The next bit from `at` on, round; there is one. */
static uint32_t take(uint64_t *bits, uint32_t words, uint32_t *at)
{
    while (bits[*at] == 0) {
        *at = (*at + 1) % words;
    }
    const uint32_t bit = (uint32_t)__builtin_ctzll(bits[*at]);

    bits[*at] &= bits[*at] - 1;
    return *at * WORD_BITS + bit;
}

uint32_t out_spaces_take(struct out_spaces *spaces)
{
    if (spaces->changed_count > 0) {
        const uint32_t slot = take(spaces->changed, spaces->words, &spaces->changed_at);
        const uint64_t bit = UINT64_C(1) << slot % WORD_BITS;

        spaces->changed_count--;
        if (spaces->rest[slot / WORD_BITS] & bit) { /* told now */
            spaces->rest[slot / WORD_BITS] &= ~bit;
            spaces->rest_count--;
        }
        return slot;
    }
    if (spaces->rest_count > 0) {
        spaces->rest_count--;
        return take(spaces->rest, spaces->words, &spaces->rest_at);
    }
    return NO_SLOT;
}

void out_spaces_give_back(struct out_spaces *spaces, uint32_t slot)
{
    mark_changed(spaces, slot);
}
