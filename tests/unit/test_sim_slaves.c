/* The simulated Modbus slaves as a real master sees them: libmodbus reads them over TCP and over
 * the pseudo terminal, and meets each scripted misbehaviour. */
#include "sensors/sim/modbus/slaves.h"
#include "tests/unit/loopback.h"

#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define UNIT_BITS      1
#define UNIT_REGISTERS 2

struct field {
    struct slaves *slaves;
    pthread_t thread;
    pthread_mutex_t lock; /* guards conduct */
    struct slave_conduct conduct;
    atomic_bool stop;
    uint16_t port;
    char folder[64];
    char tty[96];
};

static int64_t clock_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint16_t bit_value(void *ctx, uint16_t address)
{
    (void)ctx;
    return address % 3 == 0;
}

static uint16_t register_value(void *ctx, uint16_t address)
{
    (void)ctx;
    return (uint16_t)(address * 7 + 0x0102);
}

static bool find(void *ctx, uint32_t line, uint8_t unit, struct slave *slave,
                 struct slave_conduct *conduct)
{
    struct field *f = ctx;

    (void)line;
    if (unit != UNIT_BITS && unit != UNIT_REGISTERS) {
        return false;
    }
    *slave = (struct slave){.table = unit == UNIT_BITS ? SLAVE_BITS : SLAVE_REGISTERS,
                            .addresses = 500,
                            .value = unit == UNIT_BITS ? bit_value : register_value};
    (void)pthread_mutex_lock(&f->lock);
    *conduct = f->conduct;
    (void)pthread_mutex_unlock(&f->lock);
    return true;
}

static void conduct_set(struct field *f, struct slave_conduct conduct)
{
    (void)pthread_mutex_lock(&f->lock);
    f->conduct = conduct;
    (void)pthread_mutex_unlock(&f->lock);
}

static void *serve(void *arg)
{
    struct field *f = arg;
    int wait_ms = 10;

    while (!atomic_load(&f->stop)) {
        struct pollfd fd = {.fd = slaves_fd(f->slaves), .events = POLLIN};

        (void)poll(&fd, 1, wait_ms < 0 || wait_ms > 10 ? 10 : wait_ms);
        wait_ms = slaves_turn(f->slaves, clock_ms());
    }
    return NULL;
}

static int start(void **state)
{
    struct field *f = calloc(1, sizeof *f);

    assert_non_null(f);
    (void)pthread_mutex_init(&f->lock, NULL);
    f->slaves = slaves_create(find, f);
    assert_non_null(f->slaves);
    f->port = loopback_port_reserve();
    assert_int_equal(slaves_listen(f->slaves, 0, f->port), ERR_OK);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/bowei-test-sim-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->tty, sizeof f->tty, "%s/tty0", f->folder);
    assert_int_equal(slaves_open_serial(f->slaves, 1, f->tty), ERR_OK);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct field *f = *state;

    atomic_store(&f->stop, true);
    (void)pthread_join(f->thread, NULL);
    slaves_destroy(f->slaves);
    (void)unlink(f->tty);
    (void)rmdir(f->folder);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
    return 0;
}

static modbus_t *master(const struct field *f, bool serial)
{
    modbus_t *m =
        serial ? modbus_new_rtu(f->tty, 115200, 'N', 8, 1) : modbus_new_tcp("127.0.0.1", f->port);

    assert_non_null(m);
    (void)modbus_set_response_timeout(m, 0, 300000);
    (void)modbus_set_byte_timeout(m, 0, 0);
    assert_int_equal(modbus_connect(m), 0);
    (void)modbus_flush(m); /* what an earlier master left on the serial line */
    return m;
}

static void read_all(modbus_t *m)
{
    uint8_t bits[500];
    uint16_t words[125];

    assert_int_equal(modbus_set_slave(m, UNIT_BITS), 0);
    assert_int_equal(modbus_read_input_bits(m, 0, 500, bits), 500);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(bits[i], i % 3 == 0);
    }
    assert_int_equal(modbus_read_bits(m, 7, 3, bits), 3);
    assert_int_equal(bits[2], 1);
    assert_int_equal(modbus_set_slave(m, UNIT_REGISTERS), 0);
    assert_int_equal(modbus_read_registers(m, 375, 125, words), 125);
    for (int i = 0; i < 125; i++) {
        assert_int_equal(words[i], (uint16_t)((375 + i) * 7 + 0x0102));
    }
    assert_int_equal(modbus_write_register(m, 13, 1), 1);
    assert_int_equal(modbus_read_registers(m, 376, 125, words), -1);
    assert_int_equal(errno, EMBXILADD);
    assert_int_equal(modbus_read_input_bits(m, 0, 1, bits), -1);
    assert_int_equal(errno, EMBXILFUN);
}

static void a_master_reads_over_tcp_and_serial(void **state)
{
    for (int serial = 0; serial < 2; serial++) {
        modbus_t *m = master(*state, serial != 0);

        read_all(m);
        modbus_close(m);
        modbus_free(m);
    }
}

static void a_bridge_answers_for_units_that_are_not_there(void **state)
{
    modbus_t *m = master(*state, false);
    uint16_t word;

    assert_int_equal(modbus_set_slave(m, 9), 0);
    assert_int_equal(modbus_read_registers(m, 0, 1, &word), -1);
    assert_int_equal(errno, EMBXGTAR);
    modbus_close(m);
    modbus_free(m);
}

