/* Inventory files: what is accepted, what is refused and where the message points, merging, and the
 * canonical text. */
#include "tests/unit/draft_files.h"

#include "bowei/coverage.h"
#include "tests/unit/city_fixture.h"

struct refusal {
    const char *text;
    uint32_t line, column;
    const char *field;
    const char *reason; /* a part of it */
};

#define LOT   "150402001R00100008"
#define SPACE "150402001R0010012Z"
#define FC    "{\"type\":\"FeatureCollection\",\"features\":[\n"
#define POINT "\"geometry\":{\"type\":\"Point\",\"coordinates\":[118.8869,42.2578]}"

/* clang-format off */
static const struct refusal refusals[] = {
    {"", 1, 1, "file", "empty"},
    {"a,b\n1,2\n", 1, 1, "header", "neither"},
    {"id;lat;lon\n", 1, 1, "header", "commas"},
    {"id,lat,lon,colour\n", 1, 12, "header", "colour is no column of spaces: id, lat, lon, lot"},
    {"id,lat,lat\n", 1, 8, "lat", "twice"},
    {"id,lat,lon\n150402001R0010012Y,42.2578,118.8869\n", 2, 1, "id", "should be Z"},
    {"id,lat,lon\n150402001X0010012Z,42.2578,118.8869\n", 2, 1, "id", "kind letter"},
    {"id,lat,lon\n150402001R001001,42.2578,118.8869\n", 2, 1, "id", "18 characters"},
    {"id,lat,lon\n" LOT ",42.2578,118.8869\n", 2, 1, "id", "of a lot"},
    {"id,lat,lon\n150402002B0030000F,42.2578,118.8869\n", 2, 1, "id", "R, L or T"},
    {"id,lat,lon\n" SPACE ",118.8869,42.2578\n", 2, 20, "lat", "swapped"},
    {"id,lat,lon\n" SPACE ",0,0\n", 2, 20, "lat", "never measured"},
    {"id,lat,lon\n" SPACE ",91,-10\n", 2, 20, "lat", "-90 to 90"},
    {"id,lat,lon\n" SPACE ",42,190.5\n", 2, 23, "lon", "-180 to 180"},
    {"id,lat,lon\n" SPACE ",42.25.78,118.8869\n", 2, 20, "lat", "decimal degrees"},
    {"id,lat,lon\n" SPACE ",42.2578,1e2\n", 2, 28, "lon", "decimal degrees"},
    {"id,lat,lon\n" SPACE ",,118.8869\n", 2, 20, "lat", "is missing"},
    {"id,lat,lon\n" SPACE ",42.2578\n", 2, 1, "row", "2 cells where the header has 3"},
    {"id,lat,lon\n\"" SPACE ",42\n", 2, 1, "quote", "never closed"},
    {"id,lat,lon\n\"" SPACE "\"x,42,118\n", 2, 21, "quote", "behind a closing quote"},
    {"id,lat,lon\n1\"5,42,118\n", 2, 2, "quote", "inside a cell"},
    {"id,lat,lon,attributes\n" SPACE ",42.2578,118.8869,ev;fast\n", 2, 37, "attributes",
     "fast is no attribute"},
    {"id,lat,lon,counting\n" LOT ",42.2,118.8,gates\n", 2, 1, "capacity", "needs its capacity"},
    {"id,lat,lon,counting,capacity\n" LOT ",42.2,118.8,gates,70000\n", 2, 37, "capacity",
     "1 to 65535"},
    {"id,lat,lon,counting\n" LOT ",42.2,118.8,guess\n", 2, 31, "counting", "spaces or gates"},
    {"id,lat,lon,counting,height_m\n" LOT ",42.2,118.8,spaces,0.1\n", 2, 38, "height_m",
     "0.5 to 20"},
    {"id,lat,lon,counting,entrances\n" LOT ",42.2,118.8,spaces,42.2\n", 2, 38, "entrances",
     "lat lon"},
    {"id,source\ndev ice,lora\n", 2, 1, "id", "characters of"},
    {"id,source,heartbeat_s\nd1,lora,0\n", 2, 9, "heartbeat_s", "whole number"},
    {"id,source\nd1,\n", 2, 4, "source", "is missing"},
    {"device,channel,space\nd1,65536," SPACE "\n", 2, 4, "channel", "0 to 65535"},
    {"device,space,lot\nd1," SPACE "," LOT "\n", 2, 23, "lot", "not to both"},
    {"scheme,value,id\nmeter,7," SPACE "x\n", 2, 9, "id", "18 characters"},
    {"id,replaced_by\n" SPACE "," SPACE "\n", 2, 20, "replaced_by", "replace itself"},
    {"\xc0\xcf\xc2\xa5,lat\n", 1, 1, "encoding", "GBK"},
    {"id,lat,lon\n\xff\xfe\x01\n", 2, 1, "encoding", "not UTF-8"},
    {"\xff\xfei\x01", 1, 1, "encoding", "UTF-16"},
    {"{}", 1, 1, "type", "FeatureCollection"},
    {"{\"type\":\"Feature\"}", 1, 10, "type", "FeatureCollection"},
    {FC, 2, 1, "json", "ends too early"},
    {FC "{\"type\":\"Feature\",}]}", 2, 19, "json", "does not belong"},
    {FC "]}x", 2, 3, "json", "follows the document"},
    {FC "{\"properties\":{\"type\":\"house\"}}]}", 2, 24, "properties.type",
     "lot, space, fence or grid"},
    {FC "{\"id\":\"" SPACE "\",\"properties\":{\"type\":\"space\",\"colour\":1}," POINT "}]}", 2,
     58, "properties", "colour is no property of spaces"},
    {FC "{\"id\":\"150402001R0010012Y\",\"properties\":{\"type\":\"space\"}," POINT "}]}", 2, 8,
     "id", "should be Z"},
    {FC "{\"id\":\"" SPACE "\",\"properties\":{\"type\":\"space\"}}]}", 2, 1, "geometry",
     "needs a type"},
    {FC "{\"id\":\"" SPACE "\",\"properties\":{\"type\":\"space\"},\"geometry\":{\"type\":"
     "\"Point\",\"coordinates\":[42.2578," "118.8869]}}]}", 2, 69, "geometry", "swapped"},
    {FC "{\"id\":\"" SPACE "\",\"properties\":{\"type\":\"space\"},\"geometry\":{\"type\":"
     "\"Polygon\",\"coordinates\":[[[1,2],[1,3],[2,3]]]}}]}", 2, 102, "geometry", "at least 4"},
    {"{\"type\":\"FeatureCollection\",\"crs\":\"mars\",\"features\":[]}", 1, 36, "crs",
     "wgs84, gcj02 or bd09"},
    {"{\"type\":\"FeatureCollection\",\"bowei\":{\"format\":9},\"features\":[]}", 1, 47,
     "bowei.format", "newer version"},
    {"id,source,invert\na,l,1\n", 2, 5, "invert", "must be true or false"},
    {"{\"type\":\"FeatureCollection\",\"devices\":[7]}", 1, 40, "devices", "must be an object"},
};

