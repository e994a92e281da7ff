#ifndef BOWEI_COMMAND_H
#define BOWEI_COMMAND_H

#include "bowei/base/err.h"
#include "bowei/base/space_id.h"
#include "bowei/reading.h"
#include <stdbool.h>
#include <stdint.h>

/* A staff request, or a query that needs the core's private state. Made by an API handler, stepped
 * by the core, answered through `done` only when its effect is durable (or at once when it has
 * none). */

enum command_kind {
    COMMAND_SPACE_OUT, /**< POST /v1/spaces/{id}/out-of-service: reason, until_ms (0 = open end) */
    COMMAND_SPACE_IN,  /**< DELETE: 409 when it was not out of service */
    COMMAND_LOT_CLOSE, /**< POST /v1/lots/{id}/closed */
    COMMAND_LOT_OPEN,  /**< DELETE */
    COMMAND_LOT_COUNT, /**< POST /v1/lots/{id}/count: true up a count-only lot to `count` cars
                          inside */
    COMMAND_DEVICE_SUSPECT,     /**< POST /v1/devices/{id}/suspect: its sensors stop voting */
    COMMAND_DEVICE_TRUST,       /**< DELETE */
    COMMAND_DEVICES,            /**< page of devices with health, into `devices` */
    COMMAND_ALERTS,             /**< page of alerts, or one, into `fleet` (fleet.h) */
    COMMAND_ALERT_MOVE,         /**< acknowledge, dispatch, resolve, dispute, decide: in bulk */
    COMMAND_BIKES,              /**< page of bikes, or one, into `fleet` */
    COMMAND_MUTE,               /**< a planned event at a fence: no new alerts until its end */
    COMMAND_DEVICE_RECALIBRATE, /**< POST /v1/devices/{id}/recalibrate: may `channel` be told that
                                   its space is empty? Changes nothing; ERR_CONFLICT when the space
                                   is not known free and not `force` */
    COMMAND_DEVICE_TEST, /**< POST /v1/devices/{id}/test: what it says is shown, not counted, until
                            `until_ms` */
    COMMAND_DEVICE_INSTALLED, /**< POST /v1/devices/{id}/installed: the audit row of a bind or swap
                               */
    COMMAND_DEVICE_TEST_END,  /**< DELETE */
    COMMAND_DEVICE,           /**< one device's channels with health, into `devices` */
    COMMAND_SPACE_WHY, /**< GET /v1/spaces/{id}/why: the reasoning of one space, into `explain` */
    COMMAND_TELEMETRY, /**< never reaches the core: a request that waits for the journal's sync */
    COMMAND_KEY, /**< an API key is about to be made or revoked: `note` says which; the audit row */
    COMMAND_CASES,     /**< page of cases, or one with its history, into `cases` (case.h) */
    COMMAND_CASE_OPEN, /**< someone reports: opens a case */
    COMMAND_CASE_MOVE, /**< one event of one case */
    COMMAND_ZOMBIES,   /**< the pick-list of suspected vehicles, into `zombies` (zombie.h) */
    COMMAND_WEBHOOK,   /**< a webhook is about to be changed: `note` says how; the audit row */
    COMMAND_AUDIT, /**< never reaches the core: a page of the audit, read from Redis (audit_log.h)
                    */
    COMMAND_KIND_COUNT
};

struct space_explain;

/** Why a space is out of service; the space's `reason` says it. */
enum out_reason { OUT_MAINTENANCE, OUT_CLOSED, OUT_EVENT, OUT_WITHDRAWN, OUT_REASON_COUNT };

/** One device as /v1/devices shows it. */
struct device_health {
    uint32_t device; /**< inventory index */
    uint16_t channel;
    uint8_t value; /**< enum reading_value last heard */
    bool ever_heard, live, suspect, flapping, battery_low, in_test;
    uint8_t changes;       /**< of the value in the last ten minutes with a change */
    int64_t test_until_ms; /**< in_test */
    uint16_t battery_mv;   /**< 0 = not known */
    int16_t rssi_dbm;      /**< 0 = not known */
    uint32_t counter;
    int64_t heard_ms; /**< city time */
    uint32_t sensor;  /**< inventory index: its target */
};

struct fleet_request;
struct case_request;
struct zombie_request;

#define COMMAND_ALL_CHANNELS UINT32_MAX

#define COMMAND_TEST_MAX_MS  86400000 /**< a test that nobody ends is over after a day */
#define COMMAND_ACTOR_MAX    32
#define COMMAND_NOTE_MAX     120

struct command {
    enum command_kind kind;
    space_key key;   /**< space or lot */
    uint32_t device; /**< COMMAND_DEVICE_*: inventory index; COMMAND_DEVICES: first sensor index to
                        look at */
    enum out_reason reason;
    int64_t until_ms; /**< city time, 0 = none */
    uint32_t count;
    uint32_t
        channel; /**< COMMAND_DEVICE_RECALIBRATE: input of the device, or COMMAND_ALL_CHANNELS */
    bool force;  /**< COMMAND_DEVICE_RECALIBRATE: also while not known free */
    char actor[COMMAND_ACTOR_MAX];  /**< key name, for the audit row */
    char note[COMMAND_NOTE_MAX];    /**< free text of the request, UTF-8, escaped where shown */
    struct fleet_request *fleet;    /**< COMMAND_ALERTS and what follows it; borrowed */
    struct case_request *cases;     /**< COMMAND_CASE*; borrowed */
    struct zombie_request *zombies; /**< COMMAND_ZOMBIES; borrowed */
    uint64_t inventory_version;     /**< by which `device` was resolved; the core answers
                                       ERR_UNAVAILABLE when it moved on */
    /* the answer */
    enum err result;
    char detail[160];              /**< which field, which value, what was allowed */
    struct space_explain *explain; /**< COMMAND_SPACE_WHY: borrowed from the caller */
    struct device_health
        *devices; /**< COMMAND_DEVICES: room for `limit`, borrowed from the caller */
    uint32_t limit, devices_count,
        next; /**< next: sensor index to go on with, NO_SENSOR at the end */
    /** Called exactly once, from the core or the journal thread, with result set. Must return at
     * once. The command may be freed by whoever `done` wakes. */
    void (*done)(struct command *command);
    void *ctx; /**< of the caller */
};

#endif
