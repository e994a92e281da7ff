/* Slaves that say everything twice, as some radio bridges do: each point is read all the same, and
 * has its own value. Every point is a request of its own here, of the same length, so that a copy
 * would pass for the answer to the next one. */
#define _XOPEN_SOURCE 700 /* pseudo terminals */
#include "sensors/modbus/port.h"
#include "sensors/modbus/reply.h"
#include "tests/unit/line_scene.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 4
#define POINTS 4

/* --- a slave on a pseudo terminal --- */

static struct {
    pthread_t thread;
    modbus_t *context;
    int fd, keep;
    int copy_ms; /* the second copy comes so long behind the first */
    char path[64];
} pty;

static void pty_answer(const uint8_t *query, int len)
{
    pthread_mutex_lock(&slave.lock);
    (void)modbus_reply(pty.context, query, len, slave.mapping);
    pthread_mutex_unlock(&slave.lock);
    pause_ms(pty.copy_ms);
    pthread_mutex_lock(&slave.lock);
    (void)modbus_reply(pty.context, query, len, slave.mapping);
    pthread_mutex_unlock(&slave.lock);
}

static void *pty_main(void *ctx)
{
    (void)ctx;
    while (!atomic_load(&slave.stop)) {
        uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
        const int len = readable(pty.fd) ? modbus_receive(pty.context, query) : 0;

        if (len > 0) {
            pty_answer(query, len);
        }
    }
    return NULL;
}

static void pty_start(int copy_ms)
{
    pty.copy_ms = copy_ms;
    pty.fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(pty.fd >= 0);
    assert_int_equal(grantpt(pty.fd), 0);
    assert_int_equal(unlockpt(pty.fd), 0);
    (void)snprintf(pty.path, sizeof pty.path, "%s", ptsname(pty.fd));
    pty.keep = open(pty.path, O_RDWR | O_NOCTTY);
    assert_true(pty.keep >= 0);
    pty.context = modbus_new_rtu(pty.path, 115200, 'N', 8, 1); /* never opened: the end is given */
    assert_non_null(pty.context);
    assert_int_equal(modbus_set_slave(pty.context, 1), 0);
    (void)modbus_set_socket(pty.context, pty.fd);
    assert_int_equal(pthread_create(&pty.thread, NULL, pty_main, NULL), 0);
    config.host = NULL;
    config.device = pty.path;
    config.baud = 115200;
    config.data_bits = 8;
    config.stop_bits = 1;
}

static void pty_stop(void)
{
    atomic_store(&slave.stop, true);
    (void)pthread_join(pty.thread, NULL);
    modbus_free(pty.context);
    (void)close(pty.keep);
    (void)close(pty.fd);
}

/* --- the line --- */

static bool is_read(unsigned occupied)
{
    for (unsigned point = 0; point < POINTS; point++) {
        if (value_of("line/a", (uint16_t)(point + 1)) !=
            (occupied >> point & 1 ? VALUE_OCCUPIED : VALUE_FREE)) {
            return false;
        }
    }
    return true;
}

static void occupy(unsigned occupied)
{
    for (unsigned point = 0; point < POINTS; point++) {
        slave_set(16 + 16 * point, occupied >> point & 1);
    }
}

/* Runs the line, and some rounds of values that are never the neighbour's. */
static void assert_each_point_has_its_own(void)
{
    maps[0].gap = 0; /* a request a point */
    occupy(0x5);
    run(1);
    WAIT_FOR(is_read(0x5), 10000);
    for (unsigned i = 0; i < ROUNDS; i++) {
        const unsigned occupied = i % 2 == 0 ? 0xa : 0x5;
        uint32_t heard;

        occupy(occupied);
        WAIT_FOR(is_read(occupied), 3000);
        heard = fixture_heard(f);
        WAIT_FOR(fixture_heard(f) >= heard + 2 * POINTS, 3000); /* and stays so */
        assert_true(is_read(occupied));
    }
    assert_true(count_get(&f->counters, COUNT_MODBUS_STRAY) >= ROUNDS * POINTS);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_BREAKER), 0);
}

