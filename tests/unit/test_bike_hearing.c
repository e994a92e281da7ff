/* Scans of fence gateways on a link that carries other things, too: only the gateway's own messages
 * are its scans. And bikes' locks: what a bike in use says of a place is left behind here. */
#include "tests/unit/fleet_fixture.h"

#include "sensors/hearing.h"
#include "sensors/mqtt/uplink.h"

#define WALL_MS INT64_C(1790000000000)

static struct hearing hearing;
static struct inventory_board board;
static struct counters counters;
static struct bike_report last[BIKES_HEARD_MAX + 1];
static size_t calls, last_count;

static enum err reports(void *ctx, uint64_t version, const struct bike_report *list, size_t n)
{
    (void)ctx;
    (void)version;
    memcpy(last, list, n * sizeof *list);
    last_count = n;
    calls++;
    return ERR_OK;
}

static enum err take(const char *envelope, const char *topic, const char *text)
{
    const struct heard_message message = {
        .topic = topic, .payload = text, .len = strlen(text), .wall_ms = WALL_MS};

    return hearing_take(&hearing, envelope_find(envelope), &message);
}

static void only_scans_are_scans(void **state)
{
    static const char scan[] = "[{\"type\":\"Gateway\",\"mac\":\"AC233FC00001\"}]";
    static const char *const others[][3] = {
        {"chirpstack",      "application/a/device/0101010101010101/event/ack", "{}"                                                      },
        {"chirpstack",      "application/a/device/0101010101010101/event/up",
         "{\"deviceInfo\":{\"devEui\":\"0101010101010101\"}}"                                                                            },
        {"tts",             "v3/a/devices/b/up",
         "{\"end_device_ids\":{\"device_id\":\"b\"},\"simulated\":true,\"uplink_message\":{}}"                                           },
        {"loriot",          "l",                                               "{\"cmd\":\"txd\"}"                                       },
        {"ctwing",          "c",                                               "{\"messageType\":\"commandResponse\",\"deviceId\":\"1\"}"},
        {"onenet",          "o",                                               "{\"msg\":{\"type\":7,\"imei\":\"1\"}}"                   },
        {"openmqttgateway", "home/x/SYStoMQTT",                                "{}"                                                      },
    };
    const struct field_params ports = {
        .intake = {.reports = reports}, .board = &board, .counters = &counters};
    struct inventory *inv = fleet_inventory(1, true, "", NULL);

    (void)state;
    (void)inventory_publish(&board, inv);
    hearing_init(&hearing, &ports, "ble");
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_int_equal(take("minew", "gw/ac233fc00001/status", scan), ERR_OK);
        assert_int_equal(calls, i + 1); /* nobody heard: that is a scan of the gateway's */
        assert_int_equal(last_count, 1);
        assert_int_equal(last[0].source, REPORT_LISTENER);
        assert_int_equal(take(others[i][0], others[i][1], others[i][2]), ERR_OK);
        if (calls != i + 1) {
            fail_msg("%s: taken for an empty scan", others[i][0]);
        }
    }
    hearing_finish(&hearing);
    inventory_destroy(inv);
}

/* The broker's rules bind a gateway to its topic, and the topic binds what is said there. */
static void a_gateway_speaks_for_itself(void **state)
{
    static const char sees[] = "[{\"type\":\"Gateway\",\"mac\":\"AC233FC00001\"},"
                               "{\"type\":\"Unknown\",\"mac\":\"1918FC000001\",\"rssi\":-50}]";
    const struct field_params ports = {
        .intake = {.reports = reports}, .board = &board, .counters = &counters};
    struct inventory *inv = fleet_inventory(1, true, "", NULL);
    const size_t before = calls;

    (void)state;
    (void)inventory_publish(&board, inv);
    hearing_init(&hearing, &ports, "ble");
    assert_int_equal(take("minew", "gw/ac233fc00002/status", sees), ERR_OK);
    assert_int_equal(calls, before);
    assert_int_equal(count_get(&counters, COUNT_MQTT_REFUSED_TOPIC), 1);
    assert_int_equal(take("minew", "gw/AC:23:3F:C0:00:01/status", sees), ERR_OK);
    assert_int_equal(take("minew", "gw/east/status", sees), ERR_OK);
    assert_int_equal(calls, before + 2);
    hearing_finish(&hearing);
    inventory_destroy(inv);
}

#define LOCK(more)                                                                                 \
    "{\"imei\":\"863158022988725\",\"lat\":42.2578,\"lon\":118.8869,\"battery\":80,"               \
    "\"beacons\":[]," more "}"

static void a_ride_leaves_no_track(void **state)
{
    const struct field_params ports = {
        .intake = {.reports = reports}, .board = &board, .counters = &counters};
    struct fleet_import import;
    struct inventory *inv;

    (void)state;
    fleet_import_begin(&import);
    fleet_import_square(&import, PARK_ID, ",\"capacity\":5", 0);
    fleet_import_table(&import, "operator,name_en\nHLO,Hello\n");
    fleet_import_table(&import, "vehicle,imei\nHLO-10000001,863158022988725\n");
    inv = fleet_import_end(&import, 1, NULL);
    (void)inventory_publish(&board, inv);
    hearing_init(&hearing, &ports, "ble");
    assert_int_equal(take("lock_bridge", "bike/863158022988725/x", LOCK("\"lock\":\"locked\"")),
                     ERR_OK);
    assert_int_equal(last[0].has, REPORT_HAS_POSITION | REPORT_HAS_RADIO | REPORT_HAS_BATTERY);
    assert_int_equal(last[0].at.lat, 422578000);
    assert_int_equal(take("lock_bridge", "bike/863158022988725/x", LOCK("\"lock\":\"unlocked\"")),
                     ERR_OK);
    assert_int_equal(last[0].lock, LOCK_UNLOCKED);
    assert_int_equal(last[0].has, REPORT_HAS_BATTERY);
    assert_int_equal(last[0].at.lat, 0);
    hearing_finish(&hearing);
    inventory_destroy(inv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_scans_are_scans),
        cmocka_unit_test(a_gateway_speaks_for_itself),
        cmocka_unit_test(a_ride_leaves_no_track),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
