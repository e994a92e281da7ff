/* Cross-checks of Modbus lines and their units: ports that must differ, names and numbers of units,
 * and the maps that these name. */
#include "bowei/base/suggest.h"
#include "gateway/config/config_check.h"
#include "gateway/config/register_maps.h"
#include <stdio.h>

#define MODBUS_UNIT_LAST   247 /* Modbus over serial line V1.02, 2.2 */
#define MODBUS_UNIT_BRIDGE 255 /* Modbus messaging on TCP/IP V1.0b, 4.4.2 */

static const struct register_map *find_map(const struct config *c, const char *name)
{
    for (uint32_t i = 0; i < c->map_count; i++) {
        if (config_check_same(c->maps[i].name, name)) {
            return &c->maps[i];
        }
    }
    return register_maps_find(name);
}

/* The file's maps, then the shipped ones. */
static const char *map_name_at(const void *ctx, size_t i)
{
    const struct config *c = ctx;
    size_t shipped = 0;
    const struct register_map *maps = register_maps(&shipped);

    if (i >= c->map_count) {
        return maps[i - c->map_count].name;
    }
    return c->maps[i].name == NULL ? "" : c->maps[i].name;
}

static void check_unit_map(struct config_source *s, const struct config *c,
                           const struct unit_config *u, const char *path)
{
    const struct register_map *map = find_map(c, u->map);
    size_t shipped = 0;
    const char *near = NULL;

    (void)register_maps(&shipped);
    if (map == NULL) {
        near = suggest_name(u->map, map_name_at, c, c->map_count + shipped);
        config_source_fault_of(s, &u->map, u, "%s.map: there is no map \"%s\"%s%s%s", path, u->map,
                               near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
                               near == NULL ? "" : "\"?");
    } else if (map->function >= 3 && u->max_read > CONFIG_REQUEST_WORDS) {
        config_source_fault_of(s, &u->max_read, u,
                               "%s.max_read: %u registers, a request may have 125", path,
                               u->max_read);
    } else if (u->max_read > 0 && u->max_read < config_check_value_words(map)) {
        config_source_fault_of(s, &u->max_read, u,
                               "%s.max_read: %u, a 32-bit value takes 2 registers", path,
                               u->max_read);
    }
    if (map != NULL && u->identity != 0 && map->identity.function == 0) {
        config_source_fault_of(s, &u->identity, u,
                               "%s.identity: the map \"%s\" has no identity register", path,
                               u->map);
    }
}

static void check_units(struct config_source *s, const struct config *c,
                        const struct line_config *line, uint32_t index)
{
    char path[40];

    for (uint32_t i = 0; i < line->unit_count; i++) {
        const struct unit_config *u = &line->units[i];

        snprintf(path, sizeof path, "lines[%u].units[%u]", index, i);
        for (uint32_t k = 0; k < i; k++) {
            if (config_check_same(line->units[k].name, u->name)) {
                config_source_fault_of(s, &u->name, u, "%s.name: \"%s\" is units[%u], too", path,
                                       u->name, k);
            } else if (line->units[k].unit == u->unit &&
                       config_check_same(line->units[k].map, u->map)) {
                config_source_fault_of(s, &u->unit, u,
                                       "%s.unit: unit %u is polled with the same map by units[%u]",
                                       path, u->unit, k);
            }
        }
        if (u->unit > MODBUS_UNIT_LAST && (u->unit != MODBUS_UNIT_BRIDGE || line->device != NULL)) {
            config_source_fault_of(s, &u->unit, u, "%s.unit: %u is not 1-247%s", path, u->unit,
                                   line->device != NULL ? "" : " or 255");
        }
        if (u->limit_ms > 0 && u->limit_ms < u->period_ms) {
            config_source_fault_of(s, &u->limit_ms, u,
                                   "%s.limit_ms: %u is below the period of %u ms", path,
                                   u->limit_ms, u->period_ms);
        }
        if (u->map != NULL) {
            check_unit_map(s, c, u, path);
        }
    }
}

void config_check_lines(struct config_source *s, const struct config *c)
{
    for (uint32_t i = 0; i < c->line_count; i++) {
        const struct line_config *line = &c->lines[i];

        for (uint32_t k = 0; k < i; k++) {
            if (config_check_same(c->lines[k].device, line->device)) {
                config_source_fault_of(s, &line->device, line,
                                       "lines[%u].device: \"%.80s\" is the port of lines[%u], too",
                                       i, line->device, k);
            }
        }
        if ((line->host == NULL) == (line->device == NULL) && !config_source_refused(s, line) &&
            !config_source_refused(s, &line->host) && !config_source_refused(s, &line->device)) {
            config_source_fault_of(s, &line->device, line,
                                   "lines[%u]: set either host (TCP) or device (RTU)", i);
        }
        check_units(s, c, line, i);
    }
}
