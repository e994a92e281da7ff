/* Tables of the command line: columns stand below one another, Chinese ones too. */
#include "gateway/cli/table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_chinese_takes_two_places(void **state)
{
    (void)state;
    assert_int_equal(table_text_width("section 1"), 9);
    assert_int_equal(table_text_width("宁澜路1段"), 9);
    assert_int_equal(table_text_width("(僵尸车)"), 8);
    assert_int_equal(table_text_width("\xe5\xae"), 2); /* a torn character: a place a byte */
    assert_int_equal(table_text_width(""), 0);
}

static void test_columns_are_as_wide_as_their_widest(void **state)
{
    static const char *const cells[] = {"id", "name",     "free", "1", "宁澜路1段",
                                        "15", "150402-1", "-",    "7"};
    struct table table = {.columns = 3};
    struct strbuf out = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
        table_cell(&table, cells[i]);
    }
    table_write(&table, &out);
    strbuf_putc(&out, '\0');
    assert_string_equal(out.data, "id        name       free\n"
                                  "1         宁澜路1段  15\n"
                                  "150402-1  -          7\n");
    strbuf_finish(&out);
    table_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chinese_takes_two_places),
        cmocka_unit_test(test_columns_are_as_wide_as_their_widest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
