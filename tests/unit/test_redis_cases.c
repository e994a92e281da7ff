/* Cases in a real redis-server: what the casebook has is what comes back, rows and all, also from a
 * Redis that came back empty; a forgotten case leaves the index, and its file goes to the archive.
 */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"
#include "tests/unit/case_fixture.h"

#define CASES 300

struct desk {
    struct redis_server server;
    struct case_fixture f;
    struct inventory_board board;
    struct redis_params params;
    struct redis_writer *writer;
    struct flush *flush;
    uint64_t epoch;
};

static void desk_space(void *ctx, uint32_t slot, struct image *out)
{
    core_space_image(((struct desk *)ctx)->f.core, slot, out);
}

static void desk_lot(void *ctx, uint32_t lot, struct image *out)
{
    core_lot_image(((struct desk *)ctx)->f.core, lot, out);
}

static bool desk_none(void *ctx, space_key key, struct image *out)
{
    (void)ctx;
    (void)key;
    (void)out;
    return false;
}

static bool desk_suspect(void *ctx, uint32_t device, struct image *out)
{
    (void)ctx;
    (void)device;
    (void)out;
    return false;
}

static void desk_fence(void *ctx, uint32_t fence, struct image *out)
{
    core_fence_image(((struct desk *)ctx)->f.core, fence, out);
}

static bool desk_case(void *ctx, uint32_t slot, struct image *out)
{
    return core_case_image(((struct desk *)ctx)->f.core, slot, out);
}

static bool desk_row(void *ctx, uint32_t slot, struct image *out)
{
    return core_case_row_image(((struct desk *)ctx)->f.core, slot, out);
}

/* One stay, of the first space. */
static bool desk_stay(void *ctx, uint32_t index, struct image *out)
{
    (void)ctx;
    *out = (struct image){
        .kind = IMAGE_STAY,
        .at = {1,                    5         },
        .stay = { .key = case_space(1, 1), .set = true, .since_ms = CASE_T0, .gap_s = 7}
    };
    return index == 0;
}

static void desk_slots(void *ctx, uint32_t *cases, uint32_t *rows, uint32_t *stays)
{
    *cases = core_case_slots(((struct desk *)ctx)->f.core);
    *rows = core_case_row_slots(((struct desk *)ctx)->f.core);
    *stays = 1;
}

static struct desk *desk_up(const char *acl)
{
    struct desk *d = calloc(1, sizeof *d);
    const struct image_source source = {.ctx = d,
                                        .space = desk_space,
                                        .lot = desk_lot,
                                        .override = desk_none,
                                        .suspect = desk_suspect,
                                        .fence = desk_fence,
                                        .case_ = desk_case,
                                        .case_row = desk_row,
                                        .stay = desk_stay,
                                        .case_slots = desk_slots};
    struct redis_writer_params params = {.counters = NULL};

    assert_non_null(d);
    server_start(&d->server, acl);
    case_start(&d->f);
    (void)inventory_publish(&d->board, d->f.inv);
    d->params = (struct redis_params){
        .socket = d->server.socket, .timeout_ms = 500, .username = acl != NULL ? "gateway" : NULL};
    assert_int_equal(redis_take_epoch(&d->params, d->f.inv, 1, &d->epoch), ERR_OK);
    params.redis = d->params;
    params.counters = &d->f.counters;
    params.board = &d->board;
    params.epoch = d->epoch;
    d->writer = redis_writer_start(&params);
    assert_non_null(d->writer);
    d->flush = flush_create(d->writer, &source);
    assert_non_null(d->flush);
    assert_int_equal(flush_reserve(d->flush, d->f.inv), ERR_OK);
    return d;
}

static void desk_down(struct desk *d)
{
    redis_writer_stop(d->writer);
    flush_destroy(d->flush);
    (void)inventory_publish(&d->board, NULL);
    case_stop(&d->f);
    server_stop(&d->server);
    free(d);
}

static void mark(struct desk *d)
{
    for (size_t i = 0; i < d->f.effects->touched_count; i++) {
        const struct touched *t = &d->f.effects->touched[i];

        if (t->kind == CHANGE_CASE || t->kind == CHANGE_CASE_ROW) {
            flush_mark(d->flush, t->kind == CHANGE_CASE ? DIRTY_CASE : DIRTY_CASE_ROW, t->index);
        }
    }
}

