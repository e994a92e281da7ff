/* What no single row can check: values that must fit each other, and whether the process may open
 * what all of it needs. The settings of the whole gateway are here; names, maps, lines, links and
 * push have a file each (config_check.h). */
#include "gateway/config/config_check.h"
#include "bowei/base/err.h"
#include "bowei/base/work_calendar.h"
#include "gateway/config/config_read.h"
#include <inttypes.h>
#include <sys/resource.h>

#define HTTP_FIRST_FD 1024 /* HTTP sockets are moved there: select() users stay below */
#define OTHER_FDS     32   /* listener, epoll, streams of the libraries */

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
    config_check_names(source, config);
    config_check_maps(source, config);
    config_check_lines(source, config);
    config_check_links(source, config);
    config_check_push(source, config);
    check_calendar(source, config);
}
