/* One space: the state table, every reason, order, debounce, flapping, fusion, held, override
 * (STATES). */
#include "core_fixture.h"
#include "gateway/core/space/sensor.h"

/* slot 0: one event sensor; 1: one sampled; 2: two equals + one of rank 1; 3: unbound; 4: event,
 * own device */
static const struct fixture_lot lots[] = {{.spaces = 5}};
static const struct fixture_sensor sensors[] = {
    {0, 0, 0, 0, false, EVENT  },
    {1, 1, 0, 0, false, SAMPLED},
    {2, 2, 0, 0, false, EVENT  },
    {2, 3, 0, 0, false, EVENT  },
    {2, 4, 0, 1, false, EVENT  },
    {4, 5, 0, 0, false, EVENT  },
};
static const struct fixture_spec spec = {
    .lots = lots, .lot_count = 1, .sensors = sensors, .sensor_count = 6, .device_count = 6};

static void open_scene(struct scene *s)
{
    scene_open(s, fixture_city(1, &spec));
}

static struct command out_of(enum out_reason reason, unsigned slot, int64_t until_ms)
{
    return (struct command){.kind = COMMAND_SPACE_OUT,
                            .key = fixture_key(0, slot + 1),
                            .reason = reason,
                            .until_ms = until_ms,
                            .actor = "chen"};
}

static struct command back_in(unsigned slot)
{
    return (struct command){.kind = COMMAND_SPACE_IN, .key = fixture_key(0, slot + 1)};
}

static void test_starts_unknown(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_NEVER_HEARD);
    assert_shows(&s, 3, SPACE_UNKNOWN, REASON_UNBOUND);
    assert_int_equal(look_at(&s, 0).known_state, SPACE_UNKNOWN);
    assert_int_equal(look_at(&s, 0).confidence, 0);
    assert_adds_up(&s);
    scene_close(&s);
}

/* rows free and occupied of the table, columns occupied, free, no live sensor */
static void test_table_free_occupied(void **state)
{
    struct scene s;
    struct space_view v;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    assert_true(s.effects->touched[0].shown);
    pass(&s, 5000);
    say(&s, 0, VALUE_FREE); /* renew */
    v = look_at(&s, 0);
    assert_int_equal(v.since_ms, T0);
    assert_int_equal(v.seen_ms, T0 + 5000);
    assert_int_equal(s.effects->touched_count, 1);
    assert_false(s.effects->touched[0].shown);
    pass(&s, 1000);
    say(&s, 0, VALUE_OCCUPIED); /* arrival */
    v = look_at(&s, 0);
    assert_int_equal(v.state, SPACE_OCCUPIED);
    assert_int_equal(v.since_ms, T0 + 6000);
    assert_int_equal(v.known_since_ms, T0 + 6000);
    pass(&s, 1000);
    say(&s, 0, VALUE_OCCUPIED);
    assert_int_equal(look_at(&s, 0).since_ms, T0 + 6000);
    say(&s, 0, VALUE_FREE); /* departure */
    assert_int_equal(look_at(&s, 0).known_since_ms, T0 + 7000);
    pass(&s, EVENT_LIMIT);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    pass(&s, 251);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_SILENT);
    assert_int_equal(look_at(&s, 0).since_ms, T0 + 7000 + EVENT_LIMIT + 1);
    assert_int_equal(look_at(&s, 0).known_state, SPACE_FREE);
    assert_adds_up(&s);
    scene_close(&s);
}

/* row unknown: equal known ends no stay and adds to the gap; another one is an arrival or departure
 */
static void test_table_unknown(void **state)
{
    struct scene s;
    struct image image;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_OCCUPIED);
    pass(&s, 1000);
    say(&s, 0, VALUE_LINK_LOST);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_LINK_LOST);
    pass(&s, 7000);
    say(&s, 0, VALUE_OCCUPIED);
    core_space_image(s.core, 0, &image);
    assert_int_equal(image.space.gap_s, 7);
    assert_int_equal(image.space.known_since_ms, T0);
    assert_int_equal(image.space.since_ms, T0 + 8000);
    say(&s, 0, VALUE_FAULT);
    pass(&s, 1000);
    say(&s, 0, VALUE_FREE);
    core_space_image(s.core, 0, &image);
    assert_int_equal(image.space.gap_s, 0);
    assert_int_equal(image.space.known_state, SPACE_FREE);
    assert_int_equal(image.space.known_since_ms, T0 + 9000);
    scene_close(&s);
}

