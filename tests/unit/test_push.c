/* What the field side makes of pushes: secrets in all their forms, OneNET's signatures (computed by
 * another implementation), what is kept, refused or unknown, and sources that change under way. */
#include "bowei/base/md5.h"
#include "bowei/push.h"
#include "sensors/hearing.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/field_fixture.h"

#define TEXT(text) ((char *)(uintptr_t)(text))

static const struct device_row rows[] = {
    {"87f4b2814f434992a94a4871b32c6b75", "telecom", "wxhs_pmd",     0, 1},
    {"864016059485616",                  "mobile",  "native",       0, 1},
    {"0101010101010101",                 "lora",    "bosch_tps110", 0, 1},
    {"dev-1",                            "own",     "native",       0, 1},
    {"864016059485617",                  "bays",    "native",       0, 1},
};

static struct push_config pushes[] = {
    {.name = TEXT("telecom"),
     .envelope = TEXT("wxhs"),
     .auth = TEXT("query"),
     .secret = TEXT("telecom-secret-0123")    },
    {.name = TEXT("mobile"),
     .envelope = TEXT("onenet"),
     .auth = TEXT("onenet"),
     .secret = TEXT("onenet-token-0123456789")},
    {.name = TEXT("lora"),
     .envelope = TEXT("chirpstack"),
     .auth = TEXT("header"),
     .secret = TEXT("lora-secret-01234567"),
     .former_secret = TEXT("lora-former-01234567")},
    {.name = TEXT("own"),
     .envelope = TEXT("native"),
     .auth = TEXT("header"),
     .secret = TEXT("own-secret-012345678")                   },
    {.name = TEXT("bays"),
     .envelope = TEXT("streams"),
     .auth = TEXT("onenet"),
     .secret = TEXT("onenet-token-0123456789")                   },
};

static struct mapping mappings[] = {
    {.name = TEXT("wxhs"),
     .device = TEXT("deviceId"),
     .occupied = TEXT("payload.parking_state"),
     .states = TEXT("1=occupied,0=free"),
     .time = TEXT("timestamp")},
    { .name = TEXT("streams"),
     .items = TEXT("msg"),
     .device = TEXT("imei"),
     .occupied = TEXT("value"),
     .states = TEXT("1=occupied,0=free"),
     .type = TEXT("ds_id"),
     .types = TEXT("3200_0_5500=status,3316_0_5700=parameters"),
     .time = TEXT("at")},
};

static struct fixture *f;
static struct push *push;
static struct push_port port;
static struct push_result result;

static int set_up(void **state)
{
    (void)state;
    f = fixture_create(rows, ARRAY_LEN(rows));
    f->config.pushes = pushes;
    f->config.push_count = ARRAY_LEN(pushes);
    f->config.mappings = mappings;
    f->config.mapping_count = ARRAY_LEN(mappings);
    push = push_create(&f->params);
    assert_non_null(push);
    port = push_port_of(push);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    push_destroy(push);
    fixture_destroy(f);
    return 0;
}

static enum err take(struct push_request rq, const char *body)
{
    char *exact = malloc(strlen(body) + 1);
    enum err err;

    assert_non_null(exact);
    memcpy(exact, body, strlen(body));
    rq.body = exact;
    rq.len = strlen(body);
    err = port.take(port.ctx, &rq, &result);
    free(exact);
    return err;
}

static bool configure(const struct config *config)
{
    struct push_table *table = push_prepare(config);

    if (table != NULL) {
        push_commit(push, table);
    }
    return table != NULL;
}

static enum err own(const char *body)
{
    return take(
        (struct push_request){.source = "own", .authorization = "Bearer own-secret-012345678"},
        body);
}

static uint64_t counted(enum counter which)
{
    return count_get(&f->counters, which);
}

#define OCCUPIED "{\"device\":\"dev-1\",\"occupied\":true}"

