/* Grids, units, wardens and the columns of those responsible in files: what is refused and where
 * the message points, what merges and what goes, the canonical text. */
#include "tests/unit/own_folder.h"
#include "tests/unit/territory_fixture.h"

#define LOT    "150402001R00100008"
#define SPACE  "150402001R0010012Z"
#define LOTS   "id,lat,lon,counting,owner_unit,manage_unit,permit,component_code\n"
#define PLACES LOTS LOT ",42.1001,118.1001,spaces,,,,\n"
#define UNITS  "unit,kind,trades,scope,person\n"
#define GOOD                                                                                       \
    "unit,kind,trades,scope,person\n"                                                              \
    "CG-MOTOR,department,motor;facility,150402,P-1\n"                                              \
    "JD-001,street_office,,150402001,P-2\n"
#define WARDENS         "level,scope,person,unit\n"
#define SQUARE          "[118.1,42.1],[118.101,42.1],[118.101,42.101],[118.1,42.101],[118.1,42.1]"
#define GRIDS(features) "{\"type\":\"FeatureCollection\",\"features\":[\n" features "\n]}"
#define GRID(id, ring)                                                                             \
    "{\"type\":\"Feature\",\"id\":" id                                                             \
    ",\"properties\":{\"type\":\"grid\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":["     \
    "[" ring "]]}}"

/* The last text is the one with the fault; @ marks where the message must point. */
struct refusal {
    const char *texts[3];
    const char *field;
    const char *reason; /* a part of it */
};

