/* How the devices of Modbus units age, out of the configuration; for the inventory builder. */
#include "bowei/field.h"
#include "sensors/modbus/poll_plan.h"
#include <string.h>

/* Modbus points are polled and their registers checked against a status: as good as it gets. */
#define SAMPLED_CONFIDENCE 97
#define STRAY_PERIOD_MS    1000 /* as settings.def has it for a unit */

/* "<line>/<unit>" of a line in the configuration. */
static const struct unit_config *unit_find(const struct config *config, const char *device)
{
    for (uint32_t i = 0; i < config->line_count; i++) {
        const struct line_config *line = &config->lines[i];
        size_t len = strlen(line->name);

        if (strncmp(device, line->name, len) != 0 || device[len] != '/') {
            continue;
        }
        for (uint32_t k = 0; k < line->unit_count; k++) {
            if (strcmp(line->units[k].name, device + len + 1) == 0) {
                return &line->units[k];
            }
        }
    }
    return NULL;
}

/* "<line>/<unit>" of a line that is not configured (any more): nobody polls it, so what was read
 * last is not believed longer than a line's device usually is. */
static bool is_stray(const struct config *config, const char *source, const char *device)
{
    size_t len = strlen(source);

    if (len == 0 || strncmp(device, source, len) != 0 || device[len] != '/') {
        return false;
    }
    for (uint32_t i = 0; i < config->link_count; i++) {
        if (strcmp(config->links[i].name, source) == 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < config->push_count; i++) {
        if (strcmp(config->pushes[i].name, source) == 0) {
            return false;
        }
    }
    return true;
}

static bool timing_find(void *ctx, const char *source, const char *device, const char *model,
                        struct sensor_timing *out)
{
    const struct unit_config *unit = unit_find(ctx, device);
    const struct sensor_model *row;

    if (unit != NULL || is_stray(ctx, source, device)) {
        uint32_t period_ms = unit != NULL ? unit->period_ms : STRAY_PERIOD_MS;
        uint32_t limit_ms = unit != NULL ? unit->limit_ms : 0;

        *out = (struct sensor_timing){.period_ms = period_ms,
                                      .limit_ms = limit_ms != 0 ? limit_ms
                                                                : sensor_limit_ms(true, period_ms),
                                      .confidence = SAMPLED_CONFIDENCE,
                                      .sampled = true};
        return true;
    }
    row = sensor_model_find(model, strlen(model));
    if (row == NULL) {
        return false;
    }
    *out = row->timing;
    return true;
}

const char *field_map_fault(const struct register_map *map, uint32_t max_read)
{
    return poll_plan_fault(map, max_read);
}

struct timing_source field_timing(const struct config *config)
{
    return (struct timing_source){.timing = timing_find, .ctx = (void *)(uintptr_t)config};
}
