/* Bad input over HTTP: every line of the corpus gets a clear refusal as problem+json where the
 * request can be answered at all, nothing crashes, and the server goes on. */
#include "api/route.h"
#include "tests/unit/api_city.h"

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

static void targets(void **state)
{
    static const struct {
        const char *target;
        int status;
        const char *needle;
    } rows[] = {
        {"/%2e%2e/%2e%2e/etc/passwd",                         400, "segments"                                                },
        {"/a%2f..%2fb",                                       400, "separator"                                               },
        {"/a%2F",                                             400, "separator"                                               },
        {"/a%00b",                                            400, "control"                                                 },
        {"//x",                                               400, "segments"                                                },
        {"/.//",                                              400, "segments"                                                },
        {"/v1/./city",                                        400, "segments"                                                },
        {"/v1/city/",                                         400, "segments"                                                },
        {"/v1\\city",                                         400, "percent-encoded"                                         },
        {"/v1/devices%2fx",                                   400, "separator"                                               },
        {"/v1/devices/%2fx",                                  400, "separator"                                               },
        {"/v1/devices/a%2f%2e%2e%2f%2e%2e%2fcity",            400, "segments"                                                },
        {"/v1/devices/a%2f%2fb",                              400, "segments"                                                },
        {"/v1/devices/a%2f",                                  400, "segments"                                                },
        {"/v1/devices/a%5cb",                                 400, "separator"                                               },
        {"/v1/devices/line%2funit",                           401, "unauthenticated"                                         },
        {"/v1/spaces/a%2fwhy",                                400, "separator"                                               },
        {"/v1%5ccity",                                        400, "separator"                                               },
        {"/v1/city%0d%0aX-Evil:1",                            400, "control"                                                 },
        {"/v1/city%zz",                                       400, "hexadecimal"                                             },
        {"/v1/city%2",                                        400, "hexadecimal"                                             },
        {"/v1/%ff",                                           400, "UTF-8"                                                   },
        {"/v1/%c0%af",                                        400, "UTF-8"                                                   },
        {"v1/city",                                           400, "begins with /"                                           },
        {"*",                                                 400, "begins with /"                                           },
        {"ftp://bowei.example/v1/city",                       400, "begins with /"                                           },
        {"http:/v1/city",                                     400, "begins with /"                                           },
        {"http:///v1/city",                                   400, "host"                                                    },
        {"http://user:word@bowei.example/v1/city",            400, "host"                                                    },
        {"http://bowei.example:123456/v1/city",               400, "host"                                                    },
        {"http://bowei.example:80x/v1/city",                  400, "host"                                                    },
        {"http://[::1/v1/city",                               400, "host"                                                    },
        {"http://%62owei.example/v1/city",                    400, "host"                                                    },
        {"http://bowei.example\\@evil.example/v1/city",       400, "host"                                                    },
        {"http://bowei.example//v1/city",                     400, "segments"                                                },
        {"http://bowei.example/../v1/city",                   400, "segments"                                                },
        {"https://bowei.example/v1/city",                     400, "TLS"                                                     },
        {"/v1/nothing",                                       404, "\"code\":\"not_found\""                                  },
        {"/v1/spaces/near?lat=42&lon=118&limit=-1",           400, "\"parameter\":\"limit\""                                 },
        {"/v1/spaces/near?lat=42&lon=118&limit=1e9",          400, "1 to 1000"                                               },
        {"/v1/spaces/near?lat=42&lon=118&limit=10&limit=999", 400, "twice"                                                   },
        {"/v1/spaces/near?lat=42&lon=118&limit=0",            400, "limit"                                                   },
        {"/v1/spaces/near?lat=42&lon=118&limit=1001",         400, "from 1 to 1000 (was \\\"1001\\\")\""                     },
        {"/v1/"
         "spaces?state=%e8%bd%a6%e8%bd%a6%e8%bd%a6%e8%bd%a6%e8%bd%a6%e8%bd%a6%e8%bd%a6%e8%bd%a6%e8%"
         "bd%a6%e8%bd%a6"
         "%e8%bd%a6%e8%bd%a6%e8%bd%a6%e8%bd%a6",     400, "(was \\\"车车车车车车车车车车车车车...\\\")"},
        {"/v1/spaces/near?lat=42&lon=118&radius=50001",       400, "radius"                                                  },
        {"/v1/spaces/near?lat=91&lon=118",                    400, "\"parameter\":\"lat\""                                   },
        {"/v1/spaces/near?lat=42&lon=-180.0000001",           400, "\"parameter\":\"lon\""                                   },
        {"/v1/spaces/near?lat=nan&lon=inf",                   400, "lat"                                                     },
        {"/v1/spaces/near?lat=1e1&lon=1",                     400, "lat"                                                     },
        {"/v1/spaces/near?lat=&lon=1",                        400, "lat"                                                     },
        {"/v1/spaces/near?lon=1",                             400, "is required"                                             },
        {"/v1/spaces/near?lat=42&lon=118&crs=mars",           400, "crs"                                                     },
        {"/v1/spaces/near?lat=42&lon=118&state=maybe",        400, "state"                                                   },
        {"/v1/spaces/near?lat=42&lon=118&attr=golden",        400, "attr"                                                    },
        {"/v1/spaces/near?lat=42&lon=118&min_confidence=101", 400, "min_confidence"                                          },
        {"/v1/spaces/near?lat=42&lon=118&cursor=AAAA",        400, "cursor"                                                  },
        {"/v1/spaces/near?lat=42&lon=118&colour=red",         400, "known: lat, lon, crs"                                    },
        {"/v1/city?x=1",                                      400, "takes none"                                              },
        {"/v1/spaces?bbox=nan,0,1,1",                         400, "bbox"                                                    },
        {"/v1/spaces?bbox=1,2,3",                             400, "bbox"                                                    },
        {"/v1/spaces?bbox=1,2,3,4,5",                         400, "bbox"                                                    },
        {"/v1/spaces?bbox=179,0,-179,1",                      400, "180 degrees"                                             },
        {"/v1/spaces?lot=nope",                               400, "lot"                                                     },
        {"/v1/spaces/nope",                                   400, "bad_id"                                                  },
        {"/v1/spaces/150402001R0010012X",                     400, "bad_id"                                                  },
        {"/v1/spaces/%0d%0aSet-Cookie:x",                     400, "control"                                                 },
        {"/v1/stream?last_event_id=text",                     400, "last_event_id"                                           },
        {"/v1/stream?last_event_id=-1",                       400, "last_event_id"                                           },
        {"/v1/stream?last_event_id=7-18446744073709551616",   400, "last_event_id"                                           },
        {"/v1/resolve?scheme=a",                              400, "value"                                                   },
        {"/v1/resolve?scheme=%3Cscript%3E&value=%1b%5b",      400, "control"                                                 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer_text a = client_get(city, "%s", rows[i].target);

        if (a.status != rows[i].status) {
            print_error("%s:\n", rows[i].target);
        }
        assert_problem(&a, rows[i].status, rows[i].needle);
        assert_null(strstr(a.head, "Evil"));
        assert_null(strstr(a.head, "Set-Cookie"));
        answer_free(&a);
    }
    still_alive();
}

/* A server must take the absolute form (RFC 9112 3.2.2); what follows the host is the request, and
 * the links of its answer are paths. */
static void absolute_targets(void **state)
{
    static const struct {
        const char *target;
        const char *needle;
    } rows[] = {
        {"http://bowei.example/v1/city",                 "\"capacity\""               },
        {"HTTP://BOWEI.example:8080/v1/city",            "\"capacity\""               },
        {"http://[2001:db8::1]:8080/v1/city",            "\"capacity\""               },
        {"http://203.0.113.7:/v1/city",                  "\"capacity\""               },
        {"http://bowei.example",                         "\"openapi\""                },
        {"http://bowei.example/v1/spaces?limit=1",       "rel=\"next\""               },
        {"http://bowei.example/v1/spaces?limit=1&crs=x", "\"instance\":\"/v1/spaces\""},
        {"http://bowei.example?colour=red",              "\"parameter\":\"colour\""   },
    };

    char link[200];

    (void)state;
    for (unsigned round = 0; round < 2; round++) { /* the second finds kept answers */
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct answer_text a = client_get(city, "%s", rows[i].target);

            if (strstr(a.head, rows[i].needle) == NULL && strstr(a.body, rows[i].needle) == NULL) {
                fail_msg("%s: %d %s", rows[i].target, a.status, a.body);
            }
            if (head_find(a.head, "Link", link, sizeof link) != NULL) {
                assert_int_equal(strncmp(link, "</", 2), 0);
            }
            answer_free(&a);
        }
    }
}

