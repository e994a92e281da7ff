/* Every published frame of every model, in and out; each also cut by a byte and with a byte more,
 * which must be refused or say the same of the bay, and every fport and short random frame, which
 * must not crash. */
#include "bowei/base/bytes.h"
#include "bowei/base/err.h"
#include "bowei/base/json_read.h"
#include "bowei/sensor_model.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX  65536
#define NODES_MAX 4096
#define BYTES_MAX 1024

static const char *const value_names[VALUE_COUNT_] = {"free",      "occupied", "alive", "fault",
                                                      "link_lost", "start",    "join",  "gate"};

struct vectors {
    char text[FILE_MAX];
    struct json_node nodes[NODES_MAX];
    struct json_doc doc;
    const struct json_node *list;
    const struct sensor_model *model;
};

static void vectors_load(struct vectors *v, const char *name)
{
    char path[512];
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof path, TESTS_DIR "/vectors/models/%s.json", name);
    file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s: a model without vectors", path);
    }
    len = fread(v->text, 1, sizeof v->text, file);
    (void)fclose(file);
    assert_int_equal(json_parse(&v->doc, v->text, len, v->nodes, NODES_MAX), JSON_OK);
    assert_true(json_is_text(&v->doc, json_member(&v->doc, v->nodes, "model"), name));
    v->list = json_member(&v->doc, v->nodes, "vectors");
    v->model = sensor_model_find(name, strlen(name));
    assert_non_null(v->model);
}

static enum decode_fault decode(const struct sensor_model *model, const uint8_t *bytes, size_t len,
                                uint8_t fport, struct decoded *out)
{
    /* a copy of exactly len bytes, so that the sanitizers see a read behind it */
    uint8_t *exact = malloc(len > 0 ? len : 1);
    struct frame frame = {.bytes = exact, .len = len, .fport = fport};
    enum decode_fault fault;

    assert_non_null(exact);
    memcpy(exact, bytes, len);
    decoded_clear(out);
    fault = model->decode(&frame, out);
    free(exact);
    return fault;
}

static void check_number(const struct json_doc *doc, const struct json_node *vector,
                         const char *key, unsigned digits, bool has, int64_t value)
{
    const struct json_node *n = json_member(doc, vector, key);
    int64_t want;

    assert_int_equal(n != NULL, has);
    if (n != NULL) {
        assert_true(json_scaled(doc, n, digits, &want));
        assert_int_equal(want, value);
    }
}

static void check_extra(const struct json_doc *doc, const struct json_node *want,
                        const struct extra *extra)
{
    const struct json_node *item;
    int64_t number;

    switch ((enum json_kind)want->kind) {
    case JSON_STRING: assert_true(json_is_text(doc, want, extra->text)); break;
    case JSON_NUMBER:
        assert_true(json_scaled(doc, want, extra->digits, &number));
        assert_int_equal(number, extra->number);
        break;
    case JSON_TRUE:
    case JSON_FALSE: assert_int_equal(want->kind == JSON_TRUE, extra->number); break;
    case JSON_NULL: assert_int_equal(extra->kind, EXTRA_NULL); break;
    case JSON_ARRAY:
        assert_int_equal(extra->kind, EXTRA_LIST);
        assert_int_equal(want->count, extra->number);
        item = json_first(doc, want);
        for (uint32_t i = 0; i < want->count; i++) {
            assert_true(json_int(doc, item, &number));
            assert_int_equal(number, extra->list[i]);
            item = i + 1 < want->count ? json_after(doc, item) : item;
        }
        break;
    case JSON_OBJECT: fail_msg("an object is no extra"); break;
    }
}

static void check_extras(const struct json_doc *doc, const struct json_node *vector,
                         const struct decoded *out)
{
    const struct json_node *extras = json_member(doc, vector, "extras");
    const struct json_node *key = json_first(doc, extras);

    for (uint32_t i = 0; i < extras->count; i++) {
        const struct json_node *want = json_after(doc, key);
        const struct extra *extra = NULL;

        for (uint8_t k = 0; k < out->extra_count; k++) {
            if (json_is_text(doc, key, out->extras[k].name)) {
                extra = &out->extras[k];
            }
        }
        if (extra == NULL) {
            fail_msg("no extra %.*s", (int)key->len, json_raw_text(doc, key));
        } else {
            check_extra(doc, want, extra);
        }
        key = i + 1 < extras->count ? json_after(doc, want) : key;
    }
}

