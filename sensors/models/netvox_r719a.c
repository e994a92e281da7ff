/* Netvox R719A parking sensor, LoRaWAN; 11 bytes.
 * Layout: thingsboard/data-converters VENDORS/Netvox/R719A/guide.md.
 *   fport 6 report:  01 59 01, battery 0.1 V, CarOnOff 0/1, 6 reserved
 *   fport 7 reply:   81 59 status (config set), 82 59 min u16 max u16 battery change 0.1 V (config
 *                    read), 83 59 status (threshold set), 84 59 threshold u16; rest reserved
 * Bit 7 of the battery byte means "low" on the maker's other models and is read so here: as a
 * voltage it would be over 12.8 V. Not known: the reserved bytes. */
#include "bowei/base/bytes.h"
#include "bowei/sensor_model.h"

#define FRAME_LEN    11
#define DEVICE_TYPE  0x59
#define HEARTBEAT_MS 86400000u /* not published; the maximum interval is set per device */

static enum decode_fault report(const struct frame *in, struct decoded *out)
{
    const uint8_t *b = in->bytes;

    if (b[0] != 1 || b[1] != DEVICE_TYPE || b[2] != 1) {
        return DECODE_UNKNOWN;
    }
    if (b[4] > 1) {
        return DECODE_RANGE;
    }
    out->reading.type = TYPE_STATUS;
    decoded_occupied(out, b[4] == 1);
    decoded_battery_mv(out, (b[3] & 0x7fu) * 100u);
    out->reading.has |= HAS_BATTERY_LOW;
    out->reading.battery_low = (b[3] & 0x80) != 0;
    return DECODE_OK;
}

static enum decode_fault reply(const struct frame *in, struct decoded *out)
{
    const uint8_t *b = in->bytes;

    if (b[1] != DEVICE_TYPE) {
        return DECODE_UNKNOWN;
    }
    out->reading.type = TYPE_PARAMETERS;
    out->type_name = "config_response";
    switch (b[0]) {
    case 0x81:
    case 0x83: decoded_extra_bool(out, "success", b[2] == 0); return DECODE_OK;
    case 0x82:
        decoded_extra_number(out, "min_time_s", be16_get(b + 2), 0);
        decoded_extra_number(out, "max_time_s", be16_get(b + 4), 0);
        decoded_extra_number(out, "battery_change_v", b[6], 1);
        return DECODE_OK;
    case 0x84: decoded_extra_number(out, "detect_threshold", be16_get(b + 2), 0); return DECODE_OK;
    default: return DECODE_UNKNOWN;
    }
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    if (in->fport != 6 && in->fport != 7) {
        return DECODE_UNKNOWN;
    }
    if (in->len != FRAME_LEN) {
        return DECODE_LENGTH;
    }
    return in->fport == 6 ? report(in, out) : reply(in, out);
}

const struct sensor_model sensor_model_netvox_r719a = {
    .name = "netvox_r719a",
    .doc = "Netvox R719A parking sensor, LoRaWAN (thingsboard/data-converters VENDORS/Netvox)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
