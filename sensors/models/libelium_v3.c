/* Libelium Smart Parking, firmware v3: the head of libelium.c, then in info and keep-alive frames
 * b2 sensor error and b3 int8 degC. A sensor that reports an error is not believed: VALUE_FAULT,
 * though the frame's bit is shown. Layout: ZennerIoT/element-parsers
 * lib/libelium_smart-parking_v3.ex. Not known: the rest of those frames. */
#include "sensors/models/libelium.h"

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    enum libelium_type type;
    enum decode_fault fault = libelium_head(in, out, &type);

    if (fault != DECODE_OK || (type != LIBELIUM_INFO && type != LIBELIUM_KEEPALIVE)) {
        return fault;
    }
    decoded_extra_number(out, "sensor_error", in->bytes[2], 0);
    decoded_temperature_dc(out, (int8_t)in->bytes[3] * 10);
    if (in->bytes[2] != 0) {
        out->reading.value = VALUE_FAULT;
    }
    return DECODE_OK;
}

const struct sensor_model sensor_model_libelium_v3 = {
    .name = "libelium_v3",
    .doc = "Libelium Plug & Sense! Smart Parking, firmware v3, LoRaWAN (ZennerIoT/element-parsers)",
    .timing = SENSOR_EVENT_TIMING(LIBELIUM_PERIOD_MS),
    .decode = decode,
};
