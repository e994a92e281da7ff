#ifndef TESTS_UNIT_LINK_SCENE_H
#define TESTS_UNIT_LINK_SCENE_H

/* A link against a real mosquitto started here on a free port, and a client that publishes.
 * Included by one source a program. */
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
static const char *rules; /* of the broker's access, NULL = none */

static inline bool port_answers(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool answers;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    answers = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return answers;
}

static inline void rules_write(FILE *config_file)
{
    char path[sizeof config_path + 8];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s.acl", config_path);
    /* as root it would leave to a user who may not read it */
    (void)fprintf(config_file, "user root\nacl_file %s\n", path);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(rules, file);
    (void)fclose(file);
}

static inline void broker_start(bool anonymous)
{
    FILE *file = fopen(config_path, "w");

    assert_non_null(file);
    (void)fprintf(file,
                  "listener %u 127.0.0.1\nallow_anonymous %s\npersistence false\n"
                  "set_tcp_nodelay true\n%slog_dest none\n",
                  port, anonymous ? "true" : "false",
                  /* with it 2.0.11 cuts who publishes what its rules forbid */
                  rules == NULL ? "max_queued_messages 0\n" : "");
    if (rules != NULL) {
        rules_write(file);
    }
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

static inline void broker_kill(void)
{
    if (broker > 0) {
        (void)kill(broker, SIGKILL);
        (void)waitpid(broker, NULL, 0);
        broker = 0;
    }
}

static _Atomic uint32_t acknowledged;

static inline void on_acknowledged(struct mosquitto *client, void *ctx, int mid)
{
    (void)client;
    (void)ctx;
    (void)mid;
    atomic_fetch_add(&acknowledged, 1);
}

static _Atomic bool publisher_connected;

static inline void on_publisher_connected(struct mosquitto *client, void *ctx, int code)
{
    (void)client;
    (void)ctx;
    atomic_store(&publisher_connected, code == 0);
}

static inline void publisher_start(void)
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

static inline void publisher_stop(void)
{
    if (publisher != NULL) {
        (void)mosquitto_disconnect(publisher);
        (void)mosquitto_loop_stop(publisher, false);
        mosquitto_destroy(publisher);
        publisher = NULL;
    }
}

static inline int set_up(void **state)
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
    rules = NULL;
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

static inline void link_run(void)
{
    struct link_params params = {
        .config = &config, .ports = &f->params, .health = &health, .halt = &halt};

    params.status_index = status_add_link(&f->status, "mqtt", config.name);
    link_under_test = link_start(&params);
    assert_non_null(link_under_test);
}

static inline void link_halt(void)
{
    halt_raise(&halt);
    link_join(link_under_test);
    link_under_test = NULL;
}

/* Ends the link and makes room for another one. */
static inline void link_reset(void)
{
    link_halt();
    halt_finish(&halt);
    assert_true(halt_init(&halt));
    atomic_store(&f->status.links, 0);
    atomic_store(&f->status.link[0].polled, false);
}

static inline int tear_down(void **state)
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

static inline void publish(const char *device, uint32_t counter)
{
    char at[64];
    char text[128];
    int len = snprintf(text, sizeof text, "{\"device\":\"%s\",\"occupied\":true,\"counter\":%u}",
                       device, counter);

    (void)snprintf(at, sizeof at, "bowei/up/%s", device);
    assert_int_equal(mosquitto_publish(publisher, NULL, at, len, text, 1, false), MOSQ_ERR_SUCCESS);
}

static inline bool drained(void)
{
    return atomic_load(&f->status.link[0].polled);
}

static inline bool up(void)
{
    return atomic_load(&f->status.link[0].up);
}

/* Each of the counters 0..n-1 was heard. */
static inline bool heard_all(uint32_t n)
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

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
