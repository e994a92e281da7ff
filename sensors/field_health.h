#ifndef SENSORS_FIELD_HEALTH_H
#define SENSORS_FIELD_HEALTH_H

#include "bowei/inventory.h"
#include "bowei/status.h"

/** Lines and links that are down, counted into the `degraded` bits. Any thread. */
struct field_health {
    struct status *status;
    _Atomic int lines_down;
    _Atomic int links_down;
};

/** One more (down) or one less of a kind is down. `which`: DEGRADED_MODBUS_DOWN or
 * DEGRADED_BROKER_DOWN. */
void field_health_change(struct field_health *health, enum degraded which, bool down);

/** Sets reading->sensor's root: the key of the space or, for gates, the lot. */
uint64_t field_root(const struct inventory *inv, uint32_t sensor);

#endif
