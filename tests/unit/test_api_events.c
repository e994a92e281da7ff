/* GET /v1/events over HTTP before a made-up feed: who may read whose, pages that a client can go on
 * from, and what it is told when the feed has no answer, without the HTTP thread ever waiting. */
#include "tests/unit/fleet_fixture.h"

#include "api/event_desk.h"
#include "tests/unit/api_fixture.h"

#define EVENTS 250
#define EVERY  3 /* of so many one is the other operator's */

static struct api_city *city;
static struct fleet_fixture fleet;
static char other_key[KEY_TEXT_MAX];

/* The feed's stand-in. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t go_on;
    bool held; /* guarded: reads wait */
    enum event_read result;
    uint32_t reads;
} feed = {.lock = PTHREAD_MUTEX_INITIALIZER, .go_on = PTHREAD_COND_INITIALIZER};

static void event_make(uint32_t i, struct alert_image *out)
{
    *out = (struct alert_image){.id = 100 + i,
                                .event = i,
                                .kind = ALERT_OUT_OF_FENCE,
                                .version = 2,
                                .distance_mm = 31000,
                                .opened_ms = T0,
                                .changed_ms = T0 + i};
    (void)snprintf(out->operator_code, sizeof out->operator_code, "%s",
                   i % EVERY == 0 ? "MTN" : "HLO");
    (void)snprintf(out->vehicle, sizeof out->vehicle, "%s-50000001", out->operator_code);
}

static enum event_read feed_read(void *ctx, const char *operator_code, struct event_place after,
                                 struct alert_image *out, uint32_t room, uint32_t *count,
                                 struct event_place *reached)
{
    enum event_read result;

    (void)ctx;
    pthread_mutex_lock(&feed.lock);
    feed.reads++;
    while (feed.held) {
        pthread_cond_wait(&feed.go_on, &feed.lock);
    }
    result = feed.result;
    pthread_mutex_unlock(&feed.lock);
    *count = 0;
    *reached = after;
    if (result == EVENT_READ_EXPIRED || result == EVENT_READ_UNAVAILABLE) {
        return result;
    }
    for (uint32_t i = (uint32_t)after.number + 1; i <= EVENTS && *count < room; i++) {
        event_make(i, &out[*count]);
        *count += strcmp(out[*count].operator_code, operator_code) == 0;
        *reached = (struct event_place){T0 + i, i};
    }
    return *count > 0 ? EVENT_READ_OK : EVENT_READ_NONE;
}

static void feed_set(bool held, enum event_read result)
{
    pthread_mutex_lock(&feed.lock);
    feed.held = held;
    feed.result = result;
    pthread_cond_broadcast(&feed.go_on);
    pthread_mutex_unlock(&feed.lock);
}

static uint32_t feed_reads(void)
{
    uint32_t reads;

    pthread_mutex_lock(&feed.lock);
    reads = feed.reads;
    pthread_mutex_unlock(&feed.lock);
    return reads;
}

static int setup(void **state)
{
    (void)state;
    city = city_make();
    fleet_start(&fleet);
    inventory_destroy(city->inv);
    city->inv = fleet.inv;
    (void)inventory_publish(&city->board, city->inv);
    city->at_ms = T0;
    assert_int_equal(
        key_create(city->keys_path, "hello", ROLE_OPERATOR, "HLO", 1, city->operator_key), ERR_OK);
    assert_int_equal(key_create(city->keys_path, "mountain", ROLE_OPERATOR, "MTN", 1, other_key),
                     ERR_OK);
    city->events.read = feed_read;
    city->config.http.requests_per_s = 5000;
    city->config.http.connections = city->config.http.connections_per_ip = 128;
    city_api_start(city);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    feed_set(false, EVENT_READ_OK);
    city_close(city);
    core_destroy(fleet.core);
    return 0;
}

static int beat(void **state)
{
    (void)state;
    feed_set(false, EVENT_READ_OK);
    view_put_heartbeat(city->view, (struct now){.at_ms = T0}, host_boot_ms());
    return 0;
}

static struct answer_text ask(const char *key, const char *target)
{
    char head[160] = "";

    if (key != NULL) {
        (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", key);
    }
    return client_ask(city, "GET", target, head, NULL);
}

static void expect(const char *key, const char *target, int status, const char *has)
{
    struct answer_text a = ask(key, target);

    if (a.status != status || (strstr(a.body, has) == NULL && strstr(a.head, has) == NULL)) {
        fail_msg("%s: %d %s %s, wanted %d with %s", target, a.status, a.head, a.body, status, has);
    }
    answer_free(&a);
}

/* --- the tests --- */

static void who_may_read_whose(void **state)
{
    struct answer_text a;

    (void)state;
    expect(NULL, "/v1/events", 401, "unauthenticated");
    expect(city->operator_key, "/v1/events?operator=MTN", 403, "its own events");
    expect(city->operator_key, "/v1/events?operator=HLO", 200, "HLO-50000001");
    expect(city->staff, "/v1/events", 400, "\"operator\"");
    expect(city->staff, "/v1/events?operator=ZZZ", 400, "is not in the inventory");
    expect(city->staff, "/v1/events?operator=MTN", 200, "MTN-50000001");
    a = ask(other_key, "/v1/events?limit=1000");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "MTN-50000001"));
    assert_null(strstr(a.body, "HLO"));
    answer_free(&a);
}

