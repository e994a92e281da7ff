/* The JSON reader: verdicts with their places, values, and cost that stays in proportion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/json_read.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NODES 256

static struct json_node nodes[NODES];

static enum json_fault parse(struct json_doc *doc, const char *text)
{
    return json_parse(doc, text, strlen(text), nodes, NODES);
}

struct verdict {
    const char *text;
    enum json_fault fault;
    size_t at;
};

static void test_verdicts(void **state)
{
    static const struct verdict rows[] = {
        {"null",                                   JSON_OK,            0 },
        {" [ ] ",                                  JSON_OK,            0 },
        {"{}",                                     JSON_OK,            0 },
        {"\"x\"",                                  JSON_OK,            0 },
        {"-0.0",                                   JSON_OK,            0 },
        {"99999999999999999999",                   JSON_OK,            0 },
        {"1e308",                                  JSON_OK,            0 },
        {"1e-999",                                 JSON_OK,            0 },
        {"0e999999999999",                         JSON_OK,            0 },
        {"[1,2.5,-3e+2,4E-1]",                     JSON_OK,            0 },
        {"{\"a\":{\"a\":1},\"b\":[{\"a\":1}]}",    JSON_OK,            0 },
        {"\"\\ud83c\\udd7f\"",                     JSON_OK,            0 },
        {"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",       JSON_OK,            0 },
        {"",                                       JSON_TRUNCATED,     0 },
        {"  ",                                     JSON_TRUNCATED,     2 },
        {"{",                                      JSON_TRUNCATED,     1 },
        {"[1,",                                    JSON_TRUNCATED,     3 },
        {"[1",                                     JSON_TRUNCATED,     2 },
        {"{\"a\"",                                 JSON_TRUNCATED,     4 },
        {"\"ab",                                   JSON_TRUNCATED,     3 },
        {"\"ab\\",                                 JSON_TRUNCATED,     4 },
        {"tru",                                    JSON_TRUNCATED,     3 },
        {"-",                                      JSON_TRUNCATED,     1 },
        {"1.",                                     JSON_TRUNCATED,     2 },
        {"1e+",                                    JSON_TRUNCATED,     3 },
        {"\xef\xbb\xbf{}",                         JSON_SYNTAX,        0 },
        {"NaN",                                    JSON_SYNTAX,        0 },
        {"nul1",                                   JSON_SYNTAX,        3 },
        {"Infinity",                               JSON_SYNTAX,        0 },
        {"-Infinity",                              JSON_SYNTAX,        1 },
        {"+1",                                     JSON_SYNTAX,        0 },
        {".5",                                     JSON_SYNTAX,        0 },
        {"[01]",                                   JSON_SYNTAX,        2 },
        {"[1,]",                                   JSON_SYNTAX,        3 },
        {"[,1]",                                   JSON_SYNTAX,        1 },
        {"[1 2]",                                  JSON_SYNTAX,        3 },
        {"[1}",                                    JSON_SYNTAX,        2 },
        {"{\"a\":1,}",                             JSON_SYNTAX,        7 },
        {"{\"a\",1}",                              JSON_SYNTAX,        4 },
        {"{a:1}",                                  JSON_SYNTAX,        1 },
        {"{'a':1}",                                JSON_SYNTAX,        1 },
        {"[1]//c",                                 JSON_TRAILING,      3 },
        {"{}x",                                    JSON_TRAILING,      2 },
        {"01",                                     JSON_TRAILING,      1 },
        {"1 2",                                    JSON_TRAILING,      2 },
        {"\"a\nb\"",                               JSON_SYNTAX,        2 },
        {"[1\f]",                                  JSON_SYNTAX,        2 },
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",     JSON_DEPTH,         16},
        {"{\"occupied\":true,\"occupied\":false}", JSON_DUPLICATE_KEY, 18},
        {"{\"a\":1,\"\\u0061\":2}",                JSON_DUPLICATE_KEY, 8 },
        {"{\"b\":1,\"a\":1,\"a\":2}",              JSON_DUPLICATE_KEY, 14},
        {"{\"\":1,\"\":2}",                        JSON_DUPLICATE_KEY, 7 },
        {"\"\xff\"",                               JSON_UTF8,          1 },
        {"\"\xc0\xaf\"",                           JSON_UTF8,          1 },
        {"\"ab\xed\xa0\x80\"",                     JSON_UTF8,          3 },
        {"\"\xe6\xb3",                             JSON_UTF8,          1 },
        {"\"\\x\"",                                JSON_ESCAPE,        1 },
        {"\"\\u12g4\"",                            JSON_ESCAPE,        1 },
        {"\"\\u0000\"",                            JSON_ESCAPE,        1 },
        {"{\"a\\u0000\":1}",                       JSON_ESCAPE,        3 },
        {"\"\\ud800\"",                            JSON_ESCAPE,        1 },
        {"\"\\ud800\\u0041\"",                     JSON_ESCAPE,        1 },
        {"\"\\udc00\\ud800\"",                     JSON_ESCAPE,        1 },
        {"\"\\ud83c\\udd7",                        JSON_ESCAPE,        1 },
        {"1e999",                                  JSON_NUMBER_RANGE,  0 },
        {"[-1e309]",                               JSON_NUMBER_RANGE,  1 },
        {"0.00001e400",                            JSON_NUMBER_RANGE,  0 },
        {"1e99999999999999999999",                 JSON_NUMBER_RANGE,  0 },
        {"1.7976931348623159e308",                 JSON_NUMBER_RANGE,  0 },
        {"1.7976931348623157e308",                 JSON_OK,            0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_doc doc;

        if (parse(&doc, rows[i].text) != rows[i].fault || doc.fault_at != rows[i].at) {
            fail_msg("%s: %s at %zu", rows[i].text, json_fault_text(doc.fault), doc.fault_at);
        }
    }
    {
        struct json_doc doc;

        assert_int_equal(json_parse(&doc, "\0", 1, nodes, NODES), JSON_SYNTAX);
        assert_int_equal(json_parse(&doc, "1\0", 2, nodes, NODES), JSON_TRAILING);
    }
}

/* Every byte at every offset of the fast skip: a special byte is never jumped over. */
static void test_no_byte_is_skipped(void **state)
{
    (void)state;
    for (size_t at = 0; at < 40; at++) {
        for (int c = 0; c < 256; c++) {
            char text[44];
            struct json_doc doc;
            bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

            memset(text, 'a', sizeof text);
            text[0] = '"';
            text[41] = '"';
            text[1 + at] = (char)c;
            assert_int_equal(json_parse(&doc, text, 42, nodes, NODES) == JSON_OK, plain);
        }
    }
}

