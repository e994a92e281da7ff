/* Eddystone-TLM: a beacon's health; it has no identity, join it by the MAC address.
 * Layout and parsing: sensors/models/beacon.c. HEX of `bowei decode` is the advertisement (AD
 * structures) or bare manufacturer data. A beacon says nothing of a bay. */
#include "bowei/beacon.h"
#include "bowei/sensor_model.h"

#define PERIOD_MS 60000u /* OpenMQTTGateway gives a beacon up after 120 s */

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    struct beacon beacon;
    bool broken;

    if (!beacon_parse(in->bytes, in->len, &beacon, &broken) ||
        beacon.kind != BEACON_EDDYSTONE_TLM) {
        return broken || in->len == 0 ? DECODE_LENGTH : DECODE_UNKNOWN;
    }
    out->reading.type = TYPE_HEARTBEAT;
    out->type_name = "telemetry";
    decoded_extra_text(out, "frame", "eddystone_tlm");
    decoded_extra_number(out, "battery_mv", beacon.battery_mv, 0);
    if (beacon.battery_mv > 0) { /* 0: powered from outside */
        decoded_battery_mv(out, beacon.battery_mv);
    }
    if (beacon.temperature_8_8 != INT16_MIN) { /* 8.8 fixed point, rounded to 0.1 degC */
        int32_t tenths = beacon.temperature_8_8 * 10;

        decoded_temperature_dc(out, (tenths + (tenths < 0 ? -128 : 128)) / 256);
    }
    decoded_extra_number(out, "adv_count", beacon.adv_count, 0);
    decoded_extra_number(out, "uptime_ticks_01s", beacon.uptime_ds, 0);
    return DECODE_OK;
}

const struct sensor_model sensor_model_eddystone_tlm = {
    .name = "eddystone_tlm",
    .doc = "Eddystone-TLM telemetry, Bluetooth LE (google/eddystone)",
    .kind = MODEL_BEACON,
    .timing = SENSOR_EVENT_TIMING(PERIOD_MS),
    .decode = decode,
};
