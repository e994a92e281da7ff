/* Nwave NPS310 (G3) parking sensor (magnetometer), LoRaWAN.
 * Layout: TheThingsNetwork/lorawan-devices vendor/nwave/nps310sm.js, nps310sm-codec.yaml.
 *   fport 1 status:      b0 bit 0 = occupied, nothing else in the byte
 *   fport 2 heartbeat:   b0 bit 0 = occupied; nothing published of the rest, nor how long it is
 *   fport 3 startup, 5:  firmware x.y.z, reset cause, b4 bit 0 = occupied
 *   fport 6 debug:       opaque */
#include "bowei/sensor_model.h"

#define STARTUP_LEN  5
#define HEARTBEAT_MS 86400000u /* as the NPS405; not published */

static enum decode_fault status(const struct frame *in, struct decoded *out)
{
    if (in->len != 1) {
        return DECODE_LENGTH;
    }
    if (in->bytes[0] > 1) {
        return DECODE_RANGE; /* an NPS405 under the wrong name */
    }
    out->reading.type = TYPE_STATUS;
    decoded_occupied(out, in->bytes[0] == 1);
    return DECODE_OK;
}

static enum decode_fault heartbeat(const struct frame *in, struct decoded *out)
{
    if (in->len == 0) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_HEARTBEAT;
    decoded_occupied(out, in->bytes[0] & 1);
    return DECODE_OK;
}

static const char *reset_cause(uint8_t code)
{
    static const char *const names[] = {"other", "watchdog", "power_on", "user", "brownout"};

    return code < sizeof names / sizeof names[0] ? names[code] : "other";
}

static enum decode_fault startup(const struct frame *in, struct decoded *out)
{
    if (in->len != STARTUP_LEN) {
        return DECODE_LENGTH;
    }
    out->occupied_bit = in->bytes[4] & 1;
    decoded_startup(out, in->bytes, reset_cause(in->bytes[3]));
    return DECODE_OK;
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    switch (in->fport) {
    case 1: return status(in, out);
    case 2: return heartbeat(in, out);
    case 6: return decoded_opaque(in, out, "debug");
    case 3: return startup(in, out);
    default: return DECODE_UNKNOWN;
    }
}

const struct sensor_model sensor_model_nwave_nps310 = {
    .name = "nwave_nps310",
    .doc =
        "Nwave NPS310 (G3) parking sensor, LoRaWAN (TheThingsNetwork/lorawan-devices vendor/nwave)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
