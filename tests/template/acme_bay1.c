/* Acme Bay 1, magnetometer, LoRaWAN. (An imaginary maker: the template of docs/ADDING_A_SENSOR.md.)
 * Layout: data sheet rev. 3, page 12.
 *   fport 1 status, on change:  b0 bit 0 = occupied
 *   fport 2 heartbeat, 6 h:     b0 bit 0 = occupied; b1 temperature, int8, degC; b2 battery, 0.1 V
 *   fport 3 startup:            b0 bit 0 = occupied (0 until calibrated), b1 firmware
 * Bits 7..1 of b0 are reserved and 0 so far. Not known: whether b1 of a startup has a minor part.
 */
#include "bowei/sensor_model.h"

#define HEARTBEAT_MS 21600000u /* data sheet, page 4: 6 h */

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    static const size_t lengths[] = {[1] = 1, [2] = 3, [3] = 2};
    const uint8_t *b = in->bytes;

    if (in->fport < 1 || in->fport > 3) {
        return DECODE_UNKNOWN;
    }
    if (in->len != lengths[in->fport]) {
        return DECODE_LENGTH;
    }
    if ((b[0] & 0xfe) != 0) {
        return DECODE_RANGE;
    }
    decoded_occupied(out, b[0] == 1);
    if (in->fport == 3) {
        /* after a reboot the bit stands at 0 whatever the bay holds: shown, never believed */
        out->reading.type = TYPE_STARTUP;
        out->reading.value = VALUE_START;
        decoded_extra_number(out, "firmware", b[1], 0);
        return DECODE_OK;
    }
    out->reading.type = in->fport == 1 ? TYPE_STATUS : TYPE_HEARTBEAT;
    if (in->fport == 2) {
        decoded_temperature_dc(out, (int8_t)b[1] * 10);
        decoded_battery_mv(out, b[2] * 100u);
    }
    return DECODE_OK;
}

const struct sensor_model sensor_model_acme_bay1 = {
    .name = "acme_bay1",
    .doc = "Acme Bay 1, LoRaWAN (data sheet rev. 3)",
    .kind = MODEL_BAY,
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
