/* The operators' back ends against a real HTTP server: what is not taken is kept and comes again,
 * what can never be taken is given up, nothing grows without bound, and all of it is counted. */
#include "bowei/base/city_clock.h"
#include "bowei/base/json_read.h"
#include "bowei/base/strbuf.h"
#include "sensors/sim/rest/poster.h"
#include "tests/unit/scratch_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DEADLINE_MS 20000

static const char *const codes[] = {"HLO", "MTN"};

/* The far side: answers with `status`; 200 says of each item that it was accepted. */
struct server {
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock;
    /* guarded by lock */
    unsigned status;
    uint64_t requests, items, bad;
    uint64_t longest; /* items of a request */
    uint64_t keys[2];
    char first[64], last[64]; /* event ids of HLO's items in the order they were taken */
};

struct exchange {
    struct strbuf body;
};

static uint64_t items_of(struct server *s, const struct strbuf *body, bool first_operator)
{
    static struct json_node nodes[8192];
    struct json_doc doc;
    const struct json_node *items;
    const struct json_node *item;

    if (json_parse(&doc, body->data, body->len, nodes, 8192) != JSON_OK ||
        !json_is_text(&doc, json_member(&doc, doc.nodes, "crs"), "wgs84")) {
        s->bad++;
        return 0;
    }
    items = json_member(&doc, doc.nodes, "items");
    item = json_first(&doc, items);
    for (uint32_t i = 0; i < items->count && first_operator; i++) {
        const struct json_node *id = json_member(&doc, item, "event_id");
        char text[64];

        (void)json_text(&doc, id, text, sizeof text);
        /* in order, none twice */
        s->bad += strcmp(text, s->last) <= 0;
        memcpy(s->last, text, sizeof text);
        memcpy(s->first, s->first[0] == '\0' ? text : s->first, sizeof s->first);
        item = i + 1 < items->count ? json_after(&doc, item) : item;
    }
    return items->count;
}

static enum MHD_Result answer(struct server *s, struct MHD_Connection *c, const struct strbuf *body)
{
    const char *key = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    struct strbuf text = {0};
    struct MHD_Response *response;
    enum MHD_Result result;
    unsigned status;

    pthread_mutex_lock(&s->lock);
    status = s->status;
    s->requests++;
    strbuf_puts(&text, "{\"items\":[");
    if (status == 200) {
        const bool first = key != NULL && strcmp(key, "Bearer key-of-hlo") == 0;
        const uint64_t n = items_of(s, body, first);

        s->keys[first ? 0 : 1] += n;
        s->items += n;
        s->longest = n > s->longest ? n : s->longest;
        for (uint64_t i = 0; i < n; i++) {
            strbuf_puts(&text,
                        i == 0 ? "{\"result\":\"duplicate\"}" : ",{\"result\":\"accepted\"}");
        }
    }
    strbuf_puts(&text, "]}");
    pthread_mutex_unlock(&s->lock);
    response = MHD_create_response_from_buffer(text.len, text.data, MHD_RESPMEM_MUST_COPY);
    strbuf_finish(&text);
    result = MHD_queue_response(c, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    struct exchange *x = *state;

    (void)version;
    if (x == NULL) {
        *state = calloc(1, sizeof *x);
        return *state != NULL && strcmp(url, "/v1/vehicles/telemetry") == 0 &&
                       strcmp(method, "POST") == 0
                   ? MHD_YES
                   : MHD_NO;
    }
    if (*len > 0) {
        strbuf_add(&x->body, data, *len);
        *len = 0;
        return MHD_YES;
    }
    return answer(ctx, c, &x->body);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *state;

    (void)ctx;
    (void)c;
    (void)why;
    if (x != NULL) {
        strbuf_finish(&x->body);
        free(x);
    }
}

static void server_start(struct server *s, unsigned status, char url[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET};

    *s = (struct server){.status = status};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(pthread_mutex_init(&s->lock, NULL), 0);
    s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, s,
                                 MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_NOTIFY_COMPLETED,
                                 on_completed, NULL, MHD_OPTION_END);
    assert_non_null(s->daemon);
    (void)snprintf(url, 64, "http://127.0.0.1:%u",
                   (unsigned)MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
}

static void server_stop(struct server *s)
{
    MHD_stop_daemon(s->daemon);
    (void)pthread_mutex_destroy(&s->lock);
}

static void server_status(struct server *s, unsigned status)
{
    pthread_mutex_lock(&s->lock);
    s->status = status;
    pthread_mutex_unlock(&s->lock);
}

static struct poster *poster_of(const char *url, const char *keys)
{
    char folder[64];
    char path[128];
    struct poster *p = NULL;
    FILE *f;

