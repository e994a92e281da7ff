#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "bowei/base/counters.h"
#include "bowei/cli.h"
#include "bowei/inventory.h"
#include "bowei/status.h"

#include <stdbool.h>

/* The wiring: owns every part of a running gateway, starts them in the order that recovery needs
 * and stops them in the reverse. Main thread only. */

struct gateway;

/** Exit statuses of `bowei serve`; systemd's unit does not restart on the last two. */
enum {
    GATEWAY_EXIT_OK = 0,
    GATEWAY_EXIT_FAILURE = 1,
    GATEWAY_EXIT_STEPPED_DOWN = 69,
    GATEWAY_EXIT_CONFIG = 78
};

/** Recovers, publishes and opens all links. Takes `config`; origin: where it comes from, to read it
 * again. On failure logs why, frees all and returns an exit status. */
int gateway_start(const struct cli_origin *origin, struct config *config,
                  struct gateway **out) MUST_CHECK;
/** Drains in order: links, API, core, Redis, journal. At most about 10 s. */
void gateway_stop(struct gateway *gateway);
/** One turn of the main thread, a few times a second: readiness, degraded bits, a late Redis. False
 * when another gateway took over and this one must end. */
bool gateway_turn(struct gateway *gateway);
/** SIGHUP: takes the configuration over, all or nothing, and loads the newest inventory of the
 * state folder when it is newer; each keeps the old one on any error. */
void gateway_reload(struct gateway *gateway);
/** Every worker has turned lately: the watchdog may be fed. */
bool gateway_alive(struct gateway *gateway);
struct status *gateway_status(struct gateway *gateway);

#endif
