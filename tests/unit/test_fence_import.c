/* Fences and their tables in files: what is refused and where the message points, the canonical
 * text, and figures of the report. Outlines: test_fence_outlines.c; bikes and radios:
 * test_fence_names.c. */
#include "tests/unit/fence_texts.h"

struct refusal {
    const char *text; /* with @ */
    const char *field;
    const char *reason; /* a part of it */
};

/* clang-format off */
static const struct refusal refusals[] = {
    {FENCE("150402001R00100008", CAPACITY, "\"Polygon\"", "[[" SQUARE "]]"), "id", "F, B or N"},
    {FENCE("150402001F00100014", CAPACITY, "\"Polygon\"", "[[" SQUARE "]]"), "id",
     "ends with 0000"},
    {FENCE(F, "", "\"Polygon\"", "[[" SQUARE "]]"), "capacity", "needs its capacity"},
    {FENCE(N, CAPACITY, "\"Polygon\"", "[[" SQUARE "]]"), "capacity", "has no capacity"},
    {FENCE(F, ",\"capacity\":0", "\"Polygon\"", "[[" SQUARE "]]"), "capacity", "1 to 65535"},
    {FENCE(F, CAPACITY ",\"colour\":1", "\"Polygon\"", "[[" SQUARE "]]"), "properties",
     "no property of fences: id, capacity"},
    {FENCE(F, CAPACITY ",\"valid_from\":\"soon\"", "\"Polygon\"", "[[" SQUARE "]]"), "valid_from",
     "must be a time"},
    {FENCE(F, CAPACITY
             ",\"valid_from\":\"2026-11-21T06:00:00Z\",\"valid_until\":\"2026-11-21T06:00:00Z\"",
             "\"Polygon\"", "[[" SQUARE "]]"), "valid_until", "after valid_from"},
    {FENCE(F, CAPACITY, "\"@Point\"", "[118.1,42.1]"), "geometry", "Polygon or a MultiPolygon"},
    {POLYGON("@7"), "geometry", "list of rings"},
    {POLYGON("@[]"), "geometry", "list of rings"},
    {POLYGON("[@7]"), "geometry", "a ring is a list"},
    {POLYGON("[[[118.1,42.1],@7,[118.1,42.2],[118.1,42.1]]]"), "geometry", "a position is"},
    {POLYGON("[@[[118.1,42.1],[118.2,42.1],[118.1,42.1]]]"), "geometry", "at least 3 corners"},
    {POLYGON("[[[118.1,42.1],[118.2,42.1],[118.2,42.2],@[118.1,42.2]]]"), "geometry",
     "not closed: repeat"},
    {POLYGON("[[[118.1,42.1],[118.101,42.1],@[42.1,118.1],[118.1,42.1]]]"), "geometry", "swapped"},
    {POLYGON("[[[118.1,42.1],[118.101,42.1],@[118.1,92.1],[118.1,42.1]]]"), "geometry",
     "-90 to 90"},
    /* the bow tie: edge 2-3 is crossed by edge 4-1 */
    {POLYGON("[[[118.1,42.1],[118.101,42.101],@[118.101,42.1],[118.1,42.101],[118.1,42.1]]]"),
     "geometry",
     "from corner 3 to 4 of ring 1 crosses or touches that from corner 1 to 2 of ring 1"},
    /* a corner on an edge, a spike, an edge back along another */
    {POLYGON("[[[118.1,42.1],[118.102,42.1],[118.102,42.102],[118.101,42.1],[118.1,42.102],"
             "[118.1,42.1]]]"), "geometry", "crosses or touches"},
    {POLYGON("[[[118.1,42.1],[118.102,42.1],[118.104,42.1],[118.103,42.1],[118.1,42.102],"
             "[118.1,42.1]]]"), "geometry", "crosses or touches"},
    {POLYGON("[[[118.1,42.1],[118.101,42.1],[118.101,42.101],@[118.101,42.101],[118.1,42.101],"
             "[118.1,42.1]]]"), "geometry", "corner 4 of ring 1 repeats corner 3 of ring 1"},
    {POLYGON("[[[118.1,42.1],[118.101,42.1],[118.101,42.101],[118.1,42.101],@[118.1,42.1],"
             "[118.0999,42.1],[118.1,42.1]]]"), "geometry", "corner 5 of ring 1 repeats corner 1"},
    {POLYGON("[[[118.1,42.1],[118.2,42.1],@[118.3,42.1],[118.1,42.1]]]"), "geometry",
     "crosses or touches"},
    {POLYGON("[[@[118.1,42.1],[118.100001,42.1],[118.100001,42.100001],[118.1,42.1]]]"),
     "geometry", "less than 1 m2"},
    {POLYGON("[[@[118.1,42.1],[118.2,42.1],[118.2,42.2],[118.1,42.1]]]"), "geometry",
     "km2; at most 10 km2"},
    {FENCE(N, "", "\"Polygon\"", "[[@[118.1,42.1],[119,42.1],[119,43],[118.1,42.1]]]"), "geometry",
     "at most 1000 km2"},
    {POLYGON("[[" SQUARE "],[@[118.11,42.11],[118.111,42.11],[118.111,42.111],[118.11,42.11]]]"),
     "geometry", "the hole (ring 2) lies outside its outer ring (ring 1)"},
    {POLYGON("[[" SQUARE "],[[118.1005,42.1005],[118.11,42.1005],[118.1005,42.1006],"
             "[118.1005,42.1005]]]"), "geometry", "crosses or touches"},
    {POLYGON("[[" SQUARE "],[[118.1001,42.1001],[118.1009,42.1001],[118.1001,42.1009],"
             "[118.1001,42.1001]],[@[118.1002,42.1002],[118.1003,42.1002],[118.1002,42.1003],"
             "[118.1002,42.1002]]]"), "geometry", "inside another hole"},
    {FENCE(F, CAPACITY, "\"MultiPolygon\"", "[[[" SQUARE
             "]],[[@[118.1002,42.1002],[118.1003,42.1002],[118.1002,42.1003],"
             "[118.1002,42.1002]]]]"), "geometry", "inside another polygon"},
    {FENCE(F, CAPACITY, "\"MultiPolygon\"", "@[]"), "geometry", "list of Polygons"},
    {POLYGON("[[@[118.1,42.1],[119.2,42.1],[119.2,42.2],[118.1,42.1]]]"), "geometry",
     "wider than 1 degree"},
    {POLYGON("[[@[118.1,85.1],[118.2,85.1],[118.2,85.2],[118.1,85.1]]]"), "geometry", "pole"},
    {POLYGON("[[@[179.9,42.1],[-179.9,42.1],[-179.9,42.2],[179.9,42.1]]]"), "geometry",
     "antimeridian"},
    {ROW("beacons", "{\"beacon\":\"@stud 7\",\"fence\":\"" F "\"}"), "beacon", "ibeacon:<uuid>"},
    {ROW("beacons", "{\"beacon\":\"mac:1918fc000001\",\"fence\":\"@150402001R00100008\"}"),
     "fence", "F, B or N"},
    {"beacon,fence\nmac:1918fc000001,@" F "x\n", "fence", "18 characters"},
    {"listener,fence,source\n@g w," F ",ble\n", "listener", "characters of"},
    {"listener,fence,source,scan_period_s\ngw," F ",ble,@0\n", "scan_period_s", "1 to 3600"},
    {"listener,fence,source\ngw," F ",@\n", "source", "the link that carries it"},
    {"operator,quota\n@op,5\n", "operator", "2 to 6 capital letters"},
    {"operator,quota\nOP,@-5\n", "quota", "whole number"},
    {"operator,mac_prefixes\nOP,@1918F\n", "mac_prefixes", "6 to 11 hex digits"},
    {"operator,mac_prefixes\nOP,@1918FC112233\n", "mac_prefixes", "6 to 11 hex digits"},
    {"operator,uuids\nOP,@FDA50693\n", "uuids", "32 hex digits"},
    {"operator,uuids\nOP,@FDA50693-A4E2-4FB1-AFCF-C6EB07647825\n", "uuids", "factory default"},
    {"operator,uuids\nOP,@e2c56db5dffb48d2b060d0f5a71096e0\n", "uuids", "factory default"},
    {"vehicle,mac\n@OP-123,1918fc000001\n", "vehicle", "OPERATOR-NUMBER"},
    {"vehicle,mac\nOP-1234,@1918fc00000\n", "mac", "12 hex digits"},
    {"vehicle,imei\nOP-1234,@86600000000000\n", "imei", "15 digits"},
    {"vehicle,beacon\nOP-1234,@ibeacon:fda50693a4e24fb1afcfc6eb07647825:10002:5208\n", "beacon",
     "factory default"},
    {"vehicle,beacon\nOP-1234,@mac:1918fc000001\n", "beacon", "column mac"},
};

