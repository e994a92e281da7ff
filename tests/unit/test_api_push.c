/* /v1/push over HTTP: what reaches the port, and which answer each outcome becomes. */
#include "tests/unit/api_city.h"

/* What the port was asked last, and what it is to answer; the HTTP thread writes it. */
static struct port_seen {
    char source[64], authorization[64], key[300], event[80], msg[300], nonce[80], signature[80];
    size_t len;
    uint32_t calls;
    enum err answer;
} port_seen;

static pthread_mutex_t port_lock = PTHREAD_MUTEX_INITIALIZER; /* guards port_seen */

static struct port_seen seen(void)
{
    struct port_seen copy;

    pthread_mutex_lock(&port_lock);
    copy = port_seen;
    pthread_mutex_unlock(&port_lock);
    return copy;
}

static void port_answers(enum err answer)
{
    pthread_mutex_lock(&port_lock);
    port_seen.answer = answer;
    pthread_mutex_unlock(&port_lock);
}

static void keep(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text == NULL ? "(none)" : text);
}

static enum err port_asked(const struct push_request *rq)
{
    enum err answer;

    pthread_mutex_lock(&port_lock);
    keep(port_seen.source, sizeof port_seen.source, rq->source);
    keep(port_seen.authorization, sizeof port_seen.authorization, rq->authorization);
    keep(port_seen.key, sizeof port_seen.key, rq->key);
    keep(port_seen.event, sizeof port_seen.event, rq->event);
    keep(port_seen.msg, sizeof port_seen.msg, rq->msg);
    keep(port_seen.nonce, sizeof port_seen.nonce, rq->nonce);
    keep(port_seen.signature, sizeof port_seen.signature, rq->signature);
    port_seen.len = rq->len;
    port_seen.calls++;
    answer = port_seen.answer;
    pthread_mutex_unlock(&port_lock);
    return answer;
}

static enum err port_take(void *ctx, const struct push_request *rq, struct push_result *out)
{
    (void)ctx;
    *out = (struct push_result){.kept = 3, .refused = 2, .unknown = 1, .ignored = 4};
    return port_asked(rq);
}

static enum err port_greet(void *ctx, const struct push_request *rq)
{
    (void)ctx;
    return port_asked(rq);
}

static int set_up(void **state)
{
    (void)state;
    city = city_make();
    city->push = (struct push_port){.take = port_take, .greet = port_greet};
    city->config.http.rate_limit_loopback = true;
    city->config.http.requests_per_s = 1;
    memset(&port_seen, 0, sizeof port_seen); /* before its thread */
    city_api_start(city);
    return 0;
}

/* CTWing sets no Content-Type that we could count on, others what they like. */
static void messages_reach_the_port(void **state)
{
    static const char *const heads[] = {"", "Content-Type: application/json;charset=UTF-8\r\n",
                                        "Content-Type: text/plain\r\nAccept: text/html\r\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        char text[80];
        struct answer_text a = client_ask(
            city, "POST", "/v1/push/telecom?key=a%2Bb-secret&event=up", heads[i], "{\"x\":1}");

        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, "{\"kept\":3,\"refused\":2,\"unknown\":1,\"ignored\":4}");
        assert_null(head_find(a.head, "Access-Control-Allow-Origin", text, sizeof text));
        assert_string_equal(head_find(a.head, "Cache-Control", text, sizeof text), "no-store");
        answer_free(&a);
        assert_string_equal(seen().source, "telecom");
        assert_string_equal(seen().key, "a+b-secret");
        assert_string_equal(seen().event, "up");
        assert_string_equal(seen().authorization, "(none)");
        assert_int_equal(seen().len, 7);
    }
}

/* The secret of a source is none of the API's keys, and is handed on as it is. */
static void the_header_is_the_source_s(void **state)
{
    char head[200];
    struct answer_text a = client_ask(city, "POST", "/v1/push/lora",
                                      "Authorization: Bearer lora-secret-01234567\r\n", "{}");

    (void)state;
    assert_int_equal(a.status, 200);
    answer_free(&a);
    assert_string_equal(seen().authorization, "Bearer lora-secret-01234567");
    port_answers(ERR_UNAUTHENTICATED);
    (void)snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", city->admin);
    a = client_ask(city, "POST", "/v1/push/lora", head, "{}");
    assert_int_equal(a.status, 401);
    answer_free(&a);
}

static void each_outcome_has_its_answer(void **state)
{
    static const struct {
        enum err answer;
        int status;
    } table[] = {
        {ERR_OK,              200},
        {ERR_UNAUTHENTICATED, 401},
        {ERR_BAD_JSON,        400},
        {ERR_TOO_LARGE,       413},
        {ERR_DISK_FULL,       507},
        {ERR_IO,              503},
        {ERR_NO_MEMORY,       503},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct answer_text a;

        port_answers(table[i].answer);
        a = client_ask(city, "POST", "/v1/push/lora", "", "{}");
        assert_int_equal(a.status, table[i].status);
        assert_int_equal(strstr(a.body, "\"code\"") != NULL, table[i].status != 200);
        answer_free(&a);
    }
}

static void the_address_is_checked(void **state)
{
    char text[80];
    struct answer_text a = client_get(
        city, "/v1/push/mobile?msg=hello%%20world&nonce=ab12&signature=fVQbCE%%2BG%%2B8Sg%%3D%%3D");

    (void)state;
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "hello world");
    assert_string_equal(head_find(a.head, "Content-Type", text, sizeof text),
                        "text/plain; charset=utf-8");
    assert_string_equal(head_find(a.head, "X-Content-Type-Options", text, sizeof text), "nosniff");
    answer_free(&a);
    assert_string_equal(seen().nonce, "ab12");
    assert_string_equal(seen().signature, "fVQbCE+G+8Sg==");
    port_answers(ERR_UNAUTHENTICATED);
    a = client_get(city, "/v1/push/mobile?msg=%%3Cscript%%3E&nonce=ab12&signature=x");
    assert_int_equal(a.status, 401);
    assert_null(strstr(a.body, "script"));
    answer_free(&a);
    a = client_get(city, "/v1/push/mobile?msg=x&nonce=ab12&signature=x&debug=1");
    assert_int_equal(a.status, 400);
    answer_free(&a);
    a = client_ask(city, "DELETE", "/v1/push/mobile", "", NULL);
    assert_int_equal(a.status, 405);
    answer_free(&a);
    a = client_get(city, "/v1/push");
    assert_int_equal(a.status, 404);
    answer_free(&a);
}

/* A platform brings a city's messages from one address: the limit of requests is not for it. (It is
 * 1 a second here.) */
static void a_burst_is_not_held_back(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct answer_text a = client_ask(city, "POST", "/v1/push/lora", "", "{}");

        assert_int_equal(a.status, 200);
        answer_free(&a);
    }
    assert_int_equal(seen().calls, 50);
}

/* A body too large for any message never reaches the port. */
static void a_large_body_is_refused(void **state)
{
    char *big = malloc(70001);
    struct answer_text a;

    (void)state;
    assert_non_null(big);
    memset(big, ' ', 70000);
    big[70000] = '\0';
    a = client_ask(city, "POST", "/v1/push/lora", "", big);
    assert_int_equal(a.status, 413);
    answer_free(&a);
    assert_int_equal(seen().calls, 0);
    free(big);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, city_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(messages_reach_the_port),     EACH(the_header_is_the_source_s),
        EACH(each_outcome_has_its_answer), EACH(the_address_is_checked),
        EACH(a_burst_is_not_held_back),    EACH(a_large_body_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
