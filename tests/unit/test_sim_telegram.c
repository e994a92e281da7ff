/* What the simulated MQTT devices write is what the gateway's own envelopes and models read. */
#include "bowei/base/json_read.h"
#include "bowei/envelope.h"
#include "bowei/sensor_model.h"
#include "sensors/sim/mqtt/telegram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define TIME_MS INT64_C(1795305600123)

static struct uplink take(const struct telegram *t, const char *envelope)
{
    static struct json_node nodes[256];
    char topic[TELEGRAM_TOPIC_CAP];
    struct strbuf body = {0};
    struct json_doc doc;
    struct uplink up;

    memset(&up, 0, sizeof up);
    telegram_write(t, topic, &body);
    assert_false(body.failed);
    assert_int_equal(json_parse(&doc, body.data, body.len, nodes, ARRAY_LEN(nodes)), JSON_OK);
    assert_non_null(envelope_find(envelope));
    assert_int_equal(envelope_open(envelope_find(envelope), topic, &doc, 0, &up), DECODE_OK);
    assert_int_equal(up.decoded.reading.device_len, strlen(t->device->id));
    assert_memory_equal(up.decoded.reading.device, t->device->id, strlen(t->device->id));
    assert_true(up.decoded.reading.net_time_ms == TIME_MS);
    strbuf_finish(&body);
    return up;
}

static void frames_are_read_by_their_models(void **state)
{
    static const struct {
        enum tech tech;
        const char *model;
    } rows[] = {
        {TECH_BOSCH, "bosch_tps110"},
        {TECH_NWAVE, "nwave_nps405"}
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct city_device device = {.tech = rows[i].tech, .id = "0004a3d2130002b6"};
        const struct sensor_model *model = sensor_model_find(rows[i].model, strlen(rows[i].model));

        assert_non_null(model);
        for (uint32_t counter = 0; counter < 300; counter++) {
            const struct telegram t = {.kind =
                                           counter % 2 == 0 ? TELEGRAM_STATUS : TELEGRAM_HEARTBEAT,
                                       .device = &device,
                                       .counter = counter,
                                       .time_ms = TIME_MS,
                                       .occupied = counter % 3 == 0,
                                       .rssi_dbm = -80};
            struct uplink up = take(&t, "chirpstack");
            const struct frame frame = {.bytes = up.bytes, .len = up.len, .fport = up.fport};

            assert_int_equal(up.kind, UPLINK_FRAME);
            assert_int_equal(up.decoded.reading.counter, counter);
            assert_int_equal(up.decoded.reading.rssi_dbm, -80);
            assert_int_equal(model->decode(&frame, &up.decoded), DECODE_OK);
            assert_int_equal(up.decoded.reading.value, t.occupied ? VALUE_OCCUPIED : VALUE_FREE);
        }
    }
}

static void joins_gates_and_native_readings(void **state)
{
    const struct city_device lora = {.tech = TECH_BOSCH, .id = "0004a3d2130002b6"};
    const struct city_device native = {.tech = TECH_NATIVE, .id = "native-000012"};
    const struct city_device gate = {.tech = TECH_GATE, .id = "gate-1-2"};
    struct telegram t = {
        .kind = TELEGRAM_JOIN, .device = &lora, .time_ms = TIME_MS, .rssi_dbm = -80};
    struct uplink up = take(&t, "chirpstack");

    (void)state;
    assert_int_equal(up.decoded.reading.value, VALUE_JOIN);
    t.device = &native;
    assert_int_equal(take(&t, "native").decoded.reading.value, VALUE_JOIN);
    t.kind = TELEGRAM_LINK_LOST;
    assert_int_equal(take(&t, "native").decoded.reading.value, VALUE_LINK_LOST);
    t.kind = TELEGRAM_HEARTBEAT;
    t.counter = 77;
    t.occupied = true;
    up = take(&t, "native");
    assert_int_equal(up.decoded.reading.value, VALUE_OCCUPIED);
    assert_int_equal(up.decoded.reading.counter, 77);
    t.device = &gate;
    t.in = 41;
    t.out = 17;
    up = take(&t, "native");
    assert_int_equal(up.decoded.reading.value, VALUE_GATE);
    assert_int_equal(up.decoded.reading.gate_in, 41);
    assert_int_equal(up.decoded.reading.gate_out, 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read_by_their_models),
        cmocka_unit_test(joins_gates_and_native_readings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
