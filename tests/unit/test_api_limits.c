/* What the server refuses to hold: heads and bodies that drip, connections above a cap, requests
 * above a rate, a port that another has. Each test has a server of its own. */
#include "tests/unit/api_city.h"

static void drippers_are_cut(void **state)
{
    static const char drip[] =
        "GET /v1/city HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    static const char upload[] =
        "POST /v1/city HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n";
    struct api_city *own = city_make();
    struct answer_text late;
    int64_t began;
    int head;
    int body;

    (void)state;
    own->config.http.header_deadline_s = 1;
    own->config.http.body_deadline_s = 1;
    city_api_start(own);
    began = host_boot_ms();
    head = client_open(own);
    body = client_open(own);
    client_send(body, upload, sizeof upload - 1);
    for (size_t i = 0; i < sizeof drip - 1 && host_boot_ms() - began < 6000; i++) {
        struct pollfd ended = {.fd = head, .events = POLLIN};

        client_send(head, drip + i, 1);
        client_send(body, "x", 1);
        if (poll(&ended, 1, 100) > 0) {
            break;
        }
    }
    assert_true(host_boot_ms() - began >= 900);
    assert_true(host_boot_ms() - began < 4000);
    late = client_read(head, false);
    assert_int_equal(late.status, 408);
    assert_non_null(strstr(late.body, "\"code\":\"request_timeout\""));
    answer_free(&late);
    late = client_read(body, false);
    assert_int_equal(late.status, 408);
    assert_non_null(strstr(late.body, "\"code\":\"request_timeout\""));
    answer_free(&late);
    assert_true(host_boot_ms() - began < 5000);
    /* the count follows the cut */
    while (count_get(&own->counters, COUNT_HTTP_CUT_DEADLINE) < 2 &&
           host_boot_ms() - began < 10000) {
        (void)poll(NULL, 0, 5);
    }
    assert_true(count_get(&own->counters, COUNT_HTTP_CUT_DEADLINE) >= 2);
    close(head);
    close(body);
    city_close(own);
}

static void caps(void **state)
{
    struct api_city *own = city_make();
    int held[3];
    struct answer_text a;

    (void)state;
    own->config.http.connections = 3;
    own->config.http.connections_per_ip = 2;
    own->config.http.rate_limit_loopback = true;
    city_api_start(own);
    held[0] = client_open(own);
    held[1] = client_open(own);
    held[2] = client_open(own);
    a = client_read(held[2], false);
    assert_int_equal(a.status, 429);
    assert_non_null(strstr(a.body, "too_many_requests"));
    answer_free(&a);
    assert_int_equal(count_get(&own->counters, COUNT_HTTP_CUT_PER_IP), 1);
    for (int i = 0; i < 3; i++) {
        close(held[i]);
    }
    city_close(own);

    own = city_make();
    own->config.http.connections = 2;
    city_api_start(own);
    held[0] = client_open(own);
    held[1] = client_open(own);
    held[2] = client_open(own);
    a = client_read(held[2], false);
    assert_int_equal(a.status, 503);
    answer_free(&a);
    assert_int_equal(count_get(&own->counters, COUNT_HTTP_CUT_CAP), 1);
    for (int i = 0; i < 3; i++) {
        close(held[i]);
    }
    city_close(own);
}

static void rate_limit(void **state)
{
    struct api_city *own = city_make();
    int refused = 0;

    (void)state;
    own->config.http.rate_limit_loopback = true;
    own->config.http.requests_per_s = 2;
    city_api_start(own);
    for (int i = 0; i < 8; i++) {
        struct answer_text a = client_get(own, "/v1/city");
        char after[8];

        refused += a.status == 429;
        if (a.status == 429) {
            assert_non_null(head_find(a.head, "Retry-After", after, sizeof after));
        }
        answer_free(&a);
    }
    assert_true(refused >= 2 && refused <= 4);
    city_close(own);
}

static void taken_port(void **state)
{
    struct api_city *own = city_make();
    struct api_params params = {.config = &own->config,
                                .board = &own->board,
                                .view = own->view,
                                .changes = own->ring,
                                .counters = &own->counters,
                                .status = &own->status};
    struct api *api;
    char detail[160];
    char want[160];

    (void)state;
    own->config.http.port = api_port(city->api);
    assert_int_equal(api_start(&params, &api, detail), ERR_IO);
    (void)snprintf(want, sizeof want, "127.0.0.1:%u: address already in use",
                   (unsigned)api_port(city->api));
    assert_string_equal(detail, want);
    own->config.http.port = 0;
    city_api_start(own);
    city_close(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(drippers_are_cut, city_fresh),
        cmocka_unit_test_setup(caps, city_fresh),
        cmocka_unit_test_setup(rate_limit, city_fresh),
        cmocka_unit_test_setup(taken_port, city_fresh),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
