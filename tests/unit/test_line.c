/* A Modbus line against a real libmodbus slave in a thread: values, liveness, what is journalled of
 * samples that do not change. What units and bridges do wrong: test_line_faults.c. */
#include "tests/unit/line_scene.h"

static void values_follow_the_registers(void **state)
{
    struct reading first;

    (void)state;
    slave_set(16, 1);
    slave_set(39, 0x3501); /* node 2: link lost, value kept */
    slave_set(32, 1);
    slave_set(48, 0xffff);
    run(1);
    WAIT_FOR(fixture_heard(f) >= 8, 3000);
    assert_int_equal(value_of("line/a", 1), VALUE_OCCUPIED);
    assert_int_equal(value_of("line/a", 2), VALUE_LINK_LOST);
    assert_int_equal(value_of("line/a", 3), VALUE_FAULT);
    assert_int_equal(value_of("line/a", 4), VALUE_FREE);
    first = f->heard[0];
    assert_int_equal(first.type, TYPE_SAMPLE);
    assert_int_equal(first.has, 0);
    assert_int_equal(first.root, 1000);
    assert_false(first.unchanged);
    pthread_mutex_lock(&f->lock);
    assert_int_equal(f->heard_count, 4 * f->calls); /* one call a reply */
    pthread_mutex_unlock(&f->lock);
    WAIT_FOR(fixture_last(f).unchanged, 3000);
    slave_set(16, 0);
    WAIT_FOR(value_of("line/a", 1) == VALUE_FREE, 3000);
    WAIT_FOR(atomic_load(&f->status.link[0].polled) && atomic_load(&f->status.link[0].up), 3000);
    assert_false(status_is(&f->status, DEGRADED_MODBUS_DOWN));
}

/* How many readings of a channel came from `from` on until the first unchanged one; -1 = none yet.
 */
static int until_unchanged(uint32_t from, uint16_t channel, uint8_t value)
{
    int n = 0;
    int found = -1;

    pthread_mutex_lock(&f->lock);
    for (uint32_t i = from; i < f->heard_count && found < 0; i++) {
        const struct reading *r = &f->heard[i];

        if (r->channel == channel && r->value == value) {
            found = r->unchanged ? n : -1;
            n++;
        }
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}

/* The debounce counts three equal samples, so a replay must find three. */
static void the_samples_of_a_debounce_are_journalled(void **state)
{
    uint32_t from;

    (void)state;
    run(1);
    WAIT_FOR(until_unchanged(0, 1, VALUE_FREE) >= 0, 3000);
    assert_int_equal(until_unchanged(0, 1, VALUE_FREE), 3);
    from = fixture_heard(f);
    slave_set(16, 1);
    WAIT_FOR(until_unchanged(from, 1, VALUE_OCCUPIED) >= 0, 3000);
    assert_int_equal(until_unchanged(from, 1, VALUE_OCCUPIED), 3);
}

/* A sensor whose value stays is journalled again within its limit. */
static void a_steady_point_is_journalled_now_and_then(void **state)
{
    struct inventory *inv = fixture_inventory(rows, ARRAY_LEN(rows), 2);
    const struct inventory *former;
    uint32_t from;

    (void)state;
    for (uint32_t i = 0; i < inv->timing_count; i++) {
        inv->timings[i].limit_ms = 900;
    }
    former = inventory_publish(&f->board, inv);
    inventory_destroy(former);
    run(1);
    WAIT_FOR(fixture_heard(f) >= 4 && fixture_last(f).unchanged, 3000);
    from = fixture_heard(f);
    for (int n = 0; n < 3; n++) {
        WAIT_FOR(fixture_heard(f) > from && !fixture_last(f).unchanged, 3000);
        from = fixture_heard(f);
        WAIT_FOR(fixture_heard(f) > from && fixture_last(f).unchanged, 3000);
        from = fixture_heard(f);
    }
}

/* What the intake did not keep is offered again as changed. */
static void refused_readings_come_again(void **state)
{
    (void)state;
    fixture_answer(f, ERR_DISK_FULL);
    run(1);
    WAIT_FOR(f->calls >= 3, 3000);
    assert_int_equal(fixture_heard(f), 0);
    fixture_answer(f, ERR_OK);
    WAIT_FOR(fixture_heard(f) >= 4, 3000);
    assert_false(f->heard[0].unchanged);
    assert_false(f->heard[3].unchanged);
}

static void a_new_inventory_is_journalled_again(void **state)
{
    const struct inventory *former;

    (void)state;
    run(1);
    WAIT_FOR(fixture_heard(f) >= 16 && fixture_last(f).unchanged, 3000);
    former = inventory_publish(&f->board, fixture_inventory(rows, ARRAY_LEN(rows), 2));
    fixture_forget(f);
    WAIT_FOR(fixture_heard(f) >= 12, 3000);
    WAIT_FOR(!inventory_in_use(&f->board, former), 3000);
    inventory_destroy(former);
    for (uint32_t i = 0; i < 8; i++) {
        if (!f->heard[i].unchanged) {
            return;
        }
    }
    fail_msg("all unchanged");
}

static void unused_inputs_of_a_known_unit_are_no_unknown_devices(void **state)
{
    struct unknown_device list[4];

    (void)state;
    run(2);
    WAIT_FOR(slave_requests(2) > 10, 3000);
    assert_int_equal(unknown_devices_list(f->unknown, list, 4), 0);
    assert_int_equal(count_get(&f->counters, COUNT_DEVICES_UNKNOWN), 0);
    assert_int_equal(value_of("line/b", 4), -1);
    assert_int_equal(value_of("line/b", 1), VALUE_FREE);
}

/* Point 4 of b is bound to nothing and always on: that is one frame and not one a round, which
 * would push those of all other devices out. */
static void an_unused_input_is_one_frame(void **state)
{
    struct device_ledger *ledger = device_ledger_create(64);
    const uint32_t reader = inventory_reader(&f->board);
    const struct inventory *inv = inventory_get(&f->board, reader);
    struct device_figures figures;

    (void)state;
    assert_non_null(ledger);
    device_ledger_carry(ledger, NULL, inv);
    f->params.ledger = ledger;
    slave.mapping->tab_input_bits[3] = 1;
    run(2);
    WAIT_FOR(slave_requests(2) > 20, 3000);
    halt_raise(&halt);
    line_join(line);
    line = NULL;
    assert_true(device_ledger_figures(ledger, inv->version, 1, &figures));
    assert_int_equal(figures.frames, 4);
    inventory_put(&f->board, reader);
    inventory_reader_return(&f->board, reader);
    device_ledger_destroy(ledger);
    f->params.ledger = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(values_follow_the_registers),
        EACH(the_samples_of_a_debounce_are_journalled),
        EACH(a_steady_point_is_journalled_now_and_then),
        EACH(refused_readings_come_again),
        EACH(a_new_inventory_is_journalled_again),
        EACH(unused_inputs_of_a_known_unit_are_no_unknown_devices),
        EACH(an_unused_input_is_one_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
