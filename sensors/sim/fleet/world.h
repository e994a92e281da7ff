#ifndef SENSORS_SIM_FLEET_WORLD_H
#define SENSORS_SIM_FLEET_WORLD_H

#include "sensors/sim/fleet/world_event.h"
#include "sensors/sim/fleet/world_plan.h"
#include "sensors/sim/world/script.h"

/* The moving part of the simulated bike world: rides, stops, what is said of them, and the truth.
 * A pure function of parameters, script and time: no I/O, no clock, no thread; how often it is
 * stepped changes nothing. */

/** Where a ride ends. */
enum stop_aim {
    AIM_DEEP, /**< well inside a square */
    AIM_EDGE, /**< inside, near the edge; all of a kerb strip is */
    AIM_NEAR, /**< outside, up to 38 m */
    AIM_FAR,  /**< outside, 45 m and more */
    AIM_ZONE, /**< well inside a no-parking zone */
    AIM_COUNT
};

struct world_params {
    const struct world_plan *plan; /**< borrowed */
    const struct script *script;   /**< borrowed; NULL = no faults. Targets: a bike's reference, an
                                      operator's code, a listener's id, or * */
    int64_t start_ms;
    uint32_t interval_s;     /**< between reports of a locked bike; 0 = 60 */
    uint32_t noise_mm;       /**< GNSS, root mean square of the distance; clipped at three times */
    uint32_t buffer_mm;      /**< 15 000: the gateway's, for the truth */
    int64_t dwell_ms;        /**< 120 000 */
    uint32_t pile_percent;   /**< 120: of the capacity */
    int64_t pile_dwell_ms;   /**< 600 000 */
    uint16_t mix[AIM_COUNT]; /**< permille of stops */
    double speed;            /**< > 1: rides and stops are shorter; reports stay */
    bool studs, listeners, locks; /**< is there that kind of radio; without locks all is posted */
    bool opening; /**< bikes stand since some minutes at the start, and say so first */
};

/** Defaults for everything but plan, script and start. */
struct world_params world_params_default(void);

struct world;

/** Free with world_destroy. */
enum err world_create(const struct world_params *params, struct world **out) MUST_CHECK;
void world_destroy(struct world *fleet);
/** Everything that is due up to now_ms, in order. */
void world_step(struct world *fleet, int64_t now_ms, world_sink *sink, void *ctx);

#endif
