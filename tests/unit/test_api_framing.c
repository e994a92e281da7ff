/* Where a request and its body end: what libmicrohttpd lets through and a proxy in front might read
 * otherwise gets a clear refusal, or the end of the connection. */
#include "tests/unit/api_city.h"

#define HOST "Host: x\r\n"

static void still_alive(void)
{
    struct answer_text a = client_get(city, "/livez");

    assert_int_equal(a.status, 200);
    answer_free(&a);
}

static void assert_problem(const struct answer_text *a, int status, const char *needle)
{
    char type[64] = "";

    if (a->status != status) {
        print_error("%s\n%s\n", a->head, a->body);
    }
    assert_int_equal(a->status, status);
    assert_non_null(head_find(a->head, "Content-Type", type, sizeof type));
    assert_string_equal(type, "application/problem+json");
    if (needle != NULL && strstr(a->body, needle) == NULL) {
        print_error("no \"%s\" in %s\n", needle, a->body);
        fail();
    }
}

/* Framing that a proxy in front might read differently. */
static void framing(void **state)
{
    static const struct {
        const char *text;
        int status; /* 0: closed without an answer will do, too */
        const char *needle;
    } rows[] = {
        {"GET /livez HTTP/1.1\r\n\r\n",                                                        400, "Host"     },
        {"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",                                  400, "twice"    },
        {"GET /livez HTTP/1.1\r\nHost: a/b\r\n\r\n",                                           400, "malformed"},
        {"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n",                                            400, NULL       },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST
         "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",                          400, "twice"    },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST
         "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",                          400, "twice"    },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST
         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",          400, "together" },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n",          400,
         "chunked"                                                                                             },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",                      400, "chunked"  },
        {"GET /livez HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n",                                     400, "line feed"},
        {"GET /livez HTTP/1.1\nHost: x\r\n\r\n",                                               400, "line feed"},
        {"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: b\nX-C: d\r\n\r\n",                           400, "line feed"},
        {"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: b\r\n folded\r\n\r\n",                        400, "folded"   },
        {"GET  /livez HTTP/1.1\r\n" HOST "\r\n",                                               400, NULL       },
        {"GET /livez HTTP/9.9\r\n" HOST "\r\n",                                                0,   NULL       },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",               0,   NULL       },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST
         "Content-Length: 100000000000000000000000\r\n\r\n",                          0,   NULL       },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST "Content-Length: 70000\r\n\r\n",            413, "65536"    },
        {"GET /livez HTTP/1.1\r\n" HOST
         "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",                400, "twice"    },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 0,
         NULL                                                                                                  },
        {"POST /v1/lots/x/count HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",                   0,   NULL       },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer_text a = client_raw(city, rows[i].text, strlen(rows[i].text));

        if (rows[i].status != 0) {
            if (a.status != rows[i].status) {
                print_error("%s:\n", rows[i].text);
            }
            assert_problem(&a, rows[i].status, rows[i].needle);
        } else if (a.status != 0 && (a.status < 400 || a.status > 505)) {
            print_error("%s: %d\n", rows[i].text, a.status);
            fail();
        }
        answer_free(&a);
    }
    still_alive();
}

/* Blanks behind a value are no part of it (RFC 9112 5). What libmicrohttpd frames the body by is
 * refused with them instead, for it does not leave them away. */
