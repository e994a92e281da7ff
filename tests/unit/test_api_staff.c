/* What staff ask of the core: their requests wait until it has decided, and are answered at once
 * then. */
#include "tests/unit/api_city.h"

static void staff_requests(void **state)
{
    const char *head = staff_json_head();
    char target[100];
    char id[SPACE_ID_LEN + 1];
    struct answer_text a;

    (void)state;
    space_id_format(city_key(FIRST_SITE, 1), id);
    (void)snprintf(target, sizeof target, "/v1/spaces/%s/out-of-service", id);
    a = client_ask(city, "POST", target, head,
                   "{\"reason\":\"event\",\"until\":\"2099-01-01T00:00:00Z\",\"note\":\"fair\"}");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, id));
    answer_free(&a);
    pthread_mutex_lock(&city->lock);
    assert_int_equal(city->last.kind, COMMAND_SPACE_OUT);
    assert_int_equal(city->last.reason, OUT_EVENT);
    assert_true(city->last.until_ms == INT64_C(4070908800000));
    assert_string_equal(city->last.note, "fair");
    assert_string_equal(city->last.actor, "warden");
    assert_true(city->last.key == city_key(FIRST_SITE, 1));
    city->answer = ERR_CONFLICT;
    pthread_mutex_unlock(&city->lock);
    a = client_ask(city, "DELETE", target, head, NULL);
    assert_int_equal(a.status, 409);
    answer_free(&a);
    pthread_mutex_lock(&city->lock);
    city->answer = ERR_DISK_FULL;
    pthread_mutex_unlock(&city->lock);
    a = client_ask(city, "POST", target, head, "{\"reason\":\"closed\"}");
    assert_int_equal(a.status, 507);
    answer_free(&a);
    pthread_mutex_lock(&city->lock);
    city->answer = ERR_OK;
    pthread_mutex_unlock(&city->lock);
    space_id_format(city_key(GATE_SITE, 0), id);
    (void)snprintf(target, sizeof target, "/v1/lots/%s/count", id);
    a = client_ask(city, "POST", target, head, "{\"free\":20}");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\\\"East\\\" <gate>"));
    answer_free(&a);
    pthread_mutex_lock(&city->lock);
    assert_int_equal(city->last.count, GATE_LOT_CAP - 20);
    pthread_mutex_unlock(&city->lock);
    a = client_ask(city, "POST", target, head, "{\"occupied\":121}");
    assert_int_equal(a.status, 422);
    answer_free(&a);
    a = client_ask(city, "POST", "/v1/devices/line%2Funit/suspect", head, "{}");
    assert_int_equal(a.status, 200); /* as a client made from openapi.json writes it */
    assert_non_null(strstr(a.body, "\"id\":\"line/unit\""));
    answer_free(&a);
    a = client_ask(city, "POST", "/v1/devices/line/unit/suspect", head, "{}");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"id\":\"line/unit\",\"suspect\":true"));
    answer_free(&a);
}

/* A recalibration is checked against the map, decided by the core, and only then queued. */
static void recalibrations(void **state)
{
    static const struct {
        const char *path, *body;
        int status;
        const char *says;
    } refused[] = {
        {"/v1/devices/line/none/recalibrate", "{}",                  404, "no such device"        },
        {"/v1/devices/line/unit/recalibrate", "{\"channel\":9}",     422, "is not one of 1-8"     },
        {"/v1/devices/line/unit/recalibrate", "{\"channel\":-1}",    422, "/channel"              },
        {"/v1/devices/line/unit/recalibrate", "{\"force\":\"yes\"}", 422, "must be true or false" },
        {"/v1/devices/line/unit/recalibrate", "{\"force\":true}",    422, "is required with force"},
        {"/v1/devices/line/unit/recalibrate", "{\"note\":\"x\"}",    422,
         "known: channel, force, reason"                                                          },
    };

    const char *path = "/v1/devices/line/unit/recalibrate";
    const char *head = staff_json_head();
    struct answer_text a;

    (void)state;
    pthread_mutex_lock(&city->lock);
    city->asked_count = 0; /* the test of the roles asks, too */
    pthread_mutex_unlock(&city->lock);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        a = client_ask(city, "POST", refused[i].path, head, refused[i].body);
        assert_int_equal(a.status, refused[i].status);
        assert_non_null(strstr(a.body, refused[i].says));
        answer_free(&a);
    }
    a = client_ask(city, "POST", path, "Content-Type: application/json\r\n", "{}");
    assert_int_equal(a.status, 401);
    answer_free(&a);
    assert_int_equal(city->asked_count, 0);
    a = client_ask(city, "POST", path, head, "{\"force\":true,\"reason\":\"stuck\",\"channel\":3}");
    assert_int_equal(a.status, 202);
    assert_non_null(strstr(a.body, "\"channels\":[3],\"outcome\":\"queued\""));
    answer_free(&a);
    pthread_mutex_lock(&city->lock);
    assert_int_equal(city->asked_count, 1);
    assert_int_equal(city->asked_first, 3);
    assert_int_equal(city->last.kind, COMMAND_DEVICE_RECALIBRATE);
    assert_int_equal(city->last.channel, COMMAND_ALL_CHANNELS); /* one write for all of them */
    assert_true(city->last.force);
    assert_string_equal(city->last.note, "all channels, forced: stuck");
    city->asked_count = 0;
    city->answer = ERR_CONFLICT;
    pthread_mutex_unlock(&city->lock);
    a = client_ask(city, "POST", path, head, "{}");
    assert_int_equal(a.status, 409);
    answer_free(&a);
    assert_int_equal(city->asked_count, 0);
    pthread_mutex_lock(&city->lock);
    city->answer = ERR_OK;
    city->field_answer = ERR_OVERLOADED;
    pthread_mutex_unlock(&city->lock);
    a = client_ask(city, "POST", path, head, "");
    assert_int_equal(a.status, 503);
    assert_non_null(strstr(a.body, "256 writes wait"));
    answer_free(&a);
    pthread_mutex_lock(&city->lock);
    city->field_answer = ERR_OK;
    pthread_mutex_unlock(&city->lock);
    a = client_ask(city, "GET", "/v1/devices", head, NULL);
    assert_non_null(strstr(a.body, "\"recalibration\":{\"outcome\":\"refused\",\"exception\":2,"
                                   "\"asked\":\"2023-11-14T22:13:20"));
    assert_non_null(strstr(a.body, "\"recalibration\":null"));
    answer_free(&a);
}