/* clang-format off */
static const struct refusal refusals[] = {
    /* cells */
    {{UNITS "@a b,department,motor,150402,P\n"}, "unit", "must be 1 to 16 characters"},
    {{UNITS "@ABCDEFGHIJ-123456,department,motor,150402,P\n"}, "unit", "1 to 16"},
    {{UNITS "A,@ministry,motor,150402,P\n"}, "kind", "street_office, department, operator or"},
    {{UNITS "A,department,@motor;flying,150402,P\n"}, "trades",
     "flying is no trade; there are motor non_motor shared_bike facility"},
    {{UNITS "A,department,motor,@15040,P\n"}, "scope", "15040 is no scope"},
    {{UNITS "A,department,motor,@950402,P\n"}, "scope", "950402 is no scope"},
    {{UNITS "A,department,motor,@150402600,P\n"}, "scope", "150402600 is no scope"},
    {{UNITS "A,department,motor,@1504020010010012,P\n"}, "scope", "no scope"},
    {{UNITS "A,department,motor,150402,@Wang Wu\n"}, "person", "1 to 24 characters"},
    {{UNITS "A,department,motor,@,P\n"}, "scope", "needs a scope"},
    {{UNITS "A,department,@,150402,P\n"}, "trades", "needs trades"},
    {{UNITS "A,street_office,,@,P\n"}, "scope", "needs its streets"},
    {{UNITS "A,operator,shared_bike,@150402,P\n"}, "scope", "wherever they are"},
    {{UNITS "A,@,motor,150402,P\n"}, "kind", "is missing"},
    {{WARDENS "@city,150402001,P,\n"}, "level", "area, street or road"},
    {{WARDENS "area,@150402001,P,\n"}, "scope", "14 or 15 digits"},
    {{WARDENS "area,@15040260000101,P,\n"}, "scope", "first 9 digits are no county"},
    {{WARDENS "street,@150402,P,\n"}, "scope", "street code of 9 digits"},
    {{WARDENS "road,@150402001R00100009,P,\n"}, "scope", "should be 8"},
    {{WARDENS "road,@" SPACE ",P,\n"}, "scope", "number 0000"},
    {{WARDENS "street,150402001,@,A\n"}, "person", "is missing"},
    {{LOTS LOT ",42.1,118.1,spaces,@no unit,,,\n"}, "owner_unit", "1 to 16"},
    {{LOTS LOT ",42.1,118.1,spaces,,@no/unit,,\n"}, "manage_unit", "1 to 16"},
    {{LOTS LOT ",42.1,118.1,spaces,,,@yes,\n"}, "permit", "accessible, charging, official"},
    {{LOTS LOT ",42.1,118.1,spaces,,,,@150402020100001\n"}, "component_code", "16 digits"},
    /* features */
    {{GRIDS("{\"id\":\"@1504020010010\",\"properties\":{\"type\":\"grid\"},\"geometry\":null}")},
     "id", "14 or 15 digits"},
    {{GRIDS("{\"id\":\"@1504020010010013\",\"properties\":{\"type\":\"grid\"},"
             "\"geometry\":null}")}, "id", "14 or 15 digits"},
    {{GRIDS("{\"id\":\"@150402000001001\",\"properties\":{\"type\":\"grid\"},"
             "\"geometry\":null}")}, "id", "no county (1-8...) and street (001-599)"},
    {{GRIDS("{\"properties\":{\"type\":\"grid\"},\"geometry\":@null}")}, "id", "is missing"},
    {{GRIDS("@{\"id\":\"15040200100101\",\"properties\":{\"type\":\"grid\",\"name_en\":\"x\"}}")},
     "geometry", "null takes the grid away"},
    {{GRIDS(GRID("\"15040200100101\"", "[118.1,42.1],[118.101,42.101],@[118.101,42.1],"
             "[118.1,42.101],[118.1,42.1]"))}, "geometry", "crosses or touches"},
    {{GRIDS(GRID("\"15040200100101\"", "@[118.1,42.1],[118.3,42.1],[118.3,42.3],[118.1,42.1]"))},
     "geometry", "at most 100 km2 for a grid cell"},
    /* rows together */
    {{PLACES, GRIDS(GRID("\"15040200100101\"", SQUARE) ",\n@" GRID("\"15040200100101\"", SQUARE))},
     "id", "grid 15040200100101: stands twice"},
    {{PLACES, GRIDS("@" GRID("\"370481001001001\"", SQUARE))}, "id",
     "county 370481 is that of no lot or fence"},
    {{PLACES, GRIDS(GRID("\"15040200100101\"", SQUARE) ",\n@" GRID("\"15040200100102\"",
             "[118.1009,42.1],[118.102,42.1],[118.102,42.101],[118.1009,42.101],[118.1009,42.1]"))},
     "geometry", "grid 15040200100102: overlaps grid 15040200100101 by more than 2 m"},
    /* a bar across: no corner of either lies in the other */
    {{PLACES, GRIDS(GRID("\"15040200100101\"", SQUARE) ",\n@" GRID("\"15040200100102\"",
             "[118.0999,42.1008],[118.102,42.1008],[118.102,42.1009],[118.0999,42.1009],"
             "[118.0999,42.1008]"))}, "geometry", "overlaps grid 15040200100101"},
    {{PLACES, GRIDS(GRID("\"15040200100101\"", SQUARE) ",\n@" GRID("\"15040200100102\"", SQUARE))},
     "geometry", "overlaps grid 15040200100101"},
    {{PLACES, UNITS "A,department,motor,150402,P\n@A,department,facility,150402,P\n"}, "unit",
     "unit A: stands twice"},
    {{PLACES, UNITS "A,department,motor,150402,P\n@B,enterprise,facility;motor,150402,P\n"},
     "scope", "unit B: in 150402 unit A has motor already"},
    {{PLACES, UNITS "A,street_office,,150402001,P\n@B,street_office,,150402001,P\n"}, "scope",
     "unit A has the street office's duty already"},
    {{PLACES, UNITS "@A,department,motor,15040200100109,P\n"}, "scope",
     "grid 15040200100109 is not in the inventory"},
    {{PLACES, UNITS "@A,department,motor,370481,P\n"}, "scope", "county 370481 is that of no lot"},
    {{PLACES, UNITS "@A,department,motor,370481001,P\n"}, "scope", "county 370481"},
    {{PLACES, GOOD, WARDENS "@street,150402001,P,CG-MOTO\n"}, "unit",
     "unit CG-MOTO is not in the inventory"},
    {{PLACES, WARDENS "street,150402001,P,\n@street,150402001,Q,\n"}, "level",
     "street warden of 150402001: stands twice"},
    {{PLACES, WARDENS "@area,150402001001001,P,\n"}, "scope",
     "grid 150402001001001 is not in the inventory"},
    {{PLACES, WARDENS "@street,370481001,P,\n"}, "scope", "county 370481"},
    {{PLACES, WARDENS "@road,150402001R0020000D,P,\n"}, "scope",
     "its lot or fence is not in the inventory"},
    {{GOOD, LOTS "@" LOT ",42.1,118.1,spaces,CG-NONE,,,\n"}, "owner_unit",
     "unit CG-NONE is not in the inventory"},
    {{GOOD, LOTS "@" LOT ",42.1,118.1,spaces,JD-001,CG-NONE,,\n"}, "manage_unit",
     "unit CG-NONE is not in the inventory"},
    {{LOTS "@" LOT ",42.1,118.1,spaces,,,,3704810201000001\n"}, "component_code",
     "its county is not that of the place's ID"},
    {{LOTS LOT ",42.1,118.1,spaces,,,,1504020201000001\n"
     "@150402001R0020000D,42.1,118.1,spaces,,,,1504020201000001\n"}, "component_code",
     "another place has this code"},
};

