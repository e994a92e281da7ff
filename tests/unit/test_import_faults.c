/* What an import says of files that are wrong, and that it counts whatever they change. */
#include "tests/unit/draft_files.h"

#include "tests/unit/city_fixture.h"

#define LOT    "150402001R00100008"
#define SPACE  "150402001R0010012Z"
#define LOTS   "id,lat,lon,counting\n" LOT ",42.2578,118.8869,spaces\n"
#define SPACES "id,lat,lon\n" SPACE ",42.2578,118.8869\n"

static struct draft *drafted(const char *const *texts, size_t count)
{
    struct draft *d = draft_create();

    for (size_t i = 0; i < count; i++) {
        draft_text_read_good(d, texts[i]);
    }
    return d;
}

static void completed(struct draft *d)
{
    struct import_report report = {0};

    assert_int_equal(draft_complete(d, NULL, true, false, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
}

struct refusal {
    const char *text;
    uint32_t line, column;
    const char *field;
    const char *reason; /* a part of it */
};

/* clang-format off */
static const struct refusal refusals[] = {
    {"id,lat,lon\n" SPACE ",91,-10\n", 2, 20, "lat", "\"91\" the latitude must be -90 to 90"},
    {"id,lat\n" SPACE ",1\n" SPACE ",1\n", 1, 1, "header", "spaces need the column lon"},
    {"id,lat,lon,counting\n" LOT ",1,2,gates\n", 2, 1, "capacity", "a lot counted by gates needs"},
    {"id,lat,lon\n\x1b[2J" SPACE ",1,2\n", 2, 1, "id", "\"?[2J150402001R0010012Z\" character 1 is \"?\" where a digit"},
    {"id,lat,lon\n150402001R001001,1,2\n", 2, 1, "id", "18 characters are needed, there are 16"},
    {"id,source\n../d1,lora\n", 2, 1, "id", ".."},
    {"{\"type\":\"FeatureCollection\",\"bowei\":{\"format\":9},\"features\":[]}", 1, 47, "bowei.format",
     "9 is of a newer version of Bowei, this program reads up to 4"},
    {"{\"type\":\"FeatureCollection\",\"features\":[],\"features\":[]}", 1, 44, "json", "stands twice"},
    {"{\"type\":\"FeatureCollection\",\"type\":\"FeatureCollection\"}", 1, 30, "json", "stands twice"},
    {"{\"type\":\"FeatureCollection\",\"devics\":[{\"id\":\"d1\"}]}", 1, 30, "json",
     "devics is no member of an inventory: features, devices"},
    /* a hole as large as its ring is told as what it is, not as no area */
    {"{\"type\":\"FeatureCollection\",\"features\":[\n"
     "{\"id\":\"150402001F00100006\",\"properties\":{\"type\":\"fence\",\"capacity\":9},"
     "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[118.1,42.1],[118.101,42.1],[118.101,42.101],[118.1,42.101],[118.1,42.1]],[\n"
     "[118.11,42.1],[118.111,42.1],[118.111,42.101],[118.11,42.101],[118.11,42.1]]]}}]}",
     3, 1, "geometry", "the hole (ring 2) lies outside its outer ring (ring 1)"},
};

/* clang-format on */

static void says_what_is_wrong_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *want = &refusals[i];
        struct draft *d = draft_create();
        struct import_report report = {0};
        const struct import_fault *got;

        assert_int_equal(draft_text_read(d, "f", want->text, strlen(want->text), &report), ERR_OK);
        assert_int_equal(report.fault_count, 1);
        got = &report.faults[0];
        if (got->line != want->line || got->column != want->column ||
            strcmp(got->field, want->field) != 0 || strstr(got->reason, want->reason) == NULL) {
            fail_msg("%s\nwant %u:%u: %s: %s\ngot  %u:%u: %s: %s", want->text, want->line,
                     want->column, want->field, want->reason, got->line, got->column, got->field,
                     got->reason);
        }
        import_report_finish(&report);
        draft_destroy(d);
    }
}

static void a_second_row_names_the_first(void **state)
{
    const char *const texts[] = {LOTS, SPACES, SPACES};
    struct draft *d = drafted(texts, ARRAY_LEN(texts));
    struct import_report report = {0};

    (void)state;
    assert_int_equal(draft_complete(d, NULL, true, false, &report), ERR_OK);
    assert_int_equal(report.fault_count, 1);
    assert_string_equal(report.faults[0].field, "id");
    assert_string_equal(report.faults[0].reason, SPACE ": stands twice, first at f:2:1");
    import_report_finish(&report);
    draft_destroy(d);
}

