/* Lots: counts of spaces, staff commands, inventory swaps, restore (STATES 9, 10). Gates:
 * test_core_gate.c; closed lots: test_core_closed.c. */
#include "core_fixture.h"

/* lot 0: 3 spaces; lot 1: 10 places behind two gates */
static const struct fixture_lot lots[] = {{.spaces = 3}, {.capacity = 10}};
static const struct fixture_sensor sensors[] = {
    {0, 0, 0, 0, false, EVENT},
    {1, 1, 0, 0, false, EVENT},
    {1, 2, 0, 0, true,  EVENT},
    {1, 3, 0, 0, true,  EVENT},
};
static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 2, .sensors = sensors, .sensor_count = 4, .device_count = 4};

#define GATE_A 2
#define GATE_B 3

static void open_scene(struct scene *s)
{
    scene_open(s, fixture_city(1, &spec));
}

static void test_spaces_add_up(void **state)
{
    struct scene s;
    struct lot_view before, after;

    (void)state;
    open_scene(&s);
    before = lot_of(&s, 0);
    assert_int_equal(before.counts.unknown, 3);
    say(&s, 0, VALUE_FREE);
    say(&s, 1, VALUE_OCCUPIED);
    after = lot_of(&s, 0);
    assert_int_equal(after.counts.free, 1);
    assert_int_equal(after.counts.occupied, 1);
    assert_int_equal(after.counts.unknown, 1);
    assert_int_equal(after.version, before.version + 2);
    assert_int_equal(s.effects->touched_count, 2);
    assert_int_equal(s.effects->touched[1].kind, CHANGE_LOT);
    assert_adds_up(&s);
    scene_close(&s);
}

static void test_commands(void **state)
{
    struct scene s;
    struct command close = {.kind = COMMAND_LOT_CLOSE, .key = fixture_key(0, 0)};
    struct command open = {.kind = COMMAND_LOT_OPEN, .key = fixture_key(0, 0)};
    struct command true_up = {.kind = COMMAND_LOT_COUNT, .key = fixture_key(1, 0), .count = 4};

    (void)state;
    open_scene(&s);
    assert_int_equal(ask(&s, &open), ERR_CONFLICT);
    assert_int_equal(ask(&s, &close), ERR_OK);
    assert_int_equal(s.effects->kept[0].kind, IMAGE_LOT);
    assert_true(s.effects->kept[0].lot.closed);
    assert_int_equal(s.effects->kept[0].at.seq, s.seq);
    assert_int_equal(lot_of(&s, 0).counts.out_of_service, 3);
    assert_int_equal(lot_of(&s, 0).reason, REASON_CLOSED);
    say(&s, 0, VALUE_FREE);
    assert_int_equal(lot_of(&s, 0).counts.out_of_service, 3);
    assert_adds_up(&s);
    assert_int_equal(ask(&s, &close), ERR_CONFLICT);
    assert_int_equal(ask(&s, &open), ERR_OK);
    assert_int_equal(lot_of(&s, 0).counts.free, 1);
    assert_adds_up(&s);
    count(&s, GATE_A, 1, 1);
    count(&s, GATE_B, 1, 1);
    assert_int_equal(ask(&s, &true_up), ERR_OK);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 4);
    true_up.count = 11;
    assert_int_equal(ask(&s, &true_up), ERR_UNPROCESSABLE);
    true_up.key = fixture_key(0, 0);
    assert_int_equal(ask(&s, &true_up), ERR_CONFLICT);
    true_up.key = fixture_key(7, 0);
    assert_int_equal(ask(&s, &true_up), ERR_NOT_FOUND);
    assert_adds_up(&s);
    scene_close(&s);
}

