#ifndef API_PORCH_H
#define API_PORCH_H

#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

/* Where a newcomer stands until its first bytes are there, for a moment, so that a head that
 * libmicrohttpd would refuse in words of its own gets ours (first_head.h). Later requests of a
 * connection are not looked at, nor are heads that come in pieces, nor those under TLS. Acceptor
 * thread. */

#define PORCH_GUESTS 64u

struct api;

struct guest {
    int fd;
    struct sockaddr_storage from;
    socklen_t from_len;
    int64_t until_ms; /**< boottime: then it goes in unseen */
};

struct porch {
    struct guest guests[PORCH_GUESTS];
    uint32_t count;
};

/** Takes over a socket that has a slot: it goes in, is refused, or waits here. */
void porch_welcome(struct porch *porch, struct api *api, const struct guest *newcomer);
/** Who is to be polled; `fds` has room for PORCH_GUESTS. Returns how many. */
uint32_t porch_watch(const struct porch *porch, struct pollfd *fds);
/** Behind the poll, with the same `fds`: nobody was welcomed meanwhile. */
void porch_round(struct porch *porch, struct api *api, const struct pollfd *fds, int64_t boot_ms);
/** Closes those that wait. */
void porch_finish(struct porch *porch, struct api *api);

#endif