/* clang-format on */

static void refuses_bad_rows(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *want = &refusals[i];
        struct draft *d = draft_create();
        struct import_report report = {0};
        const struct import_fault *got;

        assert_int_equal(draft_text_read(d, "f", want->text, strlen(want->text), &report), ERR_OK);
        if (report.fault_count == 0) {
            fail_msg("accepted: %s", want->text);
        }
        got = &report.faults[0];
        if (got->line != want->line || got->column != want->column ||
            strcmp(got->field, want->field) != 0 || strstr(got->reason, want->reason) == NULL) {
            wrong++;
            print_error("%s\nwant %u:%u: %s: %s\ngot  %u:%u: %s: %s\n", want->text, want->line,
                        want->column, want->field, want->reason, got->line, got->column, got->field,
                        got->reason);
        }
        for (int t = 0; t < TABLE_COUNT; t++) {
            assert_int_equal(d->tables[t].count, 0);
        }
        import_report_finish(&report);
        draft_destroy(d);
    }
    assert_int_equal(wrong, 0);
}

static void reads_csv_as_spreadsheets_write_it(void **state)
{
    struct draft *d = draft_create();
    const struct draft_lot *lot;

    (void)state;
    draft_text_read_good(
        d, "\xef\xbb\xbfname_en,lon,lat,counting,id,height_m\r\n"
           "\"Square, \"\"north\"\"\",118.8869,42.2578,,150402-001-r001-0000-8,2.1\r\n\r\n");
    assert_int_equal(d->tables[TABLE_LOT].count, 1);
    lot = DRAFT_LOTS(d);
    assert_string_equal(draft_text(d, lot->name_en), "Square, \"north\"");
    assert_int_equal(lot->at.lat, 422578000);
    assert_int_equal(lot->at.lon, 1188869000);
    assert_int_equal(lot->height_cm, 210);
    draft_destroy(d);
}

