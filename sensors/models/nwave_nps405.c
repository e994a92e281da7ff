/* Nwave NPS405 (G4) parking sensor (magnetometer), LoRaWAN.
 * Layout: TheThingsNetwork/lorawan-devices vendor/nwave/nps405.js, nps405-codec.yaml; maker's
 * getting-started page. fport 1 status:        b0 bit 0 = occupied, bits 7..1 = compressed minutes
 * of the state before fport 2 heartbeat, 6:  b0 bit 0 = occupied; b1 battery 2500 + 4 * b1 mV
 * (unsigned); b2 int8, degC = b2 / 2 + 10 fport 3 startup, 5:    firmware x.y.z, reset cause, b4
 * bit 0 = occupied fport 10 user tag, 6:  b0 as status, b1 tag battery 0.1 V, b2-5 tag id One
 * public decoder takes bit 7 for occupied; the maker's text and the current one say bit 0. NCC405
 * is a car counter on the same fports (fport 1 with 2 bytes): refused by its length. fport 6 debug:
 * opaque. Not known: b3-b5 of the heartbeat. */
#include "bowei/base/bytes.h"
#include "bowei/sensor_model.h"
#include <stdio.h>

#define HEARTBEAT_LEN 6
#define STARTUP_LEN   5
#define TAG_LEN       6

/* Not published; a day, as other battery sensors do. A fleet set otherwise says so in the
 * inventory. */
#define HEARTBEAT_MS 86400000u

/* Maker: low below 3.0 V, in the cold (under -5 degC) below 2.9 V. */
#define COLD_DC           (-50)
#define LOW_MV            3000
#define LOW_COLD_MV       2900
#define CRITICAL_BELOW_MV 100

static const char *reset_cause(uint8_t code)
{
    static const char *const names[] = {"rejoin", "watchdog", "power_on", "user",
                                        "other",  "other",    "brownout"};

    return code < sizeof names / sizeof names[0] ? names[code] : "other";
}

/* bits 7..1 -> minutes and their error: exact below 90, then steps of 5 and of 60, 127 = overflow.
 */
static void previous_state(struct decoded *out, uint8_t b0)
{
    int c = b0 >> 1;
    int minutes = c;
    int error = 0;

    if (c == 127) {
        minutes = 660;
    } else if (c >= 120) {
        minutes = 240 + 60 * (c - 120);
        error = 59;
    } else if (c >= 90) {
        minutes = 90 + 5 * (c - 90);
        error = 4;
    }
    decoded_extra_number(out, "prev_state_min", minutes, 0);
    decoded_extra_number(out, "prev_state_err_min", error, 0);
    decoded_extra_bool(out, "prev_state_overflow", c == 127);
}

static enum decode_fault status(const struct frame *in, struct decoded *out)
{
    if (in->len != 1) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_STATUS;
    decoded_occupied(out, in->bytes[0] & 1);
    previous_state(out, in->bytes[0]);
    return DECODE_OK;
}

static const char *battery_health(int battery_mv, int temperature_dc)
{
    int low_mv = temperature_dc < COLD_DC ? LOW_COLD_MV : LOW_MV;

    if (battery_mv >= low_mv) {
        return "normal";
    }
    return battery_mv >= low_mv - CRITICAL_BELOW_MV ? "low" : "critical";
}

static enum decode_fault heartbeat(const struct frame *in, struct decoded *out)
{
    int battery_mv;
    int temperature_dc;

    if (in->len != HEARTBEAT_LEN) {
        return DECODE_LENGTH;
    }
    battery_mv = 2500 + 4 * in->bytes[1];
    temperature_dc = (int8_t)in->bytes[2] * 5 + 100;
    out->reading.type = TYPE_HEARTBEAT;
    decoded_occupied(out, in->bytes[0] & 1);
    decoded_battery_mv(out, (uint32_t)battery_mv);
    decoded_extra_text(out, "battery_health", battery_health(battery_mv, temperature_dc));
    decoded_temperature_dc(out, temperature_dc);
    out->reading.has |= HAS_BATTERY_LOW;
    out->reading.battery_low = battery_mv < (temperature_dc < COLD_DC ? LOW_COLD_MV : LOW_MV);
    return DECODE_OK;
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

static enum decode_fault user_tag(const struct frame *in, struct decoded *out)
{
    char tag[9];

    if (in->len != TAG_LEN) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_STATUS;
    out->type_name = "user_registration";
    decoded_occupied(out, in->bytes[0] & 1);
    previous_state(out, in->bytes[0]);
    (void)snprintf(tag, sizeof tag, "%08X", (unsigned)be32_get(in->bytes + 2));
    decoded_extra_text(out, "tag_id", tag);
    decoded_extra_number(out, "tag_battery_v", in->bytes[1], 1);
    return DECODE_OK;
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    switch (in->fport) {
    case 1: return status(in, out);
    case 2: return heartbeat(in, out);
    case 3: return startup(in, out);
    case 6: return decoded_opaque(in, out, "debug");
    case 10: return user_tag(in, out);
    default: return DECODE_UNKNOWN;
    }
}

const struct sensor_model sensor_model_nwave_nps405 = {
    .name = "nwave_nps405",
    .doc =
        "Nwave NPS405 (G4) parking sensor, LoRaWAN (TheThingsNetwork/lorawan-devices vendor/nwave)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
