/* Times that lie ahead of or behind where they are expected: a late word that began a stay, and
 * images of a clock that was ahead. */
#include "tests/unit/core_fixture.h"

static const struct fixture_lot lots[] = {{.spaces = 1}, {.capacity = 10}};
static const struct fixture_sensor sensors[] = {
    {.place = 0,   .device = 0 },
    { .place = 1, .device = 1, .gate = true},
};
static const struct fixture_spec spec = {
    .lots = lots, .sensors = sensors, .lot_count = 2, .sensor_count = 2, .device_count = 2};

/* Unknown since 7 min, known to be free from 60 min on by a word that came late, heard again after
 * 180 min: two hours of the stay were unknown, not three. */
static void a_gap_is_no_longer_than_its_stay(void **state)
{
    struct scene s;
    struct image image;

    (void)state;
    scene_open(&s, fixture_city(1, &spec));
    say_dated(&s, 0, VALUE_OCCUPIED, T0);
    pass(&s, 2 * 3600000);
    say_dated(&s, 0, VALUE_FREE, T0 + 3600000);
    image = kept_of(&s, 0);
    assert_int_equal(image.space.state, SPACE_UNKNOWN);
    assert_int_equal(image.space.known_state, SPACE_FREE);
    assert_int_equal(image.space.known_since_ms, T0 + 3600000);
    pass(&s, 3600000);
    say_dated(&s, 0, VALUE_FREE, s.now_ms);
    image = kept_of(&s, 0);
    assert_int_equal(image.space.state, SPACE_FREE);
    assert_int_equal(image.space.known_since_ms, T0 + 3600000);
    assert_int_equal(image.space.gap_s, 2 * 3600);
    scene_close(&s);
}

/* Redis was filled by a host whose clock was a second ahead; it came back after our start. */
static void late_images_of_a_fast_clock_grow_old(void **state)
{
    struct scene fast;
    struct scene s;

    (void)state;
    scene_open(&fast, fixture_city(1, &spec));
    pass(&fast, 1000); /* more, and the clock is suspect: test_core_late.c */
    say(&fast, 0, VALUE_FREE);
    count(&fast, 1, 4, 0);
    scene_open(&s, fixture_city(1, &spec));
    hand_space(&fast, 0, &s);
    hand_lot(&fast, 1, &s);
    scene_close(&fast);
    assert_shows(&s, 0, SPACE_FREE, REASON_RESTORED);
    assert_int_equal(lot_of(&s, 1).counts.free, 6);
    pass(&s, EVENT_LIMIT + 1000);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_SILENT);
    assert_int_equal(lot_of(&s, 1).counts.unknown, 10);
    scene_close(&s);
}

/* The same at a start: a sensor that flapped an hour from now is believed after ten quiet minutes.
 */
static void a_flapping_of_a_fast_clock_ends(void **state)
{
    struct scene fast;
    struct scene s;

    (void)state;
    scene_open(&fast, fixture_city(1, &spec));
    pass(&fast, 3600000);
    for (unsigned i = 0; i < 12; i++) {
        say(&fast, 0, i % 2 == 0 ? VALUE_FREE : VALUE_OCCUPIED);
        pass(&fast, 1000);
    }
    assert_shows(&fast, 0, SPACE_UNKNOWN, REASON_FLAPPING);
    scene_begin(&s, fixture_city(1, &spec));
    hand_space(&fast, 0, &s);
    scene_close(&fast);
    core_restored(s.core, (struct now){.at_ms = T0}, false);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_FLAPPING);
    for (unsigned i = 0; i < 11; i++) {
        say(&s, 0, VALUE_OCCUPIED); /* as it was: no change begins the quiet anew */
        pass(&s, 60000);
    }
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    scene_close(&s);
}

/* The wall clock was set back by an hour while a link was gone: what its break is dated is ahead.
 */
static void a_break_lies_never_ahead(void **state)
{
    struct scene s;
    struct input input;

    (void)state;
    scene_open(&s, fixture_city(1, &spec));
    say(&s, 0, VALUE_FREE);
    pass(&s, 60000);
    input = scene_lost(&s, "link", s.now_ms + 3600000);
    s.effects = core_step(s.core, &input);
    assert_shows(&s, 0, SPACE_FREE, REASON_SESSION_GAP);
    pass(&s, 1000);
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    scene_close(&s);
}

/* An inventory that numbers the links otherwise came between the loss and its turn; dev-000 is
 * another link's now. */
static void a_lost_session_is_its_own_links(void **state)
{
    static const char *const names[] = {"lora", "link"};
    static const struct fixture_lot lot = {.spaces = 2};
    static const struct fixture_sensor bays[] = {
        {.place = 0  },
        { .place = 1, .device = 1}
    };
    static const struct fixture_spec two = {
        .lots = &lot, .sensors = bays, .lot_count = 1, .sensor_count = 2, .device_count = 2};
    struct inventory *next = fixture_city(2, &two);
    struct input lost;
    struct scene s;

    (void)state;
    next->sources = realloc(next->sources, sizeof names);
    assert_non_null(next->sources);
    memcpy(next->sources, names, sizeof names);
    next->source_count = 2;
    next->devices[1].source = 1;
    scene_open(&s, fixture_city(1, &two));
    say(&s, 0, VALUE_FREE);
    say(&s, 1, VALUE_FREE);
    pass(&s, 10000);
    lost = scene_lost(&s, "link", T0 + 5000);
    swap(&s, next);
    lost.at.seq = ++s.seq;
    s.effects = core_step(s.core, &lost);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    assert_shows(&s, 1, SPACE_FREE, REASON_SESSION_GAP);
    lost = scene_lost(&s, "gone", T0 + 5000); /* none of its devices is left */
    s.effects = core_step(s.core, &lost);
    assert_int_equal(s.effects->touched_count, 0);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_is_no_longer_than_its_stay),
        cmocka_unit_test(late_images_of_a_fast_clock_grow_old),
        cmocka_unit_test(a_flapping_of_a_fast_clock_ends),
        cmocka_unit_test(a_break_lies_never_ahead),
        cmocka_unit_test(a_lost_session_is_its_own_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
