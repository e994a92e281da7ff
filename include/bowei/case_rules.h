#ifndef BOWEI_CASE_RULES_H
#define BOWEI_CASE_RULES_H

#include "bowei/base/work_calendar.h"
#include "bowei/case.h"

/* The thresholds and times that cases and the zombie watch go by. */

/** Thresholds and times; settings of the sections `cases` and `zombies`. Defaults:
 * case_rules_default. */
struct case_rules {
    const struct work_calendar *calendar; /**< borrowed, lives as long as the core; NULL = weekends
                                             and the default hours, Asia/Shanghai */
    uint32_t cases_max; /**< kept in memory, ended ones included; the oldest ended one makes room */
    uint32_t keep_days; /**< ended cases are kept so many days: 1100 (three years of records) */
    uint32_t recur_days;      /**< same place and kind again within: recurring: 30 */
    uint32_t check_in_min;    /**< whistle to check-in: 30 */
    bool auto_dispatch;       /**< filed cases go to the routed unit at once */
    bool from_expired_alerts; /**< an alert that was not cleared in time becomes a case */

    struct {
        uint32_t hours;
        enum case_clock clock;
        int16_t score_hundredths;
    } handle[CASE_KIND_COUNT];

    /** Zombies by kind; days. Only rows of LIFE_ZOMBIE are used. */
    struct {
        uint32_t suspect_days, notice_hours, claim_days, announce_days;
    } zombie[CASE_KIND_COUNT];

    uint16_t gap_pct_hundredths; /**< of the stay not known, at most: 500 = 5 % */
    uint32_t release_ms;         /**< a release this long begins the stay anew: 60 s */
    uint32_t gone_ms;            /**< free for so long: it has left: 10 min */
    uint32_t silent_days;        /**< a bike not heard for so long: 7 */
    uint32_t flat_days;          /**< a bike with a flat battery for so long: 3 */
    uint8_t flat_pct;            /**< flat at or below: 5 */
    uint32_t dragged_days;       /**< moved without a ride, not ridden since, for so long: 2 */
    uint32_t expired_days;       /**< stands where an alert about it expired, for so long: 2 */
    uint32_t listen_hours;       /**< after a start or a leap of the clock bikes get so long to be
                                    heard before they count as silent: 6 */
    uint32_t sweep_ms;           /**< all subjects are looked at once in: 10 min */
};

void case_rules_default(struct case_rules *rules);

#endif
