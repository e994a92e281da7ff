/* The writer logs in with what the configuration allows, up to its longest password. */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"

#define PASSWORD_MAX 256 /* redis.password in gateway/config/settings.def */

static void the_longest_password_is_used(void **state)
{
    struct redis_server server;
    struct counters counters = {0};
    struct city city;
    char password[PASSWORD_MAX + 1];

    (void)state;
    memset(password, 'x', PASSWORD_MAX);
    password[PASSWORD_MAX] = '\0';
    server_start(&server, NULL);
    city_make(&city, 100);
    redisContext *c = server_connect(&server);
    freeReplyObject(redisCommand(c, "CONFIG SET requirepass %s", password));
    redisFree(c);
    const struct redis_writer_params params = {
        .redis = {.socket = server.socket, .password = password, .timeout_ms = 500},
        .counters = &counters,
        .board = &city.board,
        .epoch = 1
    };
    struct redis_writer *writer = redis_writer_start(&params);

    WAIT_FOR(redis_writer_state(writer) == REDIS_UP, 10000);
    redis_writer_stop(writer);
    server_stop(&server);
    city_drop(&city);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_password_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
