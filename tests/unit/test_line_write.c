/* Recalibrations on a line, identities of units and serial ports that come and go, against the
 * simulator's slaves: what is written and when, what becomes of it, and that polls go on. */
#include "sensors/modbus/line.h"
#include "sensors/recalibration.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/field_fixture.h"
#include "tests/unit/slaves_fixture.h"

#define CHANNELS 40
#define BASELINE 100 /* wire address of channel 1's write */

struct set {
    struct fixture *f;
    struct slaves_fixture *slaves;
    struct field_health health;
    struct halt halt;
    struct recalibration_desk *desk;
    struct register_map maps[3];
    struct unit_config units[3];
    struct line_config config;
    struct line *line;
    char folder[64], tty[96];
};

static char name_line[] = "line";
static char name_a[] = "a";
static char name_b[] = "b";
static char name_c[] = "c";
static char map_plain[] = "plain";
static char map_known[] = "known";
static char map_mute[] = "mute";
static char loopback[] = "127.0.0.1";

static const struct device_row rows[] = {
    {"line/a", "line", "map", 1, CHANNELS},
    {"line/b", "line", "map", 1, 2       },
    {"line/c", "line", "map", 1, 2       },
};

static struct register_map map_make(char *name, uint32_t channels)
{
    return (struct register_map){.name = name,
                                 .function = 3,
                                 .first = 0,
                                 .stride = 1,
                                 .channels = channels,
                                 .first_channel = 1,
                                 .mask = 0xffff,
                                 .occupied_value = -1,
                                 .empty_value = -1,
                                 .status_offset = -1,
                                 .max_read = 125,
                                 .identity = {.mask = 0xffff},
                                 .recalibrate = {.value = 1}};
}

static int set_up(void **state)
{
    struct set *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->f = fixture_create(rows, ARRAY_LEN(rows));
    s->slaves = slaves_fixture_create();
    s->health.status = &s->f->status;
    s->desk = recalibration_desk_create(&s->f->counters);
    assert_non_null(s->desk);
    s->f->params.desk = s->desk;
    assert_true(halt_init(&s->halt));
    s->maps[0] = map_make(map_plain, CHANNELS);
    s->maps[0].recalibrate.function = 6;
    s->maps[0].recalibrate.address = BASELINE;
    s->maps[0].recalibrate.stride = 2;
    s->maps[1] = map_make(map_known, 2); /* says who it is, and learns as a whole */
    s->maps[1].identity.function = 3;
    s->maps[1].identity.address = 50;
    s->maps[1].identity.value = 0x4711;
    s->maps[1].recalibrate.function = 16;
    s->maps[1].recalibrate.address = 60;
    s->maps[2] = map_make(map_mute, 2);
    s->units[0] =
        (struct unit_config){.name = name_a, .unit = 1, .map = map_plain, .period_ms = 50};
    s->units[1] =
        (struct unit_config){.name = name_b, .unit = 2, .map = map_known, .period_ms = 50};
    s->units[2] = (struct unit_config){.name = name_c, .unit = 3, .map = map_mute, .period_ms = 50};
    s->config = (struct line_config){
        .name = name_line, .response_timeout_ms = 200, .units = s->units, .unit_count = 3};
    s->f->config.maps = s->maps;
    s->f->config.map_count = 3;
    s->f->config.lines = &s->config;
    s->f->config.line_count = 1;
    for (uint8_t unit = 1; unit <= 3; unit++) {
        slaves_put(s->slaves, unit, 0, 1);
    }
    slaves_put(s->slaves, 2, 50, 0x4711);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/bowei-test-line-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->tty, sizeof s->tty, "%s/by-id", s->folder);
    *state = s;
    return 0;
}

static void run(struct set *s, bool serial)
{
    struct line_params params = {
        .config = &s->config, .ports = &s->f->params, .health = &s->health, .halt = &s->halt};

    slaves_start(s->slaves, serial ? s->tty : NULL);
    if (serial) {
        s->config.device = s->tty;
        s->config.baud = 115200;
        s->config.data_bits = 8;
        s->config.stop_bits = 1;
    } else {
        s->config.host = loopback;
        s->config.port = s->slaves->port;
    }
    params.status_index = status_add_link(&s->f->status, "modbus", s->config.name);
    s->line = line_start(&params);
    assert_non_null(s->line);
}

