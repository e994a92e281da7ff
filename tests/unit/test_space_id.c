/* The ID: the examples of docs/DATA_FORMAT.md, and what must hold for any ID. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/space_id.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct example {
    const char *id;
    const char *display;
    uint32_t adcode;
    enum place_kind kind;
    uint32_t number;
};

static const struct example examples[] = {
    {"150402001R0010012Z", "150402-001-R001-0012-Z", 150402, PLACE_ON_STREET,  12  },
    {"150402001R00100008", "150402-001-R001-0000-8", 150402, PLACE_ON_STREET,  0   },
    {"150402001L0121086G", "150402-001-L012-1086-G", 150402, PLACE_LOT,        1086},
    {"150402002B0030000F", "150402-002-B003-0000-F", 150402, PLACE_BIKE_AREA,  0   },
    {"321084001F0070000B", "321084-001-F007-0000-B", 321084, PLACE_FENCE,      0   },
    {"321084101N0010000W", "321084-101-N001-0000-W", 321084, PLACE_NO_PARKING, 0   },
    {"370481001T0020045U", "370481-001-T002-0045-U", 370481, PLACE_TEMPORARY,  45  },
};

static uint64_t seed = 150402;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static space_key random_key(void)
{
    static const char letters[] = "BFLNRT";
    char body[18];
    space_key key = 0;

    (void)snprintf(body, sizeof body, "%06u%03u%c%03u%04u", 100000 + (unsigned)(rnd() % 800000),
                   1 + (unsigned)(rnd() % 599), letters[rnd() % 6], 1 + (unsigned)(rnd() % 999),
                   (unsigned)(rnd() % 10000));
    assert_int_equal(space_id_parse_body(body, 17, &key), ID_OK);
    return key;
}

static void test_public_vector(void **state)
{
    (void)state;
    assert_int_equal(iso7064_mod37_36("A12425GABC1234002", 17), 'M');
}

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct example *e = &examples[i];
        space_key key = 0;
        space_key other = 0;
        char text[SPACE_ID_LEN + 1];
        char display[SPACE_ID_DISPLAY_LEN + 1];

        assert_int_equal(space_id_parse(e->id, strlen(e->id), &key), ID_OK);
        assert_int_equal(space_id_parse(e->display, strlen(e->display), &other), ID_OK);
        assert_true(key == other && key != 0);
        assert_int_equal(space_id_parse_body(e->id, 17, &other), ID_OK);
        assert_true(key == other);
        assert_int_equal(space_key_adcode(key), e->adcode);
        assert_int_equal(space_key_kind(key), e->kind);
        assert_int_equal(space_key_number(key), e->number);
        space_id_format(key, text);
        assert_string_equal(text, e->id);
        space_id_display(key, display);
        assert_string_equal(display, e->display);
        space_id_format(space_key_site(key), text);
        assert_memory_equal(text, e->id, 13);
        assert_memory_equal(text + 13, "0000", 4);
    }
    {
        space_key key;
        space_key raised;

        assert_int_equal(space_id_parse("150402001r0010012z", 18, &raised), ID_OK);
        assert_int_equal(space_id_parse("150402001R0010012Z", 18, &key), ID_OK);
        assert_true(key == raised);
    }
}

/* Where in the text to look. */
static void test_refusal_is_explained(void **state)
{
    static const struct {
        const char *text, *says;
        size_t want;
    } rows[] = {
        {"1504O2001R0010012Z",     "character 5 is \"O\" where a digit belongs",             18},
        {"150402-001-r0o1-0012-z", "character 14 is \"o\" where a digit belongs",            18},
        {"150402001R00100\xef\xbc\x91"
         "2Z",            "character 16 is \"\xef\xbc\x91\" where a digit belongs", 18},
        {"150402001R0010012.",     "character 18 is \".\" where a letter or digit belongs",  18},
        {"150402001R001001\x1b",   "character 17 is \"?\" where a digit belongs",            18},
        {" 150402001R0010012Z",    "character 1 is white space",                             18},
        {"150402001R0010012Z\n",   "character 19 is white space",                            18},
        {"150402-001-R001-0012",   "18 characters are needed, there are 17",                 18},
        {"150402001R0010012Z",     "17 characters are needed, there are 18",                 17},
        {"150402001X0010012Z",     "the kind letter must be one of B, F, L, N, R, T",        18},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t len = strlen(rows[i].text);
        char why[120];
        space_key key;
        const enum id_fault fault = rows[i].want == 18
                                        ? space_id_parse(rows[i].text, len, &key)
                                        : space_id_parse_body(rows[i].text, len, &key);

        id_fault_explain(fault, rows[i].text, len, rows[i].want, why, sizeof why);
        assert_string_equal(why, rows[i].says);
    }
}

