#ifndef TESTS_UNIT_LOOPBACK_H
#define TESTS_UNIT_LOOPBACK_H

/* Sockets on ports of the kernel's choosing, on loopback only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LOOPBACK_URL_CAP 32

/* Takes *port, 0 = any free one, which is then in *port. While the socket is open nobody else gets
 * it, and who connects is refused. */
static inline int loopback_bind(uint16_t *port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static inline int loopback_listen(uint16_t *port)
{
    const int fd = loopback_bind(port);

    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

/* A port for a server that takes no socket of ours, or that comes again: below those that the
 * kernel gives to connections, and given to no other test while this process lives (e2e/testbed.py
 * keeps to the same names). */
static inline uint16_t loopback_port_reserve(void)
{
    for (;;) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        uint16_t port;
        int len;
        int reserved;

        assert_int_equal(getrandom(&port, sizeof port, 0), sizeof port);
        port = (uint16_t)(10000 + port % 22768);
        len = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "bowei-test-port-%u", port);
        reserved = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(reserved, (struct sockaddr *)&name,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0) {
            struct sockaddr_in at = {.sin_family = AF_INET,
                                     .sin_port = htons(port),
                                     .sin_addr = {htonl(INADDR_LOOPBACK)}};
            const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            const bool is_free = bind(probe, (struct sockaddr *)&at, sizeof at) == 0;

            close(probe);
            if (is_free) {
                return port; /* the reservation goes with the process */
            }
        }
        close(reserved);
    }
}

static inline void loopback_url(uint16_t port, char out[LOOPBACK_URL_CAP])
{
    (void)snprintf(out, LOOPBACK_URL_CAP, "http://127.0.0.1:%u", port);
}

#endif
