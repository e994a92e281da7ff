#ifndef BOWEI_MQTT_OUT_H
#define BOWEI_MQTT_OUT_H

#include "bowei/alert_ring.h"
#include "bowei/base/counters.h"
#include "bowei/config.h"
#include "bowei/status.h"

/* MQTT out: what the gateway tells others through a broker. One thread owns one client.
 *   bowei/<area>/status                  retained: "online"; "offline" by a stop or the will
 *   bowei/<area>/spaces/<id>             retained: the space as it is, empty once it is removed
 *   bowei/<area>/operators/<op>/alerts   each change of an alert that the operator may see
 * All by QoS 1. A slow broker gets the last state of each space; nothing is queued in the client
 * beyond max_inflight. */

struct mqtt_out_params {
    const struct mqtt_out_config *config;
    const char *instance; /**< the client id is <instance>-out unless the configuration has one */
    struct inventory_board *board;
    const struct view *view;
    const struct change_ring *changes;
    const struct alert_ring *alerts;
    struct counters *counters;
    struct status *status; /**< has it as the link "mqtt_out" of the kind "out" */
};

struct mqtt_out;

/** Starts it; *out is NULL when no broker is configured. What params points to outlives it. */
enum err mqtt_out_start(const struct mqtt_out_params *params, struct mqtt_out **out) MUST_CHECK;
/** Says "offline", waits for the broker's word at most 2 s, and ends the thread. */
void mqtt_out_stop(struct mqtt_out *out);

#endif
