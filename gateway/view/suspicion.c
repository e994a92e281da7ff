/* Suspecting sensors by what is shown of them and of their lot. The examiner calls it once a round
 * and sensor, the device list for the words. No state of its own: the ledger keeps the figures. */
#include "bowei/suspicion.h"
#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000

/* 4 of 5 others make a lot clear; of the clear rounds 9 in 10 must be against it, 1 in 5 each way.
 */
#define CLEAR_OF   5u
#define CLEAR_IS   4u
#define AGAINST    9u
#define AGAINST_OF 10u
#define EACH_WAY   5u

static const char *const names[SUSPICION_COUNT] = {
    [SUSPICION_STUCK] = "stuck",
    [SUSPICION_FLAPPING] = "flapping",
    [SUSPICION_INVERTED] = "inverted",
    [SUSPICION_OUT_OF_STEP] = "out_of_step",
};

const char *suspicion_name(enum suspicion kind)
{
    return (unsigned)kind < SUSPICION_COUNT ? names[kind] : "";
}

bool suspicion_find(const char *text, uint8_t *bits)
{
    if (strcmp(text, "any") == 0) {
        *bits = (1u << SUSPICION_COUNT) - 1;
        return true;
    }
    for (unsigned i = 0; i < SUSPICION_COUNT; i++) {
        if (strcmp(text, names[i]) == 0) {
            *bits = (uint8_t)(1u << i);
            return true;
        }
    }
    return false;
}

static void pulse_add(const struct space_view *space, int64_t recent_ms, struct lot_pulse *pulse)
{
    pulse->free += space->state == SPACE_FREE;
    pulse->occupied += space->state == SPACE_OCCUPIED;
    if (space->known_state != SPACE_UNKNOWN) {
        pulse->known++;
        pulse->recent += space->known_since_ms >= recent_ms;
    }
}

static bool lot_off(const struct view *view, uint32_t lot, const struct view_now *now)
{
    struct lot_view shown;

    view_lot(view, lot, now, &shown);
    return shown.reason == REASON_COUNT_OVER || shown.reason == REASON_COUNT_UNDER;
}

void suspicion_pulses(const struct view *view, const struct inventory *inv,
                      const struct view_now *now, uint32_t stuck_days, struct lot_pulse *pulses)
{
    const int64_t recent_ms = now->at_ms - (int64_t)stuck_days * DAY_MS / 2;

    memset(pulses, 0, inv->lot_count * sizeof *pulses);
    for (uint32_t slot = 0; slot < inv->space_count; slot++) {
        struct space_view space;

        if (!inv->spaces[slot].removed) {
            view_space(view, inv, slot, now, &space);
            pulse_add(&space, recent_ms, &pulses[inv->spaces[slot].lot]);
        }
    }
    for (uint32_t lot = 0; lot < inv->lot_count; lot++) {
        pulses[lot].off = inv->lots[lot].counting == COUNT_GATES && lot_off(view, lot, now);
    }
}

void suspicion_pulse(const struct view *view, const struct inventory *inv,
                     const struct view_now *now, uint32_t stuck_days, uint32_t lot,
                     struct lot_pulse *pulse)
{
    const int64_t recent_ms = now->at_ms - (int64_t)stuck_days * DAY_MS / 2;

    *pulse = (struct lot_pulse){.off = inv->lots[lot].counting == COUNT_GATES &&
                                       lot_off(view, lot, now)};
    for (uint32_t slot = 0; slot < inv->space_count; slot++) {
        struct space_view space;

        if (inv->spaces[slot].lot == lot && !inv->spaces[slot].removed) {
            view_space(view, inv, slot, now, &space);
            pulse_add(&space, recent_ms, pulse);
        }
    }
}

static enum space_state says(const struct sensor_sight *sight)
{
    return sight->value == VALUE_FREE       ? SPACE_FREE
           : sight->value == VALUE_OCCUPIED ? SPACE_OCCUPIED
                                            : SPACE_UNKNOWN;
}

static bool is_stuck(const struct config *config, const struct sensor_sight *sight)
{
    const struct lot_pulse *lot = sight->lot;

    return config->devices.stuck_days != 0 && sight->known == says(sight) &&
           sight->now_ms - sight->known_since_ms >= (int64_t)config->devices.stuck_days * DAY_MS &&
           lot->known > config->devices.neighbours &&
           lot->recent * CLEAR_OF >= (lot->known - 1) * CLEAR_IS;
}