/* Whoever mistypes a name reads all the names there are. */
static void every_route_tells_all_its_parameters(void **state)
{
    static const char unknown[] = "colour=red";
    size_t count;
    const struct route *all = routes(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char scratch[64];
        struct query query;
        struct faults faults;

        assert_false(params_parse(unknown, sizeof unknown - 1, all[i].params, scratch,
                                  sizeof scratch, &query, &faults));
        for (const param_entry *p = all[i].params; *p != PARAM_END; p++) {
            if (strstr(faults.rows[0].detail, param_rows[param_of(*p)].name) == NULL) {
                fail_msg("%s: %s", all[i].path, faults.rows[0].detail);
            }
        }
    }
}

static void methods(void **state)
{
    static const char *const names[] = {"TRACE", "CONNECT", "FOOBAR", "PUT",
                                        "PATCH", "DELETE",  "POST"};
    char allow[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct answer_text a = client_ask(city, names[i], "/v1/city", "", NULL);

        assert_problem(&a, 405, "this path takes GET, HEAD, OPTIONS\",");
        assert_non_null(head_find(a.head, "Allow", allow, sizeof allow));
        assert_string_equal(allow, "GET, HEAD, OPTIONS");
        answer_free(&a);
    }
}

static void sizes(void **state)
{
    size_t big = 40000;
    char *target = malloc(big + 64);
    char *head = malloc(big + 64);
    struct answer_text a;

    (void)state;
    assert_non_null(target);
    assert_non_null(head);
    memset(target, 'a', big);
    target[0] = '/';
    target[1200] = '\0';
    a = client_ask(city, "GET", target, "", NULL);
    assert_problem(&a, 414, "1024");
    answer_free(&a);
    target[1200] = 'a';
    target[big] = '\0';
    a = client_ask(city, "GET", target, "", NULL);
    assert_true(a.status == 0 || a.status == 414 || a.status == 413 || a.status == 431);
    answer_free(&a);
    memset(head, 'b', big);
    memcpy(head, "X-Long: ", 8);
    memcpy(head + 6500, "\r\n", 3);
    a = client_ask(city, "GET", "/livez", head, NULL);
    assert_problem(&a, 431, "headers_too_large");
    answer_free(&a);
    memcpy(head + 6500, "bb", 2);
    head[6502] = 'b';
    memcpy(head + big, "\r\n", 3);
    a = client_ask(city, "GET", "/livez", head, NULL);
    assert_true(a.status == 0 || a.status == 431 || a.status == 413);
    answer_free(&a);
    /* many parameters: libmicrohttpd would use the connection's memory up for them */
    for (size_t i = 0; i < 500; i++) {
        memcpy(target + 9 + i * 2, "a&", 2);
    }
    memcpy(target, "/v1/lots?", 9);
    target[9 + 2 * 500] = '\0';
    a = client_ask(city, "GET", target, "", NULL);
    assert_problem(&a, 400, "unknown parameter");
    answer_free(&a);
    /* many small ones */
    for (size_t i = 0; i < 5000; i++) {
        memcpy(head + i * 6, "X: y\r\n", 6);
    }
    head[30000] = '\0';
    a = client_ask(city, "GET", "/livez", head, NULL);
    assert_true(a.status == 0 || a.status == 431 || a.status == 413);
    answer_free(&a);
    /* a head of 5 KB is fine: the buffer grows in place and the line check holds */
    memset(head, 'b', 5000);
    memcpy(head, "X-Long: ", 8);
    memcpy(head + 5000, "\r\nX-After: 1\r\n", 15);
    a = client_ask(city, "GET", "/livez", head, NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    free(target);
    free(head);
    still_alive();
}

static void tls_hello_and_garbage(void **state)
{
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n";
    char garbage[2000];
    struct dice dice = {3};
    struct answer_text a = client_raw(city, hello, sizeof hello - 1);

    (void)state;
    assert_true(a.status == 0 || a.status == 400);
    answer_free(&a);
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof garbage; i++) {
            garbage[i] = (char)dice_u64(&dice);
        }
        memcpy(garbage + 1900, "\r\n\r\n", 4);
        a = client_raw(city, garbage, 1904);
        assert_true(a.status == 0 || a.status >= 400);
        answer_free(&a);
    }
    still_alive();
}

