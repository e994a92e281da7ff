/* Replies of the simulated Modbus units; see slave.h. */
#include "sensors/sim/modbus/slave.h"
#include "bowei/base/bytes.h"
#include <string.h>

#define ILLEGAL_FUNCTION 1
#define ILLEGAL_ADDRESS  2
#define ILLEGAL_VALUE    3
#define EXCEPTION_BIT    0x80
#define BITS_MAX         2000
#define REGISTERS_MAX    125
#define WRITE_COIL       5
#define WRITE_REGISTER   6
#define WRITE_REGISTERS  16
#define WRITE_MAX        123 /* registers */
#define COIL_ON          0xff00

size_t slave_exception(uint8_t function, uint8_t code, uint8_t out[SLAVE_PDU_MAX])
{
    out[0] = function | EXCEPTION_BIT;
    out[1] = code;
    return 2;
}

uint16_t slave_crc16(const uint8_t *data, size_t len)
{
    uint16_t crc = 0xffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xa001 : crc >> 1);
        }
    }
    return crc;
}

static size_t read_bits(const struct slave *s, uint16_t first, uint16_t count, uint8_t *out)
{
    const size_t bytes = ((size_t)count + 7) / 8;

    out[1] = (uint8_t)bytes;
    memset(out + 2, 0, bytes);
    for (uint16_t i = 0; i < count; i++) {
        if (s->value(s->ctx, (uint16_t)(first + i)) != 0) {
            out[2 + i / 8] |= (uint8_t)(1u << (i % 8));
        }
    }
    return 2 + bytes;
}

static size_t read_registers(const struct slave *s, uint16_t first, uint16_t count, uint8_t *out)
{
    out[1] = (uint8_t)(count * 2);
    for (uint16_t i = 0; i < count; i++) {
        const uint16_t v = s->value(s->ctx, (uint16_t)(first + i));

        out[2 + 2 * i] = (uint8_t)(v >> 8);
        out[3 + 2 * i] = (uint8_t)v;
    }
    return 2 + 2 * (size_t)count;
}

size_t slave_request_len(const uint8_t *request, size_t len)
{
    if (len == 0 || request[0] != WRITE_REGISTERS) {
        return len == 0 ? 0 : 5;
    }
    return len < 6 ? 0 : 6 + (size_t)request[5];
}

/* One coil or one register: the reply repeats the request. */
static size_t write_one(const struct slave *s, const uint8_t *request, size_t len, uint8_t *out)
{
    const uint16_t address = be16_get(request + 1);
    const uint16_t value = be16_get(request + 3);

    if (request[0] == WRITE_COIL && value != 0 && value != COIL_ON) {
        return slave_exception(request[0], ILLEGAL_VALUE, out);
    }
    if (address >= s->addresses) {
        return slave_exception(request[0], ILLEGAL_ADDRESS, out);
    }
    if (s->wrote != NULL) {
        s->wrote(s->ctx, address, value);
    }
    memcpy(out, request, len);
    return len;
}

static size_t write_many(const struct slave *s, const uint8_t *request, size_t len, uint8_t *out)
{
    const uint16_t first = be16_get(request + 1);
    const uint16_t count = be16_get(request + 3);

    if (count == 0 || count > WRITE_MAX || request[5] != count * 2 || len != 6 + count * 2U) {
        return slave_exception(request[0], ILLEGAL_VALUE, out);
    }
    if ((uint32_t)first + count > s->addresses) {
        return slave_exception(request[0], ILLEGAL_ADDRESS, out);
    }
    for (uint16_t i = 0; i < count && s->wrote != NULL; i++) {
        s->wrote(s->ctx, (uint16_t)(first + i), be16_get(request + 6 + 2 * i));
    }
    memcpy(out, request, 5);
    return 5;
}

/* A baseline or control register, or a coil: taken, with no effect on what the sensor sees. */
static size_t write_reply(const struct slave *s, const uint8_t *request, size_t len, uint8_t *out)
{
    const bool fits = (request[0] == WRITE_COIL) == (s->table == SLAVE_BITS);

    if (!fits) {
        return slave_exception(request[0], ILLEGAL_FUNCTION, out);
    }
    if (len < (request[0] == WRITE_REGISTERS ? 8U : 5U)) {
        return slave_exception(request[0], ILLEGAL_VALUE, out);
    }
    return request[0] == WRITE_REGISTERS ? write_many(s, request, len, out)
                                         : write_one(s, request, 5, out);
}

size_t slave_reply(const struct slave *slave, const uint8_t *request, size_t len,
                   uint8_t out[SLAVE_PDU_MAX])
{
    const bool bits = slave->table == SLAVE_BITS;
    uint16_t first;
    uint16_t count;

    if (len == 0) {
        return 0;
    }
    out[0] = request[0];
    if (request[0] == WRITE_COIL || request[0] == WRITE_REGISTER || request[0] == WRITE_REGISTERS) {
        return write_reply(slave, request, len, out);
    }
    if (bits ? request[0] != 1 && request[0] != 2 : request[0] != 3 && request[0] != 4) {
        return slave_exception(request[0], ILLEGAL_FUNCTION, out);
    }
    if (len != 5) {
        return slave_exception(request[0], ILLEGAL_VALUE, out);
    }
    first = be16_get(request + 1);
    count = be16_get(request + 3);
    if (count == 0 || count > (bits ? BITS_MAX : REGISTERS_MAX)) {
        return slave_exception(request[0], ILLEGAL_VALUE, out);
    }
    if ((uint32_t)first + count > slave->addresses) {
        return slave_exception(request[0], ILLEGAL_ADDRESS, out);
    }
    return bits ? read_bits(slave, first, count, out) : read_registers(slave, first, count, out);
}
