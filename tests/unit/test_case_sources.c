/* What becomes a case by itself, and what may not crowd out what: alerts that expired, reports of
 * residents, and the room that ended cases make. */
#include "tests/unit/fleet_fixture.h"

#include "bowei/case_request.h"

#define PLACES 40

struct town {
    struct fleet_fixture f;
    struct case_rules rules;
    bool refuse; /* the journal refuses cases */
    unsigned undone;
};

static void town_up(struct town *t)
{
    memset(t, 0, sizeof *t);
    fleet_start(&t->f);
    case_rules_default(&t->rules);
    t->rules.check_in_min = 0;
    core_case_rules(t->f.core, &t->rules);
    core_cases_on(t->f.core);
}

static bool of_a_case(const struct effects *effects)
{
    bool is = false;

    for (size_t i = 0; i < effects->kept_count; i++) {
        is = is || effects->kept[i].kind == IMAGE_CASE;
    }
    return is;
}

static void town_wait(struct town *t, int64_t ms)
{
    const int64_t until_ms = t->f.now.at_ms + ms;

    while (t->f.now.at_ms < until_ms) {
        t->f.now.at_ms += 250;
        while (core_due(t->f.core) <= t->f.now.at_ms) {
            t->f.effects = core_advance(t->f.core, t->f.now);
            if (t->refuse && of_a_case(t->f.effects)) {
                core_undo(t->f.core);
                t->undone++;
                break;
            }
        }
    }
}

static unsigned cases_of(const struct core *core, enum case_kind kind, struct case_image *out)
{
    struct image image;
    unsigned count = 0;

    for (uint32_t i = 0; i < core_case_slots(core); i++) {
        if (core_case_image(core, i, &image) && image.case_.kind == kind) {
            *out = image.case_;
            count++;
        }
    }
    return count;
}

static enum err town_open(struct town *t, enum case_source source, space_key place,
                          struct case_image *out)
{
    struct case_request request = {
        .kind = CASE_ORDER,
        .source = source,
        .place = place,
        .at = {LAT0, LON0},
        .new_receipt = source == SOURCE_APP ? 7000 + t->f.seq : 0,
        .cases = out,
        .limit = 1
    };
    struct command command = {.kind = COMMAND_CASE_OPEN, .cases = &request, .actor = "patrol"};
    struct input input = {
        .at = {1, t->f.seq++},
          .now = t->f.now, .kind = INPUT_COMMAND, .command = &command
    };

    t->f.effects = core_step(t->f.core, &input);
    return command.result;
}

static enum err town_void(struct town *t, struct case_image *one)
{
    struct case_request request = {
        .id = one->id, .move = {.event = CASE_EVENT_VOID, .note = "x"},
             .cases = one, .limit = 1
    };
    struct command command = {.kind = COMMAND_CASE_MOVE, .cases = &request, .actor = "clerk"};
    struct input input = {
        .at = {1, t->f.seq++},
          .now = t->f.now, .kind = INPUT_COMMAND, .command = &command
    };

    t->f.effects = core_step(t->f.core, &input);
    return command.result;
}

/* The first alert is a reminder; only the expired one is a case, filed by the machine. */
static void an_expired_alert_becomes_a_case(void **state)
{
    struct town t;
    struct case_image one;

    (void)state;
    town_up(&t);
    fleet_park(&t.f, "HLO-00000001", ZONE_M + 20, 20);
    town_wait(&t, 7310000); /* dwell 2 min, then 2 h to clear it */
    assert_int_equal(cases_of(t.f.core, CASE_NO_PARKING, &one), 0);
    t.refuse = true; /* the journal has no room at that very moment */
    town_wait(&t, 20000);
    assert_int_equal(cases_of(t.f.core, CASE_NO_PARKING, &one), 0);
    assert_true(t.undone > 0);
    t.refuse = false;
    town_wait(&t, 5000);
    assert_int_equal(cases_of(t.f.core, CASE_NO_PARKING, &one), 1);
    assert_int_equal(one.status, STATUS_FILED); /* nobody is responsible in this city */
    assert_int_equal(one.source, SOURCE_SENSOR);
    assert_int_equal(one.severity, 3);
    assert_string_equal(one.vehicle, "HLO-00000001");
    assert_true(one.place == fleet_key(ZONE_ID));
    assert_int_equal(one.reasons, 1u << ZOMBIE_EXPIRED_ALERT);
    town_wait(&t, 3600000);
    assert_int_equal(cases_of(t.f.core, CASE_NO_PARKING, &one), 1);
    fleet_stop(&t.f);
}

static void it_can_be_switched_off(void **state)
{
    struct town t;
    struct case_image one;
    struct alert_image alert;

    (void)state;
    town_up(&t);
    t.rules.from_expired_alerts = false;
    core_case_rules(t.f.core, &t.rules);
    fleet_park(&t.f, "HLO-00000001", ZONE_M + 20, 20);
    town_wait(&t, 7400000);
    assert_int_equal(fleet_alerts(&t.f, ALERT_NO_PARKING_ZONE, &alert), 1);
    assert_int_equal(alert.state, ALERT_EXPIRED);
    assert_int_equal(cases_of(t.f.core, CASE_NO_PARKING, &one), 0);
    fleet_stop(&t.f);
}

