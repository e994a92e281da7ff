/* One Modbus line. Its thread polls the unit whose round is due next; each unit keeps its period,
 * starts are staggered over it. Every error that is not a Modbus exception closes the connection,
 * since a late reply would be taken for the next one; when the line was working it is opened again
 * at once, else after a growing, jittered pause. A unit that failed three times in a row is only
 * probed (breaker), and all probes of a line together take a fifth of its time at most. A failed
 * read says nothing: age makes its points unknown; only exceptions 10 and 11 (the gateway says the
 * unit is not there) speak. */
#include "sensors/modbus/line.h"
#include "bowei/base/log.h"
#include "sensors/backoff.h"
#include "sensors/modbus/port.h"
#include "sensors/modbus/unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AREA            "modbus"
#define BACKOFF_BASE_MS 250
#define BACKOFF_CAP_MS  5000  /* a plugged-in cable works again within 5 s */
#define REFUSED_MS      60000 /* what a device refuses for good is asked once a minute */
#define PROBE_SHARE     4     /* a probe of n ms is followed by 4n ms without probes */

/* Modbus application protocol 1.1b3 section 7. */
enum exception {
    EXCEPTION_FUNCTION = 1,
    EXCEPTION_ADDRESS = 2,
    EXCEPTION_VALUE = 3,
    EXCEPTION_PATH = 10,
    EXCEPTION_TARGET = 11
};

struct line {
    struct line_params params; /* immutable after line_start */
    pthread_t thread;
    /* the rest belongs to the line's thread */
    struct port port;
    struct backoff backoff;
    struct unit *units;
    struct read_reply reply;
    int64_t open_again_ms;  /* boottime of the next attempt to connect */
    int64_t probe_again_ms; /* boottime before which no breaker is probed */
    bool good;              /* a reply came since the connection was opened */
    bool up;
};

static void count(const struct line *line, enum counter which)
{
    count_add(line->params.ports->counters, which, 1);
}

static void up_set(struct line *line, bool up)
{
    if (line->up != up) {
        line->up = up;
        field_health_change(line->params.health, DEGRADED_MODBUS_DOWN, !up);
        log_line(LOG_INFO, AREA, "%s: the line is %s", line->params.config->name,
                 up ? "up" : "down");
    }
    status_link_up(line->params.ports->status, line->params.status_index, up, host_boot_ms());
}

/* Up = connected or to be connected again at once (one unit failed), and not every unit on
 * probation. */
static void up_judge(struct line *line)
{
    const struct line_config *config = line->params.config;
    bool open = port_is_open(&line->port) || line->open_again_ms <= host_boot_ms();
    bool up = false;
    bool tried = true;

    for (uint32_t i = 0; i < config->unit_count; i++) {
        up = up || (open && !breaker_is_open(&line->units[i].breaker));
        tried = tried && line->units[i].tried;
    }
    up_set(line, up);
    if (tried) {
        atomic_store(&line->params.ports->status->link[line->params.status_index].polled, true);
    }
}

