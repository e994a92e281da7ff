/* The Redis store against a real redis-server: what is written equals the images, nothing is
 * written past another epoch, and whatever happens to Redis ends with all equal again, without the
 * core ever waiting. */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"

#define TIMEOUT_MS 200
#define PACE       10 /* the core's time runs so much faster: its heartbeat (1.5 s) comes soon */

struct gateway {
    struct redis_server server;
    struct city city;
    struct counters counters;
    struct redis_params params;
    struct redis_writer *writer;
    struct flush *flush;
    uint64_t epoch;
    int64_t at_ms;
    long slowest_us; /* of all flush_step */
};

static long us_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - from->tv_sec) * 1000000 + (now.tv_nsec - from->tv_nsec) / 1000;
}

static void step(struct gateway *g)
{
    struct timespec from;
    long us;

    clock_gettime(CLOCK_MONOTONIC, &from);
    flush_step(g->flush, g->city.at, g->at_ms, 0);
    us = us_since(&from);
    g->slowest_us = us > g->slowest_us ? us : g->slowest_us;
}

/* The core's loop until `done` or the deadline. */
static bool pump(struct gateway *g, int limit_ms, bool (*done)(struct gateway *g))
{
    struct timespec from;
    int64_t start_ms = g->at_ms;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        g->at_ms = start_ms + us_since(&from) / 1000 * PACE;
        step(g);
        if (done(g)) {
            return true;
        }
        pause_ms(1);
    } while (us_since(&from) < (long)limit_ms * 1000);
    return false;
}

static bool all_confirmed(struct gateway *g)
{
    return flush_pending(g->flush) == 0 &&
           position_compare(flush_confirmed(g->flush), g->city.at) == 0;
}

static bool never(struct gateway *g)
{
    (void)g;
    return false;
}

static bool stepped_down(struct gateway *g)
{
    return redis_writer_state(g->writer) == REDIS_STEPPED_DOWN;
}

static bool seen_down(struct gateway *g)
{
    return redis_writer_state(g->writer) == REDIS_DOWN;
}

static void gateway_begin_with(struct gateway *g, bool blind)
{
    const struct image_source source = {.ctx = &g->city,
                                        .space = city_image_space,
                                        .lot = city_image_lot,
                                        .override = city_image_override,
                                        .suspect = city_image_suspect};
    struct redis_writer_params params = {.counters = &g->counters, .board = &g->city.board};

    assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 1, &g->epoch), ERR_OK);
    params.redis = g->params;
    params.epoch = blind ? 0 : g->epoch;
    g->writer = redis_writer_start(&params);
    assert_non_null(g->writer);
    g->flush = flush_create(g->writer, &source);
    assert_non_null(g->flush);
    assert_int_equal(flush_reserve(g->flush, &g->city.inv), ERR_OK);
    g->at_ms = CITY_NOW_MS;
}

static void gateway_begin(struct gateway *g)
{
    gateway_begin_with(g, false);
}

static struct gateway *gateway_up(uint32_t spaces)
{
    struct gateway *g = calloc(1, sizeof *g);

    assert_non_null(g);
    server_start(&g->server, NULL);
    city_make(&g->city, spaces);
    g->params = (struct redis_params){.socket = g->server.socket, .timeout_ms = TIMEOUT_MS};
    gateway_begin(g);
    return g;
}

static void gateway_down(struct gateway *g)
{
    redis_writer_stop(g->writer);
    flush_destroy(g->flush);
    server_stop(&g->server);
    city_drop(&g->city);
    free(g);
}

/* --- asking Redis --- */

static redisReply *ask(struct gateway *g, const char *format, ...) PRINTF_LIKE(2, 3);

static redisReply *ask(struct gateway *g, const char *format, ...)
{
    redisContext *c = server_connect(&g->server);
    va_list args;
    redisReply *reply;

    va_start(args, format);
    reply = redisvCommand(c, format, args);
    va_end(args);
    assert_non_null(reply);
    redisFree(c);
    return reply;
}

/* A whole command as text (the source is this file, not input). */
static redisReply *ask_text(struct gateway *g, const char *command)
{
    redisContext *c = server_connect(&g->server);
    redisReply *reply = redisCommand(c, command);

    assert_non_null(reply);
    redisFree(c);
    return reply;
}

