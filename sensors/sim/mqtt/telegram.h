#ifndef SENSORS_SIM_MQTT_TELEGRAM_H
#define SENSORS_SIM_MQTT_TELEGRAM_H

#include "bowei/base/strbuf.h"
#include "sensors/sim/world/city.h"
#include <stdbool.h>
#include <stdint.h>

/* The messages of the simulated MQTT devices, as their network servers write them: ChirpStack v4
 * events round the frames of Bosch TPS110 and Nwave NPS405, and native JSON. Pure. */

enum telegram_kind {
    TELEGRAM_JOIN,
    TELEGRAM_STATUS,
    TELEGRAM_HEARTBEAT,
    TELEGRAM_LINK_LOST,
    TELEGRAM_KIND_COUNT
};

struct telegram {
    enum telegram_kind kind;
    const struct city_device *device; /**< borrowed */
    uint32_t counter;
    int64_t time_ms; /**< of the network server */
    bool occupied;
    uint32_t in, out; /**< gates */
    int32_t rssi_dbm;
};

#define TELEGRAM_TOPIC_CAP 120

/** Topic and body; the body is appended to an empty buffer. */
void telegram_write(const struct telegram *t, char topic[TELEGRAM_TOPIC_CAP], struct strbuf *body);

#endif