/* Opens the port; false: not yet, or not possible now. */
static bool line_open(struct line *line)
{
    const struct line_config *config = line->params.config;
    static int64_t gate;

    if (port_open(&line->port)) {
        count(line, COUNT_MODBUS_CONNECTS);
        line->good = false;
        /* after a real break only: a unit's timeout also reconnects, and must not journal the
         * others anew */
        for (uint32_t i = 0; i < config->unit_count && !line->up; i++) {
            unit_connected(&line->units[i]);
        }
        return true;
    }
    log_rate(LOG_WARNING, &gate, 10000, AREA, "%s: cannot open %s: %s", config->name,
             config->host != NULL ? config->host : config->device, strerror(errno));
    count(line, COUNT_MODBUS_IO);
    up_set(line, false);
    line->open_again_ms =
        host_boot_ms() + backoff_next_ms(&line->backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    return false;
}

static void line_drop(struct line *line)
{
    port_close(&line->port);
    line->open_again_ms = host_boot_ms();
    if (line->good) {
        backoff_reset(&line->backoff);
    } else {
        line->open_again_ms += backoff_next_ms(&line->backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    }
}

static void unit_failed(struct line *line, struct unit *unit)
{
    if (breaker_fail(&unit->breaker)) {
        count(line, COUNT_MODBUS_BREAKER);
        log_line(LOG_WARNING, AREA, "%s: no answer three times, only probed from now on",
                 unit->device);
    }
}

/* A Modbus exception: what it means for the request and the unit. False ends the unit's round. */
static bool exception_take(struct line *line, struct unit *unit, uint32_t request)
{
    struct poll_request *r = &unit->plan.requests[request];
    unsigned address = r->address;
    unsigned count_before = r->count;

    switch (line->reply.exception) {
    case EXCEPTION_ADDRESS:
        if (poll_plan_split(&unit->plan, request)) {
            log_line(LOG_INFO, AREA,
                     "%s: has no addresses somewhere in %u..%u, reading them in two", unit->device,
                     address, address + count_before - 1u);
            return true;
        }
        break;
    case EXCEPTION_FUNCTION:
    case EXCEPTION_VALUE: break;
    case EXCEPTION_PATH:
    case EXCEPTION_TARGET:
        unit_take_offline(unit);
        unit_failed(line, unit);
        return false;
    default: return true; /* busy, acknowledge, device failure: again in the next round */
    }
    log_line(LOG_ERROR, AREA,
             "%s: refuses to read %u from address %u (exception %u), check its map", unit->device,
             r->count, r->address, line->reply.exception);
    r->not_before_ms = host_boot_ms() + REFUSED_MS;
    return true;
}

static void result_count(const struct line *line, enum port_result result)
{
    static const enum counter counters[PORT_RESULT_COUNT] = {
        [PORT_OK] = COUNT_MODBUS_POLLS,        [PORT_EXCEPTION] = COUNT_MODBUS_EXCEPTION,
        [PORT_TIMEOUT] = COUNT_MODBUS_TIMEOUT, [PORT_GARBAGE] = COUNT_MODBUS_GARBAGE,
        [PORT_IO] = COUNT_MODBUS_IO,
    };

    count(line, counters[result]);
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
    bool probing = breaker_is_open(&unit->breaker);
    int64_t begin_ms = host_boot_ms();
    enum port_result result = port_read(
        &line->port, &request,
        breaker_timeout_ms(&unit->breaker, line->params.config->response_timeout_ms), &line->reply);
    uint32_t took_ms = (uint32_t)(host_boot_ms() - begin_ms);

    result_count(line, result);
    if (probing) {
        line->probe_again_ms = host_boot_ms() + (int64_t)took_ms * PROBE_SHARE;
    }
    if (result == PORT_EXCEPTION) {
        bool going = exception_take(line, unit, *next);

        line->good = true;
        if (going) {
            (void)breaker_succeed(&unit->breaker, took_ms);
        }
        *next += unit->plan.request_count == requests; /* split: its first half is next */
        return going;
    }
    if (result != PORT_OK) {
        unit_failed(line, unit);
        line_drop(line);
        return false;
    }
    line->good = true;
    if (breaker_succeed(&unit->breaker, took_ms)) {
        log_line(LOG_INFO, AREA, "%s: answers again", unit->device);
    }
    unit_take(unit, r, &line->reply);
    (*next)++;
    return true;
}

/* One round of one unit. */
static void unit_poll(struct line *line, struct unit *unit)
{
    uint32_t next = 0;
    bool going = true;

    unit_round_begin(unit);
    while (going && next < unit->plan.request_count && !halt_wait(line->params.halt, 0)) {
        if (unit->plan.requests[next].not_before_ms > host_boot_ms()) {
            next++;
            continue;
        }
        going = request_poll(line, unit, &next);
    }
    unit->tried = true;
}

static struct unit *unit_next(const struct line *line)
{
    struct unit *next = &line->units[0];

    for (uint32_t i = 1; i < line->params.config->unit_count; i++) {
        if (line->units[i].due_ms < next->due_ms) {
            next = &line->units[i];
        }
    }
    return next;
}

/* Sets the time of the unit's next round: its period goes on, missed rounds are left out. */
static void unit_schedule(const struct line *line, struct unit *unit, int64_t began_ms)
{
    int64_t period_ms = unit->config->period_ms;

    if (began_ms - unit->due_ms > period_ms) {
        count(line, COUNT_MODBUS_LATE);
        unit->due_ms = began_ms;
    }
    unit->due_ms += period_ms;
}

static void line_turn(struct line *line, struct unit *unit)
{
    int64_t now_ms = host_boot_ms();

    if (!port_is_open(&line->port)) {
        if (now_ms < line->open_again_ms || !line_open(line)) {
            return; /* the rounds wait for the line */
        }
    }
    if (!breaker_is_open(&unit->breaker) || now_ms >= line->probe_again_ms) {
        unit_poll(line, unit);
    }
    unit_schedule(line, unit, now_ms);
    up_judge(line);
}

static void *line_main(void *ctx)
{
    struct line *line = ctx;
    struct halt *halt = line->params.halt;

    while (!halt_wait(halt, 0)) {
        struct unit *unit = unit_next(line);
        int64_t wait_until_ms = unit->due_ms;

        if (!port_is_open(&line->port) && line->open_again_ms > wait_until_ms) {
            wait_until_ms = line->open_again_ms;
        }
        if (halt_wait(halt, wait_until_ms - host_boot_ms())) {
            break;
        }
        line_turn(line, unit);
    }
    port_close(&line->port);
    return NULL;
}

static enum err units_init(struct line *line)
{
    const struct line_config *config = line->params.config;
    uint32_t reader = inventory_reader(line->params.ports->board);
    int64_t now_ms = host_boot_ms();

    for (uint32_t i = 0; i < config->unit_count; i++) {
        enum err err = unit_init(&line->units[i], line->params.ports, config, i, reader);

        if (err != ERR_OK) {
            return err;
        }
        line->units[i].due_ms =
            now_ms + (int64_t)config->units[i].period_ms * i / config->unit_count;
    }
    return ERR_OK;
}

static void units_free(struct line *line)
{
    for (uint32_t i = 0; i < line->params.config->unit_count; i++) {
        unit_finish(&line->units[i]);
    }
    free(line->units);
}

struct line *line_start(const struct line_params *params)
{
    struct line *line = calloc(1, sizeof *line);

    if (line == NULL || params->config->unit_count == 0) {
        goto undo_line;
    }
    line->params = *params;
    line->units = calloc(params->config->unit_count, sizeof *line->units);
    if (line->units == NULL) {
        goto undo_line;
    }
    port_init(&line->port, params->config, params->halt);
    backoff_init(&line->backoff, params->config->name, host_boot_ms());
    if (units_init(line) != ERR_OK) {
        goto undo_units;
    }
    field_health_change(params->health, DEGRADED_MODBUS_DOWN, true);
    if (pthread_create(&line->thread, NULL, line_main, line) != 0) {
        field_health_change(params->health, DEGRADED_MODBUS_DOWN, false);
        goto undo_units;
    }
    return line;

undo_units:
    units_free(line);
undo_line:
    free(line);
    return NULL;
}

void line_join(struct line *line)
{
    if (line != NULL) {
        (void)pthread_join(line->thread, NULL);
        units_free(line);
        free(line);
    }
}
