#ifndef SENSORS_SIM_WORLD_CITY_H
#define SENSORS_SIM_WORLD_CITY_H

#include "bowei/base/err.h"
#include "bowei/base/geo.h"
#include "bowei/base/space_id.h"
#include <stdbool.h>
#include <stdint.h>

/* The simulated city: sites, spaces, and the sensors and devices that watch them. A pure function
 * of its parameters: `make` writes it down as inventory files, `run` makes it again from the same
 * numbers. */

#define CITY_LAT          42.2578
#define CITY_LON          118.8869
#define CITY_COUNTY       150402 /* Hongshan district, Chifeng */
#define CITY_GATE_LOTS    3
#define CITY_GATES        2 /* a gate lot has an entrance and an exit barrier */
#define CITY_SPACES_MAX   2000000
#define CITY_LINES_MAX    199
#define CITY_UNITS_MAX    64  /* units a line may have */
#define CITY_POINTS_MAX   500 /* points of a bit concentrator */
#define CITY_NODES_MAX    47  /* nodes of a DX80 gateway: Banner, DX80 networks reference */
#define CITY_SERIAL_NODES 24
#define CITY_ID_CAP       41
#define CITY_NONE         UINT32_MAX
#define CITY_STREETS      4   /* street and town codes that sites are spread over */
#define CITY_SITES_MAX    999 /* of a kind in a street: three digits of the ID */
#define CITY_BLOCK_M      250.0
#define CITY_M_PER_DEGREE 111195.08 /* of latitude on the sphere of EARTH_RADIUS_M */

/** What a space is watched by. */
enum tech {
    TECH_BITS,
    TECH_DX80,
    TECH_DX80_SERIAL,
    TECH_BOSCH,
    TECH_NWAVE,
    TECH_NATIVE,
    TECH_GATE,
    TECH_COUNT
};

struct city_params {
    uint32_t spaces;
    uint32_t seed;
    uint32_t lines;       /**< Modbus TCP lines; 0 = as many as fit the city */
    uint32_t heartbeat_s; /**< of the MQTT devices */
};

struct city_lot {
    space_key key;
    struct position_e7 at;
    uint32_t first, count; /**< its spaces; count 0 = a count-only lot */
    uint32_t capacity;
    uint16_t name;   /**< row of the street names */
    uint16_t number; /**< "section 3" */
};

struct city_space {
    space_key key;
    struct position_e7 at;
    uint32_t lot;
    uint32_t sensor; /**< its best-ranked sensor */
    uint32_t second; /**< another one with rank 1, or CITY_NONE */
    bool ev, accessible;
};

/** One (device, channel). Channels of a Modbus unit start at 1 and follow each other; others have
 * channel 0. */
struct city_sensor {
    uint32_t target; /**< space, or lot for a gate */
    uint32_t device;
    uint16_t channel;
    uint8_t rank;
};

struct city_device {
    enum tech tech;
    uint16_t line; /**< Modbus: number of the line; the serial one is city->lines */
    uint8_t unit;  /**< Modbus: unit number on the line */
    uint16_t number;
    uint32_t first, count; /**< its sensors */
    char id[CITY_ID_CAP];
};

struct city {
    struct city_params params;
    uint32_t lines; /**< TCP lines; line `lines` is the serial one when has_serial */
    bool has_serial;
    struct city_lot *lots;
    struct city_space *spaces;
    struct city_sensor *sensors;
    struct city_device *devices;
    uint32_t lot_count, space_count, sensor_count, device_count;
};

/** Lays the city out. ERR_BAD_PARAMETER: too many spaces or too few lines for them. Free with
 * city_destroy. */
enum err city_create(const struct city_params *params, struct city **out) MUST_CHECK;
void city_destroy(struct city *city);
/** Is the device polled over Modbus? */
bool city_polled(const struct city_device *device);
/** Writes lots.csv, spaces.csv, devices.csv, bindings.csv and aliases.csv into an existing folder.
 */
enum err city_write(const struct city *city, const char *folder) MUST_CHECK;
/** Name of a line as the configuration and the inventory have it. */
void city_line_name(const struct city *city, uint32_t line, char out[8]);

/* Between layout, equipment, files and the fleet's fences. */
enum err city_equip(struct city *city) MUST_CHECK;
const char *city_street_zh(uint32_t name);
const char *city_street_en(uint32_t name);
uint32_t city_street_count(void);
/** Metres north and east of the city's centre -> position. */
struct position_e7 city_place(double north_m, double east_m);
/** Middle of block number i, counted outward in squares round the centre: metres north and east. */
void city_block_middle(uint32_t i, double at[2]);
/** Street of a place: the number of its quarter, seen from half a block south-west of the centre.
 */
uint32_t city_quarter(struct position_e7 at);
/** Street or town code of a quarter, 3 digits. */
uint32_t city_street_code(uint32_t quarter);
/** ID of a site, 1 to CITY_SITES_MAX, in street number quarter % CITY_STREETS. */
space_key city_site_key(uint32_t quarter, enum place_kind kind, uint32_t site);

#endif
