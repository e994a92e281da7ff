/* A device in test: what it says is known and not counted, its end comes by itself, and the
 * reasoning of a space says all that. */
#include "bowei/explain.h"
#include "core_fixture.h"

/* Space 0 has one sensor, space 1 two of equal rank and a spare one; lot 1 counts with a gate. */
static const struct fixture_lot lots[] = {
    {.spaces = 2, .capacity = 0 },
    {.spaces = 0, .capacity = 10},
};

static const struct fixture_sensor sensors[] = {
    {.device = 0, .place = 0, .rank = 0, .timing = EVENT,   .gate = false},
    {.device = 1, .place = 1, .rank = 0, .timing = EVENT,   .gate = false},
    {.device = 2, .place = 1, .rank = 0, .timing = EVENT,   .gate = false},
    {.device = 3, .place = 1, .rank = 1, .timing = SAMPLED, .gate = false},
    {.device = 4, .place = 1, .rank = 0, .timing = EVENT,   .gate = true },
};

static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 2, .device_count = 5, .sensors = sensors, .sensor_count = 5};

static void open_scene(struct scene *s)
{
    scene_open(s, fixture_city(1, &spec));
}

static enum err test_device(struct scene *s, uint32_t device, int64_t until_ms)
{
    struct command test = {
        .kind = COMMAND_DEVICE_TEST, .device = device, .until_ms = until_ms, .actor = "li"};

    return ask(s, &test);
}

static struct space_explain why(struct scene *s, uint32_t slot)
{
    struct space_explain explain;
    struct command command = {
        .kind = COMMAND_SPACE_WHY, .key = s->inv->spaces[slot].key, .explain = &explain};

    assert_int_equal(ask(s, &command), ERR_OK);
    assert_int_equal(s->effects->kept_count, 0);
    assert_int_equal(s->effects->touched_count, 0);
    return explain;
}

static void test_magnet_is_not_counted(void **state)
{
    struct scene s;
    struct space_explain explain;
    struct image before, after;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    core_space_image(s.core, 0, &before);
    assert_int_equal(test_device(&s, 0, s.now_ms + 20000), ERR_OK);
    assert_int_equal(s.effects->kept[0].kind, IMAGE_SUSPECT);
    assert_int_equal(s.effects->kept[1].audit.command, COMMAND_DEVICE_TEST);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_SENSOR_SUSPECT);
    pass(&s, 1000);
    say(&s, 0, VALUE_OCCUPIED);
    assert_int_equal(look_at(&s, 0).state, SPACE_UNKNOWN);
    explain = why(&s, 0);
    assert_int_equal(explain.sensors[0].value, VALUE_OCCUPIED);
    assert_true(explain.sensors[0].in_test);
    assert_false(explain.sensors[0].suspect);
    assert_false(explain.sensors[0].votes);
    assert_int_equal(explain.sensors[0].test_until_ms, T0 + 20000);
    say(&s, 0, VALUE_FREE);
    assert_adds_up(&s);
    pass(&s, 19250); /* by itself, 250 ms late at most */
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    core_space_image(s.core, 0, &after);
    assert_int_equal(after.space.known_since_ms, before.space.known_since_ms);
    explain = why(&s, 0);
    assert_true(explain.sensors[0].votes);
    assert_false(explain.sensors[0].in_test);
    assert_adds_up(&s);
    scene_close(&s);
}

static void test_limits_and_end(void **state)
{
    struct scene s;
    struct command end = {.kind = COMMAND_DEVICE_TEST_END, .device = 0};
    struct command suspect = {.kind = COMMAND_DEVICE_SUSPECT, .device = 0, .actor = "wang"};
    struct image image;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    assert_int_equal(ask(&s, &end), ERR_CONFLICT);
    assert_int_equal(test_device(&s, 0, s.now_ms), ERR_UNPROCESSABLE);
    assert_int_equal(test_device(&s, 0, s.now_ms + COMMAND_TEST_MAX_MS + 1), ERR_UNPROCESSABLE);
    assert_int_equal(test_device(&s, 77, s.now_ms + 1000), ERR_NOT_FOUND);
    assert_int_equal(test_device(&s, 0, s.now_ms + 60000), ERR_OK);
    assert_int_equal(ask(&s, &end), ERR_OK);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    /* a distrusted device stays so behind its test, and says who distrusts it */
    assert_int_equal(ask(&s, &suspect), ERR_OK);
    assert_int_equal(test_device(&s, 0, s.now_ms + 1000), ERR_OK);
    pass(&s, 2000);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_SENSOR_SUSPECT);
    assert_true(core_suspect_image(s.core, 0, &image));
    assert_string_equal(image.suspect.actor, "wang");
    scene_close(&s);
}

static void test_taken_back(void **state)
{
    struct scene s;
    struct image image;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    assert_int_equal(test_device(&s, 0, s.now_ms + 60000), ERR_OK);
    core_undo(s.core);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    assert_false(core_suspect_image(s.core, 0, &image));
    assert_adds_up(&s);
    scene_close(&s);
}

