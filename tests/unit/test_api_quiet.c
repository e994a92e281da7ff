/* Connections that have gone quiet: idle ones end without a word, those that take nothing are cut,
 * and neither befalls who is only slow. */
#include "tests/unit/api_city.h"

#define PATIENCE_MS 8000

static struct api_city *hasty_city(void)
{
    struct api_city *own = city_make();

    own->config.http.idle_s = 1;
    own->config.http.header_deadline_s = 1;
    own->config.http.heartbeat_s = 15;
    city_api_start(own);
    return own;
}

static int ask_one(struct api_city *own)
{
    static const char ask[] = "GET /v1/city HTTP/1.1\r\nHost: x\r\n\r\n";
    const int fd = client_open(own);
    struct answer_text a;

    client_send(fd, ask, sizeof ask - 1);
    a = client_read(fd, false);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    return fd;
}

static void idle_ones_end_without_a_word(void **state)
{
    struct api_city *own = hasty_city();
    const int fd = ask_one(own);
    const int64_t began_ms = host_boot_ms();
    char byte;

    (void)state;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    assert_in_range(host_boot_ms() - began_ms, 800, PATIENCE_MS);
    assert_int_equal(count_get(&own->counters, COUNT_HTTP_CUT_DEADLINE), 0);
    close(fd);
    city_close(own);
}

/* Half a head is no idleness: it is told that its time is over. */
static void half_a_head_is_told(void **state)
{
    static const char half[] = "GET /v1/city HTTP/1.1\r\nHo";
    struct api_city *own = hasty_city();
    const int fd = ask_one(own);
    struct answer_text a;

    (void)state;
    (void)poll(NULL, 0, 500); /* short of idle */
    client_send(fd, half, sizeof half - 1);
    (void)poll(NULL, 0, 800);
    client_send(fd, "st", 2);
    a = client_read(fd, false);
    assert_int_equal(a.status, 408);
    answer_free(&a);
    close(fd);
    city_close(own);
}

/* A stream without news is not idle, whoever waits for it. */
static void silent_streams_live(void **state)
{
    static const char ask[] = "GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n";
    struct api_city *own = hasty_city();
    const int fd = client_open(own);
    struct pollfd more = {.fd = fd, .events = POLLIN};
    char text[4096];

    (void)state;
    client_send(fd, ask, sizeof ask - 1);
    while (poll(&more, 1, 2500) > 0) { /* idle twice over */
        assert_true(recv(fd, text, sizeof text, 0) > 0);
    }
    assert_int_equal(count_get(&own->counters, COUNT_HTTP_CUT_DEADLINE), 0);
    close(fd);
    city_close(own);
}

static void who_takes_nothing_is_cut(void **state)
{
    static const char ask[] = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    struct api_city *own = hasty_city();
    const int fd = client_open(own);
    const int64_t began_ms = host_boot_ms();

    (void)state;
    for (int i = 0; i < 1500; i++) { /* of more than 100 KB each: no buffer holds them */
        client_send(fd, ask, sizeof ask - 1);
    }
    while (count_get(&own->counters, COUNT_HTTP_CUT_DEADLINE) == 0 &&
           host_boot_ms() - began_ms < PATIENCE_MS) {
        (void)poll(NULL, 0, 10);
    }
    assert_int_equal(count_get(&own->counters, COUNT_HTTP_CUT_DEADLINE), 1);
    assert_true(host_boot_ms() - began_ms >= 1000);
    close(fd);
    city_close(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_ones_end_without_a_word),
        cmocka_unit_test(half_a_head_is_told),
        cmocka_unit_test(silent_streams_live),
        cmocka_unit_test(who_takes_nothing_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