static void test_too_many_nodes(void **state)
{
    struct json_doc doc;
    struct json_node few[3];

    (void)state;
    assert_int_equal(json_parse(&doc, "[1,2]", 5, few, 3), JSON_OK);
    assert_int_equal(doc.used, 3);
    assert_int_equal(json_parse(&doc, "[1,2,3]", 7, few, 3), JSON_TOO_MANY);
    assert_int_equal(doc.fault_at, 5);
    assert_int_equal(json_parse(&doc, "1", 1, few, 0), JSON_TOO_MANY);
}

static void test_walk(void **state)
{
    const char *text =
        "{\"a\":[10,[20,21],{\"x\":30}],\"b\":{},\"c\\t\":\"z\\n\\u6cca\",\"d\":null}";
    struct json_doc doc;
    const struct json_node *a;
    const struct json_node *n;
    int64_t v = 0;
    char out[8];

    (void)state;
    assert_int_equal(parse(&doc, text), JSON_OK);
    assert_int_equal(nodes[0].kind, JSON_OBJECT);
    assert_int_equal(nodes[0].count, 4);
    assert_int_equal(nodes[0].len, strlen(text));
    a = json_member(&doc, &nodes[0], "a");
    assert_non_null(a);
    assert_int_equal(a->count, 3);
    n = json_first(&doc, a);
    assert_true(json_int(&doc, n, &v) && v == 10);
    n = json_after(&doc, n);
    assert_int_equal(n->kind, JSON_ARRAY);
    assert_int_equal(n->len, strlen("[20,21]"));
    n = json_after(&doc, n);
    assert_int_equal(n->kind, JSON_OBJECT);
    assert_true(json_int(&doc, json_member(&doc, n, "x"), &v) && v == 30);
    n = json_after(&doc, n); /* behind the array's last item: the next key */
    assert_true(json_is_text(&doc, n, "b"));
    n = json_after(&doc, n);
    assert_null(json_first(&doc, n));
    n = json_member(&doc, &nodes[0], "c\t");
    assert_non_null(n);
    assert_int_equal(json_text(&doc, n, out, sizeof out), 5);
    assert_string_equal(out, "z\n泊");
    assert_int_equal(json_text(&doc, n, out, 6), 5);
    assert_int_equal(json_text(&doc, n, out, 5), -1);
    assert_true(json_is_text(&doc, n, "z\n泊"));
    assert_false(json_is_text(&doc, n, "z\n"));
    assert_false(json_is_text(&doc, n, "z\n泊x"));
    n = json_member(&doc, &nodes[0], "d");
    assert_int_equal(n->kind, JSON_NULL);
    assert_null(json_after(&doc, n));
    assert_null(json_member(&doc, &nodes[0], "e"));
    assert_null(json_member(&doc, a, "a"));
    assert_null(json_member(&doc, NULL, "a"));
    assert_false(json_int(&doc, NULL, &v));
    assert_int_equal(json_text(&doc, NULL, out, sizeof out), -1);
    assert_int_equal(json_text(&doc, a, out, sizeof out), -1);
}

