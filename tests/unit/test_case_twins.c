/* Two open cases about one vehicle: it was said to have left, another came, and the first turned
 * out to stand there. When one of them ends, the other is the one that goes on. */
#include "tests/unit/case_fixture.h"

static case_id id_of_report(struct case_fixture *f)
{
    assert_ok(f, case_open(f, CASE_ZOMBIE_CAR, SOURCE_PATROL, case_space(1, 1), ""));
    return f->last.id;
}

static void read_ok(struct case_fixture *f, case_id id)
{
    assert_ok(f, case_read(f, id));
}

/* The first case, said to have left, a second one of what came, and the first at work again. */
static void twins_make(struct case_fixture *f, case_id *first, case_id *second)
{
    *first = id_of_report(f);
    assert_ok(f, case_say(f, "ann", CASE_EVENT_CONFIRM));
    assert_ok(f, case_say(f, "ann", CASE_EVENT_CHECK_IN));
    assert_ok(f, case_say(f, "ann", CASE_EVENT_SELF_CLEAR));
    *second = id_of_report(f);
    assert_true(*first != *second);
    read_ok(f, *first);
    assert_ok(f, case_say(f, "bob", CASE_EVENT_CHECK));
    assert_ok(f, case_say(f, "bob", CASE_EVENT_REWORK));
    assert_ok(f, case_say(f, "ann", CASE_EVENT_REHANDLE));
}

static void the_other_goes_on(void **state)
{
    static const enum case_event ends[] = {CASE_EVENT_VOID, CASE_EVENT_SELF_CLEAR};

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct case_fixture f;
        case_id first;
        case_id second;

        case_start(&f);
        twins_make(&f, &first, &second);
        assert_true(id_of_report(&f) == second);
        assert_ok(&f, case_say(&f, "bob", ends[i]));
        assert_true(id_of_report(&f) == first);
        read_ok(&f, first);
        assert_ok(&f, case_say(&f, "ann", CASE_EVENT_SELF_CLEAR));
        id_of_report(&f);
        assert_true(f.last.id != first && f.last.id != second);
        case_stop(&f);
    }
}

/* The journal refuses the end: the second one holds the place again. */
static void an_end_that_is_refused_is_none(void **state)
{
    struct case_fixture f;
    case_id first;
    case_id second;
    case_id again;

    (void)state;
    case_start(&f);
    twins_make(&f, &first, &second);
    read_ok(&f, second);
    f.refuse = true;
    assert_int_equal(case_say(&f, "bob", CASE_EVENT_VOID), ERR_DISK_FULL);
    f.refuse = false;
    again = id_of_report(&f);
    assert_true(again == first || again == second);
    read_ok(&f, again == first ? second : first);
    assert_ok(&f, case_say(&f, "bob", CASE_EVENT_VOID));
    assert_true(id_of_report(&f) == again);
    case_stop(&f);
}

static void merged_into_the_first(void **state)
{
    struct case_fixture f;
    struct case_move move = {.event = CASE_EVENT_MERGE};
    case_id first;
    case_id second;

    (void)state;
    case_start(&f);
    twins_make(&f, &first, &second);
    read_ok(&f, second);
    move.other = first;
    assert_ok(&f, case_do(&f, "bob", &move));
    assert_true(id_of_report(&f) == first);
    case_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_other_goes_on),
        cmocka_unit_test(an_end_that_is_refused_is_none),
        cmocka_unit_test(merged_into_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
