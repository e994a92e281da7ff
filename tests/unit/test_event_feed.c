/* The operators' logs in a real redis-server and the feed over ring and logs: each operator reads
 * exactly its own events, once and in the order of the core, whatever happened to Redis and to the
 * gateway in between; what cannot be given is said, never left out. */
#include "redis_fixture.h"

#include "bowei/base/city_clock.h"
#include "bowei/event_log.h"
#include "bowei/journal.h"
#include "gateway/event_feed.h"
#include "gateway/event_refill.h"
#include "gateway/keep/redis/event_queue.h"
#include "tests/unit/random_image.h"
#include "tests/unit/scratch_folder.h"

#define EVENTS_ROOM 8192
#define DAY_MS      INT64_C(86400000)
#define KEEP_DAYS   30
#define PAGE        37

static const char *const operators[] = {"HLO", "MTB", "QIJU"};

/* A gateway as far as events go, and all that it ever said. */
struct world {
    struct redis_server server;
    struct redis_params params;
    struct city city;
    struct counters counters;
    char folder[128];
    struct journal *journal;
    struct alert_ring *ring;
    struct event_refill refill;
    struct redis_writer *writer;
    struct flush *flush;
    struct event_feed *feed;
    struct event_reader *reader;
    struct event_port port;
    struct dice dice;
    uint64_t epoch;
    struct event_place newest;
    int64_t at_ms, step_ms;   /* of events, of the flush's heartbeat */
    struct alert_image *said; /* EVENTS_ROOM */
    uint32_t said_count;
};

static enum event_found next_event(void *ctx, bool first, struct image *out)
{
    return event_refill_next(&((struct world *)ctx)->refill, first, out);
}

static struct event_place newest_event(void *ctx)
{
    return ((struct world *)ctx)->newest;
}

static void world_space(void *ctx, uint32_t slot, struct image *out)
{
    city_image_space(&((struct world *)ctx)->city, slot, out);
}

static void world_lot(void *ctx, uint32_t lot, struct image *out)
{
    city_image_lot(&((struct world *)ctx)->city, lot, out);
}

static bool world_override(void *ctx, space_key key, struct image *out)
{
    return city_image_override(&((struct world *)ctx)->city, key, out);
}

static bool world_suspect(void *ctx, uint32_t device, struct image *out)
{
    return city_image_suspect(&((struct world *)ctx)->city, device, out);
}

/* --- its life --- */

static void begin(struct world *w)
{
    const struct journal_params journal = {.folder = w->folder, .counters = &w->counters};
    const struct image_source source = {.ctx = w,
                                        .space = world_space,
                                        .lot = world_lot,
                                        .override = world_override,
                                        .suspect = world_suspect,
                                        .event = next_event,
                                        .newest_event = newest_event};
    struct redis_writer_params writer = {.redis = w->params,
                                         .counters = &w->counters,
                                         .board = &w->city.board,
                                         .log_keep_ms = KEEP_DAYS * DAY_MS};
    struct event_place in_logs;

    assert_int_equal(journal_open(&journal, &w->journal), ERR_OK);
    assert_int_equal(redis_take_epoch(&w->params, &w->city.inv, w->epoch + 1, &w->epoch), ERR_OK);
    assert_int_equal(event_log_newest(&w->params, &in_logs), ERR_OK);
    assert_true(event_place_compare(in_logs, w->newest) <= 0);
    writer.epoch = w->epoch;
    w->city.at = (struct position){w->epoch, w->city.at.seq + 1};
    w->refill = (struct event_refill){.journal = w->journal, .kind = IMAGE_ALERT};
    w->ring = alert_ring_create(w->epoch);
    alert_ring_begin(w->ring, w->newest);
    w->writer = redis_writer_start(&writer);
    w->flush = flush_create(w->writer, &source);
    assert_int_equal(flush_reserve(w->flush, &w->city.inv), ERR_OK);
    flush_all(w->flush);
    w->feed = event_feed_create(&w->params, w->ring);
    w->reader = event_reader_create(w->feed);
    w->port = event_reader_port(w->reader);
}

