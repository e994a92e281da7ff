#ifndef TESTS_UNIT_STREAM_LISTENER_H
#define TESTS_UNIT_STREAM_LISTENER_H

#include "tests/unit/api_fixture.h"

/* A client of an event stream: takes the chunked body apart as it comes. */

#define LISTENER_TEXT (1u << 20)

struct listener {
    int fd;
    char *text; /* of the events, NUL-terminated; what is longer than the room is forgotten */
    size_t len;
    char line[64]; /* of the head or a chunk's size, as far as it has come */
    size_t line_len, chunk_left;
    bool head_done, ended;
};

/* receive_bytes: of the socket's buffer, 0 = the system's choice. */
static inline struct listener *listener_open(const struct api_city *c, const char *target,
                                             const char *head, int receive_bytes)
{
    struct listener *l = calloc(1, sizeof *l);
    char ask[600];
    int n = snprintf(ask, sizeof ask, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, head);

    assert(l != NULL);
    l->text = calloc(1, LISTENER_TEXT + 1);
    assert(l->text != NULL);
    l->fd = client_open_small(c, receive_bytes);
    client_send(l->fd, ask, (size_t)n);
    return l;
}

static inline void listener_free(struct listener *l)
{
    close(l->fd);
    free(l->text);
    free(l);
}

/* Forgets what came so far. */
static inline void listener_clear(struct listener *l)
{
    l->len = 0;
    l->text[0] = '\0';
}

/* One line outside a chunk: the head until its empty one, then sizes, each behind the CR LF of the
 * chunk before. */
static inline void listener_line(struct listener *l)
{
    l->line[l->line_len < sizeof l->line ? l->line_len : sizeof l->line - 1] = '\0';
    if (!l->head_done) {
        l->head_done = l->line_len == 0;
    } else if (l->line_len > 0) {
        l->chunk_left = strtoul(l->line, NULL, 16);
        l->ended = l->chunk_left == 0;
    }
    l->line_len = 0;
}

static inline void listener_take(struct listener *l, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (l->chunk_left > 0) {
            size_t n = len - i < l->chunk_left ? len - i : l->chunk_left;

            if (l->len + n > LISTENER_TEXT) {
                listener_clear(l);
            }
            memcpy(l->text + l->len, data + i, n);
            l->len += n;
            l->text[l->len] = '\0';
            l->chunk_left -= n;
            i += n - 1;
        } else if (data[i] == '\n') {
            listener_line(l);
        } else if (data[i] != '\r' && l->line_len++ < sizeof l->line) {
            l->line[l->line_len - 1] = data[i];
        }
    }
}

/* Takes what is there, at most `max` bytes; false: nothing was, or it ended. */
static inline bool listener_read(struct listener *l, size_t max, int wait_ms)
{
    struct pollfd ready = {.fd = l->fd, .events = POLLIN};
    char data[16384];
    ssize_t got;

    if (poll(&ready, 1, wait_ms) <= 0) {
        return false;
    }
    got = recv(l->fd, data, max < sizeof data ? max : sizeof data, 0);
    if (got <= 0) {
        l->ended = true;
        return false;
    }
    listener_take(l, data, (size_t)got);
    return true;
}

static inline int text_times(const char *text, const char *needle)
{
    int n = 0;

    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle)) {
        n++;
    }
    return n;
}

/* Reads until `needle` has come `times` times, or 6 s have gone. */
static inline bool listener_wait(struct listener *l, const char *needle, int times)
{
    const int64_t until = host_boot_ms() + 6000;

    while (text_times(l->text, needle) < times) {
        if (l->ended || host_boot_ms() > until) {
            return false;
        }
        (void)listener_read(l, SIZE_MAX, 100);
    }
    return true;
}

#endif
