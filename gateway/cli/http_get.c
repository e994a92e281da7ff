/* The HTTP client of the command line: one request over one connection, HTTP/1.0, so that the
 * answer is whole when the server closes. Plain HTTP only: the commands speak to the gateway itself
 * or through the proxy on this host. */
#define _GNU_SOURCE /* memmem */
#include "gateway/cli/http_get.h"
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX (64u << 20)
#define PIECE_BYTES      65536
#define HOST_MAX         256

static int64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for the socket; false at the deadline. */
static bool wait_socket(int fd, short events, int64_t deadline_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    const int64_t left = deadline_ms - monotonic_ms();

    return left > 0 && poll(&p, 1, (int)left) > 0;
}

/* "http://host:port" or "http://[::1]:port" -> host and port. */
static bool split_base(const char *base, char host[HOST_MAX], char port[8])
{
    const char *p = strncmp(base, "http://", 7) == 0 ? base + 7 : NULL;
    const char *end = NULL;

    if (p == NULL) {
        return false;
    }
    end = p[0] == '[' ? strchr(p, ']') : p + strcspn(p, ":/");
    if (end == NULL || end - p >= HOST_MAX || end == p) {
        return false;
    }
    snprintf(host, HOST_MAX, "%.*s", (int)(end - p) - (p[0] == '['), p + (p[0] == '['));
    end += *end == ']';
    snprintf(port, 8, "%s", "80");
    if (*end == ':') {
        snprintf(port, 8, "%.*s", (int)strcspn(end + 1, "/"), end + 1);
    }
    return port[0] != '\0';
}

static int connect_one(const struct addrinfo *address, int64_t deadline_ms)
{
    int failure = 0;
    socklen_t len = sizeof failure;
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
        return fd;
    }
    failure = errno;
    if (failure == EINPROGRESS) {
        failure = ETIMEDOUT;
        if (wait_socket(fd, POLLOUT, deadline_ms)) {
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len);
        }
    }
    if (failure == 0) {
        return fd;
    }
    close(fd);
    errno = failure;
    return -1;
}

static int connect_to(const char *base, int64_t deadline_ms, struct http_answer *answer)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    char host[HOST_MAX];
    char port[8];
    int fd = -1;
    int e = 0;

    if (!split_base(base, host, port)) {
        snprintf(answer->why, sizeof answer->why, "%.100s is not http://host:port", base);
        return -1;
    }
    e = getaddrinfo(host, port, &hints, &addresses);
    if (e != 0) {
        snprintf(answer->why, sizeof answer->why, "%.100s: %s", base, gai_strerror(e));
        return -1;
    }
    for (const struct addrinfo *a = addresses; a != NULL && fd < 0; a = a->ai_next) {
        fd = connect_one(a, deadline_ms);
    }
    if (fd < 0) {
        snprintf(answer->why, sizeof answer->why, "%.100s: %s", base, strerror(errno));
    }
    freeaddrinfo(addresses);
    return fd;
}

static bool send_all(int fd, const struct strbuf *request, int64_t deadline_ms)
{
    size_t sent = 0;

    while (sent < request->len) {
        const ssize_t n = send(fd, request->data + sent, request->len - sent, MSG_NOSIGNAL);

        if (n > 0) {
            sent += (size_t)n;
        } else if ((errno != EAGAIN && errno != EINTR) || !wait_socket(fd, POLLOUT, deadline_ms)) {
            return false;
        }
    }
    return true;
}

/* Until the server closes. */
static bool receive_all(int fd, struct strbuf *out, int64_t deadline_ms)
{
    out->limit = ANSWER_BYTES_MAX;
    while (wait_socket(fd, POLLIN, deadline_ms)) {
        char *room = strbuf_reserve(out, PIECE_BYTES);
        const ssize_t n = room == NULL ? -1 : recv(fd, room, PIECE_BYTES, 0);

        if (n == 0) {
            return true;
        }
        if (n < 0 && (room == NULL || (errno != EAGAIN && errno != EINTR))) {
            return false;
        }
        out->len += n > 0 ? (size_t)n : 0;
    }
    return false;
}

/* `Link: <...cursor=TEXT...>; rel="next"`: the cursor. */
static void next_read(const char *head, const char *end, char next[64])
{
    const char *link = strstr(head, "\r\nLink: ");
    const char *at = link == NULL || link > end ? NULL : strstr(link, "cursor=");

    if (at != NULL && at < end) {
        at += strlen("cursor=");
        snprintf(next, 64, "%.*s", (int)strcspn(at, "&>\r"), at);
    }
}

/* Takes status line and head off the front of the answer. */
static bool split_answer(struct http_answer *answer)
{
    char *text = NULL;
    char *body = NULL;

    strbuf_putc(&answer->body, '\0');
    if (answer->body.failed || strncmp(answer->body.data, "HTTP/1.", 7) != 0) {
        return false;
    }
    text = answer->body.data;
    body = strstr(text, "\r\n\r\n");
    answer->status = (int)strtol(text + 9, NULL, 10);
    if (body == NULL || answer->status < 100) {
        return false;
    }
    next_read(text, body, answer->next);
    answer->body.len -= (size_t)(body + 4 - text) + 1;
    memmove(text, body + 4, answer->body.len + 1);
    return true;
}