/* row out_of_service and the override columns */
static void test_table_override(void **state)
{
    struct scene s;
    struct command in = back_in(0);
    struct command out = out_of(OUT_MAINTENANCE, 0, 0);
    struct space_view v;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    assert_int_equal(ask(&s, &in), ERR_CONFLICT); /* cleared: 409 */
    assert_true(strlen(in.detail) > 0);
    assert_int_equal(s.effects->kept_count, 0);
    pass(&s, 1000);
    assert_int_equal(ask(&s, &out), ERR_OK);
    assert_int_equal(s.effects->kept_count, 2);
    assert_int_equal(s.effects->kept[0].kind, IMAGE_OVERRIDE);
    assert_int_equal(s.effects->kept[1].kind, IMAGE_AUDIT);
    assert_int_equal(s.effects->kept[1].at.seq, s.seq);
    assert_shows(&s, 0, SPACE_OUT_OF_SERVICE, REASON_MAINTENANCE);
    assert_int_equal(look_at(&s, 0).confidence, 100);
    assert_adds_up(&s);
    pass(&s, 1000);
    say(&s, 0, VALUE_OCCUPIED); /* known only */
    v = look_at(&s, 0);
    assert_int_equal(v.state, SPACE_OUT_OF_SERVICE);
    assert_int_equal(v.known_state, SPACE_OCCUPIED);
    assert_int_equal(v.since_ms, T0 + 1000);
    out.reason = OUT_EVENT; /* override set again: reason, until */
    pass(&s, 1000);
    assert_int_equal(ask(&s, &out), ERR_OK);
    assert_shows(&s, 0, SPACE_OUT_OF_SERVICE, REASON_EVENT);
    assert_int_equal(look_at(&s, 0).since_ms, T0 + 1000);
    pass(&s, 1000);
    assert_int_equal(ask(&s, &in), ERR_OK); /* fused value, no arrival */
    v = look_at(&s, 0);
    assert_int_equal(v.state, SPACE_OCCUPIED);
    assert_int_equal(v.since_ms, T0 + 4000);
    assert_int_equal(v.known_since_ms, T0 + 2000);
    assert_int_equal(ask(&s, &in), ERR_CONFLICT);
    scene_close(&s);
}

static void test_override_reasons_and_end(void **state)
{
    static const enum reason reasons[] = {REASON_MAINTENANCE, REASON_CLOSED, REASON_EVENT,
                                          REASON_WITHDRAWN};
    struct scene s;
    struct command in = back_in(0);

    (void)state;
    open_scene(&s);
    for (unsigned i = 0; i < OUT_REASON_COUNT; i++) {
        struct command out = out_of((enum out_reason)i, 0, 0);

        assert_int_equal(ask(&s, &out), ERR_OK);
        assert_shows(&s, 0, SPACE_OUT_OF_SERVICE, reasons[i]);
    }
    struct command until = out_of(OUT_CLOSED, 0, s.now_ms + 60000);
    assert_int_equal(ask(&s, &until), ERR_OK);
    pass(&s, 59999);
    assert_int_equal(look_at(&s, 0).state, SPACE_OUT_OF_SERVICE);
    pass(&s, 251);
    assert_int_equal(look_at(&s, 0).state, SPACE_UNKNOWN);
    assert_int_equal(look_at(&s, 0).since_ms, T0 + 60000);
    assert_int_equal(ask(&s, &in), ERR_CONFLICT);
    until.until_ms = s.now_ms;
    assert_int_equal(ask(&s, &until), ERR_UNPROCESSABLE);
    until.key = fixture_key(0, 77);
    assert_int_equal(ask(&s, &until), ERR_NOT_FOUND);
    until.key = fixture_key(0, 1);
    until.reason = OUT_REASON_COUNT;
    assert_int_equal(ask(&s, &until), ERR_UNPROCESSABLE);
    scene_close(&s);
}