/* Until all is confirmed; time runs fast, so that the heartbeat (1.5 s) comes soon. */
static void settle(struct desk *d)
{
    const int64_t until_ms = host_boot_ms() + 20000;
    const struct position newest = {1, ++d->f.seq};

    do {
        d->f.now.at_ms += 10;
        flush_step(d->flush, newest, d->f.now.at_ms, 0);
        pause_ms(1);
        assert_true(host_boot_ms() < until_ms);
    } while (flush_pending(d->flush) != 0 ||
             position_compare(flush_confirmed(d->flush), newest) != 0);
}

static long long number(struct desk *d, const char *format, ...) PRINTF_LIKE(2, 3);

static long long number(struct desk *d, const char *format, ...)
{
    redisContext *c = server_connect(&d->server);
    redisReply *reply;
    va_list args;
    long long n;

    va_start(args, format);
    reply = redisvCommand(c, format, args);
    va_end(args);
    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    n = reply->integer;
    freeReplyObject(reply);
    redisFree(c);
    return n;
}

/* A case that is filed, handled and noted some times. */
static void work(struct desk *d, unsigned i)
{
    const enum case_kind kinds[] = {CASE_ORDER, CASE_FACILITY, CASE_ZOMBIE_CAR, CASE_PILE_UP};

    char vehicle[VEHICLE_REF_MAX + 1];

    (void)snprintf(vehicle, sizeof vehicle, "HLO-%04u", i);
    assert_ok(&d->f,
              case_open(&d->f, kinds[i % 4], SOURCE_PATROL, case_space(1, 1 + i % 4), vehicle));
    mark(d);
    for (unsigned k = 0; k < 1 + i % 5; k++) {
        assert_ok(&d->f, case_say(&d->f, "clerk", k == 1 ? CASE_EVENT_NOTE : CASE_EVENT_EVIDENCE));
        mark(d);
    }
    if (i % 4 == 0) {
        assert_ok(&d->f, case_say(&d->f, "clerk", CASE_EVENT_FILE));
        mark(d);
    }
}

struct loaded {
    struct desk *d;
    unsigned cases, rows, stays;
    struct core *core;
};

static void take(void *ctx, const struct image *image)
{
    struct loaded *l = ctx;

    l->cases += image->kind == IMAGE_CASE;
    l->rows += image->kind == IMAGE_CASE_ROW;
    l->stays += image->kind == IMAGE_STAY && image->stay.gap_s == 7;
    if (image->kind != IMAGE_STAY) {
        core_restore(l->core, image);
    }
}

static void assert_same(const struct core *core, struct case_image *want,
                        const struct case_row_image *rows, uint32_t count)
{
    struct case_request request = {.id = want->id, .limit = 1};
    struct command command = {.kind = COMMAND_CASES, .cases = &request};
    struct input input = {
        .at = {9, want->version},
          .kind = INPUT_COMMAND, .command = &command
    };
    struct case_image *got = calloc(1, sizeof *got);
    struct case_row_image *got_rows = calloc(CASE_ROWS_MAX, sizeof *got_rows);

    request.cases = got;
    request.rows = got_rows;
    (void)core_step((struct core *)(uintptr_t)core, &input);
    assert_int_equal(command.result, ERR_OK);
    assert_memory_equal(got, want, sizeof *want);
    assert_int_equal(request.row_count, count);
    assert_memory_equal(got_rows, rows, count * sizeof *rows);
    free(got);
    free(got_rows);
}

static void assert_loaded(struct desk *d)
{
    struct loaded l = {.d = d};
    struct position newest;
    int64_t high_water_ms;
    struct image image;
    unsigned cases = 0;

    l.core = core_create(d->f.inv, &d->f.counters);
    assert_non_null(l.core);
    assert_int_equal(redis_load(&d->params, d->f.inv, take, &l, &newest, &high_water_ms), ERR_OK);
    core_restored(l.core, d->f.now, false);
    core_cases_on(l.core);
    for (uint32_t i = 0; i < core_case_slots(d->f.core); i++) {
        if (core_case_image(d->f.core, i, &image)) {
            assert_int_equal(case_read(&d->f, image.case_.id), ERR_OK);
            assert_same(l.core, &d->f.last, d->f.rows, d->f.row_count);
            cases++;
        }
    }
    assert_int_equal(l.cases, cases);
    assert_int_equal(l.stays, 1);
    core_destroy(l.core);
}

