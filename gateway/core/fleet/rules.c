/* The rules of bikes and alerts as they are without a configuration. Sources: docs/CONFIG.md. */
#include "bowei/fleet.h"

#define SECONDS 1000u
#define MINUTES (60u * SECONDS)
#define HOURS   (60u * MINUTES)
#define DAYS    (24u * HOURS)

void fleet_rules_default(struct fleet_rules *rules)
{
    *rules = (struct fleet_rules){
        .bikes_max = 200000,
        .alerts_max = 50000,
        .buffer_mm = 15000,
        .hold_mm = 24000,
        .dwell_ms = 120 * SECONDS,
        .coarse_mm = 50000,
        .position_age_ms = 4 * HOURS,
        .moved_mm = 50000,
        .coverage_mm = 5000000,
        .forget_ms = 40 * DAYS,
        .enter_dbm = -75,
        .leave_dbm = -85,
        .leave_ms = 60 * SECONDS,
        .rival_db = 6,
        .rival_ms = 10 * SECONDS,
        .listener_limit_ms = 120 * SECONDS,
        .pile_up_pct = 120,
        .pile_up_ms = 10 * MINUTES,
        .filling_pct = 80,
        .filling_ms = 30 * MINUTES,
        .reopen_ms = 10 * MINUTES,
        .storm_alerts = 50,
        .storm_ms = 60 * SECONDS,
        .feed_window = 64,
        .feed_pct = 60,
        .keep_ms = 30 * DAYS,
        .flat_pct = 5,
    };
/* clang-format off: a table is included */
#define ALERT_KIND(name, code, subject, severity, ack_s, onsite_s, clear_s, en, zh)                \
    rules->due[ALERT_##name].ack_ms = (ack_s)*SECONDS;                                             \
    rules->due[ALERT_##name].onsite_ms = (onsite_s)*SECONDS;                                       \
    rules->due[ALERT_##name].clear_ms = (clear_s)*SECONDS;
#include "bowei/alert_kinds.def"
#undef ALERT_KIND
    /* clang-format on */
}