static void test_unknown_reasons(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_ALIVE);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    say(&s, 0, VALUE_FREE);
    say(&s, 0, VALUE_START);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    say(&s, 0, VALUE_ALIVE); /* says nothing of the place */
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    say(&s, 0, VALUE_FAULT);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_DEVICE_FAULT);
    say(&s, 0, VALUE_LINK_LOST);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_LINK_LOST);
    say(&s, 0, VALUE_OCCUPIED);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    pass(&s, 60001);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_AGING);
    scene_close(&s);
}

static void test_alive_renews(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    for (int i = 0; i < 5; i++) {
        pass(&s, EVENT_LIMIT - 1000);
        assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
        say(&s, 0, VALUE_ALIVE);
    }
    assert_int_equal(look_at(&s, 0).since_ms, T0);
    scene_close(&s);
}

/* Only a space that is known free may be taken for empty; force says so all the same. */
static void test_recalibrate(void **state)
{
    struct scene s;
    struct command command = {.kind = COMMAND_DEVICE_RECALIBRATE,
                              .device = 0,
                              .channel = COMMAND_ALL_CHANNELS,
                              .actor = "li",
                              .note = "all channels"};
    struct command out = {.kind = COMMAND_SPACE_OUT, .actor = "li"};

    (void)state;
    open_scene(&s);
    out.key = core_inventory(s.core)->spaces[0].key;
    assert_int_equal(ask(&s, &command), ERR_CONFLICT); /* never heard */
    assert_non_null(strstr(command.detail, "is unknown, not known free"));
    assert_int_equal(s.effects->kept_count, 0);
    say(&s, 0, VALUE_OCCUPIED);
    assert_int_equal(ask(&s, &command), ERR_CONFLICT);
    command.force = true;
    assert_int_equal(ask(&s, &command), ERR_OK);
    command.force = false;
    say(&s, 0, VALUE_FREE);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(ask(&s, &command), ERR_OK);
    assert_int_equal(s.effects->kept_count, 1);
    assert_int_equal(s.effects->touched_count, 0);
    assert_int_equal(s.effects->kept[0].kind, IMAGE_AUDIT);
    assert_int_equal(s.effects->kept[0].audit.command, COMMAND_DEVICE_RECALIBRATE);
    assert_int_equal(s.effects->kept[0].audit.device_len, 7);
    assert_string_equal(s.effects->kept[0].audit.note, "all channels");
    core_undo(s.core);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(ask(&s, &out), ERR_OK); /* what the sensor sees goes on underneath */
    assert_int_equal(look_at(&s, 0).state, SPACE_OUT_OF_SERVICE);
    assert_int_equal(ask(&s, &command), ERR_OK);
    command.channel = 77;
    assert_int_equal(ask(&s, &command), ERR_CONFLICT);
    assert_non_null(strstr(command.detail, "no space is bound there"));
    command.device = 99;
    assert_int_equal(ask(&s, &command), ERR_NOT_FOUND);
    scene_close(&s);
}

static void test_suspect(void **state)
{
    struct scene s;
    struct command suspect = {.kind = COMMAND_DEVICE_SUSPECT, .device = 0, .actor = "li"};
    struct command trust = {.kind = COMMAND_DEVICE_TRUST, .device = 0};
    struct image image;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    assert_int_equal(ask(&s, &trust), ERR_CONFLICT);
    assert_false(core_suspect_image(s.core, 0, &image));
    assert_int_equal(ask(&s, &suspect), ERR_OK);
    assert_int_equal(s.effects->kept[0].kind, IMAGE_SUSPECT);
    assert_int_equal(s.effects->kept[1].audit.device_len, 7);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_SENSOR_SUSPECT);
    assert_true(core_suspect_image(s.core, 0, &image));
    assert_int_equal(ask(&s, &suspect), ERR_CONFLICT);
    say(&s, 0, VALUE_FREE);
    assert_int_equal(look_at(&s, 0).state, SPACE_UNKNOWN);
    assert_int_equal(ask(&s, &trust), ERR_OK);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    suspect.device = 99;
    assert_int_equal(ask(&s, &suspect), ERR_NOT_FOUND);
    struct input input = scene_input(&s, INPUT_COMMAND);
    input.command = &suspect;
    suspect.inventory_version = 7;
    s.effects = core_step(s.core, &input);
    assert_int_equal(suspect.result, ERR_UNAVAILABLE);
    scene_close(&s);
}

