/* What a normal client feels while others misbehave, and what is left of the rated throughput when
 * five times as much is asked for:
 *   bench_crowd hostile SECONDS [CEILING_MS]           1000 idle connections, 200 that drip their
 *                                                      head, 200 event streams that are never read
 *   bench_crowd overload SECONDS [CEILING_MS [PCT]]    the heaviest public request, five times the
 *                                                      rate at which it can be answered
 * An API in this process; one thread plays all clients. Exit 1 when the 99th percentile of accepted
 * requests is above the ceiling, or the goodput below PCT of the rated. */
#include "api/server.h"
#include "tests/bench/wide_city.h"
#include <sys/epoll.h>
#include <time.h>

#define NORMAL      32u
#define NORMAL_NS   10000000 /* between two requests of a normal client */
#define IDLE        1000u
#define DRIPPERS    200u
#define DRIP_NS     500000000
#define NEVER       200u
#define CHANGES_NS  1000000 /* 1000 a second: they fill what is never read */
#define CROWD       1000u   /* connections of the overload */
#define RATED_CONNS 32u
#define PAIRS       5u
#define OVERLOAD    5u
#define LAGS_MAX    4000000u

static const char near_ask[] =
    "GET /v1/spaces/near?lat=42.25&lon=118.88 HTTP/1.1\r\nHost: x\r\n\r\n";
/* the most that may be asked for, the least that may be shown of it */
static const char heavy_ask[] =
    "GET /v1/spaces/near?lat=42.3&lon=118.88&radius=50000&limit=1000&"
    "crs=bd09&fields=location&state=free,occupied,unknown,out_of_service "
    "HTTP/1.1\r\nHost: x\r\n\r\n";
static const char drip_text[] =
    "GET /v1/city HTTP/1.1\r\nHost: x\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/* One client: asks when it is due and not waiting. */
struct client {
    int fd;
    const char *ask;
    size_t ask_len, dripped;
    int64_t due_ns, every_ns, sent_ns;
    size_t left; /* bytes of the answer still to come */
    bool waiting, in_body, refused;
};

struct bench {
    struct api_city *city;
    int epoll_fd;
    uint32_t *lag_us;
    uint32_t lags;
    uint64_t refused, untold, broken, cut;
};

static int64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void client_watch(struct bench *b, struct client *c, int receive_bytes)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    const struct timespec breath = {.tv_nsec = 200000}; /* a crowd comes at once, but not in 1 ms */

    (void)nanosleep(&breath, NULL);
    c->fd = client_open_small(b->city, receive_bytes);
    assert(epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) == 0);
}

static void client_again(struct bench *b, struct client *c)
{
    close(c->fd);
    c->waiting = c->in_body = false;
    c->dripped = 0;
    client_watch(b, c, 0);
}

/* The head of an answer: status, length, and that a refusal says when to come again. */
static size_t head_take(struct bench *b, struct client *c, char *data, size_t len)
{
    char text[32];
    char *end;
    size_t head;

    data[len] = '\0';
    end = strstr(data, "\r\n\r\n");
    if (end == NULL) {
        b->broken++;
        return len;
    }
    end[2] = '\0';
    head = (size_t)(end - data) + 4;
    c->refused = data[9] != '2';
    if (c->refused) {
        b->refused++;
        b->untold += head_find(data, "Retry-After", text, sizeof text) == NULL ||
                     (strncmp(data + 9, "503", 3) != 0 && strncmp(data + 9, "429", 3) != 0);
    }
    c->left =
        head_find(data, "Content-Length", text, sizeof text) == NULL ? 0 : strtoul(text, NULL, 10);
    c->in_body = true;
    return head;
}

static void client_take(struct bench *b, struct client *c)
{
    char data[65536 + 1];
    const ssize_t got = recv(c->fd, data, sizeof data - 1, MSG_DONTWAIT);
    size_t used = 0;

    if (got <= 0) {
        b->cut++;
        client_again(b, c);
        return;
    }
    if (!c->waiting) {
        return;
    }
    if (!c->in_body) {
        used = head_take(b, c, data, (size_t)got);
    }
    c->left -= (size_t)got - used < c->left ? (size_t)got - used : c->left;
    if (c->left == 0) {
        if (!c->refused && b->lags < LAGS_MAX) {
            b->lag_us[b->lags++] = (uint32_t)((now_ns() - c->sent_ns) / 1000);
        }
        c->waiting = c->in_body = false;
    }
}

