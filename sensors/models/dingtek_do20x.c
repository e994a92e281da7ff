/* Dingtek DO200, DO201, DO202 parking sensors (ultrasonic and magnetometer), LoRaWAN, fport 3.
 * Layout: TheThingsNetwork/lorawan-devices vendor/dingtek/do201.js, do200-codec.yaml,
 * do202-codec.yaml.
 *   80 00 model type len ... 81, big-endian; len = all bytes
 *   DO200 21 bytes, DO201/202 23: b5-6 level mm, b7 high nibble park alarm (= occupied), low level
 *     alarm, b8 high magnet alarm, low battery alarm, b9-10 V/100, b11-16 field X Y Z s16;
 *     DO201/202: b17 int8 degC, b18 % humidity; then u16 counter
 *   type 3, parameters: b5.b6 firmware, b7 upload interval h; DO200 (17 bytes): b8 ultrasonic
 *     interval, b9 magnet interval s, b12-13 magnet threshold; DO201/202 (16): b8 detect interval
 *     min, b9 level threshold, b10-11 magnet threshold, b12 battery threshold %
 * The maker's own test frame says -117 degC: such a value is shown, not kept. */
#include "bowei/base/bytes.h"
#include "bowei/sensor_model.h"
#include <stdio.h>

#define FPORT           3
#define HEAD            0x80
#define TAIL            0x81
#define TYPE_PARAMETER  3
#define DO200_LEN       21
#define DO201_LEN       23
#define DO200_PARAM_LEN 17
#define DO201_PARAM_LEN 16
#define HEARTBEAT_MS    86400000u /* default upload interval: 24 h */

static void state(const struct frame *in, struct decoded *out)
{
    const uint8_t *b = in->bytes;
    const int32_t field[3] = {(int16_t)be16_get(b + 11), (int16_t)be16_get(b + 13),
                              (int16_t)be16_get(b + 15)};

    out->reading.type = TYPE_STATUS;
    decoded_occupied(out, (b[7] >> 4) != 0);
    decoded_battery_mv(out, be16_get(b + 9) * 10u);
    out->reading.has |= HAS_BATTERY_LOW;
    out->reading.battery_low = (b[8] & 0x0f) != 0;
    decoded_extra_number(out, "level_mm", be16_get(b + 5), 0);
    decoded_extra_bool(out, "alarm_park", (b[7] >> 4) != 0);
    decoded_extra_bool(out, "alarm_level", (b[7] & 0x0f) != 0);
    decoded_extra_bool(out, "alarm_magnet", (b[8] >> 4) != 0);
    decoded_extra_bool(out, "alarm_battery", (b[8] & 0x0f) != 0);
    decoded_extra_list(out, "mag", field, 3);
    if (in->len == DO201_LEN) {
        decoded_temperature_dc(out, (int8_t)b[17] * 10);
        decoded_extra_number(out, "humidity", b[18], 0);
    }
    decoded_extra_number(out, "frame_counter", be16_get(b + in->len - 4), 0);
}

static void parameters(const struct frame *in, struct decoded *out)
{
    const uint8_t *b = in->bytes;
    char firmware[16];

    out->reading.type = TYPE_PARAMETERS;
    (void)snprintf(firmware, sizeof firmware, "%u.%u", b[5], b[6]);
    decoded_extra_text(out, "firmware", firmware);
    decoded_extra_number(out, "upload_interval_h", b[7], 0);
    if (in->len == DO200_PARAM_LEN) {
        decoded_extra_number(out, "ultra_interval", b[8], 0);
        decoded_extra_number(out, "mag_interval_s", b[9], 0);
        decoded_extra_number(out, "mag_threshold", be16_get(b + 12), 0);
    } else {
        decoded_extra_number(out, "detect_interval_min", b[8], 0);
        decoded_extra_number(out, "level_threshold", b[9], 0);
        decoded_extra_number(out, "mag_threshold", be16_get(b + 10), 0);
        decoded_extra_number(out, "battery_threshold_pct", b[12], 0);
    }
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    const uint8_t *b = in->bytes;
    bool parameter;

    if (in->fport != FPORT) {
        return DECODE_UNKNOWN;
    }
    if (in->len != DO200_LEN && in->len != DO201_LEN && in->len != DO200_PARAM_LEN &&
        in->len != DO201_PARAM_LEN) {
        return DECODE_LENGTH;
    }
    if (b[0] != HEAD || b[in->len - 1] != TAIL) {
        return DECODE_UNKNOWN;
    }
    parameter = in->len == DO200_PARAM_LEN || in->len == DO201_PARAM_LEN;
    if (b[4] != in->len || parameter != (b[3] == TYPE_PARAMETER)) {
        return DECODE_LENGTH;
    }
    if (parameter) {
        parameters(in, out);
    } else {
        state(in, out);
    }
    return DECODE_OK;
}

const struct sensor_model sensor_model_dingtek_do20x = {
    .name = "dingtek_do20x",
    .doc = "Dingtek DO200, DO201, DO202, LoRaWAN (TheThingsNetwork/lorawan-devices vendor/dingtek)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