static void test_undo(void **state)
{
    struct scene s;
    struct command suspect = {.kind = COMMAND_DEVICE_SUSPECT, .device = 0};
    struct command out = out_of(OUT_EVENT, 0, 0);
    struct command close = {.kind = COMMAND_LOT_CLOSE, .key = fixture_key(0, 0)};
    struct command *const all[] = {&suspect, &out, &close};
    struct image before, after, none;
    struct lot_view lot_before, lot_after;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    pass(&s, 5000);
    core_space_image(s.core, 0, &before);
    core_lot_view(s.core, 0, &lot_before);
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        assert_int_equal(ask(&s, all[i]), ERR_OK);
        core_undo(s.core);
        core_space_image(s.core, 0, &after);
        core_lot_view(s.core, 0, &lot_after);
        assert_memory_equal(&before, &after, sizeof before);
        assert_memory_equal(&lot_before.counts, &lot_after.counts, sizeof lot_before.counts);
        assert_int_equal(lot_before.version, lot_after.version);
        assert_int_equal(lot_before.changed_ms, lot_after.changed_ms);
        assert_false(lot_after.closed);
        assert_adds_up(&s);
    }
    assert_false(core_override_image(s.core, fixture_key(0, 1), &none));
    assert_false(core_suspect_image(s.core, 0, &none));
    pass(&s, EVENT_LIMIT); /* its timers still work */
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_SILENT);
    scene_close(&s);
}

/* What fell due before an undone command is not its doing: it stays, at its own moment, and what is
 * left of the effects shows it. */
static void test_undo_keeps_what_fell_due(void **state)
{
    struct scene s;
    struct command suspect = {.kind = COMMAND_DEVICE_SUSPECT, .device = 0};
    struct command out = out_of(OUT_EVENT, 0, 0);
    struct command *const all[] = {&suspect, &out};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        open_scene(&s);
        say(&s, 0, VALUE_FREE);
        s.now_ms += EVENT_LIMIT + 101; /* no timer has fired since */
        assert_int_equal(ask(&s, all[i]), ERR_OK);
        core_undo(s.core);
        assert_shows(&s, 0, SPACE_UNKNOWN, REASON_SILENT);
        assert_int_equal(look_at(&s, 0).since_ms, T0 + EVENT_LIMIT + 1);
        assert_int_equal(s.effects->kept_count, 0);
        assert_int_equal(s.effects->touched_count, 2);
        assert_int_equal(s.effects->touched[0].kind, CHANGE_SPACE);
        assert_int_equal(s.effects->touched[0].index, 0);
        assert_true(s.effects->touched[0].shown);
        assert_int_equal(s.effects->touched[1].kind, CHANGE_LOT);
        assert_adds_up(&s);
        scene_close(&s);
    }
}

/* Staff trust a device again after its test was over: nothing votes back then after a restart. */
static void test_trust_forgets_a_test_that_is_over(void **state)
{
    struct scene s;
    struct command suspect = {.kind = COMMAND_DEVICE_SUSPECT, .device = 0};
    struct command test = {.kind = COMMAND_DEVICE_TEST, .device = 0, .until_ms = T0 + 60000};
    struct command trust = {.kind = COMMAND_DEVICE_TRUST, .device = 0};
    struct image image;

    (void)state;
    open_scene(&s);
    assert_int_equal(ask(&s, &suspect), ERR_OK);
    assert_int_equal(ask(&s, &test), ERR_OK);
    pass(&s, 50000);
    assert_int_equal(ask(&s, &trust), ERR_OK);
    assert_true(core_suspect_image(s.core, 0, &image));
    assert_int_equal(image.suspect.test_until_ms, T0 + 60000);
    assert_int_equal(ask(&s, &suspect), ERR_OK);
    pass(&s, 50000);
    assert_int_equal(ask(&s, &trust), ERR_OK);
    assert_true(core_suspect_image(s.core, 0, &image));
    assert_int_equal(image.suspect.test_until_ms, 0);
    scene_close(&s);
}

