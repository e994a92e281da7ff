#ifndef BOWEI_BIKE_REPORT_H
#define BOWEI_BIKE_REPORT_H

#include "bowei/fences.h"

/* What crosses from the field side (or an operator's telemetry) to the core about one bike or one
 * listener: one report writes one root. A scan of a listener is split into one report per bike and
 * one for the listener itself. Who speaks, and which fences its beacons mark, is resolved against
 * the inventory before; the core gets keys. */

enum report_source {
    REPORT_OPERATOR, /**< POST /v1/vehicles/telemetry */
    REPORT_LOCK,     /**< the bike's lock, through a bridge on MQTT */
    REPORT_SCAN,     /**< a fixed listener heard the bike */
    REPORT_LISTENER, /**< a listener's full scan is over, or it said that it lives: root = listener
                      */
    REPORT_SOURCE_COUNT
};

enum lock_state { LOCK_UNKNOWN, LOCK_LOCKED, LOCK_UNLOCKED, LOCK_STATE_COUNT };

const char *lock_state_name(enum lock_state lock); /**< "unknown", "locked", "unlocked" */

enum report_has {
    REPORT_HAS_TIME = 1,
    REPORT_HAS_POSITION = 2,
    REPORT_HAS_BATTERY = 4,
    REPORT_HAS_RADIO = 8, /**< the bike listened for beacons, heard or not */
    REPORT_HAS_SCAN = 16, /**< REPORT_LISTENER: a full scan result, so who is not in it is not there
                           */
    REPORT_MOVED_ALONE = 32, /**< the lock's own alarm: moved or fell without a ride */
};

/** What the position would mean in another coordinate system, worked out before the core (which
 * knows no float): the evidence for a feed that posts in the wrong one. */
enum report_shift {
    SHIFT_INSIDE = 1,       /**< inside or within the buffer of a parking fence as it is */
    SHIFT_INSIDE_GCJ02 = 2, /**< it would be, were it GCJ-02 read as WGS-84 */
    SHIFT_INSIDE_BD09 = 4,  /**< ... BD-09 read as WGS-84 */
    SHIFT_INSIDE_TWICE = 8, /**< ... WGS-84 said to be GCJ-02, so that it was shifted back in vain
                             */
};

#define REPORT_BEACONS_MAX 3 /**< strongest beacons of different fences */

struct inventory;

struct bike_report {
    char vehicle[VEHICLE_REF_MAX + 1]; /**< "" with REPORT_LISTENER */
    uint8_t source;                    /**< enum report_source */
    uint8_t lock;                      /**< enum lock_state */
    uint8_t has;                       /**< enum report_has bits */
    uint8_t battery_pct;
    uint8_t shift; /**< enum report_shift bits */
    uint8_t beacon_count;
    int8_t rssi_dbm; /**< REPORT_SCAN: as the listener heard it */
    int8_t beacon_rssi_dbm[REPORT_BEACONS_MAX];
    uint32_t accuracy_mm;    /**< of the position; 0 = not said */
    struct position_e7 at;   /**< WGS-84 */
    int64_t time_ms;         /**< when it was so, wall clock as received */
    uint64_t event;          /**< hash of operator and event id; 0 = none */
    space_key fence;         /**< REPORT_SCAN, REPORT_LISTENER: the listener's fence */
    uint64_t listener;       /**< hash of the listener's id */
    uint32_t scan_period_ms; /**< REPORT_SCAN, REPORT_LISTENER */
    space_key beacon_fence[REPORT_BEACONS_MAX]; /**< what the bike heard, strongest first */
};

/** The fences that beacons mark, strongest first, one entry a fence, into a report. */
void report_beacon(struct bike_report *report, const struct inventory *inv, const char *id,
                   int8_t rssi_dbm);
/** Of a bike that is unlocked nothing of a place goes on, into the journal least of all. */
void report_in_use(struct bike_report *report);
/** A stable hash of a listener's id or an event's, never 0. */
uint64_t report_hash(const char *text, size_t len);

#endif
