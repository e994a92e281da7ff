/* Modbus TCP frames: MBAP header (transaction, protocol 0, length, unit) and PDU, big-endian.
 * Source: Modbus messaging on TCP/IP 1.0b section 3.1.3; application protocol 1.1b3
 * sections 6.1-6.4 and 7. */
#include "sensors/modbus/reply.h"
#include "bowei/base/bytes.h"

#define MBAP_BYTES     7
#define EXCEPTION_BIT  0x80
#define EXCEPTION_LAST 11

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

static bool header_fine(const struct read_request *request, uint16_t transaction,
                        const uint8_t *adu, size_t len)
{
    return len >= MBAP_BYTES + 2 && be16_get(adu) == transaction && be16_get(adu + 2) == 0 &&
           be16_get(adu + 4) == len - 6 && adu[6] == request->unit;
}

enum reply_kind read_reply_decode(const struct read_request *request, uint16_t transaction,
                                  const uint8_t *adu, size_t len, struct read_reply *out)
{
    bool bits = request->function <= 2;
    size_t bytes = bits ? (request->count + 7u) / 8u : request->count * 2u;
    const uint8_t *data = adu + MBAP_BYTES + 2;

    out->exception = 0;
    if (!header_fine(request, transaction, adu, len)) {
        return REPLY_GARBAGE;
    }
    if (adu[7] == (request->function | EXCEPTION_BIT)) {
        out->exception = adu[8];
        return len == MBAP_BYTES + 2 && adu[8] >= 1 && adu[8] <= EXCEPTION_LAST ? REPLY_EXCEPTION
                                                                                : REPLY_GARBAGE;
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
