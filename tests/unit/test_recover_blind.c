/* A start that cannot ask Redis which epochs there were: what it hears is newer than all that Redis
 * holds, whatever the state folder knows. */
#include "redis_fixture.h"

#include "bowei/journal.h"
#include "bowei/recover.h"
#include "tests/unit/scratch_folder.h"

#define SPACES       200u
#define FORMER_EPOCH 57

struct fixture {
    struct redis_server server;
    struct city city;
    struct redis_params redis;
    struct counters counters;
    struct state_folder *state;
    struct journal *journal;
    char path[256];
    struct recovery recovery;
    struct position newest; /* of the images of space 0 */
    unsigned images, replayed;
};

static void on_restore(void *ctx, const struct image *image)
{
    struct fixture *f = ctx;

    if (image->kind == IMAGE_SPACE && image->space.key == f->city.inv.spaces[0].key) {
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
    const struct recover_params params = {.state = f->state,
                                          .redis = &f->redis,
                                          .inventory = &f->city.inv,
                                          .counters = &f->counters,
                                          .wall_ms = CITY_NOW_MS};
    const struct recover_calls calls = {f, on_restore, on_replay};

    return recover_run(&params, &calls, &f->recovery);
}

static void put_space(struct fixture *f, const char *v)
{
    redisContext *c = server_connect(&f->server);
    char id[SPACE_ID_LEN + 1] = "";

    space_id_write(f->city.inv.spaces[0].key, id);
    freeReplyObject(redisCommand(c, "HSET bowei:{150402}:space:%s state free v %s", id, v));
    freeReplyObject(redisCommand(c, "SET bowei:{150402}:epoch %d", FORMER_EPOCH));
    redisFree(c);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    pid_t owner;

    server_start(&f->server, NULL);
    city_make(&f->city, SPACES);
    assert_int_equal(lookup_names(&f->city.inv), ERR_OK);
    f->city.inv.device_sensors = calloc(SPACES, sizeof *f->city.inv.device_sensors);
    for (uint32_t i = 0; i < SPACES; i++) {
        f->city.inv.devices[i].sensors_of = i;
        f->city.inv.device_sensors[i] = i;
    }
    f->redis = (struct redis_params){.socket = f->server.socket, .timeout_ms = 200};
    scratch_folder_make(f->path, sizeof f->path);
    assert_int_equal(state_folder_open(f->path, &f->state, &owner), ERR_OK);
    const struct journal_params journal = {.folder = state_folder_journal(f->state),
                                           .counters = &f->counters};
    assert_int_equal(journal_open(&journal, &f->journal), ERR_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    journal_close(f->journal);
    state_folder_close(f->state);
    scratch_folder_remove(f->path);
    server_stop(&f->server);
    free(f->city.inv.device_sensors);
    city_drop(&f->city);
    free(f);
    return 0;
}

/* The folder is new (another host, a new disk), Redis is away at the start and holds the images of
 * 57 starts: a reading accepted meanwhile is not older than they are. */
static void what_a_blind_start_accepts_is_not_lost(void **state)
{
    struct fixture *f = *state;
    struct reading reading = {
        .root = f->city.inv.spaces[0].key, .value = VALUE_OCCUPIED, .device_len = CITY_DEVICE_LEN};
    struct record_stamp stamp = {.now = {.at_ms = CITY_NOW_MS}, .inventory_version = 1};

    put_space(f, "57-123456");
    kill(f->server.pid, SIGSTOP);
    assert_int_equal(run(f), ERR_OK);
    assert_false(f->recovery.epoch_taken);
    memcpy(reading.device, inventory_text(&f->city.inv, f->city.inv.devices[0].id),
           CITY_DEVICE_LEN);
    stamp.at = (struct position){f->recovery.epoch, f->recovery.next_seq};
    assert_int_equal(journal_append_readings(f->journal, &stamp, &reading, 1), ERR_OK);
    kill(f->server.pid, SIGCONT); /* and here the gateway is killed */

    server_await(&f->server);
    assert_int_equal(run(f), ERR_OK);
    assert_true(f->recovery.redis_read);
    assert_int_equal(f->images, 1);
    assert_int_equal(f->replayed, 1);
    assert_true(f->recovery.epoch > stamp.at.epoch);
}

/* With a clock that was never set nothing is better known than the folder's own number. */
static void without_a_clock_the_folder_counts(void **state)
{
    struct fixture *f = *state;
    const struct recover_params params = {
        .state = f->state, .inventory = &f->city.inv, .counters = &f->counters, .wall_ms = 5000};
    const struct recover_calls calls = {f, on_restore, on_replay};

    assert_int_equal(state_folder_set_epoch(f->state, 41), ERR_OK);
    assert_int_equal(recover_run(&params, &calls, &f->recovery), ERR_OK);
    assert_int_equal(f->recovery.epoch, 42);
}

/* --- numbers that nobody of us wrote --- */

static void ask(struct fixture *f, const char *command)
{
    redisContext *c = server_connect(&f->server);
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
        assert_int_equal(state_folder_set_epoch(f->state, 0), ERR_OK);
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
        redisContext *c = server_connect(&f->server);

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

    space_id_write(f->city.inv.spaces[0].key, id);
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

    server_kill(&f->server);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct recover_params params = {.state = f->state,
                                              .inventory = &f->city.inv,
                                              .counters = &f->counters,
                                              .wall_ms = 5000};
        const struct recover_calls calls = {f, on_restore, on_replay};
        char path[300];
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/epoch", f->path);
        file = fopen(path, "w");
        assert_non_null(file);
        (void)fputs(texts[i], file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(recover_run(&params, &calls, &f->recovery), ERR_OK);
        assert_int_equal(f->recovery.epoch, 5);
    }
    server_run(&f->server);
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
