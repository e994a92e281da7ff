/* What webhooks are made of: signatures against the published vector, pauses, meanings of answers,
 * bodies and templates, files that a crash tore. */
#include "bowei/base/bytes.h"
#include "bowei/base/json_read.h"
#include "gateway/delivery/message.h"
#include "gateway/delivery/schedule.h"
#include "gateway/delivery/signature.h"
#include "gateway/delivery/state_file.h"
#include "gateway/delivery/subscriber.h"
#include "tests/unit/scratch_folder.h"
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The vector of the Standard Webhooks test suites (github.com/standard-webhooks/standard-webhooks,
 * MIT). */
static void the_published_vector_is_signed(void **state)
{
    static const char body[] = "{\"test\": 2432232314}";
    uint8_t key[24];
    uint8_t made[SIGNATURE_KEY];
    char signature[SIGNATURE_LEN];
    char text[WEBHOOK_SECRET_MAX];

    (void)state;
    assert_int_equal(base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 32, key, sizeof key), 24);
    signature_write(key, sizeof key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body,
                    sizeof body - 1, signature);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    memset(made, 0xff, sizeof made);
    signature_key_text(made, text, sizeof text);
    assert_string_equal(text, "whsec_//////////////////////////////////////////8=");
}

static void pauses_grow_with_jitter_and_listen(void **state)
{
    static const char *const wrong[] = {
        "",     ",",      "0,",
        "0,,5", "-1",     "x",
        "0 5",  "604801", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21"};
    struct schedule s;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_false(schedule_parse(wrong[i], &s));
    }
    assert_true(schedule_parse("0,5,300,1800", &s));
    assert_int_equal(s.count, 4);
    for (uint32_t random = 0; random < 5000; random += 7) {
        const int64_t second = schedule_wait_ms(&s, 1, 0, random);

        assert_in_range(second, 5000, 6000);
        assert_in_range(schedule_wait_ms(&s, 2, 0, random), 300000, 360000);
        assert_in_range(schedule_wait_ms(&s, 90, 0, random), 1800000, 2160000);
        assert_int_equal(schedule_wait_ms(&s, 1, 120, random), 120000);
        assert_in_range(schedule_wait_ms(&s, 2, 120, random), 300000, 360000);
        assert_int_equal(schedule_wait_ms(&s, 1, INT64_MAX, random), 86400000);
    }
    assert_true(schedule_parse("0,0", &s));
    assert_int_equal(schedule_wait_ms(&s, 1, 0, 12345), 0);
}

static void answers_mean(void **state)
{
    static const struct {
        long status;
        enum outcome outcome;
    } rows[] = {
        {200, OUTCOME_DELIVERED},
        {204, OUTCOME_DELIVERED},
        {299, OUTCOME_DELIVERED},
        {301, OUTCOME_RECEIVER },
        {302, OUTCOME_RECEIVER },
        {400, OUTCOME_EVENT    },
        {401, OUTCOME_RECEIVER },
        {404, OUTCOME_RECEIVER },
        {408, OUTCOME_RECEIVER },
        {410, OUTCOME_GONE     },
        {413, OUTCOME_EVENT    },
        {422, OUTCOME_EVENT    },
        {429, OUTCOME_RECEIVER },
        {500, OUTCOME_RECEIVER },
        {503, OUTCOME_RECEIVER },
        {0,   OUTCOME_RECEIVER },
        {999, OUTCOME_RECEIVER },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(outcome_of(rows[i].status), rows[i].outcome);
    }
}

static struct alert_image crowd(void)
{
    struct alert_image a = {
        .id = 0x5f0c,
        .event = 9,
        .kind = ALERT_PILE_UP,
        .state = ALERT_OPEN,
        .severity = 2,
        .at = {422578000,       1188869000    },
        .distance_mm = INT32_MAX,
        .count = 1,
        .version = 3,
        .bikes = 60,
        .capacity = 40,
        .opened_ms = 1764000000000,
        .changed_ms = 1764000060000,
        .share_count = 2,
        .shares = {{"HLO", 40, 13}, {"MTN", 20, 7}},
        .note = "a \"note\"\n with <signs>"
    };

    assert_int_equal(space_id_parse_body("150402001F0010000", 17, &a.fence), ID_OK);
    return a;
}

static struct subscription subscriber_of(const char *op)
{
    struct subscription sub = {.id = 0xabcdef, .created_ms = 1764000000000};

    (void)snprintf(sub.operator_code, sizeof sub.operator_code, "%s", op);
    (void)snprintf(sub.order.url, sizeof sub.order.url, "https://example.com/?a=%%20&b=\"");
    sub.order.severity = 1;
    return sub;
}

static const struct json_node *member(const struct json_doc *doc, const char *name)
{
    const struct json_node *n = json_member(doc, &doc->nodes[0], name);

    assert_non_null(n);
    return n;
}