static void too_many_removals_name_the_option(void **state)
{
    const char *const all[] = {LOTS, SPACES};
    struct draft *current = drafted(all, 2);
    struct draft *less = drafted(all, 1);
    struct import_report report = {0};

    (void)state;
    completed(current);
    assert_int_equal(draft_complete(less, current, true, false, &report), ERR_OK);
    assert_string_equal(report.faults[0].reason, "removes 1 of 1 spaces, more than 5 %: "
                                                 "--allow-removals if that is meant");
    import_report_finish(&report);
    draft_destroy(less);
    draft_destroy(current);
}

/* Whoever imports only these would be told that nothing differs, and nothing would be stored. */
static void counts_aliases_and_tombstones_as_changes(void **state)
{
    const char *const all[] = {LOTS, SPACES, "scheme,value,id\nbay,1," SPACE "\n"};
    const char *const alias[] = {"scheme,value,id\nbay,1," LOT "\nbay,2," SPACE "\n"};
    const char *const tombs[] = {"id,replaced_by\n150402001L0121086G," SPACE "\n"};
    const char *const other[] = {"id,replaced_by\n150402001L0121086G," LOT "\n"};
    struct draft *current = drafted(all, ARRAY_LEN(all));
    struct draft *aliased = drafted(alias, 1);
    struct draft *retired = drafted(tombs, 1);
    struct draft *again = drafted(other, 1);
    struct draft *less = drafted(all, 2);
    struct import_report report = {0};

    (void)state;
    assert_int_equal(draft_complete(current, NULL, true, false, &report), ERR_OK);
    assert_int_equal(report.added[TABLE_ALIAS], 1);
    assert_int_equal(draft_complete(aliased, current, false, false, &report), ERR_OK);
    assert_int_equal(report.added[TABLE_ALIAS], 2);
    assert_int_equal(report.changed[TABLE_ALIAS], 1);
    assert_int_equal(draft_complete(less, current, true, false, &report), ERR_OK);
    assert_int_equal(report.removed[TABLE_ALIAS], 1);
    assert_int_equal(draft_complete(retired, current, false, false, &report), ERR_OK);
    assert_int_equal(report.added[TABLE_RETIRED], 1);
    assert_int_equal(draft_complete(again, retired, false, false, &report), ERR_OK);
    assert_int_equal(report.changed[TABLE_RETIRED], 1);
    assert_int_equal(report.fault_count, 0);
    draft_destroy(less);
    draft_destroy(again);
    draft_destroy(retired);
    draft_destroy(aliased);
    draft_destroy(current);
}

/* What the present inventory says has no line that the caller could mend. */
static void faults_point_into_the_files_of_the_import(void **state)
{
    const char *const all[] = {LOTS, SPACES,
                               "id,replaced_by\n150402001L0121086G,370481001T0020045U\n"
                               "370481001T0020045U," SPACE "\n"};
    const char *const relisted[] = {"id,lat,lon\n" SPACE
                                    ",42.2578,118.8869\n150402001L0121086G,42.2578,118.8869\n"};
    const char *const circle[] = {"id,replaced_by\n\n" SPACE ",150402001L0121086G\n"};
    struct draft *current = drafted(all, ARRAY_LEN(all));
    struct draft *one = drafted(relisted, 1);
    struct draft *two = drafted(circle, 1);
    struct import_report first = {0};
    struct import_report second = {0};

    (void)state;
    completed(current);
    assert_int_equal(draft_complete(one, current, false, true, &first), ERR_OK);
    assert_int_equal(draft_complete(two, current, false, true, &second), ERR_OK);
    assert_string_equal(first.faults[0].field, "id");
    assert_non_null(strstr(first.faults[0].file, "/f"));
    assert_int_equal(first.faults[0].line, 3);
    assert_string_equal(second.faults[0].field, "replaced_by");
    assert_non_null(strstr(second.faults[0].file, "/f"));
    assert_int_equal(second.faults[0].line, 3);
    import_report_finish(&first);
    import_report_finish(&second);
    draft_destroy(two);
    draft_destroy(one);
    draft_destroy(current);
}

/* json.dumps and its like write a city as one line. */
static void columns_go_beyond_64_thousand(void **state)
{
    struct draft *d = draft_create();
    struct import_report report = {0};
    struct strbuf text = {0};

    (void)state;
    strbuf_puts(&text, "{\"type\":\"FeatureCollection\",\"features\":[");
    while (text.len < 100000 - 1) {
        strbuf_putc(&text, ' ');
    }
    strbuf_puts(&text, "{\"id\":7}]}");
    assert_int_equal(draft_text_read(d, "f", text.data, text.len, &report), ERR_OK);
    assert_int_equal(report.faults[0].line, 1);
    assert_int_equal(report.faults[0].column, 100000);
    strbuf_finish(&text);
    import_report_finish(&report);
    draft_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(a_second_row_names_the_first),
        cmocka_unit_test(too_many_removals_name_the_option),
        cmocka_unit_test(counts_aliases_and_tombstones_as_changes),
        cmocka_unit_test(faults_point_into_the_files_of_the_import),
        cmocka_unit_test(columns_go_beyond_64_thousand),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