static long long ask_number(struct gateway *g, const char *command)
{
    redisReply *reply = ask_text(g, command);
    long long n = reply->integer;

    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
    return n;
}

static void do_command(struct gateway *g, const char *command)
{
    redisReply *reply = ask_text(g, command);

    if (reply->type == REDIS_REPLY_ERROR) {
        fail_msg("%s: %s", command, reply->str);
    }
    freeReplyObject(reply);
}

static void space_command(struct gateway *g, const char *verb, uint32_t slot, const char *rest)
{
    char id[SPACE_ID_LEN + 1];
    char key[64];
    char command[160];

    space_id_format(g->city.inv.spaces[slot].key, id);
    snprintf(key, sizeof key, "bowei:{%06u}:space:%s",
             space_key_adcode(g->city.inv.spaces[slot].key), id);
    snprintf(command, sizeof command, "%s %s %s", verb, key, rest);
    do_command(g, command);
}

/* --- comparing --- */

struct loaded {
    struct gateway *g;
    uint32_t spaces, lots, overrides, suspects, different;
};

static void compare(void *ctx, const struct image *image)
{
    struct loaded *l = ctx;
    const struct city *city = &l->g->city;

    if (image->kind == IMAGE_SPACE) {
        struct image expected = {.kind = IMAGE_SPACE};

        expected.space = city->spaces[inventory_space(&city->inv, image->space.key)];
        expected.space.source = NO_SENSOR; /* for other readers only: not read back */
        for (unsigned i = 0; i < SENSORS_PER_SPACE_MAX; i++) {
            expected.space.sensors[i].battery_mv = 0; /* health is left to the next message */
            expected.space.sensors[i].rssi_dbm = 0;
        }
        l->spaces++;
        if (memcmp(&expected.space, &image->space, offsetof(struct space_image, sensors)) != 0 ||
            memcmp(&expected.space.sensors[0], &image->space.sensors[0],
                   sizeof expected.space.sensors[0]) != 0) {
            l->different++;
        }
    } else if (image->kind == IMAGE_LOT) {
        const struct lot_image *expected = &city->lots[inventory_lot(&city->inv, image->lot.key)];

        l->lots++;
        if (memcmp(expected, &image->lot, sizeof *expected) != 0) {
            l->different++;
        }
    } else if (image->kind == IMAGE_OVERRIDE) {
        l->overrides++;
        assert_true(image->override.set);
        assert_int_equal(image->override.reason, OUT_EVENT);
        assert_string_equal(image->override.note, "市场 \"夜\"\r\n");
        assert_int_equal(image->at.seq, 7);
    } else {
        assert_int_equal(image->kind, IMAGE_SUSPECT);
        l->suspects++;
        assert_string_equal(image->suspect.actor, "li.na");
    }
}

static uint32_t count_free(const struct city *city, uint32_t adcode)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < city->inv.space_count; i++) {
        n += city->spaces[i].shown_state == SPACE_FREE &&
             space_key_adcode(city->spaces[i].key) == adcode;
    }
    return n;
}

static void assert_all_equal(struct gateway *g)
{
    struct loaded l = {.g = g};
    struct redis_params patient = g->params; /* the writer's haste is not this reader's */
    struct position newest;
    int64_t high_water_ms;

    patient.timeout_ms = 5000;
    assert_int_equal(redis_load(&patient, &g->city.inv, compare, &l, &newest, &high_water_ms),
                     ERR_OK);
    assert_int_equal(l.spaces, g->city.inv.space_count);
    assert_int_equal(l.lots, g->city.inv.lot_count);
    assert_int_equal(l.different, 0);
    assert_int_equal(position_compare(newest, g->city.at), 0);
    assert_true(high_water_ms >= CITY_NOW_MS);
    assert_int_equal(ask_number(g, "ZCARD bowei:{150402}:free"), count_free(&g->city, 150402));
    assert_int_equal(ask_number(g, "ZCARD bowei:{150403}:free"), count_free(&g->city, 150403));
}

