/* The field's front door: timing of Modbus units and models, start and stop, the serial line over a
 * pseudo terminal. */
#define _XOPEN_SOURCE 700 /* pseudo terminals */
#include "bowei/field.h"
#include "sensors/modbus/port.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/field_fixture.h"

static char line_name[] = "line";
static char unit_name[] = "a";
static char map_name[] = "bits";
static char loopback[] = "127.0.0.1";
static const struct device_row rows[] = {
    {"line/a", "line", "bits", 1, 1}
};

static void timing_is_the_units_or_the_models(void **state)
{
    struct unit_config unit = {.name = unit_name, .period_ms = 10000};
    struct line_config line = {.name = line_name, .units = &unit, .unit_count = 1};
    struct config config = {.lines = &line, .line_count = 1};
    struct timing_source source = field_timing(&config);
    struct sensor_timing t;

    (void)state;
    assert_true(source.timing(source.ctx, "line", "line/a", "dx80_state", &t));
    assert_true(t.sampled);
    assert_int_equal(t.period_ms, 10000);
    assert_int_equal(t.limit_ms, 30000);
    assert_int_equal(t.confidence, 97);
    unit.limit_ms = 60000;
    assert_true(source.timing(source.ctx, "line", "line/a", "", &t));
    assert_int_equal(t.limit_ms, 60000);
    assert_true(source.timing(source.ctx, "city", "0101010101010101", "bosch_tps110", &t));
    assert_false(t.sampled);
    /* nobody polls it any more: it goes unknown as soon as a unit that falls silent */
    assert_true(source.timing(source.ctx, "line", "line/b", "dx80_state", &t));
    assert_true(t.sampled);
    assert_int_equal(t.limit_ms, 15000);
    assert_true(source.timing(source.ctx, "gone", "gone/a", "dx80_state", &t));
    assert_false(source.timing(source.ctx, "line", "linea", "", &t));
}

/* Nobody listens: the field starts, says so, and stops at once. */
static void start_and_stop_without_anybody_there(void **state)
{
    struct fixture *f = fixture_create(rows, ARRAY_LEN(rows));
    struct register_map map = {.name = map_name,
                               .function = 2,
                               .stride = 1,
                               .channels = 1,
                               .first_channel = 1,
                               .mask = 1,
                               .occupied_value = 1,
                               .empty_value = -1,
                               .status_offset = -1};
    struct unit_config unit = {.name = unit_name, .unit = 1, .map = map_name, .period_ms = 50};
    struct line_config line = {.name = line_name,
                               .host = loopback,
                               .port = 1,
                               .response_timeout_ms = 100,
                               .units = &unit,
                               .unit_count = 1};
    struct link_config link = {.name = unit_name,
                               .host = loopback,
                               .port = 1,
                               .client_id = unit_name,
                               .keepalive_s = 20,
                               .max_inflight = 100};
    struct field *field;
    int64_t begin_ms;

    (void)state;
    f->config.lines = &line;
    f->config.line_count = 1;
    f->config.links = &link;
    f->config.link_count = 1;
    f->config.maps = &map;
    f->config.map_count = 1;
    field = field_start(&f->params);
    assert_non_null(field);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_IO) >= 2, 5000);
    assert_false(field_settled(field));
    assert_true(status_is(&f->status, DEGRADED_MODBUS_DOWN));
    assert_true(status_is(&f->status, DEGRADED_BROKER_DOWN));
    begin_ms = host_boot_ms();
    field_stop(field);
    assert_in_range(host_boot_ms() - begin_ms, 0, 2000);
    unit.map = unit_name; /* there is no such map */
    assert_null(field_start(&f->params));
    field_stop(NULL);
    fixture_destroy(f);
}

/* A configuration of lines by name, all to a port where nobody listens. */
struct town {
    struct unit_config units[3];
    struct line_config lines[3];
    struct config config;
};

static char names[3][2] = {"a", "b", "c"};

