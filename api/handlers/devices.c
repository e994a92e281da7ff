/* Devices and their health (asked of the core, which owns it), and devices that nobody knows. */
#include "api/handlers/asking.h"
#include "api/handlers/device_rows.h"
#include "api/handlers/places.h"
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 100u
#define FILTER_ROWS   1000u /* looked at for a page when a filter may drop most of them */

static request_answer devices_answer;

static uint32_t page_limit(const struct request *rq)
{
    return rq->query.limit == 0 ? DEFAULT_LIMIT : rq->query.limit;
}

static bool is_filtered(const struct query *q)
{
    static const enum param filters[] = {PARAM_SILENT,   PARAM_LOT,   PARAM_BATTERY_BELOW,
                                         PARAM_STREET,   PARAM_MODEL, PARAM_SOURCE,
                                         PARAM_SUSPICION};

    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        if (query_has(q, filters[i])) {
            return true;
        }
    }
    return false;
}

void devices_get(struct request *rq)
{
    const struct query *q = &rq->query;
    uint32_t rows = is_filtered(q) ? FILTER_ROWS : page_limit(rq);

    if (!page_cursor_stands(rq, 'd') || !asking_open(rq, COMMAND_DEVICES, rows, devices_answer)) {
        return;
    }
    rq->pending->command.device = (uint32_t)q->cursor.key;
    asking_submit(rq);
}

static bool silent_fits(const struct request *rq, const struct device_health *row)
{
    const struct query *q = &rq->query;

    if (!q->silent_for) {
        return q->silent == !row->live;
    }
    return !row->ever_heard || rq->now.at_ms - row->heard_ms > (int64_t)q->silent_s * 1000;
}

static bool place_fits(const struct request *rq, const struct inv_sensor *sensor)
{
    const struct query *q = &rq->query;
    const struct inventory *inv = rq->inv;
    const space_key lot = sensor->gate ? inv->lots[sensor->target].key
                                       : inv->lots[inv->spaces[sensor->target].lot].key;
    char place[SPACE_ID_LEN + 1];

    space_id_format(device_target(inv, sensor), place);
    return (!query_has(q, PARAM_LOT) || lot == q->lot) &&
           (!query_has(q, PARAM_STREET) || memcmp(place, q->street, strlen(q->street)) == 0);
}

/* Some models say that it is low and give no voltage. */
static bool battery_is_below(const struct device_health *row, uint32_t mv)
{
    return row->battery_mv != 0 ? row->battery_mv < mv : row->battery_low;
}

static bool row_fits(const struct request *rq, const struct device_health *row)
{
    const struct query *q = &rq->query;
    const struct inv_device *device = &rq->inv->devices[row->device];

    return (!query_has(q, PARAM_SILENT) || silent_fits(rq, row)) &&
           (!query_has(q, PARAM_BATTERY_BELOW) || battery_is_below(row, q->battery_below_mv)) &&
           (!query_has(q, PARAM_MODEL) || strcmp(rq->inv->models[device->model], q->model) == 0) &&
           (!query_has(q, PARAM_SOURCE) ||
            strcmp(rq->inv->sources[device->source], q->source_name) == 0) &&
           place_fits(rq, &rq->inv->sensors[row->sensor]) &&
           (!query_has(q, PARAM_SUSPICION) || device_suspicions(rq, row) & q->suspicions);
}

/* As all lists begin. Nothing here has coordinates, so no system of them is asked for. */
static void list_begin(const struct request *rq, struct json_writer *w)
{
    json_object(w);
    json_kv_str(w, "crs", crs_name(CRS_WGS84));
    json_kv_time(w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_key(w, "items");
    json_array(w);
}

static void devices_answer(struct request *rq)
{
    const struct command *command = &rq->pending->command;
    struct strbuf out = {0};
    struct json_writer w;
    char text[CURSOR_TEXT_MAX];
    uint32_t shown = 0;
    uint32_t next = command->next;

    if (command->inventory_version != rq->inv->version) {
        respond_problem(rq, ERR_UNAVAILABLE, "the inventory has changed meanwhile, ask again");
        return;
    }
    json_writer_init(&w, &out);
    list_begin(rq, &w);
    for (uint32_t i = 0; i < command->devices_count; i++) {
        const struct device_health *row = &command->devices[i];

        if (row->sensor >= rq->inv->sensor_count || row->device >= rq->inv->device_count ||
            !row_fits(rq, row)) {
            continue;
        }
        if (shown == page_limit(rq)) {
            next = row->sensor; /* go on with the first that did not fit */
            break;
        }
        device_row_write(rq, &w, row);
        shown++;
    }
    json_array_end(&w);
    if (next != NO_SENSOR) {
        const struct cursor cursor = {.kind = 'd', .key = next, .version = rq->inv->version};

        (void)cursor_write(&cursor, text);
        json_kv_str(&w, "next", text);
    }
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
    if (next != NO_SENSOR) {
        respond_next(rq, text);
    }
}

/* It was imported since. */
static bool is_known_now(const struct inventory *inv, const struct unknown_device *row)
{
    const uint32_t device = inventory_device(inv, row->id, (uint32_t)strlen(row->id));

    return device != NO_SLOT &&
           strcmp(inv->sources[inv->devices[device].source], row->source) == 0 &&
           inventory_sensor(inv, device, row->channel) != NO_SENSOR;
}

static void unknown_write(struct request *rq, const struct unknown_device *rows, uint32_t n,
                          uint32_t limit)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    list_begin(rq, &w);
    for (uint32_t i = 0; i < n && limit > 0; i++) {
        if (is_known_now(rq->inv, &rows[i])) {
            continue;
        }
        limit--;
        json_object(&w);
        json_kv_str(&w, "id", rows[i].id);
        json_kv_str(&w, "source", rows[i].source);
        json_kv_u64(&w, "channel", rows[i].channel);
        json_kv_u64(&w, "readings", rows[i].readings);
        json_kv_time(&w, "first", rows[i].first_wall_ms);
        json_kv_time(&w, "last", rows[i].last_wall_ms);
        json_kv_str(&w, "value", reading_value_name(rows[i].last_value));
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

void devices_unknown_get(struct request *rq)
{
    const struct unknown_port *port = &rq->api->p.unknown;
    uint32_t limit = rq->query.limit == 0 ? UNKNOWN_DEVICES_MAX : rq->query.limit;
    struct unknown_device *rows = calloc(UNKNOWN_DEVICES_MAX, sizeof *rows);
    uint32_t n;

    if (rows == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    n = port->list == NULL ? 0 : port->list(port->ctx, rows, UNKNOWN_DEVICES_MAX);
    unknown_write(rq, rows, n, limit);
    free(rows);
}