static void bodies(void **state)
{
    char head[256];
    char *big = malloc(70000);
    char target[80];
    char id[SPACE_ID_LEN + 1];

    static const struct {
        const char *body;
        int status;
        const char *needle;
    } rows[] = {
        {"{\"reason\":\"maintenance\"",                               400, "bad_json"                                 },
        {"{\"reason\":\"maintenance\"/*x*/}",                         400, "bad_json"                                 },
        {"{\"reason\":\"maintenance\",\"reason\":\"event\"}",         400, "bad_json"                                 },
        {"[]",                                                        400, "object"                                   },
        {"\xef\xbb\xbf{}",                                            400, "bad_json"                                 },
        {"{}",                                                        422, "/reason: is required: maintenance, closed"},
        {"{\"reason\":\"whim\"}",                                     422, "/reason"                                  },
        {"{\"reason\":true}",                                         422, "/reason"                                  },
        {"{\"reason\":\"event\",\"operator_id\":7}",                  422, "/operator_id"                             },
        {"{\"reason\":\"event\",\"until\":\"yesterday\"}",            422, "/until"                                   },
        {"{\"reason\":\"event\",\"until\":\"2001-01-01T00:00:00Z\"}", 422, "future"                                   },
        {"{\"reason\":\"event\",\"note\":7}",                         422, "/note"                                    },
    };
    struct answer_text a;

    (void)state;
    assert_non_null(big);
    space_id_format(city_key(FIRST_SITE, 1), id);
    (void)snprintf(target, sizeof target, "/v1/spaces/%s/out-of-service", id);
    (void)snprintf(head, sizeof head,
                   "Authorization: Bearer %s\r\nContent-Type: application/json\r\n", city->staff);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        a = client_ask(city, "POST", target, head, rows[i].body);
        if (a.status != rows[i].status) {
            print_error("%s:\n", rows[i].body);
        }
        assert_problem(&a, rows[i].status, rows[i].needle);
        answer_free(&a);
    }
    memset(big, ' ', 65537);
    big[65537] = '\0';
    a = client_ask(city, "POST", target, head, big);
    assert_problem(&a, 413, NULL);
    answer_free(&a);
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\nContent-Type: text/plain\r\n",
                   city->staff);
    a = client_ask(city, "POST", target, head, "{\"reason\":\"event\"}");
    assert_problem(&a, 415, NULL);
    answer_free(&a);
    (void)snprintf(head, sizeof head, "%sContent-Type: application/json\r\n", staff_json_head());
    a = client_ask(city, "POST", target, head, "{\"reason\":\"event\"}");
    assert_problem(&a, 415, NULL);
    answer_free(&a);
    for (unsigned i = 0; i < 2; i++) { /* packed bytes are no JSON that is wrong */
        (void)snprintf(head, sizeof head, "%sContent-Encoding: %s\r\n", staff_json_head(),
                       i == 0 ? "gzip" : "Identity");
        a = client_ask(city, "POST", target, head, i == 0 ? "\x1f\x8b\x08" : "{}");
        assert_problem(&a, i == 0 ? 415 : 422, i == 0 ? "Content-Encoding" : "/reason");
        answer_free(&a);
    }
    free(big);
}

