/* Count-only lots: where gates begin, what they add up to, order, resets, true-up (STATES 9,
 * 4.10). */
#include "core_fixture.h"

/* lot 0: 1 space; lots 1 and 2: 10 places, two gates and one */
static const struct fixture_lot lots[] = {{.spaces = 1}, {.capacity = 10}, {.capacity = 10}};
static const struct fixture_sensor sensors[] = {
    {0, 0, 0, 0, false, EVENT},
    {1, 1, 0, 0, true,  EVENT},
    {1, 2, 0, 0, true,  EVENT},
    {2, 3, 0, 0, true,  EVENT},
};
static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 3, .sensors = sensors, .sensor_count = 4, .device_count = 4};

#define GATE_A 1
#define GATE_B 2
#define GATE_C 3

static void open_scene(struct scene *s)
{
    scene_open(s, fixture_city(1, &spec));
}

static int32_t raw_in(const struct scene *s, uint32_t lot)
{
    struct image image;

    core_lot_image(s->core, lot, &image);
    return image.lot.count_raw;
}

static int32_t raw_of(const struct scene *s)
{
    return raw_in(s, 1);
}

static enum err true_up(struct scene *s, uint32_t lot, uint32_t inside)
{
    struct command command = {
        .kind = COMMAND_LOT_COUNT, .key = fixture_key(lot, 0), .count = inside};

    return ask(s, &command);
}

static void test_gates(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    count(&s, GATE_A, 1000, 1000);
    assert_int_equal(lot_of(&s, 1).counts.unknown, 10); /* the other gate is silent */
    assert_int_equal(lot_of(&s, 1).reason, REASON_GATE_SILENT);
    say(&s, GATE_B, VALUE_ALIVE);
    assert_int_equal(lot_of(&s, 1).counts.unknown, 10);
    count(&s, GATE_B, 5, 5);
    assert_int_equal(lot_of(&s, 1).counts.free, 10);
    assert_int_equal(lot_of(&s, 1).reason, REASON_FRESH);
    count(&s, GATE_A, 1006, 1001);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 5);
    count(&s, GATE_B, 2, 0); /* fell: a reset, two came in */
    assert_int_equal(raw_of(&s), 7);
    count(&s, GATE_A, 1014, 1001);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 10);
    assert_int_equal(lot_of(&s, 1).reason, REASON_COUNT_OVER);
    assert_int_equal(raw_of(&s), 15);
    count(&s, GATE_A, 1014, 1021);
    assert_int_equal(lot_of(&s, 1).counts.free, 10);
    assert_int_equal(lot_of(&s, 1).reason, REASON_COUNT_UNDER);
    assert_int_equal(raw_of(&s), -5);
    count(&s, GATE_A, UINT32_MAX - 1, 1021);
    count(&s, GATE_A, UINT32_MAX - 1, UINT32_MAX - 1);
    {
        const int32_t before = raw_of(&s);

        count(&s, GATE_A, 2, UINT32_MAX - 1); /* went round: four in */
        assert_int_equal(raw_of(&s), before + 4);
    }
    say(&s, GATE_A, VALUE_FAULT);
    assert_int_equal(lot_of(&s, 1).reason, REASON_GATE_SILENT);
    count(&s, GATE_A, 2, UINT32_MAX - 1);
    say(&s, GATE_A, VALUE_OCCUPIED); /* nonsense of a gate: only alive */
    assert_int_not_equal(lot_of(&s, 1).reason, REASON_GATE_SILENT);
    pass(&s, EVENT_LIMIT + 251);
    assert_int_equal(lot_of(&s, 1).counts.unknown, 10);
    assert_int_equal(lot_of(&s, 1).reason, REASON_GATE_SILENT);
    scene_close(&s);
}

static void test_gate_order(void **state)
{
    struct scene s;
    struct reading r;

    (void)state;
    open_scene(&s);
    r = scene_reading(&s, GATE_A, VALUE_GATE);
    r.has = HAS_COUNTER;
    r.counter = 5;
    r.gate_in = 10;
    scene_read(&s, &r);
    r.gate_in = 12;
    scene_read(&s, &r);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_DUPLICATE), 1);
    r.counter = 4;
    scene_read(&s, &r);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    assert_int_equal(raw_of(&s), 10);
    r.counter = 6;
    scene_read(&s, &r);
    assert_int_equal(raw_of(&s), 12);
    scene_close(&s);
}

