#ifndef BOWEI_BIKE_H
#define BOWEI_BIKE_H

#include "bowei/bike_report.h"

/* A parked bike as the core keeps it, and the verdict on where it stands. Only parked, unrented
 * bikes are kept: a bike that is unlocked loses its position and its verdict at once; no rider, no
 * trip, no track. */

enum verdict { VERDICT_UNCERTAIN, VERDICT_INSIDE, VERDICT_OUTSIDE, VERDICT_COUNT };

const char *verdict_name(enum verdict verdict); /**< "uncertain", "inside", "outside" */

/** One row each in verdict_rules.def: why the verdict is what it is. First match wins. */
/* clang-format off: a table is included */
enum verdict_rule {

#define VERDICT_RULE(name, code, en, zh) RULE_##name,
#include "bowei/verdict_rules.def"
#undef VERDICT_RULE
    RULE_COUNT
};
/* clang-format on */
const char *verdict_rule_code(enum verdict_rule rule);
const char *verdict_rule_text(enum verdict_rule rule); /**< in English */

#define BIKE_RSSI_KEPT   5 /**< median of the last five: one swings by 10 dB */
#define BIKE_EVENTS_KEPT 4
#define RSSI_NONE        INT8_MIN

/** One fence's radio evidence for a bike. Absence is not written here (it is the listener's news,
 * another root): it is judged from heard_ms against the listener's newest scan. */
struct bike_radio {
    space_key fence;    /**< 0 = none */
    uint64_t listener;  /**< hash of the listener that heard it; 0 = the bike heard a beacon */
    int64_t heard_ms;   /**< city time it was heard last */
    int64_t strong_ms;  /**< city time it was heard last at the enter threshold, 0 = never */
    int64_t weak_ms;    /**< since when the median is at the leave threshold, 0 = it is not */
    uint32_t period_ms; /**< between two scans; 0 for beacons */
    int8_t rssi[BIKE_RSSI_KEPT]; /**< newest first; RSSI_NONE = none */
    uint8_t entered;             /**< the enter rule was met */
    uint8_t missed;              /**< beacons: reports in a row that did not hear it */
};

enum bike_flag {
    BIKE_GONE = 1, /**< unlocked or forgotten: nothing of a place is kept */
    BIKE_HAS_POSITION = 2,
    BIKE_RESTORED = 4,    /**< not heard since the restart */
    BIKE_DECIDED = 8,     /**< inside or outside was decided in this stop; see stop rules */
    BIKE_ALARM = 16,      /**< moved without a ride, said by its own lock, in this stop */
    BIKE_DECIDED_IN = 32, /**< with BIKE_DECIDED: it was inside, whatever is shown meanwhile */
    BIKE_TOLD = 64,       /**< a suspicion of this stop is or was open: people have judged it */
    BIKE_MOVED = 128, /**< moved_ms is of a ride or move that was seen, not of its first report */
};

/** What flags have no room for; of images only. */
enum bike_mark {
    BIKE_FOUND = 1, /**< it stands where its first report found it: an older image may know since
                       when */
};

/* Locks that stand still say so every few hours, some once a day: a longer silence is not counted
 * as standing. */
#define BIKE_UNHEARD_MS 86400000

struct bike_image {
    char ref[VEHICLE_REF_MAX + 1];
    uint32_t adcode;      /**< district of its keys, fixed for the stay; 0 = not yet known */
    uint8_t lock;         /**< enum lock_state */
    uint8_t flags;        /**< enum bike_flag */
    uint8_t battery_pct;  /**< 255 = not known */
    uint8_t verdict;      /**< enum verdict, as shown */
    uint8_t rule;         /**< enum verdict_rule */
    uint8_t source;       /**< enum report_source of the newest fix */
    uint8_t strays;       /**< fixes in a row that lie off the stop */
    uint16_t fixes;       /**< in the mean */
    uint16_t unheard_min; /**< of this stop: between two reports, what is over BIKE_UNHEARD_MS */
    struct position_e7 first;  /**< first fix of the stop: the origin of the sums */
    int64_t sum_lat, sum_lon;  /**< 1e-7 degree, of the fixes less `first` */
    struct position_e7 stray;  /**< the last stray */
    struct position_e7 newest; /**< the newest fix */
    uint32_t accuracy_mm;      /**< of the newest fix; 0 = not said */
    uint32_t flat_s;           /**< city time, seconds: its battery is flat since, 0 = it is not */
    int64_t fixed_ms;          /**< city time of the newest fix, 0 = none */
    int64_t parked_ms;         /**< city time this stop began */
    int64_t heard_ms;          /**< city time of the newest counted report */
    int64_t moved_ms; /**< city time of the last ride or move: what zombie clocks run from */
    int64_t order_ms[REPORT_LISTENER]; /**< newest network time counted, per source */
    uint64_t events[BIKE_EVENTS_KEPT]; /**< newest first */
    struct bike_radio radio, rival;    /**< the fence whose radio decides, and who challenges it */
    int64_t rival_ms;                  /**< since when the rival is stronger, 0 = it is not */
    space_key fence; /**< inside: that fence; outside: nearest parking fence or the zone it is in
                      */
    int32_t distance_mm; /**< signed, to `fence`; INT32_MAX = not known */
    uint32_t dragged_s;  /**< city time, seconds: moved without a ride, or its alarm said so, and
                            not ridden since; 0 = not so */
    int64_t since_ms;    /**< city time the shown verdict began */
    int64_t outside_ms;  /**< since when the evidence says outside, 0 = it does not */
    uint16_t marks;      /**< enum bike_mark */
};

#define FENCE_LISTENERS_MAX 4

/** A fixed listener as its fence's root keeps it. */
struct listener_image {
    uint64_t listener; /**< hash of its id */
    uint32_t period_ms;
    int64_t heard_ms; /**< city time of its newest message */
    int64_t scan_ms;  /**< city time of its newest full scan, 0 = none */
    int64_t order_ms; /**< newest network time counted */
};

/** A fence: the root of its listeners, and what is shown of it (worked out from the bikes). */
struct fence_image {
    space_key key;
    uint8_t listener_count;
    uint8_t silent; /**< has listeners and none of them is live: its count is not known */
    struct listener_image listeners[FENCE_LISTENERS_MAX];
    uint32_t count;                      /**< bikes judged there, for Redis and lists only */
    uint16_t by_operator[OPERATORS_MAX]; /**< by index in the inventory's operators */
    int64_t changed_ms;
};

/** Mean of the fixes of this stop; false when there is none. */
bool bike_position(const struct bike_image *bike, struct position_e7 *at);

#endif