/* clang-format on */

static void refuses_bad_rows(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *want = &refusals[i];
        const char *mark = strchr(want->text, '@');
        struct draft *d = draft_create();
        struct import_report report = {0};
        char text[1024];
        size_t len = 0;
        uint32_t line = 1;
        uint32_t column = 1;

        for (const char *p = want->text; *p != '\0'; p++) {
            if (p != mark) {
                text[len++] = *p;
            }
            if (p < mark) {
                line += *p == '\n';
                column = *p == '\n' ? 1 : column + 1;
            }
        }
        assert_int_equal(draft_text_read(d, "bad", text, len, &report), ERR_OK);
        if (report.fault_count == 0 || report.faults == NULL ||
            strcmp(report.faults[0].field, want->field) != 0 ||
            strstr(report.faults[0].reason, want->reason) == NULL ||
            (mark != NULL &&
             (report.faults[0].line != line || report.faults[0].column != column))) {
            print_error("%s\nwant %u:%u: %s: %s\n", want->text, line, column, want->field,
                        want->reason);
            if (report.fault_count > 0) {
                print_error("got  %u:%u: %s: %s\n", report.faults[0].line, report.faults[0].column,
                            report.faults[0].field, report.faults[0].reason);
            }
            wrong++;
        }
        import_report_finish(&report);
        draft_destroy(d);
    }
    assert_int_equal(wrong, 0);
}

