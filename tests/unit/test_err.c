/* The error table: every row complete, codes unique and fit for URLs and logs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/err.h"
#include <string.h>

static void test_rows_complete(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        const char *code = err_code((enum err)e);
        int status = err_http_status((enum err)e);

        assert_true(strlen(code) > 0 &&
                    strspn(code, "abcdefghijklmnopqrstuvwxyz_") == strlen(code));
        assert_true(e == ERR_OK ? status == 200 : status >= 400 && status < 600);
        assert_true(strlen(err_text((enum err)e, 0)) > 0);
        assert_true(strlen(err_text((enum err)e, 1)) > 0);
        for (int other = 0; other < e; other++) {
            assert_string_not_equal(code, err_code((enum err)other));
        }
    }
}

static void test_known_rows(void **state)
{
    (void)state;
    assert_string_equal(err_code(ERR_NOT_FOUND), "not_found");
    assert_int_equal(err_http_status(ERR_DISK_FULL), 507);
    assert_string_equal(err_text(ERR_CONFLICT, 0), "the object's state does not allow that");
    assert_string_equal(err_text(ERR_NOT_FOUND, 1), "对象不存在");
    assert_string_equal(err_code((enum err)9999), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_complete),
        cmocka_unit_test(test_known_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
