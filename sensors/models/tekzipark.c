/* TEKZITEL TEKZIPARK (magnetometer, radar, BLE), LoRaWAN.
 * Layout: TheThingsNetwork/lorawan-devices vendor/tekzitel/tekzipark.js.
 *   b0 bit 7 occupied, bit 5 GOOD battery (inverted sense), bit 4 obstruction, bit 3 radar used,
 *      bit 2 no beacon, bit 1 reset, bit 0 keep-alive; b1 int8 degC; b2 parking id
 *   fport 1: optional b3 beacon RSSI int8, then u16 beacon ids, big-endian
 *   fport 2, 12 bytes, debug: b3-5 deflection X Y Z, b6-8 baseline int8, b9 fault code,
 *      b10 obstruction, b11 reflection
 * After a reset the bit is not believed (VALUE_START). A debug frame changes nothing, it shows the
 * bit. Not known: whether a device in debug mode still sends fport 1. */
#include "bowei/base/bytes.h"
#include "bowei/sensor_model.h"

#define HEAD_LEN     3
#define DEBUG_LEN    12
#define HEARTBEAT_MS 86400000u /* not published; the keep-alive period is set per device */

static void head(const struct frame *in, struct decoded *out)
{
    uint8_t flags = in->bytes[0];
    bool good = (flags & 0x20) != 0;

    decoded_occupied(out, (flags & 0x80) != 0);
    out->reading.type = (flags & 0x01) != 0 ? TYPE_HEARTBEAT : TYPE_STATUS;
    if ((flags & 0x02) != 0) {
        out->reading.type = TYPE_STARTUP;
        out->reading.value = VALUE_START;
    }
    out->reading.has |= HAS_BATTERY_LOW;
    out->reading.battery_low = !good;
    decoded_temperature_dc(out, (int8_t)in->bytes[1] * 10);
    decoded_extra_bool(out, "battery_good", good);
    decoded_extra_bool(out, "obstruction", (flags & 0x10) != 0);
    decoded_extra_bool(out, "radar", (flags & 0x08) != 0);
    decoded_extra_bool(out, "no_beacon", (flags & 0x04) != 0);
    decoded_extra_number(out, "parking_id", in->bytes[2], 0);
}

static enum decode_fault status(const struct frame *in, struct decoded *out)
{
    int32_t beacons[EXTRA_LIST_MAX];
    size_t count = 0;

    if (in->len < HEAD_LEN || (in->len > HEAD_LEN && in->len % 2 != 0)) {
        return DECODE_LENGTH;
    }
    head(in, out);
    if (in->len == HEAD_LEN) {
        return DECODE_OK;
    }
    decoded_extra_number(out, "beacon_rssi", (int8_t)in->bytes[3], 0);
    for (size_t i = 4; i + 1 < in->len && count < EXTRA_LIST_MAX; i += 2) {
        beacons[count++] = be16_get(in->bytes + i);
    }
    decoded_extra_list(out, "beacons", beacons, count);
    return DECODE_OK;
}

static enum decode_fault debug(const struct frame *in, struct decoded *out)
{
    int32_t axis[6];

    if (in->len != DEBUG_LEN) {
        return DECODE_LENGTH;
    }
    head(in, out);
    out->reading.type = TYPE_PARAMETERS;
    out->reading.value = in->bytes[9] != 0 ? VALUE_FAULT : VALUE_ALIVE;
    out->type_name = "debug";
    for (size_t i = 0; i < 6; i++) {
        axis[i] = in->bytes[3 + i] - (in->bytes[3 + i] > INT8_MAX ? 256 : 0); /* int8 */
    }
    decoded_extra_list(out, "deflection", axis, 3);
    decoded_extra_list(out, "baseline", axis + 3, 3);
    decoded_extra_number(out, "fault_code", in->bytes[9], 0);
    return DECODE_OK;
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    switch (in->fport) {
    case 1: return status(in, out);
    case 2: return debug(in, out);
    default: return DECODE_UNKNOWN;
    }
}

const struct sensor_model sensor_model_tekzipark = {
    .name = "tekzipark",
    .doc = "TEKZITEL TEKZIPARK, LoRaWAN (TheThingsNetwork/lorawan-devices vendor/tekzitel)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
