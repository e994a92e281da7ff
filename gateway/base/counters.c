/* The names of the counters, out of counters.def; the values live in the caller's struct counters.
 */
#include "bowei/base/counters.h"

/* clang-format off */
const struct counter_row counter_rows[COUNTER_COUNT] = {
#define COUNTER(name, metric, label, help) {metric, label, help},
#include "bowei/base/counters.def"
#undef COUNTER
};
/* clang-format on */
