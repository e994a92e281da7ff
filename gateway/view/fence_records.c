/* Fences in the view. Orders as in view.c: words are released one by one between two values of the
 * counter, and read back until it stood still. */
#include "gateway/view/fence_records.h"
#include <stdlib.h>
#include <string.h>

void fence_records_finish(struct fence_records *records)
{
    for (uint32_t i = 0; i < FENCE_CHUNKS; i++) {
        free(atomic_load_explicit(&records->chunks[i], memory_order_acquire));
    }
}

enum err view_reserve_fences(struct view *view, uint32_t fences)
{
    struct fence_records *records = view_fence_records(view);

    if (fences > FENCE_CHUNK * FENCE_CHUNKS) {
        return ERR_TOO_LARGE;
    }
    for (uint32_t i = 0; (uint64_t)i * FENCE_CHUNK < fences; i++) {
        if (atomic_load_explicit(&records->chunks[i], memory_order_acquire) == NULL) {
            struct fence_record *chunk = calloc(FENCE_CHUNK, sizeof *chunk);

            if (chunk == NULL) {
                return ERR_NO_MEMORY;
            }
            atomic_store_explicit(&records->chunks[i], chunk, memory_order_release);
        }
    }
    return ERR_OK;
}

/* NULL for a fence there is no room for (the core has not taken that inventory yet). */
static struct fence_record *record_of(const struct view *view, uint32_t fence)
{
    const struct fence_records *records = view_fence_records(view);
    const uint32_t chunk = fence / FENCE_CHUNK;
    struct fence_record *found =
        chunk < FENCE_CHUNKS ? atomic_load_explicit(&records->chunks[chunk], memory_order_acquire)
                             : NULL;

    return found == NULL ? NULL : found + fence % FENCE_CHUNK;
}

void view_put_fence(struct view *view, uint32_t fence, const struct fence_view *v)
{
    struct fence_record *record = record_of(view, fence);
    uint64_t words[FENCE_WORDS] = {0};
    uint32_t seq;

    if (record == NULL) {
        return;
    }
    memcpy(words, v, sizeof *v);
    seq = atomic_load_explicit(&record->seq, memory_order_relaxed);
    atomic_store_explicit(&record->seq, seq + 1, memory_order_relaxed);
    for (size_t i = 0; i < FENCE_WORDS; i++) {
        atomic_store_explicit(&record->words[i], words[i], memory_order_release);
    }
    atomic_store_explicit(&record->version, v->brief.version, memory_order_release);
    atomic_store_explicit(&record->seq, seq + 2, memory_order_release);
}

void view_fence(const struct view *view, uint32_t fence, struct fence_view *out)
{
    const struct fence_record *record = record_of(view, fence);
    uint64_t words[FENCE_WORDS];
    uint32_t begin;

    memset(out, 0, sizeof *out);
    if (record == NULL) {
        out->brief.silent = true;
        return;
    }
    do {
        begin = atomic_load_explicit(&record->seq, memory_order_acquire);
        for (size_t i = 0; i < FENCE_WORDS; i++) {
            words[i] = atomic_load_explicit(&record->words[i], memory_order_acquire);
        }
    } while ((begin & 1) != 0 || atomic_load_explicit(&record->seq, memory_order_relaxed) != begin);
    memcpy(out, words, sizeof *out);
}
