/* A Redis that comes after the start is found whatever the wall clock does meanwhile. */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"
#include "gateway/late_redis.h"
#include "tests/unit/scratch_folder.h"
#include <sys/syscall.h>

/* The wall clock of this program is a day ahead of the host's: what the host sees when it is set
 * back by a day. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    const long result = syscall(SYS_clock_gettime, id, out);

    if (id == CLOCK_REALTIME) {
        out->tv_sec += 86400;
    }
    return (int)result;
}

/* The core is not looked at here. */
bool runner_late_image(struct runner *runner, const struct image *image)
{
    (void)runner;
    (void)image;
    return true;
}

static void a_clock_set_back_delays_nothing(void **state)
{
    struct redis_server server;
    struct counters counters = {0};
    struct recovery recovery = {.epoch = 3, .next_seq = 1};
    struct late_redis late;
    struct state_folder *folder;
    struct city city;
    char path[256];
    pid_t owner;

    (void)state;
    server_start(&server, NULL);
    city_make(&city, 100);
    scratch_folder_make(path, sizeof path);
    assert_int_equal(state_folder_open(path, &folder, &owner), ERR_OK);
    server_kill(&server);
    const struct redis_params redis = {.socket = server.socket, .timeout_ms = 200};
    const struct recover_params params = {
        .state = folder, .redis = &redis, .inventory = &city.inv, .counters = &counters};
    assert_true(late_redis_start(&late, &params, &recovery, NULL));
    pause_ms(500); /* the first try has failed, the second one is waited for */
    assert_false(late_redis_done(&late));
    server_run(&server);
    WAIT_FOR(late_redis_done(&late), 8000);
    assert_false(late.started);
    assert_true(recovery.redis_read);
    assert_int_equal(recovery.epoch, 4);
    late_redis_stop(&late);
    state_folder_close(folder);
    scratch_folder_remove(path);
    server_stop(&server);
    city_drop(&city);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_set_back_delays_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