static void parameters_are_checked(void **state)
{
    static const struct {
        const char *target, *field;
    } rows[] = {
        {"/v1/events?after=",                                  "\"after\""   },
        {"/v1/events?after=x",                                 "\"after\""   },
        {"/v1/events?after=e0000000000000000000000000000000g", "\"after\""   },
        {"/v1/events?after=e80000000000000000000000000000001", "\"after\""   },
        {"/v1/events?limit=0",                                 "\"limit\""   },
        {"/v1/events?limit=1001",                              "\"limit\""   },
        {"/v1/events?operator=hlo",                            "\"operator\""},
        {"/v1/events?operator=HLOHLOHLO",                      "\"operator\""},
        {"/v1/events?since=1",                                 "\"since\""   },
        {"/v1/events?crs=utm",                                 "\"crs\""     },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect(city->operator_key, rows[i].target, 400, rows[i].field);
    }
}

/* The `next` of an answer. */
static void next_of(const struct answer_text *a, char out[EVENT_CURSOR_MAX])
{
    const char *at = strstr(a->body, "\"next\":\"");

    assert_non_null(at);
    at += strlen("\"next\":\"");
    assert_true(strcspn(at, "\"") < EVENT_CURSOR_MAX);
    memcpy(out, at, strcspn(at, "\""));
    out[strcspn(at, "\"")] = '\0';
}

static uint32_t count_of(const char *text, const char *what)
{
    uint32_t n = 0;

    for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what)) {
        n++;
    }
    return n;
}

static void pages_go_on_where_they_ended(void **state)
{
    char target[96] = "/v1/events?limit=40";
    char next[EVENT_CURSOR_MAX] = "";
    char last[EVENT_CURSOR_MAX];
    uint32_t seen = 0;
    uint32_t found;

    (void)state;
    do {
        struct answer_text a = ask(city->operator_key, target);

        assert_int_equal(a.status, 200);
        found = count_of(a.body, "\"type\":\"cn.bowei.alert.out_of_fence.open.v1\"");
        assert_int_equal(count_of(a.body, ".2\",\"time\":\""), found);
        assert_int_equal(count_of(a.body, "\"alert\":{\"id\":\"A"), found);
        seen += found;
        memcpy(last, next, sizeof last);
        next_of(&a, next);
        (void)snprintf(target, sizeof target, "/v1/events?limit=40&after=%s", next);
        answer_free(&a);
    } while (found > 0);
    assert_int_equal(seen, EVENTS - EVENTS / EVERY);
    assert_string_not_equal(next, "");
    /* nothing new: the same place again */
    memcpy(last, next, sizeof last);
    struct answer_text a = ask(city->operator_key, target);
    assert_non_null(strstr(a.body, "\"items\":[]"));
    next_of(&a, next);
    assert_string_equal(next, last);
    answer_free(&a);
}

static void what_has_no_answer_is_said(void **state)
{
    (void)state;
    feed_set(false, EVENT_READ_EXPIRED);
    expect(city->operator_key, "/v1/events?after=e00000000000000000000000000000001", 410,
           "\"expired\"");
    expect(city->operator_key, "/v1/events", 410, "without `after`");
    feed_set(false, EVENT_READ_UNAVAILABLE);
    expect(city->operator_key, "/v1/events", 503, "Retry-After: 1");
    expect(city->operator_key, "/v1/events", 503, "with the same cursor");
}

/* Who gave up stands in the queue until the desk comes to them: meanwhile there may be no room. */
static void expect_when_room(const char *target, const char *needle)
{
    bool refused = true;

    while (refused) {
        struct answer_text a = ask(city->operator_key, target);

        refused = a.status == 503 && strstr(a.body, "\"overloaded\"") != NULL;
        assert_true(refused || (a.status == 200 && strstr(a.body, needle) != NULL));
        answer_free(&a);
    }
}

/* A Redis that does not answer: the request gives up, everybody else is served meanwhile, and no
 * more than a bounded number waits. */
static void a_slow_feed_holds_nobody_else(void **state)
{
    enum { MORE = 8 };

    char text[240];
    int fds[EVENT_ASKS_MAX + 1 + MORE];
    const uint32_t before = feed_reads();
    uint32_t refused = 0;

    (void)state;
    feed_set(true, EVENT_READ_OK);
    (void)snprintf(text, sizeof text,
                   "GET /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                   "Authorization: Bearer %s\r\n\r\n",
                   city->operator_key);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_open(city);
        client_send(fds[i], text, strlen(text));
        if (i == 0) {
            while (feed_reads() == before) {
                sched_yield();
            }
        }
    }
    expect(NULL, "/livez", 200, "");
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        struct answer_text a = client_read(fds[i], false);

        assert_int_equal(a.status, 503);
        refused += strstr(a.body, "\"overloaded\"") != NULL;
        answer_free(&a);
        close(fds[i]);
    }
    assert_int_equal(refused, MORE);
    assert_int_equal(count_get(&city->counters, COUNT_EVENTS_ASKED_TOO_MANY), MORE);
    feed_set(false, EVENT_READ_OK);
    expect_when_room("/v1/events", "HLO-50000001");
    assert_int_equal(feed_reads(), before + 2); /* those who gave up are not read for */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, beat)
    const struct CMUnitTest tests[] = {
        TEST(who_may_read_whose),
        TEST(parameters_are_checked),
        TEST(pages_go_on_where_they_ended),
        TEST(what_has_no_answer_is_said),
        TEST(a_slow_feed_holds_nobody_else),
    };
#undef TEST

    return cmocka_run_group_tests(tests, setup, teardown);
}
