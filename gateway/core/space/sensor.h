#ifndef GATEWAY_CORE_SPACE_SENSOR_H
#define GATEWAY_CORE_SPACE_SENSOR_H

#include "bowei/base/counters.h"
#include "bowei/image.h"
#include "bowei/input.h"
#include "bowei/inventory.h"
#include "bowei/sensor_model.h"

/* One sensor's private state: order, debounce, flapping, liveness (STATES 2 to 4). Gates of
 * count-only lots use the same record: order and liveness are the same, `changes` holds their
 * counts. */

#define SENSOR_DEBOUNCE_SAMPLES 3 /* STATES 3 */
#define SENSOR_DEBOUNCE_MS      15000
#define SENSOR_FLAP_CHANGES     10 /* more than these in ten minutes */
#define SENSOR_QUIET_MS         600000
#define SENSOR_AHEAD_MS         120000 /* STATES 2 */
/* A frame that the network received so long after the newest one is none of before it: frames that
 * overtake each other do so within seconds. */
#define SENSOR_REJOIN_MS 300000
/* A frame whose counter is up to so much higher follows the newest one, whatever its time says:
 * networks' clocks are set back, and those of two radio gateways differ (ChirpStack v3 has no other
 * time). One or two frames may be lost in between. */
#define SENSOR_NEXT_FRAMES 3

/* City times of sensors and spaces are kept in 44 bits: good until the year 2527. */
#define STAMP_BITS 44
#define STAMP_MAX  ((INT64_C(1) << STAMP_BITS) - 1)
#define RSSI_BIAS  2048 /* 12 bits: what no radio has is bounded to them */

/** 32 bytes: there may be a million. What ties it to its device is worked out of the inventory. */
struct sensor {
    uint64_t changes;             /**< as in struct sensor_image; a gate: in << 32 | out */
    uint64_t heard : STAMP_BITS;  /**< city time of the newest counted message; 0 = never */
    uint64_t pending_lag_ms : 16; /**< heard - first seen of the pending value */
    uint64_t progress : 4; /**< bits 0-1 debounce, 2 suspect, 3 counted as live when last judged */
    uint64_t quiet : STAMP_BITS; /**< quiet_ms of struct sensor_image */
    uint64_t rssi : 12;          /**< dBm + RSSI_BIAS */
    uint64_t value : 4;          /**< enum reading_value last counted, VALUE_COUNT_ = never heard */
    uint64_t pending : 4;        /**< the one that waits for debounce, VALUE_COUNT_ = none */
    uint32_t counter; /**< frame counter; without one the low 32 bits of the newest network time */
    uint16_t battery_mv;
    uint8_t flags; /**< enum sensor_flag */
    uint8_t join;
};

_Static_assert(sizeof(struct sensor) == 32, "two a cache line");
_Static_assert(VALUE_COUNT_ < 16, "4 bits");

#define SENSOR_SUSPECT  4
#define SENSOR_WAS_LIVE 8

/** What may keep a reading from counting. */
enum sensor_verdict { SENSOR_COUNTED, SENSOR_DUPLICATE, SENSOR_LATE };

/** The moment and limits by which a reading is judged. */
struct sensor_moment {
    struct now now;
    int64_t break_ms; /**< last session loss of its link */
    const struct sensor_timing *timing;
    struct counters *counters;
    int64_t stamp_ms; /**< out: city time the reading stands for */
};

static inline enum reading_value sensor_value(const struct sensor *sensor)
{
    return (enum reading_value)sensor->value;
}

static inline enum reading_value sensor_pending(const struct sensor *sensor)
{
    return (enum reading_value)sensor->pending;
}

static inline uint64_t stamp_fit(int64_t at_ms)
{
    return (uint64_t)(at_ms < 0 ? 0 : at_ms > STAMP_MAX ? STAMP_MAX : at_ms);
}

/** A city time as it is kept; the mask tells the compiler that it fits. */
#define STAMP(at_ms) (stamp_fit(at_ms) & (uint64_t)STAMP_MAX)

static inline int64_t sensor_heard_ms(const struct sensor *sensor)
{
    return (int64_t)sensor->heard;
}

static inline int sensor_rssi_dbm(const struct sensor *sensor)
{
    return (int)sensor->rssi - RSSI_BIAS;
}

static inline void sensor_set_value(struct sensor *sensor, enum reading_value value)
{
    sensor->value = (unsigned)value & 15U;
}

void sensor_init(struct sensor *sensor);
/** What ties the state of a bound sensor to its device and channel. */
uint32_t sensor_tag_of(const struct inventory *inv, const struct inv_sensor *bound);
/** Orders the reading and, when it counts, takes all of it but its value. */
enum sensor_verdict sensor_take(struct sensor *sensor, const struct reading *reading,
                                struct sensor_moment *moment);
/** Takes the value of a counted reading of a space's sensor; was_live: before this reading. */
void sensor_say(struct sensor *sensor, enum reading_value value, const struct sensor_moment *moment,
                bool was_live);
/** Has said free or occupied and nothing but silence keeps it from voting. */
bool sensor_able(const struct sensor *sensor, bool clock_suspect);
/** May vote at at_ms. */
bool sensor_live(const struct sensor *sensor, int64_t limit_ms, int64_t at_ms, bool clock_suspect);
/** Next moment of its own (debounce over, flapping over); INT64_MAX = none. */
int64_t sensor_due(const struct sensor *sensor);
/** Applies what of that fell due by at_ms. */
void sensor_settle(struct sensor *sensor, int64_t at_ms, struct counters *counters);
/** All but the tag. */
void sensor_save(const struct sensor *sensor, struct sensor_image *out);
void sensor_load(struct sensor *sensor, const struct sensor_image *image);
/** Forgets the value (its place is another now), keeps the order. */
void sensor_move(struct sensor *sensor);

#endif
