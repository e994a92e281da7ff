/* Bluetooth advertisements: AD structures, and the beacons in them. Used by the beacon models and
 * by the envelopes of gateways that hand raw advertisements on. Layout: theengs/decoder tests/BLE
 * (iBeacon), google/eddystone eddystone-uid and eddystone-tlm, citruz/beacontools. An AD structure
 * is length (counts the type), type, data; parsing ends at a length of 0 or at one that runs over
 * the end. */
#include "bowei/beacon.h"
#include "bowei/base/bytes.h"
#include <stdio.h>
#include <string.h>

#define AD_SERVICE_DATA 0x16
#define AD_MANUFACTURER 0xff
#define IBEACON_LEN     25 /* 4C 00 02 15, UUID 16, major 2, minor 2, power 1 */
#define UID_LEN_OLD     18 /* service data without the UUID: frame, power, namespace, instance */
#define UID_LEN         20 /* with 2 reserved bytes */
#define TLM_LEN         14

static bool ibeacon(const uint8_t *b, size_t len, struct beacon *out)
{
    static const uint8_t head[4] = {0x4c, 0x00, 0x02, 0x15};

    if (len != IBEACON_LEN || memcmp(b, head, sizeof head) != 0) {
        return false;
    }
    out->kind = BEACON_IBEACON;
    memcpy(out->id, b + 4, 16);
    out->major = be16_get(b + 20);
    out->minor = be16_get(b + 22);
    out->tx_is_battery = (b[24] & 0x80) == 0; /* a positive power is none: cheap beacons' battery */
    if (out->tx_is_battery) {
        out->battery_mv = (uint16_t)(b[24] * 100u);
    } else {
        out->tx_power_dbm = (int8_t)b[24];
    }
    return true;
}

static bool eddystone(const uint8_t *b, size_t len, struct beacon *out)
{
    if (len < 2 || b[0] != 0xaa || b[1] != 0xfe) {
        return false;
    }
    b += 2;
    len -= 2;
    if ((len == UID_LEN || len == UID_LEN_OLD) && b[0] == 0x00) {
        out->kind = BEACON_EDDYSTONE_UID;
        out->tx_power_dbm = (int8_t)b[1];
        memcpy(out->id, b + 2, 16);
        return true;
    }
    if (len == TLM_LEN && b[0] == 0x20 && b[1] == 0x00) {
        out->kind = BEACON_EDDYSTONE_TLM;
        out->battery_mv = be16_get(b + 2);
        out->temperature_8_8 = (int16_t)be16_get(b + 4);
        out->adv_count = be32_get(b + 6);
        out->uptime_ds = be32_get(b + 10);
        return true;
    }
    return false;
}

bool beacon_parse(const uint8_t *bytes, size_t len, struct beacon *out, bool *broken)
{
    size_t at = 0;

    *out = (struct beacon){.temperature_8_8 = INT16_MIN};
    *broken = false;
    if (ibeacon(bytes, len, out)) {
        return true;
    }
    while (at < len && bytes[at] != 0) {
        size_t ad = bytes[at];

        if (ad > len - at - 1) {
            *broken = true;
            return false;
        }
        if ((bytes[at + 1] == AD_MANUFACTURER && ibeacon(bytes + at + 2, ad - 1, out)) ||
            (bytes[at + 1] == AD_SERVICE_DATA && eddystone(bytes + at + 2, ad - 1, out))) {
            return true;
        }
        at += 1 + ad;
    }
    return false;
}

static size_t hex_write(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
    return 2 * len;
}

void beacon_text(const struct beacon *beacon, char out[BEACON_TEXT])
{
    char id[33];

    (void)hex_write(beacon->id, sizeof beacon->id, id);
    out[0] = '\0';
    if (beacon->kind == BEACON_IBEACON) {
        (void)snprintf(out, BEACON_TEXT, "ibeacon:%s:%u:%u", id, beacon->major, beacon->minor);
    } else if (beacon->kind == BEACON_EDDYSTONE_UID) {
        (void)snprintf(out, BEACON_TEXT, "eddystone_uid:%.20s:%s", id, id + 20);
    }
}
