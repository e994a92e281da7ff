#ifndef BOWEI_INVENTORY_H
#define BOWEI_INVENTORY_H

#include "bowei/base/geo.h"
#include "bowei/base/space_id.h"
#include "bowei/base/strbuf.h"
#include "bowei/reading.h"
#include "bowei/sensor_model.h"
#include <stdatomic.h>

/* The inventory: which lots, spaces and devices the city has and what is bound to what. Data, not
 * configuration. In memory it is an immutable snapshot, swapped as a whole by a core event; readers
 * hold it through a hazard slot and take no lock. A space's slot (its index) is for the life of the
 * process: a removed space keeps its slot as a tombstone, a new one gets the next. A lot's index
 * likewise. */

#define SENSORS_PER_SPACE_MAX 4
#define GATES_PER_LOT_MAX     8
#define TIMING_CLASSES_MAX    512
#define NO_SLOT               UINT32_MAX

/** Attributes of a space, a bit each; names in attributes.def ("ev", "accessible", ...). */
typedef uint16_t attribute_set;
const char *attribute_name(unsigned bit); /**< NULL behind the last */
bool attribute_find(const char *name, size_t len, unsigned *bit);

enum lot_kind { LOT_ROAD_SECTION, LOT_LOT, LOT_TEMPORARY, LOT_KIND_COUNT };

enum lot_counting { COUNT_SPACES, COUNT_GATES };

struct inv_lot {
    space_key key;
    struct position_e7 at;
    uint8_t kind;     /**< enum lot_kind */
    uint8_t counting; /**< enum lot_counting */
    uint8_t removed;  /**< tombstone */
    uint8_t entrances_count;
    uint16_t district;  /**< index in districts */
    uint16_t height_cm; /**< 0 = no limit known */
    uint32_t
        capacity; /**< COUNT_SPACES: its live spaces; COUNT_GATES: as imported. At most 65535 */
    uint32_t name_zh, name_en, address, hours, fee; /**< offsets in text, 0 = none */
    uint32_t entrances;                             /**< index in entrances */
    uint32_t sensors;                               /**< first gate in sensors */
    uint32_t sensor_count;
};

/** 28 bytes, packed against four of padding: there may be a million. */
struct __attribute__((packed, aligned(4))) inv_space {
    space_key key;
    struct position_e7 at;
    uint32_t lot;     /**< index in lots */
    uint32_t sensors; /**< first of sensor_count in sensors */
    attribute_set attributes;
    uint8_t sensor_count;
    uint8_t removed; /**< tombstone */
};

struct inv_device {
    uint32_t id; /**< offset in text */
    uint8_t id_len;
    uint8_t source;  /**< index in sources: the link or line that carries it */
    uint16_t model;  /**< index in models */
    uint16_t timing; /**< index in timings; what its sensors age by */
    uint16_t sensor_count;
    uint32_t sensors_of; /**< see inventory_device_sensors */
};

/** A sensor = one (device, channel), bound to one space or, as a gate, to one count-only lot. */
struct inv_sensor {
    uint32_t device;
    uint32_t target; /**< space slot, or lot index when gate */
    uint16_t channel;
    uint8_t rank; /**< 0 = best; only the live sensors of the lowest rank vote */
    bool gate : 1;
    bool inverted : 1; /**< its device says free where it means occupied */
};

struct inv_tombstone {
    space_key key;
    space_key replaced_by; /**< 0 = none */
};

struct inv_district {
    uint32_t adcode;
};

/** The spatial index: a packed Hilbert R-tree over the live spaces (and one over the lots). */
struct spatial;

/* The non-motor half (fences.h). */
struct inv_fence;
struct inv_beacon;
struct inv_listener;
struct inv_operator;
struct fence_map;
/* Who is responsible (territory.h). */
struct territory;

struct inventory {
    uint64_t version; /**< +1 with every import; 0 = empty */
    uint32_t build;   /**< of this version: built anew when the configuration changed its timings;
                           all indices stay */
    uint32_t space_count, lot_count, device_count, sensor_count, tombstone_count, district_count;
    uint32_t live_spaces; /**< space_count without removed ones */
    struct inv_space *spaces;
    struct inv_lot *lots;
    struct inv_device *devices;
    struct inv_sensor *sensors; /**< grouped by target, sorted by rank */
    uint32_t *device_sensors;   /**< sensor indices grouped by device, of those with several */
    struct inv_tombstone *tombstones; /**< sorted by key */
    struct inv_district *districts;   /**< sorted by adcode */
    struct position_e7 *entrances;
    struct sensor_timing timings[TIMING_CLASSES_MAX];
    uint32_t timing_count;
    const char **models;  /**< names */
    const char **sources; /**< names */
    uint32_t model_count, source_count;
    char *text; /**< NUL-terminated strings; offset 0 is "" */
    struct spatial *spaces_index;
    struct spatial *lots_index;
    struct inv_lookup *lookup; /**< private: id, device and alias maps */
    uint32_t fence_count;      /**< with tombstones */
    uint32_t beacon_count, listener_count, operator_count;
    struct inv_fence *fences;
    struct inv_beacon *beacons;
    struct inv_listener *listeners;
    struct inv_operator *operators; /**< sorted by code */
    struct fence_map *fence_map;    /**< private: corners, spatial index, identities */
    struct territory *territory;    /**< private: grids, units, wardens (territory.h) */
};