static void a_header_shows_the_secret(void **state)
{
    static const struct {
        const char *source, *authorization, *key;
        bool fits;
    } table[] = {
        {"lora",    "Bearer lora-secret-01234567",  NULL,                   true },
        {"lora",    "bearer lora-secret-01234567",  NULL,                   true },
        {"lora",    "lora-secret-01234567",         NULL,                   true },
        {"lora",    "Bearer lora-former-01234567",  NULL,                   true },
        {"lora",    "Bearer lora-secret-0123456",   NULL,                   false},
        {"lora",    "Bearer lora-secret-012345678", NULL,                   false},
        {"lora",    "Bearer own-secret-012345678",  NULL,                   false},
        {"lora",    "Bearer ",                      NULL,                   false},
        {"lora",    "",                             NULL,                   false},
        {"lora",    NULL,                           NULL,                   false},
        {"lora",    NULL,                           "lora-secret-01234567", false}, /* not in URLs */
        {"telecom", NULL,                           "telecom-secret-0123",  true },
        {"telecom", NULL,                           "telecom-secret-012",   false},
        {"telecom", "Bearer telecom-secret-0123",   NULL,                   false},
        {"own",     "Bearer ",                      "",                     false},
        {"nobody",  "Bearer lora-secret-01234567",  NULL,                   false},
        {"",        "",                             "",                     false},
    };

    uint64_t denied = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct push_request rq = {.source = table[i].source,
                                  .authorization = table[i].authorization,
                                  .key = table[i].key};
        enum err err = take(rq, "{}");

        denied += !table[i].fits;
        if (err != (table[i].fits ? ERR_OK : ERR_UNAUTHENTICATED)) {
            fail_msg("row %zu: %s", i, err_code(err));
        }
        assert_int_equal(counted(COUNT_PUSH_DENIED), denied);
    }
    assert_int_equal(counted(COUNT_PUSH_MESSAGES), ARRAY_LEN(table) - denied);
    assert_int_equal(f->calls, 0);
}

/* The message that CTWing pushed to somebody (unisoftcn/user-api), shortened, through a mapping. */
static void ctwing_is_kept(void **state)
{
    static const char body[] =
        "{\"upPacketSN\":-1,\"timestamp\":1790000000981,\"productId\":\"15034864\",\"payload\":"
        "{\"ptime\":1790000051000,\"parking_state\":1,\"battery_voltage\":3.6559998989105225,"
        "\"Signal_Power\":-90,\"Manufacturer\":\"WXHS\"},\"messageType\":\"dataReport\","
        "\"deviceId\":\"87f4b2814f434992a94a4871b32c6b75\",\"IMEI\":\"\"}";
    const struct push_request rq = {.source = "telecom", .key = "telecom-secret-0123"};

    (void)state;
    assert_int_equal(take(rq, body), ERR_OK);
    assert_int_equal(result.kept, 1);
    assert_int_equal(fixture_last(f).value, VALUE_OCCUPIED);
    assert_int_equal(fixture_last(f).net_time_ms, INT64_C(1790000000981));
    assert_int_equal(take(rq, body), ERR_OK); /* its retry: the core knows it by its time */
    assert_int_equal(fixture_heard(f), 2);
    assert_int_equal(counted(COUNT_PUSH_MESSAGES), 2);
}

