/* An MQTT link against a real mosquitto: delivery, the session that waits for us, the topics it
 * keeps, what the status says. What goes wrong: test_link_faults.c. */
#include "tests/unit/link_scene.h"

static void messages_arrive_once(void **state)
{
    (void)state;
    broker_start(true);
    link_run();
    WAIT_FOR(drained() && up(), 5000);
    assert_false(status_is(&f->status, DEGRADED_BROKER_DOWN));
    publisher_start();
    for (uint32_t i = 0; i < 500; i++) {
        publish("dev-1", i);
    }
    WAIT_FOR(heard_all(500), 10000);
    assert_int_equal(fixture_heard(f), 500);
    assert_int_equal(f->heard[499].counter, 499);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_MESSAGES), 500);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_CONNECTS), 1);
}

/* Several gateways may share a subscription; messages come on their own topics. */
static void a_shared_subscription_is_heard(void **state)
{
    static char shared[] = "$share/gateways/bowei/up/#";

    (void)state;
    subscriptions[0].topic = shared;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    publisher_start();
    for (uint32_t i = 0; i < 20; i++) {
        publish("dev-1", i);
    }
    WAIT_FOR(heard_all(20), 5000);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REFUSED_TOPIC), 0);
}

/* Offline messages wait in the session; the second start finds it. */
static void the_session_keeps_what_we_miss(void **state)
{
    (void)state;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    assert_int_equal(f->sessions_lost, 1); /* the broker's first sight of us */
    link_reset();
    publisher_start();
    for (uint32_t i = 0; i < 300; i++) {
        publish("dev-1", i);
    }
    WAIT_FOR(atomic_load(&acknowledged) == 300, 10000); /* the broker has them */
    link_run();
    WAIT_FOR(drained(), 10000);
    assert_true(heard_all(300)); /* drained means: the backlog is here */
    assert_int_equal(f->sessions_lost, 1);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_SESSION_LOST), 1);
}

struct told {
    char of[2][16]; /* by link: what its status topic holds */
};

static void status_seen(struct mosquitto *client, void *ctx, const struct mosquitto_message *m)
{
    struct told *told = ctx;
    char *of = told->of[strcmp(m->topic, "bowei/test/city/status") == 0 ? 0 : 1];

    (void)client;
    assert(m->payloadlen < 16);
    memset(of, 0, sizeof told->of[0]);
    memcpy(of, m->payload, (size_t)m->payloadlen);
}

/* What the broker has retained of each link's status, until it is as expected or 5 s passed. */
static void assert_told(const char *city, const char *beach)
{
    struct told told = {0};
    struct mosquitto *watcher = mosquitto_new("watcher", true, &told);

    mosquitto_message_callback_set(watcher, status_seen);
    assert_int_equal(mosquitto_connect(watcher, "127.0.0.1", port, 60), MOSQ_ERR_SUCCESS);
    assert_int_equal(mosquitto_subscribe(watcher, NULL, "bowei/test/+/status", 1),
                     MOSQ_ERR_SUCCESS);
    for (int i = 0; i < 50 && (strcmp(told.of[0], city) != 0 || strcmp(told.of[1], beach) != 0);
         i++) {
        assert_int_equal(mosquitto_loop(watcher, 100, 1), MOSQ_ERR_SUCCESS);
    }
    mosquitto_destroy(watcher);
    assert_string_equal(told.of[0], city);
    assert_string_equal(told.of[1], beach);
}

/* Stopping says offline, within the second that field_stop has. */
static void stopping_says_offline(void **state)
{
    int64_t begin_ms;

    (void)state;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    begin_ms = host_boot_ms();
    link_halt();
    assert_in_range(host_boot_ms() - begin_ms, 0, 2000);
    assert_told("offline", "");
}

/* Two links to one broker have a status each: one that ends does not take the other's away. */
static void each_link_has_a_status_of_its_own(void **state)
{
    static char beach[] = "beach";
    static char beach_id[] = "test-beach";
    struct link_config other = config;
    struct halt other_halt;
    struct link_params params = {
        .config = &other, .ports = &f->params, .health = &health, .halt = &other_halt};
    struct link *link;

    (void)state;
    other.name = beach;
    other.client_id = beach_id;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    assert_true(halt_init(&other_halt));
    params.status_index = status_add_link(&f->status, "mqtt", beach);
    link = link_start(&params);
    assert_non_null(link);
    assert_told("online", "online");
    halt_raise(&other_halt);
    link_join(link);
    halt_finish(&other_halt);
    assert_told("online", "offline");
}

/* A topic that a reload took out is taken out of the session that the broker keeps, too. */
static void a_topic_taken_out_is_heard_no_more(void **state)
{
    static char other_topic[] = "other/up/+";
    static const char said[] = "{\"device\":\"dev-1\",\"occupied\":true,\"counter\":1}";
    struct subscription_config other[] = {
        {.topic = other_topic, .envelope = envelope, .qos = 1}
    };
    struct link_config edited = config;
    struct halt other_halt;
    struct link_params params = {
        .config = &edited, .ports = &f->params, .health = &health, .halt = &other_halt};
    struct link *link;

    (void)state;
    edited.subscriptions = other;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    assert_true(halt_init(&other_halt));
    halt_hold(&other_halt);
    params.former = link_under_test;
    link = link_start(&params);
    assert_non_null(link);
    link_halt();
    atomic_store(&f->status.link[0].polled, false);
    halt_release(&other_halt);
    WAIT_FOR(drained(), 5000);
    publisher_start();
    publish("dev-1", 0); /* on the topic of before */
    assert_int_equal(
        mosquitto_publish(publisher, NULL, "other/up/dev-1", (int)strlen(said), said, 1, false),
        MOSQ_ERR_SUCCESS);
    WAIT_FOR(fixture_heard(f) == 1, 5000);
    assert_int_equal(f->heard[0].counter, 1);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REFUSED_TOPIC), 0);
    assert_int_equal(f->sessions_lost, 1);
    halt_raise(&other_halt);
    link_join(link);
    halt_finish(&other_halt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(messages_arrive_once),
        EACH(a_shared_subscription_is_heard),
        EACH(the_session_keeps_what_we_miss),
        EACH(stopping_says_offline),
        EACH(each_link_has_a_status_of_its_own),
        EACH(a_topic_taken_out_is_heard_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
