/* The feed over ring and operators' logs in a real redis-server: each operator reads exactly its
 * own events, once and in the order of the core; what cannot be given is said, never left out. How
 * events reach the logs: test_event_refill.c. */
#include "tests/unit/event_world.h"

static struct event_place place_of(const struct alert_image *alert)
{
    return (struct event_place){alert->changed_ms, alert->event};
}

static enum event_read read_from(struct world *w, const char *code, struct event_place after)
{
    struct alert_image page[4];
    struct event_place reached;
    uint32_t count;

    return w->port.read(w->port.ctx, code, after, page, ARRAY_LEN(page), &count, &reached);
}

/* --- the tests --- */

static void each_reads_its_own_once_and_in_order(void **state)
{
    struct world *w = up(TESTS_DIR "/../docker/redis-users.acl");

    (void)state;
    settle(w);
    assert_int_equal(read_from(w, "HLO", (struct event_place){0}), EVENT_READ_NONE);
    say_some(w, 100);
    settle(w);
    say_some(w, 2 * ALERT_RING); /* the first ones are no longer in memory */
    settle(w);
    assert_all_read(w);
    assert_int_equal(read_from(w, "NOBODY", (struct event_place){0}), EVENT_READ_NONE);
    down(w);
}

/* A memory that does not reach back, a log that does not reach on: said, then read on. */
static void a_log_that_lags_is_no_gap(void **state)
{
    struct world *w = up(NULL);
    struct event_place after = {0};
    uint32_t next = 0;
    uint32_t read;

    (void)state;
    settle(w);
    say_some(w, 60);
    settle(w);
    say_some(w, ALERT_RING + 100); /* Redis is not fed */
    assert_int_equal(read_on(w, "HLO", &after, &next, &read), EVENT_READ_UNAVAILABLE);
    assert_true(read > 0 && next >= 60);
    assert_true(event_place_compare(after, place_of(&w->said[59])) >= 0);
    settle(w);
    assert_int_equal(read_on(w, "HLO", &after, &next, &read), EVENT_READ_NONE);
    assert_int_equal(next, w->said_count);
    assert_true(read > ALERT_RING / 8);
    down(w);
}

static void redis_away_is_said_and_memory_goes_on(void **state)
{
    struct world *w = up(NULL);
    struct event_place old;
    struct event_place after;
    uint32_t next;
    uint32_t read;

    (void)state;
    settle(w);
    say_some(w, ALERT_RING + 50);
    settle(w);
    old = place_of(&w->said[3]);
    kill(w->server.pid, SIGSTOP);
    assert_int_equal(read_from(w, "HLO", old), EVENT_READ_UNAVAILABLE);
    say_some(w, 20);
    next = w->said_count - 20;
    after = place_of(&w->said[next - 1]);
    assert_int_equal(read_on(w, "MTB", &after, &next, &read), EVENT_READ_NONE);
    assert_int_equal(next, w->said_count);
    kill(w->server.pid, SIGCONT);
    settle(w);
    assert_all_read(w);
    assert_int_equal(entries(w), visible(w));
    down(w);
}

/* Redis is empty and the journal begins later: what is older is expired, not silently missing. */
static void what_nobody_has_any_more_is_expired(void **state)
{
    struct world *w = up(NULL);
    struct event_place old;
    struct event_place after = {0};
    uint32_t next;
    uint32_t read;

    (void)state;
    settle(w);
    say_some(w, 40);
    settle(w);
    old = place_of(&w->said[20]);
    end(w);
    scratch_folder_remove(w->folder);
    scratch_folder_make(w->folder, sizeof w->folder);
    server_kill(&w->server);
    server_run(&w->server);
    begin(w);
    settle(w);
    assert_int_equal(read_from(w, "HLO", old), EVENT_READ_EXPIRED);
    assert_int_equal(read_from(w, "HLO", w->newest), EVENT_READ_NONE);
    say_some(w, 30);
    settle(w);
    end(w);
    begin(w);
    settle(w);
    assert_int_equal(read_from(w, "HLO", old), EVENT_READ_EXPIRED);
    next = 40;
    assert_int_equal(read_on(w, "HLO", &after, &next, &read), EVENT_READ_NONE);
    assert_int_equal(next, w->said_count);
    after = place_of(&w->said[39]);
    next = 40;
    assert_int_equal(read_on(w, "MTB", &after, &next, &read), EVENT_READ_NONE);
    assert_int_equal(next, w->said_count);
    /* a history that never was, and one that is no more */
    old = w->newest;
    old.number++;
    assert_int_equal(read_from(w, "HLO", old), EVENT_READ_EXPIRED);
    old = w->newest;
    end(w);
    scratch_folder_remove(w->folder);
    scratch_folder_make(w->folder, sizeof w->folder);
    server_kill(&w->server);
    server_run(&w->server);
    w->at_ms += 5000;
    w->newest = (struct event_place){.at_ms = w->at_ms};
    begin(w);
    settle(w);
    assert_int_equal(read_from(w, "HLO", old), EVENT_READ_EXPIRED);
    assert_int_equal(read_from(w, "HLO", w->port.newest(w->port.ctx)), EVENT_READ_NONE);
    down(w);
}

