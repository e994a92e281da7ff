/* Nwave NCC405 car counter (magnetometer in a lane), LoRaWAN: the fports of the NPS405, but no bay;
 * nothing it says is ever free or occupied.
 * Layout: TheThingsNetwork/lorawan-devices vendor/nwave/ncc405.js, ncc405-codec.yaml.
 *   fport 1 counter, 2:    u16 cars, big-endian, wraps
 *   fport 2 heartbeat, 3:  b0 bits 7..3 hardware health, b1 battery 2500 + 4 * b1 mV (unsigned), b2
 *                          the same, mean of 24 h; 6 bytes: b1, b2 as the NPS405 (battery, int8
 *                          degC = b2 / 2 + 10)
 *   fport 3 startup, 4:    firmware x.y.z, reset cause (5 bytes: as the NPS405)
 *   fport 6 debug:         opaque
 * Not known: the direction of the cars, so it does not feed a gate. */
#include "bowei/base/bytes.h"
#include "bowei/sensor_model.h"

#define HEARTBEAT_SHORT 3
#define HEARTBEAT_LONG  6
#define HEARTBEAT_MS    86400000u /* not published; as the NPS405 */

static int32_t battery_mv(uint8_t b)
{
    return 2500 + 4 * b;
}

static enum decode_fault counter(const struct frame *in, struct decoded *out)
{
    if (in->len != 2) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_STATUS;
    out->type_name = "counter_update";
    decoded_extra_number(out, "counter", be16_get(in->bytes), 0);
    return DECODE_OK;
}

static enum decode_fault heartbeat(const struct frame *in, struct decoded *out)
{
    if (in->len != HEARTBEAT_SHORT && in->len != HEARTBEAT_LONG) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_HEARTBEAT;
    decoded_battery_mv(out, (uint32_t)battery_mv(in->bytes[1]));
    decoded_extra_number(out, "hw_health_status", in->bytes[0] >> 3, 0);
    if (in->len == HEARTBEAT_SHORT) {
        decoded_extra_number(out, "battery_mean_24h_v", battery_mv(in->bytes[2]), 3);
    } else {
        decoded_temperature_dc(out, (int8_t)in->bytes[2] * 5 + 100);
    }
    return DECODE_OK;
}

static enum decode_fault startup(const struct frame *in, struct decoded *out)
{
    static const char *const causes[] = {"rejoin", "watchdog", "power_on", "user",
                                         "other",  "other",    "brownout", "other"};
    if (in->len != 4 && in->len != 5) {
        return DECODE_LENGTH;
    }
    decoded_startup(out, in->bytes, in->bytes[3] < 8 ? causes[in->bytes[3]] : "other");
    return DECODE_OK;
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    switch (in->fport) {
    case 1: return counter(in, out);
    case 2: return heartbeat(in, out);
    case 3: return startup(in, out);
    case 6: return decoded_opaque(in, out, "debug");
    default: return DECODE_UNKNOWN;
    }
}

const struct sensor_model sensor_model_nwave_ncc405 = {
    .name = "nwave_ncc405",
    .doc = "Nwave NCC405 car counter, no bay, LoRaWAN (TheThingsNetwork/lorawan-devices "
           "vendor/nwave)",
    .kind = MODEL_COUNTER,
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