/* --- looking things up; all pure reads of an immutable snapshot, any thread --- */

/** Slot of a live or removed space, NO_SLOT when unknown. */
uint32_t inventory_space(const struct inventory *inv, space_key key);
uint32_t inventory_lot(const struct inventory *inv, space_key key);
/** Retired ID? Fills *replaced_by (0 = none). */
bool inventory_tombstone(const struct inventory *inv, space_key key, space_key *replaced_by);
uint32_t inventory_device(const struct inventory *inv, const char *id, size_t len);
/** NO_SENSOR when the device or its channel is not bound. */
uint32_t inventory_sensor(const struct inventory *inv, uint32_t device, uint16_t channel);
/** Space or lot by a vendor or city number; 0 when there is none. */
space_key inventory_resolve(const struct inventory *inv, const char *scheme, const char *value);

/** The indices of a device's sensor_count sensors, sorted by channel. Most devices have one: its
 * index stands in the device itself. */
static inline const uint32_t *inventory_device_sensors(const struct inventory *inv, uint32_t device)
{
    const struct inv_device *d = &inv->devices[device];

    return d->sensor_count == 1 ? &d->sensors_of : inv->device_sensors + d->sensors_of;
}

static inline const char *inventory_text(const struct inventory *inv, uint32_t offset)
{
    return inv->text + offset;
}

/** A hit of a spatial query. */
struct spatial_hit {
    int64_t distance_mm;
    uint32_t slot;
};

/** May this slot be an answer? Called for what is near enough, once or several times: it says the
 * same each time. */
typedef bool (*spatial_filter)(void *ctx, uint32_t slot);

/** Before the filter, for many at once: bit i = slot first + i (i < count <= 64) may pass. */
typedef uint64_t (*spatial_sieve)(void *ctx, uint32_t first, uint32_t count);

struct spatial_query {
    struct position_e7 at;
    int64_t radius_mm;
    spatial_sieve sieve;   /**< NULL = all */
    spatial_filter filter; /**< NULL = all */
    void *ctx;
};

#define SPATIAL_LIMIT_MAX 1024u /**< hits of one query at most */

/** The up to `limit` nearest slots within the radius that pass sieve and filter, sorted by
 * (distance, ID). Exact. Returns how many. Thread-safe; uses only the stack and `hits` (room for
 * limit). */
uint32_t spatial_search(const struct inventory *inv, const struct spatial *index,
                        const struct spatial_query *query, struct spatial_hit *hits,
                        uint32_t limit);
/** The same without a sieve: the up to `limit` nearest slots within radius_mm that pass the filter,
 * sorted by (distance, ID). Exact. Returns how many. Thread-safe; uses only the stack and `hits`
 * (room for limit). */
uint32_t spatial_near(const struct inventory *inv, const struct spatial *index,
                      struct position_e7 at, int64_t radius_mm, spatial_filter filter, void *ctx,
                      struct spatial_hit *hits, uint32_t limit);
/** Is any indexed place within radius_mm, free or not? (near's `coverage`) */
bool spatial_any(const struct inventory *inv, const struct spatial *index, struct position_e7 at,
                 int64_t radius_mm);
/** Calls visit for each slot inside the box (west <= east), in no order; stops when it returns
 * false. */
void spatial_box(const struct spatial *index, struct position_e7 south_west,
                 struct position_e7 north_east, bool (*visit)(void *ctx, uint32_t slot), void *ctx);

/* --- holding the current snapshot --- */

#define INVENTORY_READERS_MAX 512 /**< 200 lines, 16 links, twice while edited; HTTP workers */

/** The published pointer and the hazard slots of its readers. Zeroed, then inventory_board_publish.
 */
struct inventory_board {
    _Atomic(const struct inventory *) current;
    _Atomic(const struct inventory *) in_use[INVENTORY_READERS_MAX];
    _Atomic bool taken[INVENTORY_READERS_MAX];
};

/** Registers a thread (or any one-at-a-time user) as a reader; returns its number. Aborts when
 * full: a bug. */
uint32_t inventory_reader(struct inventory_board *board);
/** Gives the number back; it must hold no snapshot. */
void inventory_reader_return(struct inventory_board *board, uint32_t reader);
/** Borrows the current snapshot until put; at most one at a time per reader. */
const struct inventory *inventory_get(struct inventory_board *board, uint32_t reader);
void inventory_put(struct inventory_board *board, uint32_t reader);
/** Swaps; returns the former one, to be destroyed once inventory_in_use says no. Core thread only.
 */
const struct inventory *inventory_publish(struct inventory_board *board,
                                          const struct inventory *next);
bool inventory_in_use(struct inventory_board *board, const struct inventory *inv);

/* --- building (import.h has the files' side) --- */

/** What a Modbus unit or another source outside the models table says of a device's timing.
 *  Returns false when (source, device) is not its own. */
struct timing_source {
    bool (*timing)(void *ctx, const char *source, const char *device, const char *model,
                   struct sensor_timing *out);
    void *ctx;
};

void inventory_destroy(const struct inventory *inv);

#endif
