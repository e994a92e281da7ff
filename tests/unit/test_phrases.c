/* What the city's papers say of cases, phrase by phrase, where no other test has it by name:
 * docs/FEATURES.md maps each phrase to its endpoint and test. */
#include "tests/unit/case_fixture.h"

static struct case_fixture f;

static int start(void **state)
{
    (void)state;
    case_start(&f);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    case_stop(&f);
    return 0;
}

/* 003 "平台吹哨、地区报到": who does not report in is told of; who does, is not. */
static void phrase_09_whistle_and_check_in(void **state)
{
    const int64_t check_in_ms = f.rules.check_in_min * MINUTE;
    case_id quiet;

    (void)state;
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), ""));
    assert_ok(&f, case_say(&f, "desk", CASE_EVENT_FILE));
    assert_int_equal(f.last.due_check_in_ms, f.now.at_ms + check_in_ms);
    quiet = f.last.id;
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 2), ""));
    assert_ok(&f, case_say(&f, "desk", CASE_EVENT_FILE));
    assert_ok(&f, case_say(&f, "unit", CASE_EVENT_CHECK_IN));
    case_wait(&f, check_in_ms + 1000);
    assert_ok(&f, case_read(&f, f.last.id));
    assert_int_equal(f.last.escalated, 0);
    assert_ok(&f, case_read(&f, quiet));
    assert_int_equal(f.last.escalated, 1);
    /* called again, the time begins anew */
    assert_ok(&f, case_say(&f, "desk", CASE_EVENT_URGE));
    case_wait(&f, check_in_ms + 1000);
    assert_ok(&f, case_read(&f, quiet));
    assert_int_equal(f.last.escalated, 2);
}

/* 001 "对账销号": opened - closed - voided = outstanding, whatever happened. */
static void phrase_20_books_balance_after_any_sequence(void **state)
{
    uint32_t dice = 20261129;
    case_id known[64] = {0};
    unsigned count = 0;
    unsigned moved = 0;

    (void)state;
    for (unsigned step = 0; step < 4000; step++) {
        struct case_figures figures;
        uint64_t sum = 0;

        dice = dice * 1664525 + 1013904223;
        if (count < 64 && (dice >> 8) % 8 == 0) {
            const enum case_kind kind = (enum case_kind)((dice >> 16) % CASE_KIND_COUNT);

            if (case_open(&f, kind, SOURCE_PATROL, case_space(1, 1 + (dice >> 24) % CASE_SPACES),
                          "") == ERR_OK) {
                known[count++] = f.last.id;
            }
        } else if (count > 0) {
            char actor[] = "who-0";

            f.last.id = known[(dice >> 8) % count];
            actor[4] = (char)('0' + (dice >> 20) % 3);
            moved +=
                case_say(&f, actor, (enum case_event)((dice >> 16) % CASE_EVENT_COUNT)) == ERR_OK;
        }
        if (step % 50 == 0) {
            case_wait(&f, 5 * DAY);
        }
        case_books(&f, &figures);
        assert_true(figures.opened - figures.closed - figures.voided == figures.outstanding);
        for (unsigned s = 0; s < CASE_SOURCE_COUNT; s++) {
            sum += figures.by_source[s];
        }
        assert_true(sum == figures.opened);
        assert_true(figures.by_source[SOURCE_PATROL] == figures.opened);
    }
    assert_true(moved > 300);
}

/* 004 "事事有人管、件件有着落": behind the automatic dispatch only what nobody serves is left. */
static void phrase_47_no_case_is_nobodys(void **state)
{
    struct case_image orphans[8];
    struct case_request request = {.filter.orphan = true, .cases = orphans, .limit = 8};

    (void)state;
    for (unsigned i = 1; i <= CASE_SPACES; i++) {
        assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_PATROL, case_space(1, i), ""));
        assert_ok(&f, case_say(&f, "desk", CASE_EVENT_FILE));
        assert_int_equal(f.last.status, STATUS_DISPATCHED);
    }
    assert_ok(&f, case_ask(&f, COMMAND_CASES, "desk", &request));
    assert_int_equal(request.case_count, 0);
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_PATROL, case_space(2, 1), ""));
    assert_ok(&f, case_say(&f, "desk", CASE_EVENT_FILE));
    assert_ok(&f, case_ask(&f, COMMAND_CASES, "desk", &request));
    assert_int_equal(request.case_count, 1);
    assert_true(orphans[0].id == f.last.id);
}

/* 001 "有效落实全流程": the history alone tells each status the case went through. */
static void phrase_05_the_history_tells_the_whole_way(void **state)
{
    static const enum case_status way[] = {
        STATUS_REPORTED, STATUS_FILED,    STATUS_DISPATCHED, STATUS_HANDLING,
        STATUS_FEEDBACK, STATUS_CHECKING, STATUS_CLOSED,
    };

    static const enum case_event events[] = {CASE_EVENT_FILE, CASE_EVENT_CHECK_IN,
                                             CASE_EVENT_FEEDBACK, CASE_EVENT_CHECK};

    (void)state;
    assert_ok(&f, case_open(&f, CASE_ORDER, SOURCE_HOTLINE, case_space(1, 1), ""));
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        assert_ok(&f, case_say(&f, "unit", events[i]));
    }
    assert_ok(&f, case_say(&f, "checker", CASE_EVENT_CLOSE));
    assert_ok(&f, case_read(&f, f.last.id));
    assert_int_equal(f.row_count, ARRAY_LEN(way));
    for (uint32_t i = 0; i < f.row_count; i++) {
        assert_int_equal(f.rows[i].number, i + 1);
        assert_int_equal(f.rows[i].status, way[i]);
        /* 自动派遣: nobody had to dispatch it */
        assert_int_equal(f.rows[i].role,
                         way[i] == STATUS_DISPATCHED ? CASE_BY_MACHINE : CASE_BY_STAFF);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(phrase_05_the_history_tells_the_whole_way),
        TEST(phrase_09_whistle_and_check_in),
        TEST(phrase_20_books_balance_after_any_sequence),
        TEST(phrase_47_no_case_is_nobodys),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