static void change(struct gateway *g, uint32_t slot)
{
    city_space(&g->city, slot,
               g->city.spaces[slot].state == SPACE_FREE ? SPACE_OCCUPIED : SPACE_FREE, g->at_ms);
    g->city.at.seq++;
    flush_mark(g->flush, DIRTY_SPACE, slot);
}

/* --- the tests --- */

static void test_images_come_back(void **state)
{
    struct gateway *g = gateway_up(1000);
    struct loaded l = {.g = g};
    struct position newest;
    int64_t high_water_ms;
    long long ttl_ms;

    (void)state;
    g->city.out = 12;
    assert_true(pump(g, 10000, all_confirmed));
    assert_all_equal(g);
    assert_int_equal(redis_load(&g->params, &g->city.inv, compare, &l, &newest, &high_water_ms),
                     ERR_OK);
    assert_int_equal(l.overrides, 1);
    assert_int_equal(l.suspects, 1);
    ttl_ms = ask_number(g, "PTTL bowei:{150402}:free");
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
    struct gateway *g = gateway_up(200);
    uint64_t before;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    before = count_get(&g->counters, COUNT_REDIS_COMMANDS);
    for (uint32_t i = 0; i < 200; i++) {
        g->city.spaces[i].seen_ms += 29000;
        g->city.spaces[i].sensors[0].counter++;
        flush_mark(g->flush, DIRTY_SPACE, i);
    }
    g->city.at.seq++;
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(count_get(&g->counters, COUNT_REDIS_COMMANDS) - before < 100);
    for (uint32_t i = 0; i < 200; i++) {
        g->city.spaces[i].seen_ms += 1875000; /* a quarter of the limit */
        flush_mark(g->flush, DIRTY_SPACE, i);
    }
    g->city.at.seq++;
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(count_get(&g->counters, COUNT_REDIS_COMMANDS) - before >= 200);
    assert_all_equal(g);
    gateway_down(g);
}

static void test_another_epoch_ends_the_writing(void **state)
{
    struct gateway *g = gateway_up(300);
    uint64_t other;
    uint64_t slices;
    redisReply *reply;
    char id[SPACE_ID_LEN + 1];

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 1, &other), ERR_OK);
    assert_int_equal(other, g->epoch + 1);
    slices = count_get(&g->counters, COUNT_REDIS_SLICES);
    change(g, 0); /* free -> occupied */
    assert_true(pump(g, 10000, stepped_down));
    assert_false(pump(g, 300, all_confirmed));
    assert_int_equal(count_get(&g->counters, COUNT_REDIS_SLICES), slices);
    space_id_format(g->city.inv.spaces[0].key, id);
    reply = ask(g, "HGET bowei:{150402}:space:%s state", id);
    assert_string_equal(reply->str, "free");
    freeReplyObject(reply);
    gateway_down(g);
}

static void test_restart_empty_is_written_again(void **state)
{
    struct gateway *g = gateway_up(2000);

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    server_kill(&g->server);
    change(g, 3);
    assert_true(pump(g, 5000, seen_down));
    server_run(&g->server);
    assert_true(pump(g, 10000, all_confirmed));
    assert_all_equal(g);
    assert_int_equal(count_get(&g->counters, COUNT_REDIS_REWRITES), 2);
    /* the same without a restart: somebody empties it under our feet */
    do_command(g, "FLUSHALL");
    change(g, 4);
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(pump(g, 10000, all_confirmed));
    assert_all_equal(g);
    gateway_down(g);
}

/* Until a Redis that came late was read and merged, no image is even taken for it: an older one
 * would be written over what it holds, for as long as the newer one takes to follow. */
static void test_nothing_is_taken_before_redis_was_read(void **state)
{
    struct gateway *g = calloc(1, sizeof *g);
    struct loaded l = {.g = g};
    struct position newest;
    int64_t high_water_ms;

    (void)state;
    server_start(&g->server, NULL);
    city_make(&g->city, 300);
    g->params = (struct redis_params){.socket = g->server.socket, .timeout_ms = TIMEOUT_MS};
    gateway_begin_with(g, true);
    flush_all(g->flush);
    assert_false(pump(g, 100, all_confirmed));
    assert_int_equal(g->city.looks, 0);
    change(g, 0); /* what was merged */
    redis_writer_set_epoch(g->writer, g->epoch);
    assert_true(pump(g, 10000, all_confirmed));
    assert_int_equal(redis_load(&g->params, &g->city.inv, compare, &l, &newest, &high_water_ms),
                     ERR_OK);
    assert_int_equal(l.spaces, 300);
    assert_int_equal(l.different, 0);
    gateway_down(g);
}

