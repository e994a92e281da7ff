/* Waits for a stop beside a start. Main (main.c) begins it before the configuration is read and
 * ends it before it waits for signals itself. */
#include "gateway/start_watch.h"
#include "bowei/base/log.h"
#include "gateway/gateway.h"
#include "gateway/notify.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void *run(void *ctx)
{
    const struct start_watch *watch = ctx;
    struct pollfd fds[] = {
        {.fd = watch->end_fd,    .events = POLLIN},
        {.fd = watch->signal_fd, .events = POLLIN}
    };
    struct signalfd_siginfo asked;

    while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
        if ((fds[0].revents & POLLIN) != 0) {
            break;
        }
        if ((fds[1].revents & POLLIN) != 0 &&
            read(watch->signal_fd, &asked, sizeof asked) == (ssize_t)sizeof asked) {
            log_line(LOG_INFO, "main", "stopping while starting: %s",
                     strsignal((int)asked.ssi_signo));
            notify_send("STOPPING=1");
            _Exit(GATEWAY_EXIT_OK);
        }
    }
    return NULL;
}

void start_watch_begin(struct start_watch *watch)
{
    sigset_t stops;

    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    watch->watching = false;
    watch->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    watch->signal_fd = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
    if (watch->end_fd >= 0 && watch->signal_fd >= 0) {
        watch->watching = pthread_create(&watch->thread, NULL, run, watch) == 0;
    }
    if (!watch->watching) {
        log_line(LOG_WARNING, "main", "a stop will not be honoured before the start is over");
    }
}

void start_watch_end(struct start_watch *watch)
{
    const uint64_t one = 1;

    if (watch->watching) {
        (void)!write(watch->end_fd, &one, sizeof one); /* a counter of 0 takes it */
        (void)pthread_join(watch->thread, NULL);
    }
    if (watch->end_fd >= 0) {
        close(watch->end_fd);
    }
    if (watch->signal_fd >= 0) {
        close(watch->signal_fd);
    }
}
