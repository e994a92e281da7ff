/* The audit read back from a real Redis: newest first, each row once over pages, filters, a stream
 * that holds what is not ours, and a Redis that is away. */
#include "tests/unit/redis_fixture.h"

#include "bowei/audit_log.h"

#define ROWS  1700 /* more than three batches */
#define STEP  1000 /* ms between two rows */
#define BEGAN 1780000000000LL

static struct redis_server server;
static struct redis_params params;
static struct audit_reader *reader;

static void row_add(redisContext *c, unsigned n)
{
    redisReply *reply = redisCommand(
        c,
        "XADD bowei:{city}:audit 3-%u at %lld command %s place %s case %s device %s actor %s note "
        "n%u",
        n + 1, BEGAN + (long long)n * STEP, n % 10 == 0 ? "case_move" : "cases", "",
        n % 100 == 0 ? "150402-20260601-00001-0" : "", "", n % 2 == 0 ? "wang" : "li", n);

    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    freeReplyObject(reply);
}

static int setup(void **state)
{
    redisContext *c;

    (void)state;
    server_start(&server, NULL);
    params = (struct redis_params){.socket = server.socket, .timeout_ms = 2000};
    c = server_connect(&server);
    for (unsigned n = 0; n < ROWS; n++) {
        row_add(c, n);
    }
    freeReplyObject(redisCommand(c, "XADD bowei:{city}:audit 3-%u something else", ROWS + 1));
    redisFree(c);
    reader = audit_reader_create(&params);
    assert_non_null(reader);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    audit_reader_destroy(reader);
    server_stop(&server);
    return 0;
}

/* All rows of a filter over pages of `room`; numbers[] are those of their notes. */
static unsigned pages(const struct audit_filter *filter, uint32_t room, unsigned *numbers,
                      unsigned cap)
{
    const struct audit_port port = audit_reader_port(reader);
    struct audit_asking *asking = calloc(1, sizeof *asking + room * sizeof asking->rows[0]);
    unsigned count = 0;

    assert_non_null(asking);
    asking->filter = *filter;
    asking->room = room;
    do {
        assert_int_equal(port.read(port.ctx, asking), ERR_OK);
        for (uint32_t i = 0; i < asking->count; i++) {
            if (asking->rows[i].note[0] == 'n') {
                assert_true(count < cap);
                numbers[count++] = (unsigned)atoi(asking->rows[i].note + 1);
            }
        }
        asking->before = asking->reached;
    } while (asking->more);
    free(asking);
    return count;
}

static void each_row_once_newest_first(void **state)
{
    static const uint32_t rooms[] = {7, 500, 999, 2000};
    static unsigned numbers[ROWS + 1];

    (void)state;
    for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++) {
        assert_int_equal(pages(&(struct audit_filter){.actor = ""}, rooms[r], numbers, ROWS), ROWS);
        for (unsigned i = 0; i < ROWS; i++) {
            assert_int_equal(numbers[i], ROWS - 1 - i);
        }
    }
}

static void filters_hold_together(void **state)
{
    static unsigned numbers[ROWS];
    struct audit_filter filter = {.actor = "wang", .command = "case_move"};
    unsigned count;

    (void)state;
    assert_int_equal(pages(&filter, 20, numbers, ROWS), ROWS / 10);
    filter = (struct audit_filter){.actor = "li", .command = "case_move"};
    assert_int_equal(pages(&filter, 20, numbers, ROWS), 0);
    filter = (struct audit_filter){.case_number = "150402-20260601-00001-0"};
    assert_int_equal(pages(&filter, 20, numbers, ROWS), ROWS / 100);
    filter = (struct audit_filter){.from_ms = BEGAN + 100 * STEP, .until_ms = BEGAN + 140 * STEP};
    count = pages(&filter, 11, numbers, ROWS);
    assert_int_equal(count, 40);
    assert_int_equal(numbers[0], 139);
    assert_int_equal(numbers[39], 100);
}

static void without_redis_it_says_so(void **state)
{
    const struct redis_params nowhere = {.socket = "/nonexistent/redis.sock", .timeout_ms = 200};
    struct audit_reader *lost = audit_reader_create(&nowhere);
    const struct audit_port port = audit_reader_port(lost);
    struct audit_asking asking = {.room = 0};

    (void)state;
    assert_non_null(lost);
    assert_int_equal(port.read(port.ctx, &asking), ERR_UNAVAILABLE);
    audit_reader_destroy(lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_once_newest_first),
        cmocka_unit_test(filters_hold_together),
        cmocka_unit_test(without_redis_it_says_so),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
