/* In which form an answer comes: Accept, `format`, HEAD. */
#include "tests/unit/api_city.h"

static void accept_and_format(void **state)
{
    static const struct {
        const char *target, *head;
        int status;
        const char *type;
    } rows[] = {
        {"/v1/lots",            "Accept: text/csv\r\n",                                      406, "problem+json"    },
        {"/v1/lots?format=csv", "Accept: text/csv\r\n",                                      200, "text/csv"        },
        {"/v1/lots?format=csv", "Accept: text/html, image/*\r\n",                            200, "text/csv"        },
        {"/v1/lots?format=csv", "Accept: application/geo+json\r\n",                          200, "text/csv"        },
        {"/v1/lots?format=csv", "Accept: application/json\r\n",                              200, "text/csv"        },
        {"/v1/lots",            "Accept: application/geo+json\r\n",                          200, "geo+json"        },
        {"/v1/lots?crs=bd09",   "Accept: application/geo+json\r\n",                          400, "problem+json"    },
        {"/v1/lots",            "Accept: text/plain\r\nAccept: application/json\r\n",        200, "application/json"},
        {"/v1/lots",            "Accept: text/plain\r\naccept: application/geo+json\r\n",    200, "geo+json"        },
        {"/v1/lots",
         "Accept: application/json;q=0.5\r\nX-Other: 1\r\nAccept: application/geo+json\r\n", 200,
         "geo+json"                                                                                                 },
        {"/v1/lots",            "Accept: text/plain\r\nAccept: image/png\r\nAccept:\r\n",    406, "problem+json"    },
        {"/v1/lots",            "Accept: */*\r\nAccept: application/*;q=0\r\n",              406, "problem+json"    },
        {"/v1/lots",            "Accept: ,\r\n",                                             200, "application/json"},
        {"/v1/lots",            "Accept: text/plain, image/png\r\n",                         406, "problem+json"    },
        {"/v1/lots",            "Accept: application/json;q=0\r\n",                          406, "problem+json"    },
    };

    (void)state;
    for (unsigned round = 0; round < 2; round++) { /* the second finds kept answers */
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct answer_text a = client_ask(city, "GET", rows[i].target, rows[i].head, NULL);
            char type[80] = "";

            (void)head_find(a.head, "Content-Type", type, sizeof type);
            if (a.status != rows[i].status || strstr(type, rows[i].type) == NULL) {
                fail_msg("row %zu: %d %s", i, a.status, type);
            }
            answer_free(&a);
        }
    }
}

/* Lines of one name are one list (RFC 9110 5.3): the tag may stand in any of them. Two lines of
 * what is no list are refused. */
static void lists_in_lines(void **state)
{
    char tag[64];
    char head[256];
    struct answer_text a = client_get(city, "/v1/lots");

    (void)state;
    assert_non_null(head_find(a.head, "ETag", tag, sizeof tag));
    answer_free(&a);
    for (unsigned round = 0; round < 3; round++) {
        (void)snprintf(head, sizeof head,
                       "If-None-Match: %s\r\nIf-None-Match: \"b\"\r\nIf-None-Match: %s\r\n",
                       round == 0 ? tag : "\"a\"", round == 1 ? tag : "W/\"c\"");
        a = client_ask(city, "GET", "/v1/lots", head, NULL);
        assert_int_equal(a.status, round == 2 ? 200 : 304);
        answer_free(&a);
    }
    a = client_ask(city, "GET", "/v1/stream", "Last-Event-ID: 1-1\r\nLast-Event-ID: 1-2\r\n", NULL);
    assert_int_equal(a.status, 400);
    assert_non_null(strstr(a.body, "Last-Event-ID is given twice"));
    answer_free(&a);
}

/* A shared cache in front may give a public answer to the next who asks: not to who shows a key,
 * for whom it may be another one, or a 401 (RFC 9111 3.5, 4.1). */
static void caches_tell_keys_apart(void **state)
{
    static const char *const targets[] = {"/v1/fences", "/v1/lots", "/v1/city",
                                          "/v1/spaces/near?lat=42.25&lon=118.88"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct answer_text a = client_get(city, "%s", targets[i]);
        char value[64];

        assert_int_equal(a.status, 200);
        assert_string_equal(head_find(a.head, "Cache-Control", value, sizeof value),
                            "public, max-age=1");
        assert_string_equal(head_find(a.head, "Vary", value, sizeof value),
                            "Accept, Authorization");
        answer_free(&a);
    }
}

/* A stream has no length, and HEAD has nothing behind its head (RFC 9110 9.3.2). */
static void head_of_streams(void **state)
{
    static const char *const targets[] = {"/v1/stream", "/v1/alerts/stream",
                                          "/v1/devices/dev-1/watch"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        char text[512];
        char value[64];
        struct answer_text a;

        (void)snprintf(text, sizeof text, "HEAD %s HTTP/1.1\r\nHost: x\r\n%s\r\n", targets[i],
                       staff_head());
        a = client_raw(city, text, strlen(text));
        assert_int_equal(a.status, 200);
        assert_null(head_find(a.head, "Content-Length", value, sizeof value));
        assert_non_null(head_find(a.head, "X-Accel-Buffering", value, sizeof value));
        assert_string_equal(head_find(a.head, "Content-Type", value, sizeof value),
                            "text/event-stream");
        assert_int_equal(a.body_len, 0);
        answer_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(accept_and_format, city_fresh),
        cmocka_unit_test_setup(lists_in_lines, city_fresh),
        cmocka_unit_test_setup(caches_tell_keys_apart, city_fresh),
        cmocka_unit_test_setup(head_of_streams, city_fresh),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
