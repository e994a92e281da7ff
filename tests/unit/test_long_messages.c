/* Messages as long as they come: uplinks that many radio gateways heard, scans and feeds with
 * hundreds of items. */
#include "tests/unit/hearing_scene.h"

static const struct device_row rows[] = {
    {"dev-1",            "city", "native",       0, 1},
    {"0101010101010101", "city", "bosch_tps110", 0, 1},
};

static int set_up(void **state)
{
    (void)state;
    hearing_begin(rows, ARRAY_LEN(rows));
    return 0;
}

/* One rxInfo entry as ChirpStack v4 writes it (chirpstack-docs, events.md; metadata as the gateway
 * bridge and the region configuration fill it). */
#define V4_GATEWAY                                                                                 \
    "%s{\"gatewayId\":\"0016c001f153a1%02x\",\"uplinkId\":42171062%02d,\"gwTime\":\"2022-07-"      \
    "18T09:"                                                                                       \
    "34:15.775023242+00:00\",\"nsTime\":\"2022-07-18T09:34:16.012345678+00:00\","                  \
    "\"timeSinceGpsEpoch\":\"1342171873.775023242s\",\"fineTimeSinceGpsEpoch\":"                   \
    "\"1342171873.775023242s\",\"rssi\":%d,\"snr\":-7.25,\"channel\":5,\"rfChain\":1,\"board\":1," \
    "\"antenna\":2,\"location\":{\"latitude\":42.25781234567,\"longitude\":118.88691234567,"       \
    "\"altitude\":571.5,\"source\":\"GPS\",\"accuracy\":12.5},\"context\":\"E3OWOQAAAAAAAAAAAAA="  \
    "\",\"metadata\":{\"region_common_name\":\"CN470\",\"region_config_id\":\"cn470_10\","         \
    "\"concentratord_version\":\"4.3.2\",\"gateway_name\":\"Lamp post %02d, south side of the "    \
    "square\"},\"crcStatus\":\"CRC_OK\"}"

/* One rx_metadata entry of The Things Stack that came over Packet Broker (lorawan-stack-docs,
 * data-formats: RxMetadata). */
#define TTS_GATEWAY                                                                                \
    "%s{\"gateway_ids\":{\"gateway_id\":\"packetbroker\"},\"packet_broker\":{\"message_id\":"      \
    "\"01G8EYSTY8W9GG4RNN4T3MN1%02X\",\"forwarder_net_id\":\"000013\",\"forwarder_tenant_id\":"    \
    "\"ttnv2\",\"forwarder_cluster_id\":\"ttn-v2-legacy-%02d\",\"forwarder_gateway_eui\":"         \
    "\"0016C001F153A14C\",\"forwarder_gateway_id\":\"eui-0016c001f153a14c\","                      \
    "\"home_network_net_id\":\"000013\",\"home_network_tenant_id\":\"ttn\","                       \
    "\"home_network_cluster_id\":\"eu1.cloud.thethings.network\"},\"time\":"                       \
    "\"2022-07-18T09:34:15.775023242Z\",\"timestamp\":2463457000,\"rssi\":%d,\"channel_rssi\":"    \
    "-90,\"snr\":-7.25,\"frequency_offset\":\"1324\",\"location\":{\"latitude\":42.25781234567,"   \
    "\"longitude\":118.88691234567,\"altitude\":571,\"source\":\"SOURCE_REGISTRY\"},"              \
    "\"uplink_token\":"                                                                            \
    "\"eyJnIjoiWlhsS2FHSkhZMmxQYVVwQ1RWUkpORkl3VGs1VE1XTnBURU5LYkdKdFRXbFBhVXBDVFZS"               \
    "Sk5GSXdUazVKYVhkcFlWaFphVTlwU1RSTmJtUnVWREJHU1dGcVJqWlRWV3d6U1dsM2FXUkhSbTVKYW05cFpXNVdhbFZp" \
    "%02d"                                                                                         \
    "\",\"received_at\":\"2022-07-18T09:34:15.907654321Z\",\"channel_index\":5,\"antenna_index\":" \
    "0}"

static int v4_gateway(char *out, size_t cap, int g, int rssi)
{
    return snprintf(out, cap, V4_GATEWAY, g > 0 ? "," : "", (unsigned)g, g, rssi, g);
}

static int tts_gateway(char *out, size_t cap, int g, int rssi)
{
    return snprintf(out, cap, TTS_GATEWAY, g > 0 ? "," : "", (unsigned)g, g, rssi, g);
}

