/* The acceptor thread: takes connections, moves their sockets to 1024 and above (libmodbus and
 * libmosquitto use select(), which aborts beyond that), hands them to libmicrohttpd. Between two
 * connections it cuts what is over its deadline, gives up waiting requests and calls for the
 * streams' rounds. */
#define _GNU_SOURCE /* accept4 */
#include "api/last_word.h"
#include "api/porch.h"
#include "api/server.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/log.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOW_FDS         1024 /* FD_SETSIZE: kept free for select() users */
#define BACKLOG         256
#define TICK_MS         50
#define RESERVE_MS      2000 /* as long as all others are taken, an idle one makes room by then */
#define STREAM_PAUSE_MS 20   /* changes within it leave in one piece */
#define ACCEPTS_A_ROUND 64
#define HANG_UP_MS      1000 /* between two looks for peers that have closed */
#define FULL_PAUSE_MS   100  /* out of descriptors: the backlog waits */
#define PORCH_MS        50   /* within it a client that has connected speaks, or is slow */
#define OWN_FDS         3
#define LOG_EVERY_MS    1000

static enum err listen_fail(const struct config *config, char detail[160], const char *why)
{
    (void)snprintf(detail, 160, "%s:%u: %s",
                   config->http.host == NULL ? "127.0.0.1" : config->http.host,
                   (unsigned)config->http.port, why);
    for (char *c = detail; *c != '\0'; c++) {
        if (c > detail && c[-1] == ' ' && isupper((unsigned char)*c)) {
            *c = (char)tolower((unsigned char)*c);
        }
    }
    return ERR_IO;
}

static enum err listen_on(struct api *api, const struct addrinfo *to, char detail[160])
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    int on = 1;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return listen_fail(api->p.config, detail, strerror(errno));
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, to->ai_addr, to->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &len) != 0) {
        enum err e = listen_fail(api->p.config, detail, strerror(errno));

        close(fd);
        return e;
    }
    if (bound.ss_family == AF_INET6) { /* NOLINT(clang-analyzer-core*): getsockname filled it */
        struct sockaddr_in6 in6;

        memcpy(&in6, &bound, sizeof in6);
        api->port = ntohs(in6.sin6_port);
    } else {
        struct sockaddr_in in;

        memcpy(&in, &bound, sizeof in);
        api->port = ntohs(in.sin_port);
    }
    api->listen_fd = fd;
    return ERR_OK;
}

/* Where the configuration says; freed by the caller. */
static enum err address_find(const struct config *config, struct addrinfo **to, char detail[160])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    char port[8];
    int rc;

    (void)snprintf(port, sizeof port, "%u", (unsigned)(uint16_t)config->http.port);
    rc = getaddrinfo(config->http.host == NULL ? "127.0.0.1" : config->http.host, port, &hints, to);
    return rc == 0 ? ERR_OK : listen_fail(config, detail, gai_strerror(rc));
}

enum err acceptor_listen(struct api *api, char detail[160])
{
    struct addrinfo *to = NULL;
    enum err e = address_find(api->p.config, &to, detail);

    if (e == ERR_OK) {
        e = listen_on(api, to, detail);
        freeaddrinfo(to);
    }
    return e;
}

enum err api_port_probe(const struct config *config, char detail[160])
{
    struct addrinfo *to = NULL;
    enum err e = address_find(config, &to, detail);
    int on = 1;
    int fd;

    if (e != ERR_OK) {
        return e;
    }
    fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, to->ai_addr, to->ai_addrlen) != 0) {
        e = listen_fail(config, detail, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    freeaddrinfo(to);
    return e;
}

static int fd_raise(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, LOW_FDS);

    if (high < 0) {
        return fd; /* the limit of descriptors is low: stay where we are */
    }
    close(fd);
    return high;
}

/* A connection out of the reserve has less time to say what it wants. */
static void reserve_hurry(struct api *api, int fd, int64_t boot_ms)
{
    struct connection *slot = connections_find(&api->connections, fd);

    if (slot != NULL && api->p.config->http.header_deadline_s * 1000 > RESERVE_MS) {
        atomic_store(&slot->deadline_ms, boot_ms + RESERVE_MS);
    }
}

static void turn_away(const struct api *api, int fd, enum err why, const char *detail)
{
    last_word_send(api, fd, why, "Retry-After: 1\r\n", detail);
}