static void reads_geojson_in_other_systems(void **state)
{
    struct draft *d = draft_create();
    const struct draft_space *space;

    (void)state;
    /* crs behind the features still counts; GCJ-02 of 42.2578, 118.8869 (reference vector) */
    draft_text_read_good(
        d, FC
        "{\"type\":\"Feature\",\"properties\":{\"type\":\"space\",\"id\":\"" SPACE
        "\",\"attributes\":[\"ev\",\"covered\"]},\"geometry\":{\"type\":\"Point\",\"coordinates\":"
        "[1.188930715e2,42.2597354]}}],\"crs\":\"gcj02\"}");
    assert_int_equal(d->tables[TABLE_SPACE].count, 1);
    space = DRAFT_SPACES(d);
    assert_true(abs(space->at.lat - 422578000) <= 2 && abs(space->at.lon - 1188869000) <= 2);
    assert_int_equal(space->attributes, 5);
    draft_destroy(d);
}

static void polygons_become_a_point_inside(void **state)
{
    struct draft *d = draft_create();
    const struct draft_space *space;

    (void)state;
    /* a U: its centroid (5, 4.x) lies in the gap */
    draft_text_read_good(
        d, FC "{\"properties\":{\"type\":\"space\",\"id\":\"" SPACE
              "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,10],[0,0],[10,0],["
              "10,10],[9,10],[9,1],"
              "[1,1],[1,10],[0,10]]]}}]}");
    space = DRAFT_SPACES(d);
    assert_true((space->at.lon > 0 && space->at.lon < 10000000) ||
                (space->at.lon > 90000000 && space->at.lon < 100000000) ||
                space->at.lat < 10000000);
    draft_destroy(d);
}

/* --- cross-checks and merging --- */

#define LOTS     "id,lat,lon,counting\n" LOT ",42.2578,118.8869,spaces\n"
#define SPACES   "id,lat,lon\n" SPACE ",42.2578,118.8869\n"
#define DEVICES  "id,source\nd1,lora\n"
#define BINDINGS "device,space\nd1," SPACE "\n"

static struct draft *drafted(const char *const *texts, size_t count)
{
    struct draft *d = draft_create();

    for (size_t i = 0; i < count; i++) {
        draft_text_read_good(d, texts[i]);
    }
    return d;
}

static void completed(struct draft *d, const struct draft *current, bool replace, const char *field,
                      const char *reason)
{
    struct import_report report = {0};

    assert_int_equal(draft_complete(d, current, replace, false, &report), ERR_OK);
    if (field == NULL) {
        if (report.fault_count != 0) {
            fail_msg("%s: %s", report.faults[0].field, report.faults[0].reason);
        }
    } else {
        assert_true(report.fault_count > 0);
        if (strcmp(report.faults[0].field, field) != 0 ||
            strstr(report.faults[0].reason, reason) == NULL) {
            fail_msg("%s: %s instead of %s: %s", report.faults[0].field, report.faults[0].reason,
                     field, reason);
        }
        assert_true(report.faults[0].line > 0);
    }
    import_report_finish(&report);
}

