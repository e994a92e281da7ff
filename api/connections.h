#ifndef API_CONNECTIONS_H
#define API_CONNECTIONS_H

#include "api/request.h"
#include <pthread.h>
#include <stdatomic.h>

/* The table of HTTP connections: caps, deadlines and the request under way of each. The acceptor
 * reserves a slot before MHD gets the socket; MHD's closing note frees it. */

/** Who is at the other end: an IPv4 address, or an IPv6 /64. */
struct origin {
    uint8_t address[16];
    bool loopback;
};

struct connection {
    int fd;                      /**< -1 = free; guarded by connections.lock */
    struct origin origin;        /**< immutable while in use */
    _Atomic int64_t deadline_ms; /**< boottime; INT64_MAX = none */
    _Atomic int64_t idle_ms; /**< boottime: idle when nothing has come by then; INT64_MAX while a
                                  request is under way */
    int64_t look_ms;         /**< boottime of the next look at what it takes; acceptor only */
    int64_t taken_ms;        /**< boottime of the last look that found nothing waiting or
                                  something taken; acceptor only */
    uint64_t taken_bytes;    /**< at the look before; acceptor only */
    _Atomic bool unanswered; /**< connection_answer takes it */
    _Atomic bool gone;       /**< the peer has closed its side: event streams end */
    uint32_t streams;
    uint8_t answers;      /**< up to two: libmicrohttpd pushes those itself (loop.c) */
    bool corked;          /**< what is sent leaves when it is pushed; HTTP thread only */
    bool held;            /**< its answer waits for its batch (loop.h); HTTP thread only */
    bool reserved;        /**< only for health and valid keys (rate.h); immutable while in use */
    struct tls_pair *tls; /**< what it was given, NULL = no TLS; HTTP thread only */
    struct request request;
};

/** How many there may be. */
struct connection_caps {
    uint32_t cap, per_ip;
    uint32_t reserved; /**< the last of cap, at most a quarter: kept for health and valid keys */
    uint32_t idle_ms;  /**< so long one may be idle, or take nothing of what it is sent */
    bool limit_loopback;
};

struct connections {
    pthread_mutex_t lock;      /**< rank 20; never held across a call into MHD */
    struct connection **slots; /**< pointers: a slot is allocated at its first use */
    uint32_t cap, used;
    uint32_t per_ip, reserved;
    uint32_t idle_ms;
    bool limit_loopback;
};

enum err connections_init(struct connections *c, const struct connection_caps *caps) MUST_CHECK;
void connections_finish(struct connections *c);

enum admission { ADMITTED, ADMITTED_RESERVED, REFUSED_CAP, REFUSED_PER_IP, REFUSED_MEMORY };

struct sockaddr;
/** Reserves a slot for a socket. Acceptor thread. */
enum admission connections_admit(struct connections *c, int fd, const struct sockaddr *address,
                                 int64_t deadline_ms);
/** The slot of a socket, NULL when there is none. */
struct connection *connections_find(struct connections *c, int fd);
/** Frees the slot: from here on the reaper leaves the socket alone. */
void connections_release(struct connections *c, int fd);
/** Who gets true may write an answer to the request that comes, or is to come: the HTTP thread, or
 * the reaper. */
bool connection_answer(struct connection *slot);
/** Shuts every socket whose deadline is over; those that have no answer yet are sent `farewell`
 * before (empty: none are). Shuts those that take nothing for too long, and, which is no cut, the
 * idle ones. Returns how many it has cut. Acceptor thread. */
uint32_t connections_reap(struct connections *c, int64_t boot_ms, const struct strbuf *farewell);
/** Looks for peers that have closed their side, and has libmicrohttpd read the end of theirs: it
 * reads edge-triggered, and misses an end that came together with the last request. What is being
 * answered is answered to its end; event streams, which have none, find `gone`. Returns how many.
 */
uint32_t connections_hang_up(struct connections *c);
uint32_t connections_used(struct connections *c);

#endif