static int tear_down(void **state)
{
    struct set *s = *state;

    halt_raise(&s->halt);
    line_join(s->line);
    if (s->slaves->slaves != NULL) {
        slaves_end(s->slaves);
    }
    halt_finish(&s->halt);
    recalibration_desk_destroy(s->desk);
    slaves_fixture_destroy(s->slaves);
    fixture_destroy(s->f);
    (void)unlink(s->tty);
    (void)rmdir(s->folder);
    free(s);
    return 0;
}

/* Newest value of a device's channel, -1 = none. */
static int value_of(struct set *s, const char *device, uint16_t channel)
{
    int value = -1;

    pthread_mutex_lock(&s->f->lock);
    for (uint32_t i = 0; i < s->f->heard_count; i++) {
        const struct reading *r = &s->f->heard[i];

        if (r->channel == channel && r->device_len == strlen(device) &&
            memcmp(r->device, device, r->device_len) == 0) {
            value = r->value;
        }
    }
    pthread_mutex_unlock(&s->f->lock);
    return value;
}

static int outcome_of(struct set *s, const char *device, uint16_t channel)
{
    struct recalibration last;

    return recalibration_last(s->desk, device, channel, &last) ? last.outcome : -1;
}

static enum err ask_one(struct set *s, const char *device, uint16_t channel)
{
    char detail[160] = "";

    return recalibration_ask(s->desk, device, &channel, 1, detail);
}

static struct slaves_entry last_write(struct set *s)
{
    struct slaves_entry found = {0};

    (void)pthread_mutex_lock(&s->slaves->lock);
    for (uint32_t i = 0; i < s->slaves->logged; i++) {
        found = s->slaves->log[i].write ? s->slaves->log[i] : found;
    }
    (void)pthread_mutex_unlock(&s->slaves->lock);
    return found;
}

static void write_reaches_the_device(struct set *s, bool serial)
{
    run(s, serial);
    WAIT_FOR(value_of(s, "line/a", 1) == VALUE_OCCUPIED && value_of(s, "line/b", 1) >= 0, 5000);
    assert_int_equal(outcome_of(s, "line/a", 3), -1);
    assert_int_equal(ask_one(s, "line/a", 3), ERR_OK);
    WAIT_FOR(outcome_of(s, "line/a", 3) == RECALIBRATION_DONE, 5000);
    assert_int_equal(last_write(s).unit, 1);
    assert_int_equal(last_write(s).address, BASELINE + 4);
    assert_int_equal(last_write(s).value, 1);
    assert_int_equal(outcome_of(s, "line/a", 2), -1);
    assert_int_equal(ask_one(s, "line/b", 2), ERR_OK); /* one write for the unit, function 16 */
    WAIT_FOR(outcome_of(s, "line/b", 1) == RECALIBRATION_DONE, 5000);
    assert_int_equal(last_write(s).address, 60);
    assert_int_equal(slaves_writes(s->slaves), 2);
    assert_int_equal(count_get(&s->f->counters, COUNT_MODBUS_WRITES_DONE), 2);
}

static void a_write_reaches_the_device_over_tcp(void **state)
{
    write_reaches_the_device(*state, false);
}

static void a_write_reaches_the_device_on_a_serial_line(void **state)
{
    write_reaches_the_device(*state, true);
}

static void what_cannot_be_written_is_refused(void **state)
{
    struct set *s = *state;
    uint16_t many[RECALIBRATION_QUEUE_MAX + 1];
    bool whole = false;
    char detail[160] = "";

    run(s, false);
    assert_int_equal(recalibration_check(s->desk, "line/c", 1, &whole, detail), ERR_CONFLICT);
    assert_non_null(strstr(detail, "map mute has no recalibrate write"));
    assert_int_equal(recalibration_check(s->desk, "other/x", 1, &whole, detail), ERR_CONFLICT);
    assert_non_null(strstr(detail, "no Modbus line"));
    assert_int_equal(recalibration_check(s->desk, "line/a", 0, &whole, detail), ERR_UNPROCESSABLE);
    assert_int_equal(recalibration_check(s->desk, "line/a", CHANNELS + 1, &whole, detail),
                     ERR_UNPROCESSABLE);
    assert_int_equal(recalibration_check(s->desk, "line/a", 1, &whole, detail), ERR_OK);
    assert_false(whole);
    assert_int_equal(recalibration_check(s->desk, "line/b", 1, &whole, detail), ERR_OK);
    assert_true(whole);
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i] = 1;
    }
    assert_int_equal(recalibration_ask(s->desk, "line/a", many, ARRAY_LEN(many), detail),
                     ERR_OVERLOADED);
    assert_int_equal(outcome_of(s, "line/a", 1), -1);
    assert_int_equal(slaves_writes(s->slaves), 0);
}