struct bad_row {
    const char *text;
    enum id_fault fault;
};

static void test_refused(void **state)
{
    static const struct bad_row rows[] = {
        {"150402001R0010013Z",   ID_CHECK    },
        {"150400201R0010012Z",   ID_CHECK    },
        {"",                     ID_LENGTH   },
        {"-",                    ID_LENGTH   },
        {"150402001R0010012",    ID_LENGTH   },
        {"150402001R0010012ZZ",  ID_LENGTH   },
        {" 150402001R0010012Z",  ID_CHARACTER},
        {"150402001R0010012Z ",  ID_CHARACTER},
        {"150402001R001001\t2Z", ID_CHARACTER},
        {"150402001R00100l2Z",   ID_CHARACTER},
        {"15040200150010012Z",   ID_KIND     },
        {"150402001X0010012Z",   ID_KIND     },
        {"050402001R0010012Z",   ID_COUNTY   },
        {"950402001R0010012Z",   ID_COUNTY   },
        {"150402000R0010012Z",   ID_STREET   },
        {"150402600R0010012Z",   ID_STREET   },
        {"150402001R0000012Z",   ID_SITE     },
        {"../../etc/passwd00",   ID_CHARACTER},
        {"１50402001R0010012Z", ID_CHARACTER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        space_key key = 42;

        assert_int_equal(space_id_parse(rows[i].text, strlen(rows[i].text), &key), rows[i].fault);
        assert_int_equal(key, 42);
        assert_true(strlen(id_fault_text(rows[i].fault)) > 0);
    }
    {
        static const char nul[SPACE_ID_LEN] = "150402001R001\0";
        space_key key;

        assert_int_equal(space_id_parse(nul, sizeof nul, &key), ID_CHARACTER);
    }
}

/* Every other letter or digit at every place of 400 IDs. */
static void test_single_substitutions_are_detected(void **state)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    (void)state;
    for (int i = 0; i < 400; i++) {
        space_key key = random_key();
        char text[SPACE_ID_LEN + 1];

        space_id_format(key, text);
        for (int at = 0; at < SPACE_ID_LEN; at++) {
            char right = text[at];

            for (int c = 0; c < 36; c++) {
                space_key got;

                if (alphabet[c] == right) {
                    continue;
                }
                text[at] = alphabet[c];
                assert_int_not_equal(space_id_parse(text, SPACE_ID_LEN, &got), ID_OK);
            }
            text[at] = right;
        }
    }
}

static void test_round_trip_and_order(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        space_key a = random_key();
        space_key b = random_key();
        space_key back = 0;
        char ta[SPACE_ID_LEN + 1];
        char tb[SPACE_ID_LEN + 1];
        int order;

        space_id_format(a, ta);
        space_id_format(b, tb);
        assert_int_equal(space_id_parse(ta, SPACE_ID_LEN, &back), ID_OK);
        assert_true(back == a);
        order = strncmp(ta, tb, 17);
        assert_true((a < b) == (order < 0) && (a == b) == (order == 0));
    }
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, SPACE_ID_LEN);
}

/* 100 000 places in a row give 100 000 texts. */
static void test_unique(void **state)
{
    const int n = 100000;
    char(*ids)[SPACE_ID_LEN] = malloc((size_t)n * sizeof *ids);
    space_key first;

    (void)state;
    assert_non_null(ids);
    assert_int_equal(space_id_parse_body("150402001L0010000", 17, &first), ID_OK);
    for (int i = 0; i < n; i++) {
        space_id_write(first + (unsigned)i, ids[i]);
    }
    qsort(ids, (size_t)n, sizeof *ids, compare_ids);
    for (int i = 1; i < n; i++) {
        assert_int_not_equal(memcmp(ids[i - 1], ids[i], SPACE_ID_LEN), 0);
    }
    free(ids);
}

static void test_kinds(void **state)
{
    (void)state;
    for (int k = 1; k < PLACE_KIND_COUNT; k++) {
        assert_true(place_kind_letter((enum place_kind)(k - 1)) <
                    place_kind_letter((enum place_kind)k));
    }
    assert_string_equal(place_kind_name(PLACE_ON_STREET), "on_street");
    assert_string_equal(place_kind_name(PLACE_LOT), "lot");
    assert_string_equal(place_kind_name(PLACE_KIND_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_vector),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refusal_is_explained),
        cmocka_unit_test(test_single_substitutions_are_detected),
        cmocka_unit_test(test_round_trip_and_order),
        cmocka_unit_test(test_unique),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
