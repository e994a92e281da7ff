/* Places that were retired while no gateway ran: their keys leave Redis when a gateway begins to
 * write, those of anybody else stay. */
#include "redis_fixture.h"

#define RETIRED_SPACES 600u /* more than go into one transaction */
#define RETIRED        (RETIRED_SPACES + 3)
#define SITE           899 /* of no lot of the city */
#define LIMIT_MS       10000

struct scene {
    struct redis_server server;
    struct city city;
    struct counters counters;
    struct redis_params params;
    struct redis_writer *writer;
    struct flush *flush;
    struct inv_tombstone retired[RETIRED];
    redisContext *eyes;
};

/* A fence, a lot and its spaces in one district, a space in the other; sorted, as they must be. */
static void retire(struct scene *s)
{
    space_key fence;

    assert_int_equal(space_id_parse_body("150402001F0010000", 17, &fence), ID_OK);
    s->retired[0] = (struct inv_tombstone){.key = fence};
    for (uint32_t i = 0; i <= RETIRED_SPACES; i++) {
        s->retired[1 + i] = (struct inv_tombstone){.key = city_place_key(SITE, i, false)};
    }
    s->retired[RETIRED - 1] = (struct inv_tombstone){.key = city_place_key(SITE, 1, true)};
    s->city.inv.tombstones = s->retired;
    s->city.inv.tombstone_count = RETIRED;
}

static void plant(struct scene *s, space_key place)
{
    const char *what = space_key_number(place) != 0           ? "space"
                       : space_key_kind(place) == PLACE_FENCE ? "fence"
                                                              : "lot";
    char id[SPACE_ID_LEN + 1];

    space_id_format(place, id);
    freeReplyObject(redisCommand(s->eyes, "HSET bowei:{%u}:%s:%s state free",
                                 (unsigned)space_key_adcode(place), what, id));
}

static size_t count_keys(struct scene *s, const char *pattern)
{
    redisReply *reply = redisCommand(s->eyes, "KEYS %s", pattern);
    size_t n;

    assert_non_null(reply);
    n = reply->elements;
    freeReplyObject(reply);
    return n;
}

/* The core's loop until Redis has everything, or the writer gave up. */
static bool write_all(struct scene *s)
{
    for (int ms = 0; ms < LIMIT_MS; ms++) {
        flush_step(s->flush, s->city.at, CITY_NOW_MS + (int64_t)ms * 10, 0);
        if (redis_writer_state(s->writer) == REDIS_STEPPED_DOWN) {
            return false;
        }
        if (flush_pending(s->flush) == 0 &&
            position_compare(flush_confirmed(s->flush), s->city.at) == 0) {
            return true;
        }
        pause_ms(1);
    }
    fail_msg("not written within %d ms", LIMIT_MS);
    return false;
}

static void gateway_begin(struct scene *s, uint64_t epoch)
{
    const struct image_source source = {.ctx = &s->city,
                                        .space = city_image_space,
                                        .lot = city_image_lot,
                                        .override = city_image_override,
                                        .suspect = city_image_suspect};
    const struct redis_writer_params params = {
        .redis = s->params, .counters = &s->counters, .board = &s->city.board, .epoch = epoch};

    s->writer = redis_writer_start(&params);
    assert_non_null(s->writer);
    s->flush = flush_create(s->writer, &source);
    assert_non_null(s->flush);
    assert_int_equal(flush_reserve(s->flush, &s->city.inv), ERR_OK);
}

static void gateway_end(struct scene *s)
{
    redis_writer_stop(s->writer);
    flush_destroy(s->flush);
}

static int scene_open(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    server_start(&s->server, NULL);
    city_make(&s->city, 300);
    s->params = (struct redis_params){.socket = s->server.socket, .timeout_ms = 2000};
    s->eyes = server_connect(&s->server);
    retire(s);
    for (uint32_t i = 0; i < RETIRED; i++) {
        plant(s, s->retired[i].key);
    }
    *state = s;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *s = *state;

    redisFree(s->eyes);
    server_stop(&s->server);
    city_drop(&s->city);
    free(s);
    return 0;
}

static void test_what_was_retired_leaves_redis(void **state)
{
    struct scene *s = *state;
    uint64_t epoch;

    freeReplyObject(redisCommand(s->eyes, "SET bowei:{150402}:space:note theirs"));
    assert_int_equal(redis_take_epoch(&s->params, &s->city.inv, 1, &epoch), ERR_OK);
    gateway_begin(s, epoch);
    assert_true(write_all(s));
    assert_int_equal(count_keys(s, "bowei:*:space:*"), s->city.inv.space_count + 1);
    assert_int_equal(count_keys(s, "bowei:*:lot:*"), s->city.inv.lot_count);
    assert_int_equal(count_keys(s, "bowei:*:fence:*"), 0);
    gateway_end(s);
}

/* Who lost its place to a greater epoch deletes nothing. */
static void test_another_gateway_keeps_its_keys(void **state)
{
    struct scene *s = *state;
    uint64_t epoch;

    assert_int_equal(redis_take_epoch(&s->params, &s->city.inv, 1, &epoch), ERR_OK);
    freeReplyObject(redisCommand(s->eyes, "SET bowei:{150402}:epoch 900"));
    gateway_begin(s, epoch);
    assert_false(write_all(s));
    assert_int_equal(count_keys(s, "bowei:{150402}:space:*"), RETIRED_SPACES);
    gateway_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_retired_leaves_redis, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(test_another_gateway_keeps_its_keys, scene_open,
                                        scene_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
