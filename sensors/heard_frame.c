/* Makes the ledger's record of a frame: bytes where the device sent bytes, the message's text where
 * it is all there is, registers of a poll. Called by hearing.c and by Modbus units. */
#include "sensors/heard_frame.h"
#include "bowei/base/city_clock.h"
#include <string.h>

static void take_reading(struct frame_record *rec, const struct reading *r)
{
    rec->net_time_ms = r->net_time_ms;
    rec->counter = r->counter;
    rec->channel = r->channel;
    rec->has = r->has;
    rec->value = r->value;
    rec->type = r->type;
    rec->battery_low = r->battery_low;
    rec->rssi_dbm = r->rssi_dbm;
    rec->temperature_dc = r->temperature_dc;
    rec->battery_mv = r->battery_mv;
}

static void take_bytes(struct frame_record *rec, enum frame_form form, const void *bytes,
                       size_t len)
{
    rec->form = (uint8_t)form;
    rec->len = (uint16_t)(len < UINT16_MAX ? len : UINT16_MAX);
    memcpy(rec->bytes, bytes, len < FRAME_BYTES_MAX ? len : FRAME_BYTES_MAX);
}

void heard_frame_note(struct device_ledger *ledger, const struct inventory *inv, uint32_t device,
                      const struct heard_frame *frame)
{
    const struct uplink *uplink = frame->uplink;
    struct frame_record rec;

    if (ledger == NULL) {
        return;
    }
    memset(&rec, 0, offsetof(struct frame_record, bytes));
    take_reading(&rec, &uplink->decoded.reading);
    rec.wall_ms = frame->wall_ms;
    rec.fault = (uint8_t)frame->fault;
    rec.fate = (uint8_t)frame->fate;
    if (uplink->kind == UPLINK_FRAME) {
        rec.fport = uplink->fport;
        take_bytes(&rec, FRAME_HEX, uplink->bytes, uplink->len);
    } else {
        take_bytes(&rec, FRAME_TEXT, frame->text, frame->text_len);
    }
    device_ledger_note(ledger, inv, device, &rec);
}

void heard_registers_note(struct device_ledger *ledger, const struct inventory *inv,
                          const struct reading *reading, const uint16_t registers[2],
                          bool has_status, bool changed)
{
    const uint8_t bytes[4] = {(uint8_t)(registers[0] >> 8), (uint8_t)registers[0],
                              (uint8_t)(registers[1] >> 8), (uint8_t)registers[1]};
    const uint32_t device =
        ledger == NULL ? NO_SLOT : inventory_device(inv, reading->device, reading->device_len);
    struct frame_record rec;

    if (device == NO_SLOT) {
        return;
    }
    memset(&rec, 0, offsetof(struct frame_record, bytes));
    take_reading(&rec, reading);
    rec.wall_ms = host_wall_ms();
    rec.fate = reading->sensor == NO_SENSOR ? FRAME_UNBOUND : FRAME_TAKEN;
    take_bytes(&rec, FRAME_REGISTERS, bytes, has_status ? 4 : 2);
    if (changed) {
        device_ledger_note(ledger, inv, device, &rec);
    } else {
        device_ledger_glance(ledger, inv, device, &rec);
    }
}
