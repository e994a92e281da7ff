/* From an MQTT message to the intake: envelopes, the table of bad MQTT inputs (reliability corpus
 * 1-56), bindings, retained messages, unknown devices, and readings that the intake refuses. */
#include "tests/unit/hearing_scene.h"

#define NATIVE_TOPIC "bowei/up/dev-1"

static const struct device_row rows[] = {
    {"dev-1",            "city",      "native",       0, 1},
    {"dev-2",            "city",      "native",       3, 2},
    {"dev-x",            "elsewhere", "native",       0, 1},
    {"0101010101010101", "city",      "bosch_tps110", 0, 1},
    {"1000000000000001", "city",      "nwave_nps405", 0, 1},
    {"00000000000000aa", "city",      "native",       0, 0},
    {"abcdef0123456789", "city",      "native",       0, 1},
};

static int set_up(void **state)
{
    (void)state;
    hearing_begin(rows, ARRAY_LEN(rows));
    return 0;
}

static enum err native(const char *payload)
{
    return take("native", NATIVE_TOPIC, payload, strlen(payload), false);
}

static enum err up(const char *payload)
{
    return take("chirpstack", UP_TOPIC, payload, strlen(payload), false);
}

struct bad_row {
    const char *payload;
    size_t len; /* 0: strlen */
    enum counter reason;
};

static void bad_payloads_are_counted(void **state)
{
    static char big[1 << 20];
    static char deep[100000];
    static char keys[120000];
    static const char depth17[] =
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
        "{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}}}}}}}}";
    /* clang-format off */
    const struct bad_row table[] = {
        {"", 0, COUNT_MQTT_REFUSED_JSON},
        {"\0", 1, COUNT_MQTT_REFUSED_JSON},
        {big, PAYLOAD_MAX + 1, COUNT_MQTT_REFUSED_SIZE},
        {big, sizeof big, COUNT_MQTT_REFUSED_SIZE},
        {"{", 0, COUNT_MQTT_REFUSED_JSON},
        {"[]", 0, COUNT_MQTT_REFUSED_FIELD},
        {"null", 0, COUNT_MQTT_REFUSED_FIELD},
        {"\"x\"", 0, COUNT_MQTT_REFUSED_FIELD},
        {deep, sizeof deep, COUNT_MQTT_REFUSED_SIZE},
        {deep, PAYLOAD_MAX, COUNT_MQTT_REFUSED_JSON},
        {depth17, 0, COUNT_MQTT_REFUSED_JSON},
        {keys, 119000, COUNT_MQTT_REFUSED_SIZE},
        {"{\"device\":\"dev-1\",\"occupied\":true,\"occupied\":false}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"dev-1\",\"\\u0000\":1}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"\\ud800\"}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"\xff\"}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"\xc0\xaf\"}", 0, COUNT_MQTT_REFUSED_JSON},
        {"\xef\xbb\xbf{\"device\":\"dev-1\"}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"dev-1\"}x", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"dev-1\",\"battery_v\":NaN}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"dev-1\",\"battery_v\":Infinity}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"dev-1\",\"battery_v\":1e999}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"dev-1\",\"counter\":99999999999999999999}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"counter\":4294967296}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"counter\":-1}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"counter\":1.5}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"counter\":\"5\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"battery_v\":-1}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"battery_v\":101}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"battery_v\":\"3.6\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"time\":0}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"time\":-5}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"time\":1790000000}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"time\":\"yesterday\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"time\":true}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"channel\":65536}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"rssi\":-999}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"occupied\":1}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"occupied\":\"true\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"occupied\":TRUE}", 0, COUNT_MQTT_REFUSED_JSON},
        {"{\"device\":\"dev-1\",\"occupied\":true,\"status\":\"alive\"}", 0,
         COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"status\":\"fine\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"gate\":{\"in\":1}}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"gate\":[1,2]}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-1\",\"gate\":{\"in\":-1,\"out\":0}}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"device\":\"dev-1\",\"battery_low\":1}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"occupied\":true}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":7,\"occupied\":true}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"\",\"occupied\":true}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"01234567890123456789012345678901234567890\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"a\\r\\nDEL x\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"../..\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"a*{b}\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"a\xe2\x80\xae" "b\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"<script>alert(1)</script>\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"\\u001b[2J\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"%s%n%n\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"device\":\"dev-2\",\"channel\":3,\"occupied\":true}", 0, COUNT_MQTT_REFUSED_TOPIC},
    };
    /* clang-format on */
    size_t at = 0;

    (void)state;
    memset(big, ' ', sizeof big);
    memset(deep, '[', sizeof deep);
    keys[at++] = '{';
    for (int i = 0; i < 10000; i++) {
        at += (size_t)snprintf(keys + at, sizeof keys - at, "\"k%d\":1,", i);
    }
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        uint64_t before = count_get(&f->counters, table[i].reason);
        uint64_t total = refused_total();
        size_t len = table[i].len != 0 ? table[i].len : strlen(table[i].payload);

        assert_int_equal(take("native", NATIVE_TOPIC, table[i].payload, len, false), ERR_OK);
        if (count_get(&f->counters, table[i].reason) != before + 1 ||
            refused_total() != total + 1) {
            fail_msg("row %zu: %.60s", i, table[i].payload);
        }
    }
    assert_int_equal(f->calls, 0);
}

