#ifndef SENSORS_MODBUS_REPLY_H
#define SENSORS_MODBUS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Modbus TCP frames of the four read functions and three write functions. Pure. libmodbus takes a
 * reply of any unit and any MBAP length; a value of another unit is another bay's, so every field
 * is checked here. */

#define TCP_REQUEST_BYTES 12
#define REPLY_VALUES_MAX  2000
#define TCP_WRITE_BYTES   15 /* the longest write: function 16 of one register */

struct read_request {
    uint8_t unit;
    uint8_t function; /**< 1..4 */
    uint16_t address;
    uint16_t count;
};

/** Of one coil (function 5: value 0 or 1) or one register (6, 16). */
struct write_request {
    uint8_t unit;
    uint8_t function; /**< 5, 6 or 16 */
    uint16_t address;
    uint16_t value;
};

/** The whole frame in front of `bytes` when it answers one of the `back` requests before the
 * transaction, 0 when that is none, and when it is not all there. */
size_t reply_stray_len(const uint8_t *bytes, size_t len, uint16_t transaction, uint16_t back);

enum reply_kind { REPLY_OK, REPLY_EXCEPTION, REPLY_GARBAGE };

struct read_reply {
    uint8_t exception;
    uint16_t values[REPLY_VALUES_MAX]; /**< registers, or bits as 0 and 1 */
};

void read_request_encode(const struct read_request *request, uint16_t transaction,
                         uint8_t out[TCP_REQUEST_BYTES]);
/** The reply to exactly that request, or garbage. */
enum reply_kind read_reply_decode(const struct read_request *request, uint16_t transaction,
                                  const uint8_t *adu, size_t len, struct read_reply *out);

/** Bytes of the frame. */
size_t write_request_encode(const struct write_request *request, uint16_t transaction,
                            uint8_t out[TCP_WRITE_BYTES]);
/** Only the exact confirmation is REPLY_OK; *exception is set of REPLY_EXCEPTION. */
enum reply_kind write_reply_decode(const struct write_request *request, uint16_t transaction,
                                   const uint8_t *adu, size_t len, uint8_t *exception);

#endif
