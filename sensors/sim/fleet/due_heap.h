#ifndef SENSORS_SIM_FLEET_DUE_HEAP_H
#define SENSORS_SIM_FLEET_DUE_HEAP_H

#include "bowei/base/err.h"
#include <stdint.h>

/* What is due next of a fixed number of things: an indexed heap by time, then number, so that the
 * order never depends on how often it is asked. */

struct due {
    int64_t at_ms; /**< INT64_MAX = never */
    uint32_t number;
};

struct due_heap {
    struct due *heap; /**< four below each: a day of a city is millions of steps through it */
    uint32_t *place;  /**< by number: where it stands in the heap */
    uint32_t count;
};

/** All never due. Free with due_heap_finish. */
enum err due_heap_init(struct due_heap *h, uint32_t count) MUST_CHECK;
void due_heap_finish(struct due_heap *h);
void due_heap_set(struct due_heap *h, uint32_t number, int64_t due_ms);
/** What is due first; count > 0. */
struct due due_heap_first(const struct due_heap *h);

#endif
