#ifndef SENSORS_SIM_TRUTH_BIKES_H
#define SENSORS_SIM_TRUTH_BIKES_H

#include "sensors/sim/fleet/world_event.h"
#include "sensors/sim/fleet/world_plan.h"
#include "sensors/sim/truth.h"

/** A line of truth_bikes.jsonl (docs/SIMULATOR.md) of a stop, a leave or an episode; other events
 * are none. truth_flush writes it. */
void truth_bikes_add(struct truth *truth, const struct world_plan *plan,
                     const struct world_event *event);

#endif
