/* Jimi/Concox BL10 bike lock: binary frames that a bridge hands on.
 * Layout: transportkollektiv/cykel-lock-bl10 packet.py, test_packet.py.
 *   78 78, length u8 (79 79: u16) of what follows up to the CRC with it, protocol, data, serial
 * u16, CRC-16/X.25 u16 from the length to the serial, 0D 0A; big-endian 01 login, 12 bytes: BCD
 * IMEI 8, model 2, time zone and language 2 23 heartbeat, 6:    b0 bit 0 locked, bit 2 charging,
 * bit 6 GPS; u16 0.01 V, signal 0-4, port, language A login's CRC also runs over a secret of the
 * maker's that a bridge does not need: it is checked against that too. Only these two are read;
 * positions (32, 33), answers and information are refused as unknown. */
#include "bowei/base/bytes.h"
#include "bowei/sensor_model.h"
#include <stdio.h>
#include <string.h>

#define PROTOCOL_LOGIN     0x01
#define PROTOCOL_HEARTBEAT 0x23
#define LOGIN_LEN          12
#define HEARTBEAT_LEN      6
#define FRAME_MIN          10
#define PERIOD_MS          600000u /* not published; the lock's heartbeat is set per device */

struct packet {
    uint8_t protocol;
    const uint8_t *data;
    size_t len;
};

/* CRC-16/X.25: polynomial 0x1021 reflected, start and final 0xFFFF. */
static uint16_t crc_x25(const uint8_t *b, size_t len, uint16_t crc)
{
    for (size_t i = 0; i < len; i++) {
        crc ^= b[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1u) != 0 ? (crc >> 1) ^ 0x8408u : crc >> 1);
        }
    }
    return crc;
}

static bool crc_right(const uint8_t *b, size_t len, uint8_t protocol, uint16_t want)
{
    /* packet.py: appended before the CRC of a login; published there */
    static const uint8_t login_suffix[15] = {'x', 'i', 'n', 's', 'i', 'w', 'e', 'i',
                                             '&', 'c', 'o', 'n', 'c', 'o', 'x'};
    uint16_t crc = crc_x25(b, len, 0xffff);
    uint16_t plain = (uint16_t)(want ^ 0xffffu); /* as it was before the last complement */

    if (crc == plain) {
        return true;
    }
    return protocol == PROTOCOL_LOGIN && crc_x25(login_suffix, sizeof login_suffix, crc) == plain;
}

static enum decode_fault unpack(const struct frame *in, struct packet *out)
{
    const uint8_t *b = in->bytes;
    size_t head;
    size_t body;

    if (in->len < FRAME_MIN) {
        return DECODE_LENGTH;
    }
    if (b[0] != b[1] || (b[0] != 0x78 && b[0] != 0x79)) {
        return DECODE_UNKNOWN;
    }
    head = b[0] == 0x78 ? 3 : 4;
    body = b[0] == 0x78 ? b[2] : be16_get(b + 2);
    if (body < 5 || in->len != head + body + 2) {
        return DECODE_LENGTH;
    }
    if (b[in->len - 2] != 0x0d || b[in->len - 1] != 0x0a) {
        return DECODE_UNKNOWN;
    }
    out->protocol = b[head];
    out->data = b + head + 1;
    out->len = body - 5;
    return crc_right(b + 2, in->len - 6, out->protocol, be16_get(b + in->len - 4))
               ? DECODE_OK
               : DECODE_CHECKSUM;
}

static enum decode_fault login(const struct packet *p, struct decoded *out)
{
    char imei[17];
    char model[5];

    if (p->len != LOGIN_LEN) {
        return DECODE_LENGTH;
    }
    for (size_t i = 0; i < 8; i++) {
        if ((p->data[i] >> 4) > 9 || (p->data[i] & 0x0f) > 9) {
            return DECODE_RANGE;
        }
        (void)snprintf(imei + 2 * i, 3, "%02x", p->data[i]);
    }
    (void)snprintf(model, sizeof model, "%02x%02x", p->data[8], p->data[9]);
    out->reading.type = TYPE_PARAMETERS;
    out->type_name = "login";
    if (out->reading.device_len == 0) {
        (void)decoded_device(out, imei + 1, 15);
    } /* 16 BCD digits, an IMEI has 15 */
    decoded_extra_text(out, "imei", imei + 1);
    decoded_extra_text(out, "model", model);
    return DECODE_OK;
}

static enum decode_fault heartbeat(const struct packet *p, struct decoded *out)
{
    static const char *const signals[] = {"none", "extremely_weak", "weak", "good", "strong"};
    const uint8_t *b = p->data;

    if (p->len != HEARTBEAT_LEN) {
        return DECODE_LENGTH;
    }
    out->reading.type = TYPE_HEARTBEAT;
    decoded_battery_mv(out, be16_get(b + 1) * 10u);
    decoded_extra_bool(out, "locked", (b[0] & 0x01) != 0);
    decoded_extra_bool(out, "charging", (b[0] & 0x04) != 0);
    decoded_extra_bool(out, "gps", (b[0] & 0x40) != 0);
    if (b[3] < sizeof signals / sizeof signals[0]) {
        decoded_extra_text(out, "signal", signals[b[3]]);
    }
    return DECODE_OK;
}

static enum decode_fault decode(const struct frame *in, struct decoded *out)
{
    struct packet packet;
    enum decode_fault fault = unpack(in, &packet);

    if (fault != DECODE_OK) {
        return fault;
    }
    switch (packet.protocol) {
    case PROTOCOL_LOGIN: return login(&packet, out);
    case PROTOCOL_HEARTBEAT: return heartbeat(&packet, out);
    default: return DECODE_UNKNOWN;
    }
}

const struct sensor_model sensor_model_concox_bl10 = {
    .name = "concox_bl10",
    .doc = "Jimi/Concox BL10 bike lock, frames from a bridge (transportkollektiv/cykel-lock-bl10)",
    .kind = MODEL_LOCK,
    .timing = SENSOR_EVENT_TIMING(PERIOD_MS),
    .decode = decode,
};
