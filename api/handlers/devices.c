/* Devices and their health (asked of the core, which owns it), and devices that nobody knows. */
#include "api/handlers/places.h"
#include "api/handlers/staff.h"
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 100u
#define FILTER_ROWS   1000u /* looked at for a page when a filter may drop most of them */

static const char *const value_names[VALUE_COUNT_] = {
    [VALUE_FREE] = "free",   [VALUE_OCCUPIED] = "occupied",   [VALUE_ALIVE] = "alive",
    [VALUE_FAULT] = "fault", [VALUE_LINK_LOST] = "link_lost", [VALUE_START] = "start",
    [VALUE_JOIN] = "join",   [VALUE_GATE] = "gate",
};

static const char *value_name(uint8_t value)
{
    return value < VALUE_COUNT_ ? value_names[value] : "unknown";
}

static uint32_t page_limit(const struct request *rq)
{
    return rq->query.limit == 0 ? DEFAULT_LIMIT : rq->query.limit;
}

void devices_get(struct request *rq)
{
    const struct query *q = &rq->query;
    uint32_t rows = q->has & (P(SILENT) | P(LOT)) ? FILTER_ROWS : page_limit(rq);

    if (q->has & P(CURSOR) && (q->cursor.kind != 'd' || q->cursor.version != rq->inv->version)) {
        faults_add(&rq->faults, "cursor",
                   "is not a cursor of this list, or the inventory has changed: begin again");
        respond_faults(rq, ERR_BAD_PARAMETER, &rq->faults);
        return;
    }
    rq->pending = pending_create(rq->api->pending, rows);
    if (rq->pending == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    rq->pending->command.kind = COMMAND_DEVICES;
    rq->pending->command.device = (uint32_t)q->cursor.key;
    staff_submit(rq);
}

static space_key target_key(const struct inventory *inv, const struct inv_sensor *sensor)
{
    return sensor->gate ? inv->lots[sensor->target].key : inv->spaces[sensor->target].key;
}

static bool row_fits(const struct request *rq, const struct device_health *row)
{
    const struct query *q = &rq->query;
    const struct inventory *inv = rq->inv;
    const struct inv_sensor *sensor = &inv->sensors[row->sensor];
    space_key lot = sensor->gate ? inv->lots[sensor->target].key
                                 : inv->lots[inv->spaces[sensor->target].lot].key;

    return (!(q->has & P(SILENT)) || q->silent == !row->live) &&
           (!(q->has & P(LOT)) || lot == q->lot);
}

static void time_member(struct request *rq, struct json_writer *w, const char *key, bool known,
                        int64_t city_ms)
{
    if (known) {
        json_kv_time(w, key, city_ms + rq->now.shift_ms);
    } else {
        json_kv_null(w, key);
    }
}

static void number_member(struct json_writer *w, const char *key, int64_t value)
{
    if (value == 0) {
        json_kv_null(w, key);
    } else {
        json_kv_i64(w, key, value);
    }
}

static void row_write(struct request *rq, struct json_writer *w, const struct device_health *row)
{
    const struct inventory *inv = rq->inv;
    const struct inv_device *device = &inv->devices[row->device];
    const struct inv_sensor *sensor = &inv->sensors[row->sensor];
    char place[SPACE_ID_LEN + 1];

    space_id_format(target_key(inv, sensor), place);
    json_object(w);
    json_kv_str(w, "id", inventory_text(inv, device->id));
    json_kv_u64(w, "channel", row->channel);
    json_kv_str(w, "source", inv->sources[device->source]);
    json_kv_str(w, "model", inv->models[device->model]);
    json_kv_str(w, sensor->gate ? "lot" : "space", place);
    json_kv_u64(w, "rank", sensor->rank);
    time_member(rq, w, "heard", row->ever_heard, row->heard_ms);
    json_key(w, "value");
    if (row->ever_heard) {
        json_str(w, value_name(row->value));
    } else {
        json_null(w);
    }
    json_kv_bool(w, "live", row->live);
    json_kv_bool(w, "suspect", row->suspect);
    json_kv_bool(w, "flapping", row->flapping);
    json_kv_bool(w, "battery_low", row->battery_low);
    number_member(w, "battery_mv", row->battery_mv);
    number_member(w, "rssi_dbm", row->rssi_dbm);
    json_kv_u64(w, "counter", row->counter);
    recalibration_member(rq, w, inventory_text(inv, device->id), row->channel);
    json_object_end(w);
}

void devices_answer(struct request *rq)
{
    const struct command *command = &rq->pending->command;
    struct strbuf out = {0};
    struct json_writer w;
    uint32_t shown = 0;
    uint32_t next = command->next;

    if (command->inventory_version != rq->inv->version) {
        respond_problem(rq, ERR_UNAVAILABLE, "the inventory has changed meanwhile, ask again");
        return;
    }
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_key(&w, "items");
    json_array(&w);
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
        row_write(rq, &w, row);
        shown++;
    }
    json_array_end(&w);
    if (next != NO_SENSOR) {
        struct cursor cursor = {.kind = 'd', .key = next, .version = rq->inv->version};
        char text[CURSOR_TEXT_MAX];

        (void)cursor_write(&cursor, text);
        json_kv_str(&w, "next", text);
    }
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

static void unknown_write(struct request *rq, const struct unknown_device *rows, uint32_t n)
{
    struct strbuf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_time(&w, "as_of", rq->now.as_of_ms + rq->now.shift_ms);
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < n; i++) {
        json_object(&w);
        json_kv_str(&w, "id", rows[i].id);
        json_kv_str(&w, "source", rows[i].source);
        json_kv_u64(&w, "channel", rows[i].channel);
        json_kv_u64(&w, "readings", rows[i].readings);
        json_kv_time(&w, "first", rows[i].first_wall_ms);
        json_kv_time(&w, "last", rows[i].last_wall_ms);
        json_kv_str(&w, "value", value_name(rows[i].last_value));
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
    struct unknown_device *rows = calloc(limit, sizeof *rows);
    uint32_t n;

    if (rows == NULL) {
        respond_problem(rq, ERR_NO_MEMORY, NULL);
        return;
    }
    n = port->list == NULL ? 0 : port->list(port->ctx, rows, limit);
    unknown_write(rq, rows, n);
    free(rows);
}