static void the_devices_refusal_and_silence_are_told(void **state)
{
    struct set *s = *state;
    struct recalibration last;

    run(s, false);
    WAIT_FOR(value_of(s, "line/a", 1) >= 0, 5000);
    slaves_conduct(s->slaves, 1, (struct slave_conduct){.exception = 3});
    assert_int_equal(ask_one(s, "line/a", 1), ERR_OK);
    WAIT_FOR(outcome_of(s, "line/a", 1) == RECALIBRATION_REFUSED, 5000);
    assert_true(recalibration_last(s->desk, "line/a", 1, &last));
    assert_int_equal(last.exception, 3);
    assert_true(last.ended_wall_ms >= last.asked_wall_ms);
    slaves_conduct(s->slaves, 1, (struct slave_conduct){.silent = true});
    assert_int_equal(ask_one(s, "line/a", 2), ERR_OK);
    WAIT_FOR(outcome_of(s, "line/a", 2) == RECALIBRATION_NO_ANSWER, 5000);
    assert_int_equal(slaves_writes(s->slaves), 0); /* never repeated */
    assert_int_equal(count_get(&s->f->counters, COUNT_MODBUS_WRITES_REFUSED), 1);
    assert_int_equal(count_get(&s->f->counters, COUNT_MODBUS_WRITES_NO_ANSWER), 1);
}

/* Forty writes on a line whose polls are always due: they take turns, one poll between two writes.
 */
static void many_writes_do_not_starve_polls(void **state)
{
    struct set *s = *state;
    uint16_t channels[CHANNELS];
    char detail[160] = "";
    uint32_t first = 0;
    uint32_t writes = 0;
    bool in_turn = true;

    for (uint16_t i = 0; i < CHANNELS; i++) {
        channels[i] = (uint16_t)(i + 1);
    }
    s->units[0].max_read = 4; /* ten requests a round */
    s->units[0].period_ms = s->units[2].period_ms = 50;
    s->config.unit_count = 1;
    slaves_conduct(s->slaves, 1, (struct slave_conduct){.late_ms = 10}); /* a round takes 100 ms */
    run(s, false);
    WAIT_FOR(value_of(s, "line/a", 1) >= 0, 5000);
    assert_int_equal(recalibration_ask(s->desk, "line/a", channels, CHANNELS, detail), ERR_OK);
    WAIT_FOR(slaves_writes(s->slaves) == CHANNELS, 20000);
    (void)pthread_mutex_lock(&s->slaves->lock);
    while (!s->slaves->log[first].write) {
        first++;
    }
    for (uint32_t i = first; writes < CHANNELS; i++) {
        in_turn = in_turn && s->slaves->log[i].write == ((i - first) % 2 == 0);
        writes += s->slaves->log[i].write;
    }
    (void)pthread_mutex_unlock(&s->slaves->lock);
    assert_true(in_turn);
    WAIT_FOR(outcome_of(s, "line/a", CHANNELS) == RECALIBRATION_DONE, 5000);
}

/* Another device answers under the number: nothing it says counts, nothing is written to it. */
static void an_impostor_is_not_believed(void **state)
{
    struct set *s = *state;

    slaves_put(s->slaves, 2, 50, 0x4712);
    run(s, false);
    WAIT_FOR(value_of(s, "line/b", 1) == VALUE_FAULT, 5000);
    assert_int_equal(value_of(s, "line/b", 2), VALUE_FAULT);
    WAIT_FOR(slaves_asked(s->slaves, 2) > 5, 5000);
    assert_int_equal(count_get(&s->f->counters, COUNT_MODBUS_IDENTITY), 1); /* once, not a round */
    assert_int_equal(ask_one(s, "line/b", 1), ERR_OK);
    WAIT_FOR(outcome_of(s, "line/b", 1) == RECALIBRATION_WRONG_UNIT, 5000);
    assert_int_equal(slaves_writes(s->slaves), 0);
    slaves_put(s->slaves, 2, 50, 0x4711);
    WAIT_FOR(value_of(s, "line/b", 1) == VALUE_OCCUPIED, 5000);
    assert_int_equal(value_of(s, "line/a", 1), VALUE_OCCUPIED);
}