/* clang-format on */

/* The text without its mark; where that was, counted from 1. */
static void mark_take(const char *marked, char *text, uint32_t *line, uint32_t *column)
{
    const char *mark = strchr(marked, '@');
    const char *from = marked;

    assert_non_null(mark);
    *line = 1;
    for (const char *p = marked; p < mark; p++) {
        if (*p == '\n') {
            ++*line;
            from = p + 1;
        }
    }
    *column = (uint32_t)(mark - from) + 1;
    memcpy(text, marked, (size_t)(mark - marked));
    strcpy(text + (mark - marked), mark + 1);
}

static bool refusal_holds(const struct refusal *want)
{
    struct import_report report = {0};
    const char *texts[3];
    char text[2000];
    unsigned count = 0;
    uint32_t line = 0;
    uint32_t column = 0;
    struct draft *d;
    bool good;

    for (; count < 3 && want->texts[count] != NULL; count++) {
        texts[count] = want->texts[count];
    }
    assert_true(strlen(texts[count - 1]) < sizeof text);
    mark_take(texts[count - 1], text, &line, &column);
    texts[count - 1] = text;
    d = territory_read(own_folder, texts, count, &report);
    assert_int_equal(draft_complete(d, NULL, false, false, &report), ERR_OK);
    good = report.fault_count == 1 && report.faults[0].line == line &&
           report.faults[0].column == column && strcmp(report.faults[0].field, want->field) == 0 &&
           strstr(report.faults[0].reason, want->reason) != NULL;
    if (!good) {
        print_error("%s\nwant %u:%u: %s: %s\n", text, line, column, want->field, want->reason);
    }
    for (uint32_t i = 0; !good && i < report.fault_count && i < 3; i++) {
        const struct import_fault *f = &report.faults[i];

        print_error("got  %u:%u: %s: %s\n", f->line, f->column, f->field, f->reason);
    }
    import_report_finish(&report);
    draft_destroy(d);
    return good;
}

static void refuses_line_by_line(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        wrong += !refusal_holds(&refusals[i]);
    }
    assert_int_equal(wrong, 0);
}

static void units_have_a_bound(void **state)
{
    struct import_report report = {0};
    struct strbuf text = {0};
    const char *texts[1];
    struct draft *d;

    (void)state;
    strbuf_puts(&text, "unit,kind\n");
    for (int i = 0; i <= 1000; i++) {
        strbuf_printf(&text, "U-%04d,enterprise\n", i);
    }
    strbuf_putc(&text, '\0');
    texts[0] = text.data;
    d = territory_read(own_folder, texts, 1, &report);
    assert_int_equal(draft_complete(d, NULL, false, false, &report), ERR_OK);
    assert_int_equal(report.fault_count, 1);
    assert_int_equal(report.faults[0].line, 1002);
    assert_non_null(strstr(report.faults[0].reason, "more than 1000 units"));
    strbuf_finish(&text);
    import_report_finish(&report);
    draft_destroy(d);
}

/* Drawings never meet to the millimetre: 1 m over is no fault, and a point there has one cell. */
static void a_metre_of_overlap_is_none(void **state)
{
    const char *const texts[] = {
        PLACES, GRIDS(GRID("\"15040200100101\"", SQUARE) "," GRID(
                    "\"15040200100102\"", "[118.10099,42.1],[118.102,42.1],[118.102,42.101],"
                                          "[118.10099,42.101],[118.10099,42.1]"))};
    struct inventory *inv = territory_import(own_folder, texts, 2);
    struct responsibility r;

    (void)state;
    assert_non_null(inv);
    territory_route(inv, "motor", 0, (struct position_e7){421005000, 1181009950}, &r);
    assert_true(r.grid == UINT64_C(15040200100101));
    territory_route(inv, "motor", 0, (struct position_e7){421005000, 1181010001}, &r);
    assert_true(r.grid == UINT64_C(15040200100102));
    inventory_destroy(inv);
}

/* --- merging --- */

static struct draft *read_whole(const char *const *texts, unsigned count,
                                const struct draft *current, bool replace,
                                struct import_report *report)
{
    struct draft *d = territory_read(own_folder, texts, count, report);

    assert_int_equal(draft_complete(d, current, replace, false, report), ERR_OK);
    return d;
}

