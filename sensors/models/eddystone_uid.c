/* Eddystone-UID: service data FEAA, frame 00, power at 0 m, namespace, instance.
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

    if (!beacon_parse(in->bytes, in->len, &beacon, &broken) ||
        beacon.kind != BEACON_EDDYSTONE_UID) {
        return broken || in->len == 0 ? DECODE_LENGTH : DECODE_UNKNOWN;
    }
    out->reading.type = TYPE_HEARTBEAT;
    out->type_name = "beacon";
    beacon_text(&beacon, text);
    decoded_extra_text(out, "frame", "eddystone_uid");
    decoded_extra_text(out, "beacon", text);
    decoded_extra_hex(out, "namespace", beacon.id, 10);
    decoded_extra_hex(out, "instance", beacon.id + 10, 6);
    decoded_extra_number(out, "tx_power_0m", beacon.tx_power_dbm, 0);
    return DECODE_OK;
}

const struct sensor_model sensor_model_eddystone_uid = {
    .name = "eddystone_uid",
    .doc = "Eddystone-UID advertisement, Bluetooth LE (google/eddystone)",
    .kind = MODEL_BEACON,
    .timing = SENSOR_EVENT_TIMING(PERIOD_MS),
    .decode = decode,
};
