/* The Redis store against a real redis-server: what is written equals the images, comes back whole,
 * and is there for those only who may read it. What Redis goes through: test_redis_outage.c. */
#include "tests/unit/redis_store_scene.h"

/* --- the tests --- */

static void test_images_come_back(void **state)
{
    struct gateway *g = gateway_up(1000, NULL);
    struct loaded l = {.g = g};
    struct position newest;
    int64_t high_water_ms;
    long long ttl_ms;

    (void)state;
    g->base.city.out = 12;
    assert_true(pump(g, 10000, all_confirmed));
    assert_all_equal(g);
    assert_int_equal(
        redis_load(&g->base.params, &g->base.city.inv, compare, &l, &newest, &high_water_ms),
        ERR_OK);
    assert_int_equal(l.overrides, 1);
    assert_int_equal(l.suspects, 1);
    ttl_ms = redis_number(&g->base.server, "PTTL bowei:{150402}:free");
    assert_in_range(ttl_ms, 1, 30000);
    for (uint32_t i = 0; i < 1000; i += 7) {
        change(g, i);
    }
    assert_true(pump(g, 10000, all_confirmed));
    assert_all_equal(g);
    gateway_down(g);
}

static void test_only_seen_is_not_worth_a_write(void **state)
{
    struct gateway *g = gateway_up(200, NULL);
    uint64_t before;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    before = count_get(&g->base.counters, COUNT_REDIS_COMMANDS);
    for (uint32_t i = 0; i < 200; i++) {
        g->base.city.spaces[i].seen_ms += 29000;
        g->base.city.spaces[i].sensors[0].counter++;
        flush_mark(g->base.flush, DIRTY_SPACE, i);
    }
    g->base.city.at.seq++;
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(count_get(&g->base.counters, COUNT_REDIS_COMMANDS) - before < 100);
    for (uint32_t i = 0; i < 200; i++) {
        g->base.city.spaces[i].seen_ms += 1875000; /* a quarter of the limit */
        flush_mark(g->base.flush, DIRTY_SPACE, i);
    }
    g->base.city.at.seq++;
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(count_get(&g->base.counters, COUNT_REDIS_COMMANDS) - before >= 200);
    assert_all_equal(g);
    gateway_down(g);
}

/* The word of the meta on what is in Redis. */
static uint64_t applied_seq(struct gateway *g)
{
    redisReply *reply = redis_ask(&g->base.server, "HGET bowei:{150402}:meta applied");
    uint64_t seq;

    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    seq = strtoull(strchr(reply->str, ':') + 1, NULL, 10);
    freeReplyObject(reply);
    return seq;
}

/* Half a second of turns in which the core's time stands still; true: Redis got commands. */
static bool written_at(struct gateway *g, int64_t at_ms)
{
    const uint64_t before = count_get(&g->base.counters, COUNT_REDIS_COMMANDS);

    g->base.at_ms = at_ms;
    for (int i = 0; i < 50; i++) {
        step(g);
        pause_ms(10);
    }
    return count_get(&g->base.counters, COUNT_REDIS_COMMANDS) > before;
}

/* Readings that changed nothing worth a write: Redis is said to have them a quarter of a second
 * later, not with the heartbeat; and nothing is written where none came. */
static void test_what_changed_nothing_is_applied_soon(void **state)
{
    struct gateway *g = gateway_up(200, NULL);
    int64_t written_ms;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    written_ms = g->base.at_ms + 1500;
    assert_true(written_at(g, written_ms));
    assert_false(written_at(g, written_ms + 1400));
    g->base.city.at.seq++;
    assert_false(written_at(g, written_ms + 200));
    assert_true(written_at(g, written_ms + 260));
    assert_int_equal(applied_seq(g), g->base.city.at.seq);
    gateway_down(g);
}