static void cases_come_back_with_their_histories(void **state)
{
    struct desk *d = desk_up(TESTS_DIR "/../docker/redis-users.acl");

    (void)state;
    for (unsigned i = 0; i < (getenv("BOWEI_QUICK") != NULL ? CASES / 5 : CASES); i++) {
        work(d, i);
        if (i % 50 == 0) {
            settle(d);
        }
    }
    settle(d);
    assert_loaded(d);
    assert_int_equal(count_get(&d->f.counters, COUNT_REDIS_ERRORS), 0);
    desk_down(d);
}

static void an_empty_redis_gets_all_of_them_again(void **state)
{
    struct desk *d = desk_up(NULL);

    (void)state;
    for (unsigned i = 0; i < 80; i++) {
        work(d, i);
    }
    settle(d);
    assert_int_equal(number(d, "SADD bowei:{150402}:cases 150402-20260601-09999-0"), 1);
    server_kill(&d->server);
    work(d, 80);
    server_run(&d->server);
    settle(d);
    assert_loaded(d);
    assert_int_equal(number(d, "SCARD bowei:{150402}:cases"), 81);
    assert_int_equal(number(d, "EXISTS bowei:{150402}:cases.next"), 0);
    desk_down(d);
}

/* What others put where the index or a history belongs is replaced, and nothing is missing then. */
static void foreign_types_are_replaced(void **state)
{
    struct desk *d = desk_up(NULL);
    struct image image;
    char number_text[CASE_NUMBER_LEN + 1];

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        work(d, i);
    }
    settle(d);
    assert_int_equal(number(d, "DEL bowei:{150402}:cases"), 1);
    assert_int_equal(number(d, "LPUSH bowei:{150402}:cases foreign"), 1);
    work(d, 40);
    assert_true(core_case_image(d->f.core, 40, &image));
    case_id_format(image.case_.id, number_text);
    assert_int_equal(number(d, "LPUSH bowei:{150402}:case:%s foreign", number_text), 1);
    settle(d);
    settle(d);
    assert_int_equal(number(d, "SCARD bowei:{150402}:cases"), 41);
    assert_loaded(d);
    desk_down(d);
}

static void a_forgotten_case_goes_to_the_archive(void **state)
{
    struct desk *d = desk_up(NULL);
    char kept[CASE_NUMBER_LEN + 1];

    (void)state;
    d->f.rules.keep_days = 40;
    core_case_rules(d->f.core, &d->f.rules);
    assert_ok(&d->f, case_open(&d->f, CASE_ORDER, SOURCE_PATROL, case_space(1, 1), ""));
    mark(d);
    assert_ok(&d->f, case_say(&d->f, "clerk", CASE_EVENT_VOID));
    mark(d);
    case_id_format(d->f.last.id, kept);
    settle(d);
    assert_int_equal(number(d, "HLEN bowei:{150402}:case:%s:rows", kept), 2);
    assert_int_equal(number(d, "PTTL bowei:{150402}:case:%s", kept), -1);
    d->f.now.at_ms += 41 * DAY;
    while (core_due(d->f.core) <= d->f.now.at_ms) {
        d->f.effects = core_advance(d->f.core, d->f.now);
        mark(d);
    }
    assert_ok(&d->f, case_open(&d->f, CASE_ORDER, SOURCE_PATROL, case_space(1, 2), ""));
    mark(d); /* in the same slot */
    settle(d);
    assert_int_equal(number(d, "SISMEMBER bowei:{150402}:cases %s", kept), 0);
    assert_int_equal(number(d, "SCARD bowei:{150402}:cases"), 1);
    assert_true(number(d, "PTTL bowei:{150402}:case:%s", kept) > 1000 * DAY);
    assert_true(number(d, "PTTL bowei:{150402}:case:%s:rows", kept) > 1000 * DAY);
    assert_loaded(d);
    desk_down(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_come_back_with_their_histories),
        cmocka_unit_test(an_empty_redis_gets_all_of_them_again),
        cmocka_unit_test(foreign_types_are_replaced),
        cmocka_unit_test(a_forgotten_case_goes_to_the_archive),
    };

    return cmocka_run_group_tests_name("redis_cases", tests, NULL, NULL);
}