static void authorization(void **state)
{
    char long_key[8200];
    static const char *const heads[] = {
        "Authorization: Bearer \r\n",
        "Authorization: Bearer nonsense\r\n",
        "Authorization: Basic dXNlcjpwYXNz\r\n",
        "Authorization: Bearer bw_abcdefgh_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    };
    struct answer_text a;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        a = client_ask(city, "GET", "/v1/devices", heads[i], NULL);
        assert_problem(&a, 401, "unauthenticated");
        answer_free(&a);
    }
    memset(long_key, 'k', sizeof long_key);
    memcpy(long_key, "Authorization: Bearer ", 22);
    memcpy(long_key + 5000, "\r\n", 3);
    a = client_ask(city, "GET", "/v1/devices", long_key, NULL);
    assert_problem(&a, 401, NULL);
    answer_free(&a);
    memcpy(long_key + 5000, "kk", 2);
    long_key[5002] = 'k';
    memcpy(long_key + 8190, "\r\n", 3);
    a = client_ask(city, "GET", "/v1/devices", long_key, NULL);
    assert_true(a.status == 0 || a.status == 431 || a.status == 413);
    answer_free(&a);
}

static void last_event_ids(void **state)
{
    static const char *const ids[] = {"-1", "18446744073709551616", "text", "7-", "7-1x", "%00"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        char head[80];
        struct answer_text a;

        (void)snprintf(head, sizeof head, "Last-Event-ID: %s\r\n", ids[i]);
        a = client_ask(city, "GET", "/v1/stream", head, NULL);
        assert_problem(&a, 400, "last_event_id");
        answer_free(&a);
    }
    still_alive();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),
        cmocka_unit_test(absolute_targets),
        cmocka_unit_test(every_route_tells_all_its_parameters),
        cmocka_unit_test(methods),
        cmocka_unit_test(sizes),
        cmocka_unit_test(tls_hello_and_garbage),
        cmocka_unit_test(bodies),
        cmocka_unit_test(authorization),
        cmocka_unit_test(last_event_ids),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