static void test_session_gap(void **state)
{
    struct scene s;
    struct input lost;
    struct reading old;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    say(&s, 2, VALUE_FREE);
    say(&s, 3, VALUE_FREE);
    pass(&s, 10000);
    say(&s, 1, VALUE_FREE);
    lost = scene_lost(&s, "link", T0 + 5000);
    s.effects = core_step(s.core, &lost);
    assert_int_equal(s.effects->touched_count, 2);
    assert_shows(&s, 0, SPACE_FREE, REASON_SESSION_GAP);
    assert_shows(&s, 1, SPACE_FREE, REASON_FRESH); /* heard since */
    assert_shows(&s, 2, SPACE_FREE, REASON_SESSION_GAP);
    assert_int_equal(look_at(&s, 0).confidence, 97 * 50 / 100);
    old = scene_reading(&s, 0, VALUE_FREE);
    old.has = HAS_NET_TIME;
    old.net_time_ms = T0 + 4000; /* from before the break: the gap stays */
    scene_read(&s, &old);
    assert_shows(&s, 0, SPACE_FREE, REASON_SESSION_GAP);
    say(&s, 0, VALUE_FREE);
    assert_shows(&s, 0, SPACE_FREE, REASON_FRESH);
    scene_close(&s);
}

static struct reading framed(const struct scene *s, enum reading_value value, uint32_t counter,
                             int64_t net_ms)
{
    struct reading reading = scene_reading(s, 0, value);

    reading.has = HAS_COUNTER | (net_ms != 0 ? HAS_NET_TIME : 0);
    reading.counter = counter;
    reading.net_time_ms = net_ms;
    return reading;
}

static void send(struct scene *s, enum reading_value value, uint32_t counter, int64_t net_ms)
{
    const struct reading reading = framed(s, value, counter, net_ms);

    scene_read(s, &reading);
}

static void test_order_counter(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    pass(&s, 10000);
    send(&s, VALUE_FREE, 10, T0 + 10000);
    send(&s, VALUE_OCCUPIED, 10, T0 + 10000);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_DUPLICATE), 1);
    assert_int_equal(s.effects->touched_count, 0);
    send(&s, VALUE_OCCUPIED, 9, T0 + 9000);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    /* falls after silence beyond the limit, newer in time: a rejoin */
    pass(&s, EVENT_LIMIT + 1000);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_REJOIN_ASSUMED), 1);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    /* a straggler of the old epoch */
    send(&s, VALUE_FREE, 11, T0 + 11000);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    /* a start with a lower counter begins anew at once */
    pass(&s, 1000);
    send(&s, VALUE_START, 0, s.now_ms);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_STARTING);
    send(&s, VALUE_FREE, 2, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    send(&s, VALUE_START, 7, s.now_ms + 1000);
    /* a join: counters begin again */
    pass(&s, 5000);
    say(&s, 0, VALUE_JOIN);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    send(&s, VALUE_FREE, 5, s.now_ms - 3000); /* older than what was heard in this epoch */
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    scene_close(&s);
}

/* A rejoin that nobody tells of, and a counter of 16 bits that wraps: the network's time says that
 * the frame is no straggler. Within five minutes, or by a clock that is ahead, it may be one. */
static void test_a_counter_that_fell_goes_on(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    send(&s, VALUE_FREE, 65535, T0);
    pass(&s, SENSOR_REJOIN_MS / 2);
    send(&s, VALUE_OCCUPIED, 0, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    pass(&s, SENSOR_REJOIN_MS / 2);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms + SENSOR_AHEAD_MS + 1000);
    send(&s, VALUE_OCCUPIED, 1, 0);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 3);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_REJOIN_ASSUMED), 1);
    send(&s, VALUE_FREE, 65534, T0 - 1000); /* of before */
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    send(&s, VALUE_FREE, 2, s.now_ms + 1000);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    scene_close(&s);
}

/* Clocks of networks are set back, those of two radio gateways differ: what follows in its counter
 * counts, of a device that joined as well; what lies further ahead is of before the join. */
static void test_a_clock_set_back_loses_no_frame(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    pass(&s, 60000);
    say(&s, 0, VALUE_FREE);
    say(&s, 0, VALUE_JOIN);
    pass(&s, 1000);
    send(&s, VALUE_OCCUPIED, 40, s.now_ms - 5000); /* of before the join */
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    send(&s, VALUE_OCCUPIED, 0, s.now_ms - 5000);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    send(&s, VALUE_FREE, 1, s.now_ms);
    pass(&s, 2000);
    send(&s, VALUE_OCCUPIED, 2, s.now_ms - 5000);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    pass(&s, 1000);
    send(&s, VALUE_FREE, 5, s.now_ms - 5000); /* 3 and 4 were lost on the air */
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(look_at(&s, 0).since_ms <= s.now_ms, true);
    send(&s, VALUE_OCCUPIED, 9, s.now_ms - 5000);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 2);
    assert_adds_up(&s);
    scene_close(&s);
}

