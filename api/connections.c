/* The table of HTTP connections. libmicrohttpd's own time-out is one of inactivity: a client that
 * drips a byte at a time lives for ever. So each connection has a deadline here and the acceptor
 * cuts it. Of idle connections and those that take nothing the kernel keeps account anyway, and is
 * asked seldom; libmicrohttpd would look at the clock and reorder its connections with each piece
 * that it reads or sends. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "api/connections.h"
#include "api/socket_state.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POLLED        64  /* sockets a call */
#define IDLE_SLACK_MS 100 /* a request comes that much before its answer, or less */
#define LOOKS         8   /* at what is taken, within the time that nothing may be */

enum err connections_init(struct connections *c, const struct connection_caps *caps)
{
    const uint32_t cap = caps->cap;

    *c = (struct connections){.cap = cap,
                              .reserved = caps->reserved < cap / 4 ? caps->reserved : cap / 4,
                              .per_ip = caps->per_ip,
                              .idle_ms = caps->idle_ms,
                              .limit_loopback = caps->limit_loopback};
    c->slots = calloc(cap, sizeof(struct connection *));
    if (c->slots == NULL) {
        return ERR_NO_MEMORY;
    }
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c->slots);
        c->slots = NULL;
        return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

void connections_finish(struct connections *c)
{
    if (c->slots == NULL) {
        return;
    }
    for (uint32_t i = 0; i < c->cap; i++) {
        if (c->slots[i] != NULL) {
            strbuf_finish(&c->slots[i]->request.body);
            strbuf_finish(&c->slots[i]->request.joined);
            free(c->slots[i]);
        }
    }
    free(c->slots);
    c->slots = NULL;
    pthread_mutex_destroy(&c->lock);
}

/* IPv4 as ::ffff:a.b.c.d, IPv6 by its /64: one host has many addresses there. */
static void address_take(struct origin *origin, const struct sockaddr *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    memset(origin->address, 0, sizeof origin->address);
    origin->loopback = false;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, address, sizeof in);
        memcpy(origin->address, mapped, sizeof mapped);
        memcpy(origin->address + 12, &in.sin_addr, 4);
        origin->loopback = origin->address[12] == 127;
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, address, sizeof in6);
        origin->loopback = IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
        memcpy(origin->address, &in6.sin6_addr, IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) ? 16 : 8);
    }
}

static enum admission admit_locked(struct connections *c, const struct origin *origin, int fd,
                                   int64_t deadline_ms)
{
    struct connection *slot = NULL;
    struct connection **empty = NULL;
    uint32_t same = 0;

    for (uint32_t i = 0; i < c->cap; i++) {
        struct connection *other = c->slots[i];

        if (other == NULL) {
            empty = empty == NULL ? &c->slots[i] : empty;
        } else if (other->fd < 0) {
            slot = slot == NULL ? other : slot;
        } else if (memcmp(&other->origin.address, origin->address, sizeof origin->address) == 0) {
            same++;
        }
    }
    if ((!origin->loopback || c->limit_loopback) && same >= c->per_ip) {
        return REFUSED_PER_IP;
    }
    if (slot == NULL && empty == NULL) {
        return REFUSED_CAP;
    }
    if (slot == NULL) {
        slot = calloc(1, sizeof *slot);
        if (slot == NULL) {
            return REFUSED_MEMORY;
        }
        *empty = slot;
    }
    slot->fd = fd;
    slot->origin = *origin;
    slot->streams = 0;
    slot->answers = 0;
    slot->corked = false;
    slot->held = false;
    slot->tls = NULL;
    slot->reserved = c->used + c->reserved >= c->cap;
    slot->look_ms = 0;
    slot->taken_bytes = UINT64_MAX; /* the first look finds another number */
    atomic_store(&slot->deadline_ms, deadline_ms);
    atomic_store(&slot->idle_ms, INT64_MAX);
    atomic_store(&slot->unanswered, true);
    atomic_store(&slot->gone, false);
    c->used++;
    return slot->reserved ? ADMITTED_RESERVED : ADMITTED;
}

enum admission connections_admit(struct connections *c, int fd, const struct sockaddr *address,
                                 int64_t deadline_ms)
{
    struct origin origin;
    enum admission admission;

    address_take(&origin, address);
    pthread_mutex_lock(&c->lock);
    admission = admit_locked(c, &origin, fd, deadline_ms);
    pthread_mutex_unlock(&c->lock);
    return admission;
}

static struct connection *find_locked(struct connections *c, int fd)
{
    for (uint32_t i = 0; i < c->cap; i++) {
        if (c->slots[i] != NULL && c->slots[i]->fd == fd) {
            return c->slots[i];
        }
    }
    return NULL;
}

