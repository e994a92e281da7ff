/* The end of a connection in our own words. */
#include "api/last_word.h"
#include "api/server.h"
#include <sys/socket.h>
#include <unistd.h>

#define UNREAD_MAX 65536u /* of a request nobody will read */

void last_word_write(const struct api *api, struct strbuf *text, enum err why, const char *headers,
                     const char *detail)
{
    struct strbuf body = {0};

    if (api->tls.certificate_file != NULL) {
        return;
    }
    problem_write(&body, why, detail);
    strbuf_printf(text,
                  "HTTP/1.1 %d Refused\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                  "%sConnection: close\r\n\r\n",
                  err_http_status(why), type_problem, body.len, headers);
    strbuf_add(text, body.data, body.len);
    if (text->failed || body.failed) {
        strbuf_finish(text);
    }
    strbuf_finish(&body);
}

/* close(2) of a socket with unread bytes resets the connection, and the other side may lose the
 * answer. */
static void unread_drop(int fd)
{
    char unread[4096];
    size_t dropped = 0;
    ssize_t got;

    do {
        got = recv(fd, unread, sizeof unread, MSG_DONTWAIT);
        dropped += got > 0 ? (size_t)got : 0;
    } while (got > 0 && dropped < UNREAD_MAX);
}

void last_word_send(const struct api *api, int fd, enum err why, const char *headers,
                    const char *detail)
{
    struct strbuf text = {0};

    last_word_write(api, &text, why, headers, detail);
    if (text.len > 0) {
        unread_drop(fd);
        (void)send(fd, text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
    }
    strbuf_finish(&text);
    close(fd);
}
