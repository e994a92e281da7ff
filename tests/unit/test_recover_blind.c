/* A start that cannot ask Redis which epochs there were: what it hears is newer than all that Redis
 * holds, whatever the state folder knows. */
#include "tests/unit/recover_start.h"

#define SPACES       200u
#define FORMER_EPOCH 57

struct fixture {
    struct recover_start base;
    struct recovery recovery;
    struct position newest; /* of the images of space 0 */
    unsigned images, replayed;
};

static void on_restore(void *ctx, const struct image *image)
{
    struct fixture *f = ctx;

    if (image->kind == IMAGE_SPACE && image->space.key == f->base.city.inv.spaces[0].key) {
        f->images++;
        if (position_compare(image->at, f->newest) > 0) {
            f->newest = image->at;
        }
    }
}

/* As the core: what an image knows already is no news. */
static void on_replay(void *ctx, const struct input *input)
{
    struct fixture *f = ctx;

    f->replayed += position_compare(input->at, f->newest) > 0;
}

static enum err run(struct fixture *f)
{
    const struct recover_params params = {.state = f->base.state,
                                          .redis = &f->base.redis,
                                          .inventory = &f->base.city.inv,
                                          .counters = &f->base.counters,
                                          .wall_ms = CITY_NOW_MS};
    const struct recover_calls calls = {f, on_restore, on_replay};

    return recover_run(&params, &calls, &f->recovery);
}

static void put_space(struct fixture *f, const char *v)
{
    redisContext *c = server_connect(&f->base.server);
    char id[SPACE_ID_LEN + 1] = "";

    space_id_write(f->base.city.inv.spaces[0].key, id);
    freeReplyObject(redisCommand(c, "HSET bowei:{150402}:space:%s state free v %s", id, v));
    freeReplyObject(redisCommand(c, "SET bowei:{150402}:epoch %d", FORMER_EPOCH));
    redisFree(c);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    recover_start_open(&f->base, SPACES, 200);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    recover_start_close(&f->base);
    free(f);
    return 0;
}

/* The folder is new (another host, a new disk), Redis is away at the start and holds the images of
 * 57 starts: a reading accepted meanwhile is not older than they are. */
static void what_a_blind_start_accepts_is_not_lost(void **state)
{
    struct fixture *f = *state;
    uint64_t epoch;

    put_space(f, "57-123456");
    kill(f->base.server.pid, SIGSTOP);
    assert_int_equal(run(f), ERR_OK);
    assert_false(f->recovery.epoch_taken);
    epoch = f->recovery.epoch;
    recover_start_reading(&f->base, 0, (struct position){epoch, f->recovery.next_seq}, CITY_NOW_MS);
    kill(f->base.server.pid, SIGCONT); /* and here the gateway is killed */

    server_await(&f->base.server);
    assert_int_equal(run(f), ERR_OK);
    assert_true(f->recovery.redis_read);
    assert_int_equal(f->images, 1);
    assert_int_equal(f->replayed, 1);
    assert_true(f->recovery.epoch > epoch);
}

/* With a clock that was never set nothing is better known than the folder's own number. */
static void without_a_clock_the_folder_counts(void **state)
{
    struct fixture *f = *state;
    const struct recover_params params = {.state = f->base.state,
                                          .inventory = &f->base.city.inv,
                                          .counters = &f->base.counters,
                                          .wall_ms = 5000};
    const struct recover_calls calls = {f, on_restore, on_replay};

    assert_int_equal(state_folder_set_epoch(f->base.state, 41), ERR_OK);
    assert_int_equal(recover_run(&params, &calls, &f->recovery), ERR_OK);
    assert_int_equal(f->recovery.epoch, 42);
}

/* --- numbers that nobody of us wrote --- */

static void ask(struct fixture *f, const char *command)
{
    redisContext *c = server_connect(&f->base.server);
    redisReply *reply = redisCommand(c, command);

    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    redisFree(c);
}

/* An image that claims to be newer than every epoch would silence the journal for its space. */
static void a_position_of_the_future_is_refused(void **state)
{
    static const char *const positions[] = {"9000000000000000000-1", "18446744073709551615-5",
                                            "58-1", "3-18446744073709551615"};
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(positions); i++) {
        f->images = 0;
        put_space(f, positions[i]);
        assert_int_equal(run(f), ERR_OK);
        assert_true(f->recovery.redis_read);
        assert_int_equal(f->images, 0);
        assert_true(f->recovery.next_seq >= 1 && f->recovery.next_seq < 1000);
        assert_true(f->recovery.epoch < 100);
        ask(f, "FLUSHALL");
        assert_int_equal(state_folder_set_epoch(f->base.state, 0), ERR_OK);
    }
}

