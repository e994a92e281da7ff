/* POST /v1/devices/{id}/recalibrate: "this space is empty now". Checked against the device's
 * register map, decided by the core (is the space known free?), audited, and only then put into the
 * queue of the device's line: an answer other than 202 means that nothing is written. */
#include "api/handlers/asking.h"
#include "api/handlers/places.h"
#include "api/handlers/staff.h"
#include "bowei/base/json_write.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static request_answer recalibrate_answer;

/* The channels that the command means; freed by the caller, NULL on no memory. One channel, or all
 * that are bound. */
static uint16_t *channels_of(const struct request *rq, uint32_t *count)
{
    const struct command *command = &rq->pending->command;
    const struct inventory *inv = rq->inv;
    const uint32_t index = inventory_device(inv, rq->match.argument, strlen(rq->match.argument));
    const uint32_t bound = index == NO_SLOT ? 0 : inv->devices[index].sensor_count;
    uint16_t *channels = calloc(bound + 1U, sizeof *channels);

    *count = 0;
    if (channels != NULL && command->channel != COMMAND_ALL_CHANNELS) {
        channels[(*count)++] = (uint16_t)command->channel;
        return channels;
    }
    for (uint32_t i = 0; channels != NULL && i < bound; i++) {
        const uint32_t sensor = inventory_device_sensors(inv, index)[i];
        uint32_t k = 0;

        while (k < *count && channels[k] != inv->sensors[sensor].channel) {
            k++;
        }
        if (k == *count) { /* a channel may watch several places */
            channels[(*count)++] = inv->sensors[sensor].channel;
        }
    }
    return channels;
}

/* Answers and returns false when the device's map does not allow it. */
static bool map_allows(struct request *rq, const uint16_t *channels, uint32_t count)
{
    const struct recalibration_port *port = &rq->api->p.recalibration;
    struct command *command = &rq->pending->command;
    char detail[160] = "no space is bound to the device; say which channel";
    bool whole_unit = false;
    enum err e = count == 0 ? ERR_UNPROCESSABLE : ERR_OK;

    if (port->check == NULL) {
        respond_problem(rq, ERR_CONFLICT, "this server polls no devices");
        return false;
    }
    for (uint32_t i = 0; i < count && e == ERR_OK; i++) {
        e = port->check(port->ctx, rq->match.argument, channels[i], &whole_unit, detail);
    }
    if (e != ERR_OK) {
        respond_problem(rq, e, detail);
        return false;
    }
    if (whole_unit && rq->inv->devices[command->device].sensor_count > 0) {
        command->channel = COMMAND_ALL_CHANNELS; /* one write for all: all must be empty */
    }
    return true;
}

/* What was asked for, in front of the reason: the audit row has no fields for it. */
static void note_compose(struct command *command)
{
    char reason[COMMAND_NOTE_MAX];
    char channel[24] = "all channels";

    memcpy(reason, command->note, sizeof reason);
    if (command->channel != COMMAND_ALL_CHANNELS) {
        (void)snprintf(channel, sizeof channel, "channel %u", command->channel);
    }
    (void)snprintf(command->note, sizeof command->note, "%s%s%s%.80s", channel,
                   command->force ? ", forced" : "", reason[0] != '\0' ? ": " : "", reason);
}

void device_recalibrate_post(struct request *rq)
{
    const uint32_t device =
        inventory_device(rq->inv, rq->match.argument, strlen(rq->match.argument));
    struct command *command;
    uint16_t *channels;
    uint32_t count;
    bool allowed;

    if (device == NO_SLOT) {
        respond_problem(rq, ERR_NOT_FOUND, "there is no such device");
        return;
    }
    if (!asking_open_kept(rq, COMMAND_DEVICE_RECALIBRATE, recalibrate_answer)) {
        return;
    }
    command = &rq->pending->command;
    command->device = device;
    command->channel = COMMAND_ALL_CHANNELS;
    if (!staff_body_read(rq)) {
        return;
    }
    if (command->force && command->note[0] == '\0') {
        faults_add(&rq->faults, "/reason", "is required with force");
        respond_faults(rq, ERR_UNPROCESSABLE, &rq->faults);
        return;
    }
    channels = channels_of(rq, &count);
    if (channels == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    allowed = map_allows(rq, channels, count);
    free(channels);
    if (allowed) {
        note_compose(command);
        asking_submit(rq);
    }
}

static void asked_write(struct request *rq, const uint16_t *channels, uint32_t count)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "id", rq->match.argument);
    json_key(&w, "channels");
    json_array(&w);
    for (uint32_t i = 0; i < count; i++) {
        json_u64(&w, channels[i]);
    }
    json_array_end(&w);
    json_kv_str(&w, "outcome", recalibration_outcome_name(RECALIBRATION_QUEUED));
    json_object_end(&w);
    respond_text(rq, 202, type_json, &out);
}

static void recalibrate_answer(struct request *rq)
{
    const struct recalibration_port *port = &rq->api->p.recalibration;
    char detail[160] = "";
    uint32_t count;
    uint16_t *channels = channels_of(rq, &count);
    enum err e = ERR_NO_MEMORY;

    if (channels != NULL) {
        e = port->ask(port->ctx, rq->match.argument, channels, count, detail);
    }
    if (e == ERR_OK) {
        asked_write(rq, channels, count);
    } else {
        respond_problem(rq, e, detail[0] != '\0' ? detail : NULL);
    }
    free(channels);
}

void recalibration_member(struct request *rq, struct json_writer *w, const char *device,
                          uint16_t channel)
{
    const struct recalibration_port *port = &rq->api->p.recalibration;
    struct recalibration last;

    json_key(w, "recalibration");
    if (port->last == NULL || !port->last(port->ctx, device, channel, &last)) {
        json_null(w);
        return;
    }
    json_object(w);
    json_kv_str(w, "outcome", recalibration_outcome_name((enum recalibration_outcome)last.outcome));
    if (last.exception != 0) {
        json_kv_u64(w, "exception", last.exception);
    } else {
        json_kv_null(w, "exception");
    }
    json_kv_time(w, "asked", last.asked_wall_ms);
    if (last.ended_wall_ms != 0) {
        json_kv_time(w, "ended", last.ended_wall_ms);
    } else {
        json_kv_null(w, "ended");
    }
    json_object_end(w);
}