static void onenet_checks_the_address(void **state)
{
    static const struct {
        const char *source, *msg, *nonce, *signature;
        bool fits;
    } table[] = {
        {"mobile", "hello world", "ab12cd34", "fVQbCE+G+8SgUHWMa+YBgQ==", true },
        {"mobile", "hello world", "ab12cd34", "fVQbCE G 8SgUHWMa YBgQ==", true },
        {"mobile", "hello worle", "ab12cd34", "fVQbCE+G+8SgUHWMa+YBgQ==", false},
        {"mobile", "hello world", "ab12cd35", "fVQbCE+G+8SgUHWMa+YBgQ==", false},
        {"mobile", "hello world", "ab12cd34", "fVQbCE+G+8SgUHWMa+YBgR==", false},
        {"mobile", "hello world", "ab12cd34", "fVQbCE",                   false},
        {"mobile", "hello world", "ab12cd34", NULL,                       false},
        {"mobile", NULL,          "ab12cd34", "fVQbCE+G+8SgUHWMa+YBgQ==", false},
        {"own",    "hello world", "ab12cd34", "fVQbCE+G+8SgUHWMa+YBgQ==", false},
        {"nobody", "hello world", "ab12cd34", "fVQbCE+G+8SgUHWMa+YBgQ==", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct push_request rq = {.source = table[i].source,
                                        .msg = table[i].msg,
                                        .nonce = table[i].nonce,
                                        .signature = table[i].signature};

        assert_int_equal(port.greet(port.ctx, &rq), table[i].fits ? ERR_OK : ERR_UNAUTHENTICATED);
    }
}

/* The message as OneNET signs it. */
static void signed_text(const char *msg, const char *nonce, char *out, size_t cap)
{
    static const char token[] = "onenet-token-0123456789";
    uint8_t digest[MD5_BYTES];
    char signature[sodium_base64_ENCODED_LEN(MD5_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    struct md5 md5;

    md5_init(&md5);
    md5_add(&md5, token, sizeof token - 1);
    md5_add(&md5, nonce, strlen(nonce));
    md5_add(&md5, msg, strlen(msg));
    md5_finish(&md5, digest);
    (void)sodium_bin2base64(signature, sizeof signature, digest, sizeof digest,
                            sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(out, cap, "{\"msg\":%s,\"msg_signature\":\"%s\",\"nonce\":\"%s\"}", msg,
                   signature, nonce);
}

static void onenet_signs_its_messages(void **state)
{
    static const char one[] =
        "{\"msg\":{\"type\":1,\"dev_id\":2016617,\"ds_id\":\"3200_0_5500\",\"at\":1790000000000,"
        "\"value\":1,\"imei\":\"864016059485616\"},\"msg_signature\":\"UUKSCcmWLfHqn32hMh8hzg==\","
        "\"nonce\":\"abcdefgh\"}";
    static const char two[] =
        "{\"msg\":[{\"type\":2,\"dev_id\":2016617,\"status\":0,\"at\":1790000000900,\"imei\":"
        "\"864016059485616\"},{\"type\":7,\"dev_id\":2016617,\"at\":1790000000901,\"imei\":"
        "\"864016059485616\"}],\"signature\":\"7Gnixp+vO6Yl31aGuL90jQ==\",\"nonce\":\"abcdefgh\"}";
    const struct push_request rq = {.source = "mobile"};
    char bad[sizeof one];

    (void)state;
    assert_int_equal(take(rq, one), ERR_OK);
    assert_int_equal(result.kept, 1);
    assert_int_equal(fixture_last(f).value, VALUE_ALIVE);
    assert_int_equal(take(rq, two), ERR_OK);
    assert_int_equal(result.kept, 1);
    assert_int_equal(result.ignored, 1);
    assert_int_equal(fixture_last(f).value, VALUE_LINK_LOST);
    /* whatever byte is another one, nothing of it is taken */
    for (size_t i = 0; i < sizeof one - 1; i++) {
        enum err err;

        memcpy(bad, one, sizeof one);
        bad[i] = (char)(bad[i] ^ 1);
        err = take(rq, bad);
        assert_true(err == ERR_UNAUTHENTICATED || err == ERR_BAD_JSON);
    }
    assert_int_equal(fixture_heard(f), 2);
    assert_int_equal(take(rq, "{\"enc_msg\":\"AAAA\",\"nonce\":\"abcdefgh\"}"),
                     ERR_UNAUTHENTICATED);
}

/* What a number of a stream means, a mapping says; the signature is OneNET's all the same. */
static void onenet_streams_are_mapped(void **state)
{
    const struct push_request rq = {.source = "bays"};
    char nonce[] = "abcdefgh";
    static const char *const messages[] = {
        "{\"ds_id\":\"3200_0_5500\",\"at\":1790000000000,\"value\":1,\"imei\":\"864016059485617\"}",
        "[{\"ds_id\":\"3200_0_5500\",\"at\":1790000000100,\"value\":0,\"imei\":\"864016059485617\"}"
        ","
        "{\"ds_id\":\"3316_0_5700\",\"at\":1790000000101,\"value\":1,\"imei\":\"864016059485617\"},"
        "{\"ds_id\":\"9_9_9\",\"at\":1790000000102,\"value\":1,\"imei\":\"864016059485617\"}]",
    };
    char text[700];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        signed_text(messages[i], nonce, text, sizeof text);
        assert_int_equal(take(rq, text), ERR_OK);
        assert_int_equal(result.kept, i == 0 ? 1 : 2);
        assert_int_equal(result.refused, i);
        assert_int_equal(fixture_last(f).value, i == 0 ? VALUE_OCCUPIED : VALUE_ALIVE);
    }
    text[8] = (char)(text[8] ^ 1);
    assert_int_not_equal(take(rq, text), ERR_OK);
}

/* ChirpStack's HTTP integration: the topic's body, the event in the URL. */
static void chirpstack_names_the_event(void **state)
{
    static const char body[] = "{\"deviceInfo\":{\"devEui\":\"0101010101010101\"},\"fCnt\":7,"
                               "\"fPort\":1,\"data\":\"AQ==\",\"rxInfo\":[{\"rssi\":-36}]}";
    struct push_request rq = {.source = "lora", .authorization = "Bearer lora-secret-01234567"};

    (void)state;
    assert_int_equal(take(rq, body), ERR_OK);
    assert_int_equal(fixture_last(f).value, VALUE_OCCUPIED);
    rq.event = "up";
    assert_int_equal(take(rq, body), ERR_OK);
    assert_int_equal(fixture_last(f).counter, 7);
    rq.event = "join";
    assert_int_equal(take(rq, body), ERR_OK);
    assert_int_equal(fixture_last(f).value, VALUE_JOIN);
    rq.event = "txack";
    assert_int_equal(take(rq, body), ERR_OK);
    assert_int_equal(result.ignored, 1);
    assert_int_equal(counted(COUNT_PUSH_IGNORED), 1);
    assert_int_equal(fixture_heard(f), 3);
}

/* Understood is answered 200, however little is taken: every item is counted. */
static void what_is_not_taken_is_counted(void **state)
{
    static char big[PAYLOAD_MAX + 2];

    (void)state;
    assert_int_equal(own(OCCUPIED), ERR_OK);
    assert_int_equal(result.kept, 1);
    assert_int_equal(own("{\"device\":\"dev-9\",\"occupied\":true}"), ERR_OK);
    assert_int_equal(result.unknown, 1);
    assert_int_equal(own("{\"device\":\"864016059485616\",\"occupied\":true}"), ERR_OK);
    assert_int_equal(result.unknown, 1); /* another source's */
    assert_int_equal(own("{\"device\":\"dev-1\",\"occupied\":1}"), ERR_OK);
    assert_int_equal(result.refused, 1);
    assert_int_equal(counted(COUNT_PUSH_REFUSED_FIELD), 1);
    assert_int_equal(own("{\"device\":\"dev-1\""), ERR_BAD_JSON);
    assert_int_equal(own(""), ERR_BAD_JSON);
    assert_int_equal(counted(COUNT_PUSH_REFUSED_JSON), 2);
    memset(big, ' ', sizeof big - 1);
    assert_int_equal(own(big), ERR_TOO_LARGE);
    assert_int_equal(counted(COUNT_PUSH_REFUSED_SIZE), 1);
    assert_int_equal(counted(COUNT_DEVICES_UNKNOWN), 2);
    assert_int_equal(counted(COUNT_PUSH_MESSAGES), 7);
    assert_int_equal(counted(COUNT_MQTT_REFUSED_FIELD), 0);
    assert_int_equal(fixture_heard(f), 1);
}

static void a_full_disk_is_said(void **state)
{
    (void)state;
    fixture_answer(f, ERR_DISK_FULL);
    assert_int_equal(own(OCCUPIED), ERR_DISK_FULL);
    assert_int_equal(result.kept, 0);
    fixture_answer(f, ERR_IO);
    assert_int_equal(own(OCCUPIED), ERR_IO);
    assert_int_equal(counted(COUNT_PUSH_NOT_KEPT), 2);
    fixture_answer(f, ERR_OK);
    assert_int_equal(own(OCCUPIED), ERR_OK);
    assert_int_equal(fixture_heard(f), 1);
}

static void sources_change_under_way(void **state)
{
    struct push_config other[] = {
        {.name = TEXT("own"),
         .envelope = TEXT("native"),
         .auth = TEXT("header"),
         .secret = TEXT("another-secret-0123"),
         .former_secret = TEXT("own-secret-012345678")},
    };
    struct config next = {.pushes = other, .push_count = 1};

    (void)state;
    assert_true(configure(&next));
    assert_int_equal(own(OCCUPIED), ERR_OK);
    other[0].former_secret = NULL;
    assert_true(configure(&next));
    assert_true(configure(&next));
    assert_int_equal(own(OCCUPIED), ERR_UNAUTHENTICATED);
    other[0].envelope = TEXT("carrier-pigeon");
    assert_false(configure(&next));
    other[0].envelope = TEXT("native");
    assert_int_equal(
        take((struct push_request){.source = "own", .authorization = "Bearer another-secret-0123"},
             OCCUPIED),
        ERR_OK);
    assert_int_equal(take((struct push_request){.source = "lora",
                                                .authorization = "Bearer lora-secret-01234567"},
                          "{}"),
                     ERR_UNAUTHENTICATED);
}

#define PUSHERS_MS 200

static void *pusher(void *arg)
{
    int64_t until = host_boot_ms() + PUSHERS_MS;

    while (host_boot_ms() < until) {
        assert(own(OCCUPIED) == ERR_OK);
        fixture_forget(f);
    }
    return arg;
}

/* A configuration may be freed as soon as push_commit has returned, whoever pushes meanwhile. */
static void a_former_configuration_is_done_with(void **state)
{
    int64_t until = host_boot_ms() + PUSHERS_MS;
    struct push_config *former = NULL;
    struct config *former_config = NULL;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, pusher, NULL), 0);
    while (host_boot_ms() < until) {
        struct push_config *list = malloc(sizeof pushes);
        struct config *next = malloc(sizeof *next);

        assert_true(list != NULL && next != NULL);
        memcpy(list, pushes, sizeof pushes);
        *next = f->config;
        next->pushes = list;
        assert_true(configure(next));
        if (former != NULL) {
            memset(former, 0xa5, sizeof pushes);
        }
        free(former);
        free(former_config);
        former = list;
        former_config = next;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(configure(&f->config));
    push_discard(push_prepare(&f->config));
    free(former);
    free(former_config);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_header_shows_the_secret),    EACH(ctwing_is_kept),
        EACH(onenet_checks_the_address),    EACH(onenet_signs_its_messages),
        EACH(onenet_streams_are_mapped),    EACH(chirpstack_names_the_event),
        EACH(what_is_not_taken_is_counted), EACH(a_full_disk_is_said),
        EACH(sources_change_under_way),     EACH(a_former_configuration_is_done_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
