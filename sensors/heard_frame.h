#ifndef SENSORS_HEARD_FRAME_H
#define SENSORS_HEARD_FRAME_H

#include "bowei/device_ledger.h"
#include "bowei/envelope.h"

/* From what a driver heard to the record that the ledger keeps of it. */

/** A message of a network server or gateway, opened; borrowed. */
struct heard_frame {
    const struct uplink *uplink;
    const char *text; /**< the whole message, kept where the envelope gave no frame of bytes */
    size_t text_len;
    int64_t wall_ms;
    enum decode_fault fault;
    enum frame_fate fate;
};

/** ledger NULL = nothing is noted. */
void heard_frame_note(struct device_ledger *ledger, const struct inventory *inv, uint32_t device,
                      const struct heard_frame *frame);
/** One point of a Modbus unit: the registers as read (value, then status where the map has one).
 * `changed`: it reads differently; else it is kept only while somebody watches. */
void heard_registers_note(struct device_ledger *ledger, const struct inventory *inv,
                          const struct reading *reading, const uint16_t registers[2],
                          bool has_status, bool changed);

#endif
