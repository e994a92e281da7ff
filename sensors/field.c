/* The field side's front door: starts a thread per Modbus line and per MQTT link out of the
 * configuration, and stops them together. gateway/main.c calls it; everything it hears goes to the
 * intake port it was given. */
#include "bowei/field.h"
#include "bowei/base/log.h"
#include "sensors/field_health.h"
#include "sensors/halt.h"
#include "sensors/modbus/line.h"
#include "sensors/modbus/poll_plan.h"
#include "sensors/mqtt/link.h"
#include <mosquitto.h>
#include <stdlib.h>
#include <string.h>

#define AREA "field"

/* Modbus points are polled and their registers checked against a status: as good as it gets. */
#define SAMPLED_CONFIDENCE 97
#define STRAY_PERIOD_MS    1000 /* as settings.def has it for a unit */

struct field {
    struct field_params params;
    struct field_health health;
    struct halt halt;
    uint32_t line_count, link_count; /* started */
    struct line *lines[CONFIG_LINES_MAX];
    struct link *links[CONFIG_LINKS_MAX];
    int first_status; /* of status->link; ours stand together */
};

/* Entries in the status table for all, before any thread runs. */
static bool status_fill(struct field *field)
{
    const struct config *config = field->params.config;
    int last = -1;

    field->first_status = 0;
    for (uint32_t i = 0; i < config->line_count + config->link_count; i++) {
        last = i < config->line_count
                   ? status_add_link(field->params.status, "modbus", config->lines[i].name)
                   : status_add_link(field->params.status, "mqtt",
                                     config->links[i - config->line_count].name);
        if (last < 0) {
            log_line(LOG_ERROR, AREA, "more than %d lines and links", STATUS_LINKS_MAX);
            return false;
        }
        if (i == 0) {
            field->first_status = last;
        }
    }
    return true;
}

static bool lines_start(struct field *field)
{
    const struct config *config = field->params.config;

    for (uint32_t i = 0; i < config->line_count; i++) {
        const struct line_params params = {.config = &config->lines[i],
                                           .ports = &field->params,
                                           .health = &field->health,
                                           .halt = &field->halt,
                                           .status_index = field->first_status + (int)i};

        field->lines[i] = line_start(&params);
        if (field->lines[i] == NULL) {
            log_line(LOG_ERROR, AREA, "line %s cannot be started", config->lines[i].name);
            return false;
        }
        field->line_count++;
    }
    return true;
}

static bool links_start(struct field *field)
{
    const struct config *config = field->params.config;

    for (uint32_t i = 0; i < config->link_count; i++) {
        const struct link_params params = {.config = &config->links[i],
                                           .ports = &field->params,
                                           .health = &field->health,
                                           .halt = &field->halt,
                                           .status_index =
                                               field->first_status + (int)(config->line_count + i)};

        field->links[i] = link_start(&params);
        if (field->links[i] == NULL) {
            log_line(LOG_ERROR, AREA, "link %s cannot be started", config->links[i].name);
            return false;
        }
        field->link_count++;
    }
    return true;
}

static void all_join(struct field *field)
{
    halt_raise(&field->halt);
    for (uint32_t i = 0; i < field->link_count; i++) {
        link_join(field->links[i]);
    }
    for (uint32_t i = 0; i < field->line_count; i++) {
        line_join(field->lines[i]);
    }
}

struct field *field_start(const struct field_params *params)
{
    struct field *field = calloc(1, sizeof *field);

    if (field == NULL) {
        return NULL;
    }
    field->params = *params;
    field->health.status = params->status;
    if (!halt_init(&field->halt)) {
        goto undo_field;
    }
    if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
        goto undo_halt;
    }
    if (!status_fill(field) || !lines_start(field) || !links_start(field)) {
        goto undo_threads;
    }
    return field;

undo_threads:
    all_join(field);
    (void)mosquitto_lib_cleanup();
undo_halt:
    halt_finish(&field->halt);
undo_field:
    free(field);
    return NULL;
}

void field_stop(struct field *field)
{
    if (field == NULL) {
        return;
    }
    all_join(field);
    (void)mosquitto_lib_cleanup();
    halt_finish(&field->halt);
    free(field);
}

bool field_settled(const struct field *field)
{
    const struct status *status = field->params.status;

    for (uint32_t i = 0; i < field->line_count + field->link_count; i++) {
        if (!atomic_load(&status->link[field->first_status + (int)i].polled)) {
            return false;
        }
    }
    return true;
}

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
