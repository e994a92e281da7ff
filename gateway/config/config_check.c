/* What no single row can check: names that must differ, values that must fit each other, maps that
 * must exist, and whether the process may open what all of it needs. Works on a config with faults,
 * too: a refused text is NULL. */
#include "bowei/base/err.h"
#include "bowei/base/suggest.h"
#include "bowei/base/work_calendar.h"
#include "gateway/config/config_read.h"
#include "gateway/config/register_maps.h"
#include "gateway/config/setting.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define MODBUS_UNIT_LAST   247  /* Modbus over serial line V1.02, 2.2 */
#define MODBUS_UNIT_BRIDGE 255  /* Modbus messaging on TCP/IP V1.0b, 4.4.2 */
#define HTTP_FIRST_FD      1024 /* HTTP sockets are moved there: select() users stay below */
#define SECRET_MIN         16   /* bytes: nobody guesses 10^19 words over a network */
#define CLIENT_ID_ROOM     80   /* of mqtt_out's own id: instance and "-out" */
#define OTHER_FDS          32   /* listener, epoll, streams of the libraries */

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void check_maps(struct config_source *s, const struct config *c)
{
    for (uint32_t i = 0; i < c->map_count; i++) {
        const struct register_map *m = &c->maps[i];

        for (uint32_t k = 0; k < i; k++) {
            if (same(c->maps[k].name, m->name)) {
                config_source_fault_of(s, &m->name, m, "maps[%u].name: \"%s\" is maps[%u], too", i,
                                       m->name, k);
            }
        }
        register_map_check(s, m, i);
    }
}