/* How the sensor stands to a lot that clearly says one thing. Its own space is not counted among
 * the others, whatever it shows. */
static void compare_with_lot(const struct config *config, const struct sensor_sight *sight,
                             struct rhythm *rhythm)
{
    const bool occupied = sight->value == VALUE_OCCUPIED;
    const struct lot_pulse *lot = sight->lot;
    const uint32_t own_free = sight->known == SPACE_FREE && lot->free > 0;
    const uint32_t own_occupied = sight->known == SPACE_OCCUPIED && lot->occupied > 0;
    const uint32_t free = lot->free - own_free;
    const uint32_t full = lot->occupied - own_occupied;
    const uint32_t all = free + full;

    if (all < config->devices.neighbours ||
        (free * CLEAR_OF < all * CLEAR_IS && full * CLEAR_OF < all * CLEAR_IS)) {
        return;
    }
    if (occupied == (full > free)) {
        rhythm->with++;
    } else if (occupied) {
        rhythm->against_empty++;
    } else {
        rhythm->against_full++;
    }
    if (rhythm->with == UINT8_MAX || rhythm->against_empty == UINT8_MAX ||
        rhythm->against_full == UINT8_MAX) {
        rhythm->with /= 2;
        rhythm->against_empty /= 2;
        rhythm->against_full /= 2;
    }
}

static bool is_inverted(const struct config *config, const struct rhythm *rhythm)
{
    const uint32_t against = (uint32_t)rhythm->against_full + rhythm->against_empty;
    const uint32_t all = against + rhythm->with;

    return all >= config->devices.inverted_rounds && against * AGAINST_OF >= all * AGAINST &&
           rhythm->against_full * EACH_WAY >= all && rhythm->against_empty * EACH_WAY >= all;
}

static void count_differ(bool differs, struct rhythm *rhythm)
{
    if (!differs) {
        rhythm->differ = 0;
    } else if (rhythm->differ < UINT8_MAX) {
        rhythm->differ++;
    }
}

void suspicion_round(const struct config *config, const struct sensor_sight *sight,
                     struct rhythm *rhythm)
{
    uint8_t found = sight->flapping ? 1u << SUSPICION_FLAPPING : 0;

    if (!sight->live) { /* nothing said: what was found before stands */
        found |= rhythm->suspicions & (uint8_t) ~(1u << SUSPICION_FLAPPING);
        rhythm->suspicions = found;
        return;
    }
    if (sight->gate) {
        count_differ(sight->lot->off, rhythm);
    } else {
        compare_with_lot(config, sight, rhythm);
        if (sight->has_twin) {
            count_differ(sight->twin_differs, rhythm);
        } else {
            rhythm->differ = 0;
        }
        found |= is_stuck(config, sight) ? 1u << SUSPICION_STUCK : 0;
        found |= is_inverted(config, rhythm) ? 1u << SUSPICION_INVERTED : 0;
    }
    found |= rhythm->differ >= config->devices.out_of_step_rounds ? 1u << SUSPICION_OUT_OF_STEP : 0;
    rhythm->suspicions = found;
    rhythm->acted &= found;
}

void suspicion_evidence(enum suspicion kind, const struct device_health *row,
                        const struct rhythm *rhythm, const struct lot_pulse *pulse,
                        char out[SUSPICION_TEXT])
{
    switch (kind) {
    case SUSPICION_STUCK:
        (void)snprintf(out, SUSPICION_TEXT,
                       "no change, while %u of %u spaces of its lot changed of late", pulse->recent,
                       pulse->known);
        return;
    case SUSPICION_FLAPPING:
        (void)snprintf(out, SUSPICION_TEXT, "%u changes within ten minutes", row->changes);
        return;
    case SUSPICION_INVERTED:
        (void)snprintf(out, SUSPICION_TEXT,
                       "free in %u and occupied in %u of %u rounds in which its lot clearly said "
                       "the opposite or the same",
                       rhythm->against_full, rhythm->against_empty,
                       (unsigned)rhythm->against_full + rhythm->against_empty + rhythm->with);
        return;
    case SUSPICION_OUT_OF_STEP:
        (void)snprintf(out, SUSPICION_TEXT,
                       row->value == VALUE_GATE
                           ? "the counts of its lot did not add up in %u rounds in a row"
                           : "another sensor of its space said the opposite in %u rounds in a row",
                       rhythm->differ);
        return;
    case SUSPICION_COUNT: break;
    }
    out[0] = '\0';
}