static void old_entries_are_trimmed_and_that_is_seen(void **state)
{
    struct world *w = up(NULL);
    struct event_place old;
    struct event_place last;
    struct event_place quiet;

    (void)state;
    settle(w);
    say(w, "MTB", NULL);
    quiet = w->newest;
    for (int i = 0; i < 200; i++) {
        say(w, "HLO", NULL);
    }
    old = place_of(&w->said[50]);
    last = w->newest;
    settle(w);
    w->at_ms += (KEEP_DAYS + 1) * DAY_MS;
    say(w, "HLO", NULL);
    say(w, "MTB", NULL);
    settle(w);
    assert_true(redis_number(&w->server, "XLEN bowei:{op:HLO}:log") < 100);
    end(w);
    begin(w);
    settle(w);
    assert_int_equal(read_from(w, "HLO", old), EVENT_READ_EXPIRED);
    assert_int_equal(read_from(w, "HLO", (struct event_place){0}), EVENT_READ_OK);
    /* who knows the last one that went, or was told of none, misses nothing, however long ago */
    assert_int_equal(read_from(w, "HLO", last), EVENT_READ_OK);
    assert_int_equal(read_from(w, "MTB", quiet), EVENT_READ_OK);
    assert_int_equal(read_from(w, "MTB", last), EVENT_READ_OK);
    assert_int_equal(read_from(w, "QIJU", old), EVENT_READ_NONE);
    down(w);
}

static void foreign_types_and_deleted_logs_are_seen(void **state)
{
    struct world *w = up(NULL);
    struct event_place old;

    (void)state;
    settle(w);
    say_some(w, 50);
    settle(w);
    old = place_of(&w->said[5]);
    (void)redis_number(&w->server, "DEL bowei:{op:HLO}:log bowei:{city}:events");
    (void)redis_number(&w->server, "SET bowei:{op:HLO}:log x");
    (void)redis_number(&w->server, "SET bowei:{city}:events x");
    say(w, "HLO", NULL);
    settle(w);
    assert_int_equal(redis_number(&w->server, "XLEN bowei:{op:HLO}:log"), 1);
    end(w);
    begin(w);
    settle(w);
    assert_int_equal(read_from(w, "HLO", old), EVENT_READ_EXPIRED);
    assert_int_equal(read_from(w, "MTB", old), EVENT_READ_OK);
    (void)redis_number(&w->server, "DEL bowei:{op:MTB}:log");
    assert_int_equal(read_from(w, "MTB", old), EVENT_READ_EXPIRED);
    down(w);
}

static void count_wake(void *ctx)
{
    ++*(int *)ctx;
}

static void listeners_are_woken_until_they_leave(void **state)
{
    struct world *w = up(NULL);
    int first = 0;
    int second = 0;

    (void)state;
    w->port.listen(w->port.ctx, count_wake, &first);
    w->port.listen(w->port.ctx, count_wake, &second);
    event_feed_wake(w->feed);
    w->port.unlisten(w->port.ctx, &first);
    event_feed_wake(w->feed);
    w->port.listen(w->port.ctx, NULL, &second);
    event_feed_wake(w->feed);
    assert_int_equal(first, 1);
    assert_int_equal(second, 2);
    say_some(w, 5);
    assert_int_equal(event_place_compare(w->port.newest(w->port.ctx), w->newest), 0);
    down(w);
}

static void places_as_text_come_back(void **state)
{
    static const char *const wrong[] = {
        "",  "e", "e0000000000000000000000000000000",   "x00000000000000000000000000000000",
        "0", "A", "e0000000000000000000000000000000g",  "e0000000000000000000000000000000A",
        "-", "0", "e000000000000000000000000000000000", "e80000000000000000000000000000000"};
    struct dice dice = {.state = 3};
    struct event_place place;
    struct event_place back;
    char text[EVENT_CURSOR_MAX];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        place = (struct event_place){(int64_t)(dice_u64(&dice) >> 1), dice_u64(&dice)};
        event_place_format(place, text);
        assert_true(event_place_parse(text, strlen(text), &back));
        assert_int_equal(event_place_compare(place, back), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_false(event_place_parse(wrong[i], strlen(wrong[i]), &back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reads_its_own_once_and_in_order),
        cmocka_unit_test(a_log_that_lags_is_no_gap),
        cmocka_unit_test(redis_away_is_said_and_memory_goes_on),
        cmocka_unit_test(what_nobody_has_any_more_is_expired),
        cmocka_unit_test(old_entries_are_trimmed_and_that_is_seen),
        cmocka_unit_test(foreign_types_and_deleted_logs_are_seen),
        cmocka_unit_test(listeners_are_woken_until_they_leave),
        cmocka_unit_test(places_as_text_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
