#ifndef SENSORS_SIM_MEMORY_H
#define SENSORS_SIM_MEMORY_H

#include "bowei/base/err.h"
#include "sensors/sim/world/city.h"
#include "sensors/sim/world/entrances.h"
#include <stdbool.h>

/* What real devices do not forget when the simulator stops, however it stops: frame counters and
 * gate counts, in a file mapped into memory. */

struct memory {
    void *map;
    size_t size;
    bool fresh;                    /**< the file was made now */
    uint32_t *frames;              /**< per device: next counter + 1; 0 = it never joined */
    struct entrance_counts *gates; /**< per gate lot */
};

enum err memory_open(struct memory *memory, const char *path, const struct city *city) MUST_CHECK;
void memory_close(struct memory *memory);

#endif
