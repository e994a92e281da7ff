#ifndef GATEWAY_CORE_ZOMBIE_SUSPICION_H
#define GATEWAY_CORE_ZOMBIE_SUSPICION_H

#include "bowei/alert.h"
#include "gateway/core/zombie/stay.h"

/* The rules of suspicion and of its end, as pure functions of what is known of one subject. */

/** Has an occupied space been so for long enough, and known well enough meanwhile? */
bool suspicion_of_stay(const struct stay_known *whole, const struct case_rules *rules,
                       int64_t now_ms);

/** What is looked at of a bike. */
struct suspicion_bike {
    const struct bike_image *bike;
    const struct alert_image *alert; /**< its newest episode, NULL = none */
    int64_t now_ms;
    int64_t listening_ms; /**< since when the gateway hears without a break */
};

/** Bits of enum zombie_reason that hold, 0 = none; *since_ms = the earliest begin of them. */
uint8_t suspicion_of_bike(const struct suspicion_bike *look, const struct case_rules *rules,
                          int64_t *since_ms);

/** Has the bike that a case is about left its place since the case was opened (ridden, or moved by
 * more than moved_mm)? *left_ms = when. */
bool suspicion_bike_left(const struct bike_image *bike, const struct case_image *about,
                         int64_t moved_mm, int64_t *left_ms);

#endif
