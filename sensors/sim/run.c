/* `bowei-sim run`: the loop of the simulated field. One thread waits for Modbus masters, the
 * broker, the clock and the signals that end it. */
#include "sensors/sim/run.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "sensors/sim/field_file.h"
#include "sensors/sim/simulation.h"
#include "sensors/sim/world_live.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TICK_MS    100
#define SCRIPT_MAX (1 << 20)

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "bowei-sim: %s: %s\n", what, why);
    return 1;
}

static int signals_open(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* NULL path: an empty script. */
static int script_load(const char *path, struct script *script)
{
    char why[120] = "";
    char *text;
    size_t len;
    FILE *f;
    enum err e;

    *script = (struct script){0};
    if (path == NULL) {
        return 0;
    }
    f = fopen(path, "re");
    if (f == NULL) {
        return fail(path, strerror(errno));
    }
    text = malloc(SCRIPT_MAX);
    len = text == NULL ? 0 : fread(text, 1, SCRIPT_MAX, f);
    (void)fclose(f);
    e = text == NULL        ? ERR_NO_MEMORY
        : len == SCRIPT_MAX ? ERR_TOO_LARGE
                            : script_parse(script, text, len, why);
    free(text);
    return e == ERR_OK ? 0 : fail(path, why[0] != '\0' ? why : err_text(e, 0));
}

static enum err lines_open(struct simulation *sim, const struct field_file *file,
                           const char *folder)
{
    char path[PATH_MAX];
    enum err e = ERR_OK;

    for (uint32_t i = 0; i < file->lines && e == ERR_OK; i++) {
        e = slaves_listen(sim->slaves, i, file->ports[i]);
        if (e != ERR_OK) {
            (void)fprintf(stderr, "bowei-sim: port %u: %s\n", (unsigned)file->ports[i],
                          strerror(errno));
        }
    }
    if (e == ERR_OK && sim->city->has_serial) {
        if (snprintf(path, sizeof path, "%s/tty0", folder) >= (int)sizeof path) {
            return ERR_IO;
        }
        e = slaves_open_serial(sim->slaves, file->lines, path);
        if (e != ERR_OK) {
            (void)fprintf(stderr, "bowei-sim: %s: %s\n", path, strerror(errno));
        }
    }
    return e;
}

/* bikes NULL: there are none. */
static int loop(struct simulation *sim, struct world_live *bikes, int signals, uint32_t duration_s)
{
    const int64_t end_ms =
        duration_s == 0 ? INT64_MAX : host_boot_ms() + (int64_t)duration_s * 1000;
    int64_t tick_ms = 0;
    int slaves_ms = -1;

    for (;;) {
        bool writes = false;
        struct pollfd fds[3] = {
            {.fd = signals,                .events = POLLIN},
            {.fd = slaves_fd(sim->slaves), .events = POLLIN}
        };
        int64_t now_ms = host_boot_ms();
        int64_t wait_ms = tick_ms > now_ms ? tick_ms - now_ms : 0;

        fds[2].fd = broker_fd(&sim->broker, &writes);
        fds[2].events = (short)(POLLIN | (writes ? POLLOUT : 0));
        wait_ms = slaves_ms >= 0 && slaves_ms < wait_ms ? slaves_ms : wait_ms;
        if (bikes != NULL) {
            world_live_wait(bikes, fds, 3, (int)wait_ms);
        } else {
            (void)poll(fds, 3, (int)wait_ms);
        }
        now_ms = host_boot_ms();
        if ((fds[0].revents & POLLIN) != 0 || now_ms >= end_ms) {
            return 0;
        }
        slaves_ms = slaves_turn(sim->slaves, host_wall_ms());
        if (now_ms >= tick_ms) {
            simulation_tick(sim, host_wall_ms());
            tick_ms = now_ms + TICK_MS;
        } else if (fds[2].revents != 0) {
            heard_turn(sim, host_wall_ms());
        }
        if (truth_flush(&sim->truth) != ERR_OK ||
            (bikes != NULL && !world_live_turn(bikes, host_wall_ms(), now_ms))) {
            return fail("the truth file", strerror(errno));
        }
    }
}

/* None when the field has none. */
static enum err bikes_open(const struct run_options *o, const struct field_file *file,
                           struct simulation *sim, struct world_live **out)
{
    const struct world_live_params params = {
        .plan = file->fleet,
        .script = &sim->script,
        .truth_path = o->truth_bikes,
        .api = o->api,
        .keys = o->keys,
        .broker = &sim->broker,
        .interval_s = o->interval_s,
        .dwell_s = o->dwell_s,
        .speed = o->speed,
        .fresh = sim->memory.fresh,
    };
    enum err e = ERR_OK;

    if (file->fleet.bikes > 0) {
        e = world_live_create(&params, host_wall_ms(), out);
    }
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bowei-sim: the bikes: %s\n",
                      e == ERR_NOT_FOUND ? "an operator has no key in --keys" : err_text(e, 0));
    }
    return e;
}

static int run_city(const struct run_options *o, const char *folder, struct field_file *file,
                    const struct city *city)
{
    char memory[PATH_MAX];
    struct simulation_params params = {
        .city = city, .truth_path = o->truth, .memory_path = memory, .speed = o->speed};
    struct simulation *sim = NULL;
    struct world_live *bikes = NULL;
    int signals;
    int status = 1;
    enum err e;

    if (snprintf(memory, sizeof memory, "%s/counters.bin", folder) >= (int)sizeof memory ||
        script_load(o->faults, &params.script) != 0) {
        return 1;
    }
    params.broker_port = o->broker_port != 0 ? o->broker_port : file->broker_port;
    signals = signals_open();
    broker_library_init();
    e = signals < 0 ? ERR_IO : simulation_create(&params, host_wall_ms(), &sim);
    if (e != ERR_OK) {
        status = fail(o->truth != NULL ? o->truth : folder, err_text(e, 0));
    } else if (lines_open(sim, file, folder) == ERR_OK &&
               bikes_open(o, file, sim, &bikes) == ERR_OK) {
        log_line(LOG_INFO, "sim", "%u spaces, %u devices, %u lines, broker port %u",
                 (unsigned)city->space_count, (unsigned)city->device_count,
                 (unsigned)(file->lines + (city->has_serial ? 1 : 0)),
                 (unsigned)params.broker_port);
        status = loop(sim, bikes, signals, o->duration_s);
        log_line(LOG_INFO, "sim", "%" PRIu64 " truth lines, %" PRIu64 " Modbus replies",
                 sim->truth.count, slaves_answered(sim->slaves));
        if (bikes != NULL) {
            world_live_log(bikes);
        }
    }
    world_live_destroy(bikes);
    simulation_destroy(sim);
    broker_library_finish();
    if (signals >= 0) {
        (void)close(signals);
    }
    return status;
}

int run_command(const struct run_options *options)
{
    char folder[PATH_MAX];
    struct field_file file;
    struct city *city = NULL;
    int status;

    if (realpath(options->dir, folder) == NULL) {
        return fail(options->dir, strerror(errno));
    }
    if (field_file_read(folder, &file) != ERR_OK) {
        return fail(folder, "no simulated field here; make one with bowei-sim make");
    }
    if (city_create(&file.params, &city) != ERR_OK) {
        return fail(folder, "the city could not be laid out");
    }
    status = city->lines != file.lines
                 ? fail(folder, "made by another version; run bowei-sim make again")
                 : run_city(options, folder, &file, city);
    city_destroy(city);
    return status;
}
