/* The rules of suspicion: each with what just makes it and what just does not. */
#include "bowei/suspicion.h"
#include "core_fixture.h"

#define DAY_MS INT64_C(86400000)

static const struct config config = {
    .devices = {
                .stuck_days = 14, .neighbours = 5, .inverted_rounds = 48, .out_of_step_rounds = 24}
};

static struct sensor_sight sight_of(enum reading_value value, const struct lot_pulse *lot)
{
    return (struct sensor_sight){.value = value,
                                 .live = true,
                                 .known = value == VALUE_FREE ? SPACE_FREE : SPACE_OCCUPIED,
                                 .known_since_ms = 100 * DAY_MS,
                                 .now_ms = 100 * DAY_MS,
                                 .lot = lot};
}

static void rounds(struct rhythm *r, struct sensor_sight sight, unsigned n)
{
    while (n-- > 0) {
        suspicion_round(&config, &sight, r);
    }
}

static void test_stuck(void **state)
{
    struct lot_pulse lot = {.free = 8, .occupied = 3, .known = 11, .recent = 8};
    struct sensor_sight sight = sight_of(VALUE_OCCUPIED, &lot);
    struct rhythm r = {0};

    (void)state;
    sight.known_since_ms = sight.now_ms - 14 * DAY_MS + 1;
    rounds(&r, sight, 1);
    assert_int_equal(r.suspicions, 0); /* a moment early */
    sight.known_since_ms--;
    rounds(&r, sight, 1);
    assert_int_equal(r.suspicions, 1u << SUSPICION_STUCK);
    lot.recent = 7; /* 7 of 10 others: its lot is quiet, too */
    rounds(&r, sight, 1);
    assert_int_equal(r.suspicions, 0);
    lot = (struct lot_pulse){.free = 3, .occupied = 2, .known = 5, .recent = 4};
    rounds(&r, sight, 1);
    assert_int_equal(r.suspicions, 0); /* too few neighbours to say */
    lot = (struct lot_pulse){.free = 8, .occupied = 3, .known = 11, .recent = 10};
    rounds(&r, sight, 1);
    sight.live = false; /* silent: what was found stands, nothing new is */
    rounds(&r, sight, 5);
    assert_int_equal(r.suspicions, 1u << SUSPICION_STUCK);
}

static void test_inverted(void **state)
{
    const struct lot_pulse full = {.free = 1, .occupied = 9, .known = 10};
    const struct lot_pulse empty = {.free = 9, .occupied = 1, .known = 10};
    const struct lot_pulse mixed = {.free = 5, .occupied = 5, .known = 10};
    struct rhythm r = {0};
    struct rhythm one_sided = {0};
    struct rhythm honest = {0};

    (void)state;
    rounds(&r, sight_of(VALUE_OCCUPIED, &empty), 24);
    rounds(&r, sight_of(VALUE_FREE, &full), 23);
    rounds(&r, sight_of(VALUE_FREE, &mixed), 100); /* says nothing */
    assert_int_equal(r.suspicions, 0);
    rounds(&r, sight_of(VALUE_FREE, &full), 1);
    assert_int_equal(r.suspicions, 1u << SUSPICION_INVERTED);
    rounds(&r, sight_of(VALUE_OCCUPIED, &full), 6); /* 48 of 54: not 9 of 10 any more */
    assert_int_equal(r.suspicions, 0);
    rounds(&one_sided, sight_of(VALUE_FREE, &full), 250);
    assert_int_equal(one_sided.suspicions, 0); /* an unloved bay is not inverted */
    rounds(&honest, sight_of(VALUE_OCCUPIED, &full), 500);
    rounds(&honest, sight_of(VALUE_FREE, &empty), 500);
    assert_int_equal(honest.suspicions, 0);
    assert_true(honest.with >= 100); /* halved, not wrapped */
}

static void test_out_of_step(void **state)
{
    struct lot_pulse lot = {.free = 1};
    struct sensor_sight sight = sight_of(VALUE_FREE, &lot);
    struct rhythm r = {0};

    (void)state;
    sight.has_twin = true;
    sight.twin_differs = true;
    rounds(&r, sight, 23);
    assert_int_equal(r.suspicions, 0);
    rounds(&r, sight, 1);
    assert_int_equal(r.suspicions, 1u << SUSPICION_OUT_OF_STEP);
    rounds(&r, sight, 300);
    assert_int_equal(r.differ, 255);
    sight.twin_differs = false;
    rounds(&r, sight, 1);
    assert_int_equal(r.suspicions, 0);
    sight = (struct sensor_sight){.value = VALUE_GATE, .live = true, .gate = true, .lot = &lot};
    lot.off = true;
    rounds(&r, sight, 24);
    assert_int_equal(r.suspicions, 1u << SUSPICION_OUT_OF_STEP);
}

static void test_flapping_and_acted(void **state)
{
    const struct lot_pulse lot = {.free = 1};
    struct sensor_sight sight = sight_of(VALUE_FREE, &lot);
    struct rhythm r = {.acted = 1u << SUSPICION_STUCK};

    (void)state;
    sight.flapping = true;
    sight.live = false; /* as the state machine has it */
    rounds(&r, sight, 1);
    assert_int_equal(r.suspicions, 1u << SUSPICION_FLAPPING);
    assert_int_equal(r.acted, 1u << SUSPICION_STUCK); /* stands while it says nothing */
    sight.flapping = false;
    sight.live = true;
    rounds(&r, sight, 1);
    assert_int_equal(r.suspicions, 0);
    assert_int_equal(r.acted, 0); /* cleared: the rule may act again on new evidence */
}

static void test_words(void **state)
{
    const struct device_health row = {.changes = 12, .value = VALUE_GATE};
    const struct lot_pulse pulse = {.recent = 8, .known = 9};
    const struct rhythm r = {.against_full = 30, .against_empty = 25, .with = 5, .differ = 24};
    char text[SUSPICION_TEXT];
    uint8_t bits;

    (void)state;
    for (unsigned i = 0; i < SUSPICION_COUNT; i++) {
        suspicion_evidence((enum suspicion)i, &row, &r, &pulse, text);
        assert_true(strlen(text) > 10);
        assert_true(suspicion_find(suspicion_name((enum suspicion)i), &bits));
        assert_int_equal(bits, 1u << i);
    }
    assert_true(suspicion_find("any", &bits));
    assert_int_equal(bits, 15);
    assert_false(suspicion_find("lazy", &bits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stuck),       cmocka_unit_test(test_inverted),
        cmocka_unit_test(test_out_of_step), cmocka_unit_test(test_flapping_and_acted),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
