/* The core thread when the journal does not give back what it took: nothing that may be wrong is
 * shown meanwhile, and what is lost is doubted. */
#include "core_fixture.h"
#include "redis_fixture.h"

#include "gateway/runner.h"
#include "tests/unit/scratch_folder.h"
#include <semaphore.h>
#include <sys/resource.h>

#define MISSED   100   /* readings that only the journal has */
#define LIMIT_MS 20000 /* nothing is waited for longer */

static const struct fixture_lot lots[] = {{.spaces = 1}};
static const struct fixture_sensor sensors[] = {
    {0, 0, 0, 0, false, EVENT}
};
static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 1, .sensors = sensors, .sensor_count = 1, .device_count = 1};

struct world {
    char folder[256];
    struct counters counters;
    struct status status;
    struct inventory_board board;
    struct journal *journal;
    struct intake *intake;
    struct intake_port port;
    struct redis_server server;
    struct redis_writer *writer;
    struct view *view;
    struct change_ring *changes;
    struct alert_ring *alerts;
    struct inventory *inv;
    struct runner *runner;
    sem_t inside, go;
};

static struct world *up(void)
{
    struct world *w = calloc(1, sizeof *w);
    struct journal_params journal = {.counters = &w->counters};
    struct intake_params intake = {.counters = &w->counters, .epoch = 1, .next_seq = 1};
    struct redis_writer_params writer = {.counters = &w->counters, .board = &w->board, .epoch = 1};
    struct runner_params params = {.counters = &w->counters, .status = &w->status};
    const struct now now = {.at_ms = host_wall_ms()};
    struct core *core;

    assert_non_null(w);
    sem_init(&w->inside, 0, 0);
    sem_init(&w->go, 0, 0);
    scratch_folder_make(w->folder, sizeof w->folder);
    journal.folder = w->folder;
    assert_int_equal(journal_open(&journal, &w->journal), ERR_OK);
    intake.journal = w->journal;
    intake.wall_ms = now.at_ms;
    intake.boot_ms = host_boot_ms();
    w->intake = intake_create(&intake);
    w->port = intake_port_of(w->intake);
    server_start(&w->server, NULL);
    writer.redis = (struct redis_params){.socket = w->server.socket, .timeout_ms = 1000};
    w->inv = fixture_city(1, &spec);
    w->inv->districts = calloc(1, sizeof *w->inv->districts);
    w->inv->districts[0].adcode = 150402;
    w->inv->district_count = 1;
    (void)inventory_publish(&w->board, w->inv);
    w->writer = redis_writer_start(&writer);
    w->view = view_create();
    w->changes = change_ring_create(1);
    w->alerts = alert_ring_create(1);
    core = core_create(w->inv, &w->counters);
    assert_true(w->intake != NULL && w->writer != NULL && w->view != NULL && core != NULL);
    core_restored(core, now, false);
    params.core = core;
    params.intake = w->intake;
    params.journal = w->journal;
    params.writer = w->writer;
    params.view = w->view;
    params.changes = w->changes;
    params.alerts = w->alerts;
    params.board = &w->board;
    params.inventory = w->inv;
    params.start = now;
    w->runner = runner_start(&params);
    assert_non_null(w->runner);
    return w;
}

static void down(struct world *w)
{
    runner_stop(w->runner);
    redis_writer_stop(w->writer);
    change_ring_destroy(w->changes);
    journal_close(w->journal);
    intake_destroy(w->intake);
    view_destroy(w->view);
    alert_ring_destroy(w->alerts);
    server_stop(&w->server);
    scratch_folder_remove(w->folder);
    sem_destroy(&w->inside);
    sem_destroy(&w->go);
    free(w);
}

static void say_it(struct world *w, enum reading_value value)
{
    const struct reading reading = {
        .sensor = 0, .value = (uint8_t)value, .device = "dev-000", .device_len = 7};

    assert_int_equal(w->port.readings(w->port.ctx, 1, &reading, 1), ERR_OK);
}

static struct space_view shown(const struct world *w)
{
    const struct view_now now = view_now(w->view, host_boot_ms());
    struct space_view out;

    view_space(w->view, w->inv, 0, &now, &out);
    return out;
}