static void bad_topics_are_counted(void **state)
{
    static const char *const topics[] = {
        "application//device/0101010101010101/event/up",
        "/application/a/device/0101010101010101/event/up",
        "application/a/device/010101010101010/event/up",
        "application/a/device/010101010101010g/event/up",
        "application/a/device/0101010101010101/event",
        "application/a/device/0101010101010101/event/up/",
        "application/a/device/0101010101010101/command/up",
        "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t",
        "$SYS/broker/uptime",
        "application/a/device/0101010101010101/event/\xff",
        "application/a/device/0101010101010101/event/u\x01p",
        "application/a/device/1000000000000001/event/up",
        "",
    };
    static char long_topic[65536];

    (void)state;
    memset(long_topic, 'a', sizeof long_topic - 1);
    for (size_t i = 0; i < ARRAY_LEN(topics) + 1; i++) {
        const char *topic = i < ARRAY_LEN(topics) ? topics[i] : long_topic;
        static const char payload[] =
            "{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fPort\":1,\"data\":\"AQ==\"}";

        assert_int_equal(take("chirpstack", topic, payload, sizeof payload - 1, false), ERR_OK);
        if (count_get(&f->counters, COUNT_MQTT_REFUSED_TOPIC) != i + 1) {
            fail_msg("%.80s", topic);
        }
    }
    assert_int_equal(f->calls, 0);
}

static void native_says_what_it_says(void **state)
{
    struct reading r;

    (void)state;
    assert_int_equal(
        native("{\"device\":\"dev-1\",\"occupied\":true,\"time\":\"2026-09-21T14:13:20.250Z\","
               "\"counter\":4294967295,\"battery_v\":3.6559998989,\"temperature_c\":-10.04,"
               "\"rssi\":-90,\"battery_low\":false,\"colour\":{\"x\":[1]}}"),
        ERR_OK);
    r = fixture_last(f);
    assert_int_equal(r.value, VALUE_OCCUPIED);
    assert_int_equal(r.type, TYPE_STATUS);
    assert_int_equal(r.has, HAS_NET_TIME | HAS_COUNTER | HAS_BATTERY | HAS_TEMPERATURE | HAS_RSSI |
                                HAS_BATTERY_LOW);
    assert_int_equal(r.counter, UINT32_MAX);
    assert_int_equal(r.battery_mv, 3656);
    assert_int_equal(r.temperature_dc, -100);
    assert_int_equal(r.net_time_ms, INT64_C(1790000000250));
    assert_int_equal(r.sensor, 0);
    assert_int_equal(r.root, 1000);
    assert_memory_equal(r.device, "dev-1", 5);
    assert_int_equal(native("{\"device\":\"dev-1\",\"occupied\":null,\"battery_v\":-0.0}"), ERR_OK);
    assert_int_equal(fixture_last(f).value, VALUE_ALIVE);
    assert_int_equal(
        native(
            "{\"device\":\"dev-1\",\"gate\":{\"in\":7,\"out\":4294967295},\"time\":1790000000000}"),
        ERR_OK);
    r = fixture_last(f);
    assert_int_equal(r.value, VALUE_GATE);
    assert_int_equal(r.gate_in, 7);
    assert_int_equal(r.gate_out, UINT32_MAX);
    assert_int_equal(native("{\"device\":\"dev-1\",\"status\":\"start\"}"), ERR_OK);
    assert_int_equal(fixture_last(f).value, VALUE_START);
    assert_int_equal(refused_total(), 0);
    assert_int_equal(fixture_heard(f), 4);
}