/* A lost link is a word about the sensor too: within the limit of it nothing was silent, so a lower
 * counter is a straggler of before, not a rejoin. */
static void test_lost_link_is_no_silence(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    send(&s, VALUE_FREE, 10, T0);
    pass(&s, EVENT_LIMIT - 1000);
    say(&s, 0, VALUE_LINK_LOST);
    pass(&s, 2000);
    send(&s, VALUE_OCCUPIED, 9, T0 + 1000);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_REJOIN_ASSUMED), 0);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_LINK_LOST);
    pass(&s, EVENT_LIMIT - 1000);
    send(&s, VALUE_OCCUPIED, 1, s.now_ms);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_REJOIN_ASSUMED), 1);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    scene_close(&s);
}

static void test_order_time(void **state)
{
    struct scene s;
    struct reading r;

    (void)state;
    open_scene(&s);
    pass(&s, 300000);
    r = scene_reading(&s, 0, VALUE_FREE);
    r.has = HAS_NET_TIME;
    r.net_time_ms = s.now_ms + 100000; /* ahead but within 120 s */
    scene_read(&s, &r);
    assert_int_equal(look_at(&s, 0).seen_ms, s.now_ms);
    r.value = VALUE_OCCUPIED;
    r.net_time_ms += 1000;
    scene_read(&s, &r);
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    r.value = VALUE_FREE;
    r.net_time_ms -= 1000;
    scene_read(&s, &r); /* the first again, though its time is still ahead */
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_LATE), 1);
    r.net_time_ms += 1000;
    scene_read(&s, &r);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_DUPLICATE), 1);
    pass(&s, 200000);
    r.net_time_ms = s.now_ms + 120001;
    scene_read(&s, &r);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_AHEAD), 1);
    assert_int_equal(look_at(&s, 0).seen_ms, s.now_ms);
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE);
    scene_close(&s);
}

/* A wall clock that was set back: net_time is wall time, ages are city time. */
static void test_shift(void **state)
{
    struct scene s;
    struct input input;

    (void)state;
    open_scene(&s);
    s.now_ms += 10000;
    input = scene_input(&s, INPUT_READING);
    input.now.shift_ms = -3600000;
    input.reading = scene_reading(&s, 0, VALUE_FREE);
    input.reading.has = HAS_NET_TIME;
    input.reading.net_time_ms = T0 + 9000 - 3600000;
    s.effects = core_step(s.core, &input);
    assert_int_equal(look_at(&s, 0).seen_ms, T0 + 9000);
    scene_close(&s);
}

/* Already too old when it comes: history, never live. */
static void test_backlog(void **state)
{
    struct scene s;
    struct reading r;
    struct space_view v;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    pass(&s, 4 * EVENT_LIMIT);
    r = scene_reading(&s, 0, VALUE_OCCUPIED);
    r.has = HAS_NET_TIME;
    r.net_time_ms = T0 + EVENT_LIMIT;
    scene_read(&s, &r);
    v = look_at(&s, 0);
    assert_int_equal(v.state, SPACE_UNKNOWN);
    assert_int_equal(v.known_state, SPACE_OCCUPIED);
    assert_int_equal(v.known_since_ms, T0 + EVENT_LIMIT);
    assert_int_equal(v.seen_ms, T0 + EVENT_LIMIT);
    r.net_time_ms = s.now_ms - 1000;
    scene_read(&s, &r);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_FRESH);
    assert_int_equal(look_at(&s, 0).known_since_ms, T0 + EVENT_LIMIT);
    scene_close(&s);
}

