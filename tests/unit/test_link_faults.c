/* An MQTT link when something is wrong: messages that cannot be read, the PUBACK that must not
 * leave when the disk is full, a broker that dies, hangs, refuses us or keeps our ping from us, a
 * twin. */
#include "sensors/hearing.h"
#include "tests/unit/link_scene.h"

/* Does a line of the log hold this? */
static bool log_had(FILE *log, const char *head)
{
    char line[1024];
    bool had = false;

    rewind(log);
    while (!had && fgets(line, sizeof line, log) != NULL) {
        had = strstr(line, head) != NULL;
    }
    return had;
}

/* A message too long is refused, told of, and acknowledged: it must not come for ever. */
static void a_large_message_is_refused_once(void **state)
{
    static char large[PAYLOAD_MAX + 1];
    const int former = dup(STDERR_FILENO);
    FILE *log = tmpfile();

    (void)state;
    memset(large, ' ', sizeof large);
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    assert_non_null(log);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    publisher_start();
    assert_int_equal(
        mosquitto_publish(publisher, NULL, "bowei/up/dev-1", sizeof large, large, 1, false),
        MOSQ_ERR_SUCCESS);
    publish("dev-1", 0);
    WAIT_FOR(heard_all(1), 5000);
    (void)dup2(former, STDERR_FILENO);
    (void)close(former);
    assert_true(log_had(log, "city: a message of 32769 bytes on bowei/up/dev-1 is refused"));
    (void)fclose(log);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REFUSED_SIZE), 1);
    link_reset();
    link_run();
    WAIT_FOR(count_get(&f->counters, COUNT_MQTT_CONNECTS) == 2, 5000);
    publish("dev-1", 1);
    WAIT_FOR(heard_all(2), 5000);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REFUSED_SIZE), 1);
}

/* A message that nobody can read is told of by its topic, once a minute and reason. */
static void an_unreadable_message_is_named(void **state)
{
    const int former = dup(STDERR_FILENO);
    FILE *log = tmpfile();

    (void)state;
    broker_start(true);
    link_run();
    WAIT_FOR(drained(), 5000);
    assert_non_null(log);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    publisher_start();
    for (int i = 0; i < 3; i++) {
        char at[32];

        (void)snprintf(at, sizeof at, "bowei/up/cut-%d", i);
        assert_int_equal(mosquitto_publish(publisher, NULL, at, 9, "{\"device\"", 1, false),
                         MOSQ_ERR_SUCCESS);
    }
    publish("dev-1", 0);
    WAIT_FOR(heard_all(1), 5000);
    (void)dup2(former, STDERR_FILENO);
    (void)close(former);
    assert_true(log_had(log, "city: a message on bowei/up/cut-0 is refused (json)"));
    assert_false(log_had(log, "cut-1"));
    (void)fclose(log);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REFUSED_JSON), 3);
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
    assert_string_equal(f->session_lost_of, name);
    assert_true(f->session_lost_since_ms >= before_ms); /* whatever was heard before is concerned */
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

/* Rules that keep the link's own ping from it are no silent broker: it stays connected. */
static void a_link_that_may_not_hear_itself_stays(void **state)
{
    (void)state;
    config.keepalive_s = 5;
    rules = "topic readwrite bowei/up/+\n";
    broker_start(true);
    link_run();
    WAIT_FOR(up(), 5000);
    WAIT_FOR(drained(), 10000); /* given up */
    publisher_start();
    publish("dev-1", 0);
    WAIT_FOR(heard_all(1), 5000);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_CONNECTS), 1);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REBUILDS), 0);
}

static void a_refusing_broker_is_counted(void **state)
{
    static char username[] = "nobody";

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_large_message_is_refused_once),       EACH(an_unreadable_message_is_named),
        EACH(a_refused_reading_is_not_acknowledged), EACH(a_killed_broker_is_a_lost_session),
        EACH(a_hanging_broker_is_noticed),           EACH(a_link_that_may_not_hear_itself_stays),
        EACH(a_refusing_broker_is_counted),          EACH(a_second_gateway_is_not_fought),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