/* A gateway of a whole province: after it lost everything, Redis gets all districts again, and a
 * start reads them all. */
static void test_many_districts(void **state)
{
    const uint32_t districts = 1100;
    struct gateway *g = calloc(1, sizeof *g);
    struct loaded l = {.g = g};
    struct position newest;
    int64_t high_water_ms;

    (void)state;
    server_start(&g->server, NULL);
    city_make_wide(&g->city, 100 * CITY_LOT_SPACES, districts); /* the last hundred */
    g->params = (struct redis_params){.socket = g->server.socket, .timeout_ms = TIMEOUT_MS};
    gateway_begin(g);
    flush_all(g->flush);
    assert_true(pump(g, 20000, all_confirmed));
    do_command(g, "FLUSHALL");
    change(g, 0);
    assert_true(pump(g, 20000, all_confirmed));
    assert_int_equal(ask_number(g, "EXISTS bowei:{151501}:epoch bowei:{151501}:meta"), 2);
    assert_int_equal(redis_load(&g->params, &g->city.inv, compare, &l, &newest, &high_water_ms),
                     ERR_OK);
    assert_int_equal(l.spaces, g->city.inv.space_count);
    assert_int_equal(l.different, 0);
    assert_int_equal(redis_writer_state(g->writer), REDIS_UP);
    gateway_down(g);
}

static void test_stopped_redis_never_holds_the_core(void **state)
{
    struct gateway *g = gateway_up(500);

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    g->slowest_us = 0;
    kill(g->server.pid, SIGSTOP);
    for (uint32_t i = 0; i < 500; i++) {
        change(g, i);
    }
    assert_false(pump(g, 3000, never));
    assert_int_equal(redis_writer_state(g->writer), REDIS_DOWN);
    kill(g->server.pid, SIGCONT);
    print_message("slowest flush_step while Redis stood: %ld us\n", g->slowest_us);
    /* Far below the writer's timeout: it never waited for Redis. The bar of 1 ms is the bench's to
     * watch. */
    assert_true(g->slowest_us < TIMEOUT_MS * 1000 / 4);
    assert_true(pump(g, 10000, all_confirmed));
    assert_all_equal(g);
    gateway_down(g);
}

static void test_timeout_mid_flush_repeats_safely(void **state)
{
    struct gateway *g = gateway_up(2000);
    redisReply *reply;
    long long before;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(pump(g, 500, never) || true); /* the rewrite's last entries are out */
    before = ask_number(g, "XLEN bowei:{150402}:changes");
    for (int round = 0; round < 3; round++) {
        redisContext *c = server_connect(&g->server);

        for (uint32_t i = 0; i < 100; i++) {
            change(g, i);
        }
        /* The transaction is read after the sleep, after its writer gave up: it arrives,
         * unconfirmed. */
        assert_int_equal(redisAppendCommand(c, "DEBUG SLEEP 0.6"), REDIS_OK);
        assert_int_equal(redisBufferWrite(c, &(int){0}), REDIS_OK);
        assert_true(pump(g, 10000, all_confirmed));
        redisFree(c);
    }
    assert_all_equal(g);
    assert_true(count_get(&g->counters, COUNT_REDIS_ERRORS) >= 1);
    /* one entry a round and district, though sent more than once */
    assert_int_equal(ask_number(g, "XLEN bowei:{150402}:changes") - before, 3);
    reply = ask(g, "XREVRANGE bowei:{150402}:changes + - COUNT 1");
    assert_int_equal(reply->elements, 1);
    freeReplyObject(reply);
    gateway_down(g);
}