/* A join without a channel is the whole device's. */
static void device_wide_messages_reach_all_channels(void **state)
{
    static const char text[] = "{\"device\":\"dev-2\",\"status\":\"join\"}";

    (void)state;
    assert_int_equal(take("native", "bowei/up/dev-2", text, sizeof text - 1, false), ERR_OK);
    assert_int_equal(fixture_heard(f), 2);
    assert_int_equal(f->calls, 1);
    assert_int_equal(f->heard[0].channel, 3);
    assert_int_equal(f->heard[1].channel, 4);
    assert_int_equal(f->heard[1].value, VALUE_JOIN);
}

static void unknown_devices_are_noted_only(void **state)
{
    struct unknown_device list[4];
    static const char text[] = "{\"device\":\"dev-9\",\"occupied\":true}";
    static const char foreign[] = "{\"device\":\"dev-x\",\"occupied\":true}";
    static const char unbound[] = "{\"device\":\"dev-2\",\"channel\":9,\"occupied\":true}";

    (void)state;
    assert_int_equal(take("native", "bowei/up/dev-9", text, sizeof text - 1, false), ERR_OK);
    assert_int_equal(take("native", "bowei/up/dev-9", text, sizeof text - 1, false), ERR_OK);
    assert_int_equal(take("native", "bowei/up/dev-x", foreign, sizeof foreign - 1, false), ERR_OK);
    assert_int_equal(take("native", "bowei/up/dev-2", unbound, sizeof unbound - 1, false), ERR_OK);
    assert_int_equal(f->calls, 0);
    assert_int_equal(count_get(&f->counters, COUNT_DEVICES_UNKNOWN), 4);
    assert_int_equal(unknown_devices_list(f->unknown, list, 4), 3);
    assert_string_equal(list[0].id, "dev-2");
    assert_int_equal(list[0].channel, 9);
    assert_string_equal(list[1].id, "dev-x");
    assert_string_equal(list[2].id, "dev-9");
    assert_int_equal(list[2].readings, 2);
    assert_string_equal(list[2].source, "city");
    assert_int_equal(list[2].last_value, VALUE_OCCUPIED);
}

static void the_newest_thousand_unknown_are_kept(void **state)
{
    static struct unknown_device list[UNKNOWN_DEVICES_MAX + 1];
    struct reading r = {.device_len = 6};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char id[8];

        (void)snprintf(id, sizeof id, "u%05d", i);
        memcpy(r.device, id, 6);
        unknown_devices_note(f->unknown, "city", &r, i);
    }
    assert_int_equal(unknown_devices_list(f->unknown, list, UNKNOWN_DEVICES_MAX + 1),
                     UNKNOWN_DEVICES_MAX);
    assert_string_equal(list[0].id, "u02999");
    assert_string_equal(list[999].id, "u02000");
    memcpy(r.device, "u02000", 6);
    unknown_devices_note(f->unknown, "city", &r, 5000);
    assert_int_equal(unknown_devices_list(f->unknown, list, UNKNOWN_DEVICES_MAX + 1),
                     UNKNOWN_DEVICES_MAX);
    assert_string_equal(list[0].id, "u02000");
    assert_int_equal(list[0].readings, 2);
    assert_string_equal(list[999].id, "u02001");
}

