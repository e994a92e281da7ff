/* Gates that leave and come back by imports, or come to a lot that counts already: their counters
 * began long before, and what they counted is inside already. */
#include "tests/unit/core_fixture.h"

static const struct fixture_lot lots[] = {{.spaces = 1}, {.capacity = 100}};
static const struct fixture_sensor both[] = {
    {.place = 0,   .device = 0 },
    { .place = 1, .device = 1, .gate = true},
    { .place = 1, .device = 2, .gate = true},
};
#define CITY(n)                                                                                    \
    {                                                                                              \
        .lots = lots, .sensors = both, .lot_count = 2, .sensor_count = (n), .device_count = 3      \
    }
static const struct fixture_spec without = CITY(1);
static const struct fixture_spec one = CITY(2);
static const struct fixture_spec two = CITY(3);

/* An import forgot the bindings, the next one has them again. */
static void what_a_gate_counted_is_not_counted_again(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, fixture_city(1, &two));
    count(&s, 1, 60, 10);
    count(&s, 2, 5, 25);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 30);
    swap(&s, fixture_city(2, &without));
    assert_int_equal(lot_of(&s, 1).counts.unknown, 100);
    pass(&s, 60000);
    swap(&s, fixture_city(3, &two));
    count(&s, 1, 60, 10);
    count(&s, 2, 5, 25);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 30);
    count(&s, 2, 5, 27);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 28);
    assert_adds_up(&s);
    scene_close(&s);
}

/* A used gate comes as a second one. */
static void a_gate_that_comes_later_only_begins(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, fixture_city(1, &one));
    count(&s, 1, 60, 10);
    swap(&s, fixture_city(2, &two));
    count(&s, 2, 9000, 4000);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 50);
    count(&s, 2, 9001, 4003);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 48);
    scene_close(&s);
}

/* The same over a restart: the image knows one gate, the inventory two. */
static void a_restart_knows_who_counted(void **state)
{
    struct scene s;
    struct scene after;

    (void)state;
    scene_open(&s, fixture_city(1, &one));
    count(&s, 1, 60, 10);
    scene_begin(&after, fixture_city(2, &two));
    hand_lot(&s, 1, &after);
    scene_close(&s);
    core_restored(after.core, (struct now){.at_ms = T0}, false);
    count(&after, 1, 60, 10);
    count(&after, 2, 9000, 4000);
    assert_int_equal(lot_of(&after, 1).counts.occupied, 50);
    scene_close(&after);
}

/* A new lot: both gates of it count from its beginning, whatever is imported between them. */
static void gates_of_a_new_lot_count_from_its_beginning(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, fixture_city(1, &two));
    count(&s, 1, 60, 10);
    swap(&s, fixture_city(2, &two));
    count(&s, 2, 5, 25);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 30);
    scene_close(&s);
}

/* A gate that was never heard, of a lot that was trued up, is bound to a space. */
static void an_unheard_gate_becomes_a_plain_sensor(void **state)
{
    static const struct fixture_sensor turned[] = {
        {.place = 0,   .device = 1 },
        { .place = 1, .device = 2, .gate = true},
    };
    static const struct fixture_spec spec = {
        .lots = lots, .sensors = turned, .lot_count = 2, .sensor_count = 2, .device_count = 3};
    struct scene s;
    struct command command = {.kind = COMMAND_LOT_COUNT, .count = 5};

    (void)state;
    scene_open(&s, fixture_city(1, &two));
    command.key = s.inv->lots[1].key;
    assert_int_equal(ask(&s, &command), ERR_OK);
    swap(&s, fixture_city(2, &spec));
    say(&s, 0, VALUE_FREE);
    pass(&s, 1000);
    say(&s, 0, VALUE_OCCUPIED);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_gate_counted_is_not_counted_again),
        cmocka_unit_test(a_gate_that_comes_later_only_begins),
        cmocka_unit_test(a_restart_knows_who_counted),
        cmocka_unit_test(gates_of_a_new_lot_count_from_its_beginning),
        cmocka_unit_test(an_unheard_gate_becomes_a_plain_sensor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