struct long_uplink {
    const char *envelope, *topic, *head;
    int (*gateway)(char *out, size_t cap, int g, int rssi);
    const char *tail;
};

/* A device in the middle of a square: a dozen gateways and more hear it, and each is listed. One
 * uplink, the strongest signal. */
static void uplinks_of_many_gateways(void **state)
{
    static const struct long_uplink table[] = {
        {"chirpstack", UP_TOPIC,
         "{\"deduplicationId\":\"3ac7e3c4-4401-4b8d-9386-a5c902f9202d\",\"time\":"
         "\"2022-07-18T09:34:15.775023242+00:00\",\"deviceInfo\":{\"devEui\":\"0101010101010101\"},"
         "\"fCnt\":10,\"fPort\":1,\"data\":\"AQ==\",\"rxInfo\":[",                                  v4_gateway,  "],\"txInfo\":{\"frequency\":486300000}}"       },
        {"tts",        "v3/parking@ttn/devices/bay-1/up",
         "{\"end_device_ids\":{\"device_id\":\"bay-1\",\"dev_eui\":\"0101010101010101\"},"
         "\"received_at\":\"2022-07-18T09:34:16.1Z\",\"uplink_message\":{\"f_port\":1,\"f_cnt\":11,"
         "\"frm_payload\":\"AQ==\",\"received_at\":\"2022-07-18T09:34:15.775Z\",\"rx_metadata\":[", tts_gateway, "],\"settings\":{\"frequency\":\"868300000\"}}}"},
    };
    static char text[PAYLOAD_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        for (int gateways = 12; gateways <= 20; gateways += 8) {
            size_t len = (size_t)snprintf(text, sizeof text, "%s", table[i].head);

            for (int g = 0; g < gateways; g++) {
                len += (size_t)table[i].gateway(text + len, sizeof text - len, g,
                                                g == 7 ? -61 : -120 + g);
            }
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", table[i].tail);
            assert_in_range(len, 6000, PAYLOAD_MAX);
            assert_int_equal(take(table[i].envelope, table[i].topic, text, len, false), ERR_OK);
            assert_int_equal(fixture_heard(f), 2 * i + (gateways == 12 ? 1 : 2));
            assert_int_equal(fixture_last(f).value, VALUE_OCCUPIED);
            assert_int_equal(fixture_last(f).rssi_dbm, -61);
            assert_int_equal(fixture_last(f).net_time_ms, INT64_C(1658136855775));
        }
    }
    assert_int_equal(refused_total(), 0);
}

/* Long lists, as a busy Bluetooth gateway or a city's feed sends them: every item once, in order.
 */
static void long_lists_are_taken_whole(void **state)
{
    static char text[PAYLOAD_MAX];
    size_t len = 0;

    enum { SCANNED = 200, BAYS = 300 };

    (void)state;
    for (int i = 0; i < SCANNED; i++) { /* the gateway speaks of itself in the middle, and twice */
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "%s{\"timestamp\":\"2026-06-09T04:00:00Z\",\"type\":\"%s\",\"mac\":"
                                "\"AC233F%06X\",\"rssi\":-70,\"rawData\":\"0201060303AAFE\"}",
                                i == 0 ? "[" : ",", i == 99 || i == 100 ? "Gateway" : "Unknown",
                                i == 99 ? 100 : i);
    }
    len += (size_t)snprintf(text + len, sizeof text - len, "]");
    assert_in_range(len, 20000, PAYLOAD_MAX);
    assert_int_equal(take("minew", "/gw/ac233f000064/status", text, len, false), ERR_OK);
    assert_int_equal(count_get(&f->counters, COUNT_MQTT_IGNORED), SCANNED - 2);
    len = 0;
    for (int i = 0; i < BAYS; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "%s{\"id\":\"%s\",\"occupied\":%s,\"packettype\":\"Status\"}",
                                i == 0 ? "[" : ",", i % 3 == 0 ? "nobody" : "dev-1",
                                i % 2 == 0 ? "true" : "false");
    }
    len += (size_t)snprintf(text + len, sizeof text - len, "]");
    assert_int_equal(take("citysens", "x", text, len, false), ERR_OK);
    assert_int_equal(f->heard_count, BAYS / 3 * 2);
    for (uint32_t i = 0; i < f->heard_count; i++) { /* 1 2 4 5 7 8 ... */
        assert_int_equal(f->heard[i].value, (i + i / 2 + 1) % 2 == 0 ? VALUE_OCCUPIED : VALUE_FREE);
    }
    assert_int_equal(refused_total(), 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, hearing_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(uplinks_of_many_gateways),
        EACH(long_lists_are_taken_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
