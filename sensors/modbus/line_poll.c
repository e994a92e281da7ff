/* One round of one unit: its identity where that is in doubt, then the requests of its plan;
 * between two of them a write that waits. An exception is an answer: it may say that the plan reads
 * over a hole (split, once and for good), that the map is wrong (asked seldom from then on), or
 * that the unit is not there behind its gateway. Called by the line's thread. */
#include "bowei/base/log.h"
#include "sensors/modbus/line_state.h"

#define AREA           "modbus"
#define REFUSED_LOG_MS 60000 /* of one unit in the log; each exception is counted */
#define SPLIT_LOG_MS   10000

/* Modbus application protocol 1.1b3 section 7. */
enum exception {
    EXCEPTION_FUNCTION = 1,
    EXCEPTION_ADDRESS = 2,
    EXCEPTION_VALUE = 3,
    EXCEPTION_PATH = 10,
    EXCEPTION_TARGET = 11
};

static bool is_final(uint8_t exception)
{
    return exception == EXCEPTION_FUNCTION || exception == EXCEPTION_ADDRESS ||
           exception == EXCEPTION_VALUE;
}

/* The gateway cannot reach the unit. */
static bool is_offline(uint8_t exception)
{
    return exception == EXCEPTION_PATH || exception == EXCEPTION_TARGET;
}

/* How long the unit is waited for. One that never answered need not be there: where others answer
 * it gets their time, so that the first round with many dead units is not spent on them. */
static uint32_t limit_ms(const struct line *line, const struct unit *unit,
                         const struct read_request *request)
{
    const uint32_t full_ms = line->params.config->response_timeout_ms;
    const bool is_new = !unit->breaker->answered;
    const uint32_t short_ms =
        breaker_short_ms(port_wire_ms(&line->port, request), is_new ? line->slowest_ms : 0);

    if (is_new && unit->breaker->failures == 0 && line->slowest_ms > 0 && short_ms < full_ms) {
        return short_ms;
    }
    return breaker_timeout_ms(unit->breaker, full_ms, short_ms);
}

/* A connection that answered before and is shut now: bridges close what is idle, some after each
 * answer. Or the unit before said more than it was asked for. Neither says anything of this unit, a
 * read may be repeated, and the next connection is as good as the first. */
static bool connect_anew(struct line *line, enum port_result result)
{
    const bool spoilt = result == PORT_IO || result == PORT_STRAY;

    if (!spoilt || !line->good || line->params.config->host == NULL) {
        return false;
    }
    port_close(&line->port);
    if (!port_open(&line->port)) {
        return false; /* the line is really lost, which is line_drop's to see to */
    }
    if (result == PORT_STRAY) {
        line_count(line, COUNT_MODBUS_GARBAGE);
    }
    line_count(line, COUNT_MODBUS_CONNECTS);
    line->good = false;
    return true;
}

static enum port_result ask(struct line *line, struct unit *unit,
                            const struct read_request *request, uint32_t *took_ms)
{
    const uint32_t most_ms = limit_ms(line, unit, request);
    int64_t begin_ms = host_boot_ms();
    enum port_result result = port_read(&line->port, request, most_ms, &line->reply);

    if (connect_anew(line, result)) {
        result = port_read(&line->port, request, most_ms, &line->reply);
    }

    *took_ms = (uint32_t)(host_boot_ms() - begin_ms);
    line->wrote = false;
    line_judge(line, unit, result, *took_ms);
    return result;
}

/* The gateway of the unit says it is not there. */
static void offline_take(struct line *line, struct unit *unit)
{
    unit_take_offline(unit);
    line_fail(line, unit, "its gateway cannot reach it");
}

