#ifndef BOWEI_BEACON_H
#define BOWEI_BEACON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a Bluetooth advertisement says of the beacon that sent it. Pure. */

enum beacon_kind { BEACON_NONE, BEACON_IBEACON, BEACON_EDDYSTONE_UID, BEACON_EDDYSTONE_TLM };

#define BEACON_TEXT                                                                                \
    64 /**< "ibeacon:<uuid>:<major>:<minor>", "eddystone_uid:<namespace>:<instance>" and a NUL */

struct beacon {
    enum beacon_kind kind;
    uint8_t id[16]; /**< iBeacon: UUID; UID: namespace (10) and instance (6) */
    uint16_t major, minor;
    int8_t tx_power_dbm; /**< iBeacon at 1 m, UID at 0 m (41 more); not of battery_mv below */
    bool tx_is_battery;  /**< iBeacon whose last byte has bit 7 clear: 0.1 V, no transmit power */
    uint16_t battery_mv; /**< 0 = not said */
    int16_t temperature_8_8; /**< TLM: degC * 256; INT16_MIN = none */
    uint32_t adv_count, uptime_ds;
};

/** AD structures ("02 01 06 ..."), or bare manufacturer data of an iBeacon ("4C 00 02 15 ...").
 * False when there is no beacon in it; *broken says whether a structure ran over the end. */
bool beacon_parse(const uint8_t *bytes, size_t len, struct beacon *out, bool *broken);
/** The identity as text; empty for TLM (it has none) and BEACON_NONE. */
void beacon_text(const struct beacon *beacon, char out[BEACON_TEXT]);

#endif
