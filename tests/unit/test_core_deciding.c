/* Another sensor decides, or fewer take part: what readers judge age and confidence by changes
 * without the state, and must reach them. */
#include "gateway/core/space/sensor.h"
#include "tests/unit/core_fixture.h"

static const struct fixture_lot lots[] = {{.spaces = 1}};
static const struct fixture_sensor two[] = {
    {.place = 0, .device = 0, .rank = 0, .timing = SAMPLED},
    {.place = 0, .device = 1, .rank = 1, .timing = EVENT  },
};
static const struct fixture_sensor three[] = {
    {.place = 0, .device = 2, .rank = 0, .timing = EVENT  },
    {.place = 0, .device = 0, .rank = 1, .timing = SAMPLED},
    {.place = 0, .device = 1, .rank = 2, .timing = EVENT  },
};
static const struct fixture_spec city = {
    .lots = lots, .sensors = two, .lot_count = 1, .sensor_count = 2, .device_count = 2};
static const struct fixture_spec more = {
    .lots = lots, .sensors = three, .lot_count = 1, .sensor_count = 3, .device_count = 3};

/* What a reader holds: the record as it was put last. */
struct reader {
    struct space_live live;
};

static void put_touched(struct reader *r, const struct scene *s)
{
    for (size_t i = 0; i < s->effects->touched_count; i++) {
        if (s->effects->touched[i].kind == CHANGE_SPACE) {
            core_space_live(s->core, s->effects->touched[i].index, &r->live);
        }
    }
}

static void assert_current(const struct reader *r, const struct scene *s)
{
    struct space_live live;

    core_space_live(s->core, 0, &live);
    assert_int_equal(r->live.bits, live.bits);
    assert_int_equal(r->live.since_ms, live.since_ms);
    assert_int_equal(r->live.seen_ms, live.seen_ms);
}

static void tick(struct reader *r, struct scene *s, int64_t ms)
{
    const int64_t until_ms = s->now_ms + ms;

    while (s->now_ms < until_ms) {
        s->now_ms += 250;
        s->effects = core_advance(s->core, (struct now){.at_ms = s->now_ms});
        put_touched(r, s);
    }
}

static enum space_state seen_by(const struct reader *r, const struct scene *s)
{
    struct space_view view;

    space_live_judge(&r->live, &s->inv->timings[r->live.bits >> 23], s->now_ms, &view);
    return view.state;
}

/* Both sensors say that a car is there, and the reader holds it. */
static void open_occupied(struct scene *s, struct reader *r)
{
    scene_open(s, fixture_city(1, &city));
    for (uint32_t sensor = 0; sensor < 2; sensor++) {
        say(s, sensor, VALUE_OCCUPIED);
        put_touched(r, s);
    }
}

/* The polled sensor falls silent, the one that reports by itself goes on saying the same. */
static void the_next_sensor_takes_over(void **state)
{
    struct scene s;
    struct reader r = {0};

    (void)state;
    open_occupied(&s, &r);
    tick(&r, &s, SAMPLED_LIMIT + 2000);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    assert_current(&r, &s);
    assert_int_equal(seen_by(&r, &s), SPACE_OCCUPIED);
    scene_close(&s);
}

/* The other way round: the better one goes on, and is alone now. */
static void one_that_falls_silent_costs_confidence(void **state)
{
    struct scene s;
    struct reader r = {0};

    (void)state;
    scene_open(&s, fixture_city(1, &city));
    say(&s, 1, VALUE_OCCUPIED);
    put_touched(&r, &s);
    tick(&r, &s, EVENT_LIMIT - 10000);
    say(&s, 0, VALUE_OCCUPIED);
    put_touched(&r, &s);
    tick(&r, &s, 12000);
    assert_current(&r, &s);
    scene_close(&s);
}

static void distrust_costs_confidence(void **state)
{
    struct scene s;
    struct reader r = {0};
    struct command command = {.kind = COMMAND_DEVICE_SUSPECT, .device = 1};

    (void)state;
    open_occupied(&s, &r);
    assert_int_equal(ask(&s, &command), ERR_OK);
    put_touched(&r, &s);
    assert_current(&r, &s);
    core_undo(s.core); /* the journal refused it */
    core_space_live(s.core, 0, &r.live);
    scene_close(&s);
}

/* A third sensor is bound before both: places in the list and classes of timing move. */
static void an_inventory_moves_sensors(void **state)
{
    struct scene s;
    struct reader r = {0};

    (void)state;
    open_occupied(&s, &r);
    swap(&s, fixture_city(2, &more));
    put_touched(&r, &s);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    assert_current(&r, &s);
    scene_close(&s);
}

static struct inventory *inverted_city(uint64_t version, bool inverted)
{
    struct inventory *inv = fixture_city(version, &city);

    inv->sensors[0].inverted = inverted;
    return inv;
}

/* A device wired the wrong way round means the opposite of what it says; what it said before it was
 * known to be so is no word for the new meaning. */
static void an_inverted_sensor_means_the_opposite(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, inverted_city(1, true));
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    say(&s, 0, VALUE_FAULT);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_DEVICE_FAULT);
    say(&s, 0, VALUE_OCCUPIED);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    swap(&s, inverted_city(2, false));
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    say(&s, 0, VALUE_OCCUPIED);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    swap(&s, inverted_city(3, false));
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    scene_close(&s);
}

/* An image of before is not read as one of after. */
static void an_inverted_sensor_has_another_tag(void **state)
{
    struct inventory *plain = inverted_city(1, false);
    struct inventory *inverted = inverted_city(2, true);

    (void)state;
    assert_int_not_equal(sensor_tag_of(plain, &plain->sensors[0]),
                         sensor_tag_of(inverted, &inverted->sensors[0]));
    assert_int_equal(sensor_tag_of(plain, &plain->sensors[1]),
                     sensor_tag_of(inverted, &inverted->sensors[1]));
    inventory_destroy(plain);
    inventory_destroy(inverted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_sensor_takes_over),
        cmocka_unit_test(one_that_falls_silent_costs_confidence),
        cmocka_unit_test(distrust_costs_confidence),
        cmocka_unit_test(an_inventory_moves_sensors),
        cmocka_unit_test(an_inverted_sensor_means_the_opposite),
        cmocka_unit_test(an_inverted_sensor_has_another_tag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
