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
    int64_t answered_ms;   /**< boottime of the last answer, 0 = never */
};

#define POLL_REFUSED_MS 60000 /**< what a device refuses for good is asked once a minute */

/** What becomes of a request that the device refused. */
enum poll_refusal {
    POLL_ASK_AGAIN, /**< it was answered a moment ago: a device that starts anew or is being set up;
                         again in the next round */
    POLL_SPLIT,     /**< request i and i + 1 take its place, to be asked at once */
    POLL_LEFT       /**< asked again in POLL_REFUSED_MS */
};

struct poll_plan {
    uint8_t function; /**< 1..4 */
    uint32_t item_count, request_count;
    uint32_t whole_count;   /**< of requests before any was split */
    uint32_t joins;         /**< since the last answer: how often all was refused */
    int64_t split_again_ms; /**< boottime before which nothing is split */
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
/** Request i was answered. */
void poll_plan_answer(struct poll_plan *plan, uint32_t i, int64_t boot_ms);
/** Request i was refused with an exception that is no passing one; `address`: the device says that
 * it has no such addresses. Of the same map and max_read that the plan was made of. Where it
 * refuses everything it is no hole in its addresses: what was split is joined again, and the next
 * search waits, twice as long each time, up to an hour. */
enum poll_refusal poll_plan_refuse(struct poll_plan *plan, const struct register_map *map,
                                   uint32_t max_read, uint32_t i, bool address, int64_t boot_ms);

#endif
