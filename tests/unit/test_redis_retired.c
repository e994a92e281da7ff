/* Places that were retired while no gateway ran: their keys leave Redis when a gateway begins to
 * write, those of anybody else stay. */
#include "tests/unit/redis_gateway.h"

#define RETIRED_SPACES 600u /* more than go into one transaction */
#define RETIRED        (RETIRED_SPACES + 3)
#define SITE           899 /* of no lot of the city */

struct scene {
    struct redis_gateway g; /* first: it is the images' context */
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
        s->retired[1 + i] = (struct inv_tombstone){.key = city_place_key(SITE, i, 0)};
    }
    s->retired[RETIRED - 1] = (struct inv_tombstone){.key = city_place_key(SITE, 1, 1)};
    s->g.city.inv.tombstones = s->retired;
    s->g.city.inv.tombstone_count = RETIRED;
}

static void say(struct scene *s, const char *command)
{
    redisReply *reply = redisCommand(s->eyes, command);

    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static void plant_all(struct scene *s)
{
    for (uint32_t i = 0; i < RETIRED; i++) {
        const space_key place = s->retired[i].key;
        const char *what = space_key_number(place) != 0           ? "space"
                           : space_key_kind(place) == PLACE_FENCE ? "fence"
                                                                  : "lot";
        char id[SPACE_ID_LEN + 1];
        char command[96];

        space_id_format(place, id);
        (void)snprintf(command, sizeof command, "HSET bowei:{%u}:%s:%s state free",
                       (unsigned)space_key_adcode(place), what, id);
        say(s, command);
    }
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

static int scene_open(void **state)
{
    struct scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    redis_gateway_open(&s->g, 300, NULL, 2000);
    s->eyes = server_connect(&s->g.server);
    retire(s);
    *state = s;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *s = *state;

    redisFree(s->eyes);
    redis_gateway_close(&s->g);
    free(s);
    return 0;
}

static void test_what_was_retired_leaves_redis(void **state)
{
    struct scene *s = *state;

    plant_all(s);
    say(s, "SET bowei:{150402}:space:note theirs");
    redis_gateway_begin(&s->g, (struct image_source){0});
    redis_gateway_settle(&s->g);
    assert_int_equal(count_keys(s, "bowei:*:space:*"), s->g.city.inv.space_count + 1);
    assert_int_equal(count_keys(s, "bowei:*:lot:*"), s->g.city.inv.lot_count);
    assert_int_equal(count_keys(s, "bowei:*:fence:*"), 0);
}

/* Who lost its place to a greater epoch deletes nothing. */
static void test_another_gateway_keeps_its_keys(void **state)
{
    struct scene *s = *state;
    const int64_t until_ms = host_boot_ms() + SETTLE_LIMIT_MS;

    redis_gateway_begin(&s->g, (struct image_source){0});
    redis_gateway_settle(&s->g);
    say(s, "MULTI");
    say(s, "SET bowei:{150402}:epoch 900");
    say(s, "DEL bowei:{150402}:meta");
    say(s, "EXEC");
    plant_all(s);
    say(s, "CLIENT KILL TYPE normal SKIPME yes");
    s->g.city.at.seq++;
    while (redis_writer_state(s->g.writer) != REDIS_STEPPED_DOWN) {
        redis_gateway_turn(&s->g);
        assert_true(host_boot_ms() < until_ms);
    }
    assert_int_equal(count_keys(s, "bowei:*:space:*"),
                     s->g.city.inv.space_count + RETIRED_SPACES + 1);
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
