#ifndef SENSORS_SIM_FLEET_WORLD_EVENT_H
#define SENSORS_SIM_FLEET_WORLD_EVENT_H

#include "bowei/base/geo.h"
#include <stdbool.h>
#include <stdint.h>

/* What comes out of the simulated bike world, as plain data: what the gateway would hear, and the
 * truth beside it. Bikes, fences, studs and listeners are numbers of the world_plan. */

#define WORLD_STUDS_HEARD 4
#define WORLD_SCAN_MAX    130 /* a Minew message of them all stays below 32 KiB */

enum world_event_kind {
    WORLD_REPORT,   /**< an operator posts an item of telemetry */
    WORLD_SCAN,     /**< a Minew gateway publishes a full scan */
    WORLD_SIGHTING, /**< an OpenMQTTGateway publishes one advertiser */
    WORLD_LOCK,     /**< the bridge of a lock publishes a message */
    WORLD_STOP,     /**< truth: a bike stands, or what is known of its stop changed */
    WORLD_LEAVE,    /**< truth: a bike left */
    WORLD_EPISODE,  /**< truth: an episode began or ended */
    WORLD_EVENT_COUNT
};

struct world_heard {
    uint32_t stud;
    int8_t rssi_dbm;
};

struct world_report {
    uint32_t bike;
    int64_t time_ms; /**< when it was so; the name of the event for its bike */
    bool locked, has_position;
    bool listened;         /**< for studs, heard or not */
    struct position_e7 at; /**< as posted: noise, drift and a wrong crs are in it */
    uint16_t accuracy_m;
    uint8_t battery_pct;
    uint8_t heard_count;
    struct world_heard heard[WORLD_STUDS_HEARD];
};

/** An advertiser as a listener hears it. */
struct world_advert {
    uint32_t bike; /**< WORLD_NONE = no bike: a phone */
    uint64_t mac;  /**< 48 bits: of the phone, or a bike's changing one */
    int8_t rssi_dbm;
};

struct world_scan {
    uint32_t listener;
    uint32_t count;
    const struct world_advert *adverts; /**< borrowed until the sink returns; WORLD_SIGHTING: one */
};

enum lock_word { WORD_HEARTBEAT, WORD_POSITION, WORD_LOCKED, WORD_UNLOCKED, WORD_COUNT };

struct world_lock {
    uint32_t bike;
    enum lock_word word;
    int64_t time_ms;
    bool locked;
    struct position_e7 at; /**< WORD_POSITION */
    uint16_t battery_mv;
    uint16_t serial;
};

/** Beyond all doubt, or not: include/bowei/fences.h says what the gateway makes of it. */
enum world_class {
    WORLD_ANY,     /**< any verdict is right */
    WORLD_INSIDE,  /**< inside a fence by more than 24 m */
    WORLD_OUTSIDE, /**< outside all fences by more than the buffer + 24 m, and so of zones */
    WORLD_ZONE,    /**< inside a no-parking zone by more than 24 m */
    WORLD_CLASS_COUNT
};

struct world_stop {
    uint32_t bike;
    int64_t since_ms;
    struct position_e7 at; /**< where it really is */
    uint32_t fence;        /**< nearest to park in, WORLD_NONE = far from all */
    uint32_t zone;         /**< nearest no-parking zone, the same */
    int32_t park_mm;       /**< signed distance to the fence, negative inside */
    int32_t zone_mm;
    enum world_class class;
    bool radio; /**< inside the fence and heard there: a stud is reported, or a listener hears it */
    bool heard; /**< what it says gets through, and says where it is */
};

enum world_episode_kind {
    WORLD_EPISODE_OUT_OF_FENCE,
    WORLD_EPISODE_NO_PARKING_ZONE,
    WORLD_EPISODE_PILE_UP,
    WORLD_EPISODE_FENCE_SILENT,
    WORLD_EPISODE_FEED_SUSPECT,
    WORLD_EPISODE_KIND_COUNT
};

struct world_episode {
    enum world_episode_kind kind;
    uint32_t bike;             /**< or WORLD_NONE */
    uint32_t fence;            /**< or WORLD_NONE; zones too */
    uint32_t op;               /**< FEED_SUSPECT */
    int64_t from_ms, until_ms; /**< until 0 = it goes on */
    uint32_t sure, possible;   /**< PILE_UP: bikes beyond doubt, bikes that may be counted */
};

struct world_event {
    enum world_event_kind kind;
    int64_t at_ms; /**< when it reaches the gateway; truth: when it became true */

    union {
        struct world_report report;
        struct world_scan scan;
        struct world_lock lock;
        struct world_stop stop; /**< STOP and LEAVE */
        struct world_episode episode;
    };
};

const char *world_class_name(enum world_class class);
const char *world_episode_name(enum world_episode_kind kind);

/** Events come in order of at_ms. */
typedef void world_sink(void *ctx, const struct world_event *event);

#endif
