/* PNI PlacePod parking sensor (magnetometer), LoRaWAN, any fport: items "channel type value",
 * several per uplink, big-endian, after the manner of Cayenne LPP.
 * Layout: ZennerIoT/element-parsers lib/pni_placepods.ex.
 *   01 01 x recalibrated, 02 67 s16 0.1 degC, 03 02 s16 0.01 V, 15 66 x parking status,
 *   1C 01 x deactivated, 21 00 n vehicle count (over 0x80: rebooted or recalibrated), 37 66 x
 *   keep-alive with status, 37 00 n keep-alive with count, 3F 01 x rebooted. 1 = occupied.
 * Items are applied in order, the last one wins; what follows the first bytes that are no item is
 * shown and left. A frame without one good item, or cut within an item, is refused. */
#include "bowei/base/bytes.h"
#include "bowei/base/err.h"
#include "bowei/sensor_model.h"

#define COUNT_MAX    0x80
#define HEARTBEAT_MS 86400000u /* not published; the keep-alive is set per device */

enum item_kind {
    ITEM_STATUS,
    ITEM_KEEPALIVE,
    ITEM_KEEPALIVE_COUNT,
    ITEM_COUNT,
    ITEM_TEMPERATURE,
    ITEM_BATTERY,
    ITEM_ANSWER,
    ITEM_REBOOT,
};

static const struct item {
    uint8_t channel, type, len;
    enum item_kind kind;
    const char *name;
} items[] = {
    {0x01, 0x01, 1, ITEM_ANSWER,          "recalibrate_success"},
    {0x02, 0x67, 2, ITEM_TEMPERATURE,     NULL                 },
    {0x03, 0x02, 2, ITEM_BATTERY,         NULL                 },
    {0x15, 0x66, 1, ITEM_STATUS,          NULL                 },
    {0x1c, 0x01, 1, ITEM_ANSWER,          "deactivate_response"},
    {0x21, 0x00, 1, ITEM_COUNT,           NULL                 },
    {0x37, 0x00, 1, ITEM_KEEPALIVE_COUNT, NULL                 },
    {0x37, 0x66, 1, ITEM_KEEPALIVE,       NULL                 },
    {0x3f, 0x01, 1, ITEM_REBOOT,          "reboot_response"    },
};

static const struct item *item_find(const uint8_t *b, size_t left)
{
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        if (left >= 2u + items[i].len && b[0] == items[i].channel && b[1] == items[i].type) {
            return &items[i];
        }
    }
    return NULL;
}

/* The frame ends within a known item: it was cut, and what was cut off might be the last word. */
static bool item_cut(const uint8_t *b, size_t left)
{
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        if (left < 2u + items[i].len && b[0] == items[i].channel &&
            (left == 1 || b[1] == items[i].type)) {
            return true;
        }
    }
    return false;
}

/* Parking status: 0 or 1; anything else leaves the state as it was. */
static void status(struct decoded *out, uint8_t value, enum reading_type type)
{
    out->reading.type = (uint8_t)type;
    if (value <= 1) {
        decoded_occupied(out, value == 1);
    }
}

static void count(struct decoded *out, uint8_t n)
{
    if (n > COUNT_MAX) {
        decoded_extra_text(out, "event", "reboot_or_recalibration");
        if (out->occupied_bit < 0) {
            out->reading.type = TYPE_STARTUP;
            out->reading.value = VALUE_START;
        }
    } else {
        decoded_extra_number(out, "vehicle_count", n, 0);
    }
}

static void item_take(const struct item *item, const uint8_t *value, struct decoded *out)
{
    switch (item->kind) {
    case ITEM_STATUS: status(out, value[0], TYPE_STATUS); break;
    case ITEM_KEEPALIVE: status(out, value[0], TYPE_HEARTBEAT); break;
    case ITEM_KEEPALIVE_COUNT:
        out->reading.type = out->occupied_bit < 0 ? TYPE_HEARTBEAT : out->reading.type;
        count(out, value[0]);
        break;
    case ITEM_COUNT: count(out, value[0]); break;
    case ITEM_TEMPERATURE: decoded_temperature_dc(out, (int16_t)be16_get(value)); break;
    case ITEM_BATTERY:
        if ((int16_t)be16_get(value) >= 0) {
            decoded_battery_mv(out, be16_get(value) * 10u);
        }
        break;
    case ITEM_ANSWER: decoded_extra_number(out, item->name, value[0], 0); break;
    case ITEM_REBOOT:
        decoded_extra_number(out, item->name, value[0], 0);
        if (out->occupied_bit < 0) {
            out->reading.type = TYPE_STARTUP;
            out->reading.value = VALUE_START;
        }
        break;
    }
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    size_t at = 0;
    const struct item *item;

    out->reading.type = TYPE_PARAMETERS;
    while (at < in->len && (item = item_find(in->bytes + at, in->len - at)) != NULL) {
        item_take(item, in->bytes + at + 2, out);
        at += 2u + item->len;
    }
    if (at == 0) {
        return in->len < 3 ? DECODE_LENGTH : DECODE_UNKNOWN;
    }
    if (at < in->len && item_cut(in->bytes + at, in->len - at)) {
        return DECODE_LENGTH;
    }
    if (at < in->len) {
        decoded_extra_hex(out, "unparseable_hex", in->bytes + at, in->len - at);
    }
    return DECODE_OK;
}

const struct sensor_model sensor_model_pni_placepod = {
    .name = "pni_placepod",
    .doc = "PNI PlacePod parking sensor, LoRaWAN (ZennerIoT/element-parsers lib/pni_placepods.ex)",
    .timing = SENSOR_EVENT_TIMING(HEARTBEAT_MS),
    .decode = decode,
};
