/* One TCP line with fifty units, a period of 1 s and a response timeout of 200 ms; five units are
 * dead and one drips its replies. The other 44 keep their period within a fifth, from the first
 * round on. */
#include "sensors/modbus/line.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/field_fixture.h"
#include "tests/unit/slaves_fixture.h"

#define UNITS     50
#define PERIOD_MS 1000
#define FIFTH_MS  (PERIOD_MS / 5)
#define WATCH_MS  12000

static char names[UNITS][8];
static char ids[UNITS][16];
static char name_line[] = "line";
static char name_map[] = "plain";
static char loopback[] = "127.0.0.1";

/* Every tenth is dead, the 25th drips. */
static bool is_well(uint32_t unit)
{
    return unit % 10 != 0 && unit != 25;
}

static void crowd_make(struct unit_config *units, struct device_row *rows, struct slaves_fixture *s)
{
    for (uint32_t i = 0; i < UNITS; i++) {
        const uint8_t unit = (uint8_t)(i + 1);

        (void)snprintf(names[i], sizeof names[i], "u%u", unit);
        (void)snprintf(ids[i], sizeof ids[i], "line/u%u", unit);
        units[i] = (struct unit_config){
            .name = names[i], .unit = unit, .map = name_map, .period_ms = PERIOD_MS};
        rows[i] = (struct device_row){ids[i], "line", "map", 1, 1};
        slaves_put(s, unit, 0, 1);
        slaves_conduct(
            s, unit,
            (struct slave_conduct){.silent = unit % 10 == 0, .drip_ms = unit == 25 ? 100 : 0});
    }
}

/* How the well units were asked, of what the slaves wrote down: intervals, and those out of bounds.
 */
struct tally {
    uint32_t intervals, out;
    int64_t longest_ms;
};

static struct tally tally_of(struct slaves_fixture *s)
{
    struct tally tally = {0};
    int64_t last_ms[UNITS + 1] = {0};

    (void)pthread_mutex_lock(&s->lock);
    for (uint32_t i = 0; i < s->logged; i++) {
        const struct slaves_entry *e = &s->log[i];
        const int64_t took_ms = e->at_ms - last_ms[e->unit];

        if (is_well(e->unit) && last_ms[e->unit] != 0) {
            tally.intervals++;
            tally.out += took_ms > PERIOD_MS + FIFTH_MS || took_ms < PERIOD_MS - FIFTH_MS;
            tally.longest_ms = took_ms > tally.longest_ms ? took_ms : tally.longest_ms;
        }
        last_ms[e->unit] = e->at_ms;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return tally;
}

static void fifty_units_and_six_of_them_ill(void **state)
{
    static struct unit_config units[UNITS];
    static struct device_row rows[UNITS];
    struct slaves_fixture *slaves = slaves_fixture_create();
    struct register_map map = {.name = name_map,
                               .function = 3,
                               .stride = 1,
                               .channels = 1,
                               .first_channel = 1,
                               .mask = 0xffff,
                               .occupied_value = -1,
                               .empty_value = -1,
                               .status_offset = -1,
                               .max_read = 125};
    struct line_config config = {.name = name_line,
                                 .host = loopback,
                                 .response_timeout_ms = 200,
                                 .units = units,
                                 .unit_count = UNITS};
    struct field_health health = {0};
    struct halt halt;
    struct fixture *f;
    struct line *line;
    struct tally tally;

    (void)state;
    crowd_make(units, rows, slaves);
    f = fixture_create(rows, UNITS);
    health.status = &f->status;
    f->config.maps = &map;
    f->config.map_count = 1;
    f->config.lines = &config;
    f->config.line_count = 1;
    slaves_start(slaves, NULL);
    config.port = slaves->port;
    assert_true(halt_init(&halt));
    line = line_start(
        &(struct line_params){.config = &config,
                              .ports = &f->params,
                              .health = &health,
                              .halt = &halt,
                              .status_index = status_add_link(&f->status, "modbus", config.name)});
    assert_non_null(line);
    (void)halt_wait(&halt, WATCH_MS); /* the length of the measurement */
    halt_raise(&halt);
    line_join(line);
    slaves_end(slaves);
    tally = tally_of(slaves);
    print_message("%u intervals, %u out of 1 s +- 20 %%, longest %d ms\n", tally.intervals,
                  tally.out, (int)tally.longest_ms);
    /* 44 units, 11 intervals each; a busy machine may delay one in a hundred */
    assert_in_range(tally.intervals, 44 * (WATCH_MS / PERIOD_MS - 2), 44 * (WATCH_MS / PERIOD_MS));
    assert_in_range(tally.out, 0, tally.intervals / 100);
    for (uint32_t unit = 10; unit <= UNITS; unit += 10) {
        assert_in_range(slaves_asked(slaves, (uint8_t)unit), 3, 20); /* each dead one is probed */
    }
    assert_in_range(slaves_asked(slaves, 25), 3, 20);
    halt_finish(&halt);
    slaves_fixture_destroy(slaves);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_units_and_six_of_them_ill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
