/* The server itself: kept connections, HEAD, CORS, roles, keys, the documents made of the tables.
 * Staff requests, which wait for the core, are test_api_staff.c; caps and deadlines are
 * test_api_limits.c, when answers leave is test_api_rounds.c. */
#include "api/route.h"
#include "bowei/base/json_read.h"
#include "tests/unit/api_city.h"

static void two_requests_one_connection(void **state)
{
    static const char ask[] = "GET /v1/city HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = client_open(city);

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct answer_text a;
        char text[32];

        client_send(fd, ask, sizeof ask - 1);
        a = client_read(fd, false);
        assert_int_equal(a.status, 200);
        assert_false(a.closed);
        assert_null(head_find(a.head, "Connection", text, sizeof text));
        answer_free(&a);
    }
    close(fd);
}

static void head_has_no_body(void **state)
{
    static const char *const targets[] = {"/v1/city", "/v1/lots",      "/livez",
                                          "/metrics", "/openapi.json", "/v1/stream"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct answer_text a = client_ask(city, "HEAD", targets[i], "Connection: close\r\n", NULL);

        assert_int_equal(a.status, 200);
        assert_int_equal(a.body_len, 0);
        answer_free(&a);
    }
}

static void cors(void **state)
{
    struct answer_text a =
        client_ask(city, "OPTIONS", "/v1/spaces/near",
                   "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n", NULL);
    char text[128];

    (void)state;
    assert_int_equal(a.status, 204);
    assert_string_equal(head_find(a.head, "Access-Control-Allow-Origin", text, sizeof text), "*");
    assert_string_equal(head_find(a.head, "Access-Control-Allow-Methods", text, sizeof text),
                        "GET, HEAD, OPTIONS");
    answer_free(&a);
    a = client_get(city, "/v1/spaces/near");
    assert_int_equal(a.status, 400);
    assert_non_null(head_find(a.head, "Access-Control-Allow-Origin", text, sizeof text));
    answer_free(&a);
    a = client_get(city, "/v1/lots?limit=1"); /* ETag and Link are no use to a page otherwise */
    assert_non_null(head_find(a.head, "ETag", text, sizeof text));
    assert_string_equal(head_find(a.head, "Access-Control-Expose-Headers", text, sizeof text), "*");
    answer_free(&a);
    a = client_get(city, "/v1/space/near"); /* who mistypes a path reads so, from any page */
    assert_int_equal(a.status, 404);
    assert_non_null(head_find(a.head, "Access-Control-Allow-Origin", text, sizeof text));
    answer_free(&a);
    a = client_get(city, "/"); /* all there is without a key, to be written to as well, once */
    assert_non_null(strstr(
        a.body, "\"/v1/reports\",\"/v1/reports/{receipt}\",\"/v1/reports/{receipt}/rating\""));
    assert_null(strstr(strstr(a.body, "/v1/push/{source}") + 1, "/v1/push/{source}"));
    assert_null(strstr(a.body, "/v1/cases"));
    answer_free(&a);
    a = client_ask(city, "OPTIONS", "/v1/devices", "Origin: https://a.example\r\n", NULL);
    assert_int_equal(a.status, 204);
    assert_null(head_find(a.head, "Access-Control-Allow-Origin", text, sizeof text));
    answer_free(&a);
}

/* A path of the row with something in its parameter. */
static void path_fill(const char *pattern, char *out, size_t cap)
{
    const char *open = strchr(pattern, '{');
    char id[SPACE_ID_LEN + 1];

    if (open == NULL) {
        (void)snprintf(out, cap, "%s", pattern);
        return;
    }
    space_id_format(city_key(FIRST_SITE, strstr(pattern, "lots") != NULL ? 0 : 1), id);
    (void)snprintf(out, cap, "%.*s%s%s", (int)(open - pattern), pattern,
                   strstr(pattern, "devices") != NULL ? "line/unit" : id, strchr(open, '}') + 1);
}

static bool fleet_path(const char *path)
{
    return strstr(path, "/fences/") != NULL || strstr(path, "/alerts/") != NULL ||
           strstr(path, "/vehicles/") != NULL || strstr(path, "/keys/") != NULL ||
           strstr(path, "/cases/") != NULL || strstr(path, "/reports/") != NULL;
}

