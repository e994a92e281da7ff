#ifndef GATEWAY_FLEET_SETTINGS_H
#define GATEWAY_FLEET_SETTINGS_H

#include "bowei/config.h"
#include "bowei/fleet.h"

/* From the settings of bikes and alerts, in the units people write, to the core's rules. */
void fleet_settings_rules(const struct config *config, struct fleet_rules *rules);

#endif
