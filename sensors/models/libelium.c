/* Libelium Plug & Sense! Smart Parking (magnetometer), LoRaWAN or Sigfox: the head that firmwares
 * v2 and v3 share; libelium_v2.c and libelium_v3.c read the rest. 11 bytes, any fport. Layout:
 * ZennerIoT/element-parsers lib/libelium_smart-parking_v3.ex, Libelium Smart Parking technical
 * guide. b0 bit 7 occupied, bit 6 battery low, bit 5 config not acknowledged, bit 4 recalibration,
 *      low nibble = type
 *   b1 counter 0-255 (finds lost frames; too short to order by, the network's counter does that)
 * Types: 0 info (change), 1 keep-alive, 2 daily update (v2: config up), 3 error (v2: config down),
 * 4 and 5 start, 6 service (RTC sync), 7 downlink (RTC update), 8 RSSI. Only 0-2 speak of the bay:
 * start and service frames have bit 7 = 0 without meaning. 10 or 12 bytes (v1) are refused. */
#include "sensors/models/libelium.h"

#define FRAME_LEN 11

/* What each type is, what people call it, and whether its bit 7 counts. */
static const struct {
    uint8_t type, value;
    bool speaks;
    const char *name;
} kinds[LIBELIUM_COUNT + 1] = {
    [LIBELIUM_INFO] = {TYPE_STATUS,     VALUE_ALIVE, true,  "status"              },
    [LIBELIUM_KEEPALIVE] = {TYPE_HEARTBEAT,  VALUE_ALIVE, true,  "heartbeat"           },
    [LIBELIUM_DAILY] = {TYPE_HEARTBEAT,  VALUE_ALIVE, true,  "daily_or_config_up"  },
    [LIBELIUM_ERROR] = {TYPE_FAULT,      VALUE_FAULT, false, "error_or_config_down"},
    [LIBELIUM_START1] = {TYPE_STARTUP,    VALUE_START, false, "startup1"            },
    [LIBELIUM_START2] = {TYPE_STARTUP,    VALUE_START, false, "startup2"            },
    [LIBELIUM_SERVICE] = {TYPE_PARAMETERS, VALUE_ALIVE, false, "service"             },
    [LIBELIUM_DOWNLINK] = {TYPE_PARAMETERS, VALUE_ALIVE, false, "downlink_or_rtc"     },
    [LIBELIUM_RSSI] = {TYPE_PARAMETERS, VALUE_ALIVE, false, "rssi"                },
    [LIBELIUM_COUNT] = {TYPE_PARAMETERS, VALUE_ALIVE, false, "unknown"             },
};

enum decode_fault libelium_head(const struct frame *in, struct decoded *out,
                                enum libelium_type *type)
{
    unsigned frame_type;
    bool occupied;

    if (in->len != FRAME_LEN) {
        return DECODE_LENGTH;
    }
    frame_type = in->bytes[0] & 0x0f;
    *type = frame_type < LIBELIUM_COUNT ? (enum libelium_type)frame_type : LIBELIUM_COUNT;
    occupied = (in->bytes[0] & 0x80) != 0;
    out->reading.type = kinds[*type].type;
    out->reading.value = kinds[*type].value;
    out->type_name = kinds[*type].name;
    if (kinds[*type].speaks) {
        decoded_occupied(out, occupied);
    }
    out->reading.has |= HAS_BATTERY_LOW;
    out->reading.battery_low = (in->bytes[0] & 0x40) != 0;
    decoded_extra_number(out, "raw_status_bit", occupied, 0);
    decoded_extra_number(out, "frame_type", frame_type, 0);
    decoded_extra_number(out, "frame_counter", in->bytes[1], 0);
    decoded_extra_bool(out, "config_acknowledged", (in->bytes[0] & 0x20) == 0);
    decoded_extra_bool(out, "recalibration", (in->bytes[0] & 0x10) != 0);
    if (*type == LIBELIUM_START1) {
        decoded_extra_number(out, "firmware_version", in->bytes[2], 0);
    }
    return DECODE_OK;
}
