/* An indexed heap of due times; see due_heap.h. */
#include "sensors/sim/fleet/due_heap.h"
#include <stdbool.h>
#include <stdlib.h>

#define BELOW 4u

enum err due_heap_init(struct due_heap *h, uint32_t count)
{
    *h = (struct due_heap){.count = count};
    h->heap = calloc((size_t)count + 1, sizeof *h->heap);
    h->place = calloc((size_t)count + 1, sizeof *h->place);
    if (h->heap == NULL || h->place == NULL) {
        due_heap_finish(h);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        h->heap[i] = (struct due){INT64_MAX, i};
        h->place[i] = i;
    }
    return ERR_OK;
}

void due_heap_finish(struct due_heap *h)
{
    free(h->heap);
    free(h->place);
    *h = (struct due_heap){0};
}

static bool before(struct due a, struct due b)
{
    return a.at_ms != b.at_ms ? a.at_ms < b.at_ms : a.number < b.number;
}

static void put(struct due_heap *h, uint32_t at, struct due due)
{
    h->heap[at] = due;
    h->place[due.number] = at;
}

static void sink(struct due_heap *h, uint32_t at, struct due due)
{
    for (;;) {
        const uint32_t first = BELOW * at + 1;
        const uint32_t end = first + BELOW < h->count ? first + BELOW : h->count;
        uint32_t best = first;

        for (uint32_t i = first + 1; i < end; i++) {
            best = before(h->heap[i], h->heap[best]) ? i : best;
        }
        if (first >= h->count || !before(h->heap[best], due)) {
            break;
        }
        put(h, at, h->heap[best]);
        at = best;
    }
    put(h, at, due);
}

static void rise(struct due_heap *h, uint32_t at, struct due due)
{
    while (at > 0 && before(due, h->heap[(at - 1) / BELOW])) {
        put(h, at, h->heap[(at - 1) / BELOW]);
        at = (at - 1) / BELOW;
    }
    put(h, at, due);
}

void due_heap_set(struct due_heap *h, uint32_t number, int64_t due_ms)
{
    const uint32_t at = h->place[number];
    const struct due due = {due_ms, number};

    if (due_ms < h->heap[at].at_ms) {
        rise(h, at, due);
    } else if (due_ms > h->heap[at].at_ms) {
        sink(h, at, due);
    }
}

struct due due_heap_first(const struct due_heap *h)
{
    return h->heap[0];
}