static void test_debounce(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    say(&s, 1, VALUE_FREE); /* out of unknown: at once */
    assert_int_equal(look_at(&s, 1).state, SPACE_FREE);
    for (int i = 0; i < 2; i++) {
        pass(&s, 1000);
        say(&s, 1, VALUE_OCCUPIED);
        assert_int_equal(look_at(&s, 1).state, SPACE_FREE);
    }
    pass(&s, 1000);
    say(&s, 1, VALUE_OCCUPIED); /* third */
    assert_int_equal(look_at(&s, 1).state, SPACE_OCCUPIED);
    pass(&s, 1000);
    say(&s, 1, VALUE_FREE);
    pass(&s, 1000);
    say(&s, 1, VALUE_OCCUPIED); /* a glitch: begins anew */
    pass(&s, 1000);
    say(&s, 1, VALUE_FREE);
    pass(&s, 10000);
    say(&s, 1, VALUE_FREE);
    assert_int_equal(look_at(&s, 1).state, SPACE_OCCUPIED);
    pass(&s, 5250); /* 15 s */
    assert_int_equal(look_at(&s, 1).state, SPACE_FREE);
    assert_int_equal(look_at(&s, 1).since_ms, T0 + 6000 + 15000);
    scene_close(&s);
}

static void test_flapping(void **state)
{
    struct scene s;
    int64_t last_ms = 0;

    (void)state;
    open_scene(&s);
    say(&s, 0, VALUE_FREE);
    for (int i = 0; i < 10; i++) {
        pass(&s, 20000);
        say(&s, 0, i % 2 == 0 ? VALUE_OCCUPIED : VALUE_FREE);
    }
    assert_int_equal(look_at(&s, 0).state, SPACE_FREE); /* ten are allowed */
    pass(&s, 20000);
    say(&s, 0, VALUE_OCCUPIED);
    last_ms = s.now_ms;
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_FLAPPING);
    assert_int_equal(count_get(&s.counters, COUNT_FLAPPING), 1);
    pass(&s, 300000);
    say(&s, 0, VALUE_OCCUPIED);
    pass(&s, 299999);
    assert_shows(&s, 0, SPACE_UNKNOWN, REASON_FLAPPING);
    pass(&s, 251);
    assert_shows(&s, 0, SPACE_OCCUPIED, REASON_AGING);
    assert_int_equal(look_at(&s, 0).since_ms, last_ms + 600000);
    /* slow changes never flap */
    for (int i = 0; i < 30; i++) {
        pass(&s, 61000);
        say(&s, 0, i % 2 == 0 ? VALUE_FREE : VALUE_OCCUPIED);
    }
    assert_int_equal(look_at(&s, 0).state, SPACE_OCCUPIED);
    scene_close(&s);
}

static void test_fusion(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    say(&s, 4, VALUE_OCCUPIED); /* rank 1 alone */
    assert_shows(&s, 2, SPACE_OCCUPIED, REASON_FRESH);
    assert_int_equal(look_at(&s, 2).confidence, 97 * 90 / 100);
    say(&s, 2, VALUE_FREE); /* a better rank outvotes it */
    assert_shows(&s, 2, SPACE_FREE, REASON_FRESH);
    say(&s, 3, VALUE_FREE);
    assert_int_equal(look_at(&s, 2).confidence, 97);
    pass(&s, 1000);
    say(&s, 3, VALUE_OCCUPIED); /* equals differ: held */
    assert_shows(&s, 2, SPACE_FREE, REASON_HELD);
    assert_int_equal(look_at(&s, 2).confidence, 97 * 50 / 100);
    pass(&s, 4000);
    say(&s, 3, VALUE_FREE); /* settled in time */
    assert_shows(&s, 2, SPACE_FREE, REASON_FRESH);
    assert_int_equal(look_at(&s, 2).since_ms, T0);
    say(&s, 2, VALUE_OCCUPIED);
    pass(&s, 10250);
    assert_shows(&s, 2, SPACE_UNKNOWN, REASON_CONFLICT);
    assert_int_equal(look_at(&s, 2).since_ms, T0 + 5000 + 10000);
    assert_int_equal(look_at(&s, 2).known_state, SPACE_FREE);
    say(&s, 3, VALUE_OCCUPIED);
    assert_shows(&s, 2, SPACE_OCCUPIED, REASON_FRESH);
    say(&s, 2, VALUE_FAULT);
    say(&s, 3, VALUE_LINK_LOST);
    assert_shows(&s, 2, SPACE_OCCUPIED, REASON_FRESH); /* rank 1 votes */
    say(&s, 4, VALUE_FAULT);
    assert_shows(&s, 2, SPACE_UNKNOWN, REASON_LINK_LOST); /* first in the table of the best rank */
    say(&s, 2, VALUE_FREE);
    say(&s, 3, VALUE_OCCUPIED); /* out of unknown there is nothing to hold */
    say(&s, 3, VALUE_FAULT);
    assert_shows(&s, 2, SPACE_FREE, REASON_FRESH);
    scene_close(&s);
}