#define CITY_GRIDS                                                                                 \
    GRIDS(GRID("\"15040200100101\"", SQUARE) "," GRID(                                             \
        "\"15040200100102\"",                                                                      \
        "[118.101,42.1],[118.102,42.1],[118.102,42.101],[118.101,42.101],[118.101,42.1]"))
#define CITY_WARDENS                                                                               \
    WARDENS "area,15040200100101,W-1,JD-001\nstreet,150402001,W-2,\nroad," LOT ",W-3,CG-MOTOR\n"
#define CITY_LOTS                                                                                  \
    LOTS LOT ",42.1001,118.1001,spaces,CG-MOTOR,JD-001,official,1504020201000001\n"                \
             "150402001R0020000D,42.1002,118.1002,spaces,,JD-001,,\n"

static const char *const city[] = {CITY_LOTS, GOOD, CITY_GRIDS, CITY_WARDENS};

static void figures_check(const struct import_report *report, enum draft_table table,
                          uint64_t added, uint64_t changed, uint64_t removed)
{
    assert_int_equal(report->added[table], added);
    assert_int_equal(report->changed[table], changed);
    assert_int_equal(report->removed[table], removed);
}

static void a_dry_run_counts_the_new_kinds(void **state)
{
    struct import_report first = {0};
    struct import_report second = {0};
    struct import_report third = {0};
    struct draft *current = read_whole(city, ARRAY_LEN(city), NULL, false, &first);
    const char *const change[] = {
        UNITS "CG-MOTOR,department,motor;facility,150402,P-9\n", WARDENS "street,150402001,W-7,\n",
        GRIDS(GRID("\"15040200100101\"",
                   "[118.1,42.1],[118.101,42.1],[118.101,42.1005],[118.1,42.1005],[118.1,42.1]"))};
    struct draft *same;
    struct draft *next;

    (void)state;
    assert_int_equal(first.fault_count, 0);
    figures_check(&first, TABLE_GRID, 2, 0, 0);
    figures_check(&first, TABLE_UNIT, 2, 0, 0);
    figures_check(&first, TABLE_WARDEN, 3, 0, 0);
    figures_check(&first, TABLE_DUTY, 2, 0, 0);
    assert_string_equal(import_kind_name(TABLE_DUTY), "responsibilities");
    same = read_whole(city, ARRAY_LEN(city), current, false, &second);
    for (unsigned k = 0; k < IMPORT_KINDS; k++) {
        figures_check(&second, (enum draft_table)k, 0, 0, 0);
    }
    next = read_whole(change, ARRAY_LEN(change), current, false, &third);
    assert_int_equal(third.fault_count, 0);
    figures_check(&third, TABLE_GRID, 0, 1, 0);
    figures_check(&third, TABLE_UNIT, 0, 1, 0);
    figures_check(&third, TABLE_WARDEN, 0, 1, 0);
    figures_check(&third, TABLE_DUTY, 0, 0, 0);
    import_report_finish(&first);
    import_report_finish(&second);
    import_report_finish(&third);
    draft_destroy(next);
    draft_destroy(same);
    draft_destroy(current);
}

/* What a file says of a place is all there is of it: a lot listed anew without its columns has no
 * owner any more, one that is not listed keeps it. */
static void a_place_listed_again_says_all(void **state)
{
    struct import_report report = {0};
    struct draft *current = read_whole(city, ARRAY_LEN(city), NULL, false, &report);
    const char *const again[] = {PLACES};
    struct draft *next = read_whole(again, 1, current, false, &report);

    (void)state;
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(report.removed[TABLE_DUTY], 1);
    assert_int_equal(next->tables[TABLE_DUTY].count, 1);
    assert_int_equal(DRAFT_DUTIES(next)->key, DRAFT_DUTIES(current)[1].key);
    assert_string_equal(draft_text(next, DRAFT_DUTIES(next)->manager), "JD-001");
    import_report_finish(&report);
    draft_destroy(next);
    draft_destroy(current);
}

