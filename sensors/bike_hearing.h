#ifndef SENSORS_BIKE_HEARING_H
#define SENSORS_BIKE_HEARING_H

#include "bowei/envelope.h"
#include "bowei/input.h"

/* From what radios hear of bikes to reports for the core: who is it, at which fence, and the scan
 * as a whole. Gathers one message; used by the thread of its link or request. */

#define BIKES_HEARD_MAX 300 /**< bikes of one scan; a message of 32 KiB has room for no more */

struct bike_hearing {
    struct bike_report reports[BIKES_HEARD_MAX + 1]; /**< one more for the listener */
    uint32_t count;
    char listener[DEVICE_ID_MAX + 1]; /**< who scanned; "" = nobody yet */
};

/** Forgets the last message. */
void bike_hearing_begin(struct bike_hearing *b);
/** One sighting (UPLINK_SIGHTING), or a scan without any (UPLINK_NOTHING with a gateway). False: it
 * is not for us (a phone, a printer, no listener of this link). `source` is the link's name. */
bool bike_hearing_sighting(struct bike_hearing *b, const struct inventory *inv,
                           const struct uplink *uplink, const char *source);
/** A lock's word (UPLINK_LOCK); false: no vehicle has that IMEI. */
bool bike_hearing_lock(struct bike_hearing *b, const struct inventory *inv,
                       const struct lock_heard *lock);
/** Ends the message: the listener's own report goes behind its bikes. Returns how many reports. */
uint32_t bike_hearing_end(struct bike_hearing *b, const struct inventory *inv, int64_t wall_ms);

#endif
