#ifndef BOWEI_READING_H
#define BOWEI_READING_H

#include "bowei/base/device_id.h"
#include <stdbool.h>
#include <stdint.h>

/* The one record that crosses from the field side to the core: what one device said of one channel.
 */

#define NO_SENSOR UINT32_MAX

/** What a reading says of its place. */
enum reading_value {
    VALUE_FREE,
    VALUE_OCCUPIED,
    VALUE_ALIVE,     /**< the device lives, nothing said of the place */
    VALUE_FAULT,     /**< the device says it is broken */
    VALUE_LINK_LOST, /**< its gateway says it cannot reach the device */
    VALUE_START,     /**< the device has just booted; its occupied bit is not to be believed */
    VALUE_JOIN,      /**< the network says the device joined anew: counters begin again */
    VALUE_GATE,      /**< cumulative counts of a gate (gate_in, gate_out) */
    VALUE_COUNT_
};

/** What kind of message it was, for people and `bowei decode`. */
enum reading_type {
    TYPE_STATUS,
    TYPE_HEARTBEAT,
    TYPE_STARTUP,
    TYPE_PARAMETERS,
    TYPE_FAULT,
    TYPE_OFFLINE,
    TYPE_JOIN,
    TYPE_SAMPLE, /**< one poll of a Modbus point */
    TYPE_COUNT_
};

/** Which optional fields of a reading are set. */
enum reading_has {
    HAS_NET_TIME = 1,
    HAS_COUNTER = 2,
    HAS_BATTERY = 4,
    HAS_TEMPERATURE = 8,
    HAS_RSSI = 16,
    HAS_BATTERY_LOW = 32, /**< battery_low says it, whether or not a voltage is known */
};

struct reading {
    uint32_t sensor; /**< index in the inventory of `inventory_version`; NO_SENSOR in a decoder's
                        output */
    uint16_t
        channel; /**< which input of the device; 0 for one-bay sensors, Modbus: the map's channel */
    uint8_t value; /**< enum reading_value */
    uint8_t type;  /**< enum reading_type */
    uint8_t has;   /**< enum reading_has bits */
    bool battery_low;
    bool unchanged; /**< a sampled point that reads as it did: not journalled, renews `heard` */
    uint8_t device_len;
    uint32_t counter; /**< frame counter */
    uint16_t battery_mv;
    int16_t temperature_dc; /**< 0.1 degC */
    int16_t rssi_dbm;
    int64_t net_time_ms; /**< the network's time of the message, epoch ms wall clock as received */
    uint32_t gate_in;    /**< VALUE_GATE: cars in since the gate's counter began */
    uint32_t gate_out;
    uint64_t root; /**< space_key of the place the sensor is bound to (space, or lot of a gate), set
                      where `sensor` is; 0 = none */
    char device[DEVICE_ID_MAX]; /**< not NUL-terminated: device_len bytes */
};

#endif