static void test_foreign_types_are_replaced(void **state)
{
    struct gateway *g = gateway_up(300, NULL);
    char id[SPACE_ID_LEN + 1];

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    space_id_format(g->base.city.inv.spaces[2].key, id);
    redis_do(&g->base.server, "DEL bowei:{150402}:space:%s", id);
    redis_do(&g->base.server, "SET bowei:{150402}:space:%s vandal", id);
    redis_do(&g->base.server, "DEL bowei:{150402}:free bowei:{150402}:changes bowei:{150402}:meta");
    redis_do(&g->base.server, "SET bowei:{150402}:free vandal");
    redis_do(&g->base.server, "SET bowei:{150402}:changes vandal");
    redis_do(&g->base.server, "SET bowei:{150402}:meta vandal");
    change(g, 2);
    assert_true(pump(g, 10000, all_confirmed));
    pump_for(g, 1000); /* two heartbeats: the geo set is counted and built anew */
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(count_get(&g->base.counters, COUNT_REDIS_WRONG_TYPE) >= 4);
    assert_all_equal(g);
    gateway_down(g);
}

static void test_kept_images_arrive(void **state)
{
    struct gateway *g = gateway_up(200, NULL);
    struct image image = {
        .kind = IMAGE_AUDIT, .at = {.epoch = 1, .seq = 2000}
    };
    struct loaded l = {.g = g};
    struct position newest;
    int64_t high_water_ms;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    image.audit = (struct audit_image){.command = COMMAND_SPACE_OUT,
                                       .at_ms = CITY_NOW_MS,
                                       .key = g->base.city.inv.spaces[1].key,
                                       .actor = "li.na",
                                       .note = "x"};
    assert_int_equal(flush_keep(g->base.flush, &image), ERR_OK);
    g->base.city.out = 1;
    assert_true(city_image_override(&g->base.city, g->base.city.inv.spaces[1].key, &image));
    assert_int_equal(flush_keep(g->base.flush, &image), ERR_OK);
    g->base.city.at.seq++;
    assert_true(pump(g, 10000, all_confirmed));
    assert_int_equal(redis_number(&g->base.server, "XLEN bowei:{city}:audit"), 1);
    assert_int_equal(
        redis_load(&g->base.params, &g->base.city.inv, compare, &l, &newest, &high_water_ms),
        ERR_OK);
    assert_int_equal(l.overrides, 1);
    gateway_down(g);
}

static void test_newer_schema_is_refused(void **state)
{
    struct gateway *g = gateway_up(100, NULL);
    uint64_t epoch;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    redis_gateway_end(&g->base);
    redis_do(&g->base.server, "HSET bowei:{150403}:meta schema 3");
    assert_int_equal(redis_take_epoch(&g->base.params, &g->base.city.inv, 1, &epoch),
                     ERR_NEWER_SCHEMA);
    redis_do(&g->base.server, "HSET bowei:{150403}:meta schema 1");
    assert_int_equal(redis_take_epoch(&g->base.params, &g->base.city.inv, 77, &epoch), ERR_OK);
    assert_int_equal(epoch, 77);
    server_kill(&g->base.server);
    assert_int_equal(redis_take_epoch(&g->base.params, &g->base.city.inv, 1, &epoch),
                     ERR_UNAVAILABLE);
    server_run(&g->base.server);
    redis_gateway_begin(&g->base, (struct image_source){0});
    gateway_down(g);
}

static long long used_memory(struct gateway *g)
{
    redisReply *reply = redis_ask(&g->base.server, "INFO memory");
    const char *at = strstr(reply->str, "used_memory:");
    long long bytes = at != NULL ? atoll(at + 12) : 0;

    freeReplyObject(reply);
    assert_true(bytes > 0);
    return bytes;
}

static void test_memory_of_a_space(void **state)
{
    struct gateway *g = gateway_up(10000, NULL);
    long long before = used_memory(g);
    double per_space;

    (void)state;
    assert_true(pump(g, 20000, all_confirmed));
    per_space = (double)(used_memory(g) - before) / 10000.0;
    print_message("Redis memory: %.0f bytes per space with 30 %% of 10000 free\n", per_space);
    assert_true(per_space <= 350.0);
    gateway_down(g);
}

/* The user `city` as the shipped file has it, with a password: there it has none, so that nobody is
 * it.
 */
