/* GET /v1/devices/{device}: all that is known of one device, for the technician who stands before
 * it. Asking for it keeps its raw frames apart from then on. */
#include "api/handlers/asking.h"
#include "api/handlers/device_rows.h"
#include <string.h>

#define CHANNELS_MAX 1000u

static request_answer device_answer;

void device_get(struct request *rq)
{
    const size_t len = strlen(rq->match.argument);
    const uint32_t device = inventory_device(rq->inv, rq->match.argument, len);

    if (device == NO_SLOT) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such device");
        return;
    }
    if (!asking_open(rq, COMMAND_DEVICE, CHANNELS_MAX, device_answer)) {
        return;
    }
    rq->pending->command.device = device;
    asking_submit(rq);
}

static void refusals_write(struct request *rq, struct json_writer *w)
{
    const struct ledger_port *port = &rq->api->p.ledger;
    uint16_t refused[DECODE_FAULT_COUNT] = {0};

    if (port->ledger != NULL) {
        port->refusals(port->ledger, rq->match.argument, strlen(rq->match.argument), refused);
    }
    json_key(w, "refused_by_reason");
    json_object(w);
    for (unsigned i = 0; i < DECODE_FAULT_COUNT; i++) {
        if (refused[i] != 0) {
            json_kv_u64(w, port->fault_name((enum decode_fault)i), refused[i]);
        }
    }
    json_object_end(w);
}

/* Each suspicion of a channel with what speaks for it. */
static void evidence_write(struct request *rq, struct json_writer *w,
                           const struct device_health *row)
{
    const struct ledger_port *port = &rq->api->p.ledger;
    const struct inv_sensor *is = &rq->inv->sensors[row->sensor];
    const uint8_t bits = device_suspicions(rq, row);
    struct rhythm rhythm = {0};
    struct lot_pulse pulse;

    if (bits == 0) {
        return;
    }
    if (port->ledger != NULL) {
        (void)port->rhythm(port->ledger, rq->inv->version, row->sensor, &rhythm);
    }
    suspicion_pulse(rq->api->p.view, rq->inv, &rq->now, rq->api->p.config->devices.stuck_days,
                    is->gate ? is->target : rq->inv->spaces[is->target].lot, &pulse);
    for (unsigned i = 0; i < SUSPICION_COUNT; i++) {
        char text[SUSPICION_TEXT];

        if (bits >> i & 1) {
            suspicion_evidence((enum suspicion)i, row, &rhythm, &pulse, text);
            json_object(w);
            json_kv_str(w, "suspicion", suspicion_name((enum suspicion)i));
            json_kv_u64(w, "channel", row->channel);
            json_kv_str(w, "evidence", text);
            json_object_end(w);
        }
    }
}

static void frames_write(struct request *rq, struct json_writer *w)
{
    const struct ledger_port *port = &rq->api->p.ledger;
    const size_t len = strlen(rq->match.argument);
    struct frame_record frames[LEDGER_FRAMES];
    uint32_t n = 0;

    if (port->ledger != NULL) {
        port->watch(port->ledger, rq->match.argument, len);
        n = port->frames(port->ledger, rq->match.argument, len, 0, frames, LEDGER_FRAMES);
    }
    json_key(w, "recent");
    json_array(w);
    for (uint32_t i = 0; i < n; i++) {
        frame_write(port, w, &frames[i]);
    }
    json_array_end(w);
}

static void device_answer(struct request *rq)
{
    const struct command *command = &rq->pending->command;
    struct strbuf out = {0};
    struct json_writer w;

    if (command->inventory_version != rq->inv->version) {
        respond_problem(rq, ERR_UNAVAILABLE, "the inventory has changed meanwhile, ask again");
        return;
    }
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "id", rq->match.argument);
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_kv_str(&w, "source", rq->inv->sources[rq->inv->devices[command->device].source]);
    json_kv_str(&w, "model", rq->inv->models[rq->inv->devices[command->device].model]);
    refusals_write(rq, &w);
    json_key(&w, "channels");
    json_array(&w);
    for (uint32_t i = 0; i < command->devices_count; i++) {
        device_row_write(rq, &w, &command->devices[i]);
    }
    json_array_end(&w);
    json_key(&w, "evidence");
    json_array(&w);
    for (uint32_t i = 0; i < command->devices_count; i++) {
        evidence_write(rq, &w, &command->devices[i]);
    }
    json_array_end(&w);
    frames_write(rq, &w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}
