#ifndef BOWEI_LINE_PLAN_H
#define BOWEI_LINE_PLAN_H

#include "bowei/config.h"

/* What a Modbus line will do with its time: the requests of a round as the line makes them, how
 * long each takes, and how much of the line the periods ask for. Pure; for `bowei plan`. */

struct line_plan_request {
    uint32_t unit;     /**< index in the line's units */
    uint32_t function; /**< 1..4 */
    uint32_t address;  /**< on the wire, from 0 */
    uint32_t count;    /**< registers or bits */
    uint32_t points;   /**< channels whose value it brings */
    uint32_t request_bytes, reply_bytes;
    int64_t time_us; /**< until the next request may begin */
};

struct line_plan_unit {
    uint32_t request_count;
    int64_t round_us;
    int64_t load_ppm; /**< share of the line's time, in millionths */
};

struct line_plan {
    struct line_plan_unit units[CONFIG_UNITS_MAX];
    struct line_plan_request *requests; /**< of all units, in their order; owned */
    uint32_t request_count;
    int64_t character_ns; /**< 0 on TCP */
    int64_t gap_us;       /**< silence that ends a frame */
    int64_t round_us;     /**< every unit once */
    int64_t load_ppm;     /**< above 1 000 000 the line cannot keep its periods */
};

#define LINE_PLAN_FULL_PPM 1000000

/** The caller gives `out` to line_plan_finish whatever is returned. ERR_CONFIG: a unit whose map is
 * not there or cannot be polled. */
enum err line_plan_make(const struct config *config, const struct line_config *line,
                        struct line_plan *out) MUST_CHECK;
void line_plan_finish(struct line_plan *plan);

#endif
