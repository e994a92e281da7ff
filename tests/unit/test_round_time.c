/* How long requests and rounds take on a line: the arithmetic, against figures worked out by hand
 * from Modbus over serial line V1.02 and the application protocol V1.1b3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/line_plan.h"
#include "sensors/modbus/round_time.h"
#include <string.h>

/* What is added for our own time; the wire's part is what the tests work out. */
static int64_t own_us(const struct line_config *line)
{
    struct line_config bare = *line;

    bare.latency_ms = bare.turnaround_ms = 0;
    if (line->host != NULL) {
        return round_request_us(&bare, 3, 1);
    }
    return round_request_us(&bare, 3, 1) - 2 * round_gap_us(line) -
           (15 * round_character_ns(line) + 999) / 1000;
}

static char tty[] = "/dev/ttyS0", host[] = "192.0.2.1", even[] = "even", none[] = "none";
static char unit_name[] = "u", other_name[] = "v", map_name[] = "m", bits_name[] = "b";

static void a_character_is_its_bits(void **state)
{
    struct line_config line = {
        .device = tty, .baud = 9600, .data_bits = 8, .stop_bits = 1, .parity = even};

    (void)state;
    assert_int_equal(round_character_bits(&line), 11);
    assert_int_equal(round_character_ns(&line), 1145833);
    line.parity = none;
    assert_int_equal(round_character_bits(&line), 10);
    line.stop_bits = 2;
    line.baud = 115200;
    assert_int_equal(round_character_ns(&line), 95486);
    line.device = NULL;
    line.host = host;
    assert_int_equal(round_character_ns(&line), 0);
}

static void silence_is_3_5_characters_up_to_19200_and_fixed_above(void **state)
{
    static const struct {
        uint32_t baud;
        int64_t gap_us;
    } rows[] = {
        {1200,   32084},
        {9600,   4011 },
        {19200,  2006 },
        {38400,  1750 },
        {115200, 1750 },
    };
    struct line_config line = {.device = tty, .data_bits = 8, .stop_bits = 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        line.baud = rows[i].baud;
        assert_int_equal(round_gap_us(&line), rows[i].gap_us);
    }
    line.device = NULL;
    line.host = host;
    assert_int_equal(round_gap_us(&line), 0);
}

static void frames_are_as_long_as_the_protocol_says(void **state)
{
    const struct line_config rtu = {.device = tty, .baud = 9600};
    const struct line_config tcp = {.host = host, .port = 502};

    (void)state;
    assert_int_equal(round_request_bytes(&rtu), 8);
    assert_int_equal(round_request_bytes(&tcp), 12);
    assert_int_equal(round_reply_bytes(&rtu, 3, 125), 255);
    assert_int_equal(round_reply_bytes(&rtu, 4, 1), 7);
    assert_int_equal(round_reply_bytes(&rtu, 1, 9), 7);
    assert_int_equal(round_reply_bytes(&rtu, 2, 2000), 255);
    assert_int_equal(round_reply_bytes(&tcp, 3, 125), 259);
}

static void a_request_is_characters_silences_and_waits(void **state)
{
    struct line_config line = {
        .device = tty, .baud = 9600, .data_bits = 8, .stop_bits = 1, .parity = even};
    int64_t own = own_us(&line);

    (void)state;
    assert_in_range(own, 0, 1000);
    /* 8 + 5 + 94 characters of 1.145833 ms and two silences of 4.011 ms */
    assert_int_equal(round_request_us(&line, 3, 47) - own, 122605 + 8022);
    line.turnaround_ms = 5;
    line.latency_ms = 20;
    assert_int_equal(round_request_us(&line, 3, 47) - own, 122605 + 8022 + 25000);
    line.device = NULL;
    line.host = host;
    own = own_us(&line);
    assert_in_range(own, 0, 1000);
    assert_int_equal(round_request_us(&line, 3, 125), own + 20000); /* no turn-around over TCP */
}

static void a_round_is_the_polls_of_its_units(void **state)
{
    struct register_map maps[] = {
        {.name = map_name,
         .function = 3,
         .stride = 16,
         .channels = 4,
         .first_channel = 1,
         .status_offset = 7,
         .gap = 8,
         .max_read = 40},
        {.name = bits_name,         .function = 2, .stride = 1, .channels = 64, .status_offset = -1},
    };
    struct unit_config units[] = {
        {.name = unit_name,  .unit = 1, .map = map_name,  .period_ms = 1000},
        {.name = other_name, .unit = 2, .map = bits_name, .period_ms = 100 }
    };
    struct line_config line = {.device = tty,
                               .baud = 19200,
                               .data_bits = 8,
                               .stop_bits = 1,
                               .latency_ms = 5,
                               .units = units,
                               .unit_count = 2};
    const struct config config = {.maps = maps, .map_count = 2};
    struct line_plan plan;
    int64_t sum_us = 0;

    (void)state;
    assert_int_equal(line_plan_make(&config, &line, &plan), ERR_OK);
    /* values at 0, 16, 32, 48 with their statuses 7 above: three fit into 40 registers */
    assert_int_equal(plan.request_count, 3);
    assert_int_equal(plan.units[0].request_count, 2);
    assert_int_equal(plan.requests[1].address, 48);
    assert_int_equal(plan.requests[1].count, 8);
    assert_int_equal(plan.requests[1].points, 1);
    assert_int_equal(plan.requests[2].function, 2);
    assert_int_equal(plan.requests[2].count, 64);
    assert_int_equal(plan.requests[2].reply_bytes, 13);
    for (uint32_t i = 0; i < plan.request_count; i++) {
        sum_us += round_request_us(&line, plan.requests[i].function, plan.requests[i].count);
    }
    assert_int_equal(plan.round_us, sum_us);
    assert_int_equal(plan.load_ppm, plan.units[0].round_us + plan.units[1].round_us * 10);
    assert_true(plan.load_ppm < LINE_PLAN_FULL_PPM);
    line_plan_finish(&plan);
    units[1].period_ms = 50; /* a read of 64 bits takes 21 characters: half of it, and more */
    units[0].period_ms = 100;
    assert_int_equal(line_plan_make(&config, &line, &plan), ERR_OK);
    assert_true(plan.load_ppm > LINE_PLAN_FULL_PPM);
    line_plan_finish(&plan);
    units[1].map = unit_name; /* there is no such map */
    assert_int_equal(line_plan_make(&config, &line, &plan), ERR_CONFIG);
    line_plan_finish(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_character_is_its_bits),
        cmocka_unit_test(silence_is_3_5_characters_up_to_19200_and_fixed_above),
        cmocka_unit_test(frames_are_as_long_as_the_protocol_says),
        cmocka_unit_test(a_request_is_characters_silences_and_waits),
        cmocka_unit_test(a_round_is_the_polls_of_its_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
