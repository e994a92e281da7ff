#ifndef SENSORS_MODBUS_LINE_STATE_H
#define SENSORS_MODBUS_LINE_STATE_H

#include "bowei/base/backoff.h"
#include "sensors/modbus/line.h"
#include "sensors/modbus/port.h"
#include "sensors/modbus/unit.h"
#include "sensors/recalibration.h"

/* What the files of a line share of it: line.c turns, line_poll.c reads, line_write.c writes.
 * Everything but params and thread belongs to the line's thread. */

struct line {
    struct line_params params; /* immutable after line_start */
    pthread_t thread;
    struct port port;
    struct backoff backoff;
    struct unit *units;
    struct recalibration_queue *queue; /* NULL = nothing is written */
    struct read_reply reply;
    int64_t open_again_ms; /* boottime of the next attempt to connect */
    int64_t log_gate, stray_gate;
    int64_t probe_again_ms; /* boottime before which no failing unit is asked */
    uint32_t reader;        /* of the inventory board */
    uint32_t slowest_ms;    /* slowest good answer of any unit, at least 1; 0 = none yet */
    bool good;              /* a reply came since the connection was opened or last recovered */
    bool up;
    struct line_told told;
    bool wrote; /* the last thing was a write: a poll that is due goes first */
};

/* --- line.c --- */
void line_count(const struct line *line, enum counter which);
/** Opens the port; false: not yet, or not possible now. */
bool line_open(struct line *line);
/** Counts and judges how a request of the unit ended, took_ms after it began. After anything but
 * PORT_OK and PORT_EXCEPTION the connection may be gone. */
void line_judge(struct line *line, struct unit *unit, enum port_result result, uint32_t took_ms);
/** The unit failed; its breaker may open. why: for the log, as in "no answer". */
void line_fail(struct line *line, struct unit *unit, const char *why);

/* --- line_tell.c --- */
/** Tells the log whether the unit answers, and whether the line is up, where that is news. After
 * each round, so that what was held back is told in the end. */
void line_tell_unit(struct unit *unit, int64_t boot_ms);
void line_tell(struct line *line, int64_t boot_ms);

/* --- line_poll.c --- */
/** One round of one unit, with a write between two of its requests where one waits. */
void line_poll(struct line *line, struct unit *unit);

/* --- line_write.c --- */
/** Makes one write that staff asked for; false: none waits. */
bool line_write(struct line *line);

#endif
