#ifndef SENSORS_MODBUS_UNIT_H
#define SENSORS_MODBUS_UNIT_H

#include "bowei/field.h"
#include "sensors/modbus/breaker.h"
#include "sensors/modbus/poll_plan.h"
#include "sensors/modbus/register_read.h"
#include "sensors/modbus/reply.h"

/* One unit of a line: its plan, the memory of its points, and the way of its values to the intake.
 * Line thread only. */

/* SENSOR_DEBOUNCE_SAMPLES of the core: so many equal samples decide, so all of them are journalled.
 */
#define UNIT_SAME_MAX 3
/* A replay must not take a sensor that speaks for silent: so many records within its limit. */
#define UNIT_RECORDS_A_LIMIT 3

struct unit_point {
    uint32_t sensor; /**< of inventory_version, NO_SENSOR = not bound */
    uint64_t root;
    int64_t journalled_boot_ms; /**< when `value` was journalled last */
    int64_t journal_every_ms;   /**< a value that stays is journalled again so often */
    struct register_memory memory;
    uint16_t status;
    uint8_t value;     /**< last value the intake journalled */
    uint8_t noted;     /**< 1 + the value that the ledger was told last, 0 = none yet; of unbound
                            points, too */
    bool status_fresh; /**< read in this round */
    uint8_t same;      /**< how often `value` came on this connection, at most UNIT_SAME_MAX */
};

/** Is it the device that its map is for? */
enum unit_identity {
    IDENTITY_UNPROVEN, /**< to be asked before anything it says counts */
    IDENTITY_PROVEN,   /**< or the map has no identity register */
    IDENTITY_WRONG     /**< another device answers under its number */
};

/** What the log was told last of a unit or line, and how much it may be told (line_tell.c). */
struct line_told {
    bool bad;
    int64_t paid_until_ms; /**< boottime */
};

struct unit {
    const struct field_params *ports;
    const char *line;
    const struct unit_config *config;
    const struct register_map *map;
    char device[DEVICE_ID_MAX + 1]; /**< "<line>/<unit>" */
    uint8_t device_len;
    uint32_t reader; /**< the line's, of the inventory board */
    struct poll_plan plan;
    struct breaker *breaker; /**< of its Modbus unit: its own, or of an earlier unit of the line
                                with the same number and another map */
    struct breaker own_breaker;
    enum unit_identity identity;
    int64_t identity_due_ms;   /**< boottime at which it is to be asked again */
    struct unit_point *points; /**< the map's channels */
    uint16_t *batch_points;    /**< point of each reading in batch */
    struct reading *batch;
    uint64_t inventory_version; /**< by which the points were resolved, UINT64_MAX = not yet */
    uint32_t inventory_build;
    int64_t due_ms;                   /**< boottime of the next round */
    int64_t noted_boot_ms;            /**< last noted among the unknown devices, 0 = never */
    int64_t refused_gate, split_gate; /**< of the log */
    struct line_told told;
    const char *why; /**< its last failure, for the log; static text, NULL = none */
    bool known;      /**< the inventory has it */
    bool tried;      /**< polled once, with or without an answer */
    bool offline;    /**< its gateway says so */
};

#define UNIT_IDENTITY_EVERY_MS 60000

/** ERR_CONFIG: no such map, or it cannot be polled (logged). */
enum err unit_init(struct unit *unit, const struct field_params *ports,
                   const struct line_config *line, uint32_t index, uint32_t reader) MUST_CHECK;
void unit_finish(struct unit *unit);
/** A new round: statuses are to be read again. */
void unit_round_begin(struct unit *unit);
/** A new connection: the next values of each point are journalled even when they are the same. */
void unit_connected(struct unit *unit);
/** Hands the values of one reply to the intake. */
void unit_take(struct unit *unit, const struct poll_request *request,
               const struct read_reply *reply);
/** The gateway says it cannot reach the unit: all its points lose their link. */
void unit_take_offline(struct unit *unit);
/** Must its identity register be read before its values? */
bool unit_identity_due(const struct unit *unit, int64_t boot_ms);
/** The request for it. */
struct read_request unit_identity_request(const struct unit *unit);
/** What the register holds (exists false: the device has none). True: it is the right device. Of a
 * wrong one all points become faults; that is logged and counted once. */
bool unit_identity_take(struct unit *unit, bool exists, uint16_t value, int64_t boot_ms);
/** It may be another one by now: after a failure, or a new connection. */
void unit_identity_doubt(struct unit *unit);

#endif
