/* Closed lots: each space is out of service with its lot, comes back with it, and its sensors are
 * heard underneath (STATES 7, 9). */
#include "core_fixture.h"

/* lot 0: 3 spaces, the last without a sensor; lot 1: 1 space; lot 2: a gate */
static const struct fixture_lot lots[] = {{.spaces = 3}, {.spaces = 1}, {.capacity = 10}};
static const struct fixture_sensor sensors[] = {
    {0, 0, 0, 0, false, EVENT},
    {1, 1, 0, 0, false, EVENT},
    {3, 2, 0, 0, false, EVENT},
    {2, 3, 0, 0, true,  EVENT},
};
static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 3, .sensors = sensors, .sensor_count = 4, .device_count = 4};

static void open_scene(struct scene *s)
{
    scene_open(s, fixture_city(1, &spec));
    say(s, 0, VALUE_FREE);
    say(s, 1, VALUE_OCCUPIED);
    say(s, 2, VALUE_FREE);
}

static enum err turn(struct scene *s, enum command_kind kind)
{
    struct command command = {.kind = kind, .key = fixture_key(0, 0)};

    return ask(s, &command);
}

/* The first `spaces` effects are slots 0, 1, ... as shown, then lot 0. */
static void assert_touched(const struct scene *s, size_t spaces)
{
    assert_int_equal(s->effects->touched_count, spaces + 1);
    for (size_t i = 0; i <= spaces; i++) {
        assert_true(s->effects->touched[i].shown);
        assert_int_equal(s->effects->touched[i].kind, i < spaces ? CHANGE_SPACE : CHANGE_LOT);
        assert_int_equal(s->effects->touched[i].index, i < spaces ? i : 0);
    }
}

static void assert_closed(const struct scene *s, uint32_t slot, int64_t since_ms)
{
    struct image image;

    assert_shows(s, slot, SPACE_OUT_OF_SERVICE, REASON_CLOSED);
    assert_int_equal(look_at(s, slot).since_ms, since_ms);
    core_space_image(s->core, slot, &image);
    assert_int_equal(image.space.shown_state, SPACE_OUT_OF_SERVICE);
    assert_int_equal(image.space.shown_reason, REASON_CLOSED);
    assert_int_equal(image.space.shown_since_ms, since_ms);
    assert_int_equal(image.space.confidence, 100);
}

static void test_close_and_open(void **state)
{
    struct scene s;
    uint32_t version;

    (void)state;
    open_scene(&s);
    version = lot_of(&s, 0).version;
    pass(&s, 60000);
    assert_int_equal(turn(&s, COMMAND_LOT_CLOSE), ERR_OK);
    assert_touched(&s, 3);
    assert_int_equal(lot_of(&s, 0).version, version + 1);
    for (uint32_t slot = 0; slot < 3; slot++) {
        assert_closed(&s, slot, T0 + 60000);
    }
    assert_int_equal(look_at(&s, 1).known_state, SPACE_OCCUPIED);
    assert_int_equal(look_at(&s, 1).known_since_ms, T0);
    assert_int_equal(look_at(&s, 3).state, SPACE_FREE); /* another lot */
    assert_adds_up(&s);
    pass(&s, 60000);
    say(&s, 1, VALUE_FREE); /* a departure underneath is known, and said so */
    assert_int_equal(s.effects->touched_count, 1);
    assert_true(s.effects->touched[0].shown);
    assert_closed(&s, 1, T0 + 60000);
    assert_int_equal(look_at(&s, 1).known_since_ms, T0 + 120000);
    say(&s, 1, VALUE_FREE);
    assert_false(s.effects->touched[0].shown);
    assert_adds_up(&s);
    pass(&s, 60000);
    assert_int_equal(turn(&s, COMMAND_LOT_OPEN), ERR_OK);
    assert_touched(&s, 3);
    assert_shows(&s, 0, SPACE_FREE, REASON_AGING);
    assert_int_equal(look_at(&s, 0).since_ms, T0 + 180000);
    assert_int_equal(look_at(&s, 0).known_since_ms, T0); /* no arrival, no departure */
    assert_shows(&s, 1, SPACE_FREE, REASON_FRESH);
    assert_shows(&s, 2, SPACE_UNKNOWN, REASON_UNBOUND);
    assert_adds_up(&s);
    say(&s, 0, VALUE_OCCUPIED);
    assert_int_equal(lot_of(&s, 0).counts.occupied, 1);
    assert_adds_up(&s);
    scene_close(&s);
}

/* What staff set on the space itself goes first; it ends by itself inside a closed lot. */
static void test_own_override(void **state)
{
    struct scene s;
    struct command out = {.kind = COMMAND_SPACE_OUT,
                          .key = fixture_key(0, 2),
                          .reason = OUT_EVENT,
                          .until_ms = T0 + 100000};
    struct command in = {.kind = COMMAND_SPACE_IN, .key = fixture_key(0, 1)};

    (void)state;
    open_scene(&s);
    assert_int_equal(ask(&s, &out), ERR_OK);
    pass(&s, 1000);
    assert_int_equal(turn(&s, COMMAND_LOT_CLOSE), ERR_OK);
    assert_int_equal(s.effects->touched_count, 3); /* slots 0 and 2, the lot */
    assert_shows(&s, 1, SPACE_OUT_OF_SERVICE, REASON_EVENT);
    assert_int_equal(look_at(&s, 1).since_ms, T0);
    assert_int_equal(ask(&s, &in), ERR_CONFLICT);
    assert_non_null(strstr(in.detail, "closed lot"));
    assert_adds_up(&s);
    go_to(&s, T0 + 100000);
    assert_closed(&s, 1, T0 + 1000);
    assert_adds_up(&s);
    out.until_ms = 0;
    assert_int_equal(ask(&s, &out), ERR_OK);
    assert_int_equal(turn(&s, COMMAND_LOT_OPEN), ERR_OK);
    assert_shows(&s, 1, SPACE_OUT_OF_SERVICE, REASON_EVENT);
    assert_int_equal(look_at(&s, 1).since_ms, T0 + 100000);
    assert_int_equal(lot_of(&s, 0).counts.out_of_service, 1);
    assert_adds_up(&s);
    scene_close(&s);
}

