/* bowei: one program with subcommands. All but `serve` are in gateway/cli; this file adds it and
 * owns signals. */

#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include "bowei/cli.h"
#include "gateway/gateway.h"
#include "gateway/notify.h"
#include "gateway/start_watch.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { TURN_MS = 100, LARGE_BYTES = 131072, ARENAS = 2 };

/* Turns between two looks for pages that nothing stands on any more: ten seconds. A look takes 0.01
 * to 0.1 ms, during which who allocates waits. */
enum { TRIM_TURNS = 100 };

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        rlim_t wanted = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
        limit.rlim_cur = limit.rlim_cur > wanted ? limit.rlim_cur : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Large arrays (an inventory, a view, a journal read at start) come from the kernel and go back to
 * it. Left alone, glibc raises that threshold with every one freed, and 100 000 spaces leave 7 MB
 * of holes in the heap. Few arenas, because few threads allocate at a time. */
static void keep_memory_small(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_ARENA_MAX, ARENAS);
}

/* Blocks the signals that main waits for, in all threads made later, and ignores for the whole
 * process those that would end it where a write only fails: on a peer that left, and at a limit of
 * the file size, which counts as a full disk. */
static void block_signals(sigset_t *waited)
{
    sigemptyset(waited);
    sigaddset(waited, SIGTERM);
    sigaddset(waited, SIGINT);
    sigaddset(waited, SIGHUP);
    pthread_sigmask(SIG_BLOCK, waited, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* Turns until a signal ends it; returns the exit status. */
static int turn_until_signalled(struct gateway *gateway, const sigset_t *waited)
{
    bool said_ready = false;
    unsigned turns = 0;

    for (;;) {
        const struct timespec turn = {.tv_nsec = TURN_MS * 1000000L};
        int signal_number = sigtimedwait(waited, NULL, &turn);
        if (signal_number == SIGHUP) {
            gateway_reload(gateway);
        } else if (signal_number > 0) {
            log_line(LOG_INFO, "main", "stopping: %s", strsignal(signal_number));
            notify_send("STOPPING=1");
            return GATEWAY_EXIT_OK;
        }
        if (!gateway_turn(gateway)) {
            return GATEWAY_EXIT_STEPPED_DOWN;
        }
        if (!said_ready && atomic_load(&gateway_status(gateway)->ready)) {
            notify_send("READY=1\nSTATUS=serving");
            said_ready = true;
        }
        if (said_ready && turns++ % TRIM_TURNS == 0) {
            (void)malloc_trim(0); /* what loading left behind, and each crowd of connections */
        }
        if (gateway_alive(gateway)) {
            notify_send("WATCHDOG=1");
        }
    }
}

/* A second SIGTERM or SIGINT ends the drain at once; the journal has everything. */
static void end_at_once(int signal_number)
{
    (void)signal_number;
    _Exit(GATEWAY_EXIT_FAILURE);
}

/* Reads the configuration and starts; returns the exit status of what failed. */
static int start(int argc, char **argv, struct gateway **gateway)
{
    struct config *config = NULL;
    struct cli_origin origin;
    const int status = cli_load_origin(argc, argv, &origin, &config);

    if (status != 0) {
        return status == CLI_BAD_INPUT ? GATEWAY_EXIT_CONFIG : status;
    }
    keep_memory_small();
    raise_file_limit();
    log_set_level((enum log_level)config->log_level);
    return gateway_start(&origin, config, gateway);
}

static int serve(int argc, char **argv)
{
    struct gateway *gateway = NULL;
    struct start_watch watch;
    sigset_t waited;

    block_signals(&waited);
    start_watch_begin(&watch);
    int status = start(argc, argv, &gateway);
    start_watch_end(&watch);
    if (status != GATEWAY_EXIT_OK) {
        return status;
    }
    status = turn_until_signalled(gateway, &waited);
    signal(SIGTERM, end_at_once);
    signal(SIGINT, end_at_once);
    pthread_sigmask(SIG_UNBLOCK, &waited, NULL);
    gateway_stop(gateway);
    return status;
}

static const struct cli_command serve_command = {
    .name = "serve",
    .summary = "run the gateway",
    .usage = "bowei serve --config FILE [--set KEY=VALUE]...",
    .run = serve,
};

int main(int argc, char **argv)
{
    return cli_run(argc, argv, &serve_command, 1);
}