static void test_the_other_sensor_goes_on(void **state)
{
    struct scene s;
    struct space_explain explain;

    (void)state;
    open_scene(&s);
    say(&s, 1, VALUE_FREE);
    say(&s, 2, VALUE_FREE);
    assert_int_equal(test_device(&s, 1, s.now_ms + 60000), ERR_OK);
    say(&s, 1, VALUE_OCCUPIED);
    assert_shows(&s, 1, SPACE_FREE, REASON_FRESH);
    explain = why(&s, 1);
    assert_int_equal(explain.sensor_count, 3);
    assert_int_equal(explain.decided_by, 1);
    assert_true(explain.sensors[1].votes);
    assert_int_equal(explain.sensors[2].why_not, REASON_NEVER_HEARD);
    scene_close(&s);
}

static void count_gate(struct scene *s, uint32_t in)
{
    struct reading reading = scene_reading(s, 4, VALUE_GATE);

    reading.gate_in = in;
    scene_read(s, &reading);
}

static void test_a_gate_in_test_counts_no_cars(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    count_gate(&s, 3);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 3);
    assert_int_equal(test_device(&s, 4, s.now_ms + 5000), ERR_OK);
    assert_int_equal(lot_of(&s, 1).counts.unknown, 10);
    pass(&s, 1000);
    count_gate(&s, 9);
    pass(&s, 5000);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 3);
    count_gate(&s, 10);
    assert_int_equal(lot_of(&s, 1).counts.occupied, 4);
    assert_adds_up(&s);
    scene_close(&s);
}

/* Images into a new core: a test goes on, one that ended meanwhile is over. */
static void test_restored(void **state)
{
    struct scene s;
    struct image space, test;
    struct core *core;
    struct space_live live;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    assert_int_equal(test_device(&s, 0, s.now_ms + 10000), ERR_OK);
    say(&s, 0, VALUE_OCCUPIED);
    core_space_image(s.core, 0, &space);
    assert_true(core_suspect_image(s.core, 0, &test));
    for (int later_s = 5; later_s <= 15; later_s += 10) {
        core = core_create(s.inv, &s.counters);
        core_restore(core, &test);
        core_restore(core, &space);
        core_restored(core, (struct now){.at_ms = T0 + later_s * 1000}, false);
        core_space_live(core, 0, &live);
        assert_int_equal(live.bits & 3, later_s < 10 ? SPACE_UNKNOWN : SPACE_OCCUPIED);
        assert_true((core_due(core) <= T0 + 10250) == (later_s < 10));
        core_destroy(core);
    }
    scene_close(&s);
}

static void test_why_pending_held_and_out(void **state)
{
    struct scene s;
    struct space_explain explain;
    struct command out = {.kind = COMMAND_SPACE_OUT,
                          .key = fixture_key(0, 2),
                          .reason = OUT_MAINTENANCE,
                          .actor = "li",
                          .note = "paint"};

    (void)state;
    open_scene(&s);
    explain = why(&s, 0);
    assert_int_equal(explain.reason, REASON_NEVER_HEARD);
    assert_int_equal(explain.sensors[0].why_not, REASON_NEVER_HEARD);
    say(&s, 1, VALUE_FREE);
    say(&s, 2, VALUE_FREE);
    say(&s, 3, VALUE_FREE);
    pass(&s, 1000);
    say(&s, 3, VALUE_OCCUPIED); /* sampled: waits for three */
    say(&s, 1, VALUE_OCCUPIED); /* disagrees with its twin: held */
    explain = why(&s, 1);
    assert_int_equal(explain.reason, REASON_HELD);
    assert_int_equal(explain.held_ms, s.now_ms);
    assert_int_equal(explain.held_until_ms, s.now_ms + 10000);
    assert_int_equal(explain.sensors[2].pending, VALUE_OCCUPIED);
    assert_int_equal(explain.sensors[2].samples, 1);
    assert_int_equal(explain.sensors[2].pending_due_ms, s.now_ms + 15000);
    assert_true(explain.sensors[2].live);
    assert_false(explain.sensors[2].votes); /* of a lower rank */
    assert_true(explain.sensors[0].votes);
    assert_int_equal(explain.confidence, look_at(&s, 1).confidence);
    assert_int_equal(ask(&s, &out), ERR_OK);
    explain = why(&s, 1);
    assert_true(explain.out);
    assert_string_equal(explain.out_note, "paint");
    assert_int_equal(explain.state, SPACE_OUT_OF_SERVICE);
    assert_int_equal(explain.fused, SPACE_FREE);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_magnet_is_not_counted),
        cmocka_unit_test(test_limits_and_end),
        cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_the_other_sensor_goes_on),
        cmocka_unit_test(test_a_gate_in_test_counts_no_cars),
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_why_pending_held_and_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