static void test_undo(void **state)
{
    struct scene s;
    struct image before[4];
    struct image after;
    struct lot_view lot;

    (void)state;
    open_scene(&s);
    for (int open = 0; open < 2; open++) {
        pass(&s, 1000);
        for (uint32_t i = 0; i < 4; i++) {
            core_space_image(s.core, i, &before[i]);
        }
        lot = lot_of(&s, 0);
        assert_int_equal(turn(&s, open ? COMMAND_LOT_OPEN : COMMAND_LOT_CLOSE), ERR_OK);
        core_undo(s.core);
        for (uint32_t i = 0; i < 4; i++) {
            core_space_image(s.core, i, &after);
            assert_memory_equal(&before[i], &after, sizeof after);
        }
        assert_int_equal(lot_of(&s, 0).closed, lot.closed);
        assert_int_equal(lot_of(&s, 0).version, lot.version);
        assert_adds_up(&s);
        assert_int_equal(turn(&s, open ? COMMAND_LOT_OPEN : COMMAND_LOT_CLOSE), ERR_OK);
        assert_adds_up(&s);
    }
    scene_close(&s);
}

/* At the start, or late: the lot's image alone closes its spaces, and says when it was opened. */
static void test_restart(void **state)
{
    struct counters counters = {0};

    (void)state;
    for (int way = 0; way < 4; way++) {
        const bool late = (way & 1) != 0;
        const bool opened = (way & 2) != 0;
        struct scene s;
        struct scene t;

        open_scene(&s);
        pass(&s, 60000);
        assert_int_equal(turn(&s, COMMAND_LOT_CLOSE), ERR_OK);
        pass(&s, 60000);
        if (opened) {
            assert_int_equal(turn(&s, COMMAND_LOT_OPEN), ERR_OK);
        }
        t = s;
        t.core = core_create(s.inv, &counters);
        if (late) {
            core_restored(t.core, (struct now){.at_ms = s.now_ms + 1000}, false);
        }
        for (uint32_t i = 0; i < 3; i++) {
            hand_space(&s, i, &t);
        }
        hand_lot(&s, 0, &t);
        if (!late) {
            core_restored(t.core, (struct now){.at_ms = s.now_ms + 1000}, false);
        }
        assert_adds_up(&t);
        assert_int_equal(look_at(&t, 0).since_ms, look_at(&s, 0).since_ms);
        if (opened) {
            assert_shows(&t, 0, SPACE_FREE, REASON_RESTORED);
        } else {
            assert_closed(&t, 0, T0 + 60000);
            assert_closed(&t, 2, T0 + 60000);
            assert_int_equal(lot_of(&t, 0).counts.out_of_service, 3);
            t.now_ms += 1000;
            assert_int_equal(turn(&t, COMMAND_LOT_OPEN), ERR_OK);
            assert_shows(&t, 0, SPACE_FREE, REASON_RESTORED);
        }
        assert_adds_up(&t);
        core_destroy(t.core);
        scene_close(&s);
    }
}

/* A closed lot stays closed under a new inventory; a space that joins it is closed with it, one
 * that is removed is not shown at all. */
static void test_swap(void **state)
{
    static const struct fixture_lot next_lots[] = {
        {.spaces = 3}, {.spaces = 1}, {.capacity = 10}, {.spaces = 1}};
    static const struct fixture_spec next = {.lots = next_lots,
                                             .lot_count = 4,
                                             .sensors = sensors,
                                             .sensor_count = 4,
                                             .device_count = 4,
                                             .removed = 1};
    struct scene s;
    struct inventory *inv = fixture_city(2, &next);

    (void)state;
    open_scene(&s);
    inv->spaces[4].lot = 0; /* the new slot is another space of lot 0 */
    inv->lots[0].capacity++;
    inv->lots[3].capacity--;
    assert_int_equal(turn(&s, COMMAND_LOT_CLOSE), ERR_OK);
    pass(&s, 1000);
    swap(&s, inv);
    assert_adds_up(&s);
    assert_int_equal(lot_of(&s, 0).counts.out_of_service, 3);
    assert_closed(&s, 1, T0);
    assert_closed(&s, 4, T0);
    assert_int_equal(look_at(&s, 0).state, SPACE_UNKNOWN);
    assert_int_equal(turn(&s, COMMAND_LOT_OPEN), ERR_OK);
    assert_int_equal(s.effects->touched_count, 4); /* 1, 2, 4 and the lot */
    assert_shows(&s, 1, SPACE_OCCUPIED, REASON_FRESH);
    assert_adds_up(&s);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_and_open), cmocka_unit_test(test_own_override),
        cmocka_unit_test(test_undo),           cmocka_unit_test(test_restart),
        cmocka_unit_test(test_swap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
