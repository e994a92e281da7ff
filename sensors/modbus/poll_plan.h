#ifndef SENSORS_MODBUS_POLL_PLAN_H
#define SENSORS_MODBUS_POLL_PLAN_H

#include "bowei/config.h"

/* Which requests read all points of a unit. Pure; one owner. Neighbours are merged into one request
 * as long as the holes between them are not wider than the map's gap and the request not longer
 * than its cap; the status register of a point comes with its value when it is near, else in
 * requests of their own that go first. */

#define POLL_POINTS_MAX 2000

enum poll_part { POLL_VALUE = 1, POLL_STATUS = 2 };

/** What a request reads for one point. */
struct poll_item {
    uint16_t start; /**< wire address of the first register or bit of it */
    uint16_t len;
    uint16_t point; /**< 0 = the map's first channel */
    uint8_t parts;  /**< enum poll_part bits */
};

struct poll_request {
    uint16_t address; /**< on the wire, from 0 */
    uint16_t count;
    uint16_t first_item;
    uint16_t item_count;
    int64_t not_before_ms; /**< boottime; a request the device refuses for good is asked seldom */
};

struct poll_plan {
    uint8_t function; /**< 1..4 */
    uint32_t item_count, request_count;
    struct poll_item *items;
    struct poll_request *requests; /**< room for item_count */
};

/** NULL, or why the map cannot be polled (static text). max_read: 0 = the map's. */
const char *poll_plan_fault(const struct register_map *map, uint32_t max_read);
/** ERR_CONFIG when poll_plan_fault says so. */
enum err poll_plan_make(const struct register_map *map, uint32_t max_read,
                        struct poll_plan *out) MUST_CHECK;
void poll_plan_finish(struct poll_plan *plan);
/** Splits a request the device says it has no such addresses for, at its widest hole, else in the
 * middle; request i and i + 1 take its place. False: it reads a single point. */
bool poll_plan_split(struct poll_plan *plan, uint32_t i);

#endif
