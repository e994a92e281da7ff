/* Writes that staff asked for, one at a time between two polls: a write waits for one request at
 * most, and many writes take turns with the polls that are due. A write is made once; what became
 * of it goes to the desk. Called by the line's thread. */
#include "bowei/base/log.h"
#include "sensors/modbus/line_state.h"
#include <stdio.h>

#define AREA "modbus"

static struct write_request request_of(const struct unit *unit, const struct recalibration_job *job)
{
    const struct register_map *map = unit->map;

    return (struct write_request){.unit = (uint8_t)unit->config->unit,
                                  .function = (uint8_t)map->recalibrate.function,
                                  .address = (uint16_t)(map->recalibrate.address - map->base +
                                                        map->recalibrate.stride * job->channel),
                                  .value = (uint16_t)map->recalibrate.value};
}

static enum recalibration_outcome outcome_of(enum port_result result)
{
    switch (result) {
    case PORT_OK: return RECALIBRATION_DONE;
    case PORT_EXCEPTION: return RECALIBRATION_REFUSED;
    case PORT_TIMEOUT:
    case PORT_GARBAGE:
    case PORT_STRAY:
    case PORT_IO:
    case PORT_RESULT_COUNT: break;
    }
    return RECALIBRATION_NO_ANSWER;
}

/* The port can be used now. A write is not repeated, so it does not go to a connection that is shut
 * already, or on which bytes wait that nobody asked for. */
static bool ready(struct line *line)
{
    enum port_result found = port_is_open(&line->port) ? port_look(&line->port) : PORT_OK;

    if (found == PORT_STRAY) {
        line_count(line, COUNT_MODBUS_GARBAGE);
    }
    if (found != PORT_OK) {
        port_close(&line->port);
    }
    return port_is_open(&line->port) || (host_boot_ms() >= line->open_again_ms && line_open(line));
}

static enum recalibration_outcome write_one(struct line *line, struct unit *unit,
                                            const struct recalibration_job *job, uint8_t *exception)
{
    const struct write_request request = request_of(unit, job);
    int64_t begin_ms = host_boot_ms();
    enum port_result result;

    *exception = 0;
    if (unit->identity != IDENTITY_PROVEN) {
        return unit->identity == IDENTITY_WRONG ? RECALIBRATION_WRONG_UNIT
                                                : RECALIBRATION_NO_ANSWER;
    }
    if (!ready(line)) {
        return RECALIBRATION_NO_ANSWER;
    }
    result = port_write(&line->port, &request, line->params.config->response_timeout_ms, exception);
    line_judge(line, unit, result, (uint32_t)(host_boot_ms() - begin_ms));
    return outcome_of(result);
}

static void outcome_log(const struct unit *unit, const struct recalibration_job *job,
                        enum recalibration_outcome outcome, uint8_t exception)
{
    char which[24] = "all channels";

    if (unit->map->recalibrate.stride != 0) {
        (void)snprintf(which, sizeof which, "channel %u", unit->map->first_channel + job->channel);
    }
    if (outcome == RECALIBRATION_REFUSED) {
        log_line(LOG_WARNING, AREA, "%s: recalibration of %s: refused, exception %u", unit->device,
                 which, exception);
    } else {
        log_line(outcome == RECALIBRATION_DONE ? LOG_INFO : LOG_WARNING, AREA,
                 "%s: recalibration of %s: %s", unit->device, which,
                 recalibration_outcome_name(outcome));
    }
}

bool line_write(struct line *line)
{
    struct recalibration_job job;
    enum recalibration_outcome outcome;
    struct unit *unit;
    uint8_t exception;

    if (!recalibration_take(line->queue, &job)) {
        return false;
    }
    unit = &line->units[job.unit];
    outcome = write_one(line, unit, &job, &exception);
    outcome_log(unit, &job, outcome, exception);
    recalibration_end(line->queue, &job, outcome, exception);
    line->wrote = true;
    return true;
}
