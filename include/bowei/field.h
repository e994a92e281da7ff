#ifndef BOWEI_FIELD_H
#define BOWEI_FIELD_H

#include "bowei/base/counters.h"
#include "bowei/config.h"
#include "bowei/device_ledger.h"
#include "bowei/input.h"
#include "bowei/recalibration.h"
#include "bowei/status.h"

/* The field side's front door: starts the Modbus lines and MQTT links, which decode what they hear
 * and hand readings to the intake port. One thread a line, libmosquitto's thread a link. */

/** A device that no inventory row knows: listed and counted, never created. */
struct unknown_device {
    char id[DEVICE_ID_MAX + 1];
    char source[32];
    uint16_t channel;
    uint64_t readings;
    int64_t first_wall_ms, last_wall_ms;
    uint8_t last_value; /**< enum reading_value */
};

#define UNKNOWN_DEVICES_MAX 1000 /**< the newest are kept */

struct unknown_devices; /**< own lock, rank 3 */
struct unknown_devices *unknown_devices_create(void);
void unknown_devices_destroy(struct unknown_devices *devices);
void unknown_devices_note(struct unknown_devices *devices, const char *source,
                          const struct reading *reading, int64_t wall_ms);
/** Copies up to n, newest first. */
uint32_t unknown_devices_list(struct unknown_devices *devices, struct unknown_device *out,
                              uint32_t n);

struct field_params {
    const struct config *config;
    struct intake_port intake;
    struct inventory_board *board;
    struct counters *counters;
    struct status *status;
    struct unknown_devices *unknown;
    struct recalibration_desk *desk; /**< NULL = nothing is ever written */
    struct device_ledger *ledger;    /**< NULL: nothing is noted */
};

struct field;

/** Starts all lines and links; returns at once. NULL on no memory or thread. */
struct field *field_start(const struct field_params *params);
/** Stops polling and disconnects cleanly; at most about 2 s. */
void field_stop(struct field *field);

/** A change to a new configuration: all that can fail is done, nothing is felt yet. */
struct field_change;

/** Makes ready what the difference of the running configuration and `next` asks for. NULL: not
 * possible, nothing has changed (logged). Owner's thread, as all here. */
struct field_change *field_prepare(struct field *field, const struct config *next,
                                   const struct config_difference *difference);
/** Stops the lines and links that are gone or edited and lets the new ones go; takes as long as
 * their present request, all at once. The others are not touched and keep the configuration they
 * were started with: `next`, and every former one that field_uses, must stay. Frees `change`. */
void field_commit(struct field *field, struct field_change *change);
/** Leaves everything as it is. Frees `change`. */
void field_discard(struct field_change *change);
/** Does a line or link still read this configuration? */
bool field_uses(const struct field *field, const struct config *config);
/** The timing of Modbus devices ("<line>/<unit>"), for the inventory builder. */
struct timing_source field_timing(const struct config *config);
/** Why no unit can be polled by this map (static text), NULL when one can. max_read: the unit's, 0
 * = the map's. Pure. */
const char *field_map_fault(const struct register_map *map, uint32_t max_read);
/** Every link is up and drained and every line polled once. */
bool field_settled(const struct field *field);

#endif
