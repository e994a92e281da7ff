/* How late changes reach the clients of the event stream, and what that costs the HTTP thread:
 *   bench_streams same|own CLIENTS CHANGES_PER_S SECONDS [CEILING_MS]
 * same: every client gets every change. own: a client sees one lot of ten spaces, so with 1000
 * clients and 10 000 changes a second each has ten a second in view. An API in this process, a
 * thread that puts changes at an even pace, a thread that plays all clients; lag is from the put to
 * the client's recv. Exit 1 when the 99th percentile is above the ceiling. */
#include "api/server.h"
#include "tests/bench/wide_city.h"
#include <sys/epoll.h>
#include <time.h>

#define TAIL_MAX 40u
#define NUMBERS  (1u << 22) /* of changes whose time is remembered */

struct client {
    int fd;
    char tail[TAIL_MAX]; /* of what came before: an id may be cut in two */
    size_t tail_len;
};

struct bench {
    struct api_city *city;
    uint32_t clients, per_s, seconds;
    _Atomic bool over;
    _Atomic int64_t *put_ns;
    uint32_t *lag_us;
    size_t lags, lags_max;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* All but who puts and who listens. */
static int64_t server_clock_ns(clockid_t put_clock)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID) - clock_ns(CLOCK_THREAD_CPUTIME_ID) -
           clock_ns(put_clock);
}

static void *put_run(void *arg)
{
    struct bench *b = arg;
    const int64_t began = clock_ns(CLOCK_MONOTONIC);
    struct dice dice = {1};

    for (uint64_t n = 0; !atomic_load(&b->over); n++) {
        const int64_t due = began + (int64_t)(n * 1000000000u / b->per_s);
        const int64_t now = clock_ns(CLOCK_MONOTONIC);
        struct change change = {.at_ms = b->city->at_ms,
                                .kind = CHANGE_SPACE,
                                .index = dice_below(&dice, b->city->inv->space_count)};

        if (now < due) {
            const struct timespec wait = {.tv_nsec = due - now};

            (void)nanosleep(&wait, NULL);
        }
        change.space = city_live(b->city, n % 2 == 0 ? SPACE_FREE : SPACE_OCCUPIED);
        view_put_space(b->city->view, change.index, &change.space);
        atomic_store(&b->put_ns[(change_ring_newest(b->city->ring) + 1) % NUMBERS],
                     clock_ns(CLOCK_MONOTONIC));
        change_ring_put(b->city->ring, &change);
        if (n % 64 == 0) {
            city_beat(b->city);
        }
    }
    return NULL;
}

static void number_take(struct bench *b, uint64_t number)
{
    const int64_t lag = clock_ns(CLOCK_MONOTONIC) - atomic_load(&b->put_ns[number % NUMBERS]);

    if (b->lags < b->lags_max) {
        b->lag_us[b->lags++] = (uint32_t)(lag / 1000);
    }
}

/* Every "id: 7-NUMBER\n" in what came. */
static void client_take(struct bench *b, struct client *c)
{
    char buf[TAIL_MAX + 65536 + 1];
    ssize_t got;
    const char *at = buf;
    size_t len;

    memcpy(buf, c->tail, c->tail_len);
    got = recv(c->fd, buf + c->tail_len, 65536, MSG_DONTWAIT);
    if (got <= 0) {
        return;
    }
    len = c->tail_len + (size_t)got;
    buf[len] = '\0';
    while ((at = strstr(at, "id: 7-")) != NULL && strchr(at, '\n') != NULL) {
        char *end;
        const uint64_t number = strtoull(at + 6, &end, 10);

        if (*end == '\n') { /* else a chunk ends within it */
            number_take(b, number);
        }
        at += 6;
    }
    at = at == NULL ? buf + len - (len < 5 ? len : 5) : at;
    c->tail_len = (size_t)(buf + len - at) < TAIL_MAX ? (size_t)(buf + len - at) : 0;
    memcpy(c->tail, at, c->tail_len);
}

