#ifndef SENSORS_SIM_MODBUS_SLAVE_H
#define SENSORS_SIM_MODBUS_SLAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a Modbus unit answers: a request PDU in, a reply PDU out. Pure but for the values it asks
 * for. Modbus application protocol V1.1b3, section 6. */

#define SLAVE_PDU_MAX 253

enum slave_table { SLAVE_BITS, SLAVE_REGISTERS, SLAVE_TABLE_COUNT };

struct slave {
    enum slave_table table; /**< discrete inputs and coils, or holding and input registers */
    uint32_t addresses;     /**< 0 .. addresses - 1 exist */
    uint16_t (*value)(void *ctx, uint16_t address);
    /** A write that was taken (functions 5, 6 and 16); NULL: taken, and nobody cares. */
    void (*wrote)(void *ctx, uint16_t address, uint16_t value);
    void *ctx;
};

/** Bytes of the request PDU of which the first `len` are here, as far as they tell; 0 = not yet. */
size_t slave_request_len(const uint8_t *request, size_t len);
/** Length of the reply in out (1 .. SLAVE_PDU_MAX); 0 for an empty request. */
size_t slave_reply(const struct slave *slave, const uint8_t *request, size_t len,
                   uint8_t out[SLAVE_PDU_MAX]);
/** An exception reply; 2 bytes. */
size_t slave_exception(uint8_t function, uint8_t code, uint8_t out[SLAVE_PDU_MAX]);
/** CRC-16 of the serial frame, low byte first on the wire (Modbus over serial line V1.02, 6.2.2).
 */
uint16_t slave_crc16(const uint8_t *data, size_t len);

#endif
