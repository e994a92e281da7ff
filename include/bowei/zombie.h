#ifndef BOWEI_ZOMBIE_H
#define BOWEI_ZOMBIE_H

#include "bowei/case_image.h"

/* The pick-list of suspected vehicles for a van round: suspects with their evidence and clock,
 * ranked, and grouped by street and nearness so that one round takes neighbours together. */

/** What is known of one suspect when it is asked for. */
struct zombie_item {
    struct case_image case_;
    uint32_t group;              /**< neighbours that one stop of the van takes: the same number, 1
                                    ... in the order of the round */
    uint32_t rank;               /**< by severity, dwell, distance: 1 = first */
    uint32_t dwell_days;         /**< whole days since since_ms */
    uint32_t distance_m;         /**< with has_from */
    uint16_t healthy_hundredths; /**< of the stay that was known, 10000 = all */
};

/** Of COMMAND_ZOMBIES; owned by the caller until answered. */
struct zombie_request {
    uint32_t kinds; /**< bit mask of enum case_kind; 0 = all zombie kinds */
    uint32_t
        stages; /**< bit mask of enum case_stage; 0 = suspect to overdue: still on the street */
    uint32_t adcode; /**< 0 = all */
    uint32_t street; /**< 3 digits, 0 = all */
    bool has_from;
    struct position_e7 from;   /**< where the van starts; else the worst first */
    uint32_t radius_m;         /**< with has_from: only within; 0 = anywhere */
    uint32_t group_radius_m;   /**< stops of a group are within this of its first: 300 */
    struct zombie_item *items; /**< room for limit; group by group */
    uint32_t limit, count;
    uint32_t groups;  /**< how many */
    uint32_t matches; /**< of all that are kept, more than limit perhaps */
    int64_t as_of_ms; /**< city time */
};

#define ZOMBIE_LIMIT_MAX 1000
#define ZOMBIE_GROUP_MAX 20 /**< stops of one group: what a van takes before it unloads */

#endif