static void test_swap(void **state)
{
    /* space 0 gone; 3 new; the sensor of 1 moved to 2; device 0 now on 1; gate B unbound */
    static const struct fixture_lot next_lots[] = {{.spaces = 4}, {.capacity = 12}};
    static const struct fixture_sensor next_sensors[] = {
        {1, 0, 0, 0, false, EVENT},
        {2, 1, 0, 0, false, EVENT},
        {3, 4, 0, 0, false, EVENT},
        {1, 2, 0, 0, true,  EVENT},
    };
    static const struct fixture_spec next = {.lots = next_lots,
                                             .lot_count = 2,
                                             .sensors = next_sensors,
                                             .sensor_count = 4,
                                             .device_count = 5,
                                             .removed = 1};
    struct scene s;
    struct command suspect = {.kind = COMMAND_DEVICE_SUSPECT, .device = 0};

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    say(&s, 1, VALUE_OCCUPIED);
    count(&s, GATE_A, 1, 1);
    count(&s, GATE_B, 1, 1);
    count(&s, GATE_A, 4, 1);
    swap(&s, fixture_city(2, &spec)); /* the same: nothing is lost or shown anew */
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    assert_shows(&s, 1, SPACE_OCCUPIED, REASON_FRESH);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 3);
    assert_int_equal(s.effects->touched_count, 0);
    assert_int_equal(ask(&s, &suspect), ERR_OK);
    swap(&s, fixture_city(3, &next));
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_UNBOUND);
    assert_shows(&s, 1, SPACE_UNKNOWN, REASON_STARTING); /* its new sensor spoke of another place */
    assert_shows(&s, 2, SPACE_UNKNOWN, REASON_STARTING);
    assert_shows(&s, 3, SPACE_UNKNOWN, REASON_NEVER_HEARD);
    assert_int_equal(lot_of(&s, 0).capacity, 3);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 3); /* gate A carries on alone */
    assert_int_equal(lot_of(&s, 1).counts.free, 9);
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 1, SPACE_UNKNOWN, REASON_SENSOR_SUSPECT); /* suspicion goes with the device */
    say(&s, 1, VALUE_FREE);
    assert_shows(&s, 2, SPACE_FREE, REASON_FRESH);
    assert_adds_up(&s);
    scene_close(&s);
}

/* Images of a running core into a new one: states, ages, gates, overrides and suspects go on. */
static void test_restore(void **state)
{
    struct scene s;
    struct core *core;
    struct counters counters = {0};
    struct image image;
    struct scene t;
    struct command out = {.kind = COMMAND_SPACE_OUT,
                          .key = fixture_key(0, 2),
                          .reason = OUT_EVENT,
                          .until_ms = T0 + 100000};
    struct command suspect = {.kind = COMMAND_DEVICE_SUSPECT, .device = 1};

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    say(&s, 1, VALUE_OCCUPIED);
    count(&s, GATE_A, 1, 1);
    count(&s, GATE_B, 1, 1);
    count(&s, GATE_B, 3, 1);
    assert_int_equal(ask(&s, &out), ERR_OK);
    assert_int_equal(ask(&s, &suspect), ERR_OK);
    t = s;
    t.core = core = core_create(s.inv, &counters);
    for (uint32_t i = 0; i < 3; i++) {
        hand_space(&s, i, &t);
    }
    core_lot_image(s.core, 1, &image);
    core_restore(core, &image);
    image.at.seq--;
    image.lot.count_raw = 9; /* older: ignored */
    core_restore(core, &image);
    image.lot.key = fixture_key(5, 0);
    core_restore(core, &image); /* no such lot */
    assert_true(core_override_image(s.core, fixture_key(0, 2), &image));
    core_restore(core, &image);
    assert_true(core_suspect_image(s.core, 1, &image));
    core_restore(core, &image);
    core_restored(core, (struct now){.at_ms = T0 + 61000}, false);
    t.now_ms = T0 + 61000;
    assert_shows(&t, 0, SPACE_FREE, REASON_RESTORED);
    assert_int_equal(look_at(&t, 0).since_ms, T0);
    assert_shows(&t, 1, SPACE_OUT_OF_SERVICE, REASON_EVENT);
    assert_int_equal(lot_of(&t, 1).counts.occupied, 2);
    assert_int_equal(lot_of(&t, 1).reason, REASON_RESTORED);
    assert_adds_up(&t);
    go_to(&t, T0 + 100250);
    assert_shows(&t, 1, SPACE_UNKNOWN, REASON_SENSOR_SUSPECT);
    say(&t, 0, VALUE_FREE);
    assert_shows(&t, 0, SPACE_FREE, REASON_FRESH);
    go_to(&t, T0 + EVENT_LIMIT + 251);
    assert_int_equal(lot_of(&t, 1).counts.unknown, 10); /* ages went on from before the restart */
    assert_adds_up(&t);
    core_destroy(core);
    scene_close(&s);
}

