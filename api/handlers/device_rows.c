/* Writes what the answers about devices share. Values come from the core (rows) and from the field
 * side's ledger (figures, frames). */
#include "api/handlers/device_rows.h"
#include "api/handlers/staff.h"
#include "bowei/base/bytes.h"
#include <stdio.h>
#include <string.h>

static const char *const value_names[VALUE_COUNT_ + 1] = {
    [VALUE_FREE] = "free",   [VALUE_OCCUPIED] = "occupied",   [VALUE_ALIVE] = "alive",
    [VALUE_FAULT] = "fault", [VALUE_LINK_LOST] = "link_lost", [VALUE_START] = "start",
    [VALUE_JOIN] = "join",   [VALUE_GATE] = "gate",           [VALUE_COUNT_] = "none",
};

static const char *const type_names[TYPE_COUNT_] = {
    [TYPE_STATUS] = "status",   [TYPE_HEARTBEAT] = "heartbeat",
    [TYPE_STARTUP] = "startup", [TYPE_PARAMETERS] = "parameters",
    [TYPE_FAULT] = "fault",     [TYPE_OFFLINE] = "offline",
    [TYPE_JOIN] = "join",       [TYPE_SAMPLE] = "sample",
};

const char *reading_value_name(uint8_t value)
{
    return value <= VALUE_COUNT_ ? value_names[value] : "none";
}

space_key device_target(const struct inventory *inv, const struct inv_sensor *sensor)
{
    return sensor->gate ? inv->lots[sensor->target].key : inv->spaces[sensor->target].key;
}

void time_member(struct json_writer *w, const char *key, bool known, int64_t wall_ms)
{
    if (known) {
        json_kv_time(w, key, wall_ms);
    } else {
        json_kv_null(w, key);
    }
}

void number_member(struct json_writer *w, const char *key, int64_t value)
{
    if (value == 0) {
        json_kv_null(w, key);
    } else {
        json_kv_i64(w, key, value);
    }
}

static void rhythm_of(const struct request *rq, uint32_t sensor, struct rhythm *out)
{
    const struct ledger_port *port = &rq->api->p.ledger;

    *out = (struct rhythm){0};
    if (port->ledger != NULL) {
        (void)port->rhythm(port->ledger, rq->inv->version, sensor, out);
    }
}

uint8_t device_suspicions(const struct request *rq, const struct device_health *row)
{
    struct rhythm rhythm;

    rhythm_of(rq, row->sensor, &rhythm);
    return (uint8_t)(rhythm.suspicions | (row->flapping ? 1u << SUSPICION_FLAPPING : 0));
}

static void suspicions_write(struct request *rq, struct json_writer *w,
                             const struct device_health *row)
{
    const uint8_t bits = device_suspicions(rq, row);

    json_key(w, "suspicions");
    json_array(w);
    for (unsigned i = 0; i < SUSPICION_COUNT; i++) {
        if (bits >> i & 1) {
            json_str(w, suspicion_name((enum suspicion)i));
        }
    }
    json_array_end(w);
}

static void figures_write(struct request *rq, struct json_writer *w, uint32_t device)
{
    const struct ledger_port *port = &rq->api->p.ledger;
    struct device_figures figures = {0};

    if (port->ledger != NULL) {
        (void)port->figures(port->ledger, rq->inv->version, device, &figures);
    }
    json_kv_u64(w, "frames", figures.frames);
    json_kv_u64(w, "lost", figures.lost);
    json_kv_u64(w, "duplicates", figures.duplicates);
    json_kv_u64(w, "refused", figures.refusals);
    if (figures.offset_known) {
        json_kv_i64(w, "clock_offset_s", figures.offset_s);
    } else {
        json_kv_null(w, "clock_offset_s");
    }
}

