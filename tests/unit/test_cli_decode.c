/* `bowei decode`, `models` and `envelopes`: frames and messages as a technician has them. */
#include "tests/unit/cli_fixture.h"

static void test_models_and_decode(void **state)
{
    (void)state;
    assert_int_equal(bowei("models", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "bosch_tps110"));
    assert_int_equal(bowei("models", "--json", NULL), CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_int_equal(bowei("envelopes", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "native"));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "1", "01", NULL),
                     CLI_OK);
    assert_int_equal(json_lines(), 1);
    assert_non_null(strstr(out_text, "\"occupied\":true"));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "1", "", NULL),
                     CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"length\"}\n");
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "256", "01", NULL),
                     CLI_USAGE);
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "0x", NULL), CLI_USAGE);
    assert_int_equal(bowei("decode", "--model", "none", "01", NULL), CLI_USAGE);
    assert_int_equal(bowei("decode", "01", NULL), CLI_USAGE);
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", NULL), CLI_USAGE);
    assert_int_equal(bowei("decode", "--envelope", "none", path_of("x"), NULL), CLI_USAGE);
}

/* The message says device, time, counter and signal; the model what the frame means. */
static void test_decode_envelopes(void **state)
{
    (void)state;
    text_write("up.json",
               "{\"deviceInfo\":{\"devEui\":\"1000000000000001\"},\"time\":"
               "\"2023-05-22T07:47:05.404859+00:00\",\"fCnt\":4,\"fPort\":2,\"data\":\"ARI=\","
               "\"rxInfo\":[{\"rssi\":-90},{\"rssi\":-35}]}\n");
    assert_int_equal(bowei("decode", "--envelope", "chirpstack", "--model", "bosch_tps110",
                           path_of("up.json"), NULL),
                     CLI_OK);
    assert_string_equal(out_text,
                        "{\"type\":\"heartbeat\",\"occupied\":true,\"temperature_c\":18,"
                        "\"device_id\":\"1000000000000001\",\"time\":\"2023-05-22T07:47:05.404Z\","
                        "\"rssi\":-35,\"frame_counter\":4}\n");
    assert_int_equal(bowei("decode", "--envelope", "chirpstack", path_of("up.json"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, "\"fport\":2,\"hex\":\"0112\""));
    assert_int_equal(bowei("decode", "--envelope", "chirpstack", "--topic",
                           "application/a/device/1000000000000002/event/up", path_of("up.json"),
                           NULL),
                     CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"topic\"}\n");
    text_write("scan.json", "[{\"type\":\"Gateway\",\"mac\":\"AC233FC07DA5\"},"
                            "{\"type\":\"Unknown\",\"mac\":\"0BE383050DE8\",\"rssi\":-58},"
                            "{\"type\":\"Unknown\",\"mac\":\"0BE383050DE9\",\"rssi\":-59}]");
    assert_int_equal(bowei("decode", "--envelope", "minew", path_of("scan.json"), NULL), CLI_OK);
    assert_int_equal(json_lines(), 2);
    assert_string_equal(out_text, "{\"type\":\"sighting\",\"gateway\":\"ac233fc07da5\",\"mac\":"
                                  "\"0be383050de8\",\"beacon\":null,\"rssi\":-58}\n"
                                  "{\"type\":\"sighting\",\"gateway\":\"ac233fc07da5\",\"mac\":"
                                  "\"0be383050de9\",\"beacon\":null,\"rssi\":-59}\n");
    text_write("broken.json", "{");
    assert_int_equal(bowei("decode", "--envelope", "tts", path_of("broken.json"), NULL),
                     CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"json\"}\n");
    assert_int_equal(bowei("decode", "--envelope", "tts", path_of("none.json"), NULL), CLI_FAILURE);
}

/* A message format of the configuration's own: paths, a constant, words. */
static void test_decode_mapping(void **state)
{
    (void)state;
    text_write("mapped.yaml", "mappings:\n"
                              "  - name: city-feed\n"
                              "    items: data.bays\n"
                              "    device: no\n"
                              "    occupied: s.state\n"
                              "    states: \"1=occupied,0=free,E=fault\"\n"
                              "    time: t\n"
                              "    battery_v: v\n"
                              "  - name: one\n"
                              "    device: \"=gate-1\"\n"
                              "links:\n"
                              "  - name: l\n"
                              "    subscriptions:\n"
                              "      - {topic: a, envelope: city-feed}\n");
    assert_int_equal(bowei("check-config", path_of("mapped.yaml"), NULL), CLI_OK);
    text_write("bays.json",
               "{\"data\":{\"bays\":[{\"no\":17,\"s\":{\"state\":1},\"t\":1795305600,"
               "\"v\":3.6},{\"no\":\"18\",\"s\":{\"state\":\"0\"}},"
               "{\"no\":19,\"s\":{\"state\":null}},{\"no\":20,\"s\":{\"state\":2}}]}}");
    assert_int_equal(bowei("decode", "--config", path_of("mapped.yaml"), "--envelope", "city-feed",
                           path_of("bays.json"), NULL),
                     CLI_FAILURE);
    assert_string_equal(
        out_text, "{\"type\":\"status\",\"occupied\":true,\"battery_v\":3.6,\"device_id\":\"17\","
                  "\"time\":\"2026-11-22T00:00:00Z\"}\n"
                  "{\"type\":\"status\",\"occupied\":false,\"device_id\":\"18\"}\n"
                  "{\"type\":\"status\",\"occupied\":null,\"device_id\":\"19\"}\n"
                  "{\"refused\":\"field\"}\n");
    assert_int_equal(bowei("decode", "--envelope", "city-feed", path_of("bays.json"), NULL),
                     CLI_USAGE);
    text_write("one.json", "{}");
    assert_int_equal(bowei("decode", "--config", path_of("mapped.yaml"), "--envelope", "one",
                           path_of("one.json"), NULL),
                     CLI_OK);
    assert_string_equal(out_text,
                        "{\"type\":\"status\",\"occupied\":null,\"device_id\":\"gate-1\"}\n");
    text_write("odd.json", "{\"data\":{\"bays\":[{\"no\":true},{\"no\":1.5},{\"no\":1e3}]}}");
    assert_int_equal(bowei("decode", "--config", path_of("mapped.yaml"), "--envelope", "city-feed",
                           path_of("odd.json"), NULL),
                     CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"field\"}\n{\"refused\":\"field\"}\n"
                                  "{\"refused\":\"field\"}\n");
}

/* What no message could fit is found before it is in force. */
static void test_mappings_refused(void **state)
{
    static const struct {
        const char *keys, *reason;
    } rows[] = {
        {"device: a, states: \"1=full\"",                   "states: not WORD=MEANING"   },
        {"device: a, states: \"1=occupied, 0=free\"",       "a blank beside it"          },
        {"device: a, states: \"1=free,0=free,1=occupied\"", "a word stands twice"        },
        {"device: a, type: b",                              "types: is missing"          },
        {"device: a..b",                                    "device: not member names"   },
        {"device: a, occupied: s.",                         "occupied: not member names" },
        {"device: \"=\"",                                   "device: a constant is empty"},
        {"device: a, battery_v: \"=3.6\"",                  "battery_v: cannot be a"     },
    };

    char text[160];

    (void)state;
    text_write("taken.yaml", "mappings:\n  - {name: tts, device: a}\n");
    assert_int_equal(bowei("check-config", path_of("taken.yaml"), NULL), CLI_BAD_INPUT);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)snprintf(text, sizeof text, "mappings:\n  - {name: x, %s}\n", rows[i].keys);
        text_write("mapping.yaml", text);
        assert_int_equal(bowei("check-config", path_of("mapping.yaml"), NULL), CLI_BAD_INPUT);
        assert_non_null(strstr(wrong_text, rows[i].reason));
    }
}

