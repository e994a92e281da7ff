/* The dirty bits of the flush, in two levels. flush.c sets them and walks over them; core thread.
 */
#include "gateway/keep/redis/dirty.h"
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64u

static uint32_t words_of(uint32_t bits)
{
    return bits / WORD_BITS + 1;
}

bool dirty_init(struct dirty *dirty, uint32_t count)
{
    dirty->count = count;
    dirty->bits = calloc(words_of(count), sizeof *dirty->bits);
    dirty->any = calloc(words_of(words_of(count)), sizeof *dirty->any);
    if (dirty->bits == NULL || dirty->any == NULL) {
        dirty_finish(dirty);
        return false;
    }
    return true;
}

void dirty_finish(struct dirty *dirty)
{
    free(dirty->bits);
    free(dirty->any);
    *dirty = (struct dirty){0};
}

static bool words_grow(uint64_t **words, uint32_t from, uint32_t to)
{
    uint64_t *larger = realloc(*words, to * sizeof *larger);

    if (larger == NULL) {
        return false;
    }
    memset(larger + from, 0, (to - from) * sizeof *larger);
    *words = larger;
    return true;
}

bool dirty_grow(struct dirty *dirty, uint32_t count)
{
    const uint32_t from = dirty->bits == NULL ? 0 : words_of(dirty->count);
    const uint32_t any_from = dirty->any == NULL ? 0 : words_of(from);
    const uint32_t to = words_of(count);

    if (to > from &&
        (!words_grow(&dirty->any, any_from, words_of(to)) || !words_grow(&dirty->bits, from, to))) {
        return false;
    }
    dirty->count = count > dirty->count ? count : dirty->count;
    return true;
}

static uint64_t bit_of(uint32_t at)
{
    return UINT64_C(1) << at % WORD_BITS;
}

bool dirty_put(struct dirty *dirty, uint32_t root)
{
    const uint32_t word = root / WORD_BITS;

    if (dirty->bits[word] & bit_of(root)) {
        return false;
    }
    dirty->bits[word] |= bit_of(root);
    dirty->any[word / WORD_BITS] |= bit_of(word);
    return true;
}

void dirty_clear(struct dirty *dirty, uint32_t root)
{
    const uint32_t word = root / WORD_BITS;

    dirty->bits[word] &= ~bit_of(root);
    if (dirty->bits[word] == 0) {
        dirty->any[word / WORD_BITS] &= ~bit_of(word);
    }
}

/* The first bit set at or after `from`, of words 0 .. last. UINT32_MAX: none. */
static uint32_t first_set(const uint64_t *words, uint32_t from, uint32_t last)
{
    uint32_t word = from / WORD_BITS;
    uint64_t bits = words[word] & ~UINT64_C(0) << from % WORD_BITS;

    while (bits == 0) {
        if (word++ >= last) {
            return UINT32_MAX;
        }
        bits = words[word];
    }
    return word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
}

uint32_t dirty_next(const struct dirty *dirty, uint32_t from, uint32_t end)
{
    uint32_t word = from / WORD_BITS;
    uint64_t bits;

    if (from >= end) {
        return end;
    }
    bits = dirty->bits[word] & ~UINT64_C(0) << from % WORD_BITS;
    if (bits == 0) {
        const uint32_t last = (end - 1) / WORD_BITS;

        if (word >= last) {
            return end;
        }
        word = first_set(dirty->any, word + 1, last / WORD_BITS);
        if (word > last) { /* UINT32_MAX too */
            return end;
        }
        bits = dirty->bits[word];
    }
    from = word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
    return from < end ? from : end;
}