/* As kill -9 does: what the queue held is only in the journal. */
static void end(struct world *w)
{
    event_reader_destroy(w->reader);
    event_feed_destroy(w->feed);
    redis_writer_stop(w->writer);
    flush_destroy(w->flush);
    event_refill_finish(&w->refill);
    alert_ring_destroy(w->ring);
    journal_close(w->journal);
}

static struct world *up(const char *acl)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    server_start(&w->server, acl);
    city_make(&w->city, 200);
    scratch_folder_make(w->folder, sizeof w->folder);
    w->params = (struct redis_params){
        .socket = w->server.socket, .timeout_ms = 500, .username = acl != NULL ? "gateway" : NULL};
    w->said = calloc(EVENTS_ROOM, sizeof *w->said);
    w->at_ms = w->step_ms = CITY_NOW_MS;
    w->newest.at_ms = CITY_NOW_MS - 1000; /* the history begins */
    w->dice.state = 7;
    begin(w);
    return w;
}

static void down(struct world *w)
{
    end(w);
    server_stop(&w->server);
    city_drop(&w->city);
    scratch_folder_remove(w->folder);
    free(w->said);
    free(w);
}

/* Steps the flush until all is confirmed. */
static void settle(struct world *w)
{
    const int64_t until_ms = host_boot_ms() + 20000;

    w->city.at.seq++;
    do {
        flush_step(w->flush, w->city.at, w->step_ms += 100, 0);
        pause_ms(1);
        assert_true(host_boot_ms() < until_ms);
    } while (flush_pending(w->flush) != 0 ||
             position_compare(flush_confirmed(w->flush), w->city.at) != 0);
}

/* What the core and the runner do with one change of an episode. */
static void say(struct world *w, const char *owner, const char *sharer)
{
    const struct record_stamp stamp = {
        .at = {w->epoch, ++w->city.at.seq},
          .now = {.at_ms = w->at_ms       },
          .inventory_version = 1
    };
    struct image image = {.kind = IMAGE_ALERT, .at = stamp.at};
    struct alert_image *alert = &image.alert;

    random_alert(&w->dice, alert);
    memset(alert->operator_code, 0, sizeof alert->operator_code);
    memset(alert->shares, 0, sizeof alert->shares);
    memcpy(alert->operator_code, owner, strlen(owner));
    alert->share_count = sharer != NULL;
    if (sharer != NULL) {
        memcpy(alert->shares[0].operator_code, sharer, strlen(sharer));
    }
    alert->fence = w->city.inv.lots[w->said_count % 2].key; /* this district, and the other */
    w->at_ms += w->said_count % 3 == 0;
    w->newest = (struct event_place){w->at_ms, w->newest.number + 1};
    alert->changed_ms = w->newest.at_ms;
    alert->event = w->newest.number;
    assert_int_equal(journal_append_images(w->journal, RECORD_EFFECT, &stamp, &image, 1), ERR_OK);
    assert_true(w->said_count < EVENTS_ROOM);
    w->said[w->said_count++] = *alert;
    flush_event(w->flush, &image);
    alert_ring_release(w->ring, alert_ring_put(w->ring, alert));
}

/* For one operator, two, or nobody but staff. */
static void say_some(struct world *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t who = dice_below(&w->dice, 8);

        say(w, who < 3 ? operators[who] : "", who >= 3 && who < 6 ? operators[who - 3] : NULL);
    }
}

static struct event_place place_of(const struct alert_image *alert)
{
    return (struct event_place){alert->changed_ms, alert->event};
}

/* --- reading --- */

