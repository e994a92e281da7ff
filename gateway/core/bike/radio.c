/* Who hears a bike, or whom it hears. Raw RSSI swings by 10 dB, so the median of five counts, with
 * an enter and a leave threshold, and another fence must be clearly stronger for a while before it
 * takes over (docs/DATA_FORMAT.md, "Bikes and verdicts"). */
#include "gateway/core/bike/bike.h"

#include <string.h>

#define SCANS_ENTER 3     /* heard strongly twice within so many scans: entered */
#define SCANS_LOST  3     /* unheard in so many: whoever hears it is stronger */
#define WEAK_MS     30000 /* median at the leave threshold for so long: left */

int radio_median(const struct bike_radio *radio)
{
    int8_t sorted[BIKE_RSSI_KEPT];
    unsigned n = 0;

    for (unsigned i = 0; i < BIKE_RSSI_KEPT && radio->rssi[i] != RSSI_NONE; i++) {
        unsigned at = n++;

        for (; at > 0 && sorted[at - 1] > radio->rssi[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = radio->rssi[i];
    }
    return n == 0 ? RSSI_NONE : sorted[(n - 1) / 2]; /* of an even number the weaker one */
}

int radio_least(const struct bike_radio *radio)
{
    int least = INT8_MAX;

    for (unsigned i = 0; i < BIKE_RSSI_KEPT; i++) {
        least = radio->rssi[i] < least ? radio->rssi[i] : least;
    }
    return least;
}

static void radio_begin(struct bike_radio *radio, space_key fence, uint64_t listener)
{
    *radio = (struct bike_radio){.fence = fence, .listener = listener};
    memset(radio->rssi, RSSI_NONE, sizeof radio->rssi);
}

static void rssi_put(struct bike_radio *radio, int8_t rssi_dbm)
{
    memmove(&radio->rssi[1], &radio->rssi[0], BIKE_RSSI_KEPT - 1);
    radio->rssi[0] = rssi_dbm;
}

/* Enter and leave by strength; leaving by silence is judged elsewhere, against the scans. */
static void radio_hear(struct bike_radio *radio, int8_t rssi_dbm, bool at_once,
                       const struct bike_context *context)
{
    const struct fleet_rules *rules = context->rules;
    const int64_t now_ms = context->now.at_ms;
    const int64_t within_ms = (int64_t)radio->period_ms * SCANS_ENTER;

    rssi_put(radio, rssi_dbm);
    radio->heard_ms = now_ms;
    radio->missed = 0;
    if (rssi_dbm >= rules->enter_dbm) {
        if (at_once || (radio->strong_ms != 0 && now_ms - radio->strong_ms < within_ms)) {
            radio->entered = 1;
        }
        radio->strong_ms = now_ms;
    }
    if (radio_median(radio) > rules->leave_dbm) {
        radio->weak_ms = 0;
    } else if (radio->weak_ms == 0) {
        radio->weak_ms = now_ms;
    } else if (now_ms - radio->weak_ms >= WEAK_MS) {
        radio->entered = 0;
    }
}

/* Not heard for so many of its scans: weaker than anybody who hears the bike now. */
static bool radio_lost(const struct bike_radio *radio, const struct bike_context *context)
{
    return context->now.at_ms - radio->heard_ms >= (int64_t)radio->period_ms * SCANS_LOST;
}

/* The rival takes over when it has been stronger for long enough, or alone. */
static void rival_settle(struct bike_image *bike, const struct bike_context *context)
{
    const int64_t now_ms = context->now.at_ms;
    const bool stronger =
        bike->rival.entered && !radio_lost(&bike->rival, context) &&
        (!bike->radio.entered || radio_lost(&bike->radio, context) ||
         radio_median(&bike->rival) - radio_median(&bike->radio) >= context->rules->rival_db);

    if (!stronger) {
        bike->rival_ms = 0;
        return;
    }
    if (bike->rival_ms == 0) {
        bike->rival_ms = now_ms;
    }
    if (!bike->radio.entered || now_ms - bike->rival_ms >= context->rules->rival_ms) {
        const struct bike_radio former = bike->radio;

        bike->radio = bike->rival;
        bike->rival = former;
        bike->rival_ms = 0;
    }
}

/* Heard no more for so long that whoever comes next need not be compared with it. */
static bool radio_stale(const struct bike_radio *radio, const struct bike_context *context)
{
    const int64_t lost_ms = (int64_t)radio->period_ms * SCANS_LOST;
    const int64_t leave_ms = context->rules->leave_ms;

    return radio->listener != 0 &&
           context->now.at_ms - radio->heard_ms >= (lost_ms > leave_ms ? lost_ms : leave_ms);
}

void radio_scan(struct bike_image *bike, const struct bike_report *report,
                const struct bike_context *context)
{
    struct bike_radio *radio = &bike->radio;

    if (radio->fence != report->fence || radio->listener == 0) {
        if (radio->fence != 0 && !radio_stale(radio, context)) {
            radio = &bike->rival;
        }
        if (radio->fence != report->fence || radio->listener == 0) {
            radio_begin(radio, report->fence, report->listener);
        }
    } else if (radio_stale(radio, context)) {
        radio_begin(radio, report->fence, report->listener); /* it was away: it enters anew */
    }
    radio->listener = report->listener;
    radio->period_ms = report->scan_period_ms;
    radio_hear(radio, report->rssi_dbm, false, context);
    if (bike->radio.fence != 0 && radio_stale(&bike->radio, context)) {
        bike->radio.entered = 0;
    }
    rival_settle(bike, context);
}

void radio_beacons(struct bike_image *bike, const struct bike_report *report,
                   const struct bike_context *context)
{
    struct bike_radio *radio = &bike->radio;

    if (radio->fence != 0 && radio->listener != 0 && !radio_stale(radio, context)) {
        return; /* a listener at the place knows better, and goes on hearing it */
    }
    for (unsigned i = 0; i < report->beacon_count; i++) {
        const bool same = radio->listener == 0 && radio->fence == report->beacon_fence[i];

        if (!same && report->beacon_rssi_dbm[i] < context->rules->enter_dbm) {
            continue;
        }
        if (!same && i > 0 && radio->entered && radio->missed == 0) {
            continue;
        }
        if (!same) {
            radio_begin(radio, report->beacon_fence[i], 0);
        }
        radio_hear(radio, report->beacon_rssi_dbm[i], true, context);
        return;
    }
    if (radio->fence != 0 && radio->listener == 0 && ++radio->missed >= 2) {
        radio_begin(radio, 0, 0); /* twice in a row without it: no longer there */
    }
}
