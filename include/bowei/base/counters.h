#ifndef BOWEI_BASE_COUNTERS_H
#define BOWEI_BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/** One row each in counters.def. */
/* clang-format off: a table is included */
enum counter {

#define COUNTER(name, metric, label, help) COUNT_##name,
#include "bowei/base/counters.def"
#undef COUNTER
    COUNTER_COUNT
};

/* clang-format on */

/** All counters of one gateway; zeroed is valid. Any thread may add and read. */
struct counters {
    _Atomic uint64_t value[COUNTER_COUNT];
};

struct counter_row {
    const char *metric; /**< without _total */
    const char *label;
    const char *help;
};

extern const struct counter_row counter_rows[COUNTER_COUNT];

static inline void count_add(struct counters *c, enum counter which, uint64_t n)
{
    atomic_fetch_add_explicit(&c->value[which], n, memory_order_relaxed);
}

static inline uint64_t count_get(const struct counters *c, enum counter which)
{
    return atomic_load_explicit(&c->value[which], memory_order_relaxed);
}

#endif
