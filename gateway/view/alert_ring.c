/* The alert ring: changes of episodes, for the streams of operators and staff. The core puts when
 * an effect is appended; readers get it once the journal's sync has released it, so that nothing
 * leaves that a crash could take back. Orders as in change_ring.c. */
#include "bowei/alert_ring.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ALERT_WORDS ((sizeof(struct alert_image) + 7) / 8)

struct alert_slot {
    _Atomic uint64_t turn; /* twice the number; odd while it is being written */
    _Atomic uint64_t words[ALERT_WORDS];
};

struct alert_ring {
    uint64_t epoch;
    uint64_t put; /* core thread only */
    _Atomic uint64_t released;
    _Atomic bool begun;
    struct event_place base; /* immutable once begun */
    struct alert_slot slots[ALERT_RING];
};

struct alert_ring *alert_ring_create(uint64_t epoch)
{
    struct alert_ring *ring = calloc(1, sizeof *ring);

    if (ring != NULL) {
        ring->epoch = epoch;
    }
    return ring;
}

void alert_ring_destroy(struct alert_ring *ring)
{
    free(ring);
}

uint64_t alert_ring_epoch(const struct alert_ring *ring)
{
    return ring->epoch;
}

uint64_t alert_ring_put(struct alert_ring *ring, const struct alert_image *alert)
{
    const uint64_t number = ++ring->put;
    struct alert_slot *slot = &ring->slots[number % ALERT_RING];
    uint64_t words[ALERT_WORDS] = {0};

    memcpy(words, alert, sizeof *alert);
    atomic_store_explicit(&slot->turn, number * 2 - 1, memory_order_relaxed);
    for (size_t i = 0; i < ALERT_WORDS; i++) {
        atomic_store_explicit(&slot->words[i], words[i], memory_order_release);
    }
    atomic_store_explicit(&slot->turn, number * 2, memory_order_release);
    return number;
}

void alert_ring_release(struct alert_ring *ring, uint64_t number)
{
    uint64_t released = atomic_load_explicit(&ring->released, memory_order_relaxed);

    while (released < number &&
           !atomic_compare_exchange_weak_explicit(&ring->released, &released, number,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

uint64_t alert_ring_newest(const struct alert_ring *ring)
{
    return atomic_load_explicit(&ring->released, memory_order_acquire);
}

enum change_read alert_ring_get(const struct alert_ring *ring, uint64_t number,
                                struct alert_image *out)
{
    const struct alert_slot *slot = &ring->slots[number % ALERT_RING];
    uint64_t words[ALERT_WORDS];

    if (number > alert_ring_newest(ring)) {
        return CHANGE_NONE_YET;
    }
    if (number == 0 || atomic_load_explicit(&slot->turn, memory_order_acquire) != number * 2) {
        return CHANGE_OVERRUN;
    }
    for (size_t i = 0; i < ALERT_WORDS; i++) {
        words[i] = atomic_load_explicit(&slot->words[i], memory_order_acquire);
    }
    if (atomic_load_explicit(&slot->turn, memory_order_relaxed) != number * 2) {
        return CHANGE_OVERRUN;
    }
    memcpy(out, words, sizeof *out);
    return CHANGE_READ;
}

void alert_ring_begin(struct alert_ring *ring, struct event_place base)
{
    if (!atomic_load_explicit(&ring->begun, memory_order_relaxed)) {
        ring->base = base;
        atomic_store_explicit(&ring->begun, true, memory_order_release);
    }
}

static struct event_place place_of(const struct alert_image *alert)
{
    return (struct event_place){alert->changed_ms, alert->event};
}

/* The first number that is still there; what is put but not released overwrites as well. */
static uint64_t oldest(uint64_t newest)
{
    return newest > ALERT_RING ? newest - ALERT_RING + 1 : 1;
}

bool alert_ring_reaches(const struct alert_ring *ring, struct event_place after, uint64_t *number)
{
    const uint64_t newest = alert_ring_newest(ring);
    uint64_t low = oldest(newest);
    uint64_t high = newest + 1;
    bool reaches;

    if (!atomic_load_explicit(&ring->begun, memory_order_acquire)) {
        return false;
    }
    reaches = low == 1 && event_place_compare(after, ring->base) >= 0;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        struct alert_image alert;

        if (alert_ring_get(ring, middle, &alert) != CHANGE_READ) {
            low = middle + 1; /* overwritten meanwhile, and all before it */
            reaches = false;
        } else if (event_place_compare(place_of(&alert), after) <= 0) {
            low = middle + 1;
            reaches = true; /* `after` is not before the oldest one that was seen */
        } else {
            high = middle;
        }
    }
    *number = low;
    return reaches;
}

struct event_place alert_ring_place(const struct alert_ring *ring)
{
    const uint64_t newest = alert_ring_newest(ring);
    struct alert_image alert;

    /* overwritten while a whole ring waits for the disk: the next one that is there */
    for (uint64_t number = newest; number > 0 && number <= alert_ring_newest(ring); number++) {
        if (alert_ring_get(ring, number, &alert) == CHANGE_READ) {
            return place_of(&alert);
        }
    }
    return atomic_load_explicit(&ring->begun, memory_order_acquire) ? ring->base
                                                                    : (struct event_place){0};
}
