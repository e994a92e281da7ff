#ifndef TESTS_UNIT_LINE_SCENE_H
#define TESTS_UNIT_LINE_SCENE_H

/* A line of three units against a real libmodbus slave in a thread that can play tricks. Included
 * by one source a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensors/modbus/line.h"
#include "tests/unit/field_fixture.h"
#include "tests/unit/loopback.h"
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#define REGISTERS 2048
#define DEAD_UNIT 9

/* What the slave does to a unit's requests. */
enum trick {
    TRICK_NONE,
    TRICK_SILENT,
    TRICK_WRONG_UNIT,
    TRICK_DRIP,
    TRICK_GLUE,
    TRICK_NOISE, /* bytes behind the answer that are none to anything */
    TRICK_OFFLINE,
    TRICK_BUSY,
    TRICK_TWICE, /* a second copy at once */
    TRICK_BEHIND /* a second copy when the next request is there, in front of its answer */
};

struct slave {
    pthread_t thread;
    int listener;
    uint16_t port;
    modbus_t *context;
    modbus_mapping_t *mapping;
    pthread_mutex_t lock;
    enum trick trick[256]; /* by unit; guarded by lock, as the mapping */
    bool shuts;            /* closes the connection after each answer */
    uint32_t hole;         /* reads that touch this address get exception 2; 0 = none */
    uint32_t requests[256];
    uint8_t behind[MODBUS_TCP_MAX_ADU_LENGTH]; /* the request whose second copy is owed */
    int behind_len;
    _Atomic bool stop;
};

static struct fixture *f;
static struct slave slave;
static struct field_health health;
static struct halt halt;
static struct line *line;
static struct unit_config units[3];
static struct line_config config;
static struct register_map maps[3];
static char name_line[] = "line";
static char name_a[] = "a";
static char name_b[] = "b";
static char name_dead[] = "dead";
static char map_state[] = "state";
static char map_bits[] = "bits";
static char map_raw[] = "raw";
static char loopback[] = "127.0.0.1";

static const struct device_row rows[] = {
    {"line/a",    "line", "map", 1, 4},
    {"line/b",    "line", "map", 1, 3}, /* the 4th point is not bound */
    {"line/dead", "line", "map", 1, 4},
};

static inline bool hole_touched(const uint8_t *query)
{
    uint32_t address = (uint32_t)query[8] << 8 | query[9];
    uint32_t count = (uint32_t)query[10] << 8 | query[11];

    return slave.hole != 0 && slave.hole >= address && slave.hole < address + count;
}

/* A reply of one register to (transaction, unit), in pieces. */
static inline void reply_raw(int fd, const uint8_t *query, uint8_t unit, enum trick trick)
{
    uint8_t adu[2 * MODBUS_TCP_MAX_ADU_LENGTH];
    uint32_t count = (uint32_t)query[10] << 8 | query[11];
    size_t len = 9 + 2 * count;

    memset(adu, 0, sizeof adu);
    memcpy(adu, query, 4);
    adu[5] = (uint8_t)(len - 6);
    adu[6] = unit;
    adu[7] = query[7];
    adu[8] = (uint8_t)(2 * count);
    if (trick == TRICK_GLUE) {
        memcpy(adu + len, adu, len);
        (void)send(fd, adu, 2 * len, MSG_NOSIGNAL);
        return;
    }
    if (trick != TRICK_DRIP) {
        (void)send(fd, adu, trick == TRICK_NOISE ? len + 3 : len, MSG_NOSIGNAL);
        return;
    }
    for (size_t i = 0; i < len && !atomic_load(&slave.stop); i++) {
        (void)send(fd, adu + i, 1, MSG_NOSIGNAL);
        pause_ms(20);
    }
}

/* With the lock held. */
static inline void reply_twice(const uint8_t *query, int len, enum trick trick)
{
    if (trick == TRICK_BEHIND && slave.behind_len > 0) {
        (void)modbus_reply(slave.context, slave.behind, slave.behind_len, slave.mapping);
    }
    (void)modbus_reply(slave.context, query, len, slave.mapping);
    if (trick == TRICK_TWICE) {
        (void)modbus_reply(slave.context, query, len, slave.mapping);
    }
    memcpy(slave.behind, query, (size_t)len);
    slave.behind_len = len;
}

static inline void query_answer(int fd, const uint8_t *query, int len)
{
    enum trick trick;
    bool hole;

    pthread_mutex_lock(&slave.lock);
    trick = slave.trick[query[6]];
    slave.requests[query[6]]++;
    hole = hole_touched(query);
    if (trick == TRICK_NONE && !hole) {
        (void)modbus_reply(slave.context, query, len, slave.mapping);
    } else if (trick == TRICK_TWICE || trick == TRICK_BEHIND) {
        reply_twice(query, len, trick);
    }
    pthread_mutex_unlock(&slave.lock);
    if (hole) {
        (void)modbus_reply_exception(slave.context, query, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS);
        return;
    }
    switch (trick) {
    case TRICK_NONE:
    case TRICK_TWICE:
    case TRICK_BEHIND:
    case TRICK_SILENT: break;
    case TRICK_OFFLINE:
        (void)modbus_reply_exception(slave.context, query, MODBUS_EXCEPTION_GATEWAY_TARGET);
        break;
    case TRICK_BUSY:
        (void)modbus_reply_exception(slave.context, query, MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY);
        break;
    case TRICK_WRONG_UNIT: reply_raw(fd, query, (uint8_t)(query[6] + 1), trick); break;
    case TRICK_DRIP:
    case TRICK_NOISE:
    case TRICK_GLUE: reply_raw(fd, query, query[6], trick); break;
    }
}

