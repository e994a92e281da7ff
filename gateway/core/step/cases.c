/* The casebook within the step: its commands, its effects, and what it gets from other parts. */
#include "gateway/core/step/cases.h"

/* Kinds of alerts that a case is made of; CASE_KIND_COUNT = none. */
static enum case_kind case_of_alert(enum alert_kind kind)
{
    switch ((int)kind) {
    case ALERT_OUT_OF_FENCE: return CASE_OUT_OF_FENCE;
    case ALERT_NO_PARKING_ZONE: return CASE_NO_PARKING;
    case ALERT_PILE_UP: return CASE_PILE_UP;
    default: return CASE_KIND_COUNT;
    }
}

void cases_of_expired(struct core *core)
{
    uint32_t count;
    const uint32_t *expired = fleet_expired(core->fleet, &count);

    for (uint32_t i = 0; core->from_expired_alerts && i < count; i++) {
        struct image image;
        struct case_finding finding = {.reasons = 1u << ZOMBIE_EXPIRED_ALERT};

        if (!fleet_alert_image(core->fleet, expired[i], &image)) {
            continue;
        }
        finding.kind = case_of_alert((enum alert_kind)image.alert.kind);
        finding.place = image.alert.fence;
        finding.vehicle = image.alert.vehicle;
        finding.at = image.alert.at;
        finding.since_ms = image.alert.opened_ms;
        if (finding.kind != CASE_KIND_COUNT) {
            (void)casebook_report(core->casebook, &finding);
        }
    }
}

void cases_effects(struct core *core)
{
    size_t touched_count;
    size_t kept_count;
    const struct touched *touched = casebook_touched(core->casebook, &touched_count);
    const struct image *kept = casebook_kept(core->casebook, &kept_count);

    if (!effects_reserve(core, core->effects.touched_count + touched_count)) {
        count_add(core->counters, COUNT_CORE_NO_MEMORY, 1);
        touched_count = 0;
    }
    for (size_t i = 0; i < touched_count; i++) {
        core->touched[core->effects.touched_count++] = touched[i];
    }
    for (size_t i = 0; i < kept_count; i++) {
        (void)fleet_keep_also(core->fleet, &kept[i]);
    }
}

enum err cases_command(struct core *core, struct command *command, const struct input *input)
{
    (void)input;
    casebook_command(core->casebook, command);
    return command->result;
}

void core_case_rules(struct core *core, const struct case_rules *rules)
{
    core->from_expired_alerts = rules->from_expired_alerts;
    casebook_set_rules(core->casebook, rules);
    zombie_watch_set_rules(core->watch, rules);
    fleet_set_flat(core->fleet, rules->flat_pct);
}

void core_cases_on(struct core *core)
{
    casebook_on(core->casebook);
    zombie_watch_on(core->watch);
}

bool core_case_image(const struct core *core, uint32_t slot, struct image *out)
{
    return casebook_case_image(core->casebook, slot, out);
}

bool core_case_row_image(const struct core *core, uint32_t row_slot, struct image *out)
{
    return casebook_row_image(core->casebook, row_slot, out);
}

uint32_t core_case_slots(const struct core *core)
{
    return casebook_case_slots(core->casebook);
}

uint32_t core_case_row_slots(const struct core *core)
{
    return casebook_row_slots(core->casebook);
}
