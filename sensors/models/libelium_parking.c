/* Libelium Plug & Sense! Smart Parking v2/v3 (magnetometer), LoRaWAN; 11 bytes, any fport.
 * Layout: ZennerIoT/element-parsers lib/libelium_smart-parking_v3.ex, Libelium Smart Parking
 * technical guide. b0 bit 7 occupied, bit 6 battery low, bit 5 config not acknowledged, bit 4
 * recalibration, low nibble = type b1 counter 0-255 (finds lost frames; too short to order by, the
 * network's counter does that) v3 info and keep-alive: b2 sensor error, b3 int8 degC Types: 0 info
 * (change), 1 keep-alive, 2 daily update, 3 error, 4 and 5 start, 6 service, 7 downlink, 8 RSSI.
 * Only 0-2 speak of the bay: start and service frames have bit 7 = 0 without meaning. 10 or 12
 * bytes (v1) are refused. Not known: whether a frame is v2 or v3, so the temperature is taken from
 * types 0 and 1 as v3 has it. */
#include "bowei/sensor_model.h"

#define FRAME_LEN    11
#define KEEPALIVE_MS 10800000u /* the guide's night example: 3 h */

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

/* What each type is and whether its bit 7 counts. */
static const struct {
    uint8_t type, value;
    bool speaks;
} kinds[LIBELIUM_COUNT] = {
    [LIBELIUM_INFO] = {TYPE_STATUS,     VALUE_ALIVE, true },
    [LIBELIUM_KEEPALIVE] = {TYPE_HEARTBEAT,  VALUE_ALIVE, true },
    [LIBELIUM_DAILY] = {TYPE_HEARTBEAT,  VALUE_ALIVE, true },
    [LIBELIUM_ERROR] = {TYPE_FAULT,      VALUE_FAULT, false},
    [LIBELIUM_START1] = {TYPE_STARTUP,    VALUE_START, false},
    [LIBELIUM_START2] = {TYPE_STARTUP,    VALUE_START, false},
    [LIBELIUM_SERVICE] = {TYPE_PARAMETERS, VALUE_ALIVE, false},
    [LIBELIUM_DOWNLINK] = {TYPE_PARAMETERS, VALUE_ALIVE, false},
    [LIBELIUM_RSSI] = {TYPE_PARAMETERS, VALUE_ALIVE, false},
};

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    unsigned type;
    bool occupied;

    if (in->len != FRAME_LEN) {
        return DECODE_LENGTH;
    }
    type = in->bytes[0] & 0x0f;
    if (type >= LIBELIUM_COUNT) {
        return DECODE_UNKNOWN;
    }
    occupied = (in->bytes[0] & 0x80) != 0;
    out->reading.type = kinds[type].type;
    out->reading.value = kinds[type].value;
    out->occupied_bit = occupied;
    if (kinds[type].speaks) {
        decoded_occupied(out, occupied);
    }
    out->reading.has |= HAS_BATTERY_LOW;
    out->reading.battery_low = (in->bytes[0] & 0x40) != 0;
    if (type == LIBELIUM_INFO || type == LIBELIUM_KEEPALIVE) {
        decoded_extra_number(out, "sensor_error", in->bytes[2], 0);
        decoded_temperature_dc(out, (int8_t)in->bytes[3] * 10);
        if (in->bytes[2] != 0) {
            out->reading.value = VALUE_FAULT;
        }
    }
    decoded_extra_number(out, "frame_type", type, 0);
    decoded_extra_number(out, "frame_counter", in->bytes[1], 0);
    return DECODE_OK;
}

const struct sensor_model sensor_model_libelium_parking = {
    .name = "libelium_parking",
    .doc = "Libelium Plug & Sense! Smart Parking v2/v3, LoRaWAN (ZennerIoT/element-parsers)",
    .timing = {.period_ms = KEEPALIVE_MS,
               .limit_ms = 2 * KEEPALIVE_MS + 300000u,
               .confidence = 97,
               .sampled = false},
    .decode = decode,
};
