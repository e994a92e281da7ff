/* An MQTT link against a real mosquitto started here on a free port: delivery, the PUBACK that must
 * not leave when the disk is full, a lost session, a broker that hangs, a broker that dies and one
 * that refuses us. */
#include "sensors/mqtt/link.h"
#include <mosquitto.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/field_fixture.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scratch_folder.h"

#define MOSQUITTO "/usr/sbin/mosquitto"

static const struct device_row rows[] = {
    {"dev-1", "city", "native", 0, 1},
    {"dev-2", "city", "native", 0, 1},
};

static struct fixture *f;
static struct field_health health;
static struct halt halt;
static struct link *link_under_test;
static struct mosquitto *publisher;
static char folder[256];
static char config_path[300];
static uint16_t port;
static pid_t broker;
static struct subscription_config subscriptions[1];
static struct link_config config;
static char name[] = "city";
static char loopback[] = "127.0.0.1";
static char client_id[] = "bowei-under-test";
static char topic[] = "bowei/up/#";
static char envelope[] = "native";
static char username[] = "nobody";

static bool port_answers(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool answers;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    answers = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return answers;
}

static void broker_start(bool anonymous)
{
    FILE *file = fopen(config_path, "w");

    assert_non_null(file);
    (void)fprintf(file,
                  "listener %u 127.0.0.1\nallow_anonymous %s\npersistence false\n"
                  "set_tcp_nodelay true\nmax_queued_messages 0\nlog_dest none\n",
                  port, anonymous ? "true" : "false");
    (void)fclose(file);
    broker = fork();
    assert_true(broker >= 0);
    if (broker == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives a test that failed */
        (void)execl(MOSQUITTO, "mosquitto", "-c", config_path, (char *)NULL);
        _exit(127);
    }
    WAIT_FOR(port_answers(), 5000);
}

static void broker_kill(void)
{
    if (broker > 0) {
        (void)kill(broker, SIGKILL);
        (void)waitpid(broker, NULL, 0);
        broker = 0;
    }
}

static _Atomic uint32_t acknowledged;

static void on_acknowledged(struct mosquitto *client, void *ctx, int mid)
{
    (void)client;
    (void)ctx;
    (void)mid;
    atomic_fetch_add(&acknowledged, 1);
}

static _Atomic bool publisher_connected;

static void on_publisher_connected(struct mosquitto *client, void *ctx, int code)
{
    (void)client;
    (void)ctx;
    atomic_store(&publisher_connected, code == 0);
}

static void publisher_start(void)
{
    atomic_store(&acknowledged, 0);
    atomic_store(&publisher_connected, false);
    publisher = mosquitto_new("publisher", true, NULL);
    assert_non_null(publisher);
    mosquitto_publish_callback_set(publisher, on_acknowledged);
    mosquitto_connect_callback_set(publisher, on_publisher_connected);
    assert_int_equal(mosquitto_connect(publisher, "127.0.0.1", port, 60), MOSQ_ERR_SUCCESS);
    assert_int_equal(mosquitto_loop_start(publisher), MOSQ_ERR_SUCCESS);
    /* what is published before the CONNACK is sent twice by the library */
    WAIT_FOR(atomic_load(&publisher_connected), 5000);
}

static void publisher_stop(void)
{
    if (publisher != NULL) {
        (void)mosquitto_disconnect(publisher);
        (void)mosquitto_loop_stop(publisher, false);
        mosquitto_destroy(publisher);
        publisher = NULL;
    }
}

static int set_up(void **state)
{
    (void)state;
    f = fixture_create(rows, ARRAY_LEN(rows));
    memset(&health, 0, sizeof health);
    health.status = &f->status;
    (void)mosquitto_lib_init();
    assert_true(halt_init(&halt));
    scratch_folder_make(folder, sizeof folder);
    (void)snprintf(config_path, sizeof config_path, "%s/mosquitto.conf", folder);
    port = loopback_port_reserve();
    subscriptions[0] = (struct subscription_config){.topic = topic, .envelope = envelope, .qos = 1};
    config = (struct link_config){.name = name,
                                  .host = loopback,
                                  .port = port,
                                  .client_id = client_id,
                                  .keepalive_s = 60,
                                  .max_inflight = 100,
                                  .subscriptions = subscriptions,
                                  .subscription_count = 1};
    return 0;
}

static void link_run(void)
{
    struct link_params params = {
        .config = &config, .ports = &f->params, .health = &health, .halt = &halt};

    params.status_index = status_add_link(&f->status, "mqtt", config.name);
    link_under_test = link_start(&params);
    assert_non_null(link_under_test);
}

static void link_halt(void)
{
    halt_raise(&halt);
    link_join(link_under_test);
    link_under_test = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    link_halt();
    publisher_stop();
    broker_kill();
    halt_finish(&halt);
    (void)mosquitto_lib_cleanup();
    scratch_folder_remove(folder);
    fixture_destroy(f);
    return 0;
}

static void publish(const char *device, uint32_t counter)
{
    char at[64];
    char text[128];
    int len = snprintf(text, sizeof text, "{\"device\":\"%s\",\"occupied\":true,\"counter\":%u}",
                       device, counter);

    (void)snprintf(at, sizeof at, "bowei/up/%s", device);
    assert_int_equal(mosquitto_publish(publisher, NULL, at, len, text, 1, false), MOSQ_ERR_SUCCESS);
}

static bool drained(void)
{
    return atomic_load(&f->status.link[0].polled);
}

static bool up(void)
{
    return atomic_load(&f->status.link[0].up);
}

