/* Pages of what is due next against a sort of everything, for any page size, with ties, cases whose
 * clocks stand, and cases that have none. */
#include "tests/unit/case_fixture.h"

#define CASES 3000

static struct case_fixture f;
static uint32_t dice = 7;

static uint32_t roll(uint32_t below)
{
    dice = dice * 1664525 + 1013904223;
    return (dice >> 8) % below;
}

static void open_one(void)
{
    struct case_request request = {
        .kind = CASE_ORDER,
        .source = SOURCE_PATROL,
        .at = {422578000, 1188869000},
        .cases = &f.last,
        .limit = 1
    };
    struct case_move move = {.event = CASE_EVENT_DISPATCH};

    assert_ok(&f, case_ask(&f, COMMAND_CASE_OPEN, "patrol", &request));
    if (roll(4) == 0) {
        return; /* no clock runs */
    }
    (void)snprintf(move.unit, sizeof move.unit, "HELP-1");
    (void)snprintf(move.person, sizeof move.person, "H-1");
    (void)snprintf(move.note, sizeof move.note, "n");
    move.until_ms = f.now.at_ms + (1 + roll(500)) * DAY; /* with many ties */
    assert_ok(&f, case_say(&f, "desk", CASE_EVENT_FILE));
    assert_ok(&f, case_do(&f, "desk", &move));
    if (roll(5) == 0) {
        assert_ok(&f, case_say(&f, "unit", CASE_EVENT_CHECK_IN));
        assert_ok(&f, case_say(&f, "unit", CASE_EVENT_SUSPEND)); /* its clocks stand */
    }
}

static int64_t key_of(const struct case_image *c)
{
    const int64_t due_ms = case_due_next(c);

    return due_ms == 0 ? INT64_MAX : due_ms;
}

static void due_pages_equal_a_sort(void **state)
{
    static const uint32_t limits[] = {1000, 999, 64, 7};
    struct case_image *page = calloc(1000, sizeof *page);

    (void)state;
    assert_non_null(page);
    case_start(&f);
    for (unsigned i = 0; i < CASES; i++) {
        open_one();
    }
    for (size_t l = 0; l < ARRAY_LEN(limits); l++) {
        struct case_request request = {
            .filter.open = true, .order = CASES_DUE_NEXT, .cases = page, .limit = limits[l]};
        int64_t last_ms = 0;
        case_id last_id = 0;
        unsigned seen = 0;

        do {
            assert_ok(&f, case_ask(&f, COMMAND_CASES, "desk", &request));
            assert_true(request.case_count == limits[l] || !request.more);
            for (uint32_t i = 0; i < request.case_count; i++, seen++) {
                const int64_t key = key_of(&page[i]);

                /* strictly behind the one before: nothing twice, nothing out of order */
                assert_true(key > last_ms || (key == last_ms && page[i].id > last_id));
                last_ms = key;
                last_id = page[i].id;
            }
            request.from_key = last_ms;
            request.from_id = last_id;
        } while (request.more);
        assert_int_equal(seen, CASES);
    }
    case_stop(&f);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_pages_equal_a_sort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