/* A first count is who is inside: a lot whose counters began when it was empty is right at once. */
static void test_first_count(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    count(&s, GATE_A, 7, 2);
    assert_int_equal(lot_of(&s, 1).reason, REASON_GATE_SILENT);
    say(&s, GATE_B, VALUE_ALIVE); /* alive is no count */
    count(&s, GATE_B, 1, 3);
    assert_int_equal(raw_of(&s), 3);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 3);
    count(&s, GATE_C, 2, 9); /* more left than came: counted as it says, shown as empty */
    assert_int_equal(raw_in(&s, 2), -7);
    assert_int_equal(lot_of(&s, 2).counts.free, 10);
    assert_int_equal(lot_of(&s, 2).reason, REASON_COUNT_UNDER);
    assert_int_equal(true_up(&s, 2, 4), ERR_OK);
    assert_int_equal(lot_of(&s, 2).counts.occupied, 4);
    assert_int_equal(lot_of(&s, 2).reason, REASON_FRESH);
    count(&s, GATE_C, 3, 9);
    assert_int_equal(raw_in(&s, 2), 5);
    scene_close(&s);
}

/* Who is inside is known already: a gate that has not counted yet only begins. Also after a
 * restart, but not when the true-up was taken back. */
static void test_true_up_first(void **state)
{
    struct counters counters = {0};
    struct scene s;
    struct scene t;
    struct image image;

    (void)state;
    open_scene(&s);
    say(&s, GATE_C, VALUE_ALIVE);
    assert_int_equal(true_up(&s, 2, 4), ERR_OK);
    core_undo(s.core);
    assert_int_equal(true_up(&s, 1, 4), ERR_OK);
    t = s;
    t.core = core_create(s.inv, &counters);
    for (uint32_t lot = 1; lot <= 2; lot++) {
        core_lot_image(s.core, lot, &image);
        image.at = (struct position){1, 1}; /* only being alive was heard of lot 2 */
        core_restore(t.core, &image);
    }
    core_restored(t.core, (struct now){.at_ms = T0}, false);
    for (int i = 0; i < 2; i++) {
        struct scene *one = i == 0 ? &s : &t;

        count(one, GATE_A, 100, 50);
        count(one, GATE_B, 100, 50);
        count(one, GATE_C, 6, 3);
        assert_int_equal(raw_of(one), 4);
        assert_int_equal(raw_in(one, 2), 3);
        count(one, GATE_A, 102, 51);
        assert_int_equal(raw_of(one), 5);
    }
    core_destroy(t.core);
    scene_close(&s);
}

/* A gate that comes from another lot brings its counters along, not the cars. */
static void test_moved_gate(void **state)
{
    static const struct fixture_sensor next_sensors[] = {
        {0, 0, 0, 0, false, EVENT},
        {1, 1, 0, 0, true,  EVENT},
        {1, 3, 0, 0, true,  EVENT},
        {2, 2, 0, 0, true,  EVENT},
    };
    static const struct fixture_spec next = {.lots = lots,
                                             .lot_count = 3,
                                             .sensors = next_sensors,
                                             .sensor_count = 4,
                                             .device_count = 4};
    struct scene s;

    (void)state;
    open_scene(&s);
    count(&s, GATE_A, 3, 0);
    count(&s, GATE_B, 5, 1);
    swap(&s, fixture_city(2, &next));
    assert_adds_up(&s);
    count(&s, 2, 8, 2); /* device 3 was never heard, and the lot counts already */
    assert_int_equal(raw_of(&s), 3 + 4);
    count(&s, 2, 9, 2);
    assert_int_equal(raw_of(&s), 3 + 4 + 1);
    count(&s, 3, 6, 1); /* device 2 */
    assert_int_equal(raw_in(&s, 2), 0);
    count(&s, 3, 8, 1);
    assert_int_equal(raw_in(&s, 2), 2);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gates),       cmocka_unit_test(test_gate_order),
        cmocka_unit_test(test_first_count), cmocka_unit_test(test_true_up_first),
        cmocka_unit_test(test_moved_gate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
