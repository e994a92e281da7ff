#ifndef GATEWAY_CASE_SETTINGS_H
#define GATEWAY_CASE_SETTINGS_H

#include "bowei/case_rules.h"
#include "bowei/config.h"

/* From the settings of calendar, cases and zombies, in the units people write, to the core's rules.
 */

/** The rules borrow the calendar, which is the caller's to destroy after the core. ERR_CONFIG, with
 * a line in the log: the days file changed since the configuration was checked. */
enum err case_settings_rules(const struct config *config, struct case_rules *rules,
                             struct work_calendar **calendar) MUST_CHECK;

#endif
