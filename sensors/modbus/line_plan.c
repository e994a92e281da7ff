/* What a line will do with its time, out of the same poll plan that the line polls by and the
 * arithmetic of the wire. `bowei plan` prints it. */
#include "bowei/line_plan.h"
#include "sensors/modbus/poll_plan.h"
#include "sensors/modbus/round_time.h"
#include <stdlib.h>
#include <string.h>

static const struct register_map *map_find(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->map_count; i++) {
        if (strcmp(config->maps[i].name, name) == 0) {
            return &config->maps[i];
        }
    }
    return NULL;
}

static uint32_t points_of(const struct poll_plan *plan, const struct poll_request *request)
{
    uint32_t points = 0;

    for (uint32_t i = 0; i < request->item_count; i++) {
        points += (plan->items[request->first_item + i].parts & POLL_VALUE) != 0;
    }
    return points;
}

static enum err unit_add(const struct line_config *line, uint32_t unit,
                         const struct poll_plan *plan, struct line_plan *out)
{
    const size_t count = (size_t)out->request_count + plan->request_count;
    struct line_plan_request *all = realloc(out->requests, count * sizeof *all);
    struct line_plan_unit *sum = &out->units[unit];

    if (all == NULL) {
        return ERR_NO_MEMORY;
    }
    out->requests = all;
    for (uint32_t i = 0; i < plan->request_count; i++) {
        const struct poll_request *r = &plan->requests[i];
        const int64_t time_us = round_request_us(line, plan->function, r->count);

        all[out->request_count++] = (struct line_plan_request){
            .unit = unit,
            .function = plan->function,
            .address = r->address,
            .count = r->count,
            .points = points_of(plan, r),
            .request_bytes = round_request_bytes(line),
            .reply_bytes = round_reply_bytes(line, plan->function, r->count),
            .time_us = time_us};
        sum->round_us += time_us;
    }
    sum->request_count = plan->request_count;
    sum->load_ppm = sum->round_us * 1000 / (int64_t)line->units[unit].period_ms;
    out->round_us += sum->round_us;
    out->load_ppm += sum->load_ppm;
    return ERR_OK;
}

enum err line_plan_make(const struct config *config, const struct line_config *line,
                        struct line_plan *out)
{
    *out =
        (struct line_plan){.character_ns = round_character_ns(line), .gap_us = round_gap_us(line)};
    for (uint32_t i = 0; i < line->unit_count; i++) {
        const struct unit_config *unit = &line->units[i];
        const struct register_map *map = map_find(config, unit->map);
        struct poll_plan plan = {0};
        enum err e = map == NULL ? ERR_CONFIG : poll_plan_make(map, unit->max_read, &plan);

        if (e == ERR_OK) {
            e = unit_add(line, i, &plan, out);
        }
        poll_plan_finish(&plan);
        if (e != ERR_OK) {
            return e;
        }
    }
    return ERR_OK;
}

void line_plan_finish(struct line_plan *plan)
{
    free(plan->requests);
    plan->requests = NULL;
    plan->request_count = 0;
}
