#ifndef SENSORS_SIM_TERRITORY_PLAN_H
#define SENSORS_SIM_TERRITORY_PLAN_H

#include "sensors/sim/fleet/world_plan.h"
#include "sensors/sim/world/city.h"

/* Who is responsible in the simulated city: a unit-grid cell round each block, units of each level
 * and kind, and wardens of all three levels, so that every simulated place is in exactly one cell
 * and has somebody for everything. A pure function of the city and its fences. */

/** Writes grids.geojson, units.csv and wardens.csv into an existing folder. plan NULL: no bikes. */
enum err territory_plan_write(const struct city *city, const struct world_plan *plan,
                              const char *folder) MUST_CHECK;

#endif
