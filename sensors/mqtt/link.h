#ifndef SENSORS_MQTT_LINK_H
#define SENSORS_MQTT_LINK_H

#include "bowei/field.h"
#include "sensors/field_health.h"
#include "sensors/halt.h"

/* One broker link: a thread that owns one libmosquitto client, reconnects, watches that the broker
 * lives, and hands every message to its hearing. */

struct link;

struct link_params {
    const struct link_config *config;
    const struct field_params *ports;
    struct field_health *health;
    struct halt *halt;
    int status_index; /**< of status_add_link */
    const struct link
        *former; /**< the one that this one follows, NULL = none; read by link_start only */
};

/** Starts the thread; NULL: no memory, no thread, or an envelope that does not exist (logged). */
struct link *link_start(const struct link_params *params);
/** Waits for the thread (halt was raised before) and frees. */
void link_join(struct link *link);

#endif
