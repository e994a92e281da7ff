/* One Modbus line. Its thread polls the unit whose round is due next; each unit keeps its period,
 * starts are staggered over it. Every error that is not a Modbus exception closes the connection,
 * since a late reply would be taken for the next one; where other units answer it is opened again
 * at once, else after a growing, jittered pause. A unit that failed three times in a row, or the
 * first time ever, is only probed (breaker), and all failing units of a line together take a fifth
 * of its time at most. A failed read says nothing: age makes its points unknown; only exceptions 10
 * and 11 (the gateway says the unit is not there) speak. */
#include "bowei/base/log.h"
#include "sensors/modbus/line_state.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AREA            "modbus"
#define BACKOFF_BASE_MS 250
#define BACKOFF_CAP_MS  5000 /* a plugged-in cable works again within 5 s */
#define OPEN_LOG_MS     10000
#define STRAY_LOG_MS    3600000
#define PROBE_SHARE     4 /* a failing unit that took n ms leaves the others 4n ms */

void line_count(const struct line *line, enum counter which)
{
    count_add(line->params.ports->counters, which, 1);
}

static void up_set(struct line *line, bool up)
{
    if (line->up != up) {
        line->up = up;
        field_health_change(line->params.health, DEGRADED_MODBUS_DOWN, !up);
    }
    line_tell(line, host_boot_ms());
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
        up = up || (open && !breaker_is_open(line->units[i].breaker));
        tried = tried && line->units[i].tried;
    }
    up_set(line, up);
    if (tried) {
        atomic_store(&line->params.ports->status->link[line->params.status_index].polled, true);
    }
}

