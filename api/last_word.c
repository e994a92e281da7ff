/* The end of a connection in our own words. */
#include "api/last_word.h"
#include "api/server.h"
#include "bowei/base/city_clock.h"
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define UNREAD_MAX 65536u /* of a request nobody will read */
#define DATE_MAX   40

/* RFC 9110 6.6.1; the program's locale is C. */
static void date_write(char out[DATE_MAX])
{
    const time_t now = (time_t)(host_wall_ms() / 1000);
    struct tm utc;

    if (gmtime_r(&now, &utc) == NULL ||
        strftime(out, DATE_MAX, "%a, %d %b %Y %H:%M:%S GMT", &utc) == 0) {
        out[0] = '\0';
    }
}

void last_word_write(const struct api *api, struct strbuf *text, enum err why, const char *headers,
                     const char *detail)
{
    struct strbuf body = {0};
    char date[DATE_MAX];

    if (api->tls.certificate_file != NULL) {
        return;
    }
    date_write(date);
    problem_write(&body, why, detail);
    strbuf_printf(text, "HTTP/1.1 %d Refused\r\nDate: %s\r\nContent-Length: %zu\r\n",
                  err_http_status(why), date, body.len);
    respond_lines(text, type_problem, REPLY_PRIVATE);
    strbuf_printf(text, "%sConnection: close\r\n\r\n", headers);
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
