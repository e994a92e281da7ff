/* What the log says of lines and links that cannot connect: each of them, not only the first, and
 * why. */
#include "bowei/field.h"
#include "tests/unit/field_fixture.h"
#include "tests/unit/loopback.h"

#define EACH_KIND 4

static const struct device_row rows[] = {
    {"l0/u", "l0", "bits", 1, 1}
};

static bool log_says(FILE *log, const char *head, const char *why)
{
    char line[1024];
    bool found = false;

    rewind(log);
    while (!found && fgets(line, sizeof line, log) != NULL) {
        found = strstr(line, head) != NULL && strstr(line, why) != NULL;
    }
    return found;
}

static void each_line_and_link_is_told(void **state)
{
    static char names[2][EACH_KIND][4], unit_name[] = "u", map_name[] = "bits",
                                        host[] = "127.0.0.1";
    struct fixture *f = fixture_create(rows, ARRAY_LEN(rows));
    struct register_map map = {
        .name = map_name, .function = 2, .stride = 1, .channels = 1, .status_offset = -1};
    struct unit_config unit = {.name = unit_name, .unit = 1, .map = map_name, .period_ms = 50};
    struct line_config lines[EACH_KIND];
    struct link_config links[EACH_KIND];
    FILE *log = tmpfile();
    const int former = dup(STDERR_FILENO);
    struct field *field;
    char head[2][32];

    (void)state;
    assert_non_null(log);
    for (int i = 0; i < EACH_KIND; i++) {
        (void)snprintf(names[0][i], sizeof names[0][i], "l%d", i);
        (void)snprintf(names[1][i], sizeof names[1][i], "m%d", i);
        lines[i] = (struct line_config){.name = names[0][i],
                                        .host = host,
                                        .port = 1,
                                        .response_timeout_ms = 100,
                                        .units = &unit,
                                        .unit_count = 1};
        links[i] = (struct link_config){.name = names[1][i],
                                        .host = host,
                                        .port = 1,
                                        .client_id = names[1][i],
                                        .keepalive_s = 20,
                                        .max_inflight = 100};
    }
    f->config.lines = lines;
    f->config.line_count = EACH_KIND;
    f->config.links = links;
    f->config.link_count = EACH_KIND;
    f->config.maps = &map;
    f->config.map_count = 1;
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    field = field_start(&f->params);
    assert_non_null(field);
    for (int i = 0; i < EACH_KIND; i++) {
        (void)snprintf(head[0], sizeof head[0], "l%d: cannot open", i);
        (void)snprintf(head[1], sizeof head[1], "m%d: no connection", i);
        WAIT_FOR(log_says(log, head[0], "refused") && log_says(log, head[1], "refused"), 3000);
    }
    field_stop(field);
    (void)dup2(former, STDERR_FILENO);
    (void)close(former);
    (void)fclose(log);
    fixture_destroy(f);
}

/* A broker that accepts whoever comes and then says what it is told to, or nothing. */
struct broker {
    int listener;
    uint16_t port;
    size_t len;
    uint8_t answer[4];
    pthread_t thread;
};

static void *broker_main(void *ctx)
{
    const struct broker *b = ctx;
    int held[64];
    size_t n = 0;

    while (n < ARRAY_LEN(held) && (held[n] = accept(b->listener, NULL, NULL)) >= 0) {
        uint8_t connect[256];

        (void)recv(held[n], connect, sizeof connect, 0);
        if (b->len > 0) {
            (void)send(held[n], b->answer, b->len, MSG_NOSIGNAL);
        }
        n++;
    }
    while (n-- > 0) {
        (void)close(held[n]);
    }
    return NULL;
}

static void broker_begin(struct broker *b)
{
    b->port = 0;
    b->listener = loopback_listen(&b->port);
    assert_int_equal(pthread_create(&b->thread, NULL, broker_main, b), 0);
}

static void broker_end(struct broker *b)
{
    (void)shutdown(b->listener, SHUT_RDWR);
    (void)pthread_join(b->thread, NULL);
    (void)close(b->listener);
}

/* One accepts and is mute, one refuses the client id: each is told as it is, the refusal counted.
 */
static void mute_and_refusing_brokers_are_told(void **state)
{
    static char names[2][8] = {"mute", "refuses"}, host[] = "127.0.0.1";
    static struct broker brokers[2] = {
        {.len = 0                  },
        { .len = 4, .answer = {0x20, 2, 0, 2}}
    };
    struct fixture *f = fixture_create(rows, ARRAY_LEN(rows));
    struct link_config links[2];
    FILE *log = tmpfile();
    const int former = dup(STDERR_FILENO);
    struct field *field;

    (void)state;
    assert_non_null(log);
    for (int i = 0; i < 2; i++) {
        broker_begin(&brokers[i]);
        links[i] = (struct link_config){.name = names[i],
                                        .host = host,
                                        .port = brokers[i].port,
                                        .client_id = names[i],
                                        .keepalive_s = 5,
                                        .max_inflight = 100};
    }
    f->config.links = links;
    f->config.link_count = 2;
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    field = field_start(&f->params);
    assert_non_null(field);
    WAIT_FOR(log_says(log, "refuses: the broker refuses us", "identifier rejected"), 3000);
    assert_true(count_get(&f->counters, COUNT_MQTT_DENIED) >= 1);
    WAIT_FOR(log_says(log, "mute: no connection", "does not answer"), 12000);
    field_stop(field);
    (void)dup2(former, STDERR_FILENO);
    (void)close(former);
    (void)fclose(log);
    broker_end(&brokers[0]);
    broker_end(&brokers[1]);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_and_link_is_told),
        cmocka_unit_test(mute_and_refusing_brokers_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
