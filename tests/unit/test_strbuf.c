/* The growing buffer: contents, limit, sticky failure, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/strbuf.h"
#include <stdlib.h>
#include <string.h>

static void is(const struct strbuf *b, const char *want)
{
    assert_int_equal(b->len, strlen(want));
    assert_memory_equal(b->data, want, b->len);
}

static void test_appends(void **state)
{
    struct strbuf b = {0};

    (void)state;
    strbuf_puts(&b, "a");
    strbuf_putc(&b, 'b');
    strbuf_add(&b, "cd", 2);
    strbuf_add(&b, NULL, 0);
    strbuf_printf(&b, "-%s-%d", "x", 7);
    is(&b, "abcd-x-7");
    strbuf_clear(&b);
    is(&b, "");
    strbuf_puts(&b, "again");
    is(&b, "again");
    strbuf_finish(&b);
    assert_null(b.data);
}

static void test_numbers(void **state)
{
    struct strbuf b = {0};

    (void)state;
    strbuf_u64(&b, 0);
    strbuf_putc(&b, ' ');
    strbuf_u64(&b, UINT64_MAX);
    strbuf_putc(&b, ' ');
    strbuf_i64(&b, INT64_MIN);
    strbuf_putc(&b, ' ');
    strbuf_i64(&b, INT64_MAX);
    strbuf_putc(&b, ' ');
    strbuf_i64(&b, -10);
    is(&b, "0 18446744073709551615 -9223372036854775808 9223372036854775807 -10");
    strbuf_finish(&b);
}

static void test_limit_is_sticky(void **state)
{
    struct strbuf b = {.limit = 10};
    size_t len = 99;

    (void)state;
    strbuf_puts(&b, "0123456789");
    assert_false(b.failed);
    strbuf_putc(&b, 'x');
    assert_true(b.failed);
    strbuf_puts(&b, "");
    assert_null(strbuf_reserve(&b, 0));
    assert_null(strbuf_take(&b, &len));
    assert_int_equal(len, 0);
    assert_false(b.failed);
    assert_int_equal(b.limit, 10);
    strbuf_finish(&b);
}

static void test_absurd_size_fails(void **state)
{
    struct strbuf b = {0};

    (void)state;
    strbuf_puts(&b, "abc");
    assert_null(strbuf_reserve(&b, SIZE_MAX - 1));
    assert_true(b.failed);
    strbuf_finish(&b);
}

static void test_grows_and_moves_out(void **state)
{
    struct strbuf b = {0};
    size_t len;
    char *data;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        strbuf_putc(&b, (char)('a' + i % 26));
    }
    data = strbuf_take(&b, &len);
    assert_non_null(data);
    assert_int_equal(len, 100000);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(data[i], 'a' + i % 26);
    }
    free(data);
    assert_int_equal(b.len, 0);
    assert_null(b.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_limit_is_sticky),
        cmocka_unit_test(test_absurd_size_fails),
        cmocka_unit_test(test_grows_and_moves_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
