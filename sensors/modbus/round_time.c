/* How long requests take on a line. On a serial line a request costs its characters, the silence by
 * which the unit knows its end, the unit's own time, the characters of the reply, and the silence
 * before the next request. Over TCP the bytes cost nothing that counts: the unit's own time is all.
 */
#include "sensors/modbus/round_time.h"

/* Modbus over serial line V1.02, 2.5.1.1: a frame ends with 3.5 characters of silence, reckoned
 * with 11 bits each; above 19200 bit/s with a fixed 1.750 ms. */
#define FAST_BAUD          19200
#define FAST_QUIET_US      1750
#define QUIET_BITS_TIMES_M 38500000 /* 3.5 characters of 11 bits, in millionths of a bit */

/* What this program and the kernel add to each request: two wake-ups, a write and three reads.
 * Measured by tests/bench on a pty and over loopback. */
#define OWN_SERIAL_US 350
#define OWN_TCP_US    60

/* Unit, function, address, count; with the CRC of a serial line or the header of TCP. */
#define REQUEST_RTU_BYTES 8
#define REQUEST_TCP_BYTES 12
/* Unit, function, length; with the same. */
#define REPLY_RTU_BYTES 5
#define REPLY_TCP_BYTES 9

static bool is_serial(const struct line_config *line)
{
    return line->device != NULL && line->baud > 0;
}

uint32_t round_character_bits(const struct line_config *line)
{
    const bool parity = line->parity != NULL && line->parity[0] != 'n';

    return 1 + line->data_bits + (parity ? 1 : 0) + line->stop_bits;
}

int64_t round_character_ns(const struct line_config *line)
{
    return is_serial(line) ? (int64_t)round_character_bits(line) * 1000000000 / (int64_t)line->baud
                           : 0;
}

int64_t round_gap_us(const struct line_config *line)
{
    if (!is_serial(line)) {
        return 0;
    }
    return line->baud > FAST_BAUD ? FAST_QUIET_US : QUIET_BITS_TIMES_M / (int64_t)line->baud + 1;
}

uint32_t round_request_bytes(const struct line_config *line)
{
    return is_serial(line) ? REQUEST_RTU_BYTES : REQUEST_TCP_BYTES;
}

uint32_t round_reply_bytes(const struct line_config *line, uint32_t function, uint32_t count)
{
    const uint32_t data = function <= 2 ? (count + 7) / 8 : count * 2;

    return (is_serial(line) ? REPLY_RTU_BYTES : REPLY_TCP_BYTES) + data;
}

int64_t round_request_us(const struct line_config *line, uint32_t function, uint32_t count)
{
    const int64_t bytes =
        (int64_t)round_request_bytes(line) + round_reply_bytes(line, function, count);
    const int64_t latency_us = (int64_t)line->latency_ms * 1000;

    if (!is_serial(line)) {
        return OWN_TCP_US + latency_us;
    }
    return OWN_SERIAL_US + latency_us + (int64_t)line->turnaround_ms * 1000 +
           2 * round_gap_us(line) + (bytes * round_character_ns(line) + 999) / 1000;
}
