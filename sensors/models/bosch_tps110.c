/* Bosch TPS110 / TPL110 parking lot sensor (magnetometer and radar), LoRaWAN.
 * Layout: TheThingsNetwork/lorawan-devices vendor/bosch/tpl110-0292.js, ZennerIoT/element-parsers
 * lib/bosch_parksensor.ex.
 *   fport 1 status, on change:  b0 bit 0 = occupied
 *   fport 2 heartbeat:          b0 bit 0 = occupied; b1 (newer firmware only) int8 degC
 *   fport 3 startup, 17 bytes:  b0-11 debug, b12-14 firmware, b15 reset cause, b16 bit 0 = occupied
 *   fport 4, 5 device info and usage, 6 debug: nothing of the place
 * A startup's bit stands at 0 after a reboot whatever the bay holds: VALUE_START, never a
 * departure. Not known: a battery field (there is none); the order of the firmware bytes
 * (ThingsBoard prints them reversed). */
#include "bowei/sensor_model.h"

#define STARTUP_LEN 17

/* The maker's default heartbeat; a device set otherwise has its limit in the inventory. */
#define HEARTBEAT_MS 86400000u

static const char *reset_cause(uint8_t code)
{
    static const char *const names[] = {[1] = "watchdog", [2] = "power_on", [3] = "system_request"};

    return code >= 1 && code <= 3 ? names[code] : "other";
}

static enum decode_fault status(const struct frame *in, struct decoded *out)
{
    if (in->len != 1) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_STATUS;
    decoded_occupied(out, in->bytes[0] & 1);
    return DECODE_OK;
}

static enum decode_fault heartbeat(const struct frame *in, struct decoded *out)
{
    if (in->len != 1 && in->len != 2) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_HEARTBEAT;
    decoded_occupied(out, in->bytes[0] & 1);
    if (in->len == 2) {
        decoded_temperature_dc(out, (int8_t)in->bytes[1] * 10);
    }
    return DECODE_OK;
}

static enum decode_fault startup(const struct frame *in, struct decoded *out)
{
    if (in->len != STARTUP_LEN) {
        return DECODE_LENGTH;
    }
    out->occupied_bit = in->bytes[16] & 1;
    decoded_startup(out, &in->bytes[12], reset_cause(in->bytes[15]));
    return DECODE_OK;
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    switch (in->fport) {
    case 1: return status(in, out);
    case 2: return heartbeat(in, out);
    case 3: return startup(in, out);
    case 4:
    case 5:
    case 6: return decoded_opaque(in, out, NULL);
    default: return DECODE_UNKNOWN;
    }
}

const struct sensor_model sensor_model_bosch_tps110 = {
    .name = "bosch_tps110",
    .doc =
        "Bosch TPS110 parking lot sensor, LoRaWAN (TheThingsNetwork/lorawan-devices vendor/bosch)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
