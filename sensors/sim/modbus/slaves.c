/* Sockets, frames and misbehaviour of the simulated Modbus slaves; see slaves.h. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "sensors/sim/modbus/slaves.h"
#include "bowei/base/bytes.h"
#include "sensors/sim/modbus/wire.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define LINES_MAX       200
#define CONNECTIONS_MAX 1024
#define EVENTS_MAX      64
#define MBAP_LEN                                                                                   \
    7 /* transaction, protocol, length, unit: Modbus messaging on TCP/IP V1.0b, 3.1.3 */
#define TCP_ADU_MAX     260
#define REQUEST_RTU_LEN 8 /* reads and single writes: unit, function, 4 bytes, CRC */
#define RTU_EXTRA       3 /* unit and CRC round a PDU */
#define RTU_ADU_MAX     256
#define SERIAL_GAP_MS   50 /* a frame begun is given up after this */
#define GARBAGE_LEN     23

enum end_kind { END_FREE, END_LISTENER, END_TCP, END_SERIAL };

struct end {
    enum end_kind kind;
    uint32_t line;
    int keep_fd; /* serial: the other end, held open so that the terminal outlives its users */
    struct wire wire;
};

struct slaves {
    int epoll;
    slave_find *find;
    void *ctx;
    struct end *ends;
    uint32_t end_count; /* highest used + 1 */
    uint64_t answered;
    uint32_t noise;
    int64_t now_ms; /* of this turn */
};

/* A unit that was found. */
struct asked {
    struct slave slave;
    struct slave_conduct conduct;
};

struct slaves *slaves_create(slave_find *find, void *ctx)
{
    struct slaves *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return NULL;
    }
    s->find = find;
    s->ctx = ctx;
    s->noise = 1;
    s->ends = calloc(LINES_MAX + CONNECTIONS_MAX, sizeof *s->ends);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->ends == NULL || s->epoll < 0) {
        slaves_destroy(s);
        return NULL;
    }
    return s;
}

static void end_close(struct slaves *s, struct end *e)
{
    (void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, e->wire.fd, NULL);
    (void)close(e->wire.fd);
    if (e->keep_fd >= 0) {
        (void)close(e->keep_fd);
    }
    e->kind = END_FREE;
}

void slaves_destroy(struct slaves *slaves)
{
    if (slaves == NULL) {
        return;
    }
    for (uint32_t i = 0; i < slaves->end_count; i++) {
        if (slaves->ends[i].kind != END_FREE) {
            end_close(slaves, &slaves->ends[i]);
        }
    }
    if (slaves->epoll >= 0) {
        (void)close(slaves->epoll);
    }
    free(slaves->ends);
    free(slaves);
}

/* Takes the descriptor, also when it fails. */
static struct end *end_add(struct slaves *s, enum end_kind kind, uint32_t line, int fd)
{
    uint32_t i = 0;
    struct epoll_event event = {.events = EPOLLIN};

    while (i < s->end_count && s->ends[i].kind != END_FREE) {
        i++;
    }
    event.data.u32 = i;
    if (i == LINES_MAX + CONNECTIONS_MAX || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        (void)close(fd);
        return NULL;
    }
    s->end_count = i == s->end_count ? i + 1 : s->end_count;
    s->ends[i] = (struct end){.kind = kind, .line = line, .keep_fd = -1, .wire = {.fd = fd}};
    return &s->ends[i];
}

enum err slaves_listen(struct slaves *slaves, uint32_t line, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0) {
        return ERR_IO;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 16) != 0) {
        (void)close(fd);
        return ERR_IO;
    }
    return end_add(slaves, END_LISTENER, line, fd) == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* A link that always leads somewhere: made beside and moved over the old one. */
static enum err link_put(const char *target, const char *path)
{
    char fresh[4096];

    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        return ERR_IO;
    }
    (void)unlink(fresh);
    return symlink(target, fresh) == 0 && rename(fresh, path) == 0 ? ERR_OK : ERR_IO;
}

