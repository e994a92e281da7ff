/* Peers that close their side together with their last request: they get their answer, and the
 * connection ends soon behind it instead of standing until it is idle for too long. */
#include "tests/unit/api_city.h"
#include <netinet/tcp.h>

#define AT_ONCE 20

/* The request and the end of the peer's side in one segment. */
static int ask_and_close(const char *text)
{
    const int fd = client_open(city);
    const int on = 1;

    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
    client_send(fd, text, strlen(text));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    return fd;
}

/* Bytes until the other side ends, -1 when it does not within the client's 8 s. */
static ssize_t read_to_end(int fd)
{
    char text[4096];
    ssize_t all = 0;

    for (;;) {
        const ssize_t got = recv(fd, text, sizeof text, 0);

        if (got <= 0) {
            close(fd);
            return got < 0 ? -1 : all;
        }
        all += got;
    }
}

static void answers_come_and_connections_end(void **state)
{
    static const char one[] = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char body[] = "POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                               "Content-Type: application/json\r\n\r\n{}";
    int fds[AT_ONCE];

    (void)state;
    for (int i = 0; i < AT_ONCE; i++) {
        fds[i] = ask_and_close(i % 2 == 0 ? one : body);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        assert_in_range(read_to_end(fds[i]), 200, 2000);
    }
}

/* Nobody reads them any more: each would hold a place of its address until its next heartbeats. */
static void event_streams_end(void **state)
{
    char text[3][300];
    char id[SPACE_ID_LEN + 1];
    int fds[3];

    (void)state;
    city_beat(city);
    space_id_format(city->inv->spaces[0].key, id);
    (void)snprintf(text[0], sizeof text[0], "GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    (void)snprintf(text[1], sizeof text[1],
                   "GET /v1/alerts/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                   city->staff);
    (void)snprintf(text[2], sizeof text[2],
                   "GET /v1/spaces/%s/watch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                   "%s\r\n\r\n",
                   id, city->staff);
    for (int i = 0; i < 3; i++) {
        fds[i] = ask_and_close(text[i]);
    }
    for (int i = 0; i < 3; i++) {
        assert_in_range(read_to_end(fds[i]), 100, 20000);
    }
}

/* What waits for the core is answered all the same, though the peer's side ended long before. */
static void waiting_ones_are_answered(void **state)
{
    char text[300];
    char id[SPACE_ID_LEN + 1];
    struct command *held = NULL;
    struct answer_text a;
    int fd;

    (void)state;
    city_beat(city);
    space_id_format(city->inv->spaces[0].key, id);
    (void)snprintf(text, sizeof text,
                   "DELETE /v1/spaces/%s/out-of-service HTTP/1.1\r\nHost: x\r\n"
                   "Authorization: Bearer %s\r\n\r\n",
                   id, city->staff);
    pthread_mutex_lock(&city->lock);
    city->hold = true;
    pthread_mutex_unlock(&city->lock);
    fd = ask_and_close(text);
    (void)poll(NULL, 0, 1300); /* at least one look at who has closed */
    city_beat(city);
    pthread_mutex_lock(&city->lock);
    held = city->held;
    city->held = NULL;
    city->hold = false;
    pthread_mutex_unlock(&city->lock);
    assert_non_null(held);
    held->done(held);
    a = client_read(fd, false);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    assert_int_equal(read_to_end(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_and_connections_end),
        cmocka_unit_test(event_streams_end),
        cmocka_unit_test(waiting_ones_are_answered),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