static void refuses_what_does_not_fit_together(void **state)
{
    /* clang-format off */
    static const struct {
        const char *texts[5];
        const char *field, *reason;
    } rows[] = {
        {{LOTS, SPACES, SPACES}, "id", "twice"},
        {{SPACES}, "lot", "not in the inventory"},
        {{LOTS, SPACES, BINDINGS}, "device", "not among the devices"},
        {{LOTS, DEVICES, BINDINGS}, "space", "not in the inventory"},
        {{LOTS, DEVICES, "device,lot\nd1," LOT "\n"}, "lot", "not counted by gates"},
        {{"id,lat,lon,counting,capacity\n" LOT ",42.2,118.8,gates,9\n", SPACES}, "lot",
         "counted by gates"},
        {{"id,lat,lon,counting\n370481001T0020000J,42.2,118.8,spaces\n", "id,lat,lon,lot\n" SPACE
         ",42.2578,118.8869,370481001T0020000J\n"}, "lot", "another county"},
        {{LOTS, SPACES, "scheme,value,id\na,1,150402001L0121086G\n"}, "id", "not in the inventory"},
        {{LOTS, SPACES, "id,replaced_by\n" SPACE ",\n"}, "id", "never used again"},
        {{LOTS, SPACES, "id,replaced_by\n150402001L0121086G,370481001T0020045U\n"}, "replaced_by",
         "not in the inventory"},
        {{LOTS, SPACES, "id,source\na,x\n", "device,channel,space\na,1," SPACE "\na,2," SPACE
         "\na,3," SPACE "\na,4," SPACE "\na,5," SPACE "\n"}, "space", "more than 4"},
    };

    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t count = 0;
        struct draft *d;

        while (count < ARRAY_LEN(rows[i].texts) && rows[i].texts[count] != NULL) {
            count++;
        }
        d = drafted(rows[i].texts, count);
        completed(d, NULL, false, rows[i].field, rows[i].reason);
        draft_destroy(d);
    }
}

