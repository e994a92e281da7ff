#ifndef BOWEI_SUSPICION_H
#define BOWEI_SUSPICION_H

#include "bowei/command.h"
#include "bowei/config.h"
#include "bowei/device_ledger.h"
#include "bowei/view.h"

/* The rules by which a sensor is suspected, pure: from what it says in a round, what its lot shows
 * and what earlier rounds found. Conservative and explainable on purpose; a suspicion is a hint for
 * a technician with its evidence beside it, never a verdict.
 *
 *   stuck        live, no change for devices.stuck_days, while 4 of 5 of at least
 * devices.neighbours other spaces of its lot changed within half of that flapping     more than 10
 * changes in 10 minutes: the state machine's own rule inverted     in 9 of 10 of at least
 * devices.inverted_rounds clear rounds (4 of 5 of the others say the same) it said the opposite,
 * and both ways in 1 of 5 at least: one that only ever says free is not inverted out_of_step
 * another live sensor of its space said the opposite in devices.out_of_step_rounds rounds in a row,
 * or the counts of its gate's lot were over or under that long */

/** What a lot shows in a round. */
struct lot_pulse {
    uint32_t free, occupied; /**< live spaces that are one or the other */
    uint32_t recent;         /**< of its spaces, those that changed within half of stuck_days */
    uint32_t known;          /**< of its spaces, those of which anything was ever known */
    bool off;                /**< count-only: over or under */
};

/** What one sensor says in a round. */
struct sensor_sight {
    enum reading_value value;
    bool live, flapping, gate;
    bool has_twin, twin_differs; /**< another live sensor of its space */
    enum space_state known;      /**< of its space */
    int64_t known_since_ms, now_ms;
    const struct lot_pulse *lot;
};

/** Looks over all lots; pulses has inv->lot_count. */
void suspicion_pulses(const struct view *view, const struct inventory *inv,
                      const struct view_now *now, uint32_t stuck_days, struct lot_pulse *pulses);
/** One lot only. */
void suspicion_pulse(const struct view *view, const struct inventory *inv,
                     const struct view_now *now, uint32_t stuck_days, uint32_t lot,
                     struct lot_pulse *pulse);
/** Takes a round into the rhythm and judges it. */
void suspicion_round(const struct config *config, const struct sensor_sight *sight,
                     struct rhythm *rhythm);
/** Why it is suspected, as a sentence with its figures; "" = it is not. pulse of its lot now. */
#define SUSPICION_TEXT 200
void suspicion_evidence(enum suspicion kind, const struct device_health *row,
                        const struct rhythm *rhythm, const struct lot_pulse *pulse,
                        char out[SUSPICION_TEXT]);
const char *suspicion_name(enum suspicion kind);
/** "stuck", ...; "any" gives all. False for other words. Bits per enum suspicion. */
bool suspicion_find(const char *text, uint8_t *bits);

#endif