struct scaled_row {
    const char *text;
    unsigned digits;
    int64_t want;
    bool ok;
};

static void test_scaled(void **state)
{
    static const struct scaled_row rows[] = {
        {"42.2578",                                      7, 422578000,   true },
        {"118.88690005",                                 7, 1188869001,  true },
        {"-118.88690005",                                7, -1188869001, true },
        {"-118.88690004999999999999",                    7, -1188869000, true },
        {"0.00000005",                                   7, 1,           true },
        {"0.00000004999",                                7, 0,           true },
        {"-0.0",                                         7, 0,           true },
        {"0",                                            0, 0,           true },
        {"1e3",                                          0, 1000,        true },
        {"1.5e-1",                                       1, 2,           true },
        {"25e-1",                                        0, 3,           true },
        {"0.5",                                          0, 1,           true },
        {"0.49999999999999999999999",                    0, 0,           true },
        {"-0.5",                                         0, -1,          true },
        {"9223372036854775807",                          0, INT64_MAX,   true },
        {"-9223372036854775808",                         0, INT64_MIN,   true },
        {"9223372036854775808",                          0, 0,           false},
        {"-9223372036854775809",                         0, 0,           false},
        {"9223372036854775807.4",                        0, INT64_MAX,   true },
        {"9223372036854775807.5",                        0, 0,           false},
        {"99999999999999999999",                         0, 0,           false},
        {"0.000000000000000000009223372036854775807e39", 0, INT64_MAX,   true },
        {"9.2e18",                                       1, 0,           false},
        {"1e-400",                                       9, 0,           true },
        {"1e300",                                        0, 0,           false},
        {"100000000000000000000e-20",                    2, 100,         true },
        {"3.6",                                          3, 3600,        true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_doc doc;
        int64_t got = 0;

        assert_int_equal(parse(&doc, rows[i].text), JSON_OK);
        if (json_scaled(&doc, nodes, rows[i].digits, &got) != rows[i].ok ||
            (rows[i].ok && got != rows[i].want)) {
            fail_msg("%s * 10^%u: %lld", rows[i].text, rows[i].digits, (long long)got);
        }
    }
}

static void test_int(void **state)
{
    static const char *const none[] = {"1.0", "1e2", "\"1\"", "true", "9223372036854775808"};
    struct json_doc doc;
    int64_t v = 7;

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(parse(&doc, none[i]), JSON_OK);
        assert_false(json_int(&doc, nodes, &v));
    }
    assert_int_equal(parse(&doc, "-9223372036854775808"), JSON_OK);
    assert_true(json_int(&doc, nodes, &v) && v == INT64_MIN);
}

static uint64_t seed = 1234567;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void test_doubles_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = rnd();
        struct json_doc doc;
        char text[64];
        double want;
        double got = 0;

        memcpy(&want, &bits, sizeof want);
        if (!isfinite(want)) {
            continue;
        }
        (void)snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.25e", want);
        assert_int_equal(parse(&doc, text), JSON_OK);
        assert_true(json_double(&doc, nodes, &got));
        assert_memory_equal(&got, &want, sizeof got);
    }
    {
        struct json_doc doc;
        double got = 1;

        assert_int_equal(parse(&doc, "5e-324"), JSON_OK);
        assert_true(json_double(&doc, nodes, &got) && got > 0);
        assert_int_equal(parse(&doc, "1e-330"), JSON_OK);
        assert_true(json_double(&doc, nodes, &got) && !(got > 0));
        /* the half-way case 2^53 + 1, and a digit far behind that breaks the tie */
        assert_int_equal(parse(&doc, "9007199254740993"), JSON_OK);
        assert_true(json_double(&doc, nodes, &got) && (int64_t)got == INT64_C(9007199254740992));
    }
}

