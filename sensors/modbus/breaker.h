#ifndef SENSORS_MODBUS_BREAKER_H
#define SENSORS_MODBUS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/** Keeps one dead unit from costing the others of its line their time. Pure; zeroed is closed. */
struct breaker {
    uint32_t failures;   /**< in a row */
    uint32_t probes;     /**< since it opened */
    uint32_t slowest_ms; /**< slowest good answer seen */
    bool answered;       /**< it did, once */
};

#define BREAKER_FAILURES 3

/** After BREAKER_FAILURES in a row; of a unit that never answered after the first: it may not be
 * there at all. */
bool breaker_is_open(const struct breaker *b);
/** Counts a failure; true when that opened it. */
bool breaker_fail(struct breaker *b);
/** A good answer after took_ms closes it. */
void breaker_succeed(struct breaker *b, uint32_t took_ms);
/** Least time for a short request whose characters take wire_ms, on a line whose slowest good
 * answer took slowest_ms. */
uint32_t breaker_short_ms(uint32_t wire_ms, uint32_t slowest_ms);
/** Time limit of the next request: full_ms when closed; open: twice what the unit ever took, at
 * least short_ms, and every 8th probe the full time, for units that have become slow. */
uint32_t breaker_timeout_ms(struct breaker *b, uint32_t full_ms, uint32_t short_ms);

#endif