bool line_open(struct line *line)
{
    const struct line_config *config = line->params.config;

    if (port_open(&line->port)) {
        line_count(line, COUNT_MODBUS_CONNECTS);
        line->good = false;
        /* after a real break only: a unit's timeout also reconnects, and must not journal the
         * others anew */
        for (uint32_t i = 0; i < config->unit_count && !line->up; i++) {
            unit_connected(&line->units[i]);
        }
        return true;
    }
    if (config->host != NULL) {
        log_rate(LOG_WARNING, &line->log_gate, OPEN_LOG_MS, AREA, "%s: cannot open %s:%u: %s",
                 config->name, config->host, config->port, strerror(errno));
    } else {
        log_rate(LOG_WARNING, &line->log_gate, OPEN_LOG_MS, AREA, "%s: cannot open %s: %s",
                 config->name, config->device, strerror(errno));
    }
    line_count(line, COUNT_MODBUS_IO);
    up_set(line, false);
    line->open_again_ms =
        host_boot_ms() + backoff_next_ms(&line->backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    return false;
}

/* Some unit answers: it is not the line that fails. */
static bool line_is_heard(const struct line *line)
{
    for (uint32_t i = 0; i < line->params.config->unit_count; i++) {
        const struct breaker *breaker = line->units[i].breaker;

        if (breaker->answered && breaker->failures == 0) {
            return true;
        }
    }
    return false;
}

/* After a failure of one unit on a line where others answer the connection is made anew at once,
 * else after a growing pause. A serial port is opened anew only when nothing came since the last
 * failure: its path may lead to another adapter by now. */
static void line_drop(struct line *line, enum port_result result)
{
    bool heard = line->good || line_is_heard(line);

    if (line->good) {
        port_recover(&line->port, result);
    } else {
        port_close(&line->port);
    }
    line->good = false;
    line->open_again_ms = host_boot_ms();
    if (heard) {
        backoff_reset(&line->backoff);
    } else {
        line->open_again_ms += backoff_next_ms(&line->backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    }
}

void line_fail(struct line *line, struct unit *unit, const char *why)
{
    unit_identity_doubt(unit);
    unit->why = why;
    if (breaker_fail(unit->breaker)) {
        line_count(line, COUNT_MODBUS_BREAKER);
    }
}

/* What of a result the people in the street go by: a dead unit, a bad wire or a bridge. */
static const char *failure_text(enum port_result result)
{
    switch (result) {
    case PORT_TIMEOUT: return "no answer";
    case PORT_GARBAGE:
        return "an answer that is none to the question (noise, a late one, another unit's)";
    case PORT_STRAY: return "bytes came before anything was asked";
    case PORT_IO: return "the connection ended";
    case PORT_OK:
    case PORT_EXCEPTION:
    case PORT_RESULT_COUNT: break;
    }
    return "";
}

static void result_count(const struct line *line, enum port_result result)
{
    static const enum counter counters[PORT_RESULT_COUNT] = {
        [PORT_OK] = COUNT_MODBUS_POLLS,        [PORT_EXCEPTION] = COUNT_MODBUS_EXCEPTION,
        [PORT_TIMEOUT] = COUNT_MODBUS_TIMEOUT, [PORT_GARBAGE] = COUNT_MODBUS_GARBAGE,
        [PORT_STRAY] = COUNT_MODBUS_GARBAGE,   [PORT_IO] = COUNT_MODBUS_IO,
    };

    line_count(line, counters[result]);
}

/* Answers that nobody asked for are read away; whoever looks after the wire should know. */
static void strays_tell(struct line *line)
{
    const uint32_t strays = port_strays_take(&line->port);

    if (strays > 0) {
        count_add(line->params.ports->counters, COUNT_MODBUS_STRAY, strays);
        log_rate(LOG_WARNING, &line->stray_gate, STRAY_LOG_MS, AREA,
                 "%s: answers come twice or too late, and are read away",
                 line->params.config->name);
    }
}

void line_judge(struct line *line, struct unit *unit, enum port_result result, uint32_t took_ms)
{
    bool answered = result == PORT_OK || result == PORT_EXCEPTION;

    result_count(line, result);
    strays_tell(line);
    if ((unit->breaker->failures > 0 || !answered) && line->params.config->unit_count > 1) {
        line->probe_again_ms = host_boot_ms() + (int64_t)took_ms * PROBE_SHARE;
    }
    if (!answered) {
        line_fail(line, unit, failure_text(result));
        line_drop(line, result);
        return;
    }
    line->good = true;
    line->slowest_ms = took_ms >= line->slowest_ms ? (took_ms > 0 ? took_ms : 1) : line->slowest_ms;
    if (result == PORT_OK) {
        breaker_succeed(unit->breaker, took_ms);
    }
}

/* Boottime at which the unit's round may begin. One that fails, or never answered, waits until the
 * others had their share, and on a serial line until its answer can be late no more; its round
 * stays due meanwhile, so that the one that waits longest is asked first. */
static int64_t turn_ms(const struct line *line, const struct unit *unit)
{
    const bool doubtful = unit->breaker->failures > 0 || !unit->breaker->answered;
    const int64_t free_ms = port_free_ms(&line->port, unit->config->unit);
    int64_t ms = unit->due_ms > free_ms ? unit->due_ms : free_ms;

    return doubtful && line->probe_again_ms > ms ? line->probe_again_ms : ms;
}

static struct unit *unit_next(const struct line *line)
{
    struct unit *next = &line->units[0];

    for (uint32_t i = 1; i < line->params.config->unit_count; i++) {
        struct unit *unit = &line->units[i];
        int64_t ms = turn_ms(line, unit);
        int64_t next_ms = turn_ms(line, next);

        if (ms < next_ms || (ms == next_ms && unit->due_ms < next->due_ms)) {
            next = unit;
        }
    }
    return next;
}

/* Sets the time of the unit's next round: its period goes on from the first round, missed ones are
 * left out. */
static void unit_schedule(const struct line *line, struct unit *unit, int64_t began_ms, bool first)
{
    int64_t period_ms = unit->config->period_ms;

    if (first) {
        unit->due_ms = began_ms;
    } else if (began_ms - unit->due_ms > period_ms) {
        if (unit->breaker->failures == 0) {
            line_count(line, COUNT_MODBUS_LATE);
        }
        unit->due_ms = began_ms;
    }
    unit->due_ms += period_ms;
}

static void line_turn(struct line *line, struct unit *unit)
{
    int64_t now_ms = host_boot_ms();
    bool first;

    if (!port_is_open(&line->port)) {
        if (now_ms < line->open_again_ms || !line_open(line)) {
            line->wrote = false;
            return; /* the rounds wait for the line */
        }
    }
    first = !unit->tried;
    line_poll(line, unit);
    unit_schedule(line, unit, now_ms, first);
    line_tell_unit(unit, host_boot_ms());
    up_judge(line);
}

/* The first round of each unit, spread over its period. */
static void rounds_stagger(struct line *line)
{
    const struct line_config *config = line->params.config;
    int64_t now_ms = host_boot_ms();

    for (uint32_t i = 0; i < config->unit_count; i++) {
        line->units[i].due_ms =
            now_ms + (int64_t)config->units[i].period_ms * i / config->unit_count;
    }
}

static void *line_main(void *ctx)
{
    struct line *line = ctx;
    struct halt *halt = line->params.halt;

    if (!halt_pass(halt)) {
        return NULL;
    }
    rounds_stagger(line);
    while (!halt_wait(halt, 0)) {
        struct unit *unit = unit_next(line);
        int64_t until_ms = turn_ms(line, unit);

        if (!port_is_open(&line->port) && line->open_again_ms > until_ms) {
            until_ms = line->open_again_ms;
        }
        /* a write goes first, unless the last thing was one and a poll is due */
        if (!(line->wrote && until_ms <= host_boot_ms()) && line_write(line)) {
            continue;
        }
        if (halt_wait_bell(halt, until_ms - host_boot_ms(), recalibration_bell(line->queue))) {
            break;
        }
        if (host_boot_ms() >= until_ms) {
            line_turn(line, unit);
        }
    }
    port_close(&line->port);
    return NULL;
}

static enum err units_init(struct line *line)
{
    const struct line_config *config = line->params.config;

    line->reader = inventory_reader(line->params.ports->board);
    for (uint32_t i = 0; i < config->unit_count; i++) {
        enum err err = unit_init(&line->units[i], line->params.ports, config, i, line->reader);

        if (err != ERR_OK) {
            return err;
        }
        for (uint32_t k = i; k-- > 0;) {
            if (config->units[k].unit == config->units[i].unit) {
                line->units[i].breaker = line->units[k].breaker;
            }
        }
    }
    return ERR_OK;
}

static void units_free(struct line *line)
{
    for (uint32_t i = 0; i < line->params.config->unit_count; i++) {
        unit_finish(&line->units[i]);
    }
    inventory_reader_return(line->params.ports->board, line->reader);
    free(line->units);
}

struct line *line_start(const struct line_params *params)
{
    struct line *line = calloc(1, sizeof *line);

    if (line == NULL || params->config->unit_count == 0) {
        goto undo_line;
    }
    line->params = *params;
    line->told.bad = true; /* it is not up yet, which is no news */
    line->units = calloc(params->config->unit_count, sizeof *line->units);
    if (line->units == NULL) {
        goto undo_line;
    }
    port_init(&line->port, params->config, params->halt);
    backoff_init(&line->backoff, params->config->name, host_boot_ms());
    if (units_init(line) != ERR_OK) {
        goto undo_units;
    }
    line->queue = recalibration_open(params->ports->desk, params->ports->config, params->config,
                                     params->halt);
    field_health_change(params->health, DEGRADED_MODBUS_DOWN, true);
    if (pthread_create(&line->thread, NULL, line_main, line) != 0) {
        goto undo_queue;
    }
    return line;

undo_queue:
    field_health_change(params->health, DEGRADED_MODBUS_DOWN, false);
    recalibration_shut(line->queue);
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
        if (!line->up) { /* it no longer counts */
            field_health_change(line->params.health, DEGRADED_MODBUS_DOWN, false);
        }
        status_link_up(line->params.ports->status, line->params.status_index, false,
                       host_boot_ms());
        recalibration_shut(line->queue);
        units_free(line);
        free(line);
    }
}