static void device_pages(void **state)
{
    const char *head = staff_json_head();
    struct answer_text a;

    (void)state;
    a = client_ask(city, "GET", "/v1/devices?limit=2", head, NULL);
    assert_int_equal(a.status, 200);
    assert_ptr_equal(strstr(a.body, "{\"crs\":\"wgs84\",\"as_of\":\"2"), a.body);
    assert_non_null(strstr(a.body, "\"next\":"));
    assert_non_null(strstr(a.head, "Link: </v1/devices?limit=2&cursor="));
    answer_free(&a);
    a = client_ask(city, "GET", "/v1/devices?limit=2&format=csv", head, NULL);
    assert_non_null(strstr(a.head, "Link: </v1/devices?limit=2&format=csv&cursor="));
    answer_free(&a);
    a = client_ask(city, "GET", "/v1/devices?silent=true", head, NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"live\":false"));
    assert_null(strstr(a.body, "\"live\":true"));
    answer_free(&a);
    a = client_ask(city, "GET", "/v1/devices/unknown", head, NULL);
    assert_ptr_equal(strstr(a.body, "{\"crs\":\"wgs84\",\"as_of\":\"2"), a.body);
    assert_non_null(strstr(a.body, "\"id\":\"stranger\""));
    answer_free(&a);
}

/* A core that does not answer: 503 after 2 s; its late answer then harms nobody. */
static void command_that_is_not_answered(void **state)
{
    const char *head = staff_json_head();
    char target[100];
    char id[SPACE_ID_LEN + 1];
    struct answer_text a;
    int64_t began = host_boot_ms();
    struct command *held;

    (void)state;
    space_id_format(city_key(FIRST_SITE, 1), id);
    (void)snprintf(target, sizeof target, "/v1/spaces/%s/out-of-service", id);
    pthread_mutex_lock(&city->lock);
    city->hold = true;
    pthread_mutex_unlock(&city->lock);
    a = client_ask(city, "DELETE", target, head, NULL);
    assert_int_equal(a.status, 503);
    assert_true(host_boot_ms() - began >= 1900);
    answer_free(&a);
    pthread_mutex_lock(&city->lock);
    held = city->held;
    city->hold = false;
    pthread_mutex_unlock(&city->lock);
    held->done(held);
    city_beat(city);
    a = client_get(city, "/v1/city");
    assert_int_equal(a.status, 200);
    answer_free(&a);
}

static void *ask_delete(void *arg)
{
    const char *target = arg;
    const char *head = staff_json_head();
    struct answer_text a;

    a = client_ask(city, "DELETE", target, head, NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    return NULL;
}

/* How long a request still takes once it is decided, while the HTTP thread sleeps. */
static int64_t decided_ms(char *target)
{
    struct command *held = NULL;
    pthread_t asking;
    int64_t began;

    pthread_mutex_lock(&city->lock);
    city->hold = true;
    city->held = NULL;
    pthread_mutex_unlock(&city->lock);
    assert_int_equal(pthread_create(&asking, NULL, ask_delete, target), 0);
    while (held == NULL) {
        pthread_mutex_lock(&city->lock);
        held = city->held;
        pthread_mutex_unlock(&city->lock);
    }
    (void)poll(NULL, 0, 20); /* the round of the request is over */
    began = host_boot_ms();
    held->done(held);
    pthread_join(asking, NULL);
    pthread_mutex_lock(&city->lock);
    city->hold = false;
    pthread_mutex_unlock(&city->lock);
    return host_boot_ms() - began;
}

/* The core's answer ends the HTTP thread's sleep: otherwise each decision waits a quarter of a
 * second for its next look. The best of ten, for machines that are busy. */
static void a_decision_is_answered_at_once(void **state)
{
    char target[100];
    char id[SPACE_ID_LEN + 1];
    int64_t best_ms = INT64_MAX;

    (void)state;
    space_id_format(city_key(FIRST_SITE, 1), id);
    (void)snprintf(target, sizeof target, "/v1/spaces/%s/out-of-service", id);
    for (unsigned i = 0; i < 10; i++) {
        const int64_t took_ms = decided_ms(target);

        best_ms = took_ms < best_ms ? took_ms : best_ms;
    }
    assert_true(best_ms < 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(staff_requests, city_fresh),
        cmocka_unit_test_setup(recalibrations, city_fresh),
        cmocka_unit_test_setup(device_pages, city_fresh),
        cmocka_unit_test_setup(command_that_is_not_answered, city_fresh),
        cmocka_unit_test_setup(a_decision_is_answered_at_once, city_fresh),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