static void wait_for(const struct world *w, enum space_state state, enum reason reason)
{
    const int64_t until_ms = host_boot_ms() + LIMIT_MS;

    while (shown(w).state != state || shown(w).reason != reason) {
        if (host_boot_ms() > until_ms) {
            fail_msg("shown: %s, %s", space_state_name(shown(w).state),
                     reason_code(shown(w).reason));
        }
        pause_ms(2);
    }
}

static void hold(struct command *command)
{
    struct world *w = command->ctx;

    sem_post(&w->inside);
    while (sem_wait(&w->go) != 0) {
    }
}

/* The core stands still while more readings come than its ring holds: free, and the last ones
 * occupied. `command` is answered on the core's thread. */
static void overrun(struct world *w, struct command *command)
{
    *command =
        (struct command){.kind = COMMAND_SPACE_IN, .inventory_version = 1, .done = hold, .ctx = w};
    assert_int_equal(w->port.command(w->port.ctx, command), ERR_OK);
    while (sem_wait(&w->inside) != 0) {
    }
    for (unsigned i = 0; i < INTAKE_RING + MISSED; i++) {
        say_it(w, i < INTAKE_RING ? VALUE_FREE : VALUE_OCCUPIED);
    }
}

/* What other systems go by. */
static long long as_of_in_redis(struct world *w)
{
    redisReply *reply = redis_ask(&w->server, "HGET bowei:{150402}:meta as_of");
    const long long as_of_ms = reply->type == REDIS_REPLY_STRING ? atoll(reply->str) : 0;

    freeReplyObject(reply);
    return as_of_ms;
}

/* A car stands there, and the core cannot know it: nobody is told that the space is free. */
static void what_cannot_be_read_back_is_not_shown(void **state)
{
    struct world *w = up();
    struct command command;
    struct rlimit limit;
    struct rlimit none;
    int64_t said_ms;

    (void)state;
    say_it(w, VALUE_FREE);
    wait_for(w, SPACE_FREE, REASON_FRESH);
    overrun(w, &command);
    said_ms = host_wall_ms();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    sem_post(&w->go);
    wait_for(w, SPACE_UNKNOWN, REASON_GATEWAY_LAG);
    assert_true(intake_blocked(w->intake));
    assert_true(host_boot_ms() - runner_turned_ms(w->runner) < 2000); /* it lives */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_in_range(as_of_in_redis(w), 1, said_ms + 1000); /* nor does Redis say it is up to date */
    wait_for(w, SPACE_OCCUPIED, REASON_FRESH);
    assert_true(shown(w).since_ms <= said_ms + 10); /* as of when it was said */
    assert_false(intake_blocked(w->intake));
    assert_int_equal(count_get(&w->counters, COUNT_CORE_BLOCKED), 1);
    assert_int_equal(count_get(&w->counters, COUNT_READINGS_LOST), 0);
    down(w);
}

static void cut_segments(const struct world *w, off_t bytes)
{
    DIR *dir = opendir(w->folder);

    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[600];
        struct stat st;

        if (strstr(entry->d_name, ".bwj") != NULL) {
            (void)snprintf(path, sizeof path, "%s/%s", w->folder, entry->d_name);
            assert_int_equal(stat(path, &st), 0);
            assert_int_equal(truncate(path, st.st_size - bytes), 0);
        }
    }
    closedir(dir);
}

/* Somebody cut the journal: what was heard before is not believed as it was. */
static void what_is_lost_is_doubted(void **state)
{
    struct world *w = up();
    struct command command;

    (void)state;
    say_it(w, VALUE_FREE);
    wait_for(w, SPACE_FREE, REASON_FRESH);
    overrun(w, &command);
    cut_segments(w, 20000); /* more than the missed readings take */
    sem_post(&w->go);
    wait_for(w, SPACE_FREE, REASON_SESSION_GAP);
    assert_int_equal(count_get(&w->counters, COUNT_READINGS_LOST), MISSED);
    say_it(w, VALUE_OCCUPIED);
    wait_for(w, SPACE_OCCUPIED, REASON_FRESH);
    down(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_back_is_not_shown),
        cmocka_unit_test(what_is_lost_is_doubted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