static void absurd_epochs_are_none(void **state)
{
    static const char *const numbers[] = {"18446744073709551615",
                                          "9223372036854775808",
                                          "-1",
                                          "99999999999999999999999",
                                          "\xff\xfe",
                                          ""};
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        redisContext *c = server_connect(&f->base.server);

        freeReplyObject(
            redisCommand(c, "SET bowei:{150402}:epoch %b", numbers[i], strlen(numbers[i])));
        freeReplyObject(redisCommand(c, "HSET bowei:{150402}:meta schema 2 applied %b:%b as_of %b",
                                     numbers[i], strlen(numbers[i]), numbers[i], strlen(numbers[i]),
                                     numbers[i], strlen(numbers[i])));
        redisFree(c);
        assert_int_equal(run(f), ERR_OK);
        assert_true(f->recovery.redis_read);
        assert_true(f->recovery.epoch > 0 && f->recovery.epoch < 1000);
        assert_true(f->recovery.next_seq >= 1 && f->recovery.next_seq < 1000);
        assert_int_equal(f->recovery.high_water_ms, 0);
        assert_false(f->recovery.clock_suspect);
    }
}

/* Microseconds instead of milliseconds, say: a city clock that began there would never come back.
 */
static void a_time_no_clock_shows_is_none(void **state)
{
    static const char *const times[] = {"9223372036854775807", "1795312800000000", "-5"};
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char command[128];

        (void)snprintf(command, sizeof command,
                       "HSET bowei:{150402}:meta schema 2 applied 1:1 as_of %s", times[i]);
        ask(f, command);
        (void)snprintf(command, sizeof command, "HSET bowei:{city}:events to %s-1 since 0-0",
                       times[i]);
        ask(f, command);
        assert_int_equal(run(f), ERR_OK);
        assert_int_equal(f->recovery.high_water_ms, 0);
        assert_int_equal(f->recovery.event.at_ms, 0);
    }
    ask(f, "HSET bowei:{city}:events to 1795312800000-18446744073709551615");
    assert_int_equal(run(f), ERR_OK);
    assert_int_equal(f->recovery.event.number, 0);
}

/* The same in a space: damaged, so it is left out and unknown until heard. */
static void a_space_of_no_time_is_left_out(void **state)
{
    static const char *const fields[] = {"since 9223372036854775807",
                                         "seen 99999999999999999",
                                         "seen -1",
                                         "limit -5",
                                         "limit 4294967296",
                                         "conf 256",
                                         "v x",
                                         "k zzzz",
                                         "p ////////////////",
                                         "state ajar"};
    struct fixture *f = *state;
    char id[SPACE_ID_LEN + 1] = "";
    char command[160];

    space_id_write(f->base.city.inv.spaces[0].key, id);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        f->images = 0;
        ask(f, "FLUSHALL");
        put_space(f, "57-1");
        assert_int_equal(run(f), ERR_OK);
        assert_int_equal(f->images, 1);
        (void)snprintf(command, sizeof command, "HSET bowei:{150402}:space:%s %s", id, fields[i]);
        ask(f, command);
        assert_int_equal(run(f), ERR_OK);
        assert_true(f->recovery.redis_read);
        assert_int_equal(f->images, 1);
    }
}

/* A file that was damaged or edited: the journal's epoch is used, never a part of the number. */
static void a_damaged_epoch_file_is_none(void **state)
{
    static const char *const texts[] = {"18446744073709551615\n", "99999999999999999999999\n",
                                        "12abc\n", "9223372036854775808"};
    struct fixture *f = *state;

    server_kill(&f->base.server);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct recover_params params = {.state = f->base.state,
                                              .inventory = &f->base.city.inv,
                                              .counters = &f->base.counters,
                                              .wall_ms = 5000};
        const struct recover_calls calls = {f, on_restore, on_replay};
        char path[400];
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/epoch", f->base.path);
        file = fopen(path, "w");
        assert_non_null(file);
        (void)fputs(texts[i], file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(recover_run(&params, &calls, &f->recovery), ERR_OK);
        assert_int_equal(f->recovery.epoch, 5);
    }
    server_run(&f->base.server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_blind_start_accepts_is_not_lost), TEST(without_a_clock_the_folder_counts),
        TEST(a_position_of_the_future_is_refused),    TEST(absurd_epochs_are_none),
        TEST(a_time_no_clock_shows_is_none),          TEST(a_space_of_no_time_is_left_out),
        TEST(a_damaged_epoch_file_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
