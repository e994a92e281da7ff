#ifndef BOWEI_ENVELOPE_H
#define BOWEI_ENVELOPE_H

#include "bowei/base/json_read.h"
#include "bowei/beacon.h"
#include "bowei/bike_report.h"
#include "bowei/sensor_model.h"

/* An envelope is how a network server or gateway wraps what devices sent. Each is one file in
 * sensors/mqtt/envelopes/ and one row in envelopes.def: a pure function from (topic, parsed JSON)
 * to uplinks. */

#define UPLINK_BYTES_MAX   2048 /**< a platform's JSON for one device; LoRaWAN: 242 at most */
#define UPLINK_LORAWAN_MAX 256

enum uplink_kind {
    UPLINK_NOTHING,  /**< carries nothing for us (ack, log, MAC only): counted as ignored */
    UPLINK_FRAME,    /**< bytes for the device's model; `decoded` has the network's fields */
    UPLINK_READING,  /**< `decoded.reading` is complete, for its channel */
    UPLINK_DEVICE,   /**< the same, for every channel of the device (join, device status) */
    UPLINK_SIGHTING, /**< a Bluetooth gateway heard an advertiser: `sighting` */
    UPLINK_LOCK,     /**< a bike's lock spoke, through a bridge: `lock` */
};

/** One advertiser as one gateway heard it. */
struct sighting {
    char gateway[DEVICE_ID_MAX +
                 1]; /**< lower-case MAC, or the gateway's name; "" = the message does not say */
    char mac[13];    /**< 12 lower-case hex digits */
    char beacon[BEACON_TEXT]; /**< "ibeacon:<uuid>:<major>:<minor>", ...; "" = not known */
    bool has_random, random;  /**< whether the MAC is a random one */
};

#define LOCK_BEACONS_MAX 8

/** What a bike's lock said. No rider, no ride: those fields of its frames are not looked at. */
struct lock_heard {
    char imei[16]; /**< 15 digits; "" = not said */
    uint8_t lock;  /**< enum lock_state */
    uint8_t has;   /**< enum report_has bits */
    uint8_t battery_pct;
    uint8_t beacon_count;
    struct position_e7 at; /**< WGS-84 */
    uint32_t accuracy_mm;  /**< 0 = not said */
    int64_t time_ms;

    struct {
        char id[BEACON_TEXT]; /**< as in struct sighting, or "mac:<12 hex>" */
        int8_t rssi_dbm;
    } beacons[LOCK_BEACONS_MAX];
};

/** What an envelope gives. The device's id stands in decoded.reading.device. */
struct uplink {
    enum uplink_kind kind;
    uint32_t item;        /**< set by the caller: which item of the message, 0 first */
    bool more;            /**< the message has an item behind this one: open again with item + 1 */
    uint32_t at, at_item; /**< the envelope's own: node of the item last given, and which it was */
    uint8_t fport;
    uint16_t len;
    uint8_t bytes[UPLINK_BYTES_MAX];
    const char *model; /**< UPLINK_FRAME: the model the message itself names, static; NULL = it does
                          not. The inventory decides */
    struct decoded decoded; /**< cleared by the caller; a sighting's rssi and time stand here too */
    struct sighting sighting; /**< UPLINK_SIGHTING */
    struct lock_heard lock;   /**< UPLINK_LOCK */
};

struct mapping;

struct envelope {
    const char *name; /**< as the configuration's `envelope` says it */
    const char *doc;
    /** An empty topic is not known (`bowei decode` without --topic): nothing is checked against it.
     */
    enum decode_fault (*open)(const struct envelope *self, const char *topic,
                              const struct json_doc *doc, struct uplink *out);
    const struct mapping *mapping; /**< of mapped ones */
};

/** NULL when there is none. */
const struct envelope *envelope_find(const char *name);
/** All, sorted by name. */
const struct envelope *const *envelope_all(size_t *count);
/** The envelope of this name: one of the configuration's mappings, written into *room, or one of
 * the table. NULL when there is none. */
struct config;
const struct envelope *envelope_choose(const struct config *config, const char *name,
                                       struct envelope *room);
/** Clears *out, sets its item and opens. Items of one message are opened from 0 on, in order, into
 * the same *out. */
enum decode_fault envelope_open(const struct envelope *envelope, const char *topic,
                                const struct json_doc *doc, uint32_t item, struct uplink *out);

#endif
