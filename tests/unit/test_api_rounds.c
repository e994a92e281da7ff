/* Answers leave with the round of the HTTP thread that made them: none stays behind corked. */
#include "tests/unit/api_city.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_leave_with_their_round, city_fresh),
        cmocka_unit_test_setup(streams_leave_at_once, city_fresh),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
