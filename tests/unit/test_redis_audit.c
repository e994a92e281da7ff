/* Rows of the audit reach a real Redis whatever happens to it: one that lost them gets them again,
 * in their order, and more of them than wait in memory are read back out of the journal before
 * anything counts as confirmed. */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"

#define TIMEOUT_MS 500
#define LIMIT_MS   20000
#define ROWS_MAX   20000

/* A gateway as far as rows go; its journal is the array of all there ever were. */
struct gateway {
    struct city city; /* first: images of the city are asked for with the same context */
    struct redis_server server;
    struct counters counters;
    struct redis_params params;
    struct redis_writer *writer;
    struct flush *flush;
    struct image *rows;
    size_t row_count, row_at;
    int64_t at_ms;
};

static enum event_found next_row(void *ctx, bool first, struct image *out)
{
    struct gateway *g = ctx;

    g->row_at = first ? 0 : g->row_at;
    if (g->row_at == g->row_count) {
        return EVENT_NO_MORE;
    }
    *out = g->rows[g->row_at++];
    return EVENT_FOUND;
}

static struct gateway *up(void)
{
    struct gateway *g = calloc(1, sizeof *g);
    const struct image_source source = {.ctx = g,
                                        .space = city_image_space,
                                        .lot = city_image_lot,
                                        .override = city_image_override,
                                        .suspect = city_image_suspect,
                                        .row = next_row};
    struct redis_writer_params params = {.counters = &g->counters, .board = &g->city.board};

    assert_non_null(g);
    server_start(&g->server, NULL);
    city_make(&g->city, 200);
    g->rows = calloc(ROWS_MAX, sizeof *g->rows);
    g->params = (struct redis_params){.socket = g->server.socket, .timeout_ms = TIMEOUT_MS};
    assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 1, &params.epoch), ERR_OK);
    params.redis = g->params;
    g->writer = redis_writer_start(&params);
    g->flush = flush_create(g->writer, &source);
    assert_int_equal(flush_reserve(g->flush, &g->city.inv), ERR_OK);
    flush_all(g->flush);
    g->at_ms = CITY_NOW_MS;
    return g;
}

static void down(struct gateway *g)
{
    redis_writer_stop(g->writer);
    flush_destroy(g->flush);
    server_stop(&g->server);
    city_drop(&g->city);
    free(g->rows);
    free(g);
}

/* Journalled, then kept, as the runner does. */
static void decide(struct gateway *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct image *row = &g->rows[g->row_count];

        assert_true(g->row_count < ROWS_MAX);
        g->city.at.seq++;
        *row = (struct image){
            .kind = IMAGE_AUDIT,
            .at = g->city.at,
            .audit = {.command = COMMAND_SPACE_OUT, .at_ms = g->at_ms, .actor = "li.na"}
        };
        g->row_count++;
        assert_int_equal(flush_keep(g->flush, row), ERR_OK);
    }
}

static void step(struct gateway *g)
{
    g->at_ms += 2;
    flush_step(g->flush, g->city.at, g->at_ms, 0);
    pause_ms(2);
}

static void all_confirmed(struct gateway *g)
{
    const int64_t until_ms = host_boot_ms() + LIMIT_MS;

    while (flush_pending(g->flush) > 0 ||
           position_compare(flush_confirmed(g->flush), g->city.at) != 0) {
        assert_true(host_boot_ms() < until_ms);
        step(g);
    }
}

/* Redis has each row once, in its order: its ids are the positions. */
static void assert_rows(const struct gateway *g)
{
    redisContext *c = server_connect(&g->server);
    redisReply *reply = redisCommand(c, "XRANGE bowei:{city}:audit - +");

    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    assert_int_equal(reply->elements, g->row_count);
    for (size_t i = 0; i < g->row_count; i++) {
        char id[48];

        (void)snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)g->rows[i].at.epoch,
                       (unsigned long long)g->rows[i].at.seq);
        assert_string_equal(reply->element[i]->element[0]->str, id);
    }
    freeReplyObject(reply);
    redisFree(c);
}

static void a_redis_that_lost_rows_gets_them_again(void **state)
{
    struct gateway *g = up();

    (void)state;
    decide(g, 600); /* more than two slices */
    all_confirmed(g);
    assert_rows(g);
    server_kill(&g->server);
    decide(g, 5);
    for (int i = 0; i < 20; i++) {
        step(g); /* these are on their way when the loss is found */
    }
    server_run(&g->server);
    decide(g, 5);
    all_confirmed(g);
    assert_rows(g);
    down(g);
}

static void emptied_under_way_it_gets_them_too(void **state)
{
    struct gateway *g = up();
    redisContext *c = server_connect(&g->server);

    (void)state;
    decide(g, 100);
    all_confirmed(g);
    decide(g, 300);
    step(g);
    freeReplyObject(redisCommand(c, "FLUSHALL"));
    redisFree(c);
    decide(g, 1);
    all_confirmed(g);
    assert_rows(g);
    down(g);
}

static void more_rows_than_wait_are_not_lost(void **state)
{
    struct gateway *g = up();
    struct image image;
    redisContext *c;
    redisReply *reply;

    (void)state;
    all_confirmed(g);
    server_kill(&g->server);
    for (int i = 0; i < 10; i++) {
        decide(g, 1000);
        step(g);
    }
    /* rows take no room from what staff decide of sensors */
    assert_true(city_image_suspect(&g->city, 5, &image));
    image.at = g->city.at;
    image.suspect.set = false;
    assert_int_equal(flush_keep(g->flush, &image), ERR_OK);
    server_run(&g->server);
    all_confirmed(g);
    assert_rows(g);
    assert_true(count_get(&g->counters, COUNT_ROWS_OVERFLOWED) > 0);
    c = server_connect(&g->server);
    reply = redisCommand(c, "EXISTS bowei:{city}:suspect:%s", "a840410000000005");
    assert_int_equal(reply->integer, 1);
    freeReplyObject(reply);
    redisFree(c);
    down(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redis_that_lost_rows_gets_them_again),
        cmocka_unit_test(emptied_under_way_it_gets_them_too),
        cmocka_unit_test(more_rows_than_wait_are_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
