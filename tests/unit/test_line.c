/* A Modbus line against a real libmodbus slave in a thread: values, link loss, hysteresis of
 * failures, exceptions, a dead unit beside living ones, a wrong unit's reply, a slave that goes and
 * comes back. */
#include "sensors/modbus/line.h"
#include <arpa/inet.h>
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/field_fixture.h"

#define REGISTERS 2048
#define DEAD_UNIT 9

/* What the slave does to a unit's requests. */
enum trick {
    TRICK_NONE,
    TRICK_SILENT,
    TRICK_WRONG_UNIT,
    TRICK_DRIP,
    TRICK_GLUE,
    TRICK_OFFLINE,
    TRICK_BUSY
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

static int listener_open(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof address;
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static bool hole_touched(const uint8_t *query)
{
    uint32_t address = (uint32_t)query[8] << 8 | query[9];
    uint32_t count = (uint32_t)query[10] << 8 | query[11];

    return slave.hole != 0 && slave.hole >= address && slave.hole < address + count;
}

/* A reply of one register to (transaction, unit), in pieces. */
static void reply_raw(int fd, const uint8_t *query, uint8_t unit, enum trick trick)
{
    uint8_t adu[2 * 64];
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
        (void)send(fd, adu, len, MSG_NOSIGNAL);
        return;
    }
    for (size_t i = 0; i < len && !atomic_load(&slave.stop); i++) {
        (void)send(fd, adu + i, 1, MSG_NOSIGNAL);
        pause_ms(20);
    }
}

static void query_answer(int fd, const uint8_t *query, int len)
{
    enum trick trick;
    bool hole;

    pthread_mutex_lock(&slave.lock);
    trick = slave.trick[query[6]];
    slave.requests[query[6]]++;
    hole = hole_touched(query);
    if (trick == TRICK_NONE && !hole) {
        (void)modbus_reply(slave.context, query, len, slave.mapping);
    }
    pthread_mutex_unlock(&slave.lock);
    if (hole) {
        (void)modbus_reply_exception(slave.context, query, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS);
        return;
    }
    switch (trick) {
    case TRICK_NONE:
    case TRICK_SILENT: break;
    case TRICK_OFFLINE:
        (void)modbus_reply_exception(slave.context, query, MODBUS_EXCEPTION_GATEWAY_TARGET);
        break;
    case TRICK_BUSY:
        (void)modbus_reply_exception(slave.context, query, MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY);
        break;
    case TRICK_WRONG_UNIT: reply_raw(fd, query, (uint8_t)(query[6] + 1), trick); break;
    case TRICK_DRIP:
    case TRICK_GLUE: reply_raw(fd, query, query[6], trick); break;
    }
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 20) > 0;
}

