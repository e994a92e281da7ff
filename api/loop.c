/* The HTTP thread. libmicrohttpd is run in rounds from here instead of by its own thread, because
 * only so the end of a round is known: what it answers in a round waits corked in the sockets and
 * leaves when the round is over. One answer at a time, each send wakes the sleeping reader (a proxy
 * on the same machine, as a rule), which costs more than the answer's making; together, one wake-up
 * serves them all (docs/decisions/0009-rounds.md). */
#define _GNU_SOURCE /* pipe2 */
#include "api/loop.h"
#include "api/server.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS  250 /* at most between two rounds */
#define BATCH_US 200 /* an older batch of answers leaves with its round */

/* libmicrohttpd 0.9.75 sets TCP_NODELAY with a connection's first answer and takes TCP_CORK off
 * with its second; from then on it leaves both alone (mhd_send.c). */
#define OWN_PUSHES 2

/* An accepted socket on its way; less than PIPE_BUF, so it goes through the pipe whole. */
struct newcomer {
    struct sockaddr_storage from;
    socklen_t from_len;
    int fd;
};

enum err loop_init(struct loop *loop)
{
    int pipe_fds[2] = {-1, -1};

    loop->shed_ms = LOOP_SHED_MS;
    loop->shed_after = LOOP_SHED_AFTER;
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0) {
        pipe_fds[0] = pipe_fds[1] = -1;
    }
    loop->door_out = pipe_fds[0];
    loop->door_in = pipe_fds[1];
    return loop->door_out < 0 ? ERR_IO : ERR_OK;
}

void loop_finish(struct loop *loop)
{
    struct newcomer newcomer;

    if (loop->door_out >= 0) {
        while (read(loop->door_out, &newcomer, sizeof newcomer) == (ssize_t)sizeof newcomer) {
            if (newcomer.fd >= 0) {
                close(newcomer.fd);
            }
        }
        close(loop->door_out);
        close(loop->door_in);
    }
}

bool loop_hand_over(struct loop *loop, int fd, const struct sockaddr_storage *from,
                    socklen_t from_len)
{
    struct newcomer newcomer = {.from = *from, .from_len = from_len, .fd = fd};

    return write(loop->door_in, &newcomer, sizeof newcomer) == (ssize_t)sizeof newcomer;
}

void loop_wake(struct loop *loop)
{
    static const struct newcomer nobody = {.fd = -1};
    /* a full door is readable: it wakes as well */
    const ssize_t written = write(loop->door_in, &nobody, sizeof nobody);

    (void)written;
}

static void door_read(struct api *api)
{
    struct newcomer newcomer;

    while (read(api->loop.door_out, &newcomer, sizeof newcomer) == (ssize_t)sizeof newcomer) {
        /* libmicrohttpd closes the socket when it refuses it */
        if (newcomer.fd >= 0 &&
            MHD_add_connection(api->daemon, newcomer.fd, (const struct sockaddr *)&newcomer.from,
                               newcomer.from_len) != MHD_YES) {
            connections_release(&api->connections, newcomer.fd);
        }
    }
}

static void option_set(const struct connection *slot, int option, int on)
{
    (void)setsockopt(slot->fd, IPPROTO_TCP, option, &on, sizeof on);
}

/* The answers of a batch leave; `more`: requests wait. */
static void held_send_off(struct loop *loop, bool more)
{
    int fds[SENDOFF_MAX];
    uint32_t count = 0;

    if (loop->held_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < loop->held_count; i++) {
        struct connection *slot = loop->held[i];

        slot->held = false;
        if (slot->corked) {
            fds[count++] = slot->fd;
        } else if (slot->answers >= OWN_PUSHES) {
            option_set(slot, TCP_CORK, 1);
            slot->corked = true;
        }
    }
    sendoff_run(&loop->sendoff, fds, count, loop->held_count, more);
    loop->held_count = 0;
}

void loop_hold(struct loop *loop, struct connection *slot)
{
    if (slot->held || slot->tls != NULL) {
        return; /* records of a handshake, tickets and alerts leave without an answer: never corked
                 */
    }
    if (loop->held_count == SENDOFF_MAX) {
        held_send_off(loop, true); /* the round goes on */
    }
    if (slot->answers < OWN_PUSHES) {
        slot->answers++;
    }
    slot->held = true;
    loop->held[loop->held_count++] = slot;
}

void loop_forget(struct loop *loop, struct connection *slot)
{
    if (!slot->held) {
        return;
    }
    slot->held = false;
    for (uint32_t i = 0; i < loop->held_count; i++) {
        if (loop->held[i] == slot) {
            loop->held[i] = loop->held[--loop->held_count];
            return;
        }
    }
}

void loop_uncork(struct loop *loop, struct connection *slot)
{
    loop_forget(loop, slot);
    if (slot->corked) {
        slot->corked = false;
        option_set(slot, TCP_CORK, 0);
    }
}

static int64_t thread_cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool loop_round_is_long(const struct loop *loop, int64_t boot_ms)
{
    return boot_ms - loop->round_ms > loop->shed_ms &&
           thread_cpu_ns() - loop->round_cpu_ns > (int64_t)loop->shed_ms * 1000000 / 2;
}

static int wait_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG ms;

    return MHD_get_timeout(daemon, &ms) == MHD_YES && ms < WAIT_MS ? (int)ms : WAIT_MS;
}

/* Sends off what is held and waits. Where requests wait already the batch goes on into their round
 * instead, while it is young: so it becomes larger, and the reader is woken more seldom. poll(2)
 * and not a set of epoll: inside one, libmicrohttpd's own set would have a listener for good, whom
 * the kernel tells of every request that comes while nobody waits. */
static void events_wait(struct api *api, struct pollfd events[2])
{
    struct loop *loop = &api->loop;
    const bool more = loop->held_count > 0 && poll(events, 2, 0) > 0;

    if (more && sendoff_age_us(&loop->sendoff) < BATCH_US) {
        return;
    }
    held_send_off(loop, more);
    if (!more) {
        sendoff_rest(&loop->sendoff);
        (void)poll(events, 2, wait_ms(api->daemon));
    }
    sendoff_begin(&loop->sendoff);
}

static void *loop_run(void *arg)
{
    struct api *api = arg;
    struct loop *loop = &api->loop;

    while (!atomic_load(&loop->over)) {
        struct pollfd events[2] = {
            {.fd = loop->requests, .events = POLLIN},
            {.fd = loop->door_out, .events = POLLIN}
        };

        events_wait(api, events);
        loop->round_ms = host_boot_ms();
        loop->round_cpu_ns = thread_cpu_ns();
        loop->round_requests = 0;
        if (events[1].revents != 0) {
            door_read(api);
        }
        streams_round(&api->streams, loop->round_ms);
        (void)MHD_run(api->daemon);
    }
    held_send_off(loop, false);
    sendoff_rest(&loop->sendoff);
    return NULL;
}

enum err loop_start(struct api *api)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (info == NULL) {
        return ERR_IO;
    }
    api->loop.requests = info->epoll_fd;
    sendoff_start(&api->loop.sendoff, api->p.counters);
    if (pthread_create(&api->loop.thread, NULL, loop_run, api) != 0) {
        sendoff_stop(&api->loop.sendoff);
        return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

void loop_stop(struct api *api)
{
    atomic_store(&api->loop.over, true);
    loop_wake(&api->loop);
    pthread_join(api->loop.thread, NULL);
    sendoff_stop(&api->loop.sendoff);
}
