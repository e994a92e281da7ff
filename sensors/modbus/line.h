#ifndef SENSORS_MODBUS_LINE_H
#define SENSORS_MODBUS_LINE_H

#include "bowei/field.h"
#include "sensors/field_health.h"
#include "sensors/halt.h"

/* One Modbus line: a thread that polls its units, each at its own period. */

struct line;

struct line_params {
    const struct line_config *config;
    const struct field_params *ports;
    struct field_health *health;
    struct halt *halt;
    int status_index; /**< of status_add_link */
};

/** Starts the thread; NULL: no memory, no thread, or a unit that cannot be polled (logged). */
struct line *line_start(const struct line_params *params);
/** Waits for the thread (halt was raised before) and frees. */
void line_join(struct line *line);

#endif
