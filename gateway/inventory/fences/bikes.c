/* What fills a bike report from any door: which fences its beacons mark, and hashes that are the
 * same in every process. */
#include "bowei/bike.h"
#include "bowei/inventory.h"
#include <string.h>

uint64_t report_hash(const char *text, size_t len)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a: no seed, the same in every process */

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 1099511628211u;
    }
    return hash != 0 ? hash : 1;
}

void report_beacon(struct bike_report *report, const struct inventory *inv, const char *id,
                   int8_t rssi_dbm)
{
    const uint32_t fence = fences_beacon(inv, id, strlen(id));
    unsigned at = 0;

    if (fence == NO_FENCE) {
        return;
    }
    const space_key key = inv->fences[fence].key;
    for (; at < report->beacon_count && report->beacon_fence[at] != key; at++) {
    }
    if (at < report->beacon_count) {
        if (rssi_dbm <= report->beacon_rssi_dbm[at]) {
            return;
        }
    } else if (report->beacon_count < REPORT_BEACONS_MAX) {
        report->beacon_count++;
    } else if (rssi_dbm <= report->beacon_rssi_dbm[REPORT_BEACONS_MAX - 1]) {
        return;
    } else {
        at = REPORT_BEACONS_MAX - 1;
    }
    for (; at > 0 && report->beacon_rssi_dbm[at - 1] < rssi_dbm; at--) {
        report->beacon_fence[at] = report->beacon_fence[at - 1];
        report->beacon_rssi_dbm[at] = report->beacon_rssi_dbm[at - 1];
    }
    report->beacon_fence[at] = key;
    report->beacon_rssi_dbm[at] = rssi_dbm;
}

void report_in_use(struct bike_report *report)
{
    if (report->lock != LOCK_UNLOCKED) {
        return;
    }
    report->has &= REPORT_HAS_TIME | REPORT_HAS_BATTERY;
    report->at = (struct position_e7){0};
    report->accuracy_mm = 0;
    report->shift = 0;
    report->beacon_count = 0;
    memset(report->beacon_fence, 0, sizeof report->beacon_fence);
    memset(report->beacon_rssi_dbm, 0, sizeof report->beacon_rssi_dbm);
}

bool bike_position(const struct bike_image *bike, struct position_e7 *at)
{
    if (bike->fixes == 0) {
        return false;
    }
    at->lat = (int32_t)(bike->first.lat + bike->sum_lat / bike->fixes);
    at->lon = (int32_t)(bike->first.lon + bike->sum_lon / bike->fixes);
    return true;
}
