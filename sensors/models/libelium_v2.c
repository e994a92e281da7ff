/* Libelium Smart Parking, firmware v2: the head of libelium.c, then in info frames b2 int8 degC, in
 * keep-alive frames b2 hours, b3 minutes of the device's clock and b4 int8 degC. Layout: Libelium
 * Smart Parking technical guide. Not known: the rest of those frames (raw field values). */
#include "sensors/models/libelium.h"
#include <stdio.h>

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    char clock[8];
    enum libelium_type type;
    enum decode_fault fault = libelium_head(in, out, &type);

    if (fault != DECODE_OK) {
        return fault;
    }
    if (type == LIBELIUM_INFO) {
        decoded_temperature_dc(out, (int8_t)in->bytes[2] * 10);
    } else if (type == LIBELIUM_KEEPALIVE) {
        (void)snprintf(clock, sizeof clock, "%02u:%02u", in->bytes[2], in->bytes[3]);
        decoded_extra_text(out, "device_clock", clock);
        decoded_temperature_dc(out, (int8_t)in->bytes[4] * 10);
    }
    return DECODE_OK;
}

const struct sensor_model sensor_model_libelium_v2 = {
    .name = "libelium_v2",
    .doc = "Libelium Plug & Sense! Smart Parking, firmware v2, LoRaWAN (maker's technical guide)",
    .timing = SENSOR_EVENT_TIMING(LIBELIUM_PERIOD_MS),
    .decode = decode,
};