static void a_body_is_a_cloud_event(void **state)
{
    const struct alert_image alert = crowd();
    const struct subscription sub = subscriber_of("HLO");
    char event[EVENT_ID_MAX];
    const struct message m = {
        .event = event, .alert = &alert, .instance = "north", .at_ms = alert.changed_ms};
    struct json_node nodes[256];
    struct json_doc doc;
    struct strbuf out = {0};

    (void)state;
    event_id_format(&alert, event);
    assert_true(message_write(&m, &sub, NULL, &out));
    assert_int_equal(json_parse(&doc, out.data, out.len, nodes, ARRAY_LEN(nodes)), JSON_OK);
    assert_true(json_is_text(&doc, member(&doc, "specversion"), "1.0"));
    assert_true(json_is_text(&doc, member(&doc, "id"), "A0000000000005f0c.3"));
    assert_true(json_is_text(&doc, member(&doc, "type"), "cn.bowei.alert.pile_up.open.v1"));
    assert_true(json_is_text(&doc, member(&doc, "source"), "/bowei/north"));
    assert_true(json_is_text(&doc, member(&doc, "subject"), "A0000000000005f0c"));
    assert_true(json_is_text(&doc, member(&doc, "time"), "2025-11-24T16:01:00Z"));
    assert_non_null(json_member(&doc, member(&doc, "data"), "by_operator"));
    strbuf_putc(&out, '\0');
    assert_non_null(strstr(out.data, "\"HLO\""));
    assert_null(strstr(out.data, "MTN")); /* another's part */
    strbuf_finish(&out);
}

static void templates_are_filled_in_and_escaped(void **state)
{
    static char name[] = "x";
    static char type[] = "application/json";
    static char body[] = "{\"msgtype\":\"text\",\"text\":{\"content\":\"{kind.zh} {state.zh} "
                         "{fence} {place} {bikes}/{capacity} {alert.id} {not known} {} {\"}}";
    struct webhook_template form = {.name = name, .content_type = type, .body = body};
    const struct alert_image alert = crowd();
    const struct subscription sub = subscriber_of("HLO");
    struct message m = {.event = "e\"1", .alert = &alert, .instance = "i"};
    char unknown[32];
    struct strbuf out = {0};
    static char event[] = "{\"id\":\"{event.id}\"}";

    (void)state;
    assert_true(message_write(&m, &sub, &form, &out));
    strbuf_putc(&out, '\0');
    assert_non_null(strstr(out.data, "车辆淤积 待处理 150402001F0010000"));
    assert_non_null(strstr(out.data, "42.257800,118.886900 60/40 A0000000000005f0c {not known} {} "
                                     "{\"}}"));
    strbuf_clear(&out);
    form.body = event;
    assert_true(message_write(&m, &sub, &form, &out));
    strbuf_putc(&out, '\0');
    assert_string_equal(out.data, "{\"id\":\"e\\\"1\"}");
    strbuf_clear(&out);
    m.alert = NULL; /* a test fills all of them, too */
    form.body = body;
    assert_true(message_write(&m, &sub, &form, &out));
    strbuf_finish(&out);
    assert_null(message_unknown_placeholder(body, unknown));
    assert_string_equal(message_unknown_placeholder("{kind} {kindd}", unknown), "kindd");
}

static void filters_choose(void **state)
{
    struct alert_image alert = crowd();
    struct subscription sub = subscriber_of("HLO");

    (void)state;
    assert_true(subscription_wants(&sub, &alert));
    sub.order.kinds = 1u << ALERT_OUT_OF_FENCE;
    assert_false(subscription_wants(&sub, &alert));
    sub.order.kinds |= 1u << ALERT_PILE_UP;
    assert_true(subscription_wants(&sub, &alert));
    sub.order.severity = 3;
    assert_false(subscription_wants(&sub, &alert));
    sub.order.severity = 2;
    memcpy(sub.order.districts[0], "150403", 7);
    sub.order.district_count = 1;
    assert_false(subscription_wants(&sub, &alert));
    memcpy(sub.order.districts[1], "150402", 7);
    sub.order.district_count = 2;
    assert_true(subscription_wants(&sub, &alert));
    alert.fence = 0;
    sub.order.district_count = 1;
    assert_true(subscription_wants(&sub, &alert));
}

