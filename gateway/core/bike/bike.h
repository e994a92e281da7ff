#ifndef GATEWAY_CORE_BIKE_BIKE_H
#define GATEWAY_CORE_BIKE_BIKE_H

#include "bowei/base/counters.h"
#include "bowei/fleet.h"
#include "bowei/image.h"

/* One bike: what reports write into its root, and nothing that another root says. */

#define NO_ALERT UINT32_MAX

struct bike {
    struct bike_image image;
    struct position at; /**< of the newest report applied */
    uint32_t slot;
    uint32_t fence;        /**< index of the fence it is counted in, NO_FENCE */
    uint32_t listened;     /**< index of the fence whose listener hears it, NO_FENCE */
    uint32_t next, former; /**< its neighbours in that fence's list, by slot */
    int64_t found_ms;      /**< city time of its first report, 0 = an image of it is known */
    uint32_t alert;        /**< slot of its newest episode, NO_ALERT */
    uint8_t operator_index;
};

/** What became of a report; each is counted. */
enum bike_took { BIKE_TOOK, BIKE_LATE, BIKE_DUPLICATE, BIKE_IGNORED };

/** What the bike needs to know beside the report. */
struct bike_context {
    struct now now;
    const struct fleet_rules *rules;
};

/** Clears a bike for its reference. */
void bike_begin(struct bike *bike, const char *ref, int64_t now_ms);
/** Applies one report (not REPORT_LISTENER) in order; changes nothing but order and events when it
 * is late or a duplicate. */
enum bike_took bike_report_apply(struct bike *bike, const struct bike_report *report,
                                 const struct bike_context *context);
/** Unlocked, or forgotten: keeps its order and events, nothing of a place. */
void bike_leave(struct bike *bike, int64_t now_ms);

/** Minutes unheard, with another silence between two reports: what of it is over BIKE_UNHEARD_MS.
 */
uint16_t bike_unheard(uint32_t minutes, int64_t silent_ms);
/** Seconds of this stop that it was not heard, by the same measure, up to now. */
int64_t bike_unheard_s(const struct bike_image *bike, int64_t now_ms);

/* --- bike_recall.c --- */
/** It still stands where its first report found it: an older image may know since when. */
bool bike_is_found(const struct bike *bike);
/** Takes an image that is older than what the bike said since it was found: order and events, and
 * where the bike is still in the same stop, all that the image knew of that, its verdict too. True
 * when the stop goes on: to be judged anew. Once only. */
bool bike_recall(struct bike *bike, const struct bike_image *before,
                 const struct bike_context *context);

/* --- stop.c: where it stands --- */
/** Takes a fix into the stop's mean; two fixes in a row off it by more than moved_mm begin a new
 * stop there. */
void stop_fix(struct bike_image *bike, const struct bike_report *report,
              const struct bike_context *context);
/** Joins the fixes of an older image to those since; one fix elsewhere is a stray. False: it lies
 * elsewhere, that stop is over. */
bool stop_recall(struct bike_image *bike, const struct bike_image *before,
                 const struct bike_context *context);
/** Begins a stop: a ride ended, or it was moved. */
void stop_begin(struct bike_image *bike, int64_t now_ms);

/* --- radio.c: who hears it --- */
void radio_scan(struct bike_image *bike, const struct bike_report *report,
                const struct bike_context *context);
void radio_beacons(struct bike_image *bike, const struct bike_report *report,
                   const struct bike_context *context);
/** Median of what is kept; RSSI_NONE when nothing is. */
int radio_median(const struct bike_radio *radio);
/** The weakest of BIKE_RSSI_KEPT; RSSI_NONE when there are not so many yet. */
int radio_least(const struct bike_radio *radio);

#endif
