/* The counter table: names that OpenMetrics takes, rows of a metric together, no row twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/counters.h"
#include <pthread.h>
#include <string.h>

static void test_rows(void **state)
{
    (void)state;
    for (int i = 0; i < COUNTER_COUNT; i++) {
        const struct counter_row *row = &counter_rows[i];

        assert_int_equal(strncmp(row->metric, "bowei_", 6), 0);
        assert_int_equal(strspn(row->metric, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->metric));
        assert_null(strstr(row->metric, "_total"));
        for (int j = 0; j < i; j++) {
            int same = strcmp(counter_rows[j].metric, row->metric) == 0;

            assert_false(same && strcmp(counter_rows[j].label, row->label) == 0);
            if (same) { /* all between are of the same metric */
                assert_string_equal(counter_rows[i - 1].metric, row->metric);
            }
        }
    }
}

static void test_first_row_of_a_metric_has_help(void **state)
{
    (void)state;
    for (int i = 0; i < COUNTER_COUNT; i++) {
        if (i == 0 || strcmp(counter_rows[i - 1].metric, counter_rows[i].metric) != 0) {
            assert_true(strlen(counter_rows[i].help) > 0);
        }
    }
}

static void *add_many(void *arg)
{
    for (int i = 0; i < 100000; i++) {
        count_add(arg, COUNT_CHANGES, 2);
    }
    return NULL;
}

static void test_two_threads_lose_nothing(void **state)
{
    static struct counters c;
    pthread_t other;

    (void)state;
    assert_int_equal(pthread_create(&other, NULL, add_many, &c), 0);
    add_many(&c);
    pthread_join(other, NULL);
    assert_int_equal(count_get(&c, COUNT_CHANGES), 400000);
    assert_int_equal(count_get(&c, COUNT_FLAPPING), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_first_row_of_a_metric_has_help),
        cmocka_unit_test(test_two_threads_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