static void test_foreign_types_are_replaced(void **state)
{
    struct gateway *g = gateway_up(300);

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    space_command(g, "DEL", 2, "");
    space_command(g, "SET", 2, "vandal");
    do_command(g, "DEL bowei:{150402}:free bowei:{150402}:changes bowei:{150402}:meta");
    do_command(g, "SET bowei:{150402}:free vandal");
    do_command(g, "SET bowei:{150402}:changes vandal");
    do_command(g, "SET bowei:{150402}:meta vandal");
    change(g, 2);
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(pump(g, 1000, never) ||
                true); /* two heartbeats: the geo set is counted and built anew */
    assert_true(pump(g, 10000, all_confirmed));
    assert_true(count_get(&g->counters, COUNT_REDIS_WRONG_TYPE) >= 4);
    assert_all_equal(g);
    gateway_down(g);
}

static void test_kept_images_arrive(void **state)
{
    struct gateway *g = gateway_up(200);
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
                                       .key = g->city.inv.spaces[1].key,
                                       .actor = "li.na",
                                       .note = "x"};
    assert_int_equal(flush_keep(g->flush, &image), ERR_OK);
    g->city.out = 1;
    assert_true(city_image_override(&g->city, g->city.inv.spaces[1].key, &image));
    assert_int_equal(flush_keep(g->flush, &image), ERR_OK);
    g->city.at.seq++;
    assert_true(pump(g, 10000, all_confirmed));
    assert_int_equal(ask_number(g, "XLEN bowei:{city}:audit"), 1);
    assert_int_equal(redis_load(&g->params, &g->city.inv, compare, &l, &newest, &high_water_ms),
                     ERR_OK);
    assert_int_equal(l.overrides, 1);
    gateway_down(g);
}

static void test_newer_schema_is_refused(void **state)
{
    struct gateway *g = gateway_up(100);
    uint64_t epoch;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    redis_writer_stop(g->writer);
    do_command(g, "HSET bowei:{150403}:meta schema 3");
    assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 1, &epoch), ERR_NEWER_SCHEMA);
    do_command(g, "HSET bowei:{150403}:meta schema 1");
    assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 77, &epoch), ERR_OK);
    assert_int_equal(epoch, 77);
    flush_destroy(g->flush);
    server_kill(&g->server);
    assert_int_equal(redis_take_epoch(&g->params, &g->city.inv, 1, &epoch), ERR_UNAVAILABLE);
    server_run(&g->server);
    gateway_begin(g);
    gateway_down(g);
}

static long long used_memory(struct gateway *g)
{
    redisReply *reply = ask(g, "INFO memory");
    const char *at = strstr(reply->str, "used_memory:");
    long long bytes = at != NULL ? atoll(at + 12) : 0;

    freeReplyObject(reply);
    assert_true(bytes > 0);
    return bytes;
}

static void test_memory_of_a_space(void **state)
{
    struct gateway *g = gateway_up(10000);
    long long before = used_memory(g);
    double per_space;

    (void)state;
    assert_true(pump(g, 20000, all_confirmed));
    per_space = (double)(used_memory(g) - before) / 10000.0;
    print_message("Redis memory: %.0f bytes per space with 30 %% of 10000 free\n", per_space);
    assert_true(per_space <= 350.0);
    gateway_down(g);
}

