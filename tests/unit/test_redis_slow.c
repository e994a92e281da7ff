/* A Redis that answers, but so slowly that each single read stays below its timeout: a byte now and
 * then (a dying network, a stopped proxy), or all of it in small pieces. Nobody may wait for it
 * beyond the time that was set. */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"
#include "bowei/event_log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#define TIMEOUT_MS 200
#define PIECE      64

/* Between the gateway and a Redis: the answers come in pieces of `piece` bytes each `pause_ms`. */
struct slow_path {
    char socket[FIXTURE_PATH + 16];
    const char *to;
    size_t piece;
    long pause_ms;
    pid_t pid;
};

static int unix_socket(const char *path, bool listening)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (listening ? bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0
                  : connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        _exit(1);
    }
    return fd;
}

/* What the gateway says goes on at once. */
static void *forward(void *ctx)
{
    const int *fds = ctx;
    char bytes[4096];
    ssize_t got;

    while ((got = read(fds[0], bytes, sizeof bytes)) > 0 && write(fds[1], bytes, (size_t)got) > 0) {
    }
    (void)shutdown(fds[1], SHUT_WR);
    return NULL;
}

static void serve(const struct slow_path *path, int client)
{
    int fds[2] = {client, unix_socket(path->to, false)};
    char bytes[4096];
    pthread_t thread;
    ssize_t got;

    (void)pthread_create(&thread, NULL, forward, fds);
    while ((got = read(fds[1], bytes, path->piece)) > 0 && write(client, bytes, (size_t)got) > 0) {
        pause_ms(path->pause_ms);
    }
    _exit(0);
}

static void slow_start(struct slow_path *path, const struct redis_server *server)
{
    int listener;

    (void)snprintf(path->socket, sizeof path->socket, "%s/slow.sock", server->folder);
    path->to = server->socket;
    (void)unlink(path->socket);
    listener = unix_socket(path->socket, true);
    path->pid = fork();
    assert_true(path->pid >= 0);
    if (path->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        for (;;) {
            const int client = accept(listener, NULL, NULL);

            if (client >= 0 && fork() == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                serve(path, client);
            }
            close(client);
        }
    }
    close(listener);
}

static void slow_stop(struct slow_path *path)
{
    kill(path->pid, SIGKILL);
    waitpid(path->pid, NULL, 0);
    unlink(path->socket);
}

static void nothing(void *ctx, const struct image *image)
{
    (void)ctx;
    (void)image;
}

/* A byte each 100 ms: the shortest answer, "+OK\r\n", takes longer than the timeout. */
static void a_byte_now_and_then_is_no_answer(void **state)
{
    struct redis_server server;
    struct slow_path path = {.piece = 1, .pause_ms = 100};
    struct city city;
    struct event_place place;
    uint64_t epoch = 0;
    int64_t begin_ms;

    (void)state;
    server_start(&server, NULL);
    city_make(&city, 100);
    slow_start(&path, &server);
    const struct redis_params params = {.socket = path.socket, .timeout_ms = TIMEOUT_MS};
    begin_ms = host_boot_ms();
    assert_int_equal(redis_take_epoch(&params, &city.inv, 1, &epoch), ERR_UNAVAILABLE);
    assert_int_equal(event_log_newest(&params, &place), ERR_UNAVAILABLE);
    assert_true(host_boot_ms() - begin_ms < 4 * TIMEOUT_MS + 1000);
    slow_stop(&path);
    server_stop(&server);
    city_drop(&city);
}

static void the_writer_stops_in_time(void **state)
{
    struct redis_server server;
    struct slow_path path = {.piece = 16, .pause_ms = 60}; /* an answer or two in time, no more */
    struct counters counters = {0};
    struct city city;
    int64_t begin_ms;

    (void)state;
    server_start(&server, NULL);
    city_make(&city, 1000);
    slow_start(&path, &server);
    const struct image_source source = {.ctx = &city,
                                        .space = city_image_space,
                                        .lot = city_image_lot,
                                        .override = city_image_override,
                                        .suspect = city_image_suspect};
    const struct redis_writer_params params = {
        .redis = {.socket = path.socket, .timeout_ms = TIMEOUT_MS},
        .counters = &counters,
        .board = &city.board,
        .epoch = 1
    };
    struct redis_writer *writer = redis_writer_start(&params);
    struct flush *flush = flush_create(writer, &source);

    assert_int_equal(flush_reserve(flush, &city.inv), ERR_OK);
    flush_all(flush);
    begin_ms = host_boot_ms();
    assert_false(flush_drain(flush, city.at, (struct now){.at_ms = CITY_NOW_MS}, 1500));
    assert_true(host_boot_ms() - begin_ms < 2500);
    begin_ms = host_boot_ms();
    redis_writer_stop(writer); /* 2 s for what is under way */
    assert_true(host_boot_ms() - begin_ms < 3500);
    flush_destroy(flush);
    slow_stop(&path);
    server_stop(&server);
    city_drop(&city);
}

/* Each piece in time, all of it not. */
static void a_load_has_an_end(void **state)
{
    struct redis_server server;
    struct slow_path path = {.piece = PIECE, .pause_ms = 5};
    struct city city;
    struct position newest;
    int64_t high_water_ms;
    int64_t begin_ms;

    (void)state;
    server_start(&server, NULL);
    city_make(&city, 2000);
    redisContext *c = server_connect(&server);
    for (uint32_t i = 0; i < city.inv.space_count; i++) {
        char id[SPACE_ID_LEN + 1] = "";

        space_id_write(city.inv.spaces[i].key, id);
        freeReplyObject(
            redisCommand(c, "HSET bowei:{%u}:space:%s note %b",
                         city.inv.districts[city.inv.lots[city.inv.spaces[i].lot].district].adcode,
                         id, "0123456789012345678901234567890123456789", (size_t)40));
    }
    redisFree(c);
    slow_start(&path, &server);
    begin_ms = host_boot_ms();
    const struct redis_params params = {
        .socket = path.socket, .timeout_ms = 2000, .until_boot_ms = begin_ms + 1000};
    assert_int_equal(redis_load(&params, &city.inv, nothing, NULL, &newest, &high_water_ms),
                     ERR_UNAVAILABLE);
    assert_in_range(host_boot_ms() - begin_ms, 900, 2500);
    slow_stop(&path);
    server_stop(&server);
    city_drop(&city);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_now_and_then_is_no_answer),
        cmocka_unit_test(the_writer_stops_in_time),
        cmocka_unit_test(a_load_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
