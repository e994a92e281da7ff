#ifndef SENSORS_MODELS_LIBELIUM_H
#define SENSORS_MODELS_LIBELIUM_H

#include "bowei/sensor_model.h"

/* What the Libelium firmwares v2 and v3 have in common: all but where the temperature stands. */

#define LIBELIUM_PERIOD_MS 10800000u /**< keep-alive, the guide's night example: 3 h */

enum libelium_type {
    LIBELIUM_INFO,
    LIBELIUM_KEEPALIVE,
    LIBELIUM_DAILY,
    LIBELIUM_ERROR,
    LIBELIUM_START1,
    LIBELIUM_START2,
    LIBELIUM_SERVICE,
    LIBELIUM_DOWNLINK,
    LIBELIUM_RSSI,
    LIBELIUM_COUNT
};

/** Head of a frame: checks the length, sets type, state, battery and counter; *type =
 * LIBELIUM_COUNT for a type nobody knows. */
enum decode_fault libelium_head(const struct frame *in, struct decoded *out,
                                enum libelium_type *type);

#endif