static void merges_with_what_is_there(void **state)
{
    const char *const all[] = {LOTS, SPACES, DEVICES, BINDINGS};
    const char *const swap[] = {"id,source\nd2,lora\n", "device,space\nd1,\nd2," SPACE "\n"};
    struct draft *current = drafted(all, ARRAY_LEN(all));
    struct draft *next = drafted(swap, ARRAY_LEN(swap));
    struct import_report report = {0};

    (void)state;
    completed(current, NULL, true, NULL, NULL);
    /* a sensor swap: d1's binding goes, d2's comes, the rest stays */
    assert_int_equal(draft_complete(next, current, false, false, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(report.added[TABLE_DEVICE], 1);
    assert_int_equal(report.added[TABLE_BINDING], 1);
    assert_int_equal(report.removed[TABLE_BINDING], 1);
    assert_int_equal(report.changed[TABLE_SPACE], 0);
    assert_int_equal(next->tables[TABLE_SPACE].count, 1);
    assert_int_equal(next->tables[TABLE_BINDING].count, 1);
    assert_string_equal(draft_text(next, DRAFT_BINDINGS(next)->device), "d2");
    draft_destroy(next);
    draft_destroy(current);
}

static void removals_need_leave_and_leave_tombstones(void **state)
{
    const char *const all[] = {LOTS, SPACES};
    const char *const less[] = {LOTS};
    struct draft *current = drafted(all, ARRAY_LEN(all));
    struct draft *next = drafted(less, ARRAY_LEN(less));
    struct draft *back;
    struct import_report report = {0};

    (void)state;
    completed(current, NULL, true, NULL, NULL);
    completed(next, current, true, "removals", "1 of 1 spaces");
    draft_destroy(next);
    next = drafted(less, ARRAY_LEN(less));
    assert_int_equal(draft_complete(next, current, true, true, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(report.removed[TABLE_SPACE], 1);
    assert_int_equal(next->tables[TABLE_RETIRED].count, 1);
    assert_int_equal(DRAFT_RETIRED(next)->key, DRAFT_SPACES(current)->key);
    /* the same place listed again comes back under its own ID */
    back = drafted(all, ARRAY_LEN(all));
    completed(back, next, true, NULL, NULL);
    assert_int_equal(back->tables[TABLE_RETIRED].count, 0);
    draft_destroy(back);
    draft_destroy(next);
    draft_destroy(current);
}

/* --- the canonical text --- */

static struct draft *example_city(void)
{
    static const char *const files[] = {
        "lots.csv",      "spaces.geojson", "fences.geojson", "devices.csv",  "bindings.csv",
        "beacons.csv",   "listeners.csv",  "operators.csv",  "vehicles.csv", "aliases.csv",
        "grids.geojson", "units.csv",      "wardens.csv"};
    struct draft *d = draft_create();
    struct import_report report = {0};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/../config/example-city/%s", TESTS_DIR, files[i]);
        assert_int_equal(draft_read(d, path, CRS_WGS84, &report), ERR_OK);
    }
    assert_int_equal(report.fault_count, 0);
    completed(d, NULL, true, NULL, NULL);
    return d;
}

/* write -> load -> write gives the same bytes. */
static void round_trip(const struct draft *d, uint64_t version)
{
    struct strbuf text = {0};
    struct strbuf again = {0};
    struct draft *loaded = NULL;
    char path[512];
    uint64_t found = 0;

    assert_int_equal(draft_write(d, version, &text), ERR_OK);
    assert_int_equal(inventory_store_save(own_folder, version, &text), ERR_OK);
    assert_int_equal(inventory_store_newest(own_folder, &found, path, sizeof path), ERR_OK);
    assert_int_equal(found, version);
    assert_int_equal(draft_load(path, &loaded, &found), ERR_OK);
    assert_int_equal(found, version);
    assert_int_equal(draft_write(loaded, version, &again), ERR_OK);
    assert_int_equal(again.len, text.len);
    assert_memory_equal(again.data, text.data, text.len);
    strbuf_finish(&text);
    strbuf_finish(&again);
    draft_destroy(loaded);
}

static void example_city_is_whole(void **state)
{
    struct draft *d = example_city();
    struct inventory *inv = NULL;
    uint32_t gates = 0;

    (void)state;
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    assert_int_equal(inv->live_spaces, 42);
    assert_int_equal(inv->lot_count, 4);
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        if (inv->lots[i].counting == COUNT_GATES) {
            gates += inv->lots[i].sensor_count;
            assert_int_equal(inv->lots[i].capacity, 120);
            assert_int_equal(inv->lots[i].entrances_count, 2);
        }
    }
    assert_int_equal(gates, 2);
    assert_int_equal(coverage_of(inv)->gap_count, 0); /* everything has somebody responsible */
    assert_true(inventory_resolve(inv, "bay", "1") != 0);
    assert_true(inventory_sensor(inv, inventory_device(inv, "depot/loops", 11), 20) != NO_SENSOR);
    inventory_destroy(inv);
    round_trip(d, 1);
    draft_destroy(d);
}

static void random_text_put(struct dice *dice, struct draft *d, uint32_t *offset)
{
    static const char *const texts[] = {
        "", "a", "\"quoted\", comma", "昭乌达路", "back\\slash", "x/y:z", "é😀"};
    const char *text = texts[dice_below(dice, ARRAY_LEN(texts))];

    assert_int_equal(draft_text_add(d, text, strlen(text), -1, offset), ERR_OK);
}

static void random_lot_put(struct dice *dice, struct draft *d, uint32_t site)
{
    struct draft_lot *lot;

    city_lot_add(d, city_key(site, 0),
                 (struct position_e7){(int32_t)dice_below(dice, 1800000000) - 900000000 + 1,
                                      (int32_t)dice_below(dice, 700000000) + 560000000});
    lot = &DRAFT_LOTS(d)[d->tables[TABLE_LOT].count - 1];
    random_text_put(dice, d, &lot->name_zh);
    random_text_put(dice, d, &lot->name_en);
    random_text_put(dice, d, &lot->fee);
    lot->height_cm = (uint16_t)(dice_below(dice, 2) == 0 ? 0 : 50 + dice_below(dice, 1950));
    lot->entrances = d->entrance_count;
    lot->entrance_count = (uint8_t)dice_below(dice, 4);
    for (uint32_t i = 0; i < lot->entrance_count; i++) {
        assert_int_equal(
            draft_entrance_add(
                d, (struct position_e7){(int32_t)dice_below(dice, 500000000) + 1,
                                        (int32_t)dice_below(dice, 700000000) - 1300000000}),
            ERR_OK);
    }
}

static void any_draft_survives_its_text(void **state)
{
    struct dice dice = {42};

    (void)state;
    for (uint64_t round = 1; round <= 60; round++) {
        struct draft *d = draft_create();
        uint32_t lots = 1 + dice_below(&dice, 5);

        for (uint32_t site = 1; site <= lots; site++) {
            random_lot_put(&dice, d, site);
        }
        for (uint32_t i = dice_below(&dice, 60); i > 0; i--) {
            struct draft_space *space;
            char id[24];

            city_space_add(
                d, city_key(1 + dice_below(&dice, lots), i),
                (struct position_e7){(int32_t)dice_below(&dice, 540000000) + 1,
                                     (int32_t)dice_below(&dice, 1000000000) - 1000000000});
            space = &DRAFT_SPACES(d)[d->tables[TABLE_SPACE].count - 1];
            space->attributes = (attribute_set)dice_below(&dice, 1u << 12);
            space->lot = city_key(1 + dice_below(&dice, lots), 0);
            (void)snprintf(id, sizeof id, "dev-%u", i);
            city_device_add(d, id, (uint16_t)dice_below(&dice, 3), space->key,
                            (uint8_t)dice_below(&dice, 3));
            DRAFT_DEVICES(d)
            [d->tables[TABLE_DEVICE].count - 1].heartbeat_s = dice_below(&dice, 2) * 600;
            DRAFT_DEVICES(d)
            [d->tables[TABLE_DEVICE].count - 1].inverted = dice_below(&dice, 8) == 0;
        }
        for (uint32_t i = dice_below(&dice, 5); i > 0; i--) {
            struct draft_retired *retired = draft_row_add(d, TABLE_RETIRED);

            retired->key = city_key(900, i);
            retired->replaced_by = dice_below(&dice, 2) == 0 ? 0 : city_key(1, 0);
        }
        completed(d, NULL, true, NULL, NULL);
        round_trip(d, round);
        draft_destroy(d);
    }
}

/* An older program must not read such a device as one that is not inverted. */
static void an_inverted_device_is_a_format_of_its_own(void **state)
{
    struct draft *d = draft_create();
    struct strbuf text = {0};

    (void)state;
    draft_text_read_good(d, "id,source,invert\na,l,true\nb,l,false\nc,l,\n");
    completed(d, NULL, true, NULL, NULL);
    assert_true(DRAFT_DEVICES(d)[0].inverted);
    assert_false(DRAFT_DEVICES(d)[1].inverted || DRAFT_DEVICES(d)[2].inverted);
    assert_int_equal(draft_write(d, 1, &text), ERR_OK);
    strbuf_putc(&text, '\0');
    assert_non_null(strstr(text.data, "\"format\":4"));
    assert_non_null(strstr(text.data, "{\"id\":\"a\",\"source\":\"l\",\"invert\":true}"));
    assert_non_null(strstr(text.data, "{\"id\":\"b\",\"source\":\"l\"}"));
    strbuf_finish(&text);
    round_trip(d, 100);
    draft_destroy(d);
}

static void load_refuses_what_is_not_its_own(void **state)
{
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {"{\"type\":\"FeatureCollection\",\"bowei\":{\"format\":5,\"version\":1},\"features\":[]}",
         ERR_NEWER_SCHEMA                                                                                            },
        {SPACES,                                                                                    ERR_UNPROCESSABLE},
        {"garbage",                                                                                 ERR_UNPROCESSABLE},
    };
    struct draft *d = NULL;
    uint64_t version = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct draft *unused = draft_create();
        struct import_report report = {0};
        char path[512];

        assert_int_equal(
            draft_text_read(unused, "bad", rows[i].text, strlen(rows[i].text), &report), ERR_OK);
        import_report_finish(&report);
        draft_destroy(unused);
        (void)snprintf(path, sizeof path, "%s/bad", own_folder);
        assert_int_equal(draft_load(path, &d, &version), rows[i].want);
    }
    assert_int_equal(draft_load("/nonexistent/file", &d, &version), ERR_NOT_FOUND);
}

