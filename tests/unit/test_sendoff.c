/* Batches of corked answers: all of each leave at once, whoever sends them off, and the helper is
 * woken only where the making of answers takes longer than their sending and requests wait. */
#include "api/sendoff.h"
#include "bowei/base/city_clock.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BATCHES 200
/* The kernel sends what is corked after 200 ms by itself: a batch of which one stays behind takes
 * that long. Where all do, 40 s; where the machine is busy, less. */
#define BATCHES_MS (BATCHES * 100)

struct pair {
    int here, there;
};

static struct counters counters;
static int listener;
static struct sockaddr_in address = {.sin_family = AF_INET};
static struct pair pairs[SENDOFF_MAX];

static uint64_t by_helper(void)
{
    return count_get(&counters, COUNT_HTTP_SENT_BY_HELPER);
}

static struct pair pair_open(void)
{
    const int on = 1;
    struct pair pair = {.there = socket(AF_INET, SOCK_STREAM, 0)};

    assert_int_equal(connect(pair.there, (struct sockaddr *)&address, sizeof address), 0);
    pair.here = accept(listener, NULL, NULL);
    assert_true(pair.here >= 0);
    assert_int_equal(setsockopt(pair.here, IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
    return pair;
}

static void pair_close(struct pair pair)
{
    close(pair.here);
    close(pair.there);
}

static int setup(void **state)
{
    socklen_t len = sizeof address;

    (void)state;
    counters = (struct counters){0};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = 0;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    for (uint32_t i = 0; i < SENDOFF_MAX; i++) {
        pairs[i] = pair_open();
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SENDOFF_MAX; i++) {
        pair_close(pairs[i]);
    }
    close(listener);
    return 0;
}

/* Makes `count` answers, `ns` the whole of it, and sends them off; `more`: requests wait. */
static void batch_make(struct sendoff *s, uint32_t count, int64_t ns, bool more)
{
    int fds[SENDOFF_MAX];

    sendoff_begin(s);
    for (uint32_t i = 0; i < count; i++) {
        fds[i] = pairs[i].here;
        assert_int_equal(send(fds[i], "answer", 6, MSG_NOSIGNAL), 6);
    }
    s->began_ns -= ns;
    sendoff_run(s, fds, count, count, more);
}

/* The same, and what the helper does not come to. */
static void batch_run(struct sendoff *s, uint32_t count, int64_t ns)
{
    batch_make(s, count, ns, true);
    sendoff_rest(s);
}

static void batch_read(uint32_t count)
{
    char answer[8];

    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(recv(pairs[i].there, answer, sizeof answer, 0), 6);
    }
}

/* Dear enough to be shared on any machine. */
#define DEAR_NS INT64_C(100000)

static void all_of_a_batch_leave(void **state)
{
    struct sendoff s = {.over = false};
    int64_t began_ms = host_boot_ms();

    (void)state;
    sendoff_start(&s, &counters);
    /* on a busy machine the helper may come too late for many of them */
    for (uint32_t i = 0; i < BATCHES || (s.helped && by_helper() == 0); i++) {
        uint32_t count = 1 + i * 7 % SENDOFF_MAX;

        batch_run(&s, count, count * DEAR_NS);
        batch_read(count);
        assert_true(host_boot_ms() - began_ms < BATCHES_MS);
    }
    sendoff_stop(&s);
}

/* Answers made in no time, however long that took on a busy machine: the judgement goes by what it
 * was told. */
static void cheap_answers_are_not_shared(void **state)
{
    struct sendoff s = {.over = false};
    bool was_shared = false;

    (void)state;
    sendoff_start(&s, &counters);
    for (uint32_t i = 0; i < BATCHES; i++) {
        s.making_ns = 0;
        s.sending_ns += SENDOFF_MAX * 2 * DEAR_NS;
        batch_run(&s, SENDOFF_MAX, 0);
        batch_read(SENDOFF_MAX);
        assert_false(s.shared);
    }
    assert_int_equal(by_helper(), 0);
    for (uint32_t i = 0; i < BATCHES && !was_shared; i++) { /* they become dear */
        batch_run(&s, SENDOFF_MAX, SENDOFF_MAX * DEAR_NS);
        batch_read(SENDOFF_MAX);
        was_shared = s.shared;
    }
    assert_true(was_shared);
    sendoff_stop(&s);
}

/* Who has nothing else to do needs no help. */
static void idle_it_sends_all_itself(void **state)
{
    struct sendoff s = {.over = false};

    (void)state;
    sendoff_start(&s, &counters);
    for (uint32_t i = 0; i < BATCHES; i++) {
        batch_make(&s, SENDOFF_MAX, SENDOFF_MAX * DEAR_NS, false);
        batch_read(SENDOFF_MAX);
    }
    assert_true(s.shared);
    assert_int_equal(by_helper(), 0);
    sendoff_stop(&s);
}

static uint32_t arrived(void)
{
    char answer[8];
    uint32_t n = 0;

    for (uint32_t i = 0; i < SENDOFF_MAX; i++) {
        n += recv(pairs[i].there, answer, sizeof answer, MSG_DONTWAIT | MSG_PEEK) > 0;
    }
    return n;
}

/* A helper that does not come, as on a machine that has others to serve: its batch leaves with the
 * next, or before the HTTP thread sleeps, and it is given no other meanwhile. */
static void a_late_helper_holds_nothing_up(void **state)
{
    struct sendoff s = {.counters = &counters, .helped = true, .shared = true};
    int64_t began_ms = host_boot_ms();

    (void)state;
    assert_int_equal(sem_init(&s.work, 0, 0), 0);
    for (uint32_t i = 0; i < 10; i++) {
        batch_make(&s, SENDOFF_MAX / 2, SENDOFF_MAX * DEAR_NS, true);
        if (host_boot_ms() - began_ms < 100) {
            assert_int_equal(arrived(), 0); /* it is the helper's turn, who sleeps */
        }
        if (i % 2 == 0) {
            sendoff_rest(&s);
        } else {
            sendoff_run(&s, NULL, 0, 0, true);
        }
        batch_read(SENDOFF_MAX / 2);
        batch_make(&s, SENDOFF_MAX, SENDOFF_MAX * DEAR_NS, true);
        batch_read(SENDOFF_MAX);
        began_ms = host_boot_ms();
    }
    assert_int_equal(by_helper(), 0);
    sem_destroy(&s.work);
}

static void alone_it_works_too(void **state)
{
    struct sendoff s = {.over = false};
    int64_t began_ms = host_boot_ms();

    (void)state;
    for (uint32_t i = 0; i < BATCHES; i++) {
        batch_run(&s, SENDOFF_MAX, SENDOFF_MAX * DEAR_NS);
        batch_read(SENDOFF_MAX);
    }
    assert_true(host_boot_ms() - began_ms < BATCHES_MS);
    sendoff_stop(&s);
}

/* A connection that ends while the helper has its answer in hand, and another that gets the same
 * number: each reader gets what is its own. */
static void sockets_may_be_closed_meanwhile(void **state)
{
    struct sendoff s = {.over = false};

    (void)state;
    sendoff_start(&s, &counters);
    for (uint32_t i = 0; i < BATCHES; i++) {
        batch_run(&s, SENDOFF_MAX, SENDOFF_MAX * DEAR_NS);
        for (uint32_t k = i % 4; k < SENDOFF_MAX; k += 4) {
            char answer[8];
            struct pair again;

            close(pairs[k].here); /* sends what is corked */
            again = pair_open();
            assert_int_equal(recv(pairs[k].there, answer, sizeof answer, 0), 6);
            close(pairs[k].there);
            pairs[k] = again;
            assert_int_equal(send(pairs[k].here, "answer", 6, MSG_NOSIGNAL), 6);
            close(pairs[k].here);
            assert_int_equal(recv(pairs[k].there, answer, sizeof answer, 0), 6);
            close(pairs[k].there);
            pairs[k] = pair_open();
        }
        for (uint32_t k = 0; k < SENDOFF_MAX; k++) {
            char answer[8];

            if (k % 4 != i % 4) {
                assert_int_equal(recv(pairs[k].there, answer, sizeof answer, 0), 6);
            }
        }
    }
    sendoff_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_a_batch_leave, setup, teardown),
        cmocka_unit_test_setup_teardown(cheap_answers_are_not_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(idle_it_sends_all_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_helper_holds_nothing_up, setup, teardown),
        cmocka_unit_test_setup_teardown(alone_it_works_too, setup, teardown),
        cmocka_unit_test_setup_teardown(sockets_may_be_closed_meanwhile, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
