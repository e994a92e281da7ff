#ifndef BOWEI_FLEET_H
#define BOWEI_FLEET_H

#include "bowei/alert.h"

/* What is asked of the non-motor half of the core (bikes, fences, alerts), and the rules it goes
 * by. The request hangs on a struct command, is stepped by the core and answered like any other. */

/** Thresholds and times; each is a setting of the section `bikes` (docs/CONFIG.md). Defaults:
 * fleet_rules_default. */
struct fleet_rules {
    uint32_t bikes_max;  /**< bikes kept at once; more are refused and counted */
    uint32_t alerts_max; /**< episodes kept, ended ones included */
    uint32_t buffer_mm;  /**< outside only beyond this: 15 m (Beijing draft) */
    uint32_t hold_mm;    /**< a verdict once given holds against fixes that are off by less: 24 m (3
                            sigma of 8 m) */
    uint32_t dwell_ms;   /**< outside for so long before it is said: 120 s */
    uint32_t coarse_mm;  /**< positions less exact than this decide nothing: 50 m */
    uint32_t position_age_ms;    /**< older positions decide nothing: 4 h (Beijing draft) */
    uint32_t moved_mm;           /**< off the stop by more: it has moved: 50 m */
    uint32_t coverage_mm;        /**< no fence nearer than this: not judged: 5 km */
    uint32_t forget_ms;          /**< a bike not heard for so long is forgotten: 40 days */
    int8_t enter_dbm, leave_dbm; /**< radio: -75, -85 */
    uint32_t leave_ms;           /**< unheard for 3 scans and at least this long = left: 60 s */
    uint8_t rival_db;            /**< another fence is stronger by this ... : 6 dB */
    uint32_t rival_ms;           /**< ... for so long: 10 s */
    uint32_t listener_limit_ms;  /**< a listener silent for so long, and 6 scans: silent: 120 s */
    uint16_t pile_up_pct;        /**< of capacity: 120 */
    uint32_t pile_up_ms;         /**< for so long: 10 min */
    uint16_t filling_pct;        /**< at least so full: 80 */
    uint32_t filling_ms;         /**< and full within: 30 min, by the last 15 min's net arrivals */
    uint32_t reopen_ms;          /**< wrong again within: the same episode: 10 min */
    uint16_t storm_alerts;       /**< more openings of one operator ... : 50 */
    uint32_t storm_ms;           /**< ... within: 60 s: told as one summary */
    uint16_t feed_window;        /**< positions looked at for a shift: 64 */
    uint16_t feed_pct;           /**< of them, right only when shifted: 60 */
    uint32_t keep_ms;            /**< ended episodes are kept: 30 days */
    uint8_t flat_pct; /**< a battery is flat at or below: 5; set with case_rules, not with these */

    struct {
        uint32_t ack_ms, onsite_ms, clear_ms; /**< 0 = none */
    } due[ALERT_KIND_COUNT];
};

void fleet_rules_default(struct fleet_rules *rules);

/** A place in a list of alerts: opened_ms, then id; newest first. */
struct alert_cursor {
    int64_t opened_ms;
    uint64_t id;
};

/** What belongs to the commands COMMAND_ALERTS, COMMAND_ALERT_MOVE, COMMAND_BIKES, COMMAND_MUTE.
 * Owned by the caller until answered. */
struct fleet_request {
    char operator_code[OPERATOR_CODE + 1]; /**< who asks; "" = staff, who see all */

    /* COMMAND_ALERTS: a page, newest first */
    uint32_t states, kinds;     /**< bit masks; 0 = all */
    struct alert_cursor from;   /**< go on behind this one; opened_ms 0 = from the newest */
    uint64_t id;                /**< only this one; 0 = all. ERR_NOT_FOUND when not visible */
    struct alert_image *alerts; /**< room for `limit` */
    uint32_t alert_count;
    bool more; /**< there are more behind the last */

    /* COMMAND_ALERT_MOVE: one event for many */
    enum alert_event event;
    const uint64_t *ids;
    enum err *results; /**< beside ids: ERR_OK, ERR_NOT_FOUND, ERR_CONFLICT, ERR_PRECONDITION,
                          ERR_FORBIDDEN */
    uint32_t id_count; /**< at most FLEET_BULK_MAX */
    uint32_t version;  /**< only when it is at this version; 0 = any */

    /* COMMAND_BIKES: a page in the order of their references */
    char vehicle[VEHICLE_REF_MAX + 1]; /**< only this one (ERR_NOT_FOUND when not visible); "" =
                                          all; COMMAND_ALERTS: of this vehicle */
    char after[VEHICLE_REF_MAX + 1];   /**< go on behind this one */
    uint32_t verdicts;                 /**< bit mask; 0 = all */
    space_key fence;                   /**< only there; 0 = everywhere (COMMAND_ALERTS too) */
    struct bike_image *bikes;          /**< room for `limit`, at most FLEET_PAGE_MAX are given */
    uint32_t bike_count;

    /* COMMAND_MUTE: event until `until_ms`, city time; 0 = ends it */
    int64_t from_ms, until_ms;

    uint32_t limit;
};

#define FLEET_PAGE_MAX 1000 /**< bikes of a page */
#define FLEET_BULK_MAX 500

#endif