/* An id that no message may name is refused at the door; what an import took before there was that
 * rule is loaded, and survives an import that says nothing of it. */
static void what_was_taken_is_loaded(void **state)
{
    static const char text[] =
        "{\"type\":\"FeatureCollection\",\"bowei\":{\"format\":1,\"version\":7},\"devices\":[\n"
        "{\"id\":\"a..b\",\"source\":\"mqtt\"}],\"features\":[]}";
    struct draft *refused = draft_create();
    struct draft *merged = draft_create();
    struct draft *stored = NULL;
    struct import_report report = {0};
    char path[512];
    uint64_t version = 0;

    (void)state;
    assert_int_equal(draft_text_read(refused, "door", text, sizeof text - 1, &report), ERR_OK);
    assert_int_equal(report.fault_count, 1);
    assert_non_null(strstr(report.faults[0].reason, ".."));
    (void)snprintf(path, sizeof path, "%s/door", own_folder);
    assert_int_equal(draft_load(path, &stored, &version), ERR_OK);
    assert_int_equal(version, 7);
    draft_text_read_good(merged, "id,source\nd2,mqtt\n");
    completed(merged, stored, false, NULL, NULL);
    assert_int_equal(merged->tables[TABLE_DEVICE].count, 2);
    round_trip(merged, 1000); /* above all versions of the tests before */
    import_report_finish(&report);
    draft_destroy(refused);
    draft_destroy(stored);
    draft_destroy(merged);
}