static void admit(struct api *api, struct porch *porch, struct guest *newcomer, int64_t boot_ms)
{
    const struct sockaddr *address = (const struct sockaddr *)&newcomer->from;
    const int fd = fd_raise(newcomer->fd);
    int on = 1;
    enum admission admission;

    newcomer->fd = fd;
    newcomer->until_ms = boot_ms + PORCH_MS;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    admission = connections_admit(&api->connections, fd, address,
                                  boot_ms + (int64_t)api->p.config->http.header_deadline_s * 1000);
    switch (admission) {
    case ADMITTED:
    case ADMITTED_RESERVED:
        if (admission == ADMITTED_RESERVED) {
            reserve_hurry(api, fd, boot_ms);
        }
        porch_welcome(porch, api, newcomer);
        break;
    case REFUSED_PER_IP:
        count_add(api->p.counters, COUNT_HTTP_CUT_PER_IP, 1);
        turn_away(api, fd, ERR_TOO_MANY, "too many connections from this address");
        break;
    case REFUSED_CAP:
    case REFUSED_MEMORY:
        count_add(api->p.counters, COUNT_HTTP_CUT_CAP, 1);
        turn_away(api, fd, ERR_OVERLOADED, "too many connections");
        break;
    }
}

/* Returns how long to leave the listen socket alone, ms. */
static int accept_round(struct api *api, struct porch *porch, int64_t boot_ms)
{
    static int64_t gate; /* of log_rate */

    for (unsigned i = 0; i < ACCEPTS_A_ROUND; i++) {
        struct guest newcomer = {.from_len = sizeof newcomer.from};

        newcomer.fd = accept4(api->listen_fd, (struct sockaddr *)&newcomer.from, &newcomer.from_len,
                              SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (newcomer.fd >= 0) {
            admit(api, porch, &newcomer, boot_ms);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_rate(LOG_WARNING, &gate, LOG_EVERY_MS, "api", "no connection can be taken: %s",
                     strerror(errno));
            return FULL_PAUSE_MS;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            break;
        }
    }
    return 0;
}

static void tick(struct api *api, int64_t boot_ms)
{
    struct strbuf farewell = {0};
    uint32_t cut;

    last_word_write(api, &farewell, ERR_REQUEST_TIMEOUT, "", NULL);
    cut = connections_reap(&api->connections, boot_ms, &farewell);
    strbuf_finish(&farewell);
    if (cut > 0) {
        count_add(api->p.counters, COUNT_HTTP_CUT_DEADLINE, cut);
    }
    pending_expire(api->pending, boot_ms);
    streams_call(&api->streams, false);
    watches_tick(&api->watches, boot_ms);
}

void *acceptor_run(void *arg)
{
    struct api *api = arg;
    int64_t accept_from = 0;
    int64_t wake_from = 0;
    int64_t ticked = 0;
    int64_t hung_up = 0;
    struct porch porch = {.count = 0};

    while (!atomic_load(&api->stopping)) {
        int64_t boot_ms = host_boot_ms();
        struct pollfd fds[OWN_FDS + PORCH_GUESTS] = {
            {.fd = api->wake_fd,                                 .events = POLLIN},
            {.fd = boot_ms >= accept_from ? api->listen_fd : -1, .events = POLLIN},
            {.fd = boot_ms >= wake_from ? api->ring_fd : -1,     .events = POLLIN},
        };
        const nfds_t count = OWN_FDS + porch_watch(&porch, fds + OWN_FDS);
        uint64_t drained;

        (void)poll(fds, count, wake_from > boot_ms ? STREAM_PAUSE_MS : TICK_MS);
        boot_ms = host_boot_ms();
        porch_round(&porch, api, fds + OWN_FDS, boot_ms);
        if (fds[1].revents != 0) {
            accept_from = boot_ms + accept_round(api, &porch, boot_ms);
        }
        if (fds[2].revents != 0 && read(api->ring_fd, &drained, sizeof drained) > 0) {
            change_ring_heard(api->p.changes);
            streams_call(&api->streams, true);
            wake_from = boot_ms + STREAM_PAUSE_MS;
        }
        if (boot_ms - ticked >= TICK_MS) {
            tick(api, boot_ms);
            ticked = boot_ms;
        }
        if (boot_ms - hung_up >= HANG_UP_MS) {
            (void)connections_hang_up(&api->connections);
            hung_up = boot_ms;
        }
    }
    porch_finish(&porch, api);
    return NULL;
}