/* clang-format off */
static const struct refusal wholes[] = {
    {TABLES(",\"beacons\":[{\"beacon\":\"mac:1918fc000001\",\"fence\":\"" F2 "\"}]"), "fence",
     "mac:1918fc000001: bound to a fence that is not in the inventory"},
    {TABLES(",\"listeners\":[{\"listener\":\"gw\",\"fence\":\"" N "\",\"source\":\"ble\"}]"),
     "fence", "listener gw: bound to a fence"},
    {TABLES(",\"beacons\":[{\"beacon\":\"mac:1918fc000001\",\"fence\":\"" F
             "\"},{\"beacon\":\"mac:19:18:FC:00:00:01\",\"fence\":\"" F "\"}]"), "beacon",
     "stands twice"},
    {TABLES(",\"listeners\":[{\"listener\":\"AC233FC00001\",\"fence\":\"" F
             "\",\"source\":\"a\"},{\"listener\":\"ac:23:3f:c0:00:01\",\"fence\":\"" F
             "\",\"source\":\"b\"}]"), "listener", "stands twice"},
    {TABLES(",\"vehicles\":[{\"vehicle\":\"QQ-1234\",\"mac\":\"1918fc000001\"}]"), "vehicle",
     "its operator is not in the inventory"},
    {TABLES(",\"vehicles\":[{\"vehicle\":\"OP-1234\",\"mac\":\"1918fc000001\"},{\"vehicle\":"
             "\"OP-1235\",\"mac\":\"19-18-FC-00-00-01\"}]"), "mac",
     "OP-1235: 1918fc000001 is bound to OP-1234 already"},
    {TABLES(",\"vehicles\":[{\"vehicle\":\"OP-1234\",\"imei\":\"866000000000001\"},{\"vehicle\":"
             "\"OP-1235\",\"imei\":\"866000000000001\"}]"), "imei", "bound to OP-1234 already"},
    {TABLES(",\"vehicles\":[{\"vehicle\":\"OP-1234\",\"beacon\":"
             "\"ibeacon:11111111222233334444555555555556:1:2\"},{\"vehicle\":\"OP-1235\","
             "\"beacon\":\"ibeacon:11111111-2222-3333-4444-555555555556:01:2\"}]"), "beacon",
     "bound to OP-1234 already"},
    {TABLES(",\"vehicles\":[{\"vehicle\":\"OP-1234\",\"mac\":\"1918fc000001\"}],\"beacons\":[{"
             "\"beacon\":\"mac:1918fc000001\",\"fence\":\"" F "\"}]"), "mac", "marks a fence"},
    {"operator,mac_prefixes\nAA,1918FC\nBB,aabbcc;1918fc7\n", "mac_prefixes",
     "operator BB: a prefix overlaps one of operator AA"},
    {"operator,uuids\nAA,11111111222233334444555555555555\nBB,11111111-2222-3333-4444-"
     "555555555555\n", "uuids", "also listed by operator AA"},
};