static void retained_counts_only_when_fresh(void **state)
{
    static const char none[] = "{\"device\":\"dev-1\",\"occupied\":true}";
    static const char old[] = "{\"device\":\"dev-1\",\"occupied\":true,\"time\":1789990000000}";
    static const char ahead[] = "{\"device\":\"dev-1\",\"occupied\":true,\"time\":1790000121000}";
    static const char fresh[] = "{\"device\":\"dev-1\",\"occupied\":true,\"time\":1789999999000}";

    (void)state;
    assert_int_equal(take("native", NATIVE_TOPIC, none, sizeof none - 1, true), ERR_OK);
    assert_int_equal(take("native", NATIVE_TOPIC, old, sizeof old - 1, true), ERR_OK);
    assert_int_equal(take("native", NATIVE_TOPIC, ahead, sizeof ahead - 1, true), ERR_OK);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REFUSED_RETAINED), 3);
    assert_int_equal(f->calls, 0);
    assert_int_equal(take("native", NATIVE_TOPIC, fresh, sizeof fresh - 1, true), ERR_OK);
    assert_int_equal(f->calls, 1);
}

static void a_full_disk_is_passed_on(void **state)
{
    (void)state;
    fixture_answer(f, ERR_DISK_FULL);
    assert_int_equal(native("{\"device\":\"dev-1\",\"occupied\":true}"), ERR_DISK_FULL);
    fixture_answer(f, ERR_IO);
    assert_int_equal(native("{\"device\":\"dev-1\",\"occupied\":true}"), ERR_IO);
    assert_int_equal(fixture_heard(f), 0);
}

/* chirpstack/chirpstack-docs events.md: nanoseconds, +00:00, no fCnt; another gateway added. */
static void chirpstack_uplinks(void **state)
{
    static const char nwave[] =
        "{\"deviceInfo\":{\"devEui\":\"1000000000000001\"},\"fPort\":2,\"data\":\"ANPYAFkL\"}";
    struct reading r;

    (void)state;
    assert_int_equal(
        up("{\"deduplicationId\":\"3ac7e3c4\",\"time\":\"2022-07-18T09:34:15.775023242+00:00\","
           "\"deviceInfo\":"
           "{\"tenantName\":\"ChirpStack\",\"devEui\":\"0101010101010101\",\"tags\":{\"key\":"
           "\"value\"}},"
           "\"dr\":1,\"fPort\":1,\"data\":\"AQ==\",\"rxInfo\":[{\"gatewayId\":\"0016c001f153a14c\","
           "\"rssi\":-110},"
           "{\"gatewayId\":\"x\",\"rssi\":-36,\"snr\":10.5},{\"gatewayId\":\"y\",\"rssi\":-90}]}"),
        ERR_OK);
    r = fixture_last(f);
    assert_int_equal(r.value, VALUE_OCCUPIED);
    assert_int_equal(r.counter, 0);
    assert_int_equal(r.has, HAS_COUNTER | HAS_NET_TIME | HAS_RSSI);
    assert_int_equal(r.rssi_dbm, -36);
    assert_int_equal(r.net_time_ms, INT64_C(1658136855775));
    assert_int_equal(up("{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fCnt\":7,\"fPort\":2,"
                        "\"data\":\"Af8=\"}"),
                     ERR_OK);
    r = fixture_last(f);
    assert_int_equal(r.type, TYPE_HEARTBEAT);
    assert_int_equal(r.temperature_dc, -10);
    assert_int_equal(r.counter, 7);
    /* another device, another model, a topic prefix */
    assert_int_equal(take("chirpstack", "cn470/application/a/device/1000000000000001/event/up",
                          nwave, sizeof nwave - 1, false),
                     ERR_OK);
    assert_int_equal(fixture_last(f).battery_mv, 3344);
    assert_int_equal(refused_total(), 0);
}

