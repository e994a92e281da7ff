#ifndef SENSORS_SIM_WORLD_LIVE_H
#define SENSORS_SIM_WORLD_LIVE_H

#include "sensors/sim/fleet/world.h"
#include "sensors/sim/mqtt/broker.h"
#include "sensors/sim/rest/poster.h"
#include "sensors/sim/truth.h"

/* The running bikes: the pure fleet, and where its events go: scans and lock messages to the
 * broker, telemetry to the gateway's REST API, the truth into its file. On the simulator's one
 * thread. */

struct world_live_params {
    struct world_plan_params plan;
    const struct script *script; /**< borrowed */
    const char *truth_path;      /**< or NULL */
    const char *api, *keys;      /**< or NULL: telemetry is not posted */
    struct broker *broker;       /**< borrowed */
    uint32_t interval_s;
    uint32_t dwell_s; /**< the gateway's, for the truth */
    double speed;
    bool fresh; /**< the truth file begins anew */
};

struct world_live;

/** ERR_NOT_FOUND: an operator has no key in the file. Free with world_live_destroy. */
enum err world_live_create(const struct world_live_params *params, int64_t now_ms,
                           struct world_live **out) MUST_CHECK;
void world_live_destroy(struct world_live *bikes);
/** Lets the bikes go on to now (wall), publishes what the broker takes, posts. boot_ms: a clock
 * that only grows. False: the truth could not be written. */
bool world_live_turn(struct world_live *bikes, int64_t now_ms, int64_t boot_ms);
/** Like poll(2), with what the REST client waits for. */
void world_live_wait(struct world_live *bikes, struct pollfd *fds, uint32_t count, int wait_ms);
/** One line for the log. */
void world_live_log(const struct world_live *bikes);

#endif