static void role_matrix(void **state)
{
    size_t count;
    const struct route *rows = routes(&count);
    const char *const keys[ROLE_COUNT] = {NULL, city->operator_key, city->staff, city->admin};
    /* may the role (column) use a route of the role (row)? */
    static const bool may[ROLE_COUNT][ROLE_COUNT] = {
        {true,  true,  true,  true},
        {false, true,  true,  true}, /* its own; staff see all */
        {false, false, true,  true},
        {false, false, false, true},
    };

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (unsigned role = 0; role < ROLE_COUNT; role++) {
            char path[120];
            char head[200] = "";
            struct answer_text a;

            if (rows[i].flags & ROUTE_STREAM) {
                continue;
            }
            path_fill(rows[i].path, path, sizeof path);
            if (keys[role] != NULL) {
                (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", keys[role]);
            }
            a = client_ask(city, method_name(rows[i].method), path, head, NULL);
            if (rows[i].flags & ROUTE_SECRET) {
                assert_int_equal(a.status, 401); /* no API key opens it: test_api_push.c */
            } else if (may[rows[i].role][role]) {
                /* what is asked for here is there for spaces, lots and devices only */
                assert_true(a.status != 401 && a.status != 403 && a.status != 405 &&
                            (a.status != 404 || fleet_path(rows[i].path)));
            } else {
                assert_int_equal(a.status, role == ROLE_PUBLIC ? 401 : 403);
            }
            assert_int_equal(route_allows(&rows[i], (enum role)role), may[rows[i].role][role]);
            answer_free(&a);
        }
    }
}

/* A literal segment stands before a parameter at the same place, or it would never match. */
static void literals_stand_first(void **state)
{
    size_t count;
    const struct route *rows = routes(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char path[120];
        struct route_match match;

        path_fill(rows[i].path, path, sizeof path);
        route_find(rows[i].method, path, &match);
        assert_ptr_equal(match.route, &rows[i]);
    }
}

static void metrics_and_documents(void **state)
{
    struct answer_text a = client_get(city, "/metrics");
    struct json_doc doc;
    struct json_node *nodes = calloc(60000, sizeof *nodes);
    size_t count;
    const struct route *rows = routes(&count);

    (void)state;
    assert_non_null(nodes);
    assert_string_equal(a.body + a.body_len - 6, "# EOF\n");
    assert_non_null(strstr(a.body, "bowei_spaces{state=\"free\"} "));
    assert_non_null(strstr(a.body, "# TYPE bowei_http_requests counter"));
    assert_non_null(strstr(a.body, "bowei_build_info{version=\""));
    answer_free(&a);
    a = client_get(city, "/openapi.json");
    assert_int_equal(json_parse(&doc, a.body, a.body_len, nodes, 60000), JSON_OK);
    for (size_t i = 0; i < count; i++) {
        char name[80];

        (void)snprintf(name, sizeof name, "\"operationId\":\"%s\"", rows[i].name);
        assert_non_null(strstr(a.body, name));
    }
    answer_free(&a);
    a = client_get(city, "/");
    assert_int_equal(a.status, 200);
    answer_free(&a);
    free(nodes);
}

#define API_PAGE TESTS_DIR "/../docs/API.md"

/* Puts the reference in place of that of the page, for whoever changed a table. */
static void reference_write(const char *have, const char *reference)
{
    const char *routes_begin = strstr(have, "## Routes\n");
    FILE *file = fopen(API_PAGE, "w");

    assert_non_null(routes_begin);
    assert_non_null(file);
    assert_true(fprintf(file, "%.*s%s", (int)(routes_begin - have), have, reference) > 0);
    assert_int_equal(fclose(file), 0);
}

