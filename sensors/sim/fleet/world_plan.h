#ifndef SENSORS_SIM_FLEET_WORLD_PLAN_H
#define SENSORS_SIM_FLEET_WORLD_PLAN_H

#include "bowei/base/err.h"
#include "bowei/base/geo.h"
#include "bowei/base/space_id.h"
#include "sensors/sim/fleet/shape.h"
#include <stdbool.h>
#include <stdint.h>

/* What stands still in the simulated bike world: fences and no-parking zones, the studs and
 * Bluetooth gateways at them, the operators, and which bikes there are. A pure function of its
 * parameters: `make` writes it as inventory files, `run` makes it again from the same numbers. */

#define WORLD_NONE          UINT32_MAX
#define WORLD_BIKES_MAX     200000
#define WORLD_FENCES_MAX    3996 /* four streets of 999 sites */
#define WORLD_OPERATORS_MAX 8
#define WORLD_ID_CAP        64
#define WORLD_FAR_MM        100000 /* distances are exact below it; all that is farther is this */

struct world_plan_params {
    uint32_t bikes;     /**< 0 to WORLD_BIKES_MAX */
    uint32_t fences;    /**< zones included; 0 = one for 8 bikes, 24 to 2000 */
    uint32_t operators; /**< 1 to WORLD_OPERATORS_MAX; 0 = 3 */
    uint32_t seed;
};

struct plan_fence {
    space_key key;
    enum place_kind kind; /**< PLACE_FENCE: kerb strip; PLACE_BIKE_AREA: square; PLACE_NO_PARKING */
    struct position_e7 centre;
    uint32_t corner, corners; /**< in plan->ring and plan->corners */
    uint32_t capacity;
    uint32_t beacon, beacons;  /**< its studs */
    uint32_t listener;         /**< or WORLD_NONE */
    double inner_m, outer_m;   /**< discs round the centre: all inside, all of it */
    int64_t from_ms, until_ms; /**< temporary: valid window, epoch ms; 0 = always */
    uint16_t name, number;     /**< row of the street names; "zone 3" */
    bool popular;              /**< draws crowds, beyond its capacity at the rush hours */
};

enum stud_kind { STUD_IBEACON, STUD_EDDYSTONE, STUD_MAC, STUD_KIND_COUNT };

struct plan_stud {
    uint32_t fence;
    struct position_e7 at;
    uint16_t number; /**< 1.. of its fence */
    uint8_t kind;    /**< enum stud_kind */
};

struct plan_listener {
    uint32_t fence;
    bool open_mqtt; /**< OpenMQTTGateway, else Minew */
};

struct world_plan {
    struct world_plan_params params;
    struct plan_fence *fences;
    struct plan_stud *studs;
    struct plan_listener *listeners;
    struct position_e7 *ring;    /**< corners as they are written down */
    struct shape_point *corners; /**< the same on each fence's plane */
    uint32_t fence_count, stud_count, listener_count, corner_count;
    uint32_t *areas;   /**< bike areas that are not crowded */
    uint32_t *strips;  /**< kerb strips */
    uint32_t *crowded; /**< the popular ones */
    uint32_t *zones;   /**< no-parking zones in force */
    uint32_t area_count, strip_count, crowded_count, zone_count;
    uint32_t *cell_start; /**< index of what is near: fences of cell i are cell_fence[start[i]..] */
    uint32_t *cell_fence;
    struct position_e7 origin; /**< south-west corner of the cells */
    uint32_t columns, rows;
};

/** ERR_BAD_PARAMETER: out of bounds. Free with world_plan_destroy. */
enum err world_plan_create(const struct world_plan_params *params,
                           struct world_plan **out) MUST_CHECK;
void world_plan_destroy(struct world_plan *plan);

/** Signed distance to the edge of a fence, millimetres: negative inside. */
int32_t world_plan_distance_mm(const struct world_plan *plan, uint32_t fence,
                               struct position_e7 at);

/** Where a place is. */
struct plan_place {
    uint32_t fence;  /**< nearest one to park in, WORLD_NONE = none within WORLD_FAR_MM */
    uint32_t zone;   /**< nearest no-parking zone, the same */
    int32_t park_mm; /**< signed distance to the fence */
    int32_t zone_mm;
};

struct plan_place world_plan_locate(const struct world_plan *plan, struct position_e7 at);

/* --- who is who; world_names.c --- */

/** How a bike makes itself known. */
enum bike_voice {
    VOICE_APP,  /**< its operator posts it */
    VOICE_OMNI, /**< Omni lock through a bridge, nothing posted */
    VOICE_BL10, /**< BL10 heartbeats through a bridge, positions posted */
    VOICE_COUNT
};

uint32_t world_operator(const struct world_plan *plan, uint32_t bike);
const char *world_operator_code(uint32_t op);
const char *world_operator_name(uint32_t op, bool chinese);
/** Six lower-case hex digits that the MACs of its bikes begin with. */
const char *world_operator_prefix(uint32_t op);
/** Does the inventory list its bikes? Else they are known by the operator's MAC prefix. */
bool world_operator_listed(uint32_t op);
/** Do its bikes send an iBeacon from a changing MAC? */
bool world_operator_beacons(uint32_t op);
enum bike_voice world_bike_voice(const struct world_plan *plan, uint32_t bike);
void world_bike_ref(const struct world_plan *plan, uint32_t bike, char out[WORLD_ID_CAP]);
void world_bike_mac(const struct world_plan *plan, uint32_t bike, char out[13]);
/** "ibeacon:<uuid>:<major>:<minor>" of an operator that has them. */
void world_bike_beacon(uint32_t bike, char out[WORLD_ID_CAP]);
/** Major and minor of it. */
void world_bike_triple(uint32_t bike, uint32_t out[2]);
void world_bike_imei(uint32_t bike, char out[16]);
void world_stud_id(const struct world_plan *plan, uint32_t stud, char out[WORLD_ID_CAP]);
/** Minew: 12 lower-case hex digits; OpenMQTTGateway: its name. */
void world_listener_id(const struct world_plan *plan, uint32_t listener, char out[WORLD_ID_CAP]);
/** UUID of the operators' bikes, 32 hex digits. */
const char *world_bike_uuid(void);

/** Writes fences.geojson, beacons.csv, listeners.csv, operators.csv and vehicles.csv into an
 * existing folder; source: name of the link that carries the listeners. world_files.c. */
enum err world_plan_write(const struct world_plan *plan, const char *folder,
                          const char *source) MUST_CHECK;

#endif
