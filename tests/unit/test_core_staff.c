/* What staff say of a space and its devices: out of service, suspects, recalibration, and what is
 * left when the journal refuses it (STATES). */
#include "tests/unit/space_scene.h"

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
    s.now_ms += EVENT_LIMIT + 1; /* silent, and the core's clock has not turned since */
    assert_int_equal(ask(&s, &command), ERR_CONFLICT);
    assert_non_null(strstr(command.detail, "is unknown, not known free"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_override),
        cmocka_unit_test(test_override_reasons_and_end),
        cmocka_unit_test(test_suspect),
        cmocka_unit_test(test_recalibrate),
        cmocka_unit_test(test_undo),
        cmocka_unit_test(test_undo_keeps_what_fell_due),
        cmocka_unit_test(test_trust_forgets_a_test_that_is_over),
        cmocka_unit_test(test_devices_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