static void *slave_main(void *ctx)
{
    int fd = -1;

    (void)ctx;
    while (!atomic_load(&slave.stop)) {
        uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
        int len;

        if (readable(slave.listener)) {
            if (fd >= 0) {
                (void)close(fd);
            }
            fd = accept(slave.listener, NULL, NULL);
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

static void slave_start(void)
{
    slave.listener = listener_open(&slave.port);
    atomic_store(&slave.stop, false);
    assert_int_equal(pthread_create(&slave.thread, NULL, slave_main, NULL), 0);
}

static void slave_stop(void)
{
    atomic_store(&slave.stop, true);
    (void)pthread_join(slave.thread, NULL);
}

static void slave_set(uint32_t address, uint16_t value)
{
    pthread_mutex_lock(&slave.lock);
    slave.mapping->tab_registers[address] = value;
    slave.mapping->tab_input_bits[address] = value != 0;
    pthread_mutex_unlock(&slave.lock);
}

static void slave_hole(uint32_t address)
{
    pthread_mutex_lock(&slave.lock);
    slave.hole = address;
    pthread_mutex_unlock(&slave.lock);
}

static void slave_trick(uint8_t unit, enum trick trick)
{
    pthread_mutex_lock(&slave.lock);
    slave.trick[unit] = trick;
    pthread_mutex_unlock(&slave.lock);
}

static uint32_t slave_requests(uint8_t unit)
{
    uint32_t n;

    pthread_mutex_lock(&slave.lock);
    n = slave.requests[unit];
    pthread_mutex_unlock(&slave.lock);
    return n;
}

static int set_up(void **state)
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
    /* four points: values at 16, 32, 48, 64, status 7 above, as on a DX80 */
    maps[0] = (struct register_map){.name = map_state,
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
                                    .max_read = 125};
    maps[1] = (struct register_map){.name = map_bits,
                                    .function = 2,
                                    .first = 0,
                                    .stride = 1,
                                    .channels = 4,
                                    .first_channel = 1,
                                    .mask = 1,
                                    .occupied_value = 1,
                                    .empty_value = -1,
                                    .status_offset = -1,
                                    .max_read = 2000};
    maps[2] = (struct register_map){.name = map_raw,
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
                                    .max_read = 125};
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

static void run(uint32_t unit_count)
{
    struct line_params params = {
        .config = &config, .ports = &f->params, .health = &health, .halt = &halt};

    config.unit_count = unit_count;
    params.status_index = status_add_link(&f->status, "modbus", config.name);
    assert_int_equal(params.status_index, 0);
    line = line_start(&params);
    assert_non_null(line);
}

static int tear_down(void **state)
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
static int value_of(const char *device, uint16_t channel)
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

static void values_follow_the_registers(void **state)
{
    struct reading first;

    (void)state;
    slave_set(16, 1);
    slave_set(39, 0x3501); /* node 2: link lost, value kept */
    slave_set(32, 1);
    slave_set(48, 0xffff);
    run(1);
    WAIT_FOR(fixture_heard(f) >= 8, 3000);
    assert_int_equal(value_of("line/a", 1), VALUE_OCCUPIED);
    assert_int_equal(value_of("line/a", 2), VALUE_LINK_LOST);
    assert_int_equal(value_of("line/a", 3), VALUE_FAULT);
    assert_int_equal(value_of("line/a", 4), VALUE_FREE);
    first = f->heard[0];
    assert_int_equal(first.type, TYPE_SAMPLE);
    assert_int_equal(first.has, 0);
    assert_int_equal(first.root, 1000);
    assert_false(first.unchanged);
    pthread_mutex_lock(&f->lock);
    assert_int_equal(f->heard_count, 4 * f->calls); /* one call a reply */
    pthread_mutex_unlock(&f->lock);
    WAIT_FOR(fixture_last(f).unchanged, 3000);
    slave_set(16, 0);
    WAIT_FOR(value_of("line/a", 1) == VALUE_FREE, 3000);
    WAIT_FOR(atomic_load(&f->status.link[0].polled) && atomic_load(&f->status.link[0].up), 3000);
    assert_false(status_is(&f->status, DEGRADED_MODBUS_DOWN));
}

/* How many readings of a channel came from `from` on until the first unchanged one; -1 = none yet.
 */
static int until_unchanged(uint32_t from, uint16_t channel, uint8_t value)
{
    int n = 0;
    int found = -1;

    pthread_mutex_lock(&f->lock);
    for (uint32_t i = from; i < f->heard_count && found < 0; i++) {
        const struct reading *r = &f->heard[i];

        if (r->channel == channel && r->value == value) {
            found = r->unchanged ? n : -1;
            n++;
        }
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}

/* The debounce counts three equal samples, so a replay must find three. */
static void the_samples_of_a_debounce_are_journalled(void **state)
{
    uint32_t from;

    (void)state;
    run(1);
    WAIT_FOR(until_unchanged(0, 1, VALUE_FREE) >= 0, 3000);
    assert_int_equal(until_unchanged(0, 1, VALUE_FREE), 3);
    from = fixture_heard(f);
    slave_set(16, 1);
    WAIT_FOR(until_unchanged(from, 1, VALUE_OCCUPIED) >= 0, 3000);
    assert_int_equal(until_unchanged(from, 1, VALUE_OCCUPIED), 3);
}

/* A sensor whose value stays is journalled again within its limit. */
static void a_steady_point_is_journalled_now_and_then(void **state)
{
    struct inventory *inv = fixture_inventory(rows, ARRAY_LEN(rows), 2);
    const struct inventory *former;
    uint32_t from;

    (void)state;
    for (uint32_t i = 0; i < inv->timing_count; i++) {
        inv->timings[i].limit_ms = 900;
    }
    former = inventory_publish(&f->board, inv);
    inventory_destroy(former);
    run(1);
    WAIT_FOR(fixture_heard(f) >= 4 && fixture_last(f).unchanged, 3000);
    from = fixture_heard(f);
    for (int n = 0; n < 3; n++) {
        WAIT_FOR(fixture_heard(f) > from && !fixture_last(f).unchanged, 3000);
        from = fixture_heard(f);
        WAIT_FOR(fixture_heard(f) > from && fixture_last(f).unchanged, 3000);
        from = fixture_heard(f);
    }
}

/* What the intake did not keep is offered again as changed. */
static void refused_readings_come_again(void **state)
{
    (void)state;
    fixture_answer(f, ERR_DISK_FULL);
    run(1);
    WAIT_FOR(f->calls >= 3, 3000);
    assert_int_equal(fixture_heard(f), 0);
    fixture_answer(f, ERR_OK);
    WAIT_FOR(fixture_heard(f) >= 4, 3000);
    assert_false(f->heard[0].unchanged);
    assert_false(f->heard[3].unchanged);
}

static void a_new_inventory_is_journalled_again(void **state)
{
    const struct inventory *former;

    (void)state;
    run(1);
    WAIT_FOR(fixture_heard(f) >= 16 && fixture_last(f).unchanged, 3000);
    former = inventory_publish(&f->board, fixture_inventory(rows, ARRAY_LEN(rows), 2));
    fixture_forget(f);
    WAIT_FOR(fixture_heard(f) >= 12, 3000);
    WAIT_FOR(!inventory_in_use(&f->board, former), 3000);
    inventory_destroy(former);
    for (uint32_t i = 0; i < 8; i++) {
        if (!f->heard[i].unchanged) {
            return;
        }
    }
    fail_msg("all unchanged");
}

static void unused_inputs_of_a_known_unit_are_no_unknown_devices(void **state)
{
    struct unknown_device list[4];

    (void)state;
    run(2);
    WAIT_FOR(slave_requests(2) > 10, 3000);
    assert_int_equal(unknown_devices_list(f->unknown, list, 4), 0);
    assert_int_equal(count_get(&f->counters, COUNT_DEVICES_UNKNOWN), 0);
    assert_int_equal(value_of("line/b", 4), -1);
    assert_int_equal(value_of("line/b", 1), VALUE_FREE);
}

/* Point 4 of b is bound to nothing and always on: that is one frame and not one a round, which
 * would push those of all other devices out. */
static void an_unused_input_is_one_frame(void **state)
{
    struct device_ledger *ledger = device_ledger_create(64);
    const uint32_t reader = inventory_reader(&f->board);
    const struct inventory *inv = inventory_get(&f->board, reader);
    struct device_figures figures;

    (void)state;
    assert_non_null(ledger);
    device_ledger_carry(ledger, NULL, inv);
    f->params.ledger = ledger;
    slave.mapping->tab_input_bits[3] = 1;
    run(2);
    WAIT_FOR(slave_requests(2) > 20, 3000);
    halt_raise(&halt);
    line_join(line);
    line = NULL;
    assert_true(device_ledger_figures(ledger, inv->version, 1, &figures));
    assert_int_equal(figures.frames, 4);
    inventory_put(&f->board, reader);
    inventory_reader_return(&f->board, reader);
    device_ledger_destroy(ledger);
    f->params.ledger = NULL;
}

static void a_dead_unit_says_nothing_and_costs_little(void **state)
{
    int64_t begin_ms;
    uint32_t requests;

    (void)state;
    slave_trick(DEAD_UNIT, TRICK_SILENT);
    run(3);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_BREAKER) == 1, 5000);
    begin_ms = host_boot_ms();
    requests = slave_requests(1);
    WAIT_FOR(slave_requests(1) >= requests + 50, 20000);
    /* 50 rounds of 20 ms: 1 s alone; if every round paid the dead unit's timeout it were more than
     * 8 s */
    assert_in_range(host_boot_ms() - begin_ms, 900, 6000);
    assert_int_equal(value_of("line/dead", 1), -1);
    assert_true(atomic_load(&f->status.link[0].up));
    slave_set(100, 500);
    slave_trick(DEAD_UNIT, TRICK_NONE);
    WAIT_FOR(value_of("line/dead", 1) == VALUE_OCCUPIED, 5000);
}

static void a_gateway_that_cannot_reach_the_unit_says_link_lost(void **state)
{
    (void)state;
    run(1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_FREE, 3000);
    slave_trick(1, TRICK_OFFLINE);
    WAIT_FOR(value_of("line/a", 4) == VALUE_LINK_LOST, 3000);
    WAIT_FOR(value_of("line/a", 1) == VALUE_LINK_LOST, 3000);
    slave_trick(1, TRICK_NONE);
    WAIT_FOR(value_of("line/a", 4) == VALUE_FREE, 5000);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_CONNECTS), 1);
}