/* Every prefix and every flipped byte of a good file: a fault or a draft, never a crash. */
static void damage_is_only_reported(void **state)
{
    static const char good[] =
        FC "{\"type\":\"Feature\",\"id\":\"" SPACE "\"," POINT
           ",\"properties\":{\"type\":\"space\",\"attributes\":[\"ev\"]}}\n],\"devices\":[{\"id\":"
           "\"d\","
           "\"source\":\"s\"}],\"bindings\":[{\"device\":\"d\",\"space\":\"" SPACE "\"}]}";
    static const char csv[] = "id,lat,lon,counting,name_en,entrances\n" LOT
                              ",42.2,118.8,spaces,\"a\"\"b\",42 118;42.1 118.1\n";
    const char *const texts[] = {good, csv};
    struct dice dice = {9};

    (void)state;
    for (size_t t = 0; t < ARRAY_LEN(texts); t++) {
        size_t len = strlen(texts[t]);

        for (size_t cut = 0; cut < len; cut++) {
            char copy[1024];
            struct draft *d = draft_create();
            struct import_report report = {0};

            memcpy(copy, texts[t], len);
            copy[cut] = (char)dice_below(&dice, 256);
            assert_int_equal(draft_text_read(d, "cut", texts[t], cut, &report), ERR_OK);
            assert_int_equal(draft_text_read(d, "flip", copy, len, &report), ERR_OK);
            import_report_finish(&report);
            draft_destroy(d);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_rows),
        cmocka_unit_test(reads_csv_as_spreadsheets_write_it),
        cmocka_unit_test(reads_geojson_in_other_systems),
        cmocka_unit_test(polygons_become_a_point_inside),
        cmocka_unit_test(refuses_what_does_not_fit_together),
        cmocka_unit_test(merges_with_what_is_there),
        cmocka_unit_test(removals_need_leave_and_leave_tombstones),
        cmocka_unit_test(example_city_is_whole),
        cmocka_unit_test(any_draft_survives_its_text),
        cmocka_unit_test(an_inverted_device_is_a_format_of_its_own),
        cmocka_unit_test(load_refuses_what_is_not_its_own),
        cmocka_unit_test(what_was_taken_is_loaded),
        cmocka_unit_test(damage_is_only_reported),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