static void write_request(const char *base, const struct http_ask *ask, struct strbuf *out)
{
    strbuf_printf(out, "%s %s HTTP/1.0\r\nHost: ", ask->method, ask->path);
    strbuf_add(out, base + 7, strcspn(base + 7, "/"));
    strbuf_puts(out, "\r\nAccept: application/json\r\n");
    if (ask->key != NULL) {
        strbuf_printf(out, "Authorization: Bearer %s\r\n", ask->key);
    }
    if (ask->body != NULL) {
        strbuf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                      strlen(ask->body));
    }
    strbuf_puts(out, "\r\n");
    strbuf_puts(out, ask->body == NULL ? "" : ask->body);
}

bool http_ask(const char *base, const struct http_ask *ask, int timeout_ms,
              struct http_answer *answer)
{
    const int64_t deadline_ms = monotonic_ms() + timeout_ms;
    struct strbuf request = {0};
    bool good = false;
    const int fd = connect_to(base, deadline_ms, answer);

    if (fd < 0) {
        return false;
    }
    write_request(base, ask, &request);
    good = !request.failed && send_all(fd, &request, deadline_ms) &&
           receive_all(fd, &answer->body, deadline_ms) && split_answer(answer);
    if (!good) {
        answer->status = 0;
        snprintf(answer->why, sizeof answer->why, "%.100s: no whole answer within %d ms", base,
                 timeout_ms);
    }
    strbuf_finish(&request);
    close(fd);
    return good;
}

/* Takes whole lines off the front of *text; false when one said that it is enough. */
static bool hand_lines(struct strbuf *text, bool (*line)(void *ctx, const char *text), void *ctx)
{
    size_t at = 0;
    bool more = true;

    while (more) {
        char *end = memchr(text->data + at, '\n', text->len - at);

        if (end == NULL) {
            break;
        }
        *end = '\0';
        if (end > text->data + at && end[-1] == '\r') {
            end[-1] = '\0';
        }
        more = line(ctx, text->data + at);
        at = (size_t)(end - text->data) + 1;
    }
    memmove(text->data, text->data + at, text->len - at);
    text->len -= at;
    return more;
}

/* Reads on until `text` has an end of head; its offset behind, 0 = none came. */
static size_t receive_head(int fd, struct strbuf *text, int64_t deadline_ms)
{
    while (wait_socket(fd, POLLIN, deadline_ms)) {
        char *room = strbuf_reserve(text, PIECE_BYTES);
        const ssize_t n = room == NULL ? -1 : recv(fd, room, PIECE_BYTES, 0);
        const char *end;

        if (n <= 0 && (n == 0 || room == NULL || (errno != EAGAIN && errno != EINTR))) {
            return 0;
        }
        text->len += n > 0 ? (size_t)n : 0;
        end = memmem(text->data, text->len, "\r\n\r\n", 4);
        if (end != NULL) {
            return (size_t)(end - text->data) + 4;
        }
    }
    return 0;
}

static void receive_lines(int fd, struct strbuf *text, int idle_ms,
                          bool (*line)(void *ctx, const char *text), void *ctx)
{
    while (hand_lines(text, line, ctx) && wait_socket(fd, POLLIN, monotonic_ms() + idle_ms)) {
        char *room = strbuf_reserve(text, PIECE_BYTES);
        const ssize_t n = room == NULL ? -1 : recv(fd, room, PIECE_BYTES, 0);

        if (n == 0 || (n < 0 && (room == NULL || (errno != EAGAIN && errno != EINTR)))) {
            return;
        }
        text->len += n > 0 ? (size_t)n : 0;
    }
}

bool http_lines(const char *base, const struct http_ask *ask, int idle_ms,
                bool (*line)(void *ctx, const char *text), void *ctx, struct http_answer *answer)
{
    const int64_t deadline_ms = monotonic_ms() + idle_ms;
    struct strbuf request = {0};
    size_t head = 0;
    const int fd = connect_to(base, deadline_ms, answer);

    if (fd < 0) {
        return false;
    }
    write_request(base, ask, &request);
    answer->body.limit = ANSWER_BYTES_MAX;
    if (!request.failed && send_all(fd, &request, deadline_ms)) {
        head = receive_head(fd, &answer->body, deadline_ms);
    }
    strbuf_finish(&request);
    if (head == 0) {
        snprintf(answer->why, sizeof answer->why, "%.100s: no answer within %d ms", base, idle_ms);
    } else if (strtol(answer->body.data + 9, NULL, 10) == 200) {
        answer->status = 200;
        memmove(answer->body.data, answer->body.data + head, answer->body.len - head);
        answer->body.len -= head;
        receive_lines(fd, &answer->body, idle_ms, line, ctx);
    } else if (!receive_all(fd, &answer->body, deadline_ms) || !split_answer(answer)) {
        answer->status = 0;
        head = 0;
        snprintf(answer->why, sizeof answer->why, "%.100s: no whole answer", base);
    }
    close(fd);
    return head != 0;
}

bool http_get(const char *base, const char *path, int timeout_ms, struct http_answer *answer)
{
    const struct http_ask ask = {.method = "GET", .path = path};

    return http_ask(base, &ask, timeout_ms, answer);
}

void http_get_escape(const char *text, struct strbuf *url)
{
    for (; *text != '\0'; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~,", *text) != NULL) {
            strbuf_putc(url, *text);
        } else {
            strbuf_printf(url, "%%%02X", (unsigned char)*text);
        }
    }
}
