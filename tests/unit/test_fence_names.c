/* Who is who: which bike a radio, a beacon or a lock belongs to, listeners as their messages name
 * them, and the form of references. */
#include "tests/unit/fence_texts.h"

/* --- who is who --- */

static void tells_bikes_apart(void **state)
{
    static const char text[] =
        TABLES(",\"vehicles\":[{\"vehicle\":\"OP-7001\",\"mac\":\"1918FC0000AA\"},{\"vehicle\":"
               "\"OP-7002\",\"imei\":\"866000000000001\"},{\"vehicle\":\"OP-7003\",\"beacon\":"
               "\"ibeacon:99999999222233334444555555555556:1:2\"}],\"beacons\":[{\"beacon\":"
               "\"mac:1918fc00beac\",\"fence\":\"" F "\"},{\"beacon\":"
               "\"ibeacon:11111111-2222-3333-4444-555555555555:9:9\",\"fence\":\"" F "\"}]");
    /* the triple of a stored capture that 11 locks of one maker share */
    static const char same[] = "ibeacon:fda50693a4e24fb1afcfc6eb07647825:10002:5208";

    /* clang-format off */
    static const struct {
        const char *mac, *beacon, *imei, *ref; /* "" = no bike */
    } rows[] = {
        {"1918FC0000AA", "", "", "OP-7001"},
        {"19:18:fc:00:00:aa", same, "", "OP-7001"},
        {"1918fc0000ab", same, "", "OP-1918FC0000AB"},
        {"1918fc0000ac", same, "", "OP-1918FC0000AC"},
        {"", same, "", ""},
        {"aabbccddeeff", same, "", ""},
        {"", "", "866000000000001", "OP-7002"},
        {"1918fc0000ab", "", "866000000000001", "OP-7002"},
        {"aabbccddeeff", "IBEACON:99999999-2222-3333-4444-555555555556:1:2", "", "OP-7003"},
        {"aabbccddeeff", "ibeacon:99999999222233334444555555555556:1:3", "", ""},
        {"aabbccddeeff", "ibeacon:11111111222233334444555555555555:10002:255", "", "OP-271200FF"},
        {"1918fc00beac", "", "", ""}, /* studs */
        {"1918fc0000ab", "ibeacon:11111111222233334444555555555555:9:9", "", ""},
        {"aabbccddeeff", "eddystone_uid:00000000000000000001:000000000002", "", ""},
        {"not a mac", "nor:a:beacon", "nor an imei", ""},
        {"", "", "", ""},
    };
    /* clang-format on */
    struct import_report report = {0};
    struct draft *d = draft_of(text, NULL, false, &report);
    struct inventory *inv;

    (void)state;
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char ref[VEHICLE_REF_MAX + 1] = "?";

        assert_int_equal(fences_identify(inv, rows[i].mac, rows[i].beacon, rows[i].imei, ref),
                         rows[i].ref[0] != '\0');
        assert_string_equal(ref, rows[i].ref);
        assert_true(ref[0] == '\0' || (vehicle_ref_valid(ref, strlen(ref)) &&
                                       fences_operator(inv, ref, strlen(ref)) == 0));
    }
    assert_int_equal(fences_beacon(inv, "MAC:19-18-FC-00-BE-AC", 21), 0);
    assert_int_equal(fences_beacon(inv, "mac:1918fc00bead", 16), NO_FENCE);
    draft_destroy(d);
    import_report_finish(&report);
    inventory_destroy(inv);
}