static void chirpstack_refusals(void **state)
{
    /* clang-format off */
    const struct bad_row table[] = {
        {"{\"fPort\":1,\"data\":\"AQ==\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fPort\":256,\"data\":\"AQ==\"}", 0,
         COUNT_MQTT_REFUSED_RANGE},
        {"{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fCnt\":4294967296,\"fPort\":1,"
         "\"data\":\"AQ==\"}", 0, COUNT_MQTT_REFUSED_RANGE},
        {"{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fPort\":1,\"data\":\"A\"}", 0,
         COUNT_MQTT_REFUSED_FIELD},
        {"{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fPort\":1,\"data\":5}", 0,
         COUNT_MQTT_REFUSED_FIELD},
        {"{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fPort\":1,\"data\":\"AQE=\"}", 0,
         COUNT_MQTT_REFUSED_LENGTH},
        {"{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fPort\":9,\"data\":\"AQ==\"}", 0,
         COUNT_MQTT_REFUSED_UNKNOWN},
        {"{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"time\":5,\"fPort\":1,\"data\":\"AQ=="
         "\"}", 0, COUNT_MQTT_REFUSED_FIELD},
        {"{\"deviceInfo\":{\"devEui\":\"1000000000000001\"},\"fPort\":1,\"data\":\"AQ==\"}", 0,
         COUNT_MQTT_REFUSED_TOPIC},
        {"[]", 0, COUNT_MQTT_REFUSED_FIELD},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        uint64_t before = count_get(&f->counters, table[i].reason);

        assert_int_equal(up(table[i].payload), ERR_OK);
        if (count_get(&f->counters, table[i].reason) != before + 1 || refused_total() != i + 1) {
            fail_msg("%s", table[i].payload);
        }
    }
    assert_int_equal(f->calls, 0);
}

static void chirpstack_other_events(void **state)
{
    static const char *const ignored[] = {"ack", "txack", "log", "location", "integration", "news"};
    static const char body[] = "{\"deviceInfo\":{\"devEui\":\"0101010101010101\"}}";
    static const char status[] =
        "{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"margin\":7,\"batteryLevel\":9.45}";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
        char topic[128];

        (void)snprintf(topic, sizeof topic, "application/a/device/0101010101010101/event/%s",
                       ignored[i]);
        assert_int_equal(take("chirpstack", topic, body, sizeof body - 1, false), ERR_OK);
    }
    assert_int_equal(up(body), ERR_OK); /* MAC only */
    assert_int_equal(up("{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"data\":\"AQ==\"}"),
                     ERR_OK);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_IGNORED), ARRAY_LEN(ignored) + 2);
    assert_int_equal(f->calls, 0);
    assert_int_equal(take("chirpstack", "application/a/device/0101010101010101/event/join", body,
                          sizeof body - 1, false),
                     ERR_OK);
    assert_int_equal(fixture_last(f).value, VALUE_JOIN);
    assert_int_equal(take("chirpstack", "application/a/device/0101010101010101/event/status",
                          status, sizeof status - 1, false),
                     ERR_OK);
    assert_int_equal(fixture_last(f).value, VALUE_ALIVE);
    assert_true(fixture_last(f).battery_low);
    assert_int_equal(refused_total(), 0);
}

/* The inventory lowers a dev EUI; a bridge or a mapped platform may write it as it likes. */
static void an_eui_has_no_case(void **state)
{
    static const char native_text[] = "{\"device\":\"ABCDEF0123456789\",\"occupied\":true}";
    static const char bay[] =
        "{\"id\":\"AbcdEF0123456789\",\"occupied\":false,\"packettype\":\"Status\"}";

    (void)state;
    assert_int_equal(
        take("native", "bowei/up/ABCDEF0123456789", native_text, sizeof native_text - 1, false),
        ERR_OK);
    assert_int_equal(
        take("native", "bowei/up/abcdef0123456789", native_text, sizeof native_text - 1, false),
        ERR_OK);
    assert_int_equal(take("citysens", "x", bay, sizeof bay - 1, false), ERR_OK);
    assert_int_equal(f->heard_count, 2);
    assert_int_equal(f->heard[0].value, VALUE_OCCUPIED);
    assert_int_equal(f->heard[1].value, VALUE_FREE);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REFUSED_TOPIC), 1); /* not word for word */
}

