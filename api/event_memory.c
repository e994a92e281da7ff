/* Event ids taken lately: buckets of eight hashes, newest first. */
#include "api/event_memory.h"
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096u /* 32 768 events, 256 kB, made with the first one */
#define WAYS    8u

struct event_memory {
    uint64_t (*buckets)[WAYS];
};

struct event_memory *event_memory_create(void)
{
    return calloc(1, sizeof(struct event_memory));
}

void event_memory_destroy(struct event_memory *memory)
{
    if (memory != NULL) {
        free(memory->buckets);
        free(memory);
    }
}

bool event_memory_has(const struct event_memory *memory, uint64_t event)
{
    if (memory->buckets == NULL) {
        return false;
    }
    for (unsigned i = 0; i < WAYS; i++) {
        if (memory->buckets[event % BUCKETS][i] == event) {
            return true;
        }
    }
    return false;
}

void event_memory_put(struct event_memory *memory, uint64_t event)
{
    uint64_t *bucket;

    if (memory->buckets == NULL) {
        memory->buckets = calloc(BUCKETS, sizeof memory->buckets[0]);
        if (memory->buckets == NULL) {
            return; /* a repeat is told apart by the core then */
        }
    }
    bucket = memory->buckets[event % BUCKETS];
    memmove(&bucket[1], &bucket[0], (WAYS - 1) * sizeof bucket[0]);
    bucket[0] = event;
}