void device_row_write(struct request *rq, struct json_writer *w, const struct device_health *row)
{
    const struct inventory *inv = rq->inv;
    const struct inv_device *device = &inv->devices[row->device];
    const struct inv_sensor *sensor = &inv->sensors[row->sensor];
    char place[SPACE_ID_LEN + 1];

    space_id_format(device_target(inv, sensor), place);
    json_object(w);
    json_kv_str(w, "id", inventory_text(inv, device->id));
    json_kv_u64(w, "channel", row->channel);
    json_kv_str(w, "source", inv->sources[device->source]);
    json_kv_str(w, "model", inv->models[device->model]);
    json_kv_str(w, sensor->gate ? "lot" : "space", place);
    json_kv_u64(w, "rank", sensor->rank);
    json_kv_bool(w, "inverted", sensor->inverted);
    time_member(w, "heard", row->ever_heard, row->heard_ms + rq->now.shift_ms);
    json_key(w, "value");
    if (row->ever_heard) {
        json_str(w, reading_value_name(row->value));
    } else {
        json_null(w);
    }
    json_kv_bool(w, "live", row->live);
    json_kv_bool(w, "suspect", row->suspect);
    json_kv_bool(w, "in_test", row->in_test);
    time_member(w, "test_until", row->in_test, row->test_until_ms + rq->now.shift_ms);
    json_kv_bool(w, "flapping", row->flapping);
    json_kv_bool(w, "battery_low", row->battery_low);
    number_member(w, "battery_mv", row->battery_mv);
    number_member(w, "rssi_dbm", row->rssi_dbm);
    json_kv_u64(w, "counter", row->counter);
    figures_write(rq, w, row->device);
    suspicions_write(rq, w, row);
    recalibration_member(rq, w, inventory_text(inv, device->id), row->channel);
    json_object_end(w);
}

/* --- raw frames --- */

#define FRAME_TEXT_CAP (2 * FRAME_BYTES_MAX + 1)

static void hex_write(struct json_writer *w, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char text[FRAME_TEXT_CAP];

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * len] = '\0';
    json_kv_str(w, "hex", text);
}

/* A text cut at its end may end within a character: what is left of that one goes. */
static void text_write(struct json_writer *w, const uint8_t *bytes, size_t len)
{
    while (len > 0 && !utf8_valid((const char *)bytes, len)) {
        len--;
    }
    json_key(w, "text");
    json_strn(w, (const char *)bytes, len);
}

static void registers_write(struct json_writer *w, const uint8_t *bytes, size_t len)
{
    json_key(w, "registers");
    json_array(w);
    for (size_t i = 0; i + 1 < len; i += 2) {
        json_u64(w, (uint64_t)bytes[i] << 8 | bytes[i + 1]);
    }
    json_array_end(w);
}

static void decoded_write(struct json_writer *w, const struct frame_record *rec)
{
    json_key(w, "decoded");
    json_object(w);
    json_kv_str(w, "type", rec->type < TYPE_COUNT_ ? type_names[rec->type] : "unknown");
    json_kv_str(w, "value", reading_value_name(rec->value));
    if (rec->has & HAS_BATTERY) {
        json_kv_u64(w, "battery_mv", rec->battery_mv);
    }
    if (rec->has & HAS_BATTERY_LOW) {
        json_kv_bool(w, "battery_low", rec->battery_low);
    }
    if (rec->has & HAS_TEMPERATURE) {
        json_key(w, "temperature_c");
        json_fixed(w, rec->temperature_dc, 1);
    }
    json_object_end(w);
}

void frame_write(const struct ledger_port *ledger, struct json_writer *w,
                 const struct frame_record *rec)
{
    const size_t kept = rec->len < FRAME_BYTES_MAX ? rec->len : FRAME_BYTES_MAX;

    json_object(w);
    json_kv_u64(w, "number", rec->number);
    json_kv_time(w, "time", rec->wall_ms);
    if (rec->has & HAS_NET_TIME) {
        json_kv_time(w, "net_time", rec->net_time_ms);
    }
    switch ((enum frame_form)rec->form) {
    case FRAME_HEX:
        json_kv_u64(w, "fport", rec->fport);
        hex_write(w, rec->bytes, kept);
        break;
    case FRAME_TEXT: text_write(w, rec->bytes, kept); break;
    case FRAME_REGISTERS:
        json_kv_u64(w, "channel", rec->channel);
        registers_write(w, rec->bytes, kept);
        break;
    case FRAME_FORM_COUNT: break;
    }
    json_kv_u64(w, "length", rec->len);
    if (rec->has & HAS_COUNTER) {
        json_kv_u64(w, "counter", rec->counter);
    }
    if (rec->has & HAS_RSSI) {
        json_kv_i64(w, "rssi_dbm", rec->rssi_dbm);
    }
    json_kv_str(w, "fate", ledger->fate_name((enum frame_fate)rec->fate));
    if (rec->fate == FRAME_REFUSED) {
        json_kv_str(w, "refused", ledger->fault_name((enum decode_fault)rec->fault));
    } else {
        decoded_write(w, rec);
    }
    json_object_end(w);
}
