#ifndef TESTS_UNIT_SLAVES_FIXTURE_H
#define TESTS_UNIT_SLAVES_FIXTURE_H

#include "sensors/sim/modbus/slaves.h"
#include "tests/unit/loopback.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The simulator's slaves on a thread of their own: units 1-255 of one line, each with registers
 * that a test sets, a conduct, and a log of what it was asked. */

#define SLAVES_REGISTERS 256
#define SLAVES_LOG_MAX   65536

struct slaves_entry {
    uint8_t unit;
    bool write;
    uint16_t address, value; /* of a write */
    int64_t at_ms;
};

struct slaves_unit {
    struct slaves_fixture *of;
    uint8_t unit;
    bool exists, bits;
    struct slave_conduct conduct;
    uint32_t asked; /* requests */
    uint16_t registers[SLAVES_REGISTERS];
};

struct slaves_fixture {
    struct slaves *slaves;
    pthread_t thread;
    pthread_mutex_t lock; /* guards units and log */
    struct slaves_unit units[256];
    struct slaves_entry log[SLAVES_LOG_MAX];
    uint32_t logged;
    atomic_bool stop;
    uint16_t port;
    char tty[96];
};

static inline int64_t slaves_clock_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline uint16_t slaves_value(void *ctx, uint16_t address)
{
    const struct slaves_unit *unit = ctx;

    return address < SLAVES_REGISTERS ? unit->registers[address] : 0;
}

static inline void slaves_wrote(void *ctx, uint16_t address, uint16_t value)
{
    struct slaves_unit *unit = ctx;
    struct slaves_entry *last = &unit->of->log[unit->of->logged - 1];

    *last = (struct slaves_entry){unit->unit, true, address, value, last->at_ms};
}

/* Under the lock: slaves_turn is called with it. */
static inline bool slaves_find(void *ctx, uint32_t line, uint8_t unit, struct slave *slave,
                               struct slave_conduct *conduct)
{
    struct slaves_fixture *s = ctx;
    struct slaves_unit *u = &s->units[unit];

    (void)line;
    u->asked++;
    if (s->logged < SLAVES_LOG_MAX) {
        s->log[s->logged++] = (struct slaves_entry){.unit = unit, .at_ms = slaves_clock_ms()};
    }
    if (!u->exists) {
        return false;
    }
    *slave = (struct slave){.table = u->bits ? SLAVE_BITS : SLAVE_REGISTERS,
                            .addresses = SLAVES_REGISTERS,
                            .value = slaves_value,
                            .wrote = slaves_wrote,
                            .ctx = u};
    *conduct = u->conduct;
    return true;
}

static inline void *slaves_serve(void *arg)
{
    struct slaves_fixture *s = arg;
    int wait_ms = 10;

    while (!atomic_load(&s->stop)) {
        struct pollfd fd = {.fd = slaves_fd(s->slaves), .events = POLLIN};

        (void)poll(&fd, 1, wait_ms < 0 || wait_ms > 10 ? 10 : wait_ms);
        (void)pthread_mutex_lock(&s->lock);
        wait_ms = slaves_turn(s->slaves, slaves_clock_ms());
        (void)pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

/* tty NULL: TCP on s->port. */
static inline void slaves_start(struct slaves_fixture *s, const char *tty)
{
    s->slaves = slaves_create(slaves_find, s);
    assert_non_null(s->slaves);
    if (tty == NULL) {
        s->port = s->port == 0 ? loopback_port_reserve() : s->port;
        assert_int_equal(slaves_listen(s->slaves, 0, s->port), ERR_OK);
    } else {
        assert_int_equal(slaves_open_serial(s->slaves, 0, tty), ERR_OK);
    }
    atomic_store(&s->stop, false);
    assert_int_equal(pthread_create(&s->thread, NULL, slaves_serve, s), 0);
}

/* Every socket and terminal is closed: the cable is pulled. */
static inline void slaves_end(struct slaves_fixture *s)
{
    atomic_store(&s->stop, true);
    (void)pthread_join(s->thread, NULL);
    slaves_destroy(s->slaves);
    s->slaves = NULL;
}

static inline struct slaves_fixture *slaves_fixture_create(void)
{
    struct slaves_fixture *s = calloc(1, sizeof *s);

    assert_non_null(s);
    (void)pthread_mutex_init(&s->lock, NULL);
    for (unsigned i = 0; i < 256; i++) {
        s->units[i].of = s;
        s->units[i].unit = (uint8_t)i;
    }
    return s;
}

static inline void slaves_fixture_destroy(struct slaves_fixture *s)
{
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

static inline void slaves_put(struct slaves_fixture *s, uint8_t unit, uint16_t address,
                              uint16_t value)
{
    (void)pthread_mutex_lock(&s->lock);
    s->units[unit].exists = true;
    s->units[unit].registers[address] = value;
    (void)pthread_mutex_unlock(&s->lock);
}

static inline void slaves_conduct(struct slaves_fixture *s, uint8_t unit,
                                  struct slave_conduct conduct)
{
    (void)pthread_mutex_lock(&s->lock);
    s->units[unit].conduct = conduct;
    (void)pthread_mutex_unlock(&s->lock);
}

static inline uint32_t slaves_asked(struct slaves_fixture *s, uint8_t unit)
{
    uint32_t asked;

    (void)pthread_mutex_lock(&s->lock);
    asked = s->units[unit].asked;
    (void)pthread_mutex_unlock(&s->lock);
    return asked;
}

static inline uint32_t slaves_writes(struct slaves_fixture *s)
{
    uint32_t n = 0;

    (void)pthread_mutex_lock(&s->lock);
    for (uint32_t i = 0; i < s->logged; i++) {
        n += s->log[i].write;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

#endif
