/* TCP_INFO, apart from the other sockets' code: its newer members are the kernel's header's, which
 * does not go together with <netinet/tcp.h>. */
#include "api/socket_state.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

bool socket_state_read(int fd, struct socket_state *out)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_notsent_bytes) + sizeof info.tcpi_notsent_bytes) {
        return false;
    }
    *out = (struct socket_state){
        .taken_bytes = info.tcpi_bytes_acked,
        .silent_ms = info.tcpi_last_data_recv,
        .waits = info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0,
    };
    return true;
}