enum err slaves_open_serial(struct slaves *slaves, uint32_t line, const char *path)
{
    struct termios raw;
    const char *name;
    struct end *e;
    int other;
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        return ERR_IO;
    }
    if (grantpt(fd) != 0 || unlockpt(fd) != 0 || (name = ptsname(fd)) == NULL ||
        (other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
        (void)close(fd);
        return ERR_IO;
    }
    if (tcgetattr(other, &raw) == 0) {
        cfmakeraw(&raw);
        (void)tcsetattr(other, TCSANOW, &raw);
    }
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    if (link_put(name, path) != ERR_OK) {
        (void)close(other);
        (void)close(fd);
        return ERR_IO;
    }
    e = end_add(slaves, END_SERIAL, line, fd);
    if (e == NULL) {
        (void)close(other);
        return ERR_NO_MEMORY;
    }
    e->keep_fd = other;
    return ERR_OK;
}

int slaves_fd(const struct slaves *slaves)
{
    return slaves->epoll;
}

uint64_t slaves_answered(const struct slaves *slaves)
{
    return slaves->answered;
}

/* A reset instead of an orderly end. */
static void end_reset(struct slaves *s, struct end *e)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(e->wire.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    end_close(s, e);
}

/* What a unit says to one PDU, conduct applied; 0 = nothing. */
static size_t answer(struct slaves *s, const struct asked *asked, const uint8_t *pdu, size_t len,
                     uint8_t *out)
{
    if (asked->conduct.silent || len == 0) {
        return 0;
    }
    s->answered++;
    return asked->conduct.exception != 0 ? slave_exception(pdu[0], asked->conduct.exception, out)
                                         : slave_reply(&asked->slave, pdu, len, out);
}

static void send_reply(struct slaves *s, struct end *e, const struct slave_conduct *c,
                       uint8_t *frame, size_t len)
{
    if (c->garbage) {
        for (len = 0; len < GARBAGE_LEN; len++) {
            s->noise = s->noise * 1664525u + 1013904223u; /* Numerical Recipes' quick generator */
            frame[len] = (uint8_t)(s->noise >> 24);
        }
    }
    wire_reply(&e->wire, frame, len, s->now_ms + c->late_ms, c->drip_ms);
}

/* One request over TCP. False: the connection is closed. */
static bool tcp_request(struct slaves *s, struct end *e, const uint8_t *adu, size_t len)
{
    struct asked asked = {.conduct = {0}}; /* a unit that is not there behaves well */
    uint8_t frame[WIRE_CAP];
    size_t n;

    if (!s->find(s->ctx, e->line, adu[6], &asked.slave, &asked.conduct)) {
        n = slave_exception(adu[7], 0x0b,
                            frame + MBAP_LEN); /* a bridge: the unit behind it does not answer */
    } else if (asked.conduct.cut) {
        end_reset(s, e);
        return false;
    } else {
        n = answer(s, &asked, adu + MBAP_LEN, len - MBAP_LEN, frame + MBAP_LEN);
    }
    if (n == 0) {
        return true;
    }
    memcpy(frame, adu, 4);
    frame[4] = (uint8_t)((n + 1) >> 8);
    frame[5] = (uint8_t)(n + 1);
    frame[6] = (uint8_t)(adu[6] + (asked.conduct.wrong_unit ? 1 : 0));
    send_reply(s, e, &asked.conduct, frame, n + MBAP_LEN);
    return true;
}

static void tcp_serve(struct slaves *s, struct end *e)
{
    struct wire *w = &e->wire;

    while (w->in_len >= MBAP_LEN + 1) {
        const size_t len = 6 + (size_t)be16_get(w->in + 4);
        uint8_t adu[TCP_ADU_MAX];

        if (be16_get(w->in + 2) != 0 || len < MBAP_LEN + 1 || len > TCP_ADU_MAX) {
            end_close(s, e);
            return;
        }
        if (w->in_len < len) {
            return;
        }
        memcpy(adu, w->in, len);
        wire_consume(w, len);
        if (!tcp_request(s, e, adu, len)) {
            return;
        }
        if (!wire_flush(w, s->now_ms)) {
            end_close(s, e);
            return;
        }
    }
}