static void misbehaviour_is_seen_and_ends(void **state)
{
    static const struct {
        struct slave_conduct conduct;
        int error;   /* 0 = any failure */
        bool serial; /* over TCP libmodbus goes by the transaction number, not by the unit */
    } cases[] = {
        {{.silent = true},     ETIMEDOUT,  false},
        {{.late_ms = 600},     ETIMEDOUT,  false},
        {{.drip_ms = 100},     ETIMEDOUT,  false},
        {{.exception = 4},     EMBXSFAIL,  false},
        {{.cut = true},        ECONNRESET, false},
        {{.garbage = true},    0,          false},
        {{.wrong_unit = true}, 0,          true },
        {{.silent = true},     ETIMEDOUT,  true },
        {{.garbage = true},    0,          true },
    };
    struct field *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        modbus_t *m = master(f, cases[i].serial);
        uint16_t words[2];

        (void)modbus_set_slave(m, UNIT_REGISTERS);
        assert_int_equal(modbus_read_registers(m, 0, 2, words), 2);
        conduct_set(f, cases[i].conduct);
        errno = 0;
        assert_int_equal(modbus_read_registers(m, 0, 2, words), -1);
        if (cases[i].error != 0) {
            assert_int_equal(errno, cases[i].error);
        }
        modbus_close(m);
        modbus_free(m);
        conduct_set(f, (struct slave_conduct){0});
        m = master(f, cases[i].serial);
        (void)modbus_set_slave(m, UNIT_REGISTERS);
        assert_int_equal(modbus_read_registers(m, 0, 2, words), 2);
        modbus_close(m);
        modbus_free(m);
    }
}

static void replies_follow_the_protocol(void **state)
{
    const struct slave slave = {.table = SLAVE_REGISTERS, .addresses = 20, .value = register_value};
    static const uint8_t too_many[] = {3, 0, 0, 0, 126};
    static const uint8_t none[] = {3, 0, 0, 0, 0};
    static const uint8_t cut_short[] = {3, 0, 0, 0};
    static const uint8_t behind[] = {3, 0, 19, 0, 2};
    /* Banner's own example: 01 06 00 1C 0B 4D, register 13 of node 1; CRC by the reference code of
     * the standard */
    static const uint8_t frame[] = {0x01, 0x06, 0x00, 0x1c, 0x0b, 0x4d};
    uint8_t out[SLAVE_PDU_MAX];

    (void)state;
    assert_int_equal(slave_reply(&slave, too_many, sizeof too_many, out), 2);
    assert_int_equal(out[1], 3);
    assert_int_equal(slave_reply(&slave, none, sizeof none, out), 2);
    assert_int_equal(out[1], 3);
    assert_int_equal(slave_reply(&slave, cut_short, sizeof cut_short, out), 2);
    assert_int_equal(out[1], 3);
    assert_int_equal(slave_reply(&slave, behind, sizeof behind, out), 2);
    assert_int_equal(out[0], 0x83);
    assert_int_equal(out[1], 2);
    assert_int_equal(slave_reply(&slave, behind, 0, out), 0);
    /* CRC of "123456789" by the catalogue of CRCs, CRC-16/MODBUS: 0x4b37 */
    assert_int_equal(slave_crc16((const uint8_t *)"123456789", 9), 0x4b37);
    assert_int_not_equal(slave_crc16(frame, sizeof frame), 0);
}

/* Baseline and control writes are taken over TCP and on the serial line; what makes no sense is
 * refused. */
static void writes_are_taken(void **state)
{
    struct field *f = *state;

    for (int serial = 0; serial <= 1; serial++) {
        modbus_t *m = master(f, serial != 0);
        const uint16_t words[3] = {1, 2, 3};

        assert_int_equal(modbus_set_slave(m, UNIT_REGISTERS), 0);
        assert_int_equal(modbus_write_register(m, 29, 1), 1);
        assert_int_equal(modbus_write_registers(m, 29, 3, words), 3);
        assert_int_equal(modbus_write_register(m, 500, 1), -1);
        assert_int_equal(errno, EMBXILADD);
        assert_int_equal(modbus_write_registers(m, 498, 3, words), -1);
        assert_int_equal(errno, EMBXILADD);
        assert_int_equal(modbus_write_bit(m, 3, 1), -1);
        assert_int_equal(errno, EMBXILFUN);
        assert_int_equal(modbus_set_slave(m, UNIT_BITS), 0);
        assert_int_equal(modbus_write_bit(m, 3, 1), 1);
        assert_int_equal(modbus_write_bit(m, 3, 0), 1);
        assert_int_equal(modbus_write_register(m, 3, 1), -1);
        assert_int_equal(errno, EMBXILFUN);
        modbus_close(m);
        modbus_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_are_taken, start, stop),
        cmocka_unit_test(a_master_reads_over_tcp_and_serial),
        cmocka_unit_test(a_bridge_answers_for_units_that_are_not_there),
        cmocka_unit_test(misbehaviour_is_seen_and_ends),
        cmocka_unit_test(replies_follow_the_protocol),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
