/* How fast the Redis writer is: HSETs/s through the whole of it (flush_step, slices, fenced
 * transactions, replies checked), against `redis-benchmark -c 1 -P 256` on the same unix socket,
 * alternately. Two opponents: its plain HSET of one 3-byte field, and an HSET of the same shape as
 * ours (docs/PERFORMANCE.md: at least 0.9x).
 *
 *   bench_writer [spaces] [rounds]   compares with redis-benchmark itself, on a server of its own
 *   bench_writer <unix socket>       one measurement of the writer alone, for bench.py */
#include "../unit/redis_fixture.h"

#include "bowei/base/city_clock.h"
#include <pthread.h>

#define ROUNDS_MAX 32

static double seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* What the runner's eventfd does: the core sleeps until the writer wants something. */
struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool pending;
};

static void ring(void *ctx)
{
    struct bell *bell = ctx;

    pthread_mutex_lock(&bell->lock);
    bell->pending = true;
    pthread_cond_signal(&bell->rung);
    pthread_mutex_unlock(&bell->lock);
}

static void await(struct bell *bell)
{
    pthread_mutex_lock(&bell->lock);
    while (!bell->pending) {
        pthread_cond_wait(&bell->rung, &bell->lock);
    }
    bell->pending = false;
    pthread_mutex_unlock(&bell->lock);
}

struct rig {
    struct redis_server server;
    struct city city;
    struct counters counters;
    struct flush *flush;
    struct bell bell;
};

/* Marks every space changed, `repeat` times, and waits until Redis has it. */
static double write_round(struct rig *rig, unsigned repeat, bool flip)
{
    uint32_t n = rig->city.inv.space_count;
    double start = seconds();

    for (unsigned r = 0; r < repeat; r++) {
        rig->city.at.seq++;
        for (uint32_t i = 0; i < n; i++) {
            struct space_image *s = &rig->city.spaces[i];

            if (flip) {
                city_space(&rig->city, i, s->state == SPACE_FREE ? SPACE_OCCUPIED : SPACE_FREE,
                           s->since_ms + 1);
            } else {
                s->since_ms = s->shown_since_ms = s->known_since_ms = s->since_ms + 1;
            }
            flush_mark(rig->flush, DIRTY_SPACE, i);
        }
        do {
            flush_step(rig->flush, rig->city.at, CITY_NOW_MS, 0);
            if (position_compare(flush_confirmed(rig->flush), rig->city.at) != 0) {
                await(&rig->bell);
            }
        } while (position_compare(flush_confirmed(rig->flush), rig->city.at) != 0);
    }
    return (double)n * repeat / (seconds() - start);
}

static double redis_benchmark(const struct rig *rig, const char *what)
{
    char command[1024];
    char line[512];
    double rate = 0;
    FILE *pipe;

    snprintf(command, sizeof command,
             "redis-benchmark -s %s -c 1 -P 256 -n 400000 -r %u --csv %s 2>/dev/null",
             rig->server.socket, rig->city.inv.space_count, what);
    pipe = popen(command, "r");
    if (pipe == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, pipe) != NULL) {
        const char *at = strstr(line, "\",\"");

        if (at != NULL && atof(at + 3) > 0) {
            rate = atof(at + 3);
        }
    }
    pclose(pipe);
    return rate;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static const char same_shape[] =
    "HSET 'bowei:{150402}:bench:__rand_int__' state occupied reason fresh since 1795312800000 "
    "seen 1795312801500 limit 7500000 conf 97 src a840410000012345 v 1-123456 k abc "
    "p 0123456789012345678901234567890";

static void compare(struct rig *rig, unsigned repeat, int rounds)
{
    double ours[ROUNDS_MAX], flips[ROUNDS_MAX], plain[ROUNDS_MAX], shaped[ROUNDS_MAX];
    double to_plain[ROUNDS_MAX], to_shaped[ROUNDS_MAX];

    for (int i = 0; i < rounds; i++) {
        ours[i] = write_round(rig, repeat, false);
        plain[i] = redis_benchmark(rig, "-t hset");
        flips[i] = write_round(rig, repeat, true);
        shaped[i] = redis_benchmark(rig, same_shape);
        to_plain[i] = ours[i] / plain[i];
        to_shaped[i] = ours[i] / shaped[i];
        printf("round %d: writer %.0f HSET/s, with geo changes %.0f, redis-benchmark HSET %.0f, "
               "of the same shape %.0f\n",
               i + 1, ours[i], flips[i], plain[i], shaped[i]);
    }
    printf("median of %d: writer %.0f/s (geo changes %.0f/s); redis-benchmark %.0f/s, same shape "
           "%.0f/s\n",
           rounds, median(ours, rounds), median(flips, rounds), median(plain, rounds),
           median(shaped, rounds));
    printf("ratio to redis-benchmark HSET %.2f, to an HSET of the same shape %.2f (bar 0.9)\n",
           median(to_plain, rounds), median(to_shaped, rounds));
}

static void each(void *ctx, const struct image *image)
{
    (void)image;
    ++*(uint32_t *)ctx;
}

int main(int argc, char **argv)
{
    bool alone = argc > 1 && strchr(argv[1], '/') != NULL;
    uint32_t spaces = argc > 1 && !alone ? (uint32_t)atoi(argv[1]) : 100000;
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    struct rig *rig = calloc(1, sizeof *rig);
    const struct image_source source = {.space = city_image_space,
                                        .lot = city_image_lot,
                                        .override = city_image_override,
                                        .suspect = city_image_suspect};
    struct redis_writer_params params = {.wake_core = ring};
    struct image_source with_city = source;
    uint32_t loaded = 0;
    struct position newest;
    int64_t high_water_ms;
    double start;
    double first;

    if (rig == NULL || rounds < 1 || rounds > ROUNDS_MAX || spaces < 1) {
        return 2;
    }
    pthread_mutex_init(&rig->bell.lock, NULL);
    pthread_cond_init(&rig->bell.rung, NULL);
    if (alone) {
        signal(SIGPIPE, SIG_IGN);
        snprintf(rig->server.socket, sizeof rig->server.socket, "%s", argv[1]);
    } else {
        server_start(&rig->server, NULL);
    }
    city_make(&rig->city, spaces);
    with_city.ctx = &rig->city;
    params.redis = (struct redis_params){.socket = rig->server.socket, .timeout_ms = 1000};
    params.counters = &rig->counters;
    params.board = &rig->city.board;
    params.ctx = &rig->bell;
    if (redis_take_epoch(&params.redis, &rig->city.inv, 1, &params.epoch) != ERR_OK) {
        return 1;
    }
    struct redis_writer *writer = redis_writer_start(&params);
    rig->flush = flush_create(writer, &with_city);
    if (flush_reserve(rig->flush, &rig->city.inv) != ERR_OK) {
        return 1;
    }
    start = seconds();
    write_round(rig, 1, false);
    first = seconds() - start;
    start = seconds();
    if (redis_load(&params.redis, &rig->city.inv, each, &loaded, &newest, &high_water_ms) !=
        ERR_OK) {
        return 1;
    }
    printf("%u spaces: written from nothing in %.2f s, %u images loaded in %.2f s\n", spaces, first,
           loaded, seconds() - start);
    if (alone) {
        printf("%.0f HSETs/s\n", write_round(rig, 4, false));
    } else {
        compare(rig, 400000 / spaces > 0 ? 400000 / spaces : 1, rounds);
    }
    redis_writer_stop(writer);
    flush_destroy(rig->flush);
    if (!alone) {
        server_stop(&rig->server);
    }
    city_drop(&rig->city);
    free(rig);
    return 0;
}
