/* The files between `bowei-sim make`, `bowei-sim run` and the gateway; see field_file.h. */
#include "sensors/sim/field_file.h"
#include "bowei/base/strbuf.h"
#include "sensors/sim/text_file.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATH_CAP 4096

static int port_bind(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1) != 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    return fd;
}

uint16_t field_port_free(void)
{
    struct sockaddr_in at = {0};
    socklen_t len = sizeof at;
    uint16_t port = 0;
    int fd = port_bind(0);

    if (fd >= 0) {
        if (getsockname(fd, (struct sockaddr *)&at, &len) == 0) {
            port = ntohs(at.sin_port);
        }
        (void)close(fd);
    }
    return port;
}

bool field_port_is_free(uint16_t port)
{
    int fd = port_bind(port);

    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

static bool path_make(char path[PATH_CAP], const char *folder, const char *name)
{
    return snprintf(path, PATH_CAP, "%s/%s", folder, name) < PATH_CAP;
}

enum err field_file_read(const char *folder, struct field_file *out)
{
    char path[PATH_CAP];
    char name[32];
    unsigned value;
    FILE *f;

    *out = (struct field_file){0};
    if (!path_make(path, folder, "field.txt") || (f = fopen(path, "re")) == NULL) {
        return ERR_NOT_FOUND;
    }
    while (fscanf(f, "%31s %u", name, &value) == 2) { /* NOLINT(cert-err34-c): our own file */
        if (strcmp(name, "spaces") == 0) {
            out->params.spaces = value;
        } else if (strcmp(name, "seed") == 0) {
            out->params.seed = value;
        } else if (strcmp(name, "asked_lines") == 0) {
            out->params.lines = value;
        } else if (strcmp(name, "heartbeat") == 0) {
            out->params.heartbeat_s = value;
        } else if (strcmp(name, "bikes") == 0) {
            out->fleet.bikes = value;
        } else if (strcmp(name, "fences") == 0) {
            out->fleet.fences = value;
        } else if (strcmp(name, "broker") == 0) {
            out->broker_port = (uint16_t)value;
        } else if (strcmp(name, "port") == 0 && out->lines < CITY_LINES_MAX) {
            out->ports[out->lines++] = (uint16_t)value;
        }
    }
    (void)fclose(f);
    out->fleet.seed = out->params.seed;
    return out->params.spaces > 0 && out->params.heartbeat_s > 0 && out->broker_port > 0
               ? ERR_OK
               : ERR_NOT_FOUND;
}

static void put_line(struct strbuf *b, const struct city *city, uint32_t line)
{
    static const char *const maps[TECH_COUNT] = {[TECH_BITS] = "bit_concentrator",
                                                 [TECH_DX80] = "dx80_state",
                                                 [TECH_DX80_SERIAL] = "dx80_raw"};
    char name[8];

    city_line_name(city, line, name);
    for (uint32_t i = 0; i < city->device_count; i++) {
        const struct city_device *d = &city->devices[i];

        if (city_polled(d) && d->line == line) {
            strbuf_printf(
                b, "      - name: %s\n        unit: %u\n        map: %s\n        period_ms: 1000\n",
                d->id + strlen(name) + 1, (unsigned)d->unit, maps[d->tech]);
        }
    }
}

static void put_yaml(struct strbuf *b, const char *folder, const struct field_file *file,
                     const struct city *city)
{
    strbuf_puts(b, "# the simulated field, made by bowei-sim\nlines:\n");
    for (uint32_t line = 0; line < file->lines; line++) {
        char name[8];

        city_line_name(city, line, name);
        strbuf_printf(b, "  - name: %s\n    host: 127.0.0.1\n    port: %u\n    units:\n", name,
                      (unsigned)file->ports[line]);
        put_line(b, city, line);
    }
    if (city->has_serial) {
        strbuf_printf(b, "  - name: serial\n    device: %s/tty0\n    baud: 115200\n    units:\n",
                      folder);
        put_line(b, city, city->lines);
    }
    strbuf_printf(b,
                  "maps:\n  - name: bit_concentrator\n    function: 2\n    channels: %u\n    mask: "
                  "1\n    occupied_value: 1\n"
                  "    gap: 64\n    max_read: 2000\n",
                  (unsigned)CITY_POINTS_MAX);
    strbuf_printf(b,
                  "links:\n  - name: mqtt\n    host: 127.0.0.1\n    port: %u\n    subscriptions:\n"
                  "      - topic: application/+/device/+/event/+\n        envelope: chirpstack\n"
                  "      - topic: bowei/up/+\n        envelope: native\n",
                  (unsigned)file->broker_port);
    if (file->fleet.bikes > 0) {
        strbuf_puts(b, "      - topic: gw/+/status\n        envelope: minew\n"
                       "      - topic: home/+/BTtoMQTT/+\n        envelope: openmqttgateway\n"
                       "      - topic: bike/+/+\n        envelope: lock_bridge\n");
    }
}

enum err field_file_write(const char *folder, const struct field_file *file,
                          const struct city *city)
{
    struct strbuf b = {0};
    enum err e;

    put_yaml(&b, folder, file, city);
    e = text_file_write(folder, "field.yaml", &b);
    strbuf_clear(&b);
    strbuf_printf(&b, "spaces %u\nseed %u\nasked_lines %u\nheartbeat %u\nbroker %u\n",
                  (unsigned)file->params.spaces, (unsigned)file->params.seed,
                  (unsigned)file->params.lines, (unsigned)file->params.heartbeat_s,
                  (unsigned)file->broker_port);
    strbuf_printf(&b, "bikes %u\nfences %u\n", (unsigned)file->fleet.bikes,
                  (unsigned)file->fleet.fences);
    for (uint32_t i = 0; i < file->lines; i++) {
        strbuf_printf(&b, "port %u\n", (unsigned)file->ports[i]);
    }
    if (e == ERR_OK) {
        e = text_file_write(folder, "field.txt", &b);
    }
    strbuf_finish(&b);
    return e;
}
