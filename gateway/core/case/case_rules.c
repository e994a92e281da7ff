/* The rules of cases and the zombie watch as they are without a configuration. Sources:
 * docs/CONFIG.md, docs/CASES.md. */
#include "bowei/case_rules.h"

#define SECOND_MS 1000u
#define MINUTE_MS (60u * SECOND_MS)
#define YEAR_DAYS 365u

void case_rules_default(struct case_rules *rules)
{
    *rules = (struct case_rules){
        .cases_max = 50000,
        .keep_days = 1100,
        .recur_days = 30,
        .check_in_min = 30,
        .auto_dispatch = true,
        .from_expired_alerts = true,
        .zombie = {[CASE_ZOMBIE_CAR] = {30, 240, 60, 90},
                   [CASE_ZOMBIE_PRIVATE_BIKE] = {15, 168, 60, YEAR_DAYS},
                   [CASE_ZOMBIE_SHARED_BIKE] = {7, 48, 60, 90}},
        .gap_pct_hundredths = 500,
        .release_ms = 60 * SECOND_MS,
        .gone_ms = 10 * MINUTE_MS,
        .silent_days = 7,
        .flat_days = 3,
        .flat_pct = 5,
        .dragged_days = 2,
        .expired_days = 2,
        .listen_hours = 6,
        .sweep_ms = 10 * MINUTE_MS,
    };
/* clang-format off: a table is included */
#define CASE_KIND(name, code, life, trade, hours_, clock_, score, en, zh)                          \
    rules->handle[CASE_##name].hours = (hours_);                                                   \
    rules->handle[CASE_##name].clock = (clock_);                                                   \
    rules->handle[CASE_##name].score_hundredths = (score);
#include "bowei/case_kinds.def"
#undef CASE_KIND
    /* clang-format on */
}