static void town_make(struct town *town, struct register_map *map, uint32_t lines)
{
    *town = (struct town){
        .config = {.line_count = lines, .maps = map, .map_count = 1}
    };
    town->config.instance = line_name;
    town->config.lines = town->lines;
    for (uint32_t i = 0; i < lines; i++) {
        town->units[i] =
            (struct unit_config){.name = unit_name, .unit = 1, .map = map_name, .period_ms = 50};
        town->lines[i] = (struct line_config){.name = names[i],
                                              .host = loopback,
                                              .port = 1,
                                              .response_timeout_ms = 100,
                                              .units = &town->units[i],
                                              .unit_count = 1};
    }
}

/* Lines are exchanged while their threads run; what is kept goes on with what it was given. */
static void a_change_is_made_whole_or_not_at_all(void **state)
{
    struct fixture *f = fixture_create(rows, ARRAY_LEN(rows));
    struct register_map map = {
        .name = map_name, .function = 2, .stride = 1, .channels = 1, .status_offset = -1};
    struct config_difference difference = {
        .lines = {CONFIG_KEPT, CONFIG_EDITED, CONFIG_ADDED}
    };
    struct town town[3];
    struct field_change *change;
    struct field *field;

    (void)state;
    town_make(&town[0], &map, 2);
    town_make(&town[1], &map, 3);
    town_make(&town[2], &map, 3);
    f->params.config = &town[0].config;
    field = field_start(&f->params);
    assert_non_null(field);
    WAIT_FOR(count_get(&f->counters, COUNT_MODBUS_IO) >= 2, 5000);
    /* one of the new ones cannot be polled: nothing changes */
    town[2].units[2].map = unit_name;
    assert_null(field_prepare(field, &town[2].config, &difference));
    assert_false(field_uses(field, &town[2].config));
    assert_int_equal(status_find_link(&f->status, "modbus", "c"), -1);
    /* made ready, then given up */
    change = field_prepare(field, &town[1].config, &difference);
    assert_non_null(change);
    assert_true(status_find_link(&f->status, "modbus", "c") >= 0);
    field_discard(change);
    assert_int_equal(status_find_link(&f->status, "modbus", "c"), -1);
    /* and in earnest */
    change = field_prepare(field, &town[1].config, &difference);
    assert_non_null(change);
    field_commit(field, change);
    assert_true(field_uses(field, &town[0].config)); /* line a is as it was */
    assert_true(field_uses(field, &town[1].config));
    assert_true(status_is(&f->status, DEGRADED_MODBUS_DOWN));
    /* a and c go; b is started anew, by the last configuration */
    town_make(&town[2], &map, 1);
    town[2].lines[0].name = names[1];
    difference = (struct config_difference){.lines = {CONFIG_EDITED}};
    change = field_prepare(field, &town[2].config, &difference);
    assert_non_null(change);
    field_commit(field, change);
    assert_false(field_uses(field, &town[0].config));
    assert_false(field_uses(field, &town[1].config));
    assert_int_equal(status_find_link(&f->status, "modbus", "a"), -1);
    assert_true(status_find_link(&f->status, "modbus", "b") >= 0);
    /* the last one goes: nothing is down any more */
    town_make(&town[1], &map, 0);
    change = field_prepare(field, &town[1].config, &difference);
    assert_non_null(change);
    field_commit(field, change);
    assert_false(status_is(&f->status, DEGRADED_MODBUS_DOWN));
    assert_true(field_settled(field));
    field_stop(field);
    fixture_destroy(f);
}

/* Places among the readers of the inventory are given back, or many reloads would use them up. */
static void readers_are_given_back(void **state)
{
    struct fixture *f = fixture_create(rows, ARRAY_LEN(rows));
    struct register_map map = {
        .name = map_name, .function = 2, .stride = 1, .channels = 1, .status_offset = -1};
    const struct config_difference difference = {.lines = {CONFIG_EDITED}};
    struct town town;
    struct field *field;

    (void)state;
    town_make(&town, &map, 1);
    f->params.config = &town.config;
    field = field_start(&f->params);
    assert_non_null(field);
    for (int i = 0; i < INVENTORY_READERS_MAX; i++) {
        struct field_change *change = field_prepare(field, &town.config, &difference);

        assert_non_null(change);
        field_commit(field, change);
    }
    field_stop(field);
    assert_int_equal(inventory_reader(&f->board), 0);
    fixture_destroy(f);
}

