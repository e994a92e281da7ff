/* The change ring: what changed, for any number of streams to read at their own pace. The core
 * puts, readers copy a slot under its sequence counter and find out when it was overwritten. The
 * counter of a slot is twice the change's number (odd while it is being written), so it says at
 * once whose turn the slot holds. Orders as in view.c. */
#include "bowei/change_ring.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A change as 64-bit words, so that every shared word is one atomic. */
#define CHANGE_WORDS ((sizeof(struct change) + 7) / 8)

struct ring_slot {
    _Atomic uint64_t turn;
    _Atomic uint64_t words[CHANGE_WORDS];
};

struct change_ring {
    uint64_t epoch;
    _Atomic uint64_t newest;
    _Atomic int notify_fd;
    _Atomic bool told; /**< notify_fd was written to and its reader has not looked yet */
    struct ring_slot slots[CHANGE_RING];
};

struct change_ring *change_ring_create(uint64_t epoch)
{
    struct change_ring *ring = calloc(1, sizeof *ring);

    if (ring != NULL) {
        ring->epoch = epoch;
        atomic_store_explicit(&ring->notify_fd, -1, memory_order_relaxed);
    }
    return ring;
}

void change_ring_destroy(struct change_ring *ring)
{
    free(ring);
}

uint64_t change_ring_epoch(const struct change_ring *ring)
{
    return ring->epoch;
}

void change_ring_put(struct change_ring *ring, struct change *change)
{
    uint64_t words[CHANGE_WORDS] = {0};
    struct ring_slot *slot;
    int fd;

    change->number = atomic_load_explicit(&ring->newest, memory_order_relaxed) + 1;
    slot = &ring->slots[change->number % CHANGE_RING];
    memcpy(words, change, sizeof *change);
    atomic_store_explicit(&slot->turn, change->number * 2 - 1, memory_order_relaxed);
    for (size_t i = 0; i < CHANGE_WORDS; i++) {
        atomic_store_explicit(&slot->words[i], words[i], memory_order_release);
    }
    atomic_store_explicit(&slot->turn, change->number * 2, memory_order_release);
    atomic_store_explicit(&ring->newest, change->number, memory_order_release);
    fd = atomic_load_explicit(&ring->notify_fd, memory_order_acquire);
    if (fd >= 0 && !atomic_exchange_explicit(&ring->told, true, memory_order_acq_rel)) {
        const uint64_t one = 1;
        /* A full eventfd is readable already: nothing is lost. */
        ssize_t written = write(fd, &one, sizeof one);

        (void)written;
    }
}

uint64_t change_ring_newest(const struct change_ring *ring)
{
    return atomic_load_explicit(&ring->newest, memory_order_acquire);
}

enum change_read change_ring_get(const struct change_ring *ring, uint64_t number,
                                 struct change *out)
{
    const struct ring_slot *slot = &ring->slots[number % CHANGE_RING];
    uint64_t words[CHANGE_WORDS];

    if (number > change_ring_newest(ring)) {
        return CHANGE_NONE_YET;
    }
    if (number == 0 || atomic_load_explicit(&slot->turn, memory_order_acquire) != number * 2) {
        return CHANGE_OVERRUN;
    }
    for (size_t i = 0; i < CHANGE_WORDS; i++) {
        words[i] = atomic_load_explicit(&slot->words[i], memory_order_acquire);
    }
    if (atomic_load_explicit(&slot->turn, memory_order_relaxed) != number * 2) {
        return CHANGE_OVERRUN;
    }
    memcpy(out, words, sizeof *out);
    return CHANGE_READ;
}

void change_ring_heard(struct change_ring *ring)
{
    /* An exchange, so that it sees what was put before a put that found `told` still set. */
    (void)atomic_exchange_explicit(&ring->told, false, memory_order_acq_rel);
}

void change_ring_notify(struct change_ring *ring, int event_fd)
{
    atomic_store_explicit(&ring->told, false, memory_order_release);
    atomic_store_explicit(&ring->notify_fd, event_fd, memory_order_release);
}
