#ifndef BOWEI_IMAGE_H
#define BOWEI_IMAGE_H

#include "bowei/alert.h"
#include "bowei/case_image.h"
#include "bowei/input.h"
#include "bowei/kept_image.h"

/* Images: the whole of one root or kept entity as plain data, with `at`, the position of the last
 * record applied to it. The core makes and restores them; keep packs them into the journal (E, C
 * records) and Redis. */

enum image_kind {
    IMAGE_SPACE,    /**< root of readings: a space */
    IMAGE_LOT,      /**< root of readings: a count-only lot (gates) and what staff set on any lot */
    IMAGE_OVERRIDE, /**< kept: a space out of service (or back: set = false) */
    IMAGE_SUSPECT,  /**< kept: a device whose sensors do not vote */
    IMAGE_AUDIT,    /**< kept: one row of who did what; never changes */
    IMAGE_FENCE,    /**< root of its listeners; what is shown of it comes from the bikes */
    IMAGE_BIKE,     /**< root of reports: a bike; with BIKE_GONE only its order and events */
    IMAGE_ALERT,    /**< kept: an episode */
    IMAGE_MUTE,     /**< kept: a planned event */
    IMAGE_CASE,     /**< kept: the present state of a case */
    IMAGE_CASE_ROW, /**< kept: one row of its history; never changes */
    IMAGE_STAY,     /**< kept: a long stay with a short release in it */
    IMAGE_KIND_COUNT
};

/** One sensor's private part. `tag` ties it to (device id, channel), so that a swapped sensor
 * starts anew. */
struct sensor_image {
    uint32_t tag;
    uint8_t value;      /**< enum reading_value last counted; VALUE_COUNT_ = never heard */
    uint8_t flags;      /**< enum sensor_flag */
    uint8_t join;       /**< join epoch, wraps */
    uint8_t debounce;   /**< equal samples seen of `pending` */
    uint8_t pending;    /**< value waiting for debounce; VALUE_COUNT_ = none */
    uint32_t counter;   /**< frame counter; without SENSOR_HAS_COUNTER the low 32 bits of the newest
                           network time, ms */
    int64_t heard_ms;   /**< city time of the newest counted message; 0 = never */
    int64_t pending_ms; /**< city time the pending value was first seen */
    uint64_t changes;   /**< value changes by minute: bits 0..39 ten 4-bit counts, 40..63 the newest
                           minute (mod 2^24) */
    int64_t quiet_ms; /**< city time of the last change while flapping, else of the last lost link;
                         0 = none */
    uint16_t battery_mv;
    int16_t rssi_dbm;
};

enum sensor_flag {
    SENSOR_HAS_COUNTER = 1,
    SENSOR_STARTED = 2, /**< a start message came, no status since: not live */
    SENSOR_FAULT = 4,   /**< fault: not live until the next value */
    SENSOR_LINK_LOST = 8,
    SENSOR_FLAPPING = 16,
    SENSOR_BATTERY_LOW = 32,
    SENSOR_SESSION_GAP = 64, /**< the broker lost our session after it was last heard */
    SENSOR_RESTORED = 128,   /**< not heard since the restart */
};

struct space_image {
    space_key key;
    uint8_t state;       /**< enum space_state as fused, without override and closing */
    uint8_t known_state; /**< SPACE_FREE, SPACE_OCCUPIED or SPACE_UNKNOWN = none yet */
    uint8_t reason;      /**< enum reason */
    uint8_t sensor_count;
    int64_t since_ms, known_since_ms, seen_ms; /**< seen 0 = never */
    bool found;         /**< what is known was found so: an older image may have it since longer */
    int64_t held_ms;    /**< start of the disagreement that is being held, 0 = none */
    uint32_t gap_s;     /**< unknown time inside the present stay */
    uint8_t confidence; /**< at the time of the image, for Redis only */
    uint32_t limit_ms;  /**< for Redis only */
    uint32_t source;    /**< sensor index that decided, NO_SENSOR = none; for Redis only */
    uint8_t shown_state,
        shown_reason; /**< with override and closing, for Redis and the lists only */
    int64_t shown_since_ms;
    struct sensor_image sensors[SENSORS_PER_SPACE_MAX];
};

struct gate_image {
    uint32_t tag;
    /** Last counters. Both UINT32_MAX: not counted yet, the first count is in - out since the lot
     * was empty; out one less than that: not counted yet, the first count is only where it begins.
     */
    uint32_t in, out;
    int64_t heard_ms; /**< 0 = never */
    uint32_t counter; /**< frame counter */
    uint8_t flags;    /**< enum sensor_flag */
    uint8_t join;
};

struct lot_image {
    space_key key;
    bool closed;
    uint8_t counting;
    uint8_t gate_count;
    bool first;        /**< of first counts only: Redis, not read yet, may hold what was before */
    int32_t count_raw; /**< cars inside by the gates, unclamped */
    int64_t since_ms;  /**< last change of what is shown */
    int64_t turned_ms; /**< city time it was closed or opened last; 0 = never closed */
    int64_t seen_ms;
    uint8_t reason;
    uint32_t capacity, free, occupied, unknown, out_of_service; /**< as shown, for Redis */
    struct gate_image gates[GATES_PER_LOT_MAX];
};

struct image {
    enum image_kind kind;
    struct position at;

    union {
        struct space_image space;
        struct lot_image lot;
        struct override_image override;
        struct suspect_image suspect;
        struct audit_image audit;
        struct fence_image fence;
        struct bike_image bike;
        struct alert_image alert;
        struct mute_image mute;
        struct case_image case_;
        struct case_row_image case_row;
        struct stay_image stay;
    };
};

/** Ties a sensor's state to the device and channel it came from. */
uint32_t sensor_tag(const char *device, size_t len, uint16_t channel);

#endif