static inline bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 20) > 0;
}

static inline void *slave_main(void *ctx)
{
    int fd = -1;

    (void)ctx;
    while (!atomic_load(&slave.stop)) {
        struct pollfd either[2] = {
            {.fd = slave.listener, .events = POLLIN},
            {.fd = fd,             .events = POLLIN}
        }; /* -1 is passed over */
        uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
        int len;

        if (poll(either, 2, 20) <= 0) {
            continue;
        }
        if (either[0].revents != 0) {
            if (fd >= 0) {
                (void)close(fd);
            }
            fd = accept(slave.listener, NULL, NULL);
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
            slave.behind_len = 0;
            (void)modbus_set_socket(slave.context, fd);
        }
        if (fd < 0 || !readable(fd)) {
            continue;
        }
        len = modbus_receive(slave.context, query);
        if (len > 0) {
            query_answer(fd, query, len);
        }
        if (len < 0 || slave.shuts) {
            (void)close(fd);
            fd = -1;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)close(slave.listener);
    return NULL;
}

static inline void slave_start(void)
{
    slave.listener = loopback_listen(&slave.port);
    atomic_store(&slave.stop, false);
    assert_int_equal(pthread_create(&slave.thread, NULL, slave_main, NULL), 0);
}

static inline void slave_stop(void)
{
    atomic_store(&slave.stop, true);
    (void)pthread_join(slave.thread, NULL);
}

static inline void slave_set(uint32_t address, uint16_t value)
{
    pthread_mutex_lock(&slave.lock);
    slave.mapping->tab_registers[address] = value;
    slave.mapping->tab_input_bits[address] = value != 0;
    pthread_mutex_unlock(&slave.lock);
}

static inline uint32_t slave_requests(uint8_t unit)
{
    uint32_t n;

    pthread_mutex_lock(&slave.lock);
    n = slave.requests[unit];
    pthread_mutex_unlock(&slave.lock);
    return n;
}

/* A DX80's four points (values at 16, 32, 48, 64, status 7 above), single bits, raw magnetometers.
 */
static const struct register_map shipped_maps[3] = {
    {.name = map_state,
     .function = 3,
     .base = 1,
     .first = 17,
     .stride = 16,
     .channels = 4,
     .first_channel = 1,
     .mask = 0xffff,
     .occupied_value = -1,
     .empty_value = 0xffff,
     .status_offset = 7,
     .status_fault_mask = 1,
     .status_link_code = 0x35,
     .gap = 8,
     .max_read = 125},
    {.name = map_bits,
     .function = 2,
     .first = 0,
     .stride = 1,
     .channels = 4,
     .first_channel = 1,
     .mask = 1,
     .occupied_value = 1,
     .empty_value = -1,
     .status_offset = -1,
     .max_read = 2000},
    {.name = map_raw,
     .function = 3,
     .first = 100,
     .stride = 1,
     .channels = 4,
     .first_channel = 1,
     .mask = 0xffff,
     .occupied_value = -1,
     .threshold = 300,
     .hysteresis = 40,
     .empty_value = 0xffff,
     .status_offset = -1,
     .gap = 8,
     .max_read = 125},
};

static inline int set_up(void **state)
{
    (void)state;
    f = fixture_create(rows, ARRAY_LEN(rows));
    memset(&slave, 0, sizeof slave);
    memset(&health, 0, sizeof health);
    health.status = &f->status;
    slave.context = modbus_new_tcp("127.0.0.1", 0);
    slave.mapping = modbus_mapping_new(REGISTERS, REGISTERS, REGISTERS, REGISTERS);
    pthread_mutex_init(&slave.lock, NULL);
    assert_true(halt_init(&halt));
    slave_start();
    memcpy(maps, shipped_maps, sizeof maps);
    units[0] = (struct unit_config){.name = name_a, .unit = 1, .map = map_state, .period_ms = 20};
    units[1] = (struct unit_config){.name = name_b, .unit = 2, .map = map_bits, .period_ms = 20};
    units[2] =
        (struct unit_config){.name = name_dead, .unit = DEAD_UNIT, .map = map_raw, .period_ms = 20};
    config = (struct line_config){.name = name_line,
                                  .host = loopback,
                                  .port = slave.port,
                                  .response_timeout_ms = 150,
                                  .units = units,
                                  .unit_count = 1};
    f->config.maps = maps;
    f->config.map_count = 3;
    f->config.lines = &config;
    f->config.line_count = 1;
    return 0;
}

static inline void run(uint32_t unit_count)
{
    struct line_params params = {
        .config = &config, .ports = &f->params, .health = &health, .halt = &halt};

    config.unit_count = unit_count;
    params.status_index = status_add_link(&f->status, "modbus", config.name);
    assert_int_equal(params.status_index, 0);
    line = line_start(&params);
    assert_non_null(line);
}

static inline int tear_down(void **state)
{
    (void)state;
    halt_raise(&halt);
    line_join(line);
    line = NULL;
    slave_stop();
    halt_finish(&halt);
    modbus_mapping_free(slave.mapping);
    modbus_set_socket(slave.context, -1);
    modbus_free(slave.context);
    fixture_destroy(f);
    return 0;
}

/* Newest value of a unit's channel, -1 = none. */
static inline int value_of(const char *device, uint16_t channel)
{
    int value = -1;

    pthread_mutex_lock(&f->lock);
    for (uint32_t i = 0; i < f->heard_count; i++) {
        const struct reading *r = &f->heard[i];

        if (r->channel == channel && r->device_len == strlen(device) &&
            memcmp(r->device, device, r->device_len) == 0) {
            value = r->value;
        }
    }
    pthread_mutex_unlock(&f->lock);
    return value;
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
