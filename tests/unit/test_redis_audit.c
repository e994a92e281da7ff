/* Rows of the audit reach a real Redis whatever happens to it: one that lost them gets them again,
 * in their order, and more of them than wait in memory are read back out of the journal before
 * anything counts as confirmed. */
#include "tests/unit/redis_gateway.h"

#include "gateway/keep/redis/resp.h"

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

/* --- entries that somebody added by hand --- */

/* Newest id of a stream. */
static void newest_id(const struct gateway *g, const char *stream, char id[48])
{
    redisReply *reply = redis_ask(&g->base.server, "XREVRANGE %s + - COUNT 1", stream);

    assert_int_equal(reply->elements, 1);
    (void)snprintf(id, 48, "%s", reply->element[0]->element[0]->str);
    freeReplyObject(reply);
}

/* An id that nobody can have is the greatest, or was: all rows come in all the same, each once. */
static void an_absurd_id_hides_no_rows(void **state)
{
    static const struct {
        const char *id;
        unsigned added;
        bool removed; /* again, by whoever added it */
        uint64_t deleted;
    } ways[] = {
        {"18446744073709551615-1",                    1, false, 1},
        {"18446744073709551615-18446744073709551615", 1, false, 1},
        {"*",                                         2, false, 2},
        {"18446744073709551615-1",                    1, true,  0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct gateway *g = up();

        decide(g, 5);
        redis_gateway_settle(&g->base);
        for (unsigned n = 0; n < ways[i].added; n++) {
            redis_do(&g->base.server, "XADD bowei:{city}:audit %s f v", ways[i].id);
        }
        if (ways[i].removed) {
            redis_do(&g->base.server, "XDEL bowei:{city}:audit %s", ways[i].id);
        }
        decide(g, 300);
        redis_gateway_settle(&g->base);
        assert_rows(g);
        assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_FOREIGN), ways[i].deleted);
        assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_HIDDEN), 0);
        assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_ERRORS), 0);
        decide(g, 1);
        redis_gateway_settle(&g->base);
        assert_rows(g);
        down(g);
    }
}

/* And none of the changes. */
static void an_absurd_id_hides_no_changes(void **state)
{
    struct gateway *g = up();
    struct city *city = &g->base.city;
    char before[48];
    char after[48];
    uint64_t epoch;
    uint64_t number;

    (void)state;
    redis_gateway_settle(&g->base);
    newest_id(g, "bowei:{150402}:changes", before);
    redis_do(&g->base.server, "XADD bowei:{150402}:changes 18446744073709551615-1 f v");
    city_space(city, 0, city->spaces[0].state == SPACE_FREE ? SPACE_OCCUPIED : SPACE_FREE,
               g->base.at_ms);
    city->at.seq++;
    flush_mark(g->base.flush, DIRTY_SPACE, 0);
    redis_gateway_settle(&g->base);
    newest_id(g, "bowei:{150402}:changes", after);
    assert_string_not_equal(before, after);
    assert_true(resp_pair_parse(after, strlen(after), &epoch, &number));
    assert_int_equal(epoch, city->at.epoch);
    assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_FOREIGN), 1);
    down(g);
}

/* A greater id that another gateway may have made is no business of ours to delete: it is counted,
 * and all else goes on. The same where Redis does not let us delete. */
static void what_may_be_somebodys_stays(void **state)
{
    static const char *const ids[] = {"4000000000-1", "18446744073709551615-1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct gateway *g = up();
        char id[48];

        decide(g, 5);
        redis_gateway_settle(&g->base);
        redis_do(&g->base.server, "XADD bowei:{city}:audit %s f v", ids[i]);
        redis_do(&g->base.server, "ACL SETUSER default -xdel");
        decide(g, 5);
        redis_gateway_settle(&g->base);
        assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_HIDDEN), 1);
        assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_FOREIGN), 0);
        assert_int_equal(count_get(&g->base.counters, COUNT_REDIS_ERRORS), 0);
        newest_id(g, "bowei:{city}:audit", id);
        assert_string_equal(id, ids[i]);
        if (i == 0) { /* the next start is above it */
            uint64_t epoch;

            assert_int_equal(redis_take_epoch(&g->base.params, &g->base.city.inv, 1, &epoch),
                             ERR_OK);
            assert_int_equal(epoch, 4000000001);
        }
        down(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redis_that_lost_rows_gets_them_again),
        cmocka_unit_test(emptied_under_way_it_gets_them_too),
        cmocka_unit_test(more_rows_than_wait_are_not_lost),
        cmocka_unit_test(an_absurd_id_hides_no_rows),
        cmocka_unit_test(an_absurd_id_hides_no_changes),
        cmocka_unit_test(what_may_be_somebodys_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
