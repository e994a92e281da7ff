/* One unit of a line: turns the registers of a reply into readings and hands those of bound points
 * to the intake in one call. A point that reads as it did is marked `unchanged`: it renews `heard`
 * without a journal record. Journalled are the first three equal samples after a change or a new
 * connection, for the core's debounce counts them, and then one in a third of the sensor's limit,
 * so that a replay finds it alive. Nothing read = nothing said: age makes such a point unknown. */
#include "sensors/modbus/unit.h"
#include "bowei/base/log.h"
#include "sensors/field_health.h"
#include "sensors/heard_frame.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AREA    "modbus"
#define NOTE_MS 60000 /* an unbound point is noted once a minute, not at every poll */

static const struct register_map *map_find(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->map_count; i++) {
        if (strcmp(config->maps[i].name, name) == 0) {
            return &config->maps[i];
        }
    }
    return NULL;
}

enum err unit_init(struct unit *unit, const struct field_params *ports,
                   const struct line_config *line, uint32_t index, uint32_t reader)
{
    const struct unit_config *config = &line->units[index];
    const struct register_map *map = map_find(ports->config, config->map);
    int len;
    enum err err;

    *unit = (struct unit){.ports = ports,
                          .line = line->name,
                          .config = config,
                          .map = map,
                          .reader = reader,
                          .inventory_version = UINT64_MAX};
    unit->breaker = &unit->own_breaker;
    len = snprintf(unit->device, sizeof unit->device, "%s/%s", line->name, config->name);
    if (map == NULL || len < 0 || (size_t)len >= sizeof unit->device) {
        log_line(LOG_ERROR, AREA, "%s/%s: no register map %s, or the name is too long", line->name,
                 config->name, config->map);
        return ERR_CONFIG;
    }
    unit->device_len = (uint8_t)len;
    unit_identity_doubt(unit);
    err = poll_plan_make(map, config->max_read, &unit->plan);
    if (err != ERR_OK) {
        log_line(LOG_ERROR, AREA, "%s: map %s: %s", unit->device, config->map,
                 err == ERR_CONFIG ? poll_plan_fault(map, config->max_read) : err_code(err));
        return err;
    }
    unit->points = calloc(map->channels, sizeof *unit->points);
    unit->batch = calloc(map->channels, sizeof *unit->batch);
    unit->batch_points = calloc(map->channels, sizeof *unit->batch_points);
    if (unit->points == NULL || unit->batch == NULL || unit->batch_points == NULL) {
        unit_finish(unit);
        return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

void unit_finish(struct unit *unit)
{
    poll_plan_finish(&unit->plan);
    free(unit->points);
    free(unit->batch);
    free(unit->batch_points);
    unit->points = NULL;
    unit->batch = NULL;
    unit->batch_points = NULL;
}

void unit_round_begin(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->map->channels; i++) {
        unit->points[i].status_fresh = false;
    }
}

void unit_connected(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->map->channels; i++) {
        unit->points[i].same = 0;
    }
    unit_identity_doubt(unit);
}

/* Binds the points by a new inventory; a point may now stand for another place, so all are
 * journalled again. */
static void points_resolve(struct unit *unit, const struct inventory *inv)
{
    uint32_t device = inventory_device(inv, unit->device, unit->device_len);
    int64_t limit_ms =
        device == NO_SLOT ? 0 : (int64_t)inv->timings[inv->devices[device].timing].limit_ms;

    for (uint32_t i = 0; i < unit->map->channels; i++) {
        struct unit_point *point = &unit->points[i];

        point->sensor =
            device == NO_SLOT
                ? NO_SENSOR
                : inventory_sensor(inv, device, (uint16_t)(unit->map->first_channel + i));
        point->root = point->sensor == NO_SENSOR ? 0 : field_root(inv, point->sensor);
        point->same = 0;
        point->journal_every_ms = limit_ms / UNIT_RECORDS_A_LIMIT;
    }
    unit->known = device != NO_SLOT;
    unit->inventory_version = inv->version;
    unit->inventory_build = inv->build;
}

/* Has the journal enough of this value for now? */
static bool is_unchanged(const struct unit_point *point, enum reading_value value)
{
    return point->same == UNIT_SAME_MAX && point->value == value &&
           host_boot_ms() - point->journalled_boot_ms < point->journal_every_ms;
}

/* The intake took it. */
static void point_note(struct unit_point *point, const struct reading *reading)
{
    if (point->value != reading->value) {
        point->same = 0;
    }
    point->value = reading->value;
    point->same = point->same < UNIT_SAME_MAX ? (uint8_t)(point->same + 1) : UNIT_SAME_MAX;
    if (!reading->unchanged) {
        point->journalled_boot_ms = host_boot_ms();
    }
}

/* A unit that the inventory does not know is noted once a minute. Of one that it knows, inputs
 * without a space are simply unused. */
static void note_unknown(struct unit *unit, const struct reading *reading)
{
    int64_t boot_ms = host_boot_ms();

    if (unit->known || (unit->noted_boot_ms != 0 && boot_ms - unit->noted_boot_ms < NOTE_MS)) {
        return;
    }
    unit->noted_boot_ms = boot_ms;
    count_add(unit->ports->counters, COUNT_DEVICES_UNKNOWN, 1);
    unknown_devices_note(unit->ports->unknown, unit->line, reading, host_wall_ms());
}

