#ifndef SENSORS_SIM_MODBUS_WIRE_H
#define SENSORS_SIM_MODBUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One byte stream to a master, TCP or serial: what came in, and the reply that is on its way out,
 * at once, late or dripping. One reply at a time: a new one takes the place of one that is not out
 * yet, as its master has given up. */

#define WIRE_CAP 512

struct wire {
    int fd;
    uint8_t in[WIRE_CAP];
    size_t in_len;
    int64_t heard_ms; /**< when the last byte came in */
    uint8_t out[WIRE_CAP];
    size_t out_len, out_at;
    int64_t due_ms;  /**< the next byte of out goes then */
    int32_t drip_ms; /**< > 0: between two bytes */
};

/** Reads what is there. False: the other side is gone. */
bool wire_read(struct wire *w, int64_t now_ms);
/** Takes `len` bytes off the front of in. */
void wire_consume(struct wire *w, size_t len);
/** Queues a reply and sends what is due. */
void wire_reply(struct wire *w, const uint8_t *data, size_t len, int64_t due_ms, int32_t drip_ms);
/** Sends what is due. False: the other side is gone. */
bool wire_flush(struct wire *w, int64_t now_ms);
bool wire_waits(const struct wire *w);

#endif