static const struct register_map *find_map(const struct config *c, const char *name)
{
    for (uint32_t i = 0; i < c->map_count; i++) {
        if (same(c->maps[i].name, name)) {
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
    } else if (map->function >= 3 && u->max_read > MODBUS_WORDS_MAX) {
        config_source_fault_of(s, &u->max_read, u,
                               "%s.max_read: %u registers, a request may have 125", path,
                               u->max_read);
    } else if (u->max_read > 0 && u->max_read < register_map_words(map)) {
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
            if (same(line->units[k].name, u->name)) {
                config_source_fault_of(s, &u->name, u, "%s.name: \"%s\" is units[%u], too", path,
                                       u->name, k);
            } else if (line->units[k].unit == u->unit && same(line->units[k].map, u->map)) {
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

static void check_lines(struct config_source *s, const struct config *c)
{
    for (uint32_t i = 0; i < c->line_count; i++) {
        const struct line_config *line = &c->lines[i];

        for (uint32_t k = 0; k < i; k++) {
            if (same(c->lines[k].name, line->name)) {
                config_source_fault_of(s, &line->name, line,
                                       "lines[%u].name: \"%s\" is lines[%u], too", i, line->name,
                                       k);
            }
            if (same(c->lines[k].device, line->device)) {
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

static void check_link_names(struct config_source *s, const struct config *c, uint32_t i)
{
    const struct link_config *link = &c->links[i];

    for (uint32_t k = 0; k < i; k++) {
        const struct link_config *other = &c->links[k];

        if (same(other->name, link->name)) {
            config_source_fault_of(s, &link->name, link, "links[%u].name: \"%s\" is links[%u], too",
                                   i, link->name, k);
        }
        if (same(other->client_id, link->client_id) && same(other->host, link->host) &&
            other->port == link->port) {
            config_source_fault_of(s, &link->client_id, link,
                                   "links[%u].client_id: the broker knows links[%u] by \"%s\"", i,
                                   k, link->client_id);
        }
    }
    for (uint32_t k = 0; k < c->line_count; k++) {
        if (same(c->lines[k].name, link->name)) {
            config_source_fault_of(s, &link->name, link, "links[%u].name: \"%s\" is lines[%u], too",
                                   i, link->name, k);
        }
    }
}

static void check_links(struct config_source *s, const struct config *c)
{
    for (uint32_t i = 0; i < c->link_count; i++) {
        const struct link_config *link = &c->links[i];

        check_link_names(s, c, i);
        if (link->password != NULL && link->username == NULL) {
            config_source_fault_of(s, &link->password, link, "links[%u].password: without username",
                                   i);
        }
        if (!link->tls && (link->ca_file != NULL || link->cert_file != NULL)) {
            config_source_fault_of(s, link->ca_file != NULL ? &link->ca_file : &link->cert_file,
                                   link, "links[%u].tls: certificates are given, but tls is false",
                                   i);
        }
        if ((link->cert_file == NULL) != (link->key_file == NULL)) {
            config_source_fault_of(s, link->cert_file != NULL ? &link->cert_file : &link->key_file,
                                   link, "links[%u]: cert_file and key_file belong together", i);
        }
        for (uint32_t k = 1; k < link->subscription_count; k++) {
            for (uint32_t j = 0; j < k; j++) {
                if (same(link->subscriptions[j].topic, link->subscriptions[k].topic)) {
                    config_source_fault_of(s, &link->subscriptions[k].topic,
                                           &link->subscriptions[k],
                                           "links[%u].subscriptions[%u].topic: stands twice", i, k);
                }
            }
        }
    }
}

static void check_push_names(struct config_source *s, const struct config *c, uint32_t i)
{
    const struct push_config *push = &c->pushes[i];

    for (uint32_t k = 0; k < i; k++) {
        if (same(c->pushes[k].name, push->name)) {
            config_source_fault_of(s, &push->name, push, "push[%u].name: \"%s\" is push[%u], too",
                                   i, push->name, k);
        }
    }
    for (uint32_t k = 0; k < c->link_count; k++) {
        if (same(c->links[k].name, push->name)) {
            config_source_fault_of(s, &push->name, push, "push[%u].name: \"%s\" is links[%u], too",
                                   i, push->name, k);
        }
    }
    for (uint32_t k = 0; k < c->line_count; k++) {
        if (same(c->lines[k].name, push->name)) {
            config_source_fault_of(s, &push->name, push, "push[%u].name: \"%s\" is lines[%u], too",
                                   i, push->name, k);
        }
    }
}

static void check_secret(struct config_source *s, const struct push_config *push,
                         char *const *secret, const char *path)
{
    if (*secret != NULL && strlen(*secret) < SECRET_MIN) {
        config_source_fault_of(s, secret, push, "%s: shorter than %d bytes", path, SECRET_MIN);
    }
}

/* Is what stands at this path inside of "msg", or said by the mapping itself? */
static bool path_is_signed(const char *path)
{
    return path == NULL || path[0] == '\0' || path[0] == '=' || same(path, "msg") ||
           strncmp(path, "msg.", 4) == 0;
}

static bool mapping_is_signed(const struct mapping *m)
{
    const char *const paths[] = {m->device,        m->occupied, m->type,    m->time,   m->battery_v,
                                 m->temperature_c, m->rssi,     m->counter, m->channel};

    if (m->items != NULL && m->items[0] != '\0') {
        return path_is_signed(m->items);
    }
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (!path_is_signed(paths[i])) {
            return false;
        }
    }
    return true;
}

/* OneNET signs `msg` and nothing besides: whoever can post could change the rest. */
static bool is_signed(const struct config *c, const char *envelope)
{
    for (uint32_t i = 0; i < c->mapping_count; i++) {
        if (same(c->mappings[i].name, envelope)) {
            return mapping_is_signed(&c->mappings[i]);
        }
    }
    return same(envelope, "onenet");
}

static void check_pushes(struct config_source *s, const struct config *c)
{
    for (uint32_t i = 0; i < c->push_count; i++) {
        const struct push_config *push = &c->pushes[i];
        char path[40];

        check_push_names(s, c, i);
        if (push->secret == NULL && !s->masked && !config_source_refused(s, push) &&
            !config_source_refused(s, &push->secret)) {
            config_source_fault_of(s, &push->secret, push,
                                   "push[%u]: set either secret or secret_file", i);
        }
        snprintf(path, sizeof path, "push[%u].secret", i);
        check_secret(s, push, &push->secret, path);
        snprintf(path, sizeof path, "push[%u].former_secret", i);
        check_secret(s, push, &push->former_secret, path);
        if (same(push->auth, "onenet") && push->envelope != NULL && !is_signed(c, push->envelope)) {
            config_source_fault_of(s, &push->auth, push,
                                   "push[%u].auth: only msg is signed: it takes the envelope "
                                   "onenet, or a mapping whose paths all begin with msg",
                                   i);
        }
    }
}

/* Settings are IP literals. */
static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* Nobody serves keys in the clear to a network without having said so. */
static void check_exposure(struct config_source *s, const struct config *c)
{
    const bool certificate = c->http.tls.certificate_file != NULL;

    if (certificate != (c->http.tls.key_file != NULL)) {
        config_source_fault_of(s,
                               certificate ? &c->http.tls.certificate_file : &c->http.tls.key_file,
                               NULL, "http.tls: set certificate_file and key_file, or neither");
    } else if (!certificate && !c->http.plain_beyond_loopback && c->http.host != NULL &&
               !is_loopback(c->http.host)) {
        config_source_fault_of(
            s, &c->http.host, NULL,
            "http.host: %s is beyond this host, and there is no TLS: set http.tls.certificate_file "
            "and http.tls.key_file, or http.plain_beyond_loopback: true",
            c->http.host);
    }
}

static void check_http(struct config_source *s, const struct config *c)
{
    const uint64_t need = (uint64_t)HTTP_FIRST_FD + c->http.connections + OTHER_FDS;
    struct rlimit limit = {0};

    if (c->http.streams > c->http.connections) {
        config_source_fault_of(s, &c->http.streams, &c->http.connections,
                               "http.streams: %u streams, but %u connections", c->http.streams,
                               c->http.connections);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY &&
        limit.rlim_max < need) {
        config_source_fault_of(s, &c->http.connections, NULL,
                               "http.connections: %u connections need %" PRIu64
                               " open files, this process may have %" PRIu64 " (LimitNOFILE)",
                               c->http.connections, need, (uint64_t)limit.rlim_max);
    }
}

static void check_stores(struct config_source *s, const struct config *c)
{
    if (c->redis.socket != NULL && c->redis.host != NULL) {
        config_source_fault_of(s, &c->redis.host, &c->redis.socket,
                               "redis.host: redis.socket is set, too, keep one");
    }
    if (c->journal.reserve_mib >= c->journal.limit_mib &&
        !config_source_refused(s, &c->journal.limit_mib) &&
        !config_source_refused(s, &c->journal.reserve_mib)) {
        config_source_fault_of(s, &c->journal.reserve_mib, &c->journal.limit_mib,
                               "journal.reserve_mib: %u is not below journal.limit_mib %u",
                               c->journal.reserve_mib, c->journal.limit_mib);
    }
}

/* One broker must know MQTT out and the links by different names, those that nobody has set, too.
 */
static void check_mqtt_out_id(struct config_source *s, const struct config *c)
{
    const struct mqtt_out_config *out = &c->mqtt_out;
    char own[CLIENT_ID_ROOM] = "";

    (void)snprintf(own, sizeof own, "%s-out", c->instance == NULL ? "" : c->instance);
    for (uint32_t i = 0; i < c->link_count; i++) {
        const struct link_config *link = &c->links[i];

        if (!same(link->host, out->host) || link->port != out->port) {
            continue;
        }
        if (out->client_id != NULL && same(link->client_id, out->client_id)) {
            config_source_fault_of(s, &out->client_id, NULL,
                                   "mqtt_out.client_id: the broker knows links[%u] by \"%s\"", i,
                                   out->client_id);
        } else if (out->client_id == NULL && same(link->client_id, own)) {
            config_source_fault_of(s, link->client_id_derived ? &link->name : &link->client_id,
                                   link,
                                   "links[%u]: the broker knows mqtt_out by \"%s\"; set one of "
                                   "their client_id",
                                   i, own);
        }
    }
}

static void check_mqtt_out(struct config_source *s, const struct config *c)
{
    const struct mqtt_out_config *out = &c->mqtt_out;

    if (out->host == NULL) {
        return;
    }
    if (out->area == NULL) {
        config_source_fault_of(s, &out->host, NULL,
                               "mqtt_out.area: must be set with mqtt_out.host; best the county's "
                               "code, as 150402");
    }
    if (!out->spaces && !out->operators) {
        config_source_fault_of(s, &out->spaces, NULL,
                               "mqtt_out: neither spaces nor operators is true");
    }
    if (out->password != NULL && out->username == NULL) {
        config_source_fault_of(s, &out->password, NULL, "mqtt_out.password: without username");
    }
    if (!out->tls && (out->ca_file != NULL || out->cert_file != NULL)) {
        config_source_fault_of(s, out->ca_file != NULL ? &out->ca_file : &out->cert_file, NULL,
                               "mqtt_out.tls: certificates are given, but tls is false");
    }
    if ((out->cert_file == NULL) != (out->key_file == NULL)) {
        config_source_fault_of(s, out->cert_file != NULL ? &out->cert_file : &out->key_file, NULL,
                               "mqtt_out: cert_file and key_file belong together");
    }
    check_mqtt_out_id(s, c);
}

static void check_calendar(struct config_source *s, const struct config *c)
{
    const struct work_calendar_params params = {.utc_offset_min = c->calendar.utc_offset_min,
                                                .hours = c->calendar.hours,
                                                .night = c->calendar.night};
    struct work_calendar *calendar = NULL;
    char detail[160] = "";

    if (config_source_refused(s, &c->calendar.hours) ||
        config_source_refused(s, &c->calendar.night) ||
        config_source_refused(s, &c->calendar.file)) {
        return;
    }
    if (work_calendar_create(&params, &calendar, detail) != ERR_OK) {
        config_source_fault_of(s, detail[0] == 'n' ? &c->calendar.night : &c->calendar.hours, NULL,
                               "calendar.%s", detail);
    } else {
        work_calendar_destroy(calendar);
        if (work_calendar_load(&params, c->calendar.file, &calendar, detail) == ERR_OK) {
            work_calendar_destroy(calendar);
        } else {
            config_source_fault_of(s, &c->calendar.file, NULL, "calendar.file: %s", detail);
        }
    }
}

void config_check(struct config_source *source, struct config *config)
{
    check_http(source, config);
    check_exposure(source, config);
    check_stores(source, config);
    check_maps(source, config);
    check_lines(source, config);
    check_links(source, config);
    check_pushes(source, config);
    check_mqtt_out(source, config);
    check_calendar(source, config);
}