static void city_user_make(redisContext *c, const char *acl)
{
    FILE *file = fopen(acl, "r");
    char line[1024];
    char *rest = line;
    const char *words[64] = {"ACL", "SETUSER"};
    size_t n = 2;
    redisReply *reply;

    assert_non_null(file);
    do {
        assert_non_null(fgets(line, sizeof line, file));
    } while (strncmp(line, "user city ", 10) != 0);
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    (void)strsep(&rest, " ");
    for (char *word; n < 63 && (word = strsep(&rest, " ")) != NULL;) {
        words[n++] = word;
    }
    words[n++] = ">test";
    reply = redisCommandArgv(c, (int)n, words, NULL);
    assert_int_equal(reply->type, REDIS_REPLY_STATUS);
    freeReplyObject(reply);
}

static void assert_answers(redisContext *c, const char *command, int type)
{
    redisReply *reply = redisCommand(c, command);

    if (reply->type != type) {
        fail_msg("%s: %s", command, reply->str != NULL ? reply->str : "no such answer");
    }
    freeReplyObject(reply);
}

static void test_users_may_what_they_need(void **state)
{
    struct gateway *g = gateway_up(300, TESTS_DIR "/../docker/redis-users.acl");
    struct loaded l = {.g = g};
    redisContext *c;
    struct position newest;
    int64_t high_water_ms;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    assert_int_equal(
        redis_load(&g->base.params, &g->base.city.inv, compare, &l, &newest, &high_water_ms),
        ERR_OK);
    assert_int_equal(l.spaces, 300);
    c = server_connect(&g->base.server);
    assert_answers(c, "AUTH city anything", REDIS_REPLY_ERROR);
    assert_answers(c, "HGETALL bowei:{150402}:meta", REDIS_REPLY_ERROR);
    redisFree(c);
    gateway_down(g);
}

static void test_the_citys_other_systems_read_places_only(void **state)
{
    static const char *const allowed[] = {
        "HGETALL bowei:{150402}:meta",
        "GEOSEARCH bowei:{150402}:free FROMLONLAT 118.88 42.25 BYRADIUS 1 km"};
    static const char *const refused[] = {"HSET bowei:{150402}:meta as_of 1",
                                          "GET bowei:{150402}:epoch",
                                          "XLEN bowei:{city}:audit",
                                          "HGETALL bowei:{city}:suspect:a",
                                          "HGETALL bowei:{150402}:override:a",
                                          "HGETALL bowei:{150402}:vehicle:HLO-00000001",
                                          "HGETALL bowei:{150402}:alert:A0000000000000001",
                                          "HGETALL bowei:{city}:mute:city",
                                          "EXISTS bowei:{150402}:vehicles",
                                          "KEYS *",
                                          "GET elsewhere",
                                          "FLUSHALL",
                                          "CONFIG GET *"};
    struct gateway *g = gateway_up(300, NULL);
    redisContext *c;
    redisReply *reply;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    c = server_connect(&g->base.server);
    city_user_make(c, TESTS_DIR "/../docker/redis-users.acl");
    assert_answers(c, "AUTH city test", REDIS_REPLY_STATUS);
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        reply = redisCommand(c, allowed[i]);
        assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
        assert_true(reply->elements > 0);
        freeReplyObject(reply);
    }
    assert_answers(c, "HGETALL bowei:{150402}:fence:a", REDIS_REPLY_ARRAY);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        reply = redisCommand(c, refused[i]);
        assert_int_equal(reply->type, REDIS_REPLY_ERROR);
        assert_int_equal(strncmp(reply->str, "NOPERM", 6), 0);
        freeReplyObject(reply);
    }
    redisFree(c);
    gateway_down(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images_come_back),
        cmocka_unit_test(test_only_seen_is_not_worth_a_write),
        cmocka_unit_test(test_what_changed_nothing_is_applied_soon),
        cmocka_unit_test(test_foreign_types_are_replaced),
        cmocka_unit_test(test_kept_images_arrive),
        cmocka_unit_test(test_newer_schema_is_refused),
        cmocka_unit_test(test_memory_of_a_space),
        cmocka_unit_test(test_users_may_what_they_need),
        cmocka_unit_test(test_the_citys_other_systems_read_places_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