/* clang-format on */

static void refuses_what_does_not_fit_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wholes); i++) {
        struct draft *d = draft_create();
        struct import_report report = {0};

        assert_int_equal(
            draft_text_read(d, "whole", wholes[i].text, strlen(wholes[i].text), &report), ERR_OK);
        assert_int_equal(report.fault_count, 0);
        assert_int_equal(draft_complete(d, NULL, false, false, &report), ERR_OK);
        if (report.fault_count == 0 || strcmp(report.faults[0].field, wholes[i].field) != 0 ||
            strstr(report.faults[0].reason, wholes[i].reason) == NULL) {
            print_error("%s\nwant %s: %s\n", wholes[i].text, wholes[i].field, wholes[i].reason);
            if (report.fault_count > 0) {
                print_error("got  %s: %s\n", report.faults[0].field, report.faults[0].reason);
            }
            fail();
        }
        import_report_finish(&report);
        draft_destroy(d);
    }
}

#define FULL                                                                                       \
    TABLES(",\"beacons\":[{\"beacon\":\"mac:1918fc000001\",\"fence\":\"" F                         \
           "\"}],\"listeners\":[{\"listener\":\"GW-1\",\"fence\":\"" F                             \
           "\",\"source\":\"ble\"}],\"vehicles\":[{\"vehicle\":\"OP-1234\",\"imei\":"              \
           "\"866000000000001\"}]")

static void counts_what_changes(void **state)
{
    static const enum draft_table bikes[] = {TABLE_FENCE, TABLE_BEACON, TABLE_LISTENER,
                                             TABLE_OPERATOR, TABLE_VEHICLE};
    struct import_report first = {0};
    struct import_report again = {0};
    struct import_report changed = {0};
    struct import_report taken = {0};
    struct import_report gone = {0};
    struct draft *a = draft_of(FULL, NULL, false, &first);
    struct draft *b = draft_of(FULL, a, false, &again);
    struct draft *c =
        draft_of("listener,fence,source,scan_period_s\ngw-1," F ",ble,5\n", b, false, &changed);
    struct draft *d = draft_of("beacon,fence\nmac:1918FC000001,\n", c, false, &taken);
    struct draft *e = draft_of("operator\nOP\n", d, true, &gone);
    space_key replaced_by;
    space_key key;
    struct inventory *inv;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bikes); i++) {
        assert_int_equal(first.added[bikes[i]], 1);
        assert_int_equal(again.added[bikes[i]] + again.changed[bikes[i]] + again.removed[bikes[i]],
                         0);
    }
    assert_int_equal(changed.changed[TABLE_LISTENER], 1);
    assert_int_equal(taken.removed[TABLE_BEACON], 1);
    assert_int_equal(d->tables[TABLE_BEACON].count, 0);
    assert_int_equal(gone.removed[TABLE_FENCE], 1);
    assert_int_equal(gone.removed[TABLE_LISTENER], 1);
    assert_int_equal(gone.removed[TABLE_VEHICLE], 1);
    assert_int_equal(gone.changed[TABLE_OPERATOR], 1);
    assert_int_equal(inventory_build(e, 5, NULL, NULL, &inv), ERR_OK);
    assert_int_equal(space_id_parse(F, strlen(F), &key), ID_OK);
    assert_true(inventory_tombstone(inv, key, &replaced_by));
    inventory_destroy(inv);
    draft_destroy(a);
    draft_destroy(b);
    draft_destroy(c);
    draft_destroy(d);
    draft_destroy(e);
    import_report_finish(&first);
    import_report_finish(&again);
    import_report_finish(&changed);
    import_report_finish(&taken);
    import_report_finish(&gone);
}

