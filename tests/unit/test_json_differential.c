/* Our JSON reader against jansson on 400 000 mutated documents: the same verdict, and where both
 * accept, the same values. Known differences, kept out here: jansson nests deeper (2048 against
 * 16), and it swallows a NUL byte behind a number (2.14), which we refuse (test_json_read.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
/* jansson's kinds have the names of ours */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_TRUE   JANSSON_TRUE
#define JSON_FALSE  JANSSON_FALSE
#define JSON_NULL   JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL
#include "bowei/base/json_read.h"

#define ROUNDS    400000
#define TEXT_CAP  512
#define NODES_CAP 600

static const char *const documents[] = {
    "{\"device\":\"A81758FFFE03\",\"occupied\":true,\"battery\":3.61,\"rssi\":-97,\"seq\":"
    "4294967295}",
    "{\"lat\":42.2578,\"lon\":118.8869e0,\"name\":\"\\u6cca\\u4f4d "
    "\\ud83c\\udd7f\",\"x\":[1,2,[3,{}]]}",
    "[null,true,false,0,-0.0,1e10,2E-5,1.7976931348623157e308,\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"]",
    "{\"a\":{\"b\":{\"c\":[{\"d\":[[[]]]}]}},\"泊位\":\"编号 🅿\",\"\":\"\",\"a1\":0,\"a2\":0}",
    " \t\r\n{ \"k\" : [ 1 , \"two\" , 3.0 ] } ",
    "\"just text\"",
    "-12.5e+3",
};

/* Pieces that mutations put in: what JSON readers stumble over. */
static const char *const pieces[] = {
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\u",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\ud83c\\udd7f",
    "1e999",
    "-",
    "0",
    "00",
    ".",
    "e",
    "E+",
    "NaN",
    "null",
    "true",
    "\xff",
    "\xc0\xaf",
    "\xed\xa0\x80",
    "\xf4\x90\x80\x80",
    "泊",
    "\x01",
    "\x7f",
    "\n",
    " ",
    "/*c*/",
    "\"a\":1,",
    "\"a1\":0,",
    "\xef\xbb\xbf",
    "1e-999",
    "99999999999999999999",
    "0.0000000000000000000000001",
    "\\u0061",
};

static uint64_t seed = 70000;

static uint32_t rnd(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16) % below;
}

/* Replaces text[at .. at + cut) by the piece. */
static size_t splice(char *text, size_t len, size_t at, size_t cut, const char *piece, size_t n)
{
    cut = at + cut > len ? len - at : cut;
    if (len - cut + n > TEXT_CAP) {
        return len;
    }
    memmove(text + at + n, text + at + cut, len - at - cut);
    memcpy(text + at, piece, n);
    return len - cut + n;
}

static size_t mutate(char *text, size_t len)
{
    size_t at = rnd((uint32_t)len + 1);
    const char *piece = pieces[rnd(sizeof pieces / sizeof pieces[0])];
    char byte = (char)(1 + rnd(255));
    char copy[24];
    size_t from;
    size_t n;

    switch (rnd(6)) {
    case 0: return splice(text, len, at, 0, piece, strlen(piece));
    case 1: return splice(text, len, at, strlen(piece), piece, strlen(piece));
    case 2: return splice(text, len, at, 1 + rnd(4), "", 0);
    case 3: return splice(text, len, at, 1, &byte, 1);
    case 4: /* a stretch of the text again elsewhere: repeats keys */
        from = rnd((uint32_t)len + 1);
        n = rnd(sizeof copy);
        n = from + n > len ? len - from : n;
        memcpy(copy, text + from, n);
        return splice(text, len, at, 0, copy, n);
    default: return rnd(8) == 0 ? at : len; /* cut short, seldom */
    }
}

static void same_value(const struct json_doc *doc, const struct json_node *n, json_t *theirs);

static void same_members(const struct json_doc *doc, const struct json_node *n, json_t *theirs)
{
    const struct json_node *key = json_first(doc, n);

    assert_int_equal(json_object_size(theirs), n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        char name[TEXT_CAP + 1];
        json_t *value;

        assert_true(json_text(doc, key, name, sizeof name) >= 0);
        value = json_object_get(theirs, name);
        assert_non_null(value);
        assert_ptr_equal(json_member(doc, n, name), json_after(doc, key));
        same_value(doc, json_after(doc, key), value);
        key = json_after(doc, json_after(doc, key));
    }
}

static void same_items(const struct json_doc *doc, const struct json_node *n, json_t *theirs)
{
    const struct json_node *item = json_first(doc, n);

    assert_int_equal(json_array_size(theirs), n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        same_value(doc, item, json_array_get(theirs, i));
        item = json_after(doc, item);
    }
}

static void same_value(const struct json_doc *doc, const struct json_node *n, json_t *theirs)
{
    char text[TEXT_CAP + 1];
    double ours;
    double number;

    switch ((enum json_kind)n->kind) {
    case JSON_NULL: assert_true(json_typeof(theirs) == JANSSON_NULL); break;
    case JSON_FALSE: assert_true(json_typeof(theirs) == JANSSON_FALSE); break;
    case JSON_TRUE: assert_true(json_typeof(theirs) == JANSSON_TRUE); break;
    case JSON_NUMBER:
        number = json_number_value(theirs);
        assert_true(json_double(doc, n, &ours));
        assert_memory_equal(&ours, &number, sizeof ours);
        break;
    case JSON_STRING:
        assert_int_equal(json_text(doc, n, text, sizeof text), json_string_length(theirs));
        assert_string_equal(text, json_string_value(theirs));
        break;
    case JSON_ARRAY: same_items(doc, n, theirs); break;
    case JSON_OBJECT: same_members(doc, n, theirs); break;
    }
}

static void test_same_verdicts_and_values(void **state)
{
    static struct json_node nodes[NODES_CAP];
    int accepted = 0;
    int faults[JSON_FAULT_COUNT] = {0};

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        const char *from = documents[rnd(sizeof documents / sizeof documents[0])];
        char text[TEXT_CAP];
        size_t len = strlen(from);
        struct json_doc doc;
        enum json_fault fault;
        json_error_t error;
        json_t *theirs;

        memcpy(text, from, len);
        for (uint32_t m = rnd(4); m > 0; m--) {
            len = mutate(text, len);
        }
        fault = json_parse(&doc, text, len, nodes, NODES_CAP);
        theirs = json_loadb(
            text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
        faults[fault]++;
        if ((fault == JSON_OK) != (theirs != NULL) && fault != JSON_DEPTH) {
            fail_msg("round %d: %s at %zu, jansson: %s: %.*s", round, json_fault_text(fault),
                     doc.fault_at, error.text, (int)len, text);
        }
        if (fault == JSON_OK) {
            same_value(&doc, nodes, theirs);
            accepted++;
        }
        json_decref(theirs);
    }
    /* the mutations reach every verdict that they can, and enough documents live */
    assert_true(accepted > ROUNDS / 10);
    for (int f = JSON_OK; f < JSON_FAULT_COUNT; f++) {
        assert_true(faults[f] > 0 || f == JSON_TOO_MANY || f == JSON_DEPTH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_verdicts_and_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
