#ifndef BOWEI_SENSOR_MODEL_H
#define BOWEI_SENSOR_MODEL_H

#include "bowei/reading.h"
#include <stddef.h>

/** How a kind of sensor ages and how far it is trusted. A row of the models table, or of a Modbus
 * unit. */
struct sensor_timing {
    uint32_t period_ms; /**< poll period, or the heartbeat of an event sensor */
    uint32_t limit_ms;  /**< stale limit: older than this is unknown. Sampled: max(3 periods, 15 s);
                           event: 2 heartbeats + 5 min */
    uint8_t confidence; /**< base, 1..100 */
    bool sampled;       /**< Modbus: debounced by 3 equal samples or 15 s; else event: 1 sample */
};

/** Timing of what speaks when something changes and in a heartbeat: stale after two heartbeats and
 * five minutes. */
#define SENSOR_EVENT_TIMING(heartbeat_ms)                                                          \
    {                                                                                              \
        .period_ms = (heartbeat_ms), .limit_ms = 2 * (heartbeat_ms) + 300000u, .confidence = 97,   \
        .sampled = false                                                                           \
    }

/** limit_ms from the period by the rule of the kind. */
uint32_t sensor_limit_ms(bool sampled, uint32_t period_ms);

/** Why a frame was refused; counted per model (COUNT_MQTT_REFUSED_*). */
enum decode_fault {
    DECODE_OK,
    DECODE_LENGTH,
    DECODE_RANGE,
    DECODE_UNKNOWN,
    DECODE_CHECKSUM,
    DECODE_JSON,
    DECODE_FIELD,
    DECODE_TOPIC,
    DECODE_SIZE,
    DECODE_FAULT_COUNT
};

/** "length", "range", ... */
const char *decode_fault_name(enum decode_fault fault);

/** A frame as the network server hands it on. */
struct frame {
    const uint8_t *bytes;
    size_t len;
    uint8_t fport; /**< 0 where the network has none */
};

#define EXTRA_TEXT_MAX 128
#define EXTRA_LIST_MAX 32

/** One model's own field for `bowei decode` ("prev_state_min": 74), besides those of struct
 * reading. */
struct extra {
    const char *name; /**< static */

    enum { EXTRA_NUMBER, EXTRA_TEXT, EXTRA_BOOL, EXTRA_NULL, EXTRA_LIST } kind;

    int64_t number; /**< EXTRA_LIST: how many of `list` */
    uint8_t digits; /**< number is scaled by 10^digits */

    union {
        char text[EXTRA_TEXT_MAX];
        int32_t list[EXTRA_LIST_MAX];
    };
};

#define DECODED_EXTRAS 20

/** What a decoder fills: one reading (device, sensor and times are set by the caller) and the
 * extras. */
struct decoded {
    struct reading reading;
    const char *type_name; /**< the maker's own word for the kind of message, static; NULL =
                              reading.type's name */
    int8_t occupied_bit; /**< 1, 0, or -1: what the frame's bit says, also in startups that must not
                            count */
    uint8_t extra_count;
    struct extra extras[DECODED_EXTRAS];
};

/** Empty, occupied_bit -1. Callers clear before they decode; decoders and envelopes only add. */
void decoded_clear(struct decoded *out);
/** What a bit says of the place: sets value and occupied_bit. */
void decoded_occupied(struct decoded *out, bool occupied);
/** It has just started: version is three bytes of its firmware's, cause the word for why. */
void decoded_startup(struct decoded *out, const uint8_t version[3], const char *cause);
/** A frame that nobody reads: the device lives, that is all. type_name NULL: the maker has none. */
enum decode_fault decoded_opaque(const struct frame *in, struct decoded *out,
                                 const char *type_name);
/** Sets the battery, millivolt (cut to 65535). */
void decoded_battery_mv(struct decoded *out, uint32_t battery_mv);
/** Sets the temperature, 0.1 degC; values no street reaches (below -60, above 100 degC) become an
 * extra only: people see them, the reading does not have them. */
void decoded_temperature_dc(struct decoded *out, int32_t temperature_dc);
void decoded_extra_number(struct decoded *out, const char *name, int64_t value, uint8_t digits);
void decoded_extra_text(struct decoded *out, const char *name, const char *text);
void decoded_extra_bool(struct decoded *out, const char *name, bool value);
void decoded_extra_null(struct decoded *out, const char *name);
/** At most EXTRA_LIST_MAX numbers are kept. */
void decoded_extra_list(struct decoded *out, const char *name, const int32_t *values, size_t count);
/** The bytes as lower-case hex digits, cut to what fits. */
void decoded_extra_hex(struct decoded *out, const char *name, const uint8_t *bytes, size_t len);
/** Sets the device's id, folded; false, and nothing set, when it is none (device_id.h). */
bool decoded_device(struct decoded *out, const char *id, size_t len);
/** True, and the extra, when there is one of this name. */
const struct extra *decoded_extra(const struct decoded *out, const char *name);
/** "status", "heartbeat", ... or the maker's word. */
const char *decoded_type_name(const struct decoded *out);

/** What a model's devices are; only MODEL_BAY ever says free or occupied. */
enum model_kind { MODEL_BAY, MODEL_COUNTER, MODEL_BEACON, MODEL_LOCK, MODEL_KIND_COUNT };

/** "bay", "counter", "beacon", "lock". */
const char *model_kind_name(enum model_kind kind);

/** A sensor model: one file in sensors/models and one row in models.def. */
struct sensor_model {
    const char *name; /**< [a-z0-9_]+, as the inventory's `model` says it */
    const char *doc;  /**< maker, model, where the layout came from */
    enum model_kind kind;
    struct sensor_timing timing;
    /** Pure: no I/O, clock, malloc or log. Fills *out, or says why not. */
    enum decode_fault (*decode)(const struct frame *in, struct decoded *out);
};

/** NULL when there is none. */
const struct sensor_model *sensor_model_find(const char *name, size_t len);
/** All, sorted by name. */
const struct sensor_model *const *sensor_models(size_t *count);

#endif
