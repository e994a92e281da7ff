#ifndef API_SOCKET_STATE_H
#define API_SOCKET_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* What the kernel knows of the other end of a TCP connection. */

struct socket_state {
    uint64_t taken_bytes; /**< in all, that the other end has acknowledged */
    uint32_t silent_ms;   /**< since the last byte came from it */
    bool waits;           /**< bytes wait to be taken by it */
};

/** False: the socket is not one of TCP, or the kernel does not say. Any thread. */
bool socket_state_read(int fd, struct socket_state *out);

#endif