struct connection *connections_find(struct connections *c, int fd)
{
    struct connection *slot;

    pthread_mutex_lock(&c->lock);
    slot = find_locked(c, fd);
    pthread_mutex_unlock(&c->lock);
    return slot;
}

void connections_release(struct connections *c, int fd)
{
    struct connection *slot;

    pthread_mutex_lock(&c->lock);
    slot = find_locked(c, fd);
    if (slot != NULL) {
        slot->fd = -1;
        c->used--;
    }
    pthread_mutex_unlock(&c->lock);
}

bool connection_answer(struct connection *slot)
{
    return atomic_exchange(&slot->unanswered, false);
}

/* Nothing has come since the last request: else a head is on its way, and has its deadline. */
static bool is_idle(const struct connections *c, struct connection *slot, int64_t boot_ms)
{
    struct socket_state now;

    return atomic_load(&slot->idle_ms) <= boot_ms && socket_state_read(slot->fd, &now) &&
           now.silent_ms + IDLE_SLACK_MS >= c->idle_ms;
}

/* Something has waited for idle_ms, and nothing was taken of it. */
static bool takes_nothing(const struct connections *c, struct connection *slot, int64_t boot_ms)
{
    struct socket_state now;

    if (boot_ms < slot->look_ms || !socket_state_read(slot->fd, &now)) {
        return false;
    }
    slot->look_ms = boot_ms + c->idle_ms / LOOKS;
    if (!now.waits || now.taken_bytes != slot->taken_bytes) {
        slot->taken_ms = boot_ms;
        slot->taken_bytes = now.taken_bytes;
    }
    return boot_ms - slot->taken_ms >= c->idle_ms;
}

static bool is_over(const struct connections *c, struct connection *slot, int64_t boot_ms,
                    const struct strbuf *farewell)
{
    if (atomic_load(&slot->deadline_ms) > boot_ms) {
        return takes_nothing(c, slot, boot_ms);
    }
    if (farewell->len > 0 && connection_answer(slot)) {
        (void)send(slot->fd, farewell->data, farewell->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    return true;
}

uint32_t connections_reap(struct connections *c, int64_t boot_ms, const struct strbuf *farewell)
{
    uint32_t cuts = 0;

    pthread_mutex_lock(&c->lock);
    for (uint32_t i = 0; i < c->cap; i++) {
        struct connection *slot = c->slots[i];
        bool cut;

        if (slot == NULL || slot->fd < 0) {
            continue;
        }
        cut = is_over(c, slot, boot_ms, farewell);
        if (cut || is_idle(c, slot, boot_ms)) {
            (void)shutdown(slot->fd, SHUT_RDWR);
            atomic_store(&slot->deadline_ms, INT64_MAX);
            atomic_store(&slot->idle_ms, INT64_MAX);
            slot->look_ms = INT64_MAX;
            cuts += cut;
        }
    }
    pthread_mutex_unlock(&c->lock);
    return cuts;
}

/* shutdown(2) of the reading side wakes who polls the socket once more, and takes nothing away: no
 * byte comes behind the end. */
static uint32_t hang_up_some(const struct pollfd *fds, struct connection *const *slots,
                             nfds_t count)
{
    uint32_t over = 0;

    for (nfds_t i = 0; i < count; i++) {
        if ((fds[i].revents & POLLRDHUP) != 0) {
            (void)shutdown(fds[i].fd, SHUT_RD);
            atomic_store(&slots[i]->gone, true);
            over++;
        }
    }
    return over;
}

uint32_t connections_hang_up(struct connections *c)
{
    struct pollfd fds[POLLED];
    struct connection *slots[POLLED];
    nfds_t n = 0;
    uint32_t over = 0;

    pthread_mutex_lock(&c->lock);
    for (uint32_t i = 0; i < c->cap; i++) {
        if (c->slots[i] != NULL && c->slots[i]->fd >= 0) {
            slots[n] = c->slots[i];
            fds[n++] = (struct pollfd){.fd = c->slots[i]->fd, .events = POLLRDHUP};
        }
        if (n == POLLED || (n > 0 && i + 1 == c->cap)) {
            over += poll(fds, n, 0) > 0 ? hang_up_some(fds, slots, n) : 0;
            n = 0;
        }
    }
    pthread_mutex_unlock(&c->lock);
    return over;
}

uint32_t connections_used(struct connections *c)
{
    uint32_t used;

    pthread_mutex_lock(&c->lock);
    used = c->used;
    pthread_mutex_unlock(&c->lock);
    return used;
}