static void crc_put(uint8_t *frame, size_t len)
{
    uint16_t crc = 0xffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= frame[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xa001 : crc >> 1);
        }
    }
    frame[len] = (uint8_t)crc;
    frame[len + 1] = (uint8_t)(crc >> 8);
}

/* The far end of the pseudo terminal: answers three 8-byte requests: right, with a bad CRC, with an
 * exception. */
static void *serial_slave(void *ctx)
{
    int fd = *(int *)ctx;

    for (int turn = 0; turn < 3; turn++) {
        static const uint8_t value[7] = {5, 3, 2, 0x01, 0x2c};
        static const uint8_t exception[5] = {5, 0x83, 6};
        uint8_t request[8];
        uint8_t reply[8] = {0};
        size_t have = 0;
        size_t len = turn == 2 ? 5 : 7;

        while (have < sizeof request) {
            ssize_t n = read(fd, request + have, sizeof request - have);

            if (n <= 0) {
                return NULL;
            }
            have += (size_t)n;
        }
        memcpy(reply, turn == 2 ? exception : value, len);
        crc_put(reply, len - 2);
        reply[len - 1] = (uint8_t)(reply[len - 1] ^ (turn == 1 ? 0xff : 0));
        if (write(fd, reply, len) != (ssize_t)len) {
            return NULL;
        }
    }
    return NULL;
}

static void a_serial_line_reads(void **state)
{
    static struct read_reply reply;
    const struct read_request request = {.unit = 5, .function = 3, .address = 16, .count = 1};
    struct line_config config = {.name = line_name,
                                 .baud = 19200,
                                 .data_bits = 8,
                                 .stop_bits = 1,
                                 .response_timeout_ms = 500};
    struct halt halt;
    struct port port;
    pthread_t thread;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    char path[64];
    int keep; /* else the far end sees a hang-up while the port is closed */

    (void)state;
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    (void)snprintf(path, sizeof path, "%s", ptsname(master));
    keep = open(path, O_RDWR | O_NOCTTY);
    assert_true(keep >= 0);
    config.device = path;
    assert_true(halt_init(&halt));
    port_init(&port, &config, &halt);
    assert_in_range(port.quiet_us, 2000, 2010); /* 3.5 characters of 11 bits at 19200 */
    assert_true(port_open(&port));
    assert_int_equal(pthread_create(&thread, NULL, serial_slave, &master), 0);
    assert_int_equal(port_read(&port, &request, 500, &reply), PORT_OK);
    assert_int_equal(reply.values[0], 300);
    assert_int_equal(port_read(&port, &request, 500, &reply), PORT_GARBAGE);
    port_close(&port);
    assert_false(port_is_open(&port));
    assert_true(port_open(&port)); /* by its path again, as after an adapter was unplugged */
    assert_int_equal(port_read(&port, &request, 500, &reply), PORT_EXCEPTION);
    assert_int_equal(reply.exception, 6);
    assert_int_equal(port_read(&port, &request, 50, &reply), PORT_TIMEOUT);
    (void)pthread_join(thread, NULL);
    port_close(&port);
    (void)close(keep);
    (void)close(master);
    assert_false(port_open(&port)); /* the adapter is gone */
    halt_finish(&halt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timing_is_the_units_or_the_models),
        cmocka_unit_test(start_and_stop_without_anybody_there),
        cmocka_unit_test(a_change_is_made_whole_or_not_at_all),
        cmocka_unit_test(readers_are_given_back),
        cmocka_unit_test(a_serial_line_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
