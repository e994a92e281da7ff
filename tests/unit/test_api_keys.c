/* Keys over the API: made once shown, audited before, good at once, revoked at once; nobody but an
 * admin. */
#include "tests/unit/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct answer_text as(const struct api_city *c, const char *key, const char *method,
                             const char *target, const char *body)
{
    char head[240];

    (void)snprintf(head, sizeof head,
                   "Authorization: Bearer %s\r\nContent-Type: application/json\r\n", key);
    return client_ask(c, method, target, head, body);
}

/* A text member of a flat answer. */
static void member(const struct answer_text *a, const char *name, char *out, size_t cap)
{
    char quoted[40];
    const char *at;
    size_t len;

    (void)snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
    at = strstr(a->body, quoted);
    assert_non_null(at);
    at += strlen(quoted);
    len = strcspn(at, "\"");
    assert_true(len < cap);
    memcpy(out, at, len);
    out[len] = '\0';
}

static void made_used_revoked(void **state)
{
    struct api_city *own = city_make();
    char key[KEY_TEXT_MAX];
    char prefix[16];
    char target[40];
    char location[40];
    struct answer_text a;

    (void)state;
    city_api_start(own);
    city_beat(own);
    a = as(own, own->admin, "POST", "/v1/keys",
           "{\"name\":\"north\",\"role\":\"staff\",\"districts\":[\"150402\",\"150403\"]}");
    assert_int_equal(a.status, 201);
    assert_non_null(strstr(a.body, "\"districts\":[\"150402\",\"150403\"]"));
    member(&a, "key", key, sizeof key);
    member(&a, "prefix", prefix, sizeof prefix);
    (void)snprintf(target, sizeof target, "/v1/keys/%s", prefix);
    assert_string_equal(head_find(a.head, "Location", location, sizeof location), target);
    answer_free(&a);
    pthread_mutex_lock(&own->lock);
    assert_int_equal(own->last.kind, COMMAND_KEY);
    assert_string_equal(own->last.note, "make staff north");
    assert_string_equal(own->last.actor, "root");
    pthread_mutex_unlock(&own->lock);
    a = as(own, key, "GET", "/v1/devices", NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    a = as(own, own->admin, "GET", "/v1/keys", NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, prefix));
    assert_null(strstr(a.body, key + 12));
    answer_free(&a);
    (void)snprintf(target, sizeof target, "/v1/keys/%s", prefix);
    a = as(own, own->admin, "DELETE", target, NULL);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    a = as(own, key, "GET", "/v1/devices", NULL);
    assert_int_equal(a.status, 401);
    answer_free(&a);
    city_close(own);
}

static void refused(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *needle;
    } rows[] = {
        {"{}",                                                                          422, "/name"                },
        {"{\"name\":\"x\",\"role\":\"king\"}",                                          422, "/role"                },
        {"{\"name\":\"x\",\"role\":\"public\"}",                                        422, "/role"                },
        {"{\"name\":\"x\",\"role\":\"operator\"}",                                      422, "is required: the code"},
        {"{\"name\":\"x\",\"role\":\"staff\",\"operator\":\"OP\"}",                     422,
         "only a key of role operator"                                                                              },
        {"{\"name\":\"x\",\"role\":\"admin\",\"districts\":\"150402\"}",                422, "/districts"           },
        {"{\"name\":\"x\",\"role\":\"staff\",\"expires_at\":\"2020-01-01T00:00:00Z\"}", 422,
         "/expires_at"                                                                                              },
        {"{\"name\":\"x\",\"role\":\"staff\",\"digest\":\"00\"}",                       422, "/digest"              },
        {"{\"name\":\"x\",\"role\":\"staff\",\"districts\":[\"150402\",\"1\"]}",        422, "/districts"           },
        {"{\"name\":\"x\",\"role\":\"staff\",\"districts\":[7]}",                       422, "/districts"           },
        {"{\"name\":\"x\",\"role\":\"staff\",\"districts\":[]}",                        422, "/districts"           },
        {"{\"name\":\"x\",\"role\":\"staff\",\"districts\":\"\"}",                      422, "/districts"           },
        {"{\"name\":\"x\",\"role\":\"staff\",\"expires_at\":\"\"}",                     422, "/expires_at"          },
        {"{\"name\":\"x\\ny\",\"role\":\"staff\"}",                                     422, "/name"                },
        {"[]",                                                                          400, "object"               },
    };

    static const char desk[] = "{\"name\":\"desk\",\"role\":\"staff\"}";
    struct api_city *own = city_make();
    struct answer_text a;

    (void)state;
    city_api_start(own);
    city_beat(own);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        a = as(own, own->admin, "POST", "/v1/keys", rows[i].body);
        assert_int_equal(a.status, rows[i].status);
        assert_non_null(strstr(a.body, rows[i].needle));
        answer_free(&a);
    }
    a = as(own, own->staff, "POST", "/v1/keys", desk);
    assert_int_equal(a.status, 403);
    answer_free(&a);
    /* what the core does not audit is not done */
    pthread_mutex_lock(&own->lock);
    own->answer = ERR_DISK_FULL;
    pthread_mutex_unlock(&own->lock);
    a = as(own, own->admin, "POST", "/v1/keys", desk);
    assert_int_equal(a.status, 507);
    answer_free(&a);
    a = as(own, own->admin, "GET", "/v1/keys", NULL);
    assert_null(strstr(a.body, "desk"));
    answer_free(&a);
    pthread_mutex_lock(&own->lock);
    own->answer = ERR_OK;
    pthread_mutex_unlock(&own->lock);
    for (int i = 0; i < 3; i++) {
        a = as(own, own->admin, "POST", "/v1/keys", desk);
        assert_int_equal(a.status, i < 2 ? 201 : 409);
        answer_free(&a);
    }
    a = as(own, own->admin, "DELETE", "/v1/keys/nobody22", NULL);
    assert_int_equal(a.status, 404);
    answer_free(&a);
    city_close(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_used_revoked),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
