/* The JSON writer: commas, escapes, numbers, refusal of misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/json_read.h"
#include "bowei/base/json_write.h"
#include <string.h>

static void is(struct strbuf *b, const char *want)
{
    assert_false(b->failed);
    strbuf_putc(b, '\0');
    assert_string_equal(b->data, want);
    strbuf_finish(b);
}

static void test_structure(void **state)
{
    struct strbuf b = {0};
    struct json_writer w;

    (void)state;
    json_writer_init(&w, &b);
    json_object(&w);
    json_kv_str(&w, "a", "x");
    json_key(&w, "list");
    json_array(&w);
    json_i64(&w, -1);
    json_u64(&w, UINT64_MAX);
    json_object(&w);
    json_object_end(&w);
    json_array(&w);
    json_array_end(&w);
    json_bool(&w, true);
    json_raw(&w, "[1,2]", 5);
    json_array_end(&w);
    json_kv_bool(&w, "b", false);
    json_kv_null(&w, "n");
    json_kv_i64(&w, "i", 7);
    json_kv_u64(&w, "u", 8);
    json_kv_str(&w, "none", NULL);
    json_object_end(&w);
    is(&b, "{\"a\":\"x\",\"list\":[-1,18446744073709551615,{},[],true,[1,2]],\"b\":false,"
           "\"n\":null,\"i\":7,\"u\":8,\"none\":null}");
}

static void test_two_documents_have_no_comma(void **state)
{
    struct strbuf b = {0};
    struct json_writer w;

    (void)state;
    json_writer_init(&w, &b);
    json_array(&w);
    json_array_end(&w);
    strbuf_putc(&b, '\n');
    json_array(&w);
    json_array_end(&w);
    is(&b, "[]\n[]");
}

static void test_escapes(void **state)
{
    struct strbuf b = {0};
    struct json_writer w;

    (void)state;
    json_writer_init(&w, &b);
    json_strn(&w, "\"\\\b\f\n\r\t\x01\x1f\x7f/\0<", 13);
    is(&b, "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f/\\u0000<\"");
    json_writer_init(&w, &b);
    json_str(&w, "泊\xff\xc0\xaf\xed\xa0\x80位\xe6\xb3");
    is(&b, "\"泊\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd位"
           "\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void test_decimals(void **state)
{
    struct strbuf b = {0};
    struct json_writer w;

    (void)state;
    json_writer_init(&w, &b);
    json_array(&w);
    json_fixed(&w, 422578000, 7);
    json_fixed(&w, -5, 3);
    json_fixed(&w, 0, 2);
    json_fixed(&w, 12, 0);
    json_fixed(&w, INT64_MIN, 9);
    json_decimal(&w, 3600, 3);
    json_decimal(&w, 7000, 3);
    json_decimal(&w, -100, 2);
    json_decimal(&w, 0, 7);
    json_decimal(&w, 1001, 3);
    json_decimal(&w, 100, 0);
    json_array_end(&w);
    is(&b, "[42.2578000,-0.005,0.00,12,-9223372036.854775808,3.6,7,-1,0,1.001,100]");
}

static void test_times(void **state)
{
    struct strbuf b = {0};
    struct json_writer w;

    (void)state;
    json_writer_init(&w, &b);
    json_object(&w);
    json_kv_time(&w, "a", 1795269791999);
    json_kv_time(&w, "b", -1);
    json_object_end(&w);
    is(&b, "{\"a\":\"2026-11-21T14:03:11Z\",\"b\":null}");
}

static void test_misuse_fails_the_buffer(void **state)
{
    struct strbuf b = {0};
    struct json_writer w;

    (void)state;
    json_writer_init(&w, &b);
    for (int i = 0; i < JSON_WRITE_DEPTH + 5; i++) {
        json_array(&w);
    }
    assert_true(b.failed);
    strbuf_finish(&b);
    json_writer_init(&w, &b);
    json_array_end(&w);
    assert_true(b.failed);
    strbuf_finish(&b);
}

/* Whatever bytes a text holds, what comes out is JSON that our own reader takes. */
static void test_any_bytes_read_back(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct strbuf b = {0};
        struct json_writer w;
        struct json_doc doc;
        struct json_node nodes[2];
        char text[40];
        size_t nul;

        for (size_t i = 0; i < sizeof text; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            text[i] = (char)(seed >> 20);
            text[i] = text[i] == '\0' ? 'x' : text[i]; /* the reader refuses U+0000 */
        }
        nul = seed % sizeof text;
        json_writer_init(&w, &b);
        json_strn(&w, text, nul);
        assert_int_equal(json_parse(&doc, b.data, b.len, nodes, 2), JSON_OK);
        strbuf_finish(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_two_documents_have_no_comma),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_misuse_fails_the_buffer),
        cmocka_unit_test(test_any_bytes_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