static void serial_request(struct slaves *s, struct end *e, const uint8_t *adu, size_t len)
{
    struct asked asked = {.conduct = {0}};
    uint8_t frame[WIRE_CAP];
    uint16_t crc;
    size_t n;

    /* nobody answers for a unit that is not there */
    if (!s->find(s->ctx, e->line, adu[0], &asked.slave, &asked.conduct) || asked.conduct.cut) {
        return;
    }
    n = answer(s, &asked, adu + 1, len - RTU_EXTRA, frame + 1);
    if (n == 0) {
        return;
    }
    frame[0] = (uint8_t)(adu[0] + (asked.conduct.wrong_unit ? 1 : 0));
    crc = slave_crc16(frame, n + 1);
    frame[n + 1] = (uint8_t)crc;
    frame[n + 2] = (uint8_t)(crc >> 8);
    send_reply(s, e, &asked.conduct, frame, n + 3);
}

static void serial_serve(struct slaves *s, struct end *e)
{
    struct wire *w = &e->wire;

    while (w->in_len >= REQUEST_RTU_LEN) {
        const size_t len = slave_request_len(w->in + 1, w->in_len - 1) + RTU_EXTRA;
        uint8_t adu[WIRE_CAP];
        uint16_t crc;

        if (len > RTU_ADU_MAX) {
            wire_consume(w, 1);
            continue;
        }
        if (w->in_len < len) {
            return;
        }
        crc = slave_crc16(w->in, len - 2);
        if (w->in[len - 2] != (uint8_t)crc || w->in[len - 1] != (uint8_t)(crc >> 8)) {
            wire_consume(w, 1); /* out of step: look for a frame from the next byte */
            continue;
        }
        memcpy(adu, w->in, len);
        wire_consume(w, len);
        serial_request(s, e, adu, len);
    }
}

static void end_accept(struct slaves *s, const struct end *listener)
{
    const int on = 1;
    int fd = accept(listener->wire.fd, NULL, NULL);

    if (fd >= 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)end_add(s, END_TCP, listener->line, fd);
    }
}

static void end_ready(struct slaves *s, struct end *e)
{
    switch (e->kind) {
    case END_FREE: break;
    case END_LISTENER: end_accept(s, e); break;
    case END_TCP:
        if (wire_read(&e->wire, s->now_ms)) {
            tcp_serve(s, e);
        } else {
            end_close(s, e);
        }
        break;
    case END_SERIAL:
        if (s->now_ms - e->wire.heard_ms > SERIAL_GAP_MS) {
            e->wire.in_len = 0;
        }
        (void)wire_read(&e->wire, s->now_ms);
        serial_serve(s, e);
        (void)wire_flush(&e->wire, s->now_ms);
        break;
    }
}

/* Late and dripping replies. */
static int end_flush_all(struct slaves *s)
{
    int64_t soonest = -1;

    for (uint32_t i = 0; i < s->end_count; i++) {
        struct end *e = &s->ends[i];

        if ((e->kind != END_TCP && e->kind != END_SERIAL) || !wire_waits(&e->wire)) {
            continue;
        }
        if (!wire_flush(&e->wire, s->now_ms) && e->kind == END_TCP) {
            end_close(s, e);
        } else if (wire_waits(&e->wire)) {
            const int64_t in_ms = e->wire.due_ms > s->now_ms ? e->wire.due_ms - s->now_ms : 1;

            soonest = soonest < 0 || in_ms < soonest ? in_ms : soonest;
        }
    }
    return (int)(soonest > 1000 ? 1000 : soonest);
}

int slaves_turn(struct slaves *slaves, int64_t now_ms)
{
    struct epoll_event events[EVENTS_MAX];
    const int n = epoll_wait(slaves->epoll, events, EVENTS_MAX, 0);

    slaves->now_ms = now_ms;
    for (int i = 0; i < n; i++) {
        end_ready(slaves, &slaves->ends[events[i].data.u32]);
    }
    return end_flush_all(slaves);
}