/* Reads on until the feed says something else; every event must be the next one of the operator. */
static enum event_read read_on(struct world *w, const char *code, struct event_place *after,
                               uint32_t *next, uint32_t *read)
{
    static struct alert_image page[PAGE];
    enum event_read result;

    *read = 0;
    do {
        uint32_t count;

        result = w->port.read(w->port.ctx, code, *after, page, PAGE, &count, after);
        assert_true(count == 0 || result == EVENT_READ_OK);
        for (uint32_t i = 0; i < count; i++, ++*next, ++*read) {
            while (*next < w->said_count && !alert_visible(&w->said[*next], code)) {
                ++*next;
            }
            assert_true(*next < w->said_count);
            assert_memory_equal(&page[i], &w->said[*next], sizeof page[i]);
        }
    } while (result == EVENT_READ_OK);
    while (*next < w->said_count && !alert_visible(&w->said[*next], code)) {
        ++*next;
    }
    return result;
}

/* Everybody reads all of its own from the first event on. */
static void assert_all_read(struct world *w)
{
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        struct event_place after = {0};
        uint32_t next = 0;
        uint32_t read;

        assert_int_equal(read_on(w, operators[i], &after, &next, &read), EVENT_READ_NONE);
        assert_int_equal(next, w->said_count);
        assert_int_equal(event_place_compare(after, w->newest), 0);
    }
}

static enum event_read read_from(struct world *w, const char *code, struct event_place after)
{
    struct alert_image page[4];
    struct event_place reached;
    uint32_t count;

    return w->port.read(w->port.ctx, code, after, page, ARRAY_LEN(page), &count, &reached);
}

/* --- asking Redis --- */

static long long ask(struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);

static long long ask(struct world *w, const char *format, ...)
{
    redisContext *c = server_connect(&w->server);
    va_list args;
    redisReply *reply;
    long long n;

    va_start(args, format);
    reply = redisvCommand(c, format, args);
    va_end(args);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR) {
        fail_msg("%s: %s", format, reply->str);
    }
    n = reply->integer;
    freeReplyObject(reply);
    redisFree(c);
    return n;
}

static long long entries(struct world *w)
{
    long long n = 0;

    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        n += ask(w, "XLEN bowei:{op:%s}:log", operators[i]);
    }
    return n;
}

static long long visible(const struct world *w)
{
    long long n = 0;

    for (uint32_t i = 0; i < w->said_count; i++) {
        const char *codes[ALERT_VIEWERS_MAX];

        n += alert_viewers(&w->said[i], codes);
    }
    return n;
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
    (void)ask(w, "HSET bowei:{city}:events to %lld-%llu", (long long)w->said[10].changed_ms,
              (unsigned long long)w->said[10].event);
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
    assert_true(ask(w, "XLEN bowei:{op:HLO}:log") < 100);
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
    (void)ask(w, "DEL bowei:{op:HLO}:log bowei:{city}:events");
    (void)ask(w, "SET bowei:{op:HLO}:log x");
    (void)ask(w, "SET bowei:{city}:events x");
    say(w, "HLO", NULL);
    settle(w);
    assert_int_equal(ask(w, "XLEN bowei:{op:HLO}:log"), 1);
    end(w);
    begin(w);
    settle(w);
    assert_int_equal(read_from(w, "HLO", old), EVENT_READ_EXPIRED);
    assert_int_equal(read_from(w, "MTB", old), EVENT_READ_OK);
    (void)ask(w, "DEL bowei:{op:MTB}:log");
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
        cmocka_unit_test(places_as_text_come_back),
        cmocka_unit_test(listeners_are_woken_until_they_leave),
        cmocka_unit_test(each_reads_its_own_once_and_in_order),
        cmocka_unit_test(an_absurd_id_hides_no_events),
        cmocka_unit_test(what_finds_no_room_is_refilled),
        cmocka_unit_test(nothing_is_confirmed_before_it_is_in_the_logs),
        cmocka_unit_test(a_restart_repeats_nothing_and_loses_nothing),
        cmocka_unit_test(a_log_that_lags_is_no_gap),
        cmocka_unit_test(redis_away_is_said_and_memory_goes_on),
        cmocka_unit_test(an_empty_redis_is_filled_again),
        cmocka_unit_test(what_nobody_has_any_more_is_expired),
        cmocka_unit_test(old_entries_are_trimmed_and_that_is_seen),
        cmocka_unit_test(foreign_types_and_deleted_logs_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
