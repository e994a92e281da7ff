/* Settings of bikes and alerts -> the core's rules: metres to millimetres, seconds and days to
 * milliseconds. */
#include "gateway/fleet_settings.h"

#define DAY_MS 86400000u

static void due_put(const struct config *config, struct fleet_rules *rules)
{
    for (unsigned i = 0; i < ALERT_KIND_COUNT; i++) {
        rules->due[i].ack_ms = config->alerts.due_s[i].ack * 1000;
        rules->due[i].onsite_ms = config->alerts.due_s[i].onsite * 1000;
        rules->due[i].clear_ms = config->alerts.due_s[i].clear * 1000;
    }
}

void fleet_settings_rules(const struct config *config, struct fleet_rules *rules)
{
    fleet_rules_default(rules);
    rules->bikes_max = config->bikes.max;
    rules->alerts_max = config->bikes.alerts_max;
    rules->buffer_mm = config->bikes.buffer_m * 1000;
    rules->hold_mm = config->bikes.hold_m * 1000;
    rules->dwell_ms = config->bikes.dwell_s * 1000;
    rules->coarse_mm = config->bikes.coarse_m * 1000;
    rules->position_age_ms = config->bikes.position_age_s * 1000;
    rules->moved_mm = config->bikes.moved_m * 1000;
    rules->coverage_mm = config->bikes.coverage_m * 1000;
    rules->forget_ms = config->bikes.forget_days * DAY_MS;
    rules->enter_dbm = (int8_t)config->bikes.enter_dbm;
    rules->leave_dbm = (int8_t)config->bikes.leave_dbm;
    rules->leave_ms = config->bikes.leave_s * 1000;
    rules->listener_limit_ms = config->bikes.listener_silent_s * 1000;
    rules->pile_up_pct = (uint16_t)config->alerts.pile_up_pct;
    rules->pile_up_ms = config->alerts.pile_up_s * 1000;
    rules->filling_pct = (uint16_t)config->alerts.filling_pct;
    rules->filling_ms = config->alerts.filling_s * 1000;
    rules->reopen_ms = config->alerts.reopen_s * 1000;
    rules->storm_alerts = (uint16_t)config->alerts.storm;
    rules->feed_window = (uint16_t)config->alerts.feed_window;
    rules->feed_pct = (uint16_t)config->alerts.feed_pct;
    rules->keep_ms = config->alerts.keep_days * DAY_MS;
    due_put(config, rules);
}
