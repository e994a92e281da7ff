#ifndef SENSORS_SIM_FLEET_BIKE_TELEGRAM_H
#define SENSORS_SIM_FLEET_BIKE_TELEGRAM_H

#include "bowei/base/strbuf.h"
#include "sensors/sim/fleet/world_event.h"
#include "sensors/sim/fleet/world_plan.h"

/* The events of the simulated bike world as they go over the wire. Pure. */

#define BIKE_TOPIC_CAP 120

/** WORLD_REPORT as one item of POST /v1/vehicles/telemetry, appended. */
void bike_telegram_item(const struct world_plan *plan, const struct world_report *report,
                        struct strbuf *out);
/** WORLD_SCAN: a Minew array; WORLD_SIGHTING: an OpenMQTTGateway message; WORLD_LOCK: a lock's
 * bridge. Topic and body; the body is appended to an empty buffer. */
void bike_telegram_publish(const struct world_plan *plan, const struct world_event *event,
                           char topic[BIKE_TOPIC_CAP], struct strbuf *body);

#endif
