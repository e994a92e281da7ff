/* Radio hearings of bikes, split into one report a bike and one for the listener
 * (docs/decisions/0010-bikes.md). A message of a listener is a full scan result: who is not in it
 * was not heard. */
#include "sensors/bike_hearing.h"
#include "bowei/inventory.h"
#include <string.h>

#define SCAN_PERIOD_MS 10000 /* of a listener whose row says none */

void bike_hearing_begin(struct bike_hearing *b)
{
    b->count = 0;
    b->listener[0] = '\0';
}

static const struct inv_listener *listener_of(const struct inventory *inv, const char *id,
                                              const char *source)
{
    const uint32_t index = fences_listener(inv, id, strlen(id));

    if (index == UINT32_MAX ||
        (source != NULL && strcmp(inv->sources[inv->listeners[index].source], source) != 0)) {
        return NULL;
    }
    return &inv->listeners[index];
}

/* The same bike twice in a scan (it advertises in several forms): the stronger one. */
static struct bike_report *report_of(struct bike_hearing *b, const char *ref)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if (strcmp(b->reports[i].vehicle, ref) == 0) {
            return &b->reports[i];
        }
    }
    if (b->count == BIKES_HEARD_MAX) {
        return NULL;
    }
    b->reports[b->count] = (struct bike_report){.rssi_dbm = INT8_MIN, .battery_pct = UINT8_MAX};
    memcpy(b->reports[b->count].vehicle, ref, strlen(ref) + 1);
    return &b->reports[b->count++];
}

static int8_t rssi_fit(int16_t rssi_dbm)
{
    return rssi_dbm < INT8_MIN + 1 ? INT8_MIN + 1
           : rssi_dbm > INT8_MAX   ? INT8_MAX
                                   : (int8_t)rssi_dbm;
}

bool bike_hearing_sighting(struct bike_hearing *b, const struct inventory *inv,
                           const struct uplink *uplink, const char *source)
{
    const struct sighting *s = &uplink->sighting;
    const struct inv_listener *listener =
        s->gateway[0] == '\0' ? NULL : listener_of(inv, s->gateway, source);
    char ref[VEHICLE_REF_MAX + 1];
    struct bike_report *report;

    if (listener == NULL) {
        return false;
    }
    memcpy(b->listener, s->gateway, sizeof b->listener);
    if (uplink->kind != UPLINK_SIGHTING) {
        return true; /* nobody was heard: that is a scan, too */
    }
    if ((uplink->decoded.reading.has & HAS_RSSI) == 0 ||
        !fences_identify(inv, s->has_random && s->random ? "" : s->mac, s->beacon, "", ref) ||
        (report = report_of(b, ref)) == NULL) {
        return false;
    }
    const int8_t rssi_dbm = rssi_fit(uplink->decoded.reading.rssi_dbm);
    if (report->source == REPORT_SCAN && rssi_dbm <= report->rssi_dbm) {
        return true;
    }
    report->source = REPORT_SCAN;
    report->rssi_dbm = rssi_dbm;
    report->fence = inv->fences[listener->fence].key;
    report->listener = report_hash(s->gateway, strlen(s->gateway));
    report->scan_period_ms =
        listener->scan_period_ms != 0 ? listener->scan_period_ms : SCAN_PERIOD_MS;
    return true;
}

bool bike_hearing_lock(struct bike_hearing *b, const struct inventory *inv,
                       const struct lock_heard *lock)
{
    char ref[VEHICLE_REF_MAX + 1];
    struct bike_report *report;

    if (!fences_identify(inv, "", "", lock->imei, ref) || (report = report_of(b, ref)) == NULL) {
        return false;
    }
    report->source = REPORT_LOCK;
    report->lock = lock->lock;
    report->has = lock->has;
    report->battery_pct = lock->battery_pct;
    report->at = lock->at;
    report->accuracy_mm = lock->accuracy_mm;
    report->time_ms = lock->time_ms;
    for (unsigned i = 0; i < lock->beacon_count; i++) {
        report_beacon(report, inv, lock->beacons[i].id, lock->beacons[i].rssi_dbm);
    }
    report_in_use(report);
    return true;
}

uint32_t bike_hearing_end(struct bike_hearing *b, const struct inventory *inv, int64_t wall_ms)
{
    const struct inv_listener *listener =
        b->listener[0] == '\0' ? NULL : listener_of(inv, b->listener, NULL);

    if (listener != NULL) {
        b->reports[b->count++] = (struct bike_report){
            .source = REPORT_LISTENER,
            .has = REPORT_HAS_SCAN | REPORT_HAS_TIME,
            .time_ms = wall_ms,
            .fence = inv->fences[listener->fence].key,
            .listener = report_hash(b->listener, strlen(b->listener)),
            .scan_period_ms =
                listener->scan_period_ms != 0 ? listener->scan_period_ms : SCAN_PERIOD_MS};
    }
    return b->count;
}