static void client_turn(struct client *c, int64_t now)
{
    if (c->ask == drip_text) {
        if (now >= c->due_ns && c->dripped < sizeof drip_text - 1) {
            client_send(c->fd, drip_text + c->dripped++, 1);
            c->due_ns = now + DRIP_NS;
        }
    } else if (c->ask != NULL && !c->waiting && now >= c->due_ns) {
        c->sent_ns = now;
        c->due_ns = c->due_ns + c->every_ns > now ? c->due_ns + c->every_ns : now;
        c->waiting = true;
        client_send(c->fd, c->ask, c->ask_len);
    }
}

static void change_put(struct bench *b, uint32_t slot)
{
    struct change change = {.at_ms = b->city->at_ms, .kind = CHANGE_SPACE, .index = slot};

    change.space = city_live(b->city, slot % 2 == 0 ? SPACE_FREE : SPACE_OCCUPIED);
    view_put_space(b->city->view, slot, &change.space);
    change_ring_put(b->city->ring, &change);
}

static void play(struct bench *b, struct client *clients, uint32_t count, int64_t seconds)
{
    const int64_t until = now_ns() + seconds * 1000000000;
    int64_t change_ns = now_ns();

    b->lags = 0;
    b->refused = b->untold = b->broken = b->cut = 0;
    for (int64_t now = now_ns(); now < until; now = now_ns()) {
        struct epoll_event events[256];
        const int n = epoll_wait(b->epoll_fd, events, 256, 1);

        for (int i = 0; i < n; i++) {
            client_take(b, events[i].data.ptr);
        }
        now = now_ns();
        for (uint32_t i = 0; i < count; i++) {
            client_turn(&clients[i], now);
        }
        for (; change_ns < now; change_ns += CHANGES_NS) {
            change_put(b, (uint32_t)(change_ns / CHANGES_NS % b->city->inv->space_count));
        }
        city_beat(b->city);
    }
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double lag_ms(const struct bench *b, double part)
{
    return b->lags == 0 ? 0 : b->lag_us[(size_t)((double)(b->lags - 1) * part)] / 1e3;
}

static void lags_print(struct bench *b, const char *who, double seconds)
{
    qsort(b->lag_us, b->lags, sizeof *b->lag_us, by_size);
    (void)printf("%s: %.0f accepted/s, p50 %.1f p99 %.1f max %.1f ms; %.0f refused/s, %llu of them "
                 "without Retry-After, %llu broken, %llu cut\n",
                 who, b->lags / seconds, lag_ms(b, 0.5), lag_ms(b, 0.99), lag_ms(b, 1),
                 (double)b->refused / seconds, (unsigned long long)b->untold,
                 (unsigned long long)b->broken, (unsigned long long)b->cut);
}

static bool hostile(struct bench *b, int64_t seconds, double ceiling_ms)
{
    static struct client clients[NORMAL + DRIPPERS + IDLE];
    static int never[NEVER];
    static const char stream_ask[] = "GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n";
    bool good;

    for (uint32_t i = 0; i < ARRAY_LEN(clients); i++) {
        struct client *c = &clients[i];

        if (i < NORMAL) {
            *c = (struct client){.ask = near_ask, .ask_len = sizeof near_ask - 1};
            c->every_ns = NORMAL_NS;
        } else if (i < NORMAL + DRIPPERS) {
            c->ask = drip_text;
        } /* else idle */
        client_watch(b, c, 0);
    }
    for (uint32_t i = 0; i < NEVER; i++) {
        never[i] = client_open_small(b->city, 4096);
        client_send(never[i], stream_ask, sizeof stream_ask - 1);
    }
    play(b, clients, NORMAL, 2);
    lags_print(b, "normal clients, before the others begin", 2);
    play(b, clients, ARRAY_LEN(clients), seconds);
    lags_print(b, "among 1000 idle, 200 dripping, 200 never reading", (double)seconds);
    (void)printf(
        "streams open %u, coalesced %llu, catch-ups %llu, connections cut at their deadline "
        "%llu\n",
        streams_count(&b->city->api->streams),
        (unsigned long long)count_get(&b->city->counters, COUNT_SSE_COALESCED),
        (unsigned long long)count_get(&b->city->counters, COUNT_SSE_CATCH_UPS),
        (unsigned long long)count_get(&b->city->counters, COUNT_HTTP_CUT_DEADLINE));
    /* a busy machine makes rounds too long: some may be told to come again */
    good =
        b->lags > 0 && b->refused * 4 <= b->lags && b->broken == 0 && lag_ms(b, 0.99) <= ceiling_ms;
    for (uint32_t i = 0; i < ARRAY_LEN(clients); i++) {
        close(clients[i].fd);
    }
    for (uint32_t i = 0; i < NEVER; i++) {
        close(never[i]);
    }
    return good;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Rated and overload take turns, for the machine's speed changes from one second to the next. */
static double overload_pair(struct bench *b, struct client *clients, int64_t seconds,
                            double *worst_ms)
{
    double rated;
    double pct;

    for (uint32_t i = 0; i < CROWD; i++) {
        clients[i].every_ns = 0;
        clients[i].due_ns = 0;
    }
    play(b, clients, RATED_CONNS, seconds);
    lags_print(b, "rated: 32 connections, as fast as they can", (double)seconds);
    rated = b->lags / (double)seconds;
    for (uint32_t i = 0; i < CROWD; i++) {
        clients[i].every_ns = (int64_t)(CROWD * 1e9 / (rated * OVERLOAD));
        clients[i].due_ns = now_ns() + clients[i].every_ns * i / CROWD;
    }
    play(b, clients, CROWD, seconds);
    lags_print(b, "1000 connections, five times that", (double)seconds);
    pct = 100 * b->lags / (double)seconds / rated;
    (void)printf("goodput %.0f %% of rated, offered %.1f times the rated\n", pct,
                 ((double)b->lags + (double)b->refused) / (double)seconds / rated);
    *worst_ms = lag_ms(b, 0.99) > *worst_ms ? lag_ms(b, 0.99) : *worst_ms;
    return b->untold + b->broken > 0 ? 0 : pct;
}

static bool overload(struct bench *b, int64_t seconds, double ceiling_ms, double least_pct)
{
    static struct client clients[CROWD];
    double pct[PAIRS];
    double worst_ms = 0;

    for (uint32_t i = 0; i < CROWD; i++) {
        clients[i] = (struct client){.ask = heavy_ask, .ask_len = sizeof heavy_ask - 1};
        client_watch(b, &clients[i], 0);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        pct[i] = overload_pair(b, clients, seconds, &worst_ms);
    }
    qsort(pct, PAIRS, sizeof *pct, by_value);
    (void)printf("goodput: median %.0f %% (%.0f-%.0f), worst p99 %.1f ms\n", pct[PAIRS / 2], pct[0],
                 pct[PAIRS - 1], worst_ms);
    for (uint32_t i = 0; i < CROWD; i++) {
        close(clients[i].fd);
    }
    return worst_ms > 0 && worst_ms <= ceiling_ms && pct[0] > 0 && pct[PAIRS / 2] >= least_pct;
}

int main(int argc, char **argv)
{
    const bool crowd = argc > 1 && strcmp(argv[1], "overload") == 0;
    const int seconds = argc > 2 ? atoi(argv[2]) : 15;
    const double ceiling_ms = argc > 3 ? atof(argv[3]) : crowd ? 100 : 50;
    const double least_pct = argc > 4 ? atof(argv[4]) : 90;
    struct bench b = {.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    bool good;

    b.lag_us = malloc(LAGS_MAX * sizeof *b.lag_us);
    b.city = city_make();
    assert(b.lag_us != NULL && b.epoll_fd >= 0);
    city_widen(b.city);
    b.city->config.http.streams = NEVER;
    city_api_start(b.city);
    good = crowd ? overload(&b, seconds, ceiling_ms, least_pct) : hostile(&b, seconds, ceiling_ms);
    city_close(b.city);
    close(b.epoll_fd);
    free(b.lag_us);
    return good ? 0 : 1;
}