static void listeners_are_found_as_their_messages_say(void **state)
{
    static const char text[] = TABLES(
        ",\"listeners\":[{\"listener\":\"AC233FC00001\",\"fence\":\"" F
        "\",\"source\":\"ble\",\"scan_period_s\":3},{\"listener\":\"Gate-West\",\"fence\":\"" F
        "\",\"source\":\"ble\"}]");
    struct import_report report = {0};
    struct draft *d = draft_of(text, NULL, false, &report);
    struct inventory *inv;
    uint32_t mac;
    uint32_t name;

    (void)state;
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    mac = fences_listener(inv, "ac:23:3F:c0:00:01", 17);
    name = fences_listener(inv, "gate-WEST", 9);
    assert_int_not_equal(mac, UINT32_MAX);
    assert_int_not_equal(name, UINT32_MAX);
    assert_int_equal(inv->listeners[mac].scan_period_ms, 3000);
    assert_int_equal(inv->listeners[name].scan_period_ms, 10000);
    assert_string_equal(inv->sources[inv->listeners[name].source], "ble");
    assert_int_equal(inv->fences[0].has_radio, 1);
    assert_int_equal(fences_listener(inv, "gate-north", 10), UINT32_MAX);
    draft_destroy(d);
    import_report_finish(&report);
    inventory_destroy(inv);
}

/* config/example-city as a whole: what a city that starts from it gets. */
static void the_example_city_has_fences(void **state)
{
    static const char *const files[] = {"fences.geojson", "beacons.csv", "listeners.csv",
                                        "operators.csv", "vehicles.csv"};
    struct import_report report = {0};
    struct draft *d = draft_create();
    struct inventory *inv;
    struct fence_hit hits[4];
    struct position_e7 at;
    char ref[VEHICLE_REF_MAX + 1];
    space_key key;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/../config/example-city/%s", TESTS_DIR, files[i]);
        assert_int_equal(draft_read(d, path, CRS_WGS84, &report), ERR_OK);
    }
    assert_int_equal(draft_complete(d, NULL, false, false, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(report.added[TABLE_FENCE], 6);
    assert_int_equal(inventory_build(d, 1, NULL, NULL, &inv), ERR_OK);
    /* the square is a no-parking zone with a hole for the fence at its east gate */
    assert_int_equal(space_id_parse(F2, strlen(F2), &key), ID_OK);
    at = inv->fences[fences_find(inv, key)].centre;
    assert_int_equal(fences_around(inv, at, 0, FENCE_USE_COUNT, hits, 4), 1);
    assert_int_equal(inv->fences[hits[0].fence].key, key);
    assert_int_equal(fences_around(inv, at, 30000, FENCE_NO_PARK, hits + 1, 3), 1);
    assert_true(hits[1].distance_mm > 0);
    assert_int_equal(fences_beacon(inv, "ibeacon:6b1c0a4e52f34c7d9e1b7a30d0c5e0f0:2:1", 44),
                     hits[0].fence);
    assert_true(fences_identify(inv, "1918FC001001", "", "", ref));
    assert_string_equal(ref, "YL-00000001");
    assert_true(fences_identify(inv, "1918FC0010FF", "", "", ref));
    assert_string_equal(ref, "YL-1918FC0010FF");
    assert_true(fences_identify(inv, "", "", "866000000010025", ref));
    assert_string_equal(ref, "QX-10000001");
    draft_destroy(d);
    import_report_finish(&report);
    inventory_destroy(inv);
}

static void references_have_a_form(void **state)
{
    static const struct {
        const char *ref;
        bool valid;
    } rows[] = {
        {"OP-1234",                     true },
        {"ABCDEF-0123456789ABCDEFGHIJ", true },
        {"O-1234",                      false},
        {"ABCDEFG-1234",                false},
        {"OP-123",                      false},
        {"OP-0123456789ABCDEFGHIJK",    false},
        {"OP1234",                      false},
        {"OP-12a4",                     false},
        {"op-1234",                     false},
        {"",                            false},
        {"OP-",                         false},
        {"OP",                          false},
        {"-1234",                       false},
        {"OP-1234 ",                    false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(vehicle_ref_valid(rows[i].ref, strlen(rows[i].ref)), rows[i].valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_bikes_apart),
        cmocka_unit_test(listeners_are_found_as_their_messages_say),
        cmocka_unit_test(the_example_city_has_fences),
        cmocka_unit_test(references_have_a_form),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