static void busy_is_tried_again(void **state)
{
    (void)state;
    slave_trick(1, TRICK_BUSY);
    run(1);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_EXCEPTION) > 5, 3000);
    assert_int_equal(fixture_heard(f), 0);
    slave_trick(1, TRICK_NONE);
    WAIT_FOR(fixture_heard(f) >= 4, 3000);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_CONNECTS), 1);
}

/* Address 40 lies in a hole of the map; the device refuses reads over it. */
static void a_hole_is_found_once(void **state)
{
    uint64_t exceptions;

    (void)state;
    slave_set(64, 1);
    slave.hole = 42;
    run(1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_OCCUPIED && value_of("line/a", 1) == VALUE_FREE, 3000);
    exceptions = count_get(&f->counters, COUNT_MODBUS_EXCEPTION);
    assert_in_range(exceptions, 1, 3);
    fixture_forget(f);
    WAIT_FOR(fixture_heard(f) >= 20, 3000);
    assert_int_equal(count_get(&f->counters, COUNT_MODBUS_EXCEPTION), exceptions);
}

/* Node 2's own value register is refused for good: it is asked seldom, the others go on. */
static void a_refused_point_is_left_alone(void **state)
{
    (void)state;
    slave.hole = 32;
    run(1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_FREE, 3000);
    fixture_forget(f);
    WAIT_FOR(fixture_heard(f) >= 20, 3000);
    assert_int_equal(value_of("line/a", 2), -1);
    assert_in_range(count_get(&f->counters, COUNT_MODBUS_EXCEPTION), 1, 4);
}