    scratch_folder_make(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/keys", folder);
    f = fopen(path, "we");
    assert_non_null(f);
    (void)fputs(keys, f);
    assert_int_equal(fclose(f), 0);
    if (poster_create(url, path, codes, 2, &p) != ERR_OK) {
        p = NULL;
    }
    scratch_folder_remove(folder);
    return p;
}

static void add(struct poster *p, uint32_t op, uint32_t number)
{
    char item[64];

    (void)snprintf(item, sizeof item, "{\"event_id\":\"e-%06u\"}", (unsigned)number);
    poster_add(p, op, item, strlen(item));
}

/* Runs until nothing waits, or n requests failed; the clock of the poster runs twenty times as
 * fast, so that its pauses are short. */
static void run(struct poster *p, uint64_t failures)
{
    const int64_t start = host_boot_ms();

    for (;;) {
        const struct poster_counts c = poster_counts(p);

        if (c.waiting == 0 || (failures > 0 && c.failed >= failures)) {
            return;
        }
        assert_true(host_boot_ms() - start < DEADLINE_MS);
        poster_turn(p, start + (host_boot_ms() - start) * 20);
        poster_wait(p, NULL, 0, 5);
    }
}

static void items_come_in_batches_with_the_key_of_their_operator(void **state)
{
    struct server s;
    char url[64];
    struct poster *p;
    struct poster_counts c;

    (void)state;
    server_start(&s, 200, url);
    p = poster_of(url, "HLO key-of-hlo\nMTN key-of-mtn\n");
    assert_non_null(p);
    for (uint32_t i = 0; i < 1000; i++) {
        add(p, 0, i);
    }
    add(p, 1, 1);
    run(p, 0);
    c = poster_counts(p);
    poster_destroy(p);
    server_stop(&s);
    assert_true(s.bad == 0 && s.longest == POSTER_BATCH);
    assert_true(s.keys[0] == 1000 && s.keys[1] == 1);
    assert_true(c.posted == 6 && c.accepted == 1001 - 6 && c.duplicate == 6 && c.dropped == 0);
}

static void what_is_not_taken_is_kept_and_comes_again(void **state)
{
    struct server s;
    char url[64];
    struct poster *p;
    struct poster_counts c;

    (void)state;
    server_start(&s, 503, url);
    p = poster_of(url, "MTN key-of-mtn\nHLO key-of-hlo\n");
    assert_non_null(p);
    for (uint32_t i = 0; i < 300; i++) {
        add(p, 0, i);
    }
    run(p, 3);
    c = poster_counts(p);
    assert_true(c.failed == 3 && c.waiting == 300 && c.posted == 0 && c.last_status == 503);
    server_status(&s, 200);
    run(p, 0);
    c = poster_counts(p);
    poster_destroy(p);
    server_stop(&s);
    assert_true(s.bad == 0 && s.items == 300 && c.dropped == 0);
    assert_string_equal(s.first, "e-000000");
    assert_string_equal(s.last, "e-000299");
}

static void what_can_never_be_taken_is_given_up(void **state)
{
    struct server s;
    char url[64];
    struct poster *p;
    struct poster_counts c;

    (void)state;
    server_start(&s, 422, url);
    p = poster_of(url, "MTN key-of-mtn\nHLO key-of-hlo\n");
    assert_non_null(p);
    for (uint32_t i = 0; i < POSTER_BATCH; i++) {
        add(p, 0, i);
    }
    run(p, 0);
    c = poster_counts(p);
    poster_destroy(p);
    server_stop(&s);
    assert_true(c.dropped == POSTER_BATCH && c.posted == 0 && c.failed == s.requests);
}

static void an_outage_is_bounded_and_the_newest_stay(void **state)
{
    struct server s;
    char url[64];
    struct poster *p;
    struct poster_counts c;

    (void)state;
    server_start(&s, 200, url);
    p = poster_of(url, "MTN key-of-mtn\nHLO key-of-hlo\n");
    assert_non_null(p);
    for (uint32_t i = 0; i < POSTER_KEEP + 500; i++) {
        add(p, 0, i);
    }
    c = poster_counts(p);
    assert_true(c.waiting == POSTER_KEEP && c.dropped == 500);
    run(p, 0);
    poster_destroy(p);
    server_stop(&s);
    assert_true(s.bad == 0 && s.items == POSTER_KEEP);
    assert_string_equal(s.first, "e-000500");
}

static void no_key_no_poster(void **state)
{
    (void)state;
    assert_null(poster_of("http://127.0.0.1:1", "HLO key-of-hlo\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_in_batches_with_the_key_of_their_operator),
        cmocka_unit_test(what_is_not_taken_is_kept_and_comes_again),
        cmocka_unit_test(what_can_never_be_taken_is_given_up),
        cmocka_unit_test(an_outage_is_bounded_and_the_newest_stay),
        cmocka_unit_test(no_key_no_poster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