/* Nothing is opened or moved before all kept cases are known: a number could be given twice. */
static void nothing_is_opened_before_all_are_known(void **state)
{
    struct town t = {.undone = 0};
    struct case_image one;

    (void)state;
    fleet_start(&t.f);
    assert_int_equal(town_open(&t, SOURCE_PATROL, 0, &one), ERR_UNAVAILABLE);
    core_cases_on(t.f.core);
    assert_int_equal(town_open(&t, SOURCE_PATROL, 0, &one), ERR_OK);
    fleet_stop(&t.f);
}

static void residents_do_not_crowd_out_staff(void **state)
{
    struct town t;
    struct case_image one;
    unsigned taken = 0;

    (void)state;
    town_up(&t);
    t.rules.cases_max = 100;
    core_case_rules(t.f.core, &t.rules);
    while (town_open(&t, SOURCE_APP, 0, &one) == ERR_OK) {
        taken++;
        assert_true(taken < 100);
    }
    assert_int_equal(taken, 50);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(town_open(&t, SOURCE_PATROL, 0, &one), ERR_OK);
    }
    assert_int_equal(town_open(&t, SOURCE_PATROL, 0, &one), ERR_OVERLOADED); /* all are open */
    fleet_stop(&t.f);
}

/* The oldest ended one makes room, but none of today, whose number would be given again. */
static void ended_cases_make_room(void **state)
{
    struct town t;
    struct case_image one;
    struct case_image last;
    struct case_figures figures;
    struct case_request request = {.figures = &figures};
    struct command command = {.kind = COMMAND_CASES, .cases = &request};
    struct input input = {.kind = INPUT_COMMAND, .command = &command};

    (void)state;
    town_up(&t);
    t.rules.cases_max = 4;
    core_case_rules(t.f.core, &t.rules);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(town_open(&t, SOURCE_PATROL, 0, &one), ERR_OK);
        assert_int_equal(i == 1 ? town_void(&t, &one) : ERR_OK, ERR_OK);
    }
    assert_int_equal(town_open(&t, SOURCE_PATROL, 0, &last), ERR_OVERLOADED);
    t.f.now.at_ms += 86400000;
    assert_int_equal(town_open(&t, SOURCE_PATROL, 0, &last), ERR_OK);
    input.at = (struct position){1, t.f.seq++};
    input.now = t.f.now;
    (void)core_step(t.f.core, &input);
    assert_int_equal(command.result, ERR_OK);
    assert_int_equal(figures.opened, 4);
    assert_int_equal(figures.voided, 0);
    assert_int_equal(count_get(&t.f.counters, COUNT_CASES_DROPPED), 1);
    assert_int_equal(last.id % 100000u, 1); /* another day */
    fleet_stop(&t.f);
}

/* Who reports what staff found before gets a receipt for it. */
static void a_duplicate_gets_a_receipt(void **state)
{
    struct town t;
    struct case_image one;
    struct case_image two;
    struct case_request request = {.cases = &two, .limit = 1};
    struct command command = {.kind = COMMAND_CASES, .cases = &request};
    struct input input = {.kind = INPUT_COMMAND, .command = &command};

    (void)state;
    town_up(&t);
    assert_int_equal(town_open(&t, SOURCE_PATROL, fleet_key(PARK_ID), &one), ERR_OK);
    assert_true(one.receipt == 0);
    assert_int_equal(town_open(&t, SOURCE_APP, fleet_key(PARK_ID), &two), ERR_OK);
    assert_true(two.id == one.id && two.receipt != 0);
    assert_true(t.f.effects->kept[1].case_.receipt == two.receipt);
    request.receipt = two.receipt;
    input.at = (struct position){1, t.f.seq++};
    input.now = t.f.now;
    two.id = 0;
    (void)core_step(t.f.core, &input);
    assert_int_equal(command.result, ERR_OK);
    assert_true(two.id == one.id);
    request.receipt++;
    input.at.seq = t.f.seq++;
    (void)core_step(t.f.core, &input);
    assert_int_equal(command.result, ERR_NOT_FOUND);
    fleet_stop(&t.f);
}

/* However often it is reported: the history stays readable, the receipt is given, staff go on. */
static void residents_do_not_fill_a_history(void **state)
{
    struct town t;
    struct case_image one;

    (void)state;
    town_up(&t);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(town_open(&t, SOURCE_APP, fleet_key(PARK_ID), &one), ERR_OK);
        assert_true(one.receipt != 0);
        assert_int_equal(one.row_count, i < 50 ? i + 1 : 50);
    }
    assert_int_equal(one.version, 50);
    assert_int_equal(town_open(&t, SOURCE_PATROL, fleet_key(PARK_ID), &one), ERR_OK);
    assert_int_equal(one.row_count, 51);
    fleet_stop(&t.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expired_alert_becomes_a_case),
        cmocka_unit_test(it_can_be_switched_off),
        cmocka_unit_test(nothing_is_opened_before_all_are_known),
        cmocka_unit_test(residents_do_not_crowd_out_staff),
        cmocka_unit_test(ended_cases_make_room),
        cmocka_unit_test(a_duplicate_gets_a_receipt),
        cmocka_unit_test(residents_do_not_fill_a_history),
    };

    return cmocka_run_group_tests_name("case_sources", tests, NULL, NULL);
}
