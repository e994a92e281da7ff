/* Every published message of every envelope, in and out, item by item; each also cut at every byte
 * and with a byte more, which must be refused as JSON. */
#include "bowei/base/bytes.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/err.h"
#include "bowei/envelope.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX  65536
#define NODES_MAX 4096

static const char *const kind_names[] = {"nothing", "frame",    "reading",
                                         "device",  "sighting", "lock"};

static struct {
    char text[FILE_MAX];
    struct json_node nodes[NODES_MAX], message[NODES_MAX];
    struct json_doc doc;
    struct uplink up;
} v;

static const struct json_node *vectors_load(const char *name)
{
    char path[512];
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof path, TESTS_DIR "/vectors/envelopes/%s.json", name);
    file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s: an envelope without vectors", path);
    }
    len = fread(v.text, 1, sizeof v.text, file);
    (void)fclose(file);
    assert_int_equal(json_parse(&v.doc, v.text, len, v.nodes, NODES_MAX), JSON_OK);
    assert_true(json_is_text(&v.doc, json_member(&v.doc, v.nodes, "envelope"), name));
    return json_member(&v.doc, v.nodes, "vectors");
}

static const struct json_node *want(const struct json_node *item, const char *key)
{
    return json_member(&v.doc, item, key);
}

static void check_text(const struct json_node *item, const char *key, const char *text, size_t len)
{
    const struct json_node *n = want(item, key);
    char expected[256] = "";

    if (n != NULL) {
        assert_true(json_text(&v.doc, n, expected, sizeof expected) >= 0);
    }
    assert_int_equal(strlen(expected), len);
    assert_memory_equal(expected, text, len);
}

static void check_number(const struct json_node *item, const char *key, bool has, int64_t value)
{
    const struct json_node *n = want(item, key);
    int64_t expected;

    assert_int_equal(n != NULL, has);
    if (n != NULL) {
        assert_true(json_int(&v.doc, n, &expected));
        assert_int_equal(expected, value);
    }
}

static void check_reading(const struct json_node *item)
{
    const struct decoded *d = &v.up.decoded;
    const struct reading *r = &d->reading;
    const struct json_node *time = want(item, "time");
    const struct json_node *low = want(item, "battery_low");
    int64_t ms = 0;

    check_text(item, "device", r->device, r->device_len);
    check_number(item, "rssi", (r->has & HAS_RSSI) != 0, r->rssi_dbm);
    check_number(item, "counter", (r->has & HAS_COUNTER) != 0, r->counter);
    assert_int_equal(time != NULL, (r->has & HAS_NET_TIME) != 0);
    if (time != NULL) {
        assert_int_equal(rfc3339_parse(json_raw_text(&v.doc, time), time->len, &ms), 0);
        assert_int_equal(ms, r->net_time_ms);
    }
    if (v.up.kind == UPLINK_READING || v.up.kind == UPLINK_DEVICE) {
        assert_true(json_is_text(&v.doc, want(item, "type"), decoded_type_name(d)));
        check_number(item, "occupied_bit", true, d->occupied_bit);
        assert_int_equal(low != NULL, (r->has & HAS_BATTERY_LOW) != 0);
        assert_true(low == NULL || (low->kind == JSON_TRUE) == r->battery_low);
    }
    if (r->type == TYPE_STARTUP || r->type == TYPE_PARAMETERS || r->type == TYPE_OFFLINE) {
        assert_true(r->value != VALUE_FREE && r->value != VALUE_OCCUPIED);
    }
}

static void check_bytes(const struct json_node *item)
{
    const struct json_node *hex = want(item, "hex");
    uint8_t bytes[UPLINK_LORAWAN_MAX];
    int len;

    check_number(item, "fport", true, v.up.fport);
    if (hex == NULL) { /* a platform's JSON: it is one object */
        assert_true(v.up.bytes[0] == '{' && v.up.bytes[v.up.len - 1] == '}');
        return;
    }
    len = hex_decode(json_raw_text(&v.doc, hex), hex->len, bytes, sizeof bytes);
    assert_int_equal(len, v.up.len);
    assert_memory_equal(bytes, v.up.bytes, v.up.len);
}

static void check_lock(const struct json_node *item)
{
    const struct lock_heard *lock = &v.up.lock;
    const bool placed = (lock->has & REPORT_HAS_POSITION) != 0;

    check_text(item, "imei", lock->imei, strlen(lock->imei));
    assert_true(
        json_is_text(&v.doc, want(item, "lock"), lock_state_name((enum lock_state)lock->lock)));
    check_number(item, "lat_e7", placed, lock->at.lat);
    check_number(item, "lon_e7", placed, lock->at.lon);
    check_number(item, "beacons", (lock->has & REPORT_HAS_RADIO) != 0, lock->beacon_count);
    check_number(item, "battery_pct", (lock->has & REPORT_HAS_BATTERY) != 0, lock->battery_pct);
}