static void refuses_to_drop_many_fences(void **state)
{
    struct import_report report = {0};
    struct draft *a = draft_of(FULL, NULL, false, &report);
    struct draft *d = draft_create();
    struct import_report second = {0};
    static const char retired[] = "id,replaced_by\n" F ",\n";

    (void)state;
    assert_int_equal(draft_text_read(d, "retired", retired, strlen(retired), &second), ERR_OK);
    assert_int_equal(draft_complete(d, a, false, false, &second), ERR_OK);
    assert_int_equal(second.fault_count, 1);
    assert_non_null(strstr(second.faults[0].reason, "1 of 1 fences"));
    assert_int_equal(second.removed[TABLE_BEACON], 1); /* went with its fence */
    draft_destroy(a);
    draft_destroy(d);
    import_report_finish(&report);
    import_report_finish(&second);
}

static void canonical_text_is_stable(void **state)
{
    struct dice dice = {51};
    struct import_report report = {0};
    struct import_report second = {0};
    struct draft *d = draft_of(FULL, NULL, false, &report);
    struct draft *bare = draft_create();
    struct draft *again;
    struct strbuf one = {0};
    struct strbuf two = {0};

    (void)state;
    for (uint32_t i = 1000; i < 1060; i++) {
        fence_add(d, &dice, i, fence_place_roll(&dice, 60), 30);
    }
    assert_int_equal(draft_complete(d, NULL, true, true, &report), ERR_OK);
    assert_int_equal(draft_write(d, 7, &one), ERR_OK);
    strbuf_putc(&one, '\0');
    again = draft_of(one.data, NULL, true, &second);
    assert_int_equal(draft_write(again, 7, &two), ERR_OK);
    strbuf_putc(&two, '\0');
    assert_string_equal(one.data, two.data);
    assert_non_null(strstr(one.data, "\"format\":2"));
    strbuf_clear(&one);
    assert_int_equal(draft_write(bare, 7, &one), ERR_OK);
    strbuf_putc(&one, '\0');
    assert_non_null(strstr(one.data, "\"format\":1"));
    assert_null(strstr(one.data, "vehicles"));
    strbuf_finish(&one);
    strbuf_finish(&two);
    draft_destroy(d);
    draft_destroy(bare);
    draft_destroy(again);
    import_report_finish(&report);
    import_report_finish(&second);
}

/* Corners drawn on a GCJ-02 map are some hundred metres off until they are converted. */
static void outlines_are_converted(void **state)
{
    static const char text[] =
        "{\"type\":\"FeatureCollection\",\"crs\":\"gcj02\",\"features\":[\n{\"type\":\"Feature\","
        "\"id\":\"" F "\",\"properties\":{\"type\":\"fence\",\"capacity\":20},\"geometry\":{"
        "\"type\":\"Polygon\",\"coordinates\":[[[118.8930715,42.2597354],[118.895,42.2597354],"
        "[118.895,42.262],[118.8930715,42.2597354]]]}}]}";
    struct import_report report = {0};
    struct draft *d = draft_of(text, NULL, false, &report);

    (void)state;
    /* the vector 42.2578, 118.8869 */
    assert_in_range(d->corners[0].lat - 422578000 + 5, 0, 10);
    assert_in_range(d->corners[0].lon - 1188869000 + 5, 0, 10);
    draft_destroy(d);
    import_report_finish(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_rows),
        cmocka_unit_test(refuses_what_does_not_fit_together),
        cmocka_unit_test(counts_what_changes),
        cmocka_unit_test(refuses_to_drop_many_fences),
        cmocka_unit_test(canonical_text_is_stable),
        cmocka_unit_test(outlines_are_converted),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
