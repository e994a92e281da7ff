/* Texts that people will read: what would show them something else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "api/body_fields.h"
#include <cmocka.h>
#include <string.h>

static int text_read(const char *json)
{
    struct json_node nodes[4];
    struct json_doc doc;
    char out[64];

    assert_int_equal(json_parse(&doc, json, strlen(json), nodes, 4), JSON_OK);
    return body_text(&doc, &doc.nodes[0], out, sizeof out);
}

static void texts_are_taken(void **state)
{
    (void)state;
    assert_int_equal(text_read("\"\""), 0);
    assert_int_equal(text_read("\"two\\nlines\""), 9);
    assert_int_equal(text_read("\"车上落灰\""), 12);
    assert_int_equal(text_read("\"\\u00a0\\u00e9\\u2010\\u202f\\u2065\\u206a\""), 16);
    assert_int_equal(text_read("\"\xf0\x9f\x9a\xb2\""), 4);
}

static void texts_that_mislead_are_refused(void **state)
{
    static const char *const bad[] = {"\"\\t\"",        "\"\\r\"",     "\"a\\u001b[2J\"",
                                      "\"\\u007f\"",    "\"\\u0080\"", "\"\\u009b2J\"",
                                      "\"\\u202agpj\"", "\"\\u202e\"", "\"a\\u2066\"",
                                      "\"\\u2069\"",    "1",           "null"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(text_read(bad[i]), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_taken),
        cmocka_unit_test(texts_that_mislead_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