static void check_item(const struct json_node *item, enum decode_fault fault)
{
    const struct json_node *refused = want(item, "refused");

    if (refused != NULL) {
        assert_true(json_is_text(&v.doc, refused, decode_fault_name(fault)));
        return;
    }
    assert_int_equal(fault, DECODE_OK);
    assert_true(json_is_text(&v.doc, want(item, "kind"), kind_names[v.up.kind]));
    if (v.up.kind == UPLINK_NOTHING) {
        return;
    }
    check_reading(item);
    if (v.up.kind == UPLINK_FRAME) {
        check_bytes(item);
    } else if (v.up.kind == UPLINK_LOCK) {
        check_lock(item);
    } else if (v.up.kind == UPLINK_SIGHTING) {
        check_text(item, "mac", v.up.sighting.mac, strlen(v.up.sighting.mac));
        check_text(item, "gateway", v.up.sighting.gateway, strlen(v.up.sighting.gateway));
        check_text(item, "beacon", v.up.sighting.beacon, strlen(v.up.sighting.beacon));
    }
}

/* A byte more behind the message: only white space may stand there. */
static void check_longer(const struct json_node *input)
{
    char *longer = malloc(input->len + 1);
    struct json_doc doc;

    assert_non_null(longer);
    memcpy(longer, v.text + input->start, input->len);
    for (int byte = 0; byte < 256; byte++) {
        bool white = byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';

        longer[input->len] = (char)byte;
        assert_int_equal(json_parse(&doc, longer, input->len + 1, v.message, NODES_MAX) == JSON_OK,
                         white);
    }
    free(longer);
}

static void check_vector(const struct envelope *envelope, const struct json_node *vector)
{
    const struct json_node *input = want(vector, "input");
    const struct json_node *items = want(vector, "items");
    const struct json_node *item = json_first(&v.doc, items);
    char topic[256];
    struct json_doc doc;
    /* a copy of exactly its bytes, so that the sanitizers see a read behind it */
    char *exact = malloc(input->len);

    assert_non_null(exact);
    memcpy(exact, v.text + input->start, input->len);
    assert_true(json_text(&v.doc, want(vector, "topic"), topic, sizeof topic) >= 0);
    assert_int_equal(json_parse(&doc, exact, input->len, v.message, NODES_MAX), JSON_OK);
    for (uint32_t i = 0; i < items->count; i++) {
        check_item(item, envelope_open(envelope, topic, &doc, i, &v.up));
        assert_int_equal(v.up.more, i + 1 < items->count);
        item = i + 1 < items->count ? json_after(&v.doc, item) : item;
    }
    /* behind the last there is nothing, and nobody crashes there */
    (void)envelope_open(envelope, topic, &doc, items->count, &v.up);
    assert_false(v.up.more);
    for (size_t len = 0; len < input->len; len++) {
        assert_int_not_equal(json_parse(&doc, exact, len, v.message, NODES_MAX), JSON_OK);
    }
    free(exact);
    check_longer(input);
}

static void each_message(void **state)
{
    size_t count;
    const struct envelope *const *all = envelope_all(&count);

    (void)state;
    for (size_t e = 0; e < count; e++) {
        const struct json_node *list;
        const struct json_node *vector;

        assert_true(e == 0 || strcmp(all[e - 1]->name, all[e]->name) < 0);
        if (strcmp(all[e]->name, "native") == 0) {
            continue; /* tests/unit/test_hearing.c */
        }
        list = vectors_load(all[e]->name);
        assert_true(list->count > 0);
        vector = json_first(&v.doc, list);
        for (uint32_t i = 0; i < list->count; i++) {
            check_vector(all[e], vector);
            vector = i + 1 < list->count ? json_after(&v.doc, vector) : vector;
        }
    }
}

/* Any envelope before any JSON: refused or nothing, never a crash, never a state. */
static void foreign_json(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "0",
        "\"x\"",
        "[]",
        "[[]]",
        "[null]",
        "[{}]",
        "{}",
        "{\"msg\":[]}",
        "{\"msg\":{\"type\":1}}",
        "{\"uplink_message\":null,\"end_device_ids\":{\"device_id\":\"a\"}}",
        "{\"cmd\":\"rx\",\"EUI\":null}",
        "{\"deviceInfo\":[],\"devEUI\":[]}",
        "{\"messageType\":\"dataReport\",\"deviceId\":\"a\",\"payload\":[]}",
        "{\"id\":{},\"packettype\":{},\"occupied\":[]}"};
    size_t count;
    const struct envelope *const *all = envelope_all(&count);

    (void)state;
    for (size_t e = 0; e < count; e++) {
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
            struct json_doc doc;

            assert_int_equal(json_parse(&doc, texts[i], strlen(texts[i]), v.message, NODES_MAX),
                             JSON_OK);
            if (envelope_open(all[e], "", &doc, 0, &v.up) == DECODE_OK) {
                assert_true(v.up.kind == UPLINK_NOTHING ||
                            v.up.decoded.reading.value == VALUE_ALIVE);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message),
        cmocka_unit_test(foreign_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