static void test_users_may_what_they_need(void **state)
{
    struct gateway *g = calloc(1, sizeof *g);
    struct loaded l = {.g = g};
    char acl[256];
    redisContext *c;
    redisReply *reply;
    struct position newest;
    int64_t high_water_ms;
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

    (void)state;
    snprintf(acl, sizeof acl, "%s/../docker/redis-users.acl", TESTS_DIR);
    server_start(&g->server, acl);
    city_make(&g->city, 300);
    g->params = (struct redis_params){
        .socket = g->server.socket, .timeout_ms = TIMEOUT_MS, .username = "gateway"};
    gateway_begin(g);
    assert_true(pump(g, 10000, all_confirmed));
    assert_int_equal(redis_load(&g->params, &g->city.inv, compare, &l, &newest, &high_water_ms),
                     ERR_OK);
    assert_int_equal(l.spaces, 300);
    /* city: no password yet, so nobody is it */
    c = server_connect(&g->server);
    reply = redisCommand(c, "AUTH city anything");
    assert_int_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    reply = redisCommand(c, "HGETALL bowei:{150402}:meta");
    assert_int_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    redisFree(c);
    gateway_down(g);
    /* with one (a copy of the row, as the tests may not write the shipped file) */
    g = calloc(1, sizeof *g);
    server_start(&g->server, NULL);
    city_make(&g->city, 300);
    g->params = (struct redis_params){.socket = g->server.socket, .timeout_ms = TIMEOUT_MS};
    gateway_begin(g);
    assert_true(pump(g, 10000, all_confirmed));
    c = server_connect(&g->server);
    {
        FILE *file = fopen(acl, "r");
        char line[1024];
        char *words[64];
        size_t n = 0;

        assert_non_null(file);
        while (fgets(line, sizeof line, file) != NULL && strncmp(line, "user city ", 10) != 0) {
        }
        fclose(file);
        words[n++] = (char[]){"ACL"};
        words[n++] = (char[]){"SETUSER"};
        for (char *word = strtok(line + 5, " \n"); word != NULL && n < 63;
             word = strtok(NULL, " \n")) {
            words[n++] = word;
        }
        words[n++] = (char[]){">test"};
        reply = redisCommandArgv(c, (int)n, (const char **)(void *)words, NULL);
        assert_int_equal(reply->type, REDIS_REPLY_STATUS);
        freeReplyObject(reply);
    }
    reply = redisCommand(c, "AUTH city test");
    assert_int_equal(reply->type, REDIS_REPLY_STATUS);
    freeReplyObject(reply);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        reply = redisCommand(c, allowed[i]);
        assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
        assert_true(reply->elements > 0);
        freeReplyObject(reply);
    }
    reply = redisCommand(c, "HGETALL bowei:{150402}:fence:a");
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    freeReplyObject(reply);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        reply = redisCommand(c, refused[i]);
        assert_int_equal(reply->type, REDIS_REPLY_ERROR);
        assert_int_equal(strncmp(reply->str, "NOPERM", 6), 0);
        freeReplyObject(reply);
    }
    redisFree(c);
    gateway_down(g);
}

/* Who halts a load waits for some hundred images at most, and is told that it is not all. */
struct halting {
    _Atomic bool halt;
    uint32_t given, until;
};

static void halt_soon(void *ctx, const struct image *image)
{
    struct halting *h = ctx;

    (void)image;
    atomic_store(&h->halt, ++h->given >= h->until);
}

static void test_a_load_can_be_halted(void **state)
{
    struct gateway *g = gateway_up(3000);
    struct redis_params params = g->params;
    struct halting h = {.until = 700};
    struct position newest;
    int64_t high_water_ms;

    (void)state;
    assert_true(pump(g, 10000, all_confirmed));
    params.halt = &h.halt;
    assert_int_equal(redis_load(&params, &g->city.inv, halt_soon, &h, &newest, &high_water_ms),
                     ERR_UNAVAILABLE);
    assert_in_range(h.given, 700, 1500);
    h = (struct halting){.until = UINT32_MAX};
    assert_int_equal(redis_load(&params, &g->city.inv, halt_soon, &h, &newest, &high_water_ms),
                     ERR_OK);
    assert_true(h.given >= 3000);
    gateway_down(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images_come_back),
        cmocka_unit_test(test_only_seen_is_not_worth_a_write),
        cmocka_unit_test(test_another_epoch_ends_the_writing),
        cmocka_unit_test(test_restart_empty_is_written_again),
        cmocka_unit_test(test_nothing_is_taken_before_redis_was_read),
        cmocka_unit_test(test_many_districts),
        cmocka_unit_test(test_stopped_redis_never_holds_the_core),
        cmocka_unit_test(test_timeout_mid_flush_repeats_safely),
        cmocka_unit_test(test_foreign_types_are_replaced),
        cmocka_unit_test(test_kept_images_arrive),
        cmocka_unit_test(test_newer_schema_is_refused),
        cmocka_unit_test(test_memory_of_a_space),
        cmocka_unit_test(test_users_may_what_they_need),
        cmocka_unit_test(test_a_load_can_be_halted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