/* A frame cut or lengthened by a byte is refused, or says the same, or nothing of the place. */
static void check_odd(const struct vectors *v, const uint8_t *bytes, size_t len, uint8_t fport,
                      uint8_t right)
{
    struct decoded odd;

    if (decode(v->model, bytes, len, fport, &odd) == DECODE_OK && odd.reading.value != right) {
        assert_true(odd.reading.value != VALUE_FREE && odd.reading.value != VALUE_OCCUPIED);
    }
}

static void check_vector(const struct vectors *v, const struct json_node *vector, uint8_t *bytes,
                         size_t *len, uint8_t *fport, struct decoded *out)
{
    const struct json_doc *doc = &v->doc;
    const struct json_node *hex = json_member(doc, vector, "hex");
    const struct json_node *low = json_member(doc, vector, "battery_low");
    int64_t port;
    int64_t bit;
    int n = hex_decode(json_raw_text(doc, hex), hex->len, bytes, BYTES_MAX - 1);

    assert_true(n > 0);
    assert_true(json_int(doc, json_member(doc, vector, "fport"), &port));
    *len = (size_t)n;
    *fport = (uint8_t)port;
    assert_int_equal(decode(v->model, bytes, *len, *fport, out), DECODE_OK);
    assert_true(json_is_text(doc, json_member(doc, vector, "type"), decoded_type_name(out)));
    assert_true(
        json_is_text(doc, json_member(doc, vector, "value"), value_names[out->reading.value]));
    assert_true(json_int(doc, json_member(doc, vector, "occupied_bit"), &bit));
    assert_int_equal(bit, out->occupied_bit);
    check_number(doc, vector, "battery_v", 3, (out->reading.has & HAS_BATTERY) != 0,
                 out->reading.battery_mv);
    check_number(doc, vector, "temperature_c", 1, (out->reading.has & HAS_TEMPERATURE) != 0,
                 out->reading.temperature_dc);
    if (low != NULL) {
        assert_int_equal(low->kind == JSON_TRUE, out->reading.battery_low);
    }
    check_extras(doc, vector, out);
}

static void each_vector(void **state)
{
    size_t count;
    const struct sensor_model *const *models = sensor_models(&count);
    static struct vectors v;

    (void)state;
    for (size_t m = 0; m < count; m++) {
        const struct json_node *vector;

        if (strcmp(models[m]->name, "native") == 0) {
            continue; /* JSON: tests/unit/test_envelopes.c */
        }
        vectors_load(&v, models[m]->name);
        assert_true(v.list->count > 0);
        vector = json_first(&v.doc, v.list);
        for (uint32_t i = 0; i < v.list->count; i++) {
            uint8_t bytes[BYTES_MAX];
            size_t len;
            uint8_t fport;
            struct decoded right;

            check_vector(&v, vector, bytes, &len, &fport, &right);
            check_odd(&v, bytes, len - 1, fport, right.reading.value);
            bytes[len] = 0xff;
            check_odd(&v, bytes, len + 1, fport, right.reading.value);
            bytes[len] = 0x00;
            check_odd(&v, bytes, len + 1, fport, right.reading.value);
            vector = i + 1 < v.list->count ? json_after(&v.doc, vector) : vector;
        }
    }
}

static void any_frame(void **state)
{
    size_t count;
    const struct sensor_model *const *models = sensor_models(&count);
    uint32_t seed = 20261122;

    (void)state;
    for (size_t m = 0; m < count; m++) {
        for (uint32_t i = 0; i < 20000; i++) {
            uint8_t bytes[40];
            size_t len = i % sizeof bytes;
            struct decoded out;
            enum decode_fault fault;

            for (size_t k = 0; k < len; k++) {
                seed = seed * 1664525u + 1013904223u;
                bytes[k] = (uint8_t)(seed >> 24);
            }
            fault = decode(models[m], bytes, len, (uint8_t)(i / sizeof bytes), &out);
            assert_true((unsigned)fault < DECODE_FAULT_COUNT);
            assert_true(len > 0 || fault != DECODE_OK);
            if (fault == DECODE_OK &&
                (out.reading.value == VALUE_FREE || out.reading.value == VALUE_OCCUPIED)) {
                assert_int_equal(out.occupied_bit, out.reading.value == VALUE_OCCUPIED);
            }
        }
    }
}

static void unknown_ports_are_refused(void **state)
{
    const uint8_t one[1] = {1};
    struct decoded out;

    (void)state;
    assert_int_equal(decode(sensor_model_find("bosch_tps110", 12), one, 1, 7, &out),
                     DECODE_UNKNOWN);
    assert_int_equal(decode(sensor_model_find("bosch_tps110", 12), one, 1, 0, &out),
                     DECODE_UNKNOWN);
    assert_int_equal(decode(sensor_model_find("nwave_nps405", 12), one, 1, 4, &out),
                     DECODE_UNKNOWN);
}