/* The unit is swapped for another while it was silent: its identity is in doubt from a failure on.
 */
static void a_swapped_unit_is_noticed(void **state)
{
    struct set *s = *state;
    bool believed = false;

    s->units[1].identity = 0x0815; /* of this very unit, not the map's */
    slaves_put(s->slaves, 2, 50, 0x0815);
    run(s, false);
    WAIT_FOR(value_of(s, "line/b", 1) == VALUE_OCCUPIED, 5000);
    slaves_conduct(s->slaves, 2, (struct slave_conduct){.silent = true});
    slaves_put(s->slaves, 2, 0, 0);
    WAIT_FOR(count_get(&s->f->counters, COUNT_MODBUS_TIMEOUT) >= 1, 5000);
    slaves_put(s->slaves, 2, 50, 0x4711);
    slaves_conduct(s->slaves, 2, (struct slave_conduct){.silent = false});
    WAIT_FOR(value_of(s, "line/b", 1) == VALUE_FAULT, 10000);
    pthread_mutex_lock(&s->f->lock);
    for (uint32_t i = 0; i < s->f->heard_count; i++) { /* the new one's free was never handed on */
        believed = believed || (s->f->heard[i].value == VALUE_FREE && s->f->heard[i].channel == 1 &&
                                memcmp(s->f->heard[i].device, "line/b", 6) == 0);
    }
    pthread_mutex_unlock(&s->f->lock);
    assert_false(believed);
}

/* The stable path leads to another terminal after the adapter was unplugged. */
static void a_serial_port_comes_back_by_its_path(void **state)
{
    struct set *s = *state;

    run(s, true);
    WAIT_FOR(value_of(s, "line/a", 1) == VALUE_OCCUPIED, 5000);
    slaves_end(s->slaves); /* unplugged: the terminal hangs up */
    (void)unlink(s->tty);
    WAIT_FOR(count_get(&s->f->counters, COUNT_MODBUS_IO) >= 1, 5000);
    WAIT_FOR(status_is(&s->f->status, DEGRADED_MODBUS_DOWN), 5000);
    slaves_put(s->slaves, 1, 0, 0);
    slaves_start(s->slaves, s->tty); /* a new terminal below the same path */
    WAIT_FOR(value_of(s, "line/a", 1) == VALUE_FREE, 10000);
    WAIT_FOR(!status_is(&s->f->status, DEGRADED_MODBUS_DOWN), 5000);
}

/* A silent unit on a serial line costs its time-out, not the port: it stays open. */
static void a_silent_unit_does_not_close_the_serial_port(void **state)
{
    struct set *s = *state;
    uint32_t asked;

    slaves_conduct(s->slaves, 3, (struct slave_conduct){.late_ms = 230});
    run(s, true);
    WAIT_FOR(count_get(&s->f->counters, COUNT_MODBUS_TIMEOUT) >= 3, 10000);
    asked = slaves_asked(s->slaves, 1);
    WAIT_FOR(slaves_asked(s->slaves, 1) > asked + 20, 10000);
    assert_in_range(count_get(&s->f->counters, COUNT_MODBUS_CONNECTS), 1, 2);
    assert_int_equal(value_of(s, "line/a", 1), VALUE_OCCUPIED);
    assert_int_equal(value_of(s, "line/c", 1), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_write_reaches_the_device_over_tcp),
        TEST(a_write_reaches_the_device_on_a_serial_line),
        TEST(what_cannot_be_written_is_refused),
        TEST(the_devices_refusal_and_silence_are_told),
        TEST(many_writes_do_not_starve_polls),
        TEST(an_impostor_is_not_believed),
        TEST(a_swapped_unit_is_noticed),
        TEST(a_serial_port_comes_back_by_its_path),
        TEST(a_silent_unit_does_not_close_the_serial_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