/* Puts one point's value into the batch, or notes its unit as unknown. */
static size_t batch_add(struct unit *unit, size_t n, uint32_t i, enum reading_value value)
{
    struct unit_point *point = &unit->points[i];
    struct reading *r = &unit->batch[n];

    *r = (struct reading){.sensor = point->sensor,
                          .root = point->root,
                          .channel = (uint16_t)(unit->map->first_channel + i),
                          .value = (uint8_t)value,
                          .type = TYPE_SAMPLE,
                          .unchanged = is_unchanged(point, value),
                          .device_len = unit->device_len};
    memcpy(r->device, unit->device, unit->device_len);
    if (point->sensor == NO_SENSOR) {
        note_unknown(unit, r);
        return n;
    }
    unit->batch_points[n] = (uint16_t)i;
    return n + 1;
}

static void batch_hand(struct unit *unit, size_t n)
{
    const struct intake_port *intake = &unit->ports->intake;
    static int64_t gate;
    enum err err;

    if (n == 0) {
        return;
    }
    err = intake->readings(intake->ctx, unit->inventory_version, unit->batch, n);
    if (err != ERR_OK) {
        log_rate(LOG_ERROR, &gate, 10000, AREA, "%s: readings were not kept (%s)", unit->device,
                 err_code(err));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        point_note(&unit->points[unit->batch_points[i]], &unit->batch[i]);
    }
}

static const struct inventory *inventory_hold(struct unit *unit)
{
    const struct inventory *inv = inventory_get(unit->ports->board, unit->reader);

    if (inv != NULL &&
        (inv->version != unit->inventory_version || inv->build != unit->inventory_build)) {
        points_resolve(unit, inv);
    }
    return inv;
}

void unit_take(struct unit *unit, const struct poll_request *request,
               const struct read_reply *reply)
{
    const struct poll_item *items = &unit->plan.items[request->first_item];
    bool has_status = unit->map->status_offset != -1;
    const struct inventory *inv;
    size_t n = 0;

    unit->offline = false;
    inv = inventory_hold(unit);
    if (inv != NULL) {
        for (uint32_t i = 0; i < request->item_count; i++) {
            uint32_t p = items[i].point;
            struct unit_point *point = &unit->points[p];

            if ((items[i].parts & POLL_STATUS) != 0) {
                point->status =
                    reply->values[register_status_address(unit->map, p) - request->address];
                point->status_fresh = true;
            }
            if ((items[i].parts & POLL_VALUE) != 0 && (!has_status || point->status_fresh)) {
                const uint16_t *words =
                    &reply->values[register_value_address(unit->map, p) - request->address];
                const size_t at = n;

                n = batch_add(unit, n, p,
                              register_read(unit->map, register_raw(unit->map, words),
                                            point->status, &point->memory));
                heard_registers_note(unit->ports->ledger, inv, &unit->batch[at],
                                     (const uint16_t[2]){words[0], point->status}, has_status,
                                     point->noted != unit->batch[at].value + 1);
                point->noted = (uint8_t)(unit->batch[at].value + 1);
            }
        }
        batch_hand(unit, n);
    }
    inventory_put(unit->ports->board, unit->reader);
}

/* One value for all points. */
static void take_all(struct unit *unit, enum reading_value value)
{
    size_t n = 0;

    if (inventory_hold(unit) != NULL) {
        for (uint32_t i = 0; i < unit->map->channels; i++) {
            n = batch_add(unit, n, i, value);
        }
        batch_hand(unit, n);
    }
    inventory_put(unit->ports->board, unit->reader);
}

void unit_take_offline(struct unit *unit)
{
    unit->offline = true;
    take_all(unit, VALUE_LINK_LOST);
}

bool unit_identity_due(const struct unit *unit, int64_t boot_ms)
{
    return unit->identity != IDENTITY_PROVEN ||
           (unit->map->identity.function != 0 && boot_ms >= unit->identity_due_ms);
}

struct read_request unit_identity_request(const struct unit *unit)
{
    return (struct read_request){.unit = (uint8_t)unit->config->unit,
                                 .function = (uint8_t)unit->map->identity.function,
                                 .address =
                                     (uint16_t)(unit->map->identity.address - unit->map->base),
                                 .count = 1};
}

bool unit_identity_take(struct unit *unit, bool exists, uint16_t value, int64_t boot_ms)
{
    const uint32_t want =
        unit->config->identity != 0 ? unit->config->identity : unit->map->identity.value;
    const uint32_t found = value & unit->map->identity.mask;
    const bool was_wrong = unit->identity == IDENTITY_WRONG;
    const bool right = exists && found == (want & unit->map->identity.mask);

    unit->identity_due_ms = boot_ms + UNIT_IDENTITY_EVERY_MS;
    unit->identity = right ? IDENTITY_PROVEN : IDENTITY_WRONG;
    if (right) {
        if (was_wrong) {
            log_line(LOG_INFO, AREA, "%s: the right device answers again", unit->device);
        }
        return true;
    }
    if (!was_wrong) {
        count_add(unit->ports->counters, COUNT_MODBUS_IDENTITY, 1);
        log_line(LOG_ERROR, AREA,
                 "%s: another device answers as unit %u: its identity register %u %s 0x%X, not "
                 "0x%X; nothing it says is believed",
                 unit->device, unit->config->unit, unit->map->identity.address,
                 exists ? "holds" : "does not exist, read as", found, want);
    }
    take_all(unit, VALUE_FAULT);
    return false;
}

void unit_identity_doubt(struct unit *unit)
{
    if (unit->map->identity.function == 0) {
        unit->identity = IDENTITY_PROVEN;
    } else if (unit->identity == IDENTITY_PROVEN) {
        unit->identity = IDENTITY_UNPROVEN;
    }
}