static void test_decode_lines(void **state)
{
    (void)state;
    text_write("frames", "1 01\n1 00\n2 01ff\n\n9 01\nx 01\n1 0\n");
    assert_non_null(freopen(path_of("frames"), "r", stdin));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--lines", NULL), CLI_FAILURE);
    assert_string_equal(out_text,
                        "{\"type\":\"status\",\"occupied\":true}\n"
                        "{\"type\":\"status\",\"occupied\":false}\n"
                        "{\"type\":\"heartbeat\",\"occupied\":true,\"temperature_c\":-1}\n"
                        "{\"refused\":\"length\"}\n{\"refused\":\"unknown\"}\n"
                        "{\"refused\":\"field\"}\n{\"refused\":\"field\"}\n");
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--lines", "01", NULL), CLI_USAGE);
    text_write("empty", "1 \n1\r\n\n");
    assert_non_null(freopen(path_of("empty"), "r", stdin));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--lines", NULL), CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"length\"}\n{\"refused\":\"length\"}\n"
                                  "{\"refused\":\"length\"}\n");
    text_write("all good", "01\n00\n");
    assert_non_null(freopen(path_of("all good"), "r", stdin));
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "1", "--lines", NULL),
                     CLI_OK);
    assert_string_equal(out_text, "{\"type\":\"status\",\"occupied\":true}\n"
                                  "{\"type\":\"status\",\"occupied\":false}\n");
}