static void test_battery_low(void **state)
{
    struct scene s;
    struct reading r;

    (void)state;
    open_scene(&s);
    r = scene_reading(&s, 0, VALUE_FREE);
    r.has = HAS_BATTERY | HAS_BATTERY_LOW | HAS_RSSI;
    r.battery_low = true;
    r.battery_mv = 3100;
    r.rssi_dbm = -121;
    scene_read(&s, &r);
    assert_int_equal(look_at(&s, 0).confidence, 97 * 90 / 100);
    r.battery_low = false;
    scene_read(&s, &r);
    assert_int_equal(look_at(&s, 0).confidence, 97);
    scene_close(&s);
}

static void test_devices_page(void **state)
{
    struct scene s;
    struct device_health page[4];
    struct command list = {.kind = COMMAND_DEVICES, .devices = page, .limit = 4};

    (void)state;
    open_scene(&s);
    send(&s, VALUE_FREE, 44, 0);
    say(&s, 1, VALUE_FREE);
    say(&s, 1, VALUE_FAULT);
    assert_int_equal(ask(&s, &list), ERR_OK);
    assert_int_equal(s.effects->kept_count, 0);
    assert_int_equal(list.devices_count, 4);
    assert_int_equal(list.next, 4);
    assert_int_equal(page[0].counter, 44);
    assert_true(page[0].live);
    assert_int_equal(page[1].value, VALUE_FAULT);
    assert_false(page[1].live);
    assert_false(page[2].ever_heard);
    list.device = list.next;
    assert_int_equal(ask(&s, &list), ERR_OK);
    assert_int_equal(list.devices_count, 2);
    assert_int_equal(list.next, NO_SENSOR);
    scene_close(&s);
}

/* Readings resolved by another inventory, of foreign places, of nonsense value. */
static void test_resolve(void **state)
{
    struct scene s;
    struct input input;

    (void)state;
    open_scene(&s);
    input = scene_input(&s, INPUT_READING);
    input.inventory_version = 99;
    input.reading = scene_reading(&s, 5, VALUE_FREE);
    input.reading.sensor = 0; /* by its own inventory */
    core_step(s.core, &input);
    assert_int_equal(look_at(&s, 4).state, SPACE_FREE);
    assert_int_equal(look_at(&s, 0).state, SPACE_UNKNOWN);
    input.reading.root = fixture_key(0, 1); /* kept for another place */
    core_step(s.core, &input);
    input.reading.root = 0;
    input.reading.device[0] = 'x';
    core_step(s.core, &input);
    input.reading.device_len = 255;
    core_step(s.core, &input);
    input.reading = scene_reading(&s, 5, VALUE_COUNT_);
    core_step(s.core, &input);
    assert_int_equal(count_get(&s.counters, COUNT_READINGS_UNBOUND), 4);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_unknown),
        cmocka_unit_test(test_table_free_occupied),
        cmocka_unit_test(test_table_unknown),
        cmocka_unit_test(test_table_override),
        cmocka_unit_test(test_override_reasons_and_end),
        cmocka_unit_test(test_unknown_reasons),
        cmocka_unit_test(test_alive_renews),
        cmocka_unit_test(test_suspect),
        cmocka_unit_test(test_recalibrate),
        cmocka_unit_test(test_undo),
        cmocka_unit_test(test_undo_keeps_what_fell_due),
        cmocka_unit_test(test_trust_forgets_a_test_that_is_over),
        cmocka_unit_test(test_session_gap),
        cmocka_unit_test(test_order_counter),
        cmocka_unit_test(test_a_counter_that_fell_goes_on),
        cmocka_unit_test(test_a_clock_set_back_loses_no_frame),
        cmocka_unit_test(test_lost_link_is_no_silence),
        cmocka_unit_test(test_order_time),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_backlog),
        cmocka_unit_test(test_debounce),
        cmocka_unit_test(test_flapping),
        cmocka_unit_test(test_fusion),
        cmocka_unit_test(test_battery_low),
        cmocka_unit_test(test_devices_page),
        cmocka_unit_test(test_resolve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