static void removals_of_the_new_kinds_need_leave(void **state)
{
    struct import_report report = {0};
    struct import_report allowed = {0};
    struct draft *current = read_whole(city, ARRAY_LEN(city), NULL, false, &report);
    const char *const less[] = {
        UNITS "CG-MOTOR,,,,\n", WARDENS "road," LOT ",,\narea,15040200100101,,\n",
        LOTS LOT ",42.1001,118.1001,spaces,,JD-001,,\n",
        GRIDS("{\"id\":\"15040200100101\",\"properties\":{\"type\":\"grid\"},\"geometry\":null}")};
    const char *const wanted[] = {"1 of 2 grids", "1 of 2 units", "2 of 3 wardens"};
    struct draft *next = read_whole(less, ARRAY_LEN(less), current, false, &report);

    (void)state;
    assert_int_equal(report.fault_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(report.faults[i].field, "removals");
        assert_non_null(strstr(report.faults[i].reason, wanted[i]));
    }
    draft_destroy(next);
    next = territory_read(own_folder, less, ARRAY_LEN(less), &allowed);
    assert_int_equal(draft_complete(next, current, false, true, &allowed), ERR_OK);
    assert_int_equal(allowed.fault_count, 0);
    assert_int_equal(next->tables[TABLE_GRID].count, 1);
    assert_int_equal(next->tables[TABLE_UNIT].count, 1);
    assert_int_equal(next->tables[TABLE_WARDEN].count, 1);
    import_report_finish(&report);
    import_report_finish(&allowed);
    draft_destroy(next);
    draft_destroy(current);
}

/* What hangs on a retired place goes with it. */
static void a_retired_place_takes_its_people_along(void **state)
{
    const char *const gone[] = {"id,replaced_by\n" LOT ",\n"};
    struct import_report report = {0};
    struct draft *current = read_whole(city, ARRAY_LEN(city), NULL, false, &report);
    struct draft *next = territory_read(own_folder, gone, 1, &report);

    (void)state;
    assert_int_equal(draft_complete(next, current, false, true, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    figures_check(&report, TABLE_DUTY, 2, 0, 1); /* the two were added by the first */
    assert_int_equal(next->tables[TABLE_WARDEN].count, 2);
    assert_int_equal(next->tables[TABLE_DUTY].count, 1);
    import_report_finish(&report);
    draft_destroy(next);
    draft_destroy(current);
}

/* --- the canonical text --- */

static struct draft *loaded(const struct draft *d, struct strbuf *text)
{
    struct draft *again = NULL;
    char path[512];
    uint64_t version = 7;

    assert_int_equal(draft_write(d, version, text), ERR_OK);
    assert_int_equal(inventory_store_save(own_folder, version, text), ERR_OK);
    assert_int_equal(inventory_store_newest(own_folder, &version, path, sizeof path), ERR_OK);
    assert_int_equal(draft_load(path, &again, &version), ERR_OK);
    strbuf_putc(text, '\0');
    return again;
}

static void export_is_byte_stable(void **state)
{
    const char *const plain[] = {PLACES};
    struct import_report report = {0};
    struct draft *d = read_whole(city, ARRAY_LEN(city), NULL, false, &report);
    struct draft *none = read_whole(plain, 1, NULL, false, &report);
    struct strbuf one = {0};
    struct strbuf two = {0};
    struct strbuf three = {0};
    struct draft *again = loaded(d, &one);
    struct draft *twice = loaded(again, &two);

    (void)state;
    assert_string_equal(one.data, two.data);
    assert_non_null(strstr(one.data, "\"format\":3"));
    assert_non_null(strstr(one.data, "\"manage_unit\":\"JD-001\",\"permit\":\"official\","
                                     "\"component_code\":\"1504020201000001\""));
    assert_non_null(strstr(one.data, "{\"unit\":\"CG-MOTOR\",\"kind\":\"department\",\"trades\":["
                                     "\"motor\",\"facility\"],\"scope\":[\"150402\"],"
                                     "\"person\":\"P-1\"}"));
    assert_non_null(strstr(one.data, "{\"level\":\"area\",\"scope\":\"15040200100101\","
                                     "\"person\":\"W-1\",\"unit\":\"JD-001\"}"));
    /* without any of it, an older program can read the file */
    assert_int_equal(draft_write(none, 1, &three), ERR_OK);
    strbuf_putc(&three, '\0');
    assert_non_null(strstr(three.data, "\"format\":1"));
    assert_null(strstr(three.data, "units"));
    strbuf_finish(&one);
    strbuf_finish(&two);
    strbuf_finish(&three);
    import_report_finish(&report);
    draft_destroy(twice);
    draft_destroy(again);
    draft_destroy(none);
    draft_destroy(d);
}

/* A space stays as small as it was: what few places say stands beside them. */
static void a_space_stays_small(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct inv_space), 28);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_line_by_line),
        TEST(units_have_a_bound),
        TEST(a_metre_of_overlap_is_none),
        TEST(a_dry_run_counts_the_new_kinds),
        TEST(a_place_listed_again_says_all),
        TEST(removals_of_the_new_kinds_need_leave),
        TEST(a_retired_place_takes_its_people_along),
        TEST(export_is_byte_stable),
        TEST(a_space_stays_small),
    };

    return cmocka_run_group_tests_name("territory import", tests, NULL, NULL);
}