/* docs/API.md holds what the tables say. */
static void reference_is_in_the_docs(void **state)
{
    struct strbuf want = {0};
    FILE *file = fopen(API_PAGE, "r");
    char *have = calloc(1, 1u << 20);
    size_t len;

    (void)state;
    assert_non_null(file);
    assert_non_null(have);
    len = fread(have, 1, (1u << 20) - 1, file);
    (void)fclose(file);
    assert_true(len > 0);
    api_reference(&want);
    strbuf_putc(&want, '\0');
    assert_false(want.failed);
    if (strstr(have, want.data) == NULL) {
        if (getenv("BOWEI_WRITE_DOCS") == NULL) {
            fail_msg("docs/API.md is not what the tables say; BOWEI_WRITE_DOCS=1 writes it anew");
        }
        reference_write(have, want.data);
    }
    strbuf_finish(&want);
    free(have);
}

/* A staff key of one district reads everything and changes nothing elsewhere. */
static void a_key_of_another_district(void **state)
{
    static const char *const refused[] = {"/v1/devices/lora-1/suspect", "/v1/alerts/bulk"};
    struct key_order order = {.name = "far", .role = ROLE_STAFF, .districts = "830000"};
    struct key_row row;
    char key[KEY_TEXT_MAX];
    char head[200];
    char target[80];
    char id[SPACE_ID_LEN + 1];
    struct answer_text a;

    (void)state;
    space_id_format(city->inv->spaces[0].key, id);
    (void)snprintf(target, sizeof target, "/v1/spaces/%s/out-of-service", id);
    assert_int_equal(key_issue(city->keys_path, &order, 2, &row, key), ERR_OK);
    (void)snprintf(head, sizeof head,
                   "Authorization: Bearer %s\r\nContent-Type: application/json\r\n", key);
    a = client_ask(city, "POST", target, head, "{\"reason\":\"event\"}");
    assert_int_equal(a.status, 403);
    answer_free(&a);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        a = client_ask(city, "POST", refused[i], head, "{}");
        assert_int_equal(a.status, 403);
        answer_free(&a);
    }
    a = client_ask(city, "GET", "/v1/devices", head, NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    order = (struct key_order){.name = "near", .role = ROLE_STAFF, .districts = id};
    id[6] = '\0';
    assert_int_equal(key_issue(city->keys_path, &order, 2, &row, key), ERR_OK);
    (void)snprintf(head, sizeof head,
                   "Authorization: Bearer %s\r\nContent-Type: application/json\r\n", key);
    a = client_ask(city, "POST", target, head, "{\"reason\":\"event\"}");
    assert_int_equal(a.status, 200);
    answer_free(&a);
}

static void keys_are_read_again(void **state)
{
    char head[200];
    char key[KEY_TEXT_MAX];
    struct answer_text a = {0};
    int64_t until = host_boot_ms() + 5000;

    (void)state;
    assert_int_equal(key_create(city->keys_path, "late", ROLE_STAFF, NULL, 2, key), ERR_OK);
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", key);
    while (a.status != 200 && host_boot_ms() < until) {
        answer_free(&a);
        a = client_ask(city, "GET", "/v1/devices", head, NULL);
        (void)poll(NULL, 0, 50);
    }
    assert_int_equal(a.status, 200);
    answer_free(&a);
    assert_int_equal(key_revoke(city->keys_path, "nobody12"), ERR_NOT_FOUND);
    key[11] = '\0';
    assert_int_equal(key_revoke(city->keys_path, key + 3), ERR_OK);
    until = host_boot_ms() + 5000;
    a = client_ask(city, "GET", "/v1/devices", head, NULL);
    while (a.status != 401 && host_boot_ms() < until) {
        answer_free(&a);
        (void)poll(NULL, 0, 50);
        a = client_ask(city, "GET", "/v1/devices", head, NULL);
    }
    assert_int_equal(a.status, 401);
    answer_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(two_requests_one_connection, city_fresh),
        cmocka_unit_test_setup(head_has_no_body, city_fresh),
        cmocka_unit_test_setup(cors, city_fresh),
        cmocka_unit_test_setup(role_matrix, city_fresh),
        cmocka_unit_test_setup(literals_stand_first, city_fresh),
        cmocka_unit_test_setup(metrics_and_documents, city_fresh),
        cmocka_unit_test_setup(reference_is_in_the_docs, city_fresh),
        cmocka_unit_test_setup(a_key_of_another_district, city_fresh),
        cmocka_unit_test_setup(keys_are_read_again, city_fresh),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
