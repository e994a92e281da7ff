/* Rows of the audit reach a real Redis whatever happens to it: one that lost them gets them again,
 * in their order, and more of them than wait in memory are read back out of the journal before
 * anything counts as confirmed. */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"
#include "gateway/keep/redis/resp.h"

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

/* --- entries that somebody added by hand --- */

static void do_command(const struct gateway *g, const char *command)
{
    redisContext *c = server_connect(&g->server);
    redisReply *reply = redisCommand(c, command);

    if (reply->type == REDIS_REPLY_ERROR) {
        fail_msg("%s: %s", command, reply->str);
    }
    freeReplyObject(reply);
    redisFree(c);
}

/* Newest id of a stream. */
static void newest_id(const struct gateway *g, const char *stream, char id[48])
{
    redisContext *c = server_connect(&g->server);
    redisReply *reply = redisCommand(c, "XREVRANGE %s + - COUNT 1", stream);

    assert_int_equal(reply->elements, 1);
    (void)snprintf(id, 48, "%s", reply->element[0]->element[0]->str);
    freeReplyObject(reply);
    redisFree(c);
}

/* An id that nobody can have is the greatest, or was: all rows come in all the same, each once. */
static void an_absurd_id_hides_no_rows(void **state)
{
    static const struct {
        const char *add, *then;
        uint64_t deleted;
    } ways[] = {
        {"XADD bowei:{city}:audit 18446744073709551615-1 f v",                    NULL,                            1},
        {"XADD bowei:{city}:audit 18446744073709551615-18446744073709551615 f v", NULL,                            1},
        {"XADD bowei:{city}:audit * f v",                                         "XADD bowei:{city}:audit * f v", 2},
        {"XADD bowei:{city}:audit 18446744073709551615-1 f v",
         "XDEL bowei:{city}:audit 18446744073709551615-1",                                                         0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct gateway *g = up();

        decide(g, 5);
        all_confirmed(g);
        do_command(g, ways[i].add);
        if (ways[i].then != NULL) {
            do_command(g, ways[i].then);
        }
        decide(g, 300);
        all_confirmed(g);
        assert_rows(g);
        assert_int_equal(count_get(&g->counters, COUNT_REDIS_FOREIGN), ways[i].deleted);
        assert_int_equal(count_get(&g->counters, COUNT_REDIS_HIDDEN), 0);
        assert_int_equal(count_get(&g->counters, COUNT_REDIS_ERRORS), 0);
        decide(g, 1);
        all_confirmed(g);
        assert_rows(g);
        down(g);
    }
}

/* And none of the changes. */
static void an_absurd_id_hides_no_changes(void **state)
{
    struct gateway *g = up();
    char command[96];
    char before[48];
    char after[48];
    uint64_t epoch;
    uint64_t number;

    (void)state;
    all_confirmed(g);
    (void)snprintf(command, sizeof command, "XADD bowei:{%06u}:changes 18446744073709551615-1 f v",
                   g->city.inv.districts[0].adcode);
    newest_id(g, "bowei:{150402}:changes", before);
    do_command(g, command);
    city_space(&g->city, 0, g->city.spaces[0].state == SPACE_FREE ? SPACE_OCCUPIED : SPACE_FREE,
               g->at_ms);
    g->city.at.seq++;
    flush_mark(g->flush, DIRTY_SPACE, 0);
    all_confirmed(g);
    newest_id(g, "bowei:{150402}:changes", after);
    assert_string_not_equal(before, after);
    assert_true(resp_pair_parse(after, strlen(after), &epoch, &number));
    assert_int_equal(epoch, g->city.at.epoch);
    assert_int_equal(count_get(&g->counters, COUNT_REDIS_FOREIGN), 1);
    down(g);
}

/* A greater id that another gateway may have made is no business of ours to delete: it is counted,
 * and all else goes on. The same where Redis does not let us delete. */
static void what_may_be_somebodys_stays(void **state)
{
    static const char *const entries[] = {
        "XADD bowei:{city}:audit 4000000000-1 f v",
        "XADD bowei:{city}:audit 18446744073709551615-1 f v",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        struct gateway *g = up();
        char id[48];

        decide(g, 5);
        all_confirmed(g);
        do_command(g, entries[i]);
        do_command(g, "ACL SETUSER default -xdel");
        decide(g, 5);
        all_confirmed(g);
        assert_int_equal(count_get(&g->counters, COUNT_REDIS_HIDDEN), 1);
        assert_int_equal(count_get(&g->counters, COUNT_REDIS_FOREIGN), 0);
        assert_int_equal(count_get(&g->counters, COUNT_REDIS_ERRORS), 0);
        newest_id(g, "bowei:{city}:audit", id);
        assert_non_null(strstr(entries[i], id));
        if (i == 0) { /* the next start is above it */
            uint64_t epoch;

            assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 1, &epoch), ERR_OK);
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