static void over_tcp(enum trick trick)
{
    slave.trick[1] = trick;
    assert_each_point_has_its_own();
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_CONNECTS), 1);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_GARBAGE), 0);
}

static void over_tcp_at_once(void **state)
{
    (void)state;
    over_tcp(TRICK_TWICE);
}

static void over_tcp_behind_the_next_request(void **state)
{
    (void)state;
    over_tcp(TRICK_BEHIND);
}

static void on_a_serial_line(int copy_ms)
{
    pty_start(copy_ms);
    assert_each_point_has_its_own();
    halt_raise(&halt);
    line_join(line);
    line = NULL;
    pty_stop();
}

static void on_a_serial_line_at_once(void **state)
{
    (void)state;
    on_a_serial_line(0);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_GARBAGE), 0);
}

/* Later than the silence between two frames: the first copies are met by surprise, then the line is
 * listened to. */
static void on_a_serial_line_a_little_later(void **state)
{
    (void)state;
    on_a_serial_line(8);
}

/* Only whole frames that answer one of the requests before are strays; transactions go round. */
static void strays_are_told_by_their_transaction(void **state)
{
    static const uint8_t frame[] = {0xff, 0xfe, 0, 0, 0, 5, 1, 3, 2, 0, 1};
    static const uint8_t other[] = {0xff, 0xfe, 0, 1, 0, 5, 1, 3, 2, 0, 1}; /* no Modbus */
    static const uint8_t empty[] = {0xff, 0xfe, 0, 0, 0, 0, 1, 3, 2, 0, 1};

    (void)state;
    assert_int_equal(reply_stray_len(frame, sizeof frame, 0xffff, 1), sizeof frame);
    assert_int_equal(reply_stray_len(frame, sizeof frame, 1, 3), sizeof frame);
    assert_int_equal(reply_stray_len(frame, sizeof frame, 1, 2), 0); /* before this connection */
    assert_int_equal(reply_stray_len(frame, sizeof frame, 0xfffe, 9), 0); /* the answer */
    assert_int_equal(reply_stray_len(frame, sizeof frame, 0xfffd, 9), 0); /* still to come */
    assert_int_equal(reply_stray_len(frame, sizeof frame - 1, 0xffff, 1), 0);
    assert_int_equal(reply_stray_len(other, sizeof other, 0xffff, 1), 0);
    assert_int_equal(reply_stray_len(empty, sizeof empty, 0xffff, 1), 0);
}

/* Before a write that is not repeated: copies are no reason against a connection, others are. */
static void copies_are_read_away_before_a_write(void **state)
{
    static const uint8_t copy[] = {0, 6, 0, 0, 0, 5, 1, 3, 2, 0, 1};
    uint16_t number = 0;
    const int listener = loopback_listen(&number);
    struct port port;
    int fd;

    (void)state;
    config.port = number;
    port_init(&port, &config, &halt);
    assert_true(port_open(&port));
    fd = accept(listener, NULL, NULL);
    assert_int_equal(port_look(&port), PORT_OK);
    port.transaction = 7; /* requests 5 to 7 were sent on this connection */
    port.asked = 3;
    assert_int_equal(send(fd, copy, sizeof copy, 0), sizeof copy);
    assert_true(readable(modbus_get_socket(port.context)));
    assert_int_equal(port_look(&port), PORT_OK);
    assert_int_equal(port_strays_take(&port), 1);
    assert_int_equal(send(fd, copy + 1, sizeof copy - 1, 0), sizeof copy - 1);
    assert_true(readable(modbus_get_socket(port.context)));
    assert_int_equal(port_look(&port), PORT_STRAY);
    port_close(&port);
    (void)close(fd);
    assert_true(port_open(&port));
    (void)close(accept(listener, NULL, NULL));
    assert_true(readable(modbus_get_socket(port.context)));
    assert_int_equal(port_look(&port), PORT_IO);
    port_close(&port);
    (void)close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strays_are_told_by_their_transaction),
        EACH(copies_are_read_away_before_a_write),
        EACH(over_tcp_at_once),
        EACH(over_tcp_behind_the_next_request),
        EACH(on_a_serial_line_at_once),
        EACH(on_a_serial_line_a_little_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
