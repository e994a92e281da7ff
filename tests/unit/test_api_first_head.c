/* Heads that libmicrohttpd answers in words of its own, or lets pass: the first one of a connection
 * gets a problem of ours, whatever is wrong with it. */
#include "api/first_head.h"
#include "api/porch.h"
#include "tests/unit/api_city.h"

#define GET  "GET /livez HTTP/1.1\r\nHost: x\r\n"
#define POST "POST /v1/lots/x/count HTTP/1.1\r\nHost: x\r\n"

static const struct {
    const char *text;
    int status;
    const char *needle;
} rows[] = {
    {"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n",                             505, "http_version"    },
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",                                   505, "http_version"    },
    {"GET /livez\r\nHost: x\r\n\r\n",                                      400, "the request line"},
    {" /livez HTTP/1.1\r\nHost: x\r\n\r\n",                                400, "the request line"},
    {"nonsense\r\n\r\n",                                                   400, "the request line"},
    {GET "no colon here\r\n\r\n",                                          400, "no colon"        },
    {POST "Content-Length: -1\r\n\r\n",                                    400, "Content-Length"  },
    {POST "Content-Length: 2, 2\r\n\r\n{}",                                400, "Content-Length"  },
    {POST "Content-Length:\r\n\r\n{}",                                     400, "Content-Length"  },
    {POST "content-length: 0x2\r\n\r\n{}",                                 400, "Content-Length"  },
    {POST "Content-Length: 100000000000000000000000\r\n\r\n",              413, "65536"           },
 /* a line feed alone, where the zeroes behind the last header do not show it */
    {"GET /livez HTTP/1.1\r\nHost: x\n\r\n",                               400, "line feed"       },
    {"GET /livez HTTP/1.1\r\nHost: x\r\n\n",                               400, "line feed"       },
    {"GET /livez HTTP/1.1\r\nHost: x\n\n",                                 400, "line feed"       },
    {"GET /livez HTTP/1.0\r\n\n",                                          400, "line feed"       },
    {POST "Content-Length: 2\r\n\n{}",                                     400, "line feed"       },
    {GET ": nameless\r\n\r\n",                                             400, "stray bytes"     },
 /* and what is none of it goes on as ever */
    {GET "\r\n",                                                           200, NULL              },
    {"\r\n" GET "\r\n",                                                    200, NULL              },
    {POST "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 401, "unauthenticated" },
};

/* An answer is dressed alike whoever writes it. */
static void assert_dressed(const char *head)
{
    char text[80] = "";

    assert_non_null(head_find(head, "Date", text, sizeof text));
    assert_int_equal(strlen(text), strlen("Sun, 29 Nov 2026 20:02:54 GMT"));
    assert_non_null(head_find(head, "X-Content-Type-Options", text, sizeof text));
    assert_non_null(head_find(head, "Content-Security-Policy", text, sizeof text));
    assert_non_null(head_find(head, "Cache-Control", text, sizeof text));
    assert_string_equal(text, "no-store");
    assert_non_null(head_find(head, "Vary", text, sizeof text));
}

static void assert_answer(const struct answer_text *a, int status, const char *needle)
{
    char type[64] = "";

    assert_int_equal(a->status, status);
    assert_non_null(head_find(a->head, "Content-Type", type, sizeof type));
    if (status >= 400) {
        assert_string_equal(type, "application/problem+json");
        assert_non_null(strstr(a->body, needle));
        assert_dressed(a->head);
    }
}

static void first_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer_text a = client_raw(city, rows[i].text, strlen(rows[i].text));

        if (a.status != rows[i].status) {
            print_error("%s\n", rows[i].text);
        }
        assert_answer(&a, rows[i].status, rows[i].needle);
        answer_free(&a);
    }
}

static void too_large(void **state)
{
    const size_t size = 40000;
    char *text = malloc(size + 1);
    struct answer_text a;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', size);
    memcpy(text, "GET /", 5);
    a = client_raw(city, text, size);
    assert_answer(&a, 414, "uri_too_long");
    answer_free(&a);
    memcpy(text, GET, strlen(GET));
    a = client_raw(city, text, size);
    assert_answer(&a, 431, "headers_too_large");
    answer_free(&a);
    free(text);
}

/* A client that connects early and speaks late, or in pieces, is served like any other. */
static void slow_to_speak(void **state)
{
    static const char head[] = GET "\r\n";
    struct api_city *own = city_make();
    int fds[100]; /* more than wait at a time */

    (void)state;
    own->config.http.connections = 200;
    city_api_start(own);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_open(own);
    }
    (void)poll(NULL, 0, 20);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        client_send(fds[i], head, i % 2 == 0 ? 9 : sizeof head - 1);
    }
    (void)poll(NULL, 0, 80);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        struct answer_text a;

        if (i % 2 == 0) {
            client_send(fds[i], head + 9, sizeof head - 1 - 9);
        }
        a = client_read(fds[i], false);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        close(fds[i]);
    }
    city_close(own);
}

/* Who is let in unseen is counted, whether the porch was full or the head late. */
static void unseen_ones_are_counted(void **state)
{
    struct api_city *own = city_make();
    struct counters *counts = &own->counters;
    const int64_t until_ms = host_boot_ms() + 8000;
    int fds[PORCH_GUESTS + 36];
    uint64_t opened = 0;

    (void)state;
    own->config.http.connections = 200;
    city_api_start(own);
    /* a busy machine may connect so slowly that nobody finds it full */
    while (count_get(counts, COUNT_HTTP_UNSEEN_CROWD) == 0 && host_boot_ms() < until_ms) {
        for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
            fds[i] = client_open(own);
        }
        opened += ARRAY_LEN(fds);
        while (count_get(counts, COUNT_HTTP_UNSEEN_CROWD) +
                       count_get(counts, COUNT_HTTP_UNSEEN_LATE) <
                   opened &&
               host_boot_ms() < until_ms) {
            (void)poll(NULL, 0, 5);
        }
        for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
            close(fds[i]);
        }
    }
    assert_true(count_get(counts, COUNT_HTTP_UNSEEN_CROWD) > 0);
    assert_true(count_get(counts, COUNT_HTTP_UNSEEN_LATE) > 0);
    assert_int_equal(count_get(counts, COUNT_HTTP_UNSEEN_CROWD) +
                         count_get(counts, COUNT_HTTP_UNSEEN_LATE),
                     opened);
    city_close(own);
}

/* Whatever of a head has come, it is judged within its bounds: each row cut at each byte, in memory
 * of exactly that size. */
static void every_beginning(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t len = strlen(rows[i].text);

        for (size_t cut = 0; cut < len; cut++) {
            char *part = malloc(cut + 1);
            const char *detail;

            assert_non_null(part);
            memcpy(part + 1, rows[i].text, cut);
            if (memchr(part + 1, '\n', cut) == NULL) {
                assert_int_equal(first_head_judge(part + 1, cut, &detail), ERR_OK);
            } else {
                (void)first_head_judge(part + 1, cut, &detail);
            }
            free(part);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_heads),     cmocka_unit_test(too_large),
        cmocka_unit_test(slow_to_speak),   cmocka_unit_test(unseen_ones_are_counted),
        cmocka_unit_test(every_beginning),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
