/* How events reach the operators' logs whatever happened to Redis and to the gateway in between:
 * what found no room is read back out of the journal, nothing counts as confirmed before it is
 * there, nothing is there twice, nothing is kept out by what somebody added. */
#include "tests/unit/event_world.h"

/* More than the queue holds, and Redis is not fed meanwhile. */
static void what_finds_no_room_is_refilled(void **state)
{
    struct world *w = up(NULL);

    (void)state;
    settle(w);
    say_some(w, EVENTS_MAX + 1500);
    assert_int_equal(count_get(&w->counters, COUNT_EVENTS_OVERFLOWED), 1);
    assert_true(flush_pending(w->flush) > EVENTS_MAX);
    settle(w);
    assert_int_equal(count_get(&w->counters, COUNT_EVENTS_REFILLED), 1500);
    assert_int_equal(entries(w), visible(w));
    assert_all_read(w);
    down(w);
}

static void nothing_is_confirmed_before_it_is_in_the_logs(void **state)
{
    struct world *w = up(NULL);
    struct position before;

    (void)state;
    settle(w);
    before = flush_confirmed(w->flush);
    say_some(w, EVENTS_MAX + 10);
    for (int i = 0; flush_pending(w->flush) > 10; i++) {
        assert_true(i < 10000);
        assert_int_equal(position_compare(flush_confirmed(w->flush), before), 0);
        flush_step(w->flush, w->city.at, w->step_ms, 0);
        pause_ms(1);
    }
    settle(w);
    assert_int_equal(entries(w), visible(w));
    down(w);
}

/* Killed with events that only the journal has; then once more, with nothing new. */
static void a_restart_repeats_nothing_and_loses_nothing(void **state)
{
    struct world *w = up(NULL);

    (void)state;
    settle(w);
    say_some(w, 300);
    settle(w);
    say_some(w, 200);
    end(w);
    begin(w);
    say_some(w, 50); /* before the old ones were handed over */
    settle(w);
    assert_int_equal(entries(w), visible(w));
    assert_all_read(w);
    end(w);
    begin(w);
    settle(w);
    assert_int_equal(entries(w), visible(w));
    assert_all_read(w);
    /* what is written again all the same is refused by its id, without harm to what stands with it
     */
    end(w);
    (void)redis_number(&w->server, "HSET bowei:{city}:events to %lld-%llu",
                       (long long)w->said[10].changed_ms, (unsigned long long)w->said[10].event);
    begin(w);
    say_some(w, 20);
    settle(w);
    assert_int_equal(entries(w), visible(w));
    assert_int_equal(count_get(&w->counters, COUNT_REDIS_ERRORS), 0);
    end(w);
    begin(w);
    settle(w);
    assert_all_read(w);
    down(w);
}

/* Redis comes back empty: the journal still has everything. */
static void an_empty_redis_is_filled_again(void **state)
{
    struct world *w = up(NULL);

    (void)state;
    settle(w);
    say_some(w, 400);
    settle(w);
    server_kill(&w->server);
    say_some(w, 10);
    server_run(&w->server);
    settle(w);
    assert_int_equal(entries(w), visible(w));
    end(w);
    begin(w); /* nothing in memory */
    settle(w);
    assert_all_read(w);
    down(w);
}

/* Somebody added an entry with an id that no event will ever reach: it goes, none of ours is
 * missed. With the shipped rights. */
static void an_absurd_id_hides_no_events(void **state)
{
    struct world *w = up(TESTS_DIR "/../docker/redis-users.acl");
    redisContext *c = server_connect(&w->server);

    (void)state;
    say_some(w, 50);
    settle(w);
    freeReplyObject(redisCommand(c, "AUTH gateway any"));
    for (size_t i = 0; i < 2; i++) {
        redisReply *reply =
            redisCommand(c, "XADD bowei:{op:%s}:log 18446744073709551615-1 f v", operators[i]);

        assert_int_equal(reply->type, REDIS_REPLY_STRING);
        freeReplyObject(reply);
    }
    redisFree(c);
    say_some(w, 50);
    settle(w);
    assert_all_read(w);
    assert_int_equal(count_get(&w->counters, COUNT_REDIS_FOREIGN), 2);
    assert_int_equal(count_get(&w->counters, COUNT_REDIS_HIDDEN), 0);
    down(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_finds_no_room_is_refilled),
        cmocka_unit_test(nothing_is_confirmed_before_it_is_in_the_logs),
        cmocka_unit_test(a_restart_repeats_nothing_and_loses_nothing),
        cmocka_unit_test(an_empty_redis_is_filled_again),
        cmocka_unit_test(an_absurd_id_hides_no_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