/* The unit refuses a request for good, as it seems. */
static void refusal_take(struct unit *unit, uint32_t request, uint8_t exception)
{
    const struct poll_request r = unit->plan.requests[request];
    const unsigned last = r.address + r.count - 1u;

    switch (poll_plan_refuse(&unit->plan, unit->map, unit->config->max_read, request,
                             exception == EXCEPTION_ADDRESS, host_boot_ms())) {
    case POLL_ASK_AGAIN:
        log_rate(LOG_WARNING, &unit->refused_gate, REFUSED_LOG_MS, AREA,
                 "%s: refuses %u..%u (exception %u), which it answered before; asking on",
                 unit->device, r.address, last, exception);
        break;
    case POLL_SPLIT:
        log_rate(LOG_INFO, &unit->split_gate, SPLIT_LOG_MS, AREA,
                 "%s: has no addresses somewhere in %u..%u, looking for them in two", unit->device,
                 r.address, last);
        break;
    case POLL_LEFT:
        log_rate(LOG_ERROR, &unit->refused_gate, REFUSED_LOG_MS, AREA,
                 "%s: refuses to read %u from address %u (exception %u), check its map",
                 unit->device, r.count, r.address, exception);
        break;
    }
}

/* A Modbus exception: what it means for the request and the unit. False ends the unit's round. */
static bool exception_take(struct line *line, struct unit *unit, uint32_t request)
{
    const uint8_t exception = line->reply.exception;

    if (is_offline(exception)) {
        offline_take(line, unit);
        return false;
    }
    if (is_final(exception)) {
        refusal_take(unit, request, exception);
    } /* else busy, acknowledge, device failure: again in the next round */
    return true;
}

/* One request. False ends the unit's round; *next is the request to go on with. */
static bool request_poll(struct line *line, struct unit *unit, uint32_t *next)
{
    const struct poll_request *r = &unit->plan.requests[*next];
    const struct read_request request = {.unit = (uint8_t)unit->config->unit,
                                         .function = unit->plan.function,
                                         .address = r->address,
                                         .count = r->count};
    uint32_t requests = unit->plan.request_count;
    uint32_t took_ms;
    enum port_result result = ask(line, unit, &request, &took_ms);

    if (result == PORT_EXCEPTION) {
        bool going = exception_take(line, unit, *next);

        if (going) {
            breaker_succeed(unit->breaker, took_ms);
        }
        *next += unit->plan.request_count == requests; /* split: its first half is next */
        return going;
    }
    if (result != PORT_OK) {
        return false;
    }
    poll_plan_answer(&unit->plan, *next, host_boot_ms());
    unit_take(unit, r, &line->reply);
    (*next)++;
    return true;
}

/* Asks the unit who it is. True: the right one. An answer that says nothing (busy) leaves it in
 * doubt until the next round. */
static bool identity_ask(struct line *line, struct unit *unit)
{
    const struct read_request request = unit_identity_request(unit);
    uint32_t took_ms;
    enum port_result result = ask(line, unit, &request, &took_ms);

    if (result == PORT_EXCEPTION) {
        if (is_offline(line->reply.exception)) {
            offline_take(line, unit);
            return false;
        }
        breaker_succeed(unit->breaker, took_ms);
        return is_final(line->reply.exception) &&
               unit_identity_take(unit, false, 0, host_boot_ms());
    }
    return result == PORT_OK &&
           unit_identity_take(unit, true, line->reply.values[0], host_boot_ms());
}

void line_poll(struct line *line, struct unit *unit)
{
    uint32_t next = 0;
    bool going = !unit_identity_due(unit, host_boot_ms()) || identity_ask(line, unit);

    unit_round_begin(unit);
    while (going && next < unit->plan.request_count && !halt_wait(line->params.halt, 0)) {
        if (unit->plan.requests[next].not_before_ms > host_boot_ms()) {
            next++;
            continue;
        }
        if (!line->wrote && line_write(line) && !port_is_open(&line->port)) {
            break; /* the write cost the connection; the rest comes with the next round */
        }
        going = request_poll(line, unit, &next);
    }
    unit->tried = true;
}