/* Everything that is kept comes back as it was. */
static void what_is_kept_comes_back(void **state)
{
    struct subscription sub = subscriber_of("HLO");
    struct subscription back;
    struct subscriber *s;
    struct subscriber *again;
    struct strbuf out = {0};
    struct json_writer w;
    struct json_node nodes[2048];
    struct json_doc doc;

    (void)state;
    sub.order.kinds = 1u << ALERT_PILE_UP | 1u << ALERT_FEED_SUSPECT;
    sub.order.crs = CRS_GCJ02;
    memcpy(sub.order.districts[0], "150402", 7);
    sub.order.district_count = 1;
    memset(sub.key, 7, sizeof sub.key);
    memset(sub.former_key, 8, sizeof sub.former_key);
    sub.former_until_ms = 1764000001234;
    sub.from = (struct event_place){1764000000001, 77};
    sub.disabled = true;
    (void)snprintf(sub.disabled_why, sizeof sub.disabled_why, "it answered 410");
    json_writer_init(&w, &out);
    subscription_write(&w, &sub);
    assert_int_equal(json_parse(&doc, out.data, out.len, nodes, ARRAY_LEN(nodes)), JSON_OK);
    assert_true(subscription_read(&doc, &nodes[0], &back));
    assert_memory_equal(&back, &sub, sizeof sub);
    strbuf_clear(&out);

    s = subscriber_create(&sub);
    again = subscriber_create(&sub);
    assert_non_null(s);
    assert_non_null(again);
    s->p = (struct progress){
        .place = {1764000000005, 80},
        .attempts = 2,
        .failures = 3,
        .due_ms = 100500,
        .delivered = 4,
        .failed = 5,
        .dropped = 1,
        .missed = 2,
        .delivered_ms = 7,
        .error_ms = 8,
        .error_status = 503,
        .error = "answered 503"
    };
    for (uint32_t i = 0; i < LETTERS_MAX + 3; i++) {
        struct letter letter = {
            .place = {i, i},
              .attempts = i, .status = 500, .why = "w"
        };

        (void)snprintf(letter.event, sizeof letter.event, "A%u", i);
        assert_int_equal(subscriber_bury(s, &letter), i < LETTERS_MAX);
    }
    json_writer_init(&w, &out);
    subscriber_write(&w, s, 5000000, 100000);
    assert_int_equal(json_parse(&doc, out.data, out.len, nodes, ARRAY_LEN(nodes)), JSON_TOO_MANY);
    {
        struct json_node *many = calloc(out.len, sizeof *many);

        assert_non_null(many);
        assert_int_equal(json_parse(&doc, out.data, out.len, many, (uint32_t)out.len), JSON_OK);
        assert_true(subscriber_read(again, &doc, &many[0], 5000200, 300000));
        free(many);
    }
    assert_int_equal(again->p.due_ms, 300300); /* 300 ms were left */
    again->p.due_ms = s->p.due_ms;
    assert_memory_equal(&again->p, &s->p, sizeof s->p);
    assert_int_equal(again->letter_count, LETTERS_MAX);
    assert_string_equal(again->letters[0].event, "A3"); /* the oldest made room */
    assert_memory_equal(again->letters, s->letters, LETTERS_MAX * sizeof s->letters[0]);
    subscriber_destroy(s);
    subscriber_destroy(again);
    strbuf_finish(&out);
}

/* Cut at each byte, and with each bit of it turned: never taken for whole. */
static void a_torn_file_is_noticed(void **state)
{
    static const char text[] = "{\"items\":[{\"id\":\"W0000000000000001\"}]}";
    char folder[128];
    char path[160];
    char whole[256];
    char *back = NULL;
    size_t len = 0;
    struct stat st;
    FILE *f;
    size_t size;

    (void)state;
    scratch_folder_make(folder, sizeof folder);
    assert_int_equal(state_file_read(folder, "book", &back, &len), ERR_NOT_FOUND);
    assert_int_equal(state_file_write(folder, "book", text, sizeof text - 1), ERR_OK);
    assert_int_equal(state_file_read(folder, "book", &back, &len), ERR_OK);
    assert_string_equal(back, text);
    free(back);
    (void)snprintf(path, sizeof path, "%s/book", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    f = fopen(path, "rb");
    assert_non_null(f);
    size = fread(whole, 1, sizeof whole, f);
    (void)fclose(f);
    for (size_t i = 0; i < size * 2; i++) {
        char part[256];
        const size_t cut = i < size ? i : size;

        memcpy(part, whole, size);
        if (i >= size) {
            part[i - size] ^= 0x10;
        }
        f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(part, 1, cut, f), cut);
        (void)fclose(f);
        if (state_file_read(folder, "book", &back, &len) != ERR_BAD_REQUEST) {
            fail_msg("%zu was taken for whole", i);
        }
        assert_null(back);
    }
    state_file_set_aside(folder, "book");
    assert_int_equal(state_file_read(folder, "book", &back, &len), ERR_NOT_FOUND);
    assert_int_equal(state_file_write("/nowhere/at/all", "book", text, 3), ERR_IO);
    scratch_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vector_is_signed),
        cmocka_unit_test(pauses_grow_with_jitter_and_listen),
        cmocka_unit_test(answers_mean),
        cmocka_unit_test(a_body_is_a_cloud_event),
        cmocka_unit_test(templates_are_filled_in_and_escaped),
        cmocka_unit_test(filters_choose),
        cmocka_unit_test(what_is_kept_comes_back),
        cmocka_unit_test(a_torn_file_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
