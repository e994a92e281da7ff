/* RFC 3339 times: against the C library's calendar, and strictness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/city_clock.h"
#include <string.h>
#include <time.h>

static void test_format_agrees_with_gmtime(void **state)
{
    (void)state;
    /* every 11 h 17 min 13 s to the end of year 9999 would be 197 M; a prime step covers all years
     */
    for (int64_t s = 0; s < INT64_C(253402300800); s += 1299709) {
        time_t t = (time_t)s;
        struct tm tm;
        char want[64];
        char got[RFC3339_LEN + 1];
        int64_t back;

        assert_non_null(gmtime_r(&t, &tm));
        assert_int_equal(strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm), RFC3339_LEN);
        rfc3339_format(s * 1000 + 999, got);
        assert_string_equal(got, want);
        assert_int_equal(rfc3339_parse(got, RFC3339_LEN, &back), 0);
        assert_int_equal(back, s * 1000);
    }
}

struct good_row {
    const char *text;
    int64_t epoch_ms;
};

static void test_good(void **state)
{
    static const struct good_row rows[] = {
        {"1970-01-01T00:00:00Z",           0            },
        {"1970-01-01T00:00:00.5Z",         500          },
        {"1970-01-01T08:00:00+08:00",      0            },
        {"1969-12-31T23:59:59Z",           -1000        },
        {"2024-02-29T12:00:00.123456789Z", 1709208000123},
        {"2016-12-31T23:59:60Z",           1483228800000},
        {"2017-01-01T07:59:60+08:00",      1483228800000},
        {"2026-11-21t14:03:11z",           1795269791000},
        {"2026-11-21T22:03:11+08:00",      1795269791000},
        {"2026-11-21T08:33:11-05:30",      1795269791000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = -12345;

        assert_int_equal(rfc3339_parse(rows[i].text, (uint32_t)strlen(rows[i].text), &got), 0);
        assert_int_equal(got, rows[i].epoch_ms);
    }
}

static void test_bad(void **state)
{
    static const char *const rows[] = {
        "",
        "2026-11-21",
        "2026-11-21T14:03:11",
        "2026-11-21 14:03:11Z",
        "2026-13-21T14:03:11Z",
        "2026-00-21T14:03:11Z",
        "2026-11-31T14:03:11Z",
        "2026-02-29T14:03:11Z",
        "1900-02-29T14:03:11Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T14:60:11Z",
        "2026-11-21T14:03:61Z",
        "2026-11-21T14:03:60Z",
        "2026-11-21T14:03:11.Z",
        "2026-11-21T14:03:11+0800",
        "2026-11-21T14:03:11+24:00",
        "2026-11-21T14:03:11+08:60",
        "2026-11-21T14:03:11Zx",
        "+026-11-21T14:03:11Z",
        "2026-11-21T14:03:11.5",
        "2026/11/21T14:03:11Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = 77;

        assert_int_equal(rfc3339_parse(rows[i], (uint32_t)strlen(rows[i]), &got), -1);
        assert_int_equal(got, 77);
    }
}

static void test_out_of_range_is_clamped(void **state)
{
    char got[RFC3339_LEN + 1];

    (void)state;
    rfc3339_format(-5, got);
    assert_string_equal(got, "1970-01-01T00:00:00Z");
    rfc3339_format(INT64_MAX, got);
    assert_string_equal(got, "9999-12-31T23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_agrees_with_gmtime),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_out_of_range_is_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
