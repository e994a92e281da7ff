/* What the log says of a unit that fails and answers by turns: not each time, but the truth at
 * last. */
#include "sensors/modbus/line_state.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BEGIN_MS INT64_C(1000000)

struct said {
    unsigned failed, again;
    bool failed_last;
    char last[256];
};

/* Reads what the log got. */
static struct said said_of(FILE *log)
{
    struct said said = {0};
    char line[256];

    rewind(log);
    while (fgets(line, sizeof line, log) != NULL) {
        said.failed_last = strstr(line, "only probed from now on") != NULL;
        said.failed += said.failed_last;
        said.again += strstr(line, "answers again") != NULL;
        memcpy(said.last, line, sizeof line);
    }
    return said;
}

static struct said run(bool fails_at_last, unsigned turns)
{
    struct unit unit = {.device = "line/a", .why = "noise"};
    const int former = dup(STDERR_FILENO);
    FILE *log = tmpfile();
    int64_t boot_ms = BEGIN_MS;
    struct said said;

    assert_non_null(log);
    unit.breaker = &unit.own_breaker;
    breaker_succeed(unit.breaker, 10);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    for (unsigned i = 0; i < turns; i++, boot_ms += 500) {
        for (unsigned k = 0; k < BREAKER_FAILURES && i % 2 == 0; k++) {
            (void)breaker_fail(unit.breaker);
        }
        if (i % 2 != 0) {
            breaker_succeed(unit.breaker, 10);
        }
        line_tell_unit(&unit, boot_ms);
    }
    for (unsigned k = 0; k < BREAKER_FAILURES && fails_at_last; k++) {
        (void)breaker_fail(unit.breaker);
    }
    if (!fails_at_last) {
        breaker_succeed(unit.breaker, 10);
    }
    for (int64_t end_ms = boot_ms + 20000; boot_ms < end_ms; boot_ms += 500) {
        line_tell_unit(&unit, boot_ms); /* rounds go on */
    }
    (void)dup2(former, STDERR_FILENO);
    (void)close(former);
    said = said_of(log);
    (void)fclose(log);
    return said;
}

static void the_first_turns_are_told_at_once(void **state)
{
    const struct said said = run(true, 3);

    (void)state;
    assert_int_equal(said.failed, 2);
    assert_int_equal(said.again, 1);
    assert_non_null(strstr(said.last, "line/a: failed three times, now: noise; only probed"));
}

static void a_unit_that_turns_all_the_time_is_told_now_and_then(void **state)
{
    (void)state;
    for (int last = 0; last < 2; last++) {
        const struct said said = run(last != 0, 200); /* 100 s */

        assert_in_range(said.failed + said.again, 4, 16);
        assert_int_equal(said.failed_last, last != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_turns_are_told_at_once),
        cmocka_unit_test(a_unit_that_turns_all_the_time_is_told_now_and_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