/* Each of the counters 0..n-1 was heard. */
static bool heard_all(uint32_t n)
{
    static bool seen[1000];
    bool all = true;

    memset(seen, 0, sizeof seen);
    pthread_mutex_lock(&f->lock);
    for (uint32_t i = 0; i < f->heard_count; i++) {
        seen[f->heard[i].counter % 1000] = true;
    }
    pthread_mutex_unlock(&f->lock);
    for (uint32_t i = 0; i < n; i++) {
        all = all && seen[i];
    }
    return all;
}

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
    link_halt();
    halt_finish(&halt);
    assert_true(halt_init(&halt));
    atomic_store(&f->status.links, 0);
    atomic_store(&f->status.link[0].polled, false);
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

/* The heart of "accepted means kept": refused messages come again, all of them. */
static void a_refused_reading_is_not_acknowledged(void **state)
{
    (void)state;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    publisher_start();
    publish("dev-1", 0);
    WAIT_FOR(heard_all(1), 5000);
    fixture_answer(f, ERR_DISK_FULL);
    for (uint32_t i = 1; i < 60; i++) {
        publish("dev-1", i);
    }
    WAIT_FOR(count_get(&f->counters, COUNT_MQTT_STOPPED) >= 2, 10000);
    assert_int_equal(fixture_heard(f), 1);
    WAIT_FOR(status_is(&f->status, DEGRADED_BROKER_DOWN), 5000);
    fixture_answer(f, ERR_OK);
    WAIT_FOR(heard_all(60), 15000);
    assert_int_equal(f->sessions_lost, 1);
}

static void a_killed_broker_is_a_lost_session(void **state)
{
    int64_t before_ms;

    (void)state;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    before_ms = host_wall_ms();
    broker_kill();
    WAIT_FOR(!up(), 5000);
    assert_true(status_is(&f->status, DEGRADED_BROKER_DOWN));
    broker_start(true);
    WAIT_FOR(up(), 15000);
    WAIT_FOR(f->sessions_lost == 2, 5000);
    assert_in_range(before_ms - f->session_lost_since_ms, 0,
                    10000); /* since the last sign of life */
    publisher_start();
    publish("dev-2", 0);
    WAIT_FOR(fixture_heard(f) == 1, 5000);
}

/* A stopped broker keeps its sockets: only the watchdog sees it, within 1.5 keep-alives. */
static void a_hanging_broker_is_noticed(void **state)
{
    (void)state;
    config.keepalive_s = 5;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    (void)kill(broker, SIGSTOP);
    WAIT_FOR(!up(), 9000);
    (void)kill(broker, SIGCONT);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REBUILDS), 1);
    WAIT_FOR(up(), 30000);
}

static void a_refusing_broker_is_counted(void **state)
{
    (void)state;
    config.username = username;
    config.password = username;
    broker_start(false);
    link_run();
    WAIT_FOR(count_get(&f->counters, COUNT_MQTT_DENIED) >= 2, 10000);
    assert_false(up());
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_CONNECTS), 0);
}

/* Another client with our id throws us out again and again: we stop fighting. */
static void a_second_gateway_is_not_fought(void **state)
{
    uint64_t connects;

    (void)state;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    for (int i = 0; i < 4; i++) {
        struct mosquitto *twin = mosquitto_new(client_id, true, NULL);

        WAIT_FOR(up(), 20000);
        connects = count_get(&f->counters, COUNT_MQTT_CONNECTS);
        assert_int_equal(mosquitto_connect(twin, "127.0.0.1", port, 60), MOSQ_ERR_SUCCESS);
        (void)mosquitto_loop(twin, 100, 1);
        WAIT_FOR(!up(), 5000);
        mosquitto_destroy(twin);
        assert_int_equal(count_get(&f->counters, COUNT_MQTT_CONNECTS), connects);
    }
    WAIT_FOR(count_get(&f->counters, COUNT_MQTT_TAKEOVERS) == 1, 5000);
}

static void status_seen(struct mosquitto *client, void *ctx, const struct mosquitto_message *m)
{
    (void)client;
    assert(m->payloadlen < 16);
    memset(ctx, 0, 16);
    memcpy(ctx, m->payload, (size_t)m->payloadlen);
}

/* Stopping says offline, within the second that field_stop has. */
static void stopping_says_offline(void **state)
{
    char seen[16] = "";
    struct mosquitto *watcher;
    int64_t begin_ms;

    (void)state;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    begin_ms = host_boot_ms();
    link_halt();
    assert_in_range(host_boot_ms() - begin_ms, 0, 2000);
    watcher = mosquitto_new("watcher", true, seen);
    mosquitto_message_callback_set(watcher, status_seen);
    assert_int_equal(mosquitto_connect(watcher, "127.0.0.1", port, 60), MOSQ_ERR_SUCCESS);
    assert_int_equal(mosquitto_subscribe(watcher, NULL, "bowei/test/status", 1), MOSQ_ERR_SUCCESS);
    for (int i = 0; i < 50 && seen[0] == '\0'; i++) {
        assert_int_equal(mosquitto_loop(watcher, 100, 1), MOSQ_ERR_SUCCESS);
    }
    mosquitto_destroy(watcher);
    assert_string_equal(seen, "offline");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(messages_arrive_once),
        EACH(a_shared_subscription_is_heard),
        EACH(the_session_keeps_what_we_miss),
        EACH(a_refused_reading_is_not_acknowledged),
        EACH(a_killed_broker_is_a_lost_session),
        EACH(a_hanging_broker_is_noticed),
        EACH(a_refusing_broker_is_counted),
        EACH(a_second_gateway_is_not_fought),
        EACH(stopping_says_offline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
