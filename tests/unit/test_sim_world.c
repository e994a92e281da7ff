/* The simulated world is a pure function of seed and time: how often it is stepped changes nothing.
 */
#include "sensors/sim/world/entrances.h"
#include "sensors/sim/world/script.h"
#include "sensors/sim/world/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define SPACES   500
#define START_MS INT64_C(1795305600000) /* 2026-11-22T00:00:00Z, eight in the morning in China */
#define HOUR_MS  INT64_C(3600000)

struct history {
    uint64_t hash;
    uint32_t count;
    int64_t last_ms;
    bool ordered;
};

static void on_change(void *ctx, uint32_t space, bool occupied, int64_t at_ms)
{
    struct history *h = ctx;

    h->ordered = h->ordered && at_ms >= h->last_ms;
    h->last_ms = at_ms;
    h->count++;
    h->hash = (h->hash ^ (uint64_t)at_ms ^ (uint64_t)space << 40 ^ (uint64_t)occupied << 63) *
              UINT64_C(0x100000001b3);
}

static struct history live(uint32_t seed, double speed, int64_t step_ms, int64_t length_ms)
{
    static const uint8_t profiles[SPACES] = {0, 1, 2};
    const struct traffic_params params = {
        .seed = seed, .count = SPACES, .profiles = profiles, .speed = speed};
    struct history h = {.ordered = true};
    struct traffic t;

    assert_int_equal(traffic_init(&t, &params, START_MS), ERR_OK);
    for (int64_t now = START_MS; now <= START_MS + length_ms; now += step_ms) {
        traffic_step(&t, now, on_change, &h);
    }
    traffic_finish(&t);
    return h;
}

static void steps_do_not_matter(void **state)
{
    const struct history fine = live(7, 1, 100, HOUR_MS);
    const struct history coarse = live(7, 1, HOUR_MS, HOUR_MS);
    const struct history other = live(8, 1, HOUR_MS, HOUR_MS);

    (void)state;
    assert_true(fine.ordered && coarse.ordered);
    assert_int_equal(fine.count, coarse.count);
    assert_true(fine.hash == coarse.hash);
    assert_true(fine.hash != other.hash);
}

/* Stays of a quarter of an hour: between one and five changes of a space in an hour and more with
 * more speed. */
static void the_rate_is_that_of_the_stays(void **state)
{
    const struct history slow = live(1, 1, HOUR_MS, HOUR_MS);
    const struct history fast = live(1, 10, HOUR_MS, HOUR_MS);

    (void)state;
    assert_in_range(slow.count, SPACES, SPACES * 8);
    assert_in_range(fast.count, slow.count * 8, slow.count * 12);
}

static void occupancy_follows_the_hour(void **state)
{
    static uint8_t profiles[4000];
    const struct traffic_params params = {
        .seed = 2, .count = 4000, .profiles = profiles, .speed = 1};
    struct history h = {.ordered = true};
    struct traffic t;

    (void)state;
    memset(profiles, 1, sizeof profiles);
    assert_int_equal(traffic_init(&t, &params, START_MS), ERR_OK);
    for (int64_t hour = 1; hour < 24; hour++) {
        const int64_t now = START_MS + hour * HOUR_MS;
        uint32_t occupied = 0;

        traffic_step(&t, now, on_change, &h);
        for (uint32_t i = 0; i < t.count; i++) {
            occupied += t.spaces[i].occupied;
        }
        /* the process lags the table by a stay or so */
        if (traffic_rhythm(1, now) > 850) {
            assert_in_range(occupied, 2800, 4000);
        } else if (traffic_rhythm(1, now) < 200) {
            assert_in_range(occupied, 200, 1400);
        }
    }
    traffic_finish(&t);
}

static void on_gate(void *ctx, uint32_t gate)
{
    uint32_t *passed = ctx;

    passed[gate]++;
}

static void gates_never_count_more_than_fits(void **state)
{
    struct entrance_counts counts = {{0}, {0}};
    struct entrance e = {.counts = &counts, .capacity = 40, .rng = 9, .speed = 1};
    uint32_t passed[ENTRANCE_GATES] = {0};

    (void)state;
    entrance_start(&e, START_MS);
    for (int64_t s = 0; s < 86400; s++) {
        entrance_step(&e, START_MS + s * 1000, on_gate, passed);
        assert_in_range(entrance_inside(&counts), 0, 40);
    }
    assert_int_equal(passed[0] + passed[1],
                     counts.in[0] + counts.in[1] + counts.out[0] + counts.out[1]);
    assert_true(passed[0] > 1000 && passed[1] > 1000);
}

static enum err parse(struct script *s, const char *text, char why[120])
{
    why[0] = '\0';
    return script_parse(s, text, strlen(text), why);
}

static void scripts_are_read(void **state)
{
    struct script s;
    char why[120];

    (void)state;
    assert_int_equal(parse(&s,
                           "# comment\n\nat 1.5 for 10 silence tcp01\r\nat 0 for 2 link_lost "
                           "tcp01/dx80-1#5 # node 5\n"
                           "at 3 for 1 exception * 6",
                           why),
                     ERR_OK);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.faults[0].from_ms, 1500);
    assert_int_equal(s.faults[0].until_ms, 11500);
    assert_true(script_hits(&s.faults[0], "tcp01/loops1", "tcp01"));
    assert_false(script_hits(&s.faults[0], "tcp02/loops1", "tcp02"));
    assert_false(script_hits(&s.faults[0], "native-1", NULL));
    assert_int_equal(s.faults[1].channel, 5);
    assert_true(script_hits(&s.faults[1], "tcp01/dx80-1", "tcp01"));
    assert_int_equal(s.faults[2].argument, 6);
    assert_true(script_hits(&s.faults[2], "native-1", NULL));
    assert_true(script_turns(&s, 1400, 1500));
    assert_false(script_turns(&s, 1500, 1600));
    assert_true(script_turns(&s, 11400, 11600));
    script_finish(&s);
}

static void bad_scripts_name_the_line(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"at 1 for 2 silence",          "line 1: must be: at SECONDS for SECONDS KIND TARGET [ARGUMENT]"},
        {"\nat x for 2 silence *",      "line 2: SECONDS must be a number of 0 to 10000000"             },
        {"at 1 for -2 silence *",       "line 1: SECONDS must be a number of 0 to 10000000"             },
        {"at 1 for 2 silent *",         "line 1: there is no such kind of fault"                        },
        {"at 1 for 2 silence a#0",
         "line 1: the target must be *, a line, a device or a device#channel"                           },
        {"at 1 for 2 exception * many", "line 1: the argument must be a whole number"                   },
        {"at 1 for 2 exception * 1 2",
         "line 1: must be: at SECONDS for SECONDS KIND TARGET [ARGUMENT]"                               },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct script s;
        char why[120];

        assert_int_equal(parse(&s, bad[i].text, why), ERR_BAD_PARAMETER);
        assert_string_equal(why, bad[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_do_not_matter),
        cmocka_unit_test(the_rate_is_that_of_the_stays),
        cmocka_unit_test(occupancy_follows_the_hour),
        cmocka_unit_test(gates_never_count_more_than_fits),
        cmocka_unit_test(scripts_are_read),
        cmocka_unit_test(bad_scripts_name_the_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
