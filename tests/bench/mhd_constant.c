/* libmicrohttpd alone: one epoll thread, one ready response of SIZE bytes to whatever is asked,
 * with no more headers than it makes itself. What it does is the floor under every answer of the
 * API. mhd_constant SIZE: prints its port, ends with SIGTERM. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTION_MEMORY 8192u /* as the API */

/* Replies on the second call: on the first one the connection would be closed. */
static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_len, void **con_cls)
{
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    (void)data_len;
    if (*con_cls == NULL) {
        *con_cls = connection;
        return MHD_YES;
    }
    return MHD_queue_response(connection, 200, cls);
}

int main(int argc, char **argv)
{
    size_t size = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1024;
    char *body = malloc(size + 1);
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct MHD_Response *response;
    struct MHD_Daemon *daemon;
    const union MHD_DaemonInfo *info;

    if (body == NULL) {
        return 1;
    }
    memset(body, 'x', size);
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_PERSISTENT);
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
                              MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&any,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                              MHD_OPTION_END);
    info = daemon == NULL ? NULL : MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL) {
        return 1;
    }
    printf("%u\n", (unsigned)info->port);
    (void)fflush(stdout);
    for (;;) {
        (void)pause();
    }
}
