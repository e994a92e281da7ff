/* An indexed binary heap of due times; see due_heap.h. */
#include "sensors/sim/fleet/due_heap.h"
#include <stdbool.h>
#include <stdlib.h>

enum err due_heap_init(struct due_heap *h, uint32_t count)
{
    *h = (struct due_heap){.count = count};
    h->due_ms = calloc((size_t)count + 1, sizeof *h->due_ms);
    h->heap = calloc((size_t)count + 1, sizeof *h->heap);
    h->place = calloc((size_t)count + 1, sizeof *h->place);
    if (h->due_ms == NULL || h->heap == NULL || h->place == NULL) {
        due_heap_finish(h);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        h->due_ms[i] = INT64_MAX;
        h->heap[i] = i;
        h->place[i] = i;
    }
    return ERR_OK;
}

void due_heap_finish(struct due_heap *h)
{
    free(h->due_ms);
    free(h->heap);
    free(h->place);
    *h = (struct due_heap){0};
}

static bool before(const struct due_heap *h, uint32_t a, uint32_t b)
{
    return h->due_ms[a] != h->due_ms[b] ? h->due_ms[a] < h->due_ms[b] : a < b;
}

static void put(struct due_heap *h, uint32_t at, uint32_t number)
{
    h->heap[at] = number;
    h->place[number] = at;
}

static void sink(struct due_heap *h, uint32_t at)
{
    const uint32_t number = h->heap[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child + 1 < h->count && before(h, h->heap[child + 1], h->heap[child])) {
            child++;
        }
        if (child >= h->count || !before(h, h->heap[child], number)) {
            break;
        }
        put(h, at, h->heap[child]);
        at = child;
    }
    put(h, at, number);
}

static void rise(struct due_heap *h, uint32_t at)
{
    const uint32_t number = h->heap[at];

    while (at > 0 && before(h, number, h->heap[(at - 1) / 2])) {
        put(h, at, h->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(h, at, number);
}

void due_heap_set(struct due_heap *h, uint32_t number, int64_t due_ms)
{
    const int64_t was_ms = h->due_ms[number];

    h->due_ms[number] = due_ms;
    if (due_ms < was_ms) {
        rise(h, h->place[number]);
    } else if (due_ms > was_ms) {
        sink(h, h->place[number]);
    }
}

uint32_t due_heap_first(const struct due_heap *h)
{
    return h->heap[0];
}
