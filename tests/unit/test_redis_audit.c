/* Rows of the audit reach a real Redis whatever happens to it: one that lost them gets them again,
 * in their order, and more of them than wait in memory are read back out of the journal before
 * anything counts as confirmed. */
#include "tests/unit/redis_gateway.h"

#define ROWS_MAX 20000

/* A gateway as far as rows go; its journal is the array of all there ever were. */
struct gateway {
    struct redis_gateway base;
    struct image *rows;
    size_t row_count, row_at;
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

    assert_non_null(g);
    redis_gateway_open(&g->base, 200, NULL, 500);
    g->rows = calloc(ROWS_MAX, sizeof *g->rows);
    assert_non_null(g->rows);
    redis_gateway_begin(&g->base, (struct image_source){.row = next_row});
    flush_all(g->base.flush);
    return g;
}

static void down(struct gateway *g)
{
    redis_gateway_close(&g->base);
    free(g->rows);
    free(g);
}

/* Journalled, then kept, as the runner does. */
static void decide(struct gateway *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct image *row = &g->rows[g->row_count];

        assert_true(g->row_count < ROWS_MAX);
        g->base.city.at.seq++;
        *row = (struct image){
            .kind = IMAGE_AUDIT,
            .at = g->base.city.at,
            .audit = {.command = COMMAND_SPACE_OUT, .at_ms = g->base.at_ms, .actor = "li.na"}
        };
        g->row_count++;
        assert_int_equal(flush_keep(g->base.flush, row), ERR_OK);
    }
}

/* Redis has each row once, in its order: its ids are the positions. */
static void assert_rows(const struct gateway *g)
{
    redisContext *c = server_connect(&g->base.server);
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
    redis_gateway_settle(&g->base);
    assert_rows(g);
    server_kill(&g->base.server);
    decide(g, 5);
    for (int i = 0; i < 20; i++) {
        redis_gateway_turn(&g->base); /* these are on their way when the loss is found */
    }
    server_run(&g->base.server);
    decide(g, 5);
    redis_gateway_settle(&g->base);
    assert_rows(g);
    down(g);
}

static void emptied_under_way_it_gets_them_too(void **state)
{
    struct gateway *g = up();
    redisContext *c = server_connect(&g->base.server);

    (void)state;
    decide(g, 100);
    redis_gateway_settle(&g->base);
    decide(g, 300);
    redis_gateway_turn(&g->base);
    freeReplyObject(redisCommand(c, "FLUSHALL"));
    redisFree(c);
    decide(g, 1);
    redis_gateway_settle(&g->base);
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
    redis_gateway_settle(&g->base);
    server_kill(&g->base.server);
    for (int i = 0; i < 10; i++) {
        decide(g, 1000);
        redis_gateway_turn(&g->base);
    }
    /* rows take no room from what staff decide of sensors */
    assert_true(city_image_suspect(&g->base.city, 5, &image));
    image.at = g->base.city.at;
    image.suspect.set = false;
    assert_int_equal(flush_keep(g->base.flush, &image), ERR_OK);
    server_run(&g->base.server);
    redis_gateway_settle(&g->base);
    assert_rows(g);
    assert_true(count_get(&g->base.counters, COUNT_ROWS_OVERFLOWED) > 0);
    c = server_connect(&g->base.server);
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
