/* The server itself: kept connections, HEAD, CORS, roles, deadlines, caps, the documents made of
 * the tables. Staff requests, which wait for the core, are test_api_staff.c. */
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

/* Reads until `until` has come. */
static void wait_for(int fd, const char *until)
{
    char got[8192];
    size_t len = 0;

    while (len < sizeof got - 1) {
        ssize_t n = recv(fd, got + len, sizeof got - 1 - len, 0);

        assert_true(n > 0);
        len += (size_t)n;
        got[len] = '\0';
        if (strstr(got, until) != NULL) {
            return;
        }
    }
    fail();
}

/* Answers of one kind and how many of them stayed behind. */
struct kind_count {
    unsigned all, behind;
    int64_t began_ms;
};

static void kind_begin(struct kind_count *kind)
{
    kind->began_ms = host_boot_ms();
}

/* Nearly the kernel's patience; 200 ms, and the clock counts whole ones. */
static void kind_end(struct kind_count *kind)
{
    kind->all++;
    kind->behind += host_boot_ms() - kind->began_ms >= 199;
}

/* A busy machine delays some of them, a missing push all that are alike. */
static void kind_check(const struct kind_count *kind)
{
    assert_true(kind->all >= 20);
    assert_true(kind->behind * 4 <= kind->all);
}

/* Answers wait corked for the end of their round. One that stays behind leaves when the kernel
 * loses patience, after 200 ms. The load may be such that all of it takes longer than the view is
 * fresh, so the core's heart goes on. */
static void answers_leave_with_their_round(void **state)
{
    static const char small[] = "GET /v1/city HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char large[] = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char head[] = "HEAD /v1/city HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char upload[] =
        "POST /v1/city HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    struct kind_count smalls = {0};
    struct kind_count larges = {0};
    struct kind_count heads = {0};
    struct kind_count goes_on = {0};
    struct kind_count uploads = {0};
    int fd = client_open(city);

    (void)state;
    for (int i = 0; i < 40; i++) {
        struct kind_count *gets = i % 2 == 0 ? &smalls : &larges;
        struct answer_text a;

        city_beat(city);
        kind_begin(gets);
        client_send(fd, i % 2 == 0 ? small : large, (i % 2 == 0 ? sizeof small : sizeof large) - 1);
        a = client_read(fd, false);
        kind_end(gets);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        kind_begin(&heads);
        client_send(fd, head, sizeof head - 1);
        a = client_read(fd, true);
        kind_end(&heads);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        kind_begin(&goes_on);
        client_send(fd, upload, sizeof upload - 1);
        wait_for(fd, "100 Continue\r\n\r\n");
        kind_end(&goes_on);
        kind_begin(&uploads);
        client_send(fd, "{\"a\"", 4);
        a = client_read(fd, false);
        kind_end(&uploads);
        assert_int_equal(a.status, 405);
        answer_free(&a);
    }
    close(fd);
    kind_check(&smalls);
    kind_check(&larges);
    kind_check(&heads);
    kind_check(&goes_on);
    kind_check(&uploads);
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

/* --- servers of their own: short deadlines, small caps --- */

/* The same for streams, on connections whose answers before were corked. That a stream's reader is
 * gone may be noticed late, so there is room for all of them. */
static void streams_leave_at_once(void **state)
{
    static const char small[] = "GET /v1/city HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char stream[] = "GET /v1/stream?snapshot=1 HTTP/1.1\r\nHost: x\r\n\r\n";
    struct kind_count smalls = {0};
    struct kind_count streams = {0};
    struct api_city *own = city_make();

    (void)state;
    own->config.http.streams = own->config.http.streams_per_ip = 20;
    city_api_start(own);
    for (int i = 0; i < 20; i++) {
        int fd = client_open(own);

        city_beat(own);
        for (int k = 0; k < 3; k++) {
            struct answer_text a;

            kind_begin(&smalls);
            client_send(fd, small, sizeof small - 1);
            a = client_read(fd, false);
            kind_end(&smalls);
            answer_free(&a);
        }
        kind_begin(&streams);
        client_send(fd, stream, sizeof stream - 1);
        wait_for(fd, "event: ");
        kind_end(&streams);
        close(fd);
    }
    kind_check(&smalls);
    kind_check(&streams);
    city_close(own);
}

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
        cmocka_unit_test_setup(two_requests_one_connection, city_fresh),
        cmocka_unit_test_setup(answers_leave_with_their_round, city_fresh),
        cmocka_unit_test_setup(head_has_no_body, city_fresh),
        cmocka_unit_test_setup(cors, city_fresh),
        cmocka_unit_test_setup(role_matrix, city_fresh),
        cmocka_unit_test_setup(literals_stand_first, city_fresh),
        cmocka_unit_test_setup(metrics_and_documents, city_fresh),
        cmocka_unit_test_setup(reference_is_in_the_docs, city_fresh),
        cmocka_unit_test_setup(a_key_of_another_district, city_fresh),
        cmocka_unit_test_setup(keys_are_read_again, city_fresh),
        cmocka_unit_test_setup(streams_leave_at_once, city_fresh),
        cmocka_unit_test_setup(drippers_are_cut, city_fresh),
        cmocka_unit_test_setup(caps, city_fresh),
        cmocka_unit_test_setup(rate_limit, city_fresh),
        cmocka_unit_test_setup(taken_port, city_fresh),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
