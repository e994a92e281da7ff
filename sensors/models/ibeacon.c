/* iBeacon: Apple's manufacturer data 4C 00 02 15, UUID, major, minor, power at 1 m.
 * Layout and parsing: sensors/models/beacon.c. HEX of `bowei decode` is the advertisement (AD
 * structures) or bare manufacturer data. A beacon says nothing of a bay. */
#include "bowei/beacon.h"
#include "bowei/sensor_model.h"

#define PERIOD_MS 60000u /* OpenMQTTGateway gives a beacon up after 120 s */

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    struct beacon beacon;
    char text[BEACON_TEXT];
    bool broken;

    if (!beacon_parse(in->bytes, in->len, &beacon, &broken) || beacon.kind != BEACON_IBEACON) {
        return broken || in->len == 0 ? DECODE_LENGTH : DECODE_UNKNOWN;
    }
    out->reading.type = TYPE_HEARTBEAT;
    out->type_name = "beacon";
    beacon_text(&beacon, text);
    decoded_extra_text(out, "frame", "ibeacon");
    decoded_extra_text(out, "beacon", text);
    decoded_extra_hex(out, "uuid", beacon.id, sizeof beacon.id);
    decoded_extra_number(out, "major", beacon.major, 0);
    decoded_extra_number(out, "minor", beacon.minor, 0);
    if (beacon.tx_is_battery) {
        decoded_extra_null(out, "tx_power_1m");
        decoded_battery_mv(out, beacon.battery_mv);
    } else {
        decoded_extra_number(out, "tx_power_1m", beacon.tx_power_dbm, 0);
    }
    return DECODE_OK;
}

const struct sensor_model sensor_model_ibeacon = {
    .name = "ibeacon",
    .doc = "iBeacon advertisement, Bluetooth LE (theengs/decoder)",
    .kind = MODEL_BEACON,
    .timing = SENSOR_EVENT_TIMING(PERIOD_MS),
    .decode = decode,
};
