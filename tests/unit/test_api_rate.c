/* Quotas per address and per key, their headers, and the connections kept for health and valid keys
 * while all others are taken. */
#include "api/server.h"
#include "tests/unit/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The quota of an address is told, a refusal names it, and neither health nor a valid key is held
 * to it; a key has a quota of its own. */
static void quotas(void **state)
{
    static const char *const health[] = {"/livez", "/readyz", "/livez?"};
    struct api_city *own = city_make();
    char key[200];
    char text[64];
    struct answer_text a;

    (void)state;
    own->config.http.rate_limit_loopback = true;
    own->config.http.requests_per_s = 1;
    own->config.http.key_requests_per_s = 3;
    city_api_start(own);
    (void)snprintf(key, sizeof key, "Authorization: Bearer %s\r\n", own->staff);
    a = client_get(own, "/v1/nothing");
    assert_int_equal(a.status, 404);
    assert_string_equal(head_find(a.head, "RateLimit-Policy", text, sizeof text),
                        "\"address\";q=2;w=2");
    assert_string_equal(head_find(a.head, "RateLimit", text, sizeof text), "\"address\";r=1;t=1");
    answer_free(&a);
    do {
        a = client_get(own, "/v1/nothing");
    } while (a.status != 429 && (answer_free(&a), true));
    assert_non_null(strstr(a.body, "\"violated-policies\":[\"address\"]"));
    assert_string_equal(head_find(a.head, "Retry-After", text, sizeof text), "1");
    assert_string_equal(head_find(a.head, "RateLimit", text, sizeof text), "\"address\";r=0;t=2");
    answer_free(&a);
    for (int i = 0; i < 12; i++) {
        a = client_ask(own, "GET", health[i % 3], "", NULL);
        assert_int_not_equal(a.status, 429);
        answer_free(&a);
    }
    a = client_ask(own, "GET", "/v1/devices", key, NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(head_find(a.head, "RateLimit-Policy", text, sizeof text),
                        "\"key\";q=6;w=2");
    for (int i = 0; i < 1000 && a.status == 200; i++) {
        answer_free(&a);
        a = client_ask(own, "GET", "/v1/devices", key, NULL);
    }
    assert_int_equal(a.status, 429);
    assert_non_null(strstr(a.body, "\"violated-policies\":[\"key\"]"));
    answer_free(&a);
    (void)snprintf(key, sizeof key, "Authorization: Bearer %s\r\n", own->admin);
    a = client_ask(own, "GET", "/v1/devices", key, NULL);
    assert_int_equal(a.status, 200); /* another key, another quota */
    answer_free(&a);
    city_close(own);
}

/* All common connections are held idle: health and a valid key still come through, the rest is told
 * to come again, and who holds a connection of the reserve idle loses it soon. */
static void reserved_room(void **state)
{
    static const char live[] = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char city_line[] = "GET /v1/city HTTP/1.1\r\nHost: x\r\n\r\n";
    struct api_city *own = city_make();
    char ask[300];
    char byte;
    int held[8];
    int fds[3];
    int64_t began;
    struct answer_text a;

    (void)state;
    own->config.http.connections = 8;
    own->config.http.connections_reserved = 32; /* a quarter of 8 it is */
    city_api_start(own);
    for (int i = 0; i < 6; i++) {
        held[i] = client_open(own);
        client_send(held[i], city_line, sizeof city_line - 1);
        a = client_read(held[i], false);
        assert_int_equal(a.status, 200);
        answer_free(&a);
    }
    for (int i = 0; i < 4; i++) { /* each is answered and gone */
        fds[0] = client_open(own);
        client_send(fds[0], city_line, sizeof city_line - 1);
        a = client_read(fds[0], false);
        assert_int_equal(a.status, 503);
        assert_non_null(head_find(a.head, "Retry-After", ask, sizeof ask));
        answer_free(&a);
        while (recv(fds[0], &byte, 1, 0) > 0) {
        }
        close(fds[0]);
    }
    fds[1] = client_open(own);
    client_send(fds[1], live, sizeof live - 1);
    a = client_read(fds[1], false);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    (void)snprintf(ask, sizeof ask,
                   "GET /v1/devices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                   own->staff);
    client_send(fds[1], ask, strlen(ask));
    a = client_read(fds[1], false);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    began = host_boot_ms();
    fds[2] = client_open(own); /* says nothing */
    a = client_read(fds[2], false);
    assert_int_equal(a.status, 408);
    answer_free(&a);
    assert_true(host_boot_ms() - began < 4000);
    close(fds[1]);
    close(fds[2]);
    for (int i = 0; i < 6; i++) {
        close(held[i]);
    }
    city_close(own);
}

/* Residents' reports have a quota of their own, whatever the general limit leaves; good or bad,
 * each counts. Reading goes on. */
static void reports_have_a_quota(void **state)
{
    static const char head[] = "Content-Type: application/json\r\n";
    struct api_city *own = city_make();
    struct answer_text a;
    char text[64];

    (void)state;
    own->config.http.rate_limit_loopback = true;
    own->config.http.reports_per_minute = 3;
    city_api_start(own);
    for (int i = 0; i < 3; i++) {
        a = client_ask(own, "POST", "/v1/reports", head, "{}");
        assert_int_equal(a.status, 422);
        answer_free(&a);
    }
    a = client_ask(own, "POST", "/v1/reports", head, "{}");
    assert_int_equal(a.status, 429);
    assert_non_null(strstr(a.body, "\"violated-policies\":[\"reports\"]"));
    assert_string_equal(head_find(a.head, "Retry-After", text, sizeof text), "20");
    answer_free(&a);
    a = client_ask(own, "GET", "/v1/city", "", NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    city_close(own);
}

/* Status of a bad report from that address of the loopback. */
static int report_from(const struct api_city *own, uint32_t address)
{
    static const char text[] = "POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                               "Content-Type: application/json\r\n\r\n{}";
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(api_port(own->api))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct answer_text a;
    int status;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    client_send(fd, text, sizeof text - 1);
    a = client_read(fd, false);
    status = a.status;
    answer_free(&a);
    close(fd);
    return status;
}

/* No address shares a bucket with the quota of all: one that did would refill both by turns, and
 * report without end. One address in 1024 did. */
static void nobody_evicts_the_quota_of_all(void **state)
{
    struct api_city *own = city_make();
    struct limiter table = {0};
    uint32_t shares = 0;

    (void)state;
    own->config.http.rate_limit_loopback = true;
    own->config.http.reports_per_minute = 1;
    city_api_start(own);
    for (uint32_t i = 2; shares == 0; i++) {
        const uint32_t address = 0x7f000000 + i;
        uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
        const struct limit limit = {.per_s_m = 0, .burst = 1};
        const uint32_t network = htonl(address);

        memcpy(mapped + 12, &network, 4);
        (void)limiter_take(&table, limiter_hash("all", 3), 1, &limit, NULL);
        (void)limiter_take(&table, limiter_hash(mapped, sizeof mapped), 1, &limit, NULL);
        shares = limiter_has(&table, limiter_hash("all", 3), 1, &limit) ? address : 0;
    }
    assert_int_equal(report_from(own, shares), 422);
    assert_int_equal(report_from(own, shares), 429);
    assert_int_equal(report_from(own, shares), 429);
    city_close(own);
}

/* Ten wrong keys a minute an address; a right one from there is served all the same, as is who
 * shows none: nobody is locked out by a neighbour. On loopback, where a proxy may stand, only when
 * the setting says so. */
static void wrong_keys(void **state)
{
    char right[200];
    char after[16];

    (void)state;
    for (int limited = 0; limited < 2; limited++) {
        struct api_city *own = city_make();
        struct answer_text a;

        own->config.http.rate_limit_loopback = limited == 1;
        city_api_start(own);
        (void)snprintf(right, sizeof right, "Authorization: Bearer %s\r\n", own->staff);
        for (int i = 0; i < 10; i++) {
            a = client_ask(own, "GET", "/v1/devices", "Authorization: Bearer bw_no\r\n", NULL);
            assert_int_equal(a.status, 401);
            answer_free(&a);
        }
        a = client_ask(own, "GET", "/v1/devices", "Authorization: Bearer bw_no\r\n", NULL);
        assert_int_equal(a.status, limited ? 429 : 401);
        if (limited) {
            assert_string_equal(head_find(a.head, "Retry-After", after, sizeof after), "6");
        }
        answer_free(&a);
        a = client_ask(own, "GET", "/v1/devices", right, NULL);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        a = client_get(own, "/v1/city");
        assert_int_equal(a.status, 200);
        answer_free(&a);
        city_close(own);
    }
}

/* Late in a round that is too long, health and valid keys are served and the rest is told when to
 * come again, on a connection that stays. */
static void overload_is_shed(void **state)
{
    static const char *const health[] = {"/livez", "/readyz"};
    static const char ask[] = "GET /v1/city HTTP/1.1\r\nHost: x\r\n\r\n";
    struct api_city *own = city_make();
    char key[200];
    char text[64];
    struct answer_text a;
    int fd;

    (void)state;
    city_api_start(own);
    own->api->loop.shed_ms = -1; /* every round is too long, from its first request on */
    own->api->loop.shed_after = 0;
    fd = client_open(own);
    for (int i = 0; i < 3; i++) {
        client_send(fd, ask, sizeof ask - 1);
        a = client_read(fd, false);
        assert_int_equal(a.status, 503);
        assert_string_equal(head_find(a.head, "Retry-After", text, sizeof text), "1");
        assert_non_null(strstr(a.body, "\"code\":\"overloaded\""));
        answer_free(&a);
    }
    close(fd);
    assert_int_equal(count_get(&own->counters, COUNT_HTTP_SHED), 3);
    for (size_t i = 0; i < ARRAY_LEN(health); i++) {
        a = client_get(own, "%s", health[i]);
        assert_int_equal(a.status, 200);
        answer_free(&a);
    }
    (void)snprintf(key, sizeof key, "Authorization: Bearer %s\r\n", own->staff);
    a = client_ask(own, "GET", "/v1/city", key, NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    city_close(own);
}

/* A round that took long because the machine paused is answered; one that worked is not. */
static void a_pause_is_no_overload(void **state)
{
    struct loop loop = {.shed_ms = 25};
    struct timespec cpu;

    (void)state;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu), 0);
    loop.round_cpu_ns = (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec;
    assert_false(loop_round_is_long(&loop, 10000)); /* 10 s went by, of work there was nothing */
    loop.round_cpu_ns -= 13000000;
    assert_true(loop_round_is_long(&loop, 10000));
    assert_false(loop_round_is_long(&loop, 25)); /* as long as it may be */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotas),
        cmocka_unit_test(reports_have_a_quota),
        cmocka_unit_test(reserved_room),
        cmocka_unit_test(overload_is_shed),
        cmocka_unit_test(a_pause_is_no_overload),
        cmocka_unit_test(wrong_keys),
        cmocka_unit_test(nobody_evicts_the_quota_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