static void clients_open(struct bench *b, struct client *clients, int epoll_fd, bool own)
{
    for (uint32_t i = 0; i < b->clients; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
        char id[SPACE_ID_LEN + 1];
        char ask[160];
        int n;

        space_id_format(city_key(i % WIDE_LOTS + 1, 0), id);
        n = snprintf(ask, sizeof ask, "GET /v1/stream%s%s HTTP/1.1\r\nHost: x\r\n\r\n",
                     own ? "?lot=" : "", own ? id : "");
        clients[i].fd = client_open(b->city);
        client_send(clients[i].fd, ask, (size_t)n);
        assert(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, clients[i].fd, &event) == 0);
    }
}

static void listen_for(struct bench *b, int epoll_fd, int64_t ms)
{
    const int64_t until = host_boot_ms() + ms;

    while (host_boot_ms() < until) {
        struct epoll_event events[256];
        const int n = epoll_wait(epoll_fd, events, 256, 50);

        for (int i = 0; i < n; i++) {
            client_take(b, events[i].data.ptr);
        }
    }
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t lag_at(const struct bench *b, double part)
{
    return b->lags == 0 ? 0 : b->lag_us[(size_t)((double)(b->lags - 1) * part)];
}

int main(int argc, char **argv)
{
    const bool own = argc > 1 && strcmp(argv[1], "own") == 0;
    struct bench b = {.clients = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000,
                      .per_s = argc > 3 ? (uint32_t)atoi(argv[3]) : 10,
                      .seconds = argc > 4 ? (uint32_t)atoi(argv[4]) : 10};
    const int ceiling_ms = argc > 5 ? atoi(argv[5]) : 100;
    const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct client *clients = calloc(b.clients, sizeof *clients);
    clockid_t http_clock;
    clockid_t put_clock;
    pthread_t putter;
    int64_t http_ns;
    int64_t server_ns;

    b.lags_max = 20000000;
    b.lag_us = malloc(b.lags_max * sizeof *b.lag_us);
    b.put_ns = calloc(NUMBERS, sizeof *b.put_ns);
    b.city = city_make();
    assert(clients != NULL && b.lag_us != NULL && b.put_ns != NULL && epoll_fd >= 0);
    city_widen(b.city);
    city_api_start(b.city);
    clients_open(&b, clients, epoll_fd, own);
    listen_for(&b, epoll_fd, 500);
    assert(pthread_create(&putter, NULL, put_run, &b) == 0);
    listen_for(&b, epoll_fd, 500); /* warm */
    b.lags = 0;
    (void)pthread_getcpuclockid(b.city->api->loop.thread, &http_clock);
    (void)pthread_getcpuclockid(putter, &put_clock);
    http_ns = clock_ns(http_clock);
    server_ns = server_clock_ns(put_clock);
    listen_for(&b, epoll_fd, (int64_t)b.seconds * 1000);
    server_ns = server_clock_ns(put_clock) - server_ns;
    http_ns = clock_ns(http_clock) - http_ns;
    qsort(b.lag_us, b.lags, sizeof *b.lag_us, by_size);
    (void)printf(
        "%s: %u clients, %u changes/s: %.0f deliveries/s, lag p50 %.1f p99 %.1f max %.1f ms, "
        "server %.1f %% of a core (HTTP thread %.1f), %.1f us a delivery\n",
        own ? "own" : "same", b.clients, b.per_s, (double)b.lags / b.seconds, lag_at(&b, 0.5) / 1e3,
        lag_at(&b, 0.99) / 1e3, lag_at(&b, 1) / 1e3, (double)server_ns / 1e7 / b.seconds,
        (double)http_ns / 1e7 / b.seconds,
        b.lags == 0 ? 0 : (double)server_ns / 1e3 / (double)b.lags);
    atomic_store(&b.over, true);
    pthread_join(putter, NULL);
    for (uint32_t i = 0; i < b.clients; i++) {
        close(clients[i].fd);
    }
    close(epoll_fd);
    city_close(b.city);
    free(clients);
    free(b.put_ns);
    return b.lags > 0 && lag_at(&b, 0.99) <= (uint32_t)ceiling_ms * 1000 ? 0 : 1;
}
