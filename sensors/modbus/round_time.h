#ifndef SENSORS_MODBUS_ROUND_TIME_H
#define SENSORS_MODBUS_ROUND_TIME_H

#include "bowei/config.h"

/* How long requests take on a line: bytes, characters and silences. Pure arithmetic; the port keeps
 * the same silences that `bowei plan` reckons with. */

/** Bits of a character on the wire: start, data, parity, stop. */
uint32_t round_character_bits(const struct line_config *line);
/** Time of one character, ns; 0 on TCP. */
int64_t round_character_ns(const struct line_config *line);
/** Silence that ends a frame, us, without the line's turn-around; 0 on TCP. */
int64_t round_gap_us(const struct line_config *line);
/** Bytes of the request and of its reply, as they stand on the line. function: 1..4. */
uint32_t round_request_bytes(const struct line_config *line);
uint32_t round_reply_bytes(const struct line_config *line, uint32_t function, uint32_t count);
/** From the first bit of one request to the first bit of the next, us. */
int64_t round_request_us(const struct line_config *line, uint32_t function, uint32_t count);

#endif