static void blanks_behind_values(void **state)
{
    static const char livez[] = "GET /livez HTTP/1.1\r\nHost: x \t\r\n\r\n";
    char key[128];

    const struct {
        const char *target, *head;
        int status;
    } rows[] = {
        {"/v1/devices?limit=1", key,                                                    200},
        {"/v1/stream",          "Last-Event-ID: 7-18446744073709551616 \r\n",           400},
        {"/v1/lots",            "Accept: application/geo+json \t\r\n",                  200},
        {"/v1/lots",            "Accept: text/plain \r\nAccept: application/json \r\n", 200},
        {"/v1/city",            "Content-Length: 0 \r\n",                               400},
        {"/v1/city",            "Transfer-Encoding: chunked \r\n",                      400},
    };
    struct answer_text a = client_raw(city, livez, sizeof livez - 1);

    (void)state;
    assert_int_equal(a.status, 200);
    answer_free(&a);
    (void)snprintf(key, sizeof key, "Authorization: Bearer %s \t \r\n", city->staff);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        a = client_ask(city, "GET", rows[i].target, rows[i].head, NULL);
        if (a.status != rows[i].status) {
            fail_msg("%s%s: %d %s", rows[i].target, rows[i].head, a.status, a.body);
        }
        answer_free(&a);
    }
}

/* libmicrohttpd takes a bare line feed for the end of a chunk's line. Who reads it otherwise sees
 * another end of the body, so nothing behind chunks is taken for a request. */
static void nothing_behind_chunks(void **state)
{
    static const char *const heads[] = {
        "POST /v1/reports HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n",
        "GET /v1/city HTTP/1.1\r\n" HOST,
        "GET /v1/spaces/near?lat=42.25&lon=118.88 HTTP/1.1\r\n" HOST,
        "OPTIONS /v1/city HTTP/1.1\r\n" HOST,
        "POST /v1/nothing HTTP/1.1\r\n" HOST,
    };
    static const char *const chunks[] = {"2;x=\n{}\r\n0\r\n\r\n", "2\r\n{}\r\n0\r\n\r\n", "0\n\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads) * ARRAY_LEN(chunks); i++) {
        char text[400];
        struct answer_text a;
        const int n = snprintf(text, sizeof text,
                               "%sTransfer-Encoding: chunked\r\n\r\n%s"
                               "GET /livez HTTP/1.1\r\n" HOST "\r\n",
                               heads[i / ARRAY_LEN(chunks)], chunks[i % ARRAY_LEN(chunks)]);
        int fd = client_open(city);
        char more[16];

        client_send(fd, text, (size_t)n);
        a = client_read(fd, false);
        assert_int_not_equal(a.status, 0);
        if (strstr(a.body, "HTTP/1.1") != NULL || recv(fd, more, sizeof more, 0) > 0) {
            fail_msg("%s: a second answer", text);
        }
        answer_free(&a);
        close(fd);
    }
}

/* Bodies longer or shorter than they say, and one that comes a byte a chunk without end: refused or
 * cut, and what follows a short body is a request of its own. */
static void bodies_of_other_lengths(void **state)
{
    static const char longer[] =
        "POST /v1/city HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}trailing\r\n\r\n";
    static const char shorter[] = "POST /v1/city HTTP/1.1\r\n" HOST "Content-Length: 20\r\n\r\n{}";
    static const char chunked[] =
        "POST /v1/city HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n";
    const size_t pieces = 70000;
    char *many = malloc(sizeof chunked + pieces * 6 + 8);
    size_t n = sizeof chunked - 1;
    struct answer_text a = client_raw(city, longer, sizeof longer - 1);
    int fd;

    (void)state;
    assert_int_equal(a.status, 405);
    answer_free(&a);
    fd = client_open(city);
    client_send(fd, shorter, sizeof shorter - 1);
    close(fd); /* gone before the rest came */
    assert_non_null(many);
    memcpy(many, chunked, n);
    for (size_t i = 0; i < pieces; i++) {
        memcpy(many + n, "1\r\na\r\n", 6);
        n += 6;
    }
    memcpy(many + n, "0\r\n\r\n", 5);
    a = client_raw(city, many, n + 5);
    assert_true(a.status >= 400 && a.status < 500);
    answer_free(&a);
    free(many);
    still_alive();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing),
        cmocka_unit_test(blanks_behind_values),
        cmocka_unit_test(nothing_behind_chunks),
        cmocka_unit_test(bodies_of_other_lengths),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