/* A device that starts anew has no addresses for a while. */
static void a_unit_that_starts_anew_is_read_as_before(void **state)
{
    uint64_t polls;

    (void)state;
    run(1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_FREE, 3000);
    slave_hole(40);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_EXCEPTION) >= 10, 3000);
    slave_hole(0);
    slave_set(64, 1);
    WAIT_FOR(value_of("line/a", 4) == VALUE_OCCUPIED, 3000);
    fixture_forget(f);
    polls = count_get(&f->counters, COUNT_MODBUS_POLLS);
    WAIT_FOR(fixture_heard(f) >= 40, 3000);
    assert_in_range(count_get(&f->counters, COUNT_MODBUS_POLLS) - polls, 9, 14); /* one a round */
}

static void foreign_and_glued_replies_are_dropped(void **state)
{
    (void)state;
    units[0].map = map_raw;
    slave_set(100, 900);
    slave_trick(1, TRICK_WRONG_UNIT);
    run(1);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_GARBAGE) >= 2, 5000);
    assert_int_equal(fixture_heard(f), 0);
    slave_trick(1, TRICK_NONE);
    WAIT_FOR(value_of("line/a", 1) == VALUE_OCCUPIED, 5000);
    slave_trick(1, TRICK_GLUE); /* the second copy must not answer the next request */
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_GARBAGE) >= 4, 5000);
}

/* 17 bytes at 20 ms each would take 340 ms: the deadline is 150 ms for the whole reply. */
static void a_dripping_device_is_cut_off(void **state)
{
    (void)state;
    units[0].map = map_raw;
    slave_trick(1, TRICK_DRIP);
    run(1);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_TIMEOUT) >= 1, 3000);
    assert_int_equal(fixture_heard(f), 0);
}

/* Bridges that close what is idle, or each connection after one answer: every request of a round is
 * answered all the same. */
static void a_bridge_that_shuts_is_asked_anew(void **state)
{
    (void)state;
    slave.shuts = true;
    maps[0].gap = 0; /* a request a point */
    for (uint32_t point = 0; point < 4; point++) {
        slave_set(16 + 16 * point, point % 2 == 0);
    }
    run(2);
    for (int point = 0; point < 4; point++) {
        WAIT_FOR(value_of("line/a", (uint16_t)(point + 1)) ==
                     (point % 2 == 0 ? VALUE_OCCUPIED : VALUE_FREE),
                 5000);
    }
    WAIT_FOR(value_of("line/b", 1) != -1, 5000);
    WAIT_FOR(atomic_load(&f->status.link[0].up), 5000);
}

static void a_slave_that_went_comes_back(void **state)
{
    (void)state;
    run(1);
    WAIT_FOR(fixture_heard(f) >= 8, 3000);
    slave_stop();
    WAIT_FOR(!atomic_load(&f->status.link[0].up), 5000);
    assert_true(status_is(&f->status, DEGRADED_MODBUS_DOWN));
    fixture_forget(f);
    slave_start();
    WAIT_FOR(fixture_heard(f) >= 4, 8000);
    assert_false(f->heard[0].unchanged); /* first of a new connection */
    WAIT_FOR(!status_is(&f->status, DEGRADED_MODBUS_DOWN), 3000);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(values_follow_the_registers),
        EACH(the_samples_of_a_debounce_are_journalled),
        EACH(a_steady_point_is_journalled_now_and_then),
        EACH(refused_readings_come_again),
        EACH(a_new_inventory_is_journalled_again),
        EACH(unused_inputs_of_a_known_unit_are_no_unknown_devices),
        EACH(an_unused_input_is_one_frame),
        EACH(a_dead_unit_says_nothing_and_costs_little),
        EACH(a_gateway_that_cannot_reach_the_unit_says_link_lost),
        EACH(busy_is_tried_again),
        EACH(a_hole_is_found_once),
        EACH(a_refused_point_is_left_alone),
        EACH(a_unit_that_starts_anew_is_read_as_before),
        EACH(foreign_and_glued_replies_are_dropped),
        EACH(a_dripping_device_is_cut_off),
        EACH(a_bridge_that_shuts_is_asked_anew),
        EACH(a_slave_that_went_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