static void test_clock_suspect(void **state)
{
    struct scene s;
    struct counters counters = {0};
    struct scene t;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    count(&s, GATE_A, 1, 1);
    count(&s, GATE_B, 1, 1);
    t = s;
    t.core = core_create(s.inv, &counters);
    hand_space(&s, 0, &t);
    hand_lot(&s, 1, &t);
    t.now_ms = T0 - 3600000; /* the wall clock lost an hour */
    core_restored(t.core, (struct now){.at_ms = t.now_ms}, true);
    assert_shows(&t, 0, SPACE_UNKNOWN, REASON_CLOCK_SUSPECT);
    assert_shows(&t, 1, SPACE_UNKNOWN, REASON_NEVER_HEARD);
    assert_int_equal(lot_of(&t, 1).reason, REASON_CLOCK_SUSPECT);
    assert_true(look_at(&t, 0).seen_ms <= t.now_ms);
    say(&t, 0, VALUE_FREE);
    assert_shows(&t, 0, SPACE_FREE, REASON_FRESH);
    assert_adds_up(&t);
    core_destroy(t.core);
    scene_close(&s);
}

/* A Redis that came after the start: images into a running core. */
static void test_late_restore(void **state)
{
    struct scene s;
    struct scene t;
    struct image image;
    struct command out = {.kind = COMMAND_SPACE_OUT, .key = fixture_key(0, 2)};
    struct command close = {.kind = COMMAND_LOT_CLOSE, .key = fixture_key(1, 0)};
    struct command suspect = {.kind = COMMAND_DEVICE_SUSPECT, .device = 0};

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    say(&s, 1, VALUE_FREE);
    assert_int_equal(ask(&s, &out), ERR_OK);
    assert_int_equal(ask(&s, &close), ERR_OK);
    open_scene(&t);
    t.now_ms += 1000;
    hand_space(&s, 0, &t);
    assert_shows(&t, 0, SPACE_FREE, REASON_RESTORED);
    assert_true(core_override_image(s.core, fixture_key(0, 2), &image));
    core_restore(t.core, &image);
    assert_int_equal(look_at(&t, 1).state, SPACE_OUT_OF_SERVICE);
    hand_lot(&s, 1, &t);
    assert_int_equal(lot_of(&t, 1).counts.out_of_service, 10);
    assert_int_equal(ask(&s, &suspect), ERR_OK);
    core_restore(t.core, &s.effects->kept[0]);
    assert_shows(&t, 0, SPACE_UNKNOWN, REASON_SENSOR_SUSPECT);
    core_restore(t.core, &s.effects->kept[1]); /* an audit row is nothing to the core */
    assert_adds_up(&t);
    go_to(&t, T0 + EVENT_LIMIT + 251);
    assert_adds_up(&t);
    scene_close(&t);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spaces_add_up), cmocka_unit_test(test_commands),
        cmocka_unit_test(test_swap),          cmocka_unit_test(test_restore),
        cmocka_unit_test(test_clock_suspect), cmocka_unit_test(test_late_restore),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
