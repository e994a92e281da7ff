/* Modbus TCP frames: MBAP header (transaction, protocol 0, length, unit) and PDU, big-endian.
 * Source: Modbus messaging on TCP/IP 1.0b section 3.1.3; application protocol 1.1b3
 * sections 6.1-6.6, 6.12 and 7. */
#include "sensors/modbus/reply.h"
#include "bowei/base/bytes.h"
#include <string.h>

#define MBAP_BYTES     7
#define EXCEPTION_BIT  0x80
#define EXCEPTION_LAST 11
#define COIL_ON        0xff00 /* section 6.5 */

static void be16_put(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

void read_request_encode(const struct read_request *request, uint16_t transaction,
                         uint8_t out[TCP_REQUEST_BYTES])
{
    be16_put(out, transaction);
    be16_put(out + 2, 0);
    be16_put(out + 4, TCP_REQUEST_BYTES - 6);
    out[6] = request->unit;
    out[7] = request->function;
    be16_put(out + 8, request->address);
    be16_put(out + 10, request->count);
}

static bool header_fine(uint8_t unit, uint16_t transaction, const uint8_t *adu, size_t len)
{
    return len >= MBAP_BYTES + 2 && be16_get(adu) == transaction && be16_get(adu + 2) == 0 &&
           be16_get(adu + 4) == len - 6 && adu[6] == unit;
}

size_t reply_stray_len(const uint8_t *bytes, size_t len, uint16_t transaction, uint16_t back)
{
    size_t frame;
    uint16_t age;

    if (len < MBAP_BYTES + 2 || be16_get(bytes + 2) != 0) {
        return 0;
    }
    frame = 6u + be16_get(bytes + 4);
    age = (uint16_t)(transaction - be16_get(bytes));
    return frame >= MBAP_BYTES + 2 && frame <= len && age >= 1 && age <= back ? frame : 0;
}

/* Of a frame whose header is fine and whose function has the exception bit. */
static enum reply_kind exception_decode(const uint8_t *adu, size_t len, uint8_t *exception)
{
    *exception = adu[8];
    return len == MBAP_BYTES + 2 && adu[8] >= 1 && adu[8] <= EXCEPTION_LAST ? REPLY_EXCEPTION
                                                                            : REPLY_GARBAGE;
}

enum reply_kind read_reply_decode(const struct read_request *request, uint16_t transaction,
                                  const uint8_t *adu, size_t len, struct read_reply *out)
{
    bool bits = request->function <= 2;
    size_t bytes = bits ? (request->count + 7u) / 8u : request->count * 2u;
    const uint8_t *data = adu + MBAP_BYTES + 2;

    out->exception = 0;
    if (!header_fine(request->unit, transaction, adu, len)) {
        return REPLY_GARBAGE;
    }
    if (adu[7] == (request->function | EXCEPTION_BIT)) {
        return exception_decode(adu, len, &out->exception);
    }
    if (adu[7] != request->function || adu[8] != bytes || len != MBAP_BYTES + 2 + bytes ||
        request->count > REPLY_VALUES_MAX) {
        return REPLY_GARBAGE;
    }
    for (size_t i = 0; i < request->count; i++) {
        if (bits) {
            out->values[i] = (uint16_t)((unsigned)data[i / 8] >> (i % 8) & 1u);
        } else {
            out->values[i] = be16_get(data + 2 * i);
        }
    }
    return REPLY_OK;
}

/* Unit, function, address and value: what a confirmation of function 5 or 6 repeats. */
static void write_head(const struct write_request *request, uint8_t out[6])
{
    out[0] = request->unit;
    out[1] = request->function;
    be16_put(out + 2, request->address);
    if (request->function == 16) {
        be16_put(out + 4, 1);
    } else if (request->function == 5) {
        be16_put(out + 4, request->value != 0 ? COIL_ON : 0);
    } else {
        be16_put(out + 4, request->value);
    }
}

size_t write_request_encode(const struct write_request *request, uint16_t transaction,
                            uint8_t out[TCP_WRITE_BYTES])
{
    const size_t len = request->function == 16 ? TCP_WRITE_BYTES : TCP_REQUEST_BYTES;

    be16_put(out, transaction);
    be16_put(out + 2, 0);
    be16_put(out + 4, (uint16_t)(len - 6));
    write_head(request, out + 6);
    if (request->function == 16) {
        out[12] = 2;
        be16_put(out + 13, request->value);
    }
    return len;
}

enum reply_kind write_reply_decode(const struct write_request *request, uint16_t transaction,
                                   const uint8_t *adu, size_t len, uint8_t *exception)
{
    uint8_t head[6];

    *exception = 0;
    if (!header_fine(request->unit, transaction, adu, len)) {
        return REPLY_GARBAGE;
    }
    if (adu[7] == (request->function | EXCEPTION_BIT)) {
        return exception_decode(adu, len, exception);
    }
    write_head(request, head);
    return len == TCP_REQUEST_BYTES && memcmp(adu + 6, head, sizeof head) == 0 ? REPLY_OK
                                                                               : REPLY_GARBAGE;
}