/* Range without an exponent: 1 and n zeros. */
static void test_long_whole_numbers(void **state)
{
    char text[400];
    struct json_doc doc;
    double got = 0;

    (void)state;
    memset(text, '0', sizeof text);
    text[0] = '1';
    assert_int_equal(json_parse(&doc, text, 309, nodes, NODES), JSON_OK);
    assert_true(json_double(&doc, nodes, &got) && !(got < 1e308) && !(got > 1e308));
    assert_int_equal(json_parse(&doc, text, 310, nodes, NODES), JSON_NUMBER_RANGE);
    text[0] = '0';
    text[1] = '.';
    assert_int_equal(json_parse(&doc, text, sizeof text, nodes, NODES), JSON_OK);
}

static void test_tie_broken_far_behind(void **state)
{
    char text[2100];
    struct json_doc doc;
    double got = 0;

    (void)state;
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993.", 17);
    text[2000] = '1';
    assert_int_equal(json_parse(&doc, text, 2001, nodes, NODES), JSON_OK);
    assert_true(json_double(&doc, nodes, &got) && (int64_t)got == INT64_C(9007199254740994));
}

/* `n` keys in scattered order; `twice` repeats the middle one at the end. */
static size_t many_keys(char *text, uint32_t n, bool twice, bool escaped)
{
    size_t len = 0;

    text[len++] = '{';
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v = (twice && i == n - 1 ? i / 2 : i) * 2654435761u;

        len += (size_t)sprintf(
            text + len, escaped && i % 3 == 0 ? "%s\"\\u006bey_%08x\":%u" : "%s\"key_%08x\":%u",
            i > 0 ? "," : "", v, i);
    }
    text[len++] = '}';
    return len;
}

static void test_many_keys(void **state)
{
    static const uint32_t counts[] = {2, 15, 16, 17, 18, 31, 32, 33, 64, 1000, 10000};
    static struct json_node many[1 + 2 * 10000];
    char *text = malloc(10000 * 40);

    (void)state;
    assert_non_null(text);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (int escaped = 0; escaped < 2; escaped++) {
            struct json_doc doc;
            size_t len = many_keys(text, counts[c], false, escaped);
            const struct json_node *key;
            int64_t v = -1;
            int64_t last = (int64_t)counts[c] - 1;

            assert_int_equal(json_parse(&doc, text, len, many, 20001), JSON_OK);
            key = json_first(&doc, many);
            for (int64_t i = 0; i <= last; i++) { /* the order of the text is kept */
                assert_true(json_int(&doc, json_after(&doc, key), &v) && v == i);
                assert_int_equal(key->next, key - many + 1);
                key = json_after(&doc, json_after(&doc, key));
            }
            assert_null(key);
            len = many_keys(text, counts[c], true, escaped);
            assert_int_equal(json_parse(&doc, text, len, many, 20001), JSON_DUPLICATE_KEY);
        }
    }
    free(text);
}

static double parse_seconds(const char *text, size_t len, struct json_node *many, uint32_t cap)
{
    struct timespec a;
    struct timespec b;
    struct json_doc doc;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    assert_int_equal(json_parse(&doc, text, len, many, cap), JSON_OK);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
}

/* 32 times the keys cost far less than 32 * 32 times the processor time: not quadratic. */
static void test_key_check_is_not_quadratic(void **state)
{
    const uint32_t few = 5000;
    const uint32_t cap = 1 + 2 * few * 32;
    struct json_node *many = malloc(cap * sizeof *many);
    char *text = malloc((size_t)few * 32 * 40);
    double small = 1e9;
    double large;

    (void)state;
    assert_non_null(many);
    assert_non_null(text);
    for (int i = 0; i < 5; i++) {
        double s = parse_seconds(text, many_keys(text, few, false, false), many, cap);

        small = s < small ? s : small;
    }
    large = parse_seconds(text, many_keys(text, few * 32, false, false), many, cap);
    assert_true(large < small * 32 * 12);
    print_message("%u keys %.2f ms, %u keys %.2f ms\n", few, small * 1e3, few * 32, large * 1e3);
    free(many);
    free(text);
}

static void test_line_column(void **state)
{
    uint32_t line;
    uint32_t column;

    (void)state;
    json_line_column("ab\ncd\n", 6, 0, &line, &column);
    assert_true(line == 1 && column == 1);
    json_line_column("ab\ncd\n", 6, 4, &line, &column);
    assert_true(line == 2 && column == 2);
    json_line_column("ab\ncd\n", 6, 99, &line, &column);
    assert_true(line == 3 && column == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_no_byte_is_skipped),
        cmocka_unit_test(test_too_many_nodes),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_int),
        cmocka_unit_test(test_doubles_round_trip),
        cmocka_unit_test(test_tie_broken_far_behind),
        cmocka_unit_test(test_long_whole_numbers),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_key_check_is_not_quadratic),
        cmocka_unit_test(test_line_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