/* A message a line, several readings in one of them, and what each line of output is for. */
static void test_decode_message_lines(void **state)
{
    (void)state;
    text_write(
        "messages",
        "{\"msg\":[{\"type\":2,\"imei\":\"864016059485616\",\"status\":0},{\"type\":\"x\"}]}\n"
        "{\"msg\":\n"
        "{\"msg\":{\"type\":1,\"imei\":\"864016059485616\",\"ds_id\":\"3200_0_5500\",\"at\":"
        "1466133706841,\"value\":1}}\n");
    assert_non_null(freopen(path_of("messages"), "r", stdin));
    assert_int_equal(bowei("decode", "--envelope", "onenet", "--lines", NULL), CLI_FAILURE);
    assert_string_equal(out_text,
                        "{\"type\":\"offline\",\"occupied\":null,\"device_id\":"
                        "\"864016059485616\"}\n"
                        "{\"refused\":\"field\"}\n{\"refused\":\"json\"}\n"
                        "{\"type\":\"status\",\"occupied\":null,\"device_id\":\"864016059485616\","
                        "\"time\":\"2016-06-17T03:21:46.841Z\",\"platform_time_ms\":1466133706841,"
                        "\"stream\":\"3200_0_5500\",\"value\":1}\n");
    text_write(
        "status",
        "{\"deviceInfo\":{\"devEui\":\"0102030405060708\"},\"margin\":7,\"batteryLevel\":94.5}");
    assert_non_null(freopen(path_of("status"), "r", stdin));
    assert_int_equal(bowei("decode", "--envelope", "chirpstack", "-", NULL), CLI_OK);
    assert_string_equal(out_text,
                        "{\"type\":\"link_status\",\"occupied\":null,\"low_battery\":false,"
                        "\"device_id\":\"0102030405060708\",\"margin\":7,\"battery_pct\":94.5}\n");
}

/* A startup's bit is shown where the layout gives it a meaning; a lock's line is a frame. */
static void test_decode_frames_as_sent(void **state)
{
    (void)state;
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "3",
                           "2403000075030000000000001D0203", NULL),
                     CLI_FAILURE);
    assert_int_equal(bowei("decode", "--model", "bosch_tps110", "--fport", "3",
                           "240300007503000000000000001D020301", NULL),
                     CLI_OK);
    assert_non_null(strstr(out_text, "{\"type\":\"startup\",\"occupied\":true"));
    assert_int_equal(
        bowei("decode", "--model", "omni", "*SCOR,OM,123456789123456,Q0,412,80,28#", NULL), CLI_OK);
    assert_non_null(strstr(out_text, "\"type\":\"checkin\",\"occupied\":null,\"battery_v\":4.12"));
    assert_int_equal(bowei("decode", "--model", "omni", "", NULL), CLI_FAILURE);
    assert_string_equal(out_text, "{\"refused\":\"length\"}\n");
    assert_int_equal(bowei("models", "bosch_tps110", NULL), CLI_USAGE);
    assert_int_equal(bowei("envelopes", "tts", NULL), CLI_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models_and_decode),     cmocka_unit_test(test_decode_envelopes),
        cmocka_unit_test(test_decode_mapping),        cmocka_unit_test(test_mappings_refused),
        cmocka_unit_test(test_decode_lines),          cmocka_unit_test(test_decode_message_lines),
        cmocka_unit_test(test_decode_frames_as_sent),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