/* NCC405, a car counter on the same fports. */
static void a_counter_is_no_bay(void **state)
{
    const uint8_t counter[2] = {0x06, 0xaa};
    struct decoded out;

    (void)state;
    assert_int_equal(decode(sensor_model_find("nwave_nps405", 12), counter, 2, 1, &out),
                     DECODE_LENGTH);
    assert_int_equal(decode(sensor_model_find("nwave_nps310", 12), counter, 2, 1, &out),
                     DECODE_LENGTH);
    assert_int_equal(decode(sensor_model_find("nwave_ncc405", 12), counter, 2, 1, &out), DECODE_OK);
    assert_int_equal(out.reading.value, VALUE_ALIVE);
}

/* Only bays ever say free or occupied, whatever bytes come. */
static void only_bays_speak_of_bays(void **state)
{
    size_t count;
    const struct sensor_model *const *models = sensor_models(&count);
    uint32_t seed = 7;

    (void)state;
    for (size_t m = 0; m < count; m++) {
        for (uint32_t i = 0; i < 20000 && models[m]->kind != MODEL_BAY; i++) {
            uint8_t bytes[12];
            struct decoded out;

            for (size_t k = 0; k < sizeof bytes; k++) {
                seed = seed * 1664525u + 1013904223u;
                bytes[k] = (uint8_t)(seed >> 24);
            }
            if (decode(models[m], bytes, 1 + i % sizeof bytes, (uint8_t)(i % 12), &out) ==
                DECODE_OK) {
                assert_true(out.reading.value != VALUE_FREE && out.reading.value != VALUE_OCCUPIED);
            }
        }
    }
}

/* The frame whose check is wrong by one bit, of the one model that has a check. */
static void a_wrong_checksum_is_refused(void **state)
{
    uint8_t bytes[] = {0x78, 0x78, 0x0b, 0x23, 0x00, 0x01, 0x66, 0x03,
                       0x00, 0x01, 0x00, 0x04, 0x5e, 0xac, 0x0d, 0x0a};
    struct decoded out;

    (void)state;
    assert_int_equal(decode(sensor_model_find("concox_bl10", 11), bytes, sizeof bytes, 0, &out),
                     DECODE_OK);
    bytes[4] ^= 1;
    assert_int_equal(decode(sensor_model_find("concox_bl10", 11), bytes, sizeof bytes, 0, &out),
                     DECODE_CHECKSUM);
}

static void table_is_sorted_and_complete(void **state)
{
    size_t count;
    const struct sensor_model *const *models = sensor_models(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct sensor_timing *t = &models[i]->timing;

        if (i > 0 && strcmp(models[i - 1]->name, models[i]->name) >= 0) {
            fail_msg("models.def: %s must stand before %s", models[i]->name, models[i - 1]->name);
        }
        assert_ptr_equal(sensor_model_find(models[i]->name, strlen(models[i]->name)), models[i]);
        assert_int_equal(t->limit_ms, sensor_limit_ms(t->sampled, t->period_ms));
        assert_in_range(t->confidence, 1, 100);
        assert_non_null(models[i]->doc);
    }
    assert_null(sensor_model_find("bosch", 5));
    assert_null(sensor_model_find("bosch_tps1100", 13));
    assert_null(sensor_model_find("", 0));
    assert_int_equal(sensor_limit_ms(true, 1000), 15000);
    assert_int_equal(sensor_limit_ms(true, 10000), 30000);
    assert_int_equal(sensor_limit_ms(false, 600000), 1500000);
}

#ifdef WITH_MODEL
/* tests/template builds this test with one model more. */
static void the_model_more_is_there(void **state)
{
    (void)state;
    assert_non_null(sensor_model_find(WITH_MODEL, strlen(WITH_MODEL)));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef WITH_MODEL
        cmocka_unit_test(the_model_more_is_there),
#endif
        cmocka_unit_test(each_vector),
        cmocka_unit_test(any_frame),
        cmocka_unit_test(unknown_ports_are_refused),
        cmocka_unit_test(a_counter_is_no_bay),
        cmocka_unit_test(only_bays_speak_of_bays),
        cmocka_unit_test(a_wrong_checksum_is_refused),
        cmocka_unit_test(table_is_sorted_and_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