/* Several readings in one message: each is kept or counted by itself. */
static void messages_of_many(void **state)
{
    static const char push[] =
        "{\"msg\":[{\"type\":2,\"imei\":\"dev-1\",\"status\":0},"
        "{\"type\":1,\"imei\":\"dev-1\",\"at\":1790000000000,\"value\":1},{\"type\":\"x\"},"
        "{\"type\":1,\"imei\":\"nobody\",\"value\":1}]}";
    static const char bays[] = "[{\"id\":\"dev-1\",\"occupied\":true,\"packettype\":\"Status\"},"
                               "{\"id\":\"dev-1\",\"occupied\":false,\"packettype\":\"Startup\"}]";
    static const char scan[] =
        "[{\"type\":\"Gateway\",\"mac\":\"AC233FC07DA5\"},{\"type\":\"Unknown\",\"mac\":"
        "\"0BE383050DE8\",\"rssi\":-58},{\"type\":\"Unknown\",\"mac\":\"0BE383050DE9\"}]";

    (void)state;
    assert_int_equal(take("onenet", "x", push, sizeof push - 1, false), ERR_OK);
    assert_int_equal(f->heard_count, 2);
    assert_int_equal(f->heard[0].value, VALUE_LINK_LOST);
    assert_int_equal(f->heard[1].value, VALUE_ALIVE);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_REFUSED_FIELD), 1);
    assert_int_equal(count_get(&f->counters, COUNT_DEVICES_UNKNOWN), 1);
    assert_int_equal(take("citysens", "x", bays, sizeof bays - 1, false), ERR_OK);
    assert_int_equal(f->heard_count, 4);
    assert_int_equal(f->heard[2].value, VALUE_OCCUPIED);
    assert_int_equal(f->heard[3].value, VALUE_START);
    assert_int_equal(take("minew", "x", scan, sizeof scan - 1, false), ERR_OK);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_IGNORED), 2);
    assert_int_equal(f->heard_count, 4);
}

/* Every cut and every flipped byte of a real uplink: no crash, and never a reading of another
 * device. */
static void mangled_uplinks(void **state)
{
    static const char good[] =
        "{\"time\":\"2022-07-18T09:34:15.775023242+00:00\",\"deviceInfo\":{\"devEui\":"
        "\"0101010101010101\"},"
        "\"fCnt\":9,\"fPort\":1,\"data\":\"AQ==\",\"rxInfo\":[{\"rssi\":-36}]}";
    char bad[sizeof good];

    (void)state;
    for (size_t len = 0; len < sizeof good - 1; len++) {
        assert_int_equal(take("chirpstack", UP_TOPIC, good, len, false), ERR_OK);
    }
    assert_int_equal(f->calls, 0);
    for (size_t i = 0; i < sizeof good - 1; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(bad, good, sizeof good);
            bad[i] = (char)(bad[i] ^ 1 << bit);
            assert_int_equal(take("chirpstack", UP_TOPIC, bad, sizeof good - 1, false), ERR_OK);
        }
    }
    for (uint32_t i = 0; i < fixture_heard(f); i++) {
        assert_int_equal(f->heard[i].root, 1000 + 4); /* the fourth bound sensor */
    }
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, hearing_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(bad_payloads_are_counted),
        EACH(bad_topics_are_counted),
        EACH(native_says_what_it_says),
        EACH(device_wide_messages_reach_all_channels),
        EACH(unknown_devices_are_noted_only),
        EACH(the_newest_thousand_unknown_are_kept),
        EACH(retained_counts_only_when_fresh),
        EACH(a_full_disk_is_passed_on),
        EACH(chirpstack_uplinks),
        EACH(chirpstack_refusals),
        EACH(chirpstack_other_events),
        EACH(an_eui_has_no_case),
        EACH(messages_of_many),
        EACH(mangled_uplinks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
