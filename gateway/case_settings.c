/* Settings of calendar, cases and zombies -> the core's rules. */
#include "gateway/case_settings.h"
#include "bowei/base/log.h"

static void cases_put(const struct config *config, struct case_rules *rules)
{
    rules->cases_max = config->cases.max;
    rules->keep_days = config->cases.keep_days;
    rules->recur_days = config->cases.recur_days;
    rules->check_in_min = config->cases.check_in_min;
    rules->auto_dispatch = config->cases.auto_dispatch;
    rules->from_expired_alerts = config->cases.from_expired_alerts;
    for (unsigned i = 0; i < CASE_KIND_COUNT; i++) {
        rules->handle[i].hours = config->cases.handle[i].hours;
        rules->handle[i].clock = (enum case_clock)config->cases.handle[i].clock;
        rules->handle[i].score_hundredths = (int16_t)config->cases.handle[i].score;
    }
}

static void zombies_put(const struct config *config, struct case_rules *rules)
{
    for (unsigned i = 0; i < CASE_KIND_COUNT; i++) {
        if (case_kind_life((enum case_kind)i) == LIFE_ZOMBIE) {
            rules->zombie[i].suspect_days = config->zombies.kinds[i].suspect_days;
            rules->zombie[i].notice_hours = config->zombies.kinds[i].notice_hours;
            rules->zombie[i].claim_days = config->zombies.kinds[i].claim_days;
            rules->zombie[i].announce_days = config->zombies.kinds[i].announce_days;
        }
    }
    rules->gap_pct_hundredths = (uint16_t)config->zombies.gap_pct_hundredths;
    rules->release_ms = config->zombies.release_s * 1000;
    rules->gone_ms = config->zombies.gone_s * 1000;
    rules->silent_days = config->zombies.silent_days;
    rules->flat_days = config->zombies.flat_days;
    rules->flat_pct = (uint8_t)config->zombies.flat_pct;
    rules->dragged_days = config->zombies.dragged_days;
    rules->expired_days = config->zombies.expired_days;
    rules->listen_hours = config->zombies.listen_hours;
    rules->sweep_ms = config->zombies.sweep_s * 1000;
}

enum err case_settings_rules(const struct config *config, struct case_rules *rules,
                             struct work_calendar **calendar)
{
    const struct work_calendar_params params = {.utc_offset_min = config->calendar.utc_offset_min,
                                                .hours = config->calendar.hours,
                                                .night = config->calendar.night};
    char detail[160] = "";
    const enum err e = work_calendar_load(&params, config->calendar.file, calendar, detail);

    if (e != ERR_OK) {
        log_line(LOG_ERROR, "gateway", "calendar: %s", detail[0] == '\0' ? err_text(e, 0) : detail);
        return e == ERR_NO_MEMORY ? e : ERR_CONFIG;
    }
    case_rules_default(rules);
    rules->calendar = *calendar;
    cases_put(config, rules);
    zombies_put(config, rules);
    return ERR_OK;
}
