#ifndef GATEWAY_DELIVERY_GUARD_H
#define GATEWAY_DELIVERY_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The guard: to which addresses a webhook may go. Subscribers name the URL, so without it they
 * could make the gateway talk to anything it can reach (OWASP API7:2023). It is asked twice: about
 * the URL when it is given, and about each address in the moment before it is connected. Only the
 * second is the promise: names may resolve to something else by then. */

#define GUARD_ALLOW_MAX 64
#define GUARD_WHY_MAX   160

struct libcurl;

struct guard_network {
    uint8_t prefix[16]; /**< IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;
    uint16_t port; /**< 0 = any */
};

/** Receivers inside the city's own network. Zeroed: none. */
struct guard {
    struct guard_network allow[GUARD_ALLOW_MAX];
    uint32_t count;
};

/** "10.2.0.0/16, 10.3.1.7/32 8080, fd00::/8"; false with the reason. */
bool guard_parse(struct guard *guard, const char *text, char why[GUARD_WHY_MAX]);
/** May this address be connected? plain: without TLS. False with the reason. */
bool guard_permits(const struct guard *guard, const struct sockaddr *to, bool plain,
                   char why[GUARD_WHY_MAX]);
/** May this URL be kept? Names are not resolved here. False with the reason. */
bool guard_permits_url(const struct guard *guard, const struct libcurl *curl, const char *url,
                       char why[GUARD_WHY_MAX]);

#endif
