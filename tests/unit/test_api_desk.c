/* The desk over HTTP with the real core behind: an abandoned car's whole life, two who edit one
 * case, residents with a receipt, prints, the hand-over note, lists for spreadsheets. Names of
 * tests that stand for a phrase of the city's papers say which (docs/FEATURES.md). */
#include "tests/unit/case_fixture.h"

#include "api/handlers/staff.h"
#include "api/receipt.h"
#include "api/route.h"
#include "gateway/core/case/transitions.h"
#include "tests/unit/api_fixture.h"

#define EVIDENCE                                                                                   \
    "\"evidence\":{\"uri\":\"https://files.example/1.jpg\",\"sha256\":"                            \
    "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","                        \
    "\"taken_at\":\"2026-06-01T02:00:00Z\",\"device\":\"camera-7\"}"

static struct api_city *city;
static struct case_fixture f;
static char checker[KEY_TEXT_MAX], boss[KEY_TEXT_MAX], north[KEY_TEXT_MAX];

static enum err take_command(void *ctx, struct command *command)
{
    struct input input = {.kind = INPUT_COMMAND, .command = command, .inventory_version = 1};

    (void)ctx;
    pthread_mutex_lock(&city->lock);
    input.at = (struct position){1, ++f.seq};
    input.now = f.now;
    f.effects = core_step(f.core, &input);
    pthread_mutex_unlock(&city->lock);
    command->done(command);
    return ERR_OK;
}

static void key_make(const char *name, const char *districts, char out[KEY_TEXT_MAX])
{
    const struct key_order order = {.name = name, .role = ROLE_STAFF, .districts = districts};
    struct key_row row;

    assert_int_equal(key_issue(city->keys_path, &order, 2, &row, out), ERR_OK);
}

static int setup(void **state)
{
    static char url[] = "https://parking.example.cn";

    (void)state;
    city = city_make();
    case_start(&f);
    inventory_destroy(city->inv);
    city->inv = f.inv;
    (void)inventory_publish(&city->board, city->inv);
    view_destroy(city->view);
    city->view = view_create();
    assert_int_equal(view_reserve(city->view, city->inv->space_count, city->inv->lot_count),
                     ERR_OK);
    city->at_ms = f.now.at_ms;
    city_beat(city);
    key_make("checker", NULL, checker);
    key_make("boss", NULL, boss);
    key_make("north", "150499", north);
    city->config.http.public_url = url;
    city->config.calendar.utc_offset_min = 480;
    city->config.http.reports_per_minute = 60;
    city->intake = (struct intake_port){.command = take_command};
    city_api_start(city);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    city_close(city); /* its thread steps the core; it destroys the inventory */
    core_destroy(f.core);
    return 0;
}

static int beat(void **state)
{
    (void)state;
    city->at_ms = f.now.at_ms;
    city_beat(city);
    return 0;
}

/* Time goes on for core and view. */
static void wait_ms(int64_t ms)
{
    pthread_mutex_lock(&city->lock);
    case_wait(&f, ms);
    pthread_mutex_unlock(&city->lock);
    (void)beat(NULL);
}

static struct answer_text ask_with(const char *method, const char *key, const char *target,
                                   const char *more, const char *body)
{
    char head[320] = "";

    (void)snprintf(head, sizeof head, "%s%s%s%s%s", key != NULL ? "Authorization: Bearer " : "",
                   key != NULL ? key : "", key != NULL ? "\r\n" : "",
                   body != NULL ? "Content-Type: application/json\r\n" : "", more);
    return client_ask(city, method, target, head, body);
}

/* Asks and looks for a text in the answer, "" = nothing. */
static void expect(const char *method, const char *key, const char *target, const char *body,
                   int status, const char *has)
{
    struct answer_text a = ask_with(method, key, target, "", body);

    if (a.status != status || strstr(a.body, has) == NULL) {
        fail_msg("%s %s %s: %d %s, wanted %d with %s", method, target, body == NULL ? "" : body,
                 a.status, a.body, status, has);
    }
    answer_free(&a);
}

static const char *space_text(unsigned number)
{
    static char id[SPACE_ID_LEN + 1];

    space_id_format(case_space(1, number), id);
    return id;
}

/* Takes the text behind a member's name out of an answer. */
static void member(const char *body, const char *name, char *out, size_t cap)
{
    char start[40];
    const char *at;

    (void)snprintf(start, sizeof start, "\"%s\":\"", name);
    at = strstr(body, start);
    assert_non_null(at);
    at += strlen(start);
    (void)snprintf(out, cap, "%.*s", (int)strcspn(at, "\""), at);
}

/* Opens a case and gives its number. */
static void opened(const char *kind, const char *source, const char *place,
                   char number[CASE_NUMBER_LEN + 1])
{
    char body[300];
    struct answer_text a;

    (void)snprintf(body, sizeof body,
                   "{\"kind\":\"%s\",\"source\":\"%s\",\"place\":\"%s\",\"text\":\"seen\"}", kind,
                   source, place);
    a = ask_with("POST", city->staff, "/v1/cases", "", body);
    if (a.status != 201) {
        fail_msg("%d %s", a.status, a.body);
    }
    member(a.body, "id", number, CASE_NUMBER_LEN + 1);
    answer_free(&a);
}

static void move(const char *key, const char *number, const char *event, const char *body,
                 int status, const char *has)
{
    char target[80];

    (void)snprintf(target, sizeof target, "/v1/cases/%s/%s", number, event);
    expect("POST", key, target, body, status, has);
}

static void look(const char *number, const char *tail, int status, const char *has)
{
    char target[100];

    (void)snprintf(target, sizeof target, "/v1/cases/%s%s", number, tail);
    expect("GET", city->staff, target, NULL, status, has);
}

/* --- the table of routes and the table of the core --- */

static void every_staff_event_has_a_route(void **state)
{
    size_t count;
    const struct case_transition *rows = case_transitions(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char path[80];
        struct route_match match;

        if (rows[i].event == CASE_EVENT_REPORT) {
            continue; /* POST /v1/cases */
        }
        (void)snprintf(path, sizeof path, "/v1/cases/150402-20260601-00001-0/%s",
                       case_event_word((enum case_event)rows[i].event)->code);
        route_find(METHOD_POST, path, &match);
        if ((match.route != NULL) != ((rows[i].roles & CASE_BY_STAFF) != 0)) {
            fail_msg("%s", path);
        }
    }
}

/* --- an abandoned car: 001 "清理僵尸车", 19 挂号 销号, 21 闭环 --- */

static void phrase_19_21_a_car_from_patrol_to_strike_off(void **state)
{
    char n[CASE_NUMBER_LEN + 1];

    (void)state;
    opened("zombie_car", "patrol", space_text(1), n);
    look(n, "", 200, "\"stage\":\"suspect\"");
    look(n, "/notice", 409, "no notice");
    move(city->staff, n, "confirm", "{\"features\":[\"dust\"]}", 422, "\"pointer\":\"/evidence\"");
    move(city->staff, n, "confirm", "{" EVIDENCE "}", 422, "\"pointer\":\"/features\"");
    move(city->staff, n, "confirm", "{\"features\":[\"dust\",\"flat_tyre\"]," EVIDENCE "}", 200,
         "\"stage\":\"confirmed\"");
    look(n, "", 200, "\"unit\":\"ROADS\",\"person\":\"P-1\"");
    move(city->staff, n, "check_in", NULL, 200, "\"status\":\"handling\"");
    move(city->staff, n, "notice", "{\"document\":\"G-2026-001\",\"channel\":\"pigeon\"}", 422,
         "sticker");
    move(city->staff, n, "notice", "{\"document\":\"G-2026-001\",\"channel\":\"sticker\"}", 200,
         "\"stage\":\"noticed\"");
    move(boss, n, "impound", "{\"document\":\"D-1\"}", 409, "takes no impound; it takes ");
    wait_ms(10 * DAY);
    look(n, "", 200, "\"stage\":\"overdue\"");
    move(city->staff, n, "impound", "{\"document\":\"D-1\"}", 403, "somebody else");
    wait_ms(13 * HOUR); /* 23:00 in Shanghai */
    move(boss, n, "impound", "{\"document\":\"D-1\"}", 409, "night");
    move(boss, n, "impound", "{\"document\":\"D-1\",\"emergency\":true}", 409, "note");
    wait_ms(10 * HOUR);
    move(boss, n, "impound", "{\"document\":\"D-1\"}", 200, "\"stage\":\"impounded\"");
    move(boss, n, "claim", "{\"document\":\"C-1\"," EVIDENCE "}", 200, "\"stage\":\"claimed\"");
    move(city->staff, n, "check", NULL, 200, "\"status\":\"checking\"");
    move(boss, n, "close", NULL, 403, "somebody else");
    move(checker, n, "close", NULL, 200, "\"status\":\"closed\"");
    look(n, "", 200, "\"history\":[{\"number\":1,\"event\":\"report\"");
    move(city->staff, n, "note", "{\"note\":\"late\"}", 409, "closed");
}

/* 19: closing without evidence is refused, too. */
static void phrase_19_no_strike_off_without_evidence(void **state)
{
    char n[CASE_NUMBER_LEN + 1];

    (void)state;
    opened("order", "hotline", space_text(2), n);
    move(city->staff, n, "file", NULL, 200, "\"status\":\"dispatched\"");
    move(city->staff, n, "check_in", NULL, 200, "handling");
    move(city->staff, n, "feedback", "{\"note\":\"done\"}", 200, "\"step\":5");
    move(city->staff, n, "check", NULL, 200, "checking");
    move(checker, n, "close", NULL, 422, "evidence");
    move(checker, n, "rework", "{\"note\":\"still there\"}", 200, "\"rework_count\":1");
    move(city->staff, n, "rehandle", NULL, 200, "handling");
    move(city->staff, n, "feedback", "{\"note\":\"done\"," EVIDENCE "}", 200, "feedback");
    move(city->staff, n, "check", NULL, 200, "checking");
    move(checker, n, "close", NULL, 200, "closed");
}

/* 23 清单化、责任化、时限化 and 46 定人、定责、定时、定奖惩 */
static void phrase_23_46_no_dispatch_without_the_four(void **state)
{
    char n[CASE_NUMBER_LEN + 1];

    (void)state;
    opened("facility", "superior", space_text(3), n); /* its unit has named no person */
    move(city->staff, n, "file", NULL, 200, "\"status\":\"filed\"");
    look(n, "", 200, "\"orphan\":true");
    expect("GET", city->staff, "/v1/cases?is=orphan", NULL, 200, n); /* 47 */
    move(city->staff, n, "dispatch", NULL, 422, "person");
    move(city->staff, n, "dispatch", "{\"unit\":\"NOBODY\",\"person\":\"X\"}", 422, "unit");
    move(city->staff, n, "dispatch", "{\"person\":\"P-9\",\"until\":\"2020-01-01T00:00:00Z\"}", 422,
         "in the future");
    move(city->staff, n, "dispatch",
         "{\"person\":\"P-9\",\"duty\":\"mend the sign\",\"score\":-0.5,"
         "\"until\":\"2099-01-01T00:00:00Z\"}",
         200, "\"person\":\"P-9\",\"duty\":\"mend the sign\",\"score\":-0.5");
    look(n, "", 200, "\"handle\":\"2099-01-01T00:00:00Z\"");
    expect("GET", city->staff, "/v1/cases?person=P-9", NULL, 200, n);
}

/* 10 案件移送 and 40 会办 */
static void phrase_10_40_transfer_and_helpers(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    char due[32];
    char target[60];
    struct answer_text a;

    (void)state;
    opened("order", "letter_box", space_text(4), n);
    move(city->staff, n, "file", NULL, 200, "dispatched");
    (void)snprintf(target, sizeof target, "/v1/cases/%s", n);
    a = ask_with("GET", city->staff, target, "", NULL);
    member(a.body, "handle", due, sizeof due);
    answer_free(&a);
    move(city->staff, n, "transfer", "{\"unit\":\"HELP-1\",\"note\":\"theirs\"}", 422, "/person");
    move(city->staff, n, "transfer", "{\"unit\":\"HELP-1\",\"person\":\"H-1\",\"note\":\"theirs\"}",
         200, due);
    move(city->staff, n, "check_in", NULL, 200, "handling");
    move(city->staff, n, "assist", "{\"unit\":\"HELP-2\"}", 200,
         "\"assists\":[{\"unit\":\"HELP-2\",\"fed_back\":false}]");
    move(city->staff, n, "assist_feedback", "{\"unit\":\"HELP-2\",\"note\":\"done\"}", 200,
         "\"fed_back\":true");
    look(n, "", 200, "\"event\":\"transfer\"");
}

/* --- two who edit the same case --- */

static void two_edit_one_case_one_200_one_409(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    char target[80];
    char etag[40];
    char head[80];
    struct answer_text a;

    (void)state;
    opened("pile_up", "superior", space_text(1), n);
    move(city->staff, n, "note", "{\"note\":\"a\",\"version\":1}", 200, "\"version\":2");
    move(checker, n, "note", "{\"note\":\"b\",\"version\":1}", 409, "version");
    (void)snprintf(target, sizeof target, "/v1/cases/%s", n);
    a = ask_with("GET", city->staff, target, "", NULL);
    assert_non_null(head_find(a.head, "ETag", etag, sizeof etag));
    answer_free(&a);
    (void)snprintf(head, sizeof head, "If-None-Match: %s\r\n", etag);
    a = ask_with("GET", city->staff, target, head, NULL);
    assert_int_equal(a.status, 304);
    answer_free(&a);
    (void)snprintf(target, sizeof target, "/v1/cases/%s/note", n);
    (void)snprintf(head, sizeof head, "If-Match: %s\r\n", etag);
    a = ask_with("POST", city->staff, target, head, "{\"note\":\"c\"}");
    assert_int_equal(a.status, 200);
    answer_free(&a);
    a = ask_with("POST", checker, target, head, "{\"note\":\"d\"}");
    assert_int_equal(a.status, 412);
    answer_free(&a);
    a = ask_with("POST", checker, target, "If-Match: \"x\"\r\n", "{\"note\":\"d\"}");
    assert_int_equal(a.status, 412);
    answer_free(&a);
}

/* Said twice it is one case with a row more, and 200. */
static void what_is_open_is_not_opened_again(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    char body[200];

    (void)state;
    opened("no_parking", "patrol", space_text(3), n);
    (void)snprintf(body, sizeof body,
                   "{\"kind\":\"no_parking\",\"source\":\"hotline\",\"place\":\"%s\"}",
                   space_text(3));
    expect("POST", city->staff, "/v1/cases", body, 200, n);
    look(n, "", 200, "\"row_count\":2");
}

/* A key of some districts opens and moves what is there, and nothing elsewhere. */
static void keys_of_a_district(void **state)
{
    char there[CASE_NUMBER_LEN + 1];
    char merge[80];
    char n[CASE_NUMBER_LEN + 1];
    char body[200];

    (void)state;
    opened("order", "patrol", space_text(3), n);
    move(north, n, "note", "{\"note\":\"x\"}", 403, "districts");
    case_id_format(case_id_make(150499, 20260601, 1), there);
    (void)snprintf(merge, sizeof merge, "{\"into\":\"%s\",\"note\":\"x\"}", n);
    move(north, there, "merge", merge, 403, "into: this key");
    (void)snprintf(body, sizeof body, "{\"kind\":\"order\",\"source\":\"patrol\",\"place\":\"%s\"}",
                   space_text(3));
    expect("POST", north, "/v1/cases", body, 403, "districts");
    expect("POST", north, "/v1/cases",
           "{\"kind\":\"order\",\"source\":\"patrol\",\"location\":{\"lat\":42.2,\"lon\":118.8}}",
           403, "districts");
}

/* --- bodies --- */

static void bodies_are_checked(void **state)
{
    static const char *const rows[][3] = {
        {"/v1/cases",      "{\"kind\":\"x\",\"source\":\"patrol\",\"place\":\"PLACE\"}",           "/kind"                   },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"sensor\",\"place\":\"PLACE\"}",       "/source"                 },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"app\",\"place\":\"PLACE\"}",          "/source"                 },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"patrol\"}",                           "say where"               },
        {"/v1/cases",      "{\"kind\":\"order\",\"place\":\"PLACE\"}",                             "/source"                 },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"patrol\",\"place\":\"X\"}",           "/place"                  },
        {"/v1/cases",
         "{\"kind\":\"order\",\"source\":\"patrol\",\"place\":\"PLACE\",\"plate\":\"A\"}",         "unknown field"           },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"patrol\",\"vehicle\":\"京A12345\"}",
         "/vehicle"                                                                                                          },
        {"/v1/cases",
         "{\"kind\":\"order\",\"source\":\"patrol\",\"location\":{\"lat\":91,\"lon\":1}}",         "/location"               },
        {"/v1/cases",
         "{\"kind\":\"order\",\"source\":\"patrol\",\"location\":{\"lat\":9,\"lon\":1,\"x\":1}}",  "/location"               },
        {"/v1/detections", "{\"kind\":\"order\",\"place\":\"PLACE\"}",                             "/evidence"               },
        {"/v1/detections", "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{}}",
         "/evidence/uri"                                                                                                     },
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"javascript:1\"}}",       "/evidence/uri"           },
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"https://a\","
         "\"sha256\":\"00\"}}",                                                                    "/evidence/sha256"        },
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"https://a\","
         "\"picture\":\"x\"}}",                                                                    "must be an object of uri"},
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"data:image/png\"}}",     "/evidence/uri"           },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *hole = strstr(rows[i][1], "PLACE");
        char body[400];

        (void)snprintf(body, sizeof body, "%.*s%s%s",
                       (int)(hole == NULL ? (ptrdiff_t)strlen(rows[i][1]) : hole - rows[i][1]),
                       rows[i][1], hole == NULL ? "" : space_text(2), hole == NULL ? "" : hole + 5);
        expect("POST", city->staff, rows[i][0], body, 422, rows[i][2]);
    }
    expect("POST", city->staff, "/v1/cases/x/file", "{}", 404, "no such case");
    expect("GET", city->staff, "/v1/cases?is=late", NULL, 400, "open, overdue, orphan, recurring");
    expect("GET", city->staff, "/v1/cases?status=x", NULL, 400, "reported, filed, dispatched");
    expect("GET", city->staff, "/v1/cases?from=yesterday", NULL, 400, "RFC 3339");
    expect("GET", city->staff,
           "/v1/cases?from=2026-06-02T00:00:00Z&until=2026-06-02T08:00:00%2B08:00", NULL, 400,
           "later than from");
    expect("GET", city->staff, "/v1/cases?order=x", NULL, 400, "newest or due");
    expect("GET", city->staff, "/v1/cases/handover?hours=99", NULL, 400, "hours");
}

/* Each wrong field by its name, once, with what it may be; also what only the core can know. */
static void refusals_name_their_fields(void **state)
{
    static const struct {
        const char *target, *body, *errors;
    } rows[] = {
        {"/v1/reports", "{\"kind\":\"order\",\"text\":\"x\",\"place\":\"150402001R0999999X\"}",
         "[{\"pointer\":\"/place\",\"detail\":\"must be the ID of a space, lot or fence\"}]"},
        {"/v1/reports", "{\"kind\":\"order\",\"text\":\"x\",\"place\":\"150402599R0990099P\"}",
         "[{\"pointer\":\"/place\",\"detail\":\"there is no such space, lot or fence\"}]"   },
        {"/v1/reports", "{\"kind\":\"order\",\"text\":\"x\",\"location\":{\"lat\":91,\"lon\":118}}",
         "[{\"pointer\":\"/location\",\"detail\":\"must have lat from -90 to 90, lon from -180 to "
         "180, "
         "not 0, 0; and may have crs\"}]"                                                   },
        {"/v1/reports",
         "{\"kind\":\"order\",\"text\":\"x\",\"location\":{\"lat\":42,\"lon\":118},\"evidence\":{"
         "\"uri\":\"x\",\"sha256\":\"00\"}}",                                                        "[{\"pointer\":\"/evidence/uri\",\"detail\":\"must be https, http, s3, oss, cos, obs or "
         "file, "
         "at most 200 bytes of ASCII\"},"
         "{\"pointer\":\"/evidence/sha256\",\"detail\":\"must be 64 hex digits\"},"
         "{\"pointer\":\"/evidence/taken_at\",\"detail\":\"is required: an RFC 3339 time, not "
         "later than "
         "tomorrow\"}]"                        },
    };

    char target[80];
    char body[80];
    char n[CASE_NUMBER_LEN + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect("POST", NULL, rows[i].target, rows[i].body, 422, rows[i].errors);
    }
    opened("pile_up", "video", space_text(4), n);
    (void)snprintf(target, sizeof target, "/v1/cases/%s/merge", n);
    (void)snprintf(body, sizeof body, "{\"into\":\"%s\"}", n);
    expect("POST", city->staff, target, body, 422, "\"errors\":[{\"pointer\":\"/into\"");
}

/* --- residents: 37 公众参与渠道, 38 sources --- */

static void phrase_37_a_report_its_receipt_and_its_rating(void **state)
{
    char body[300];
    char receipt[RECEIPT_LEN + 1];
    char target[80];
    char n[CASE_NUMBER_LEN + 1];
    struct answer_text a;

    (void)state;
    (void)snprintf(
        body, sizeof body,
        "{\"kind\":\"zombie_bike_private\",\"place\":\"%s\",\"text\":\"call 13812345678\","
        "\"evidence\":{\"uri\":\"https://files.example/p.jpg\",\"sha256\":"
        "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
        "\"taken_at\":\"2026-06-01T02:00:00Z\"}}",
        space_text(4));
    a = ask_with("POST", NULL, "/v1/reports", "", body);
    assert_int_equal(a.status, 201);
    member(a.body, "receipt", receipt, sizeof receipt);
    answer_free(&a);
    (void)snprintf(target, sizeof target, "/v1/reports/%s", receipt);
    a = ask_with("GET", NULL, target, "", NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"code\":\"reported\""));
    assert_non_null(strstr(a.body, "已上报"));
    /* nobody's data: no text, no place, no number, no evidence */
    assert_null(strstr(a.body, "138"));
    assert_null(strstr(a.body, "150402"));
    assert_null(strstr(a.body, "files.example"));
    assert_null(strstr(a.body, "P-1"));
    answer_free(&a);
    expect("GET", NULL, "/v1/reports/0000-0000-0000-0001-X", NULL, 404, "no report with");
    expect("GET", NULL, "/v1/reports/x", NULL, 404, "no report with");
    (void)snprintf(target, sizeof target, "/v1/reports/%s/rating", receipt);
    a = ask_with("POST", NULL, target, "", "{\"rating\":5}");
    assert_int_equal(a.status, 409);
    assert_non_null(strstr(a.body, "rated once, when it is closed"));
    assert_null(strstr(a.body, "suspect")); /* nor what staff think of it */
    answer_free(&a);
    expect("POST", NULL, target, "{\"rating\":6}", 422, "/rating");
    a = ask_with("GET", city->staff, "/v1/cases?source=app", "", NULL);
    member(a.body, "id", n, sizeof n);
    answer_free(&a);
    move(city->staff, n, "confirm", "{\"features\":[\"dust\"]," EVIDENCE "}", 200, "confirmed");
    move(city->staff, n, "self_clear", "{" EVIDENCE "}", 200, "self_cleared");
    move(city->staff, n, "check", NULL, 200, "checking");
    move(checker, n, "close", "{" EVIDENCE "}", 200, "closed");
    expect("POST", NULL, target, "{\"rating\":5}", 200, "\"step\":7");
    expect("POST", NULL, target, "{\"rating\":4}", 422, "only once");
    expect("POST", NULL, "/v1/reports", "{\"kind\":\"order\",\"text\":\"x\"}", 422, "say where");
    expect("POST", NULL, "/v1/reports", "{\"kind\":\"order\"}", 422, "/text");
    expect("POST", NULL, "/v1/reports", "{\"kind\":\"out_of_fence\",\"text\":\"x\"}", 422, "/kind");
    expect("POST", NULL, "/v1/reports", "{\"kind\":\"order\",\"vehicle\":\"HLO-1\"}", 422,
           "unknown field");
}

static void phrase_38_each_source_is_counted_apart(void **state)
{
    char body[500];

    (void)state;
    (void)snprintf(body, sizeof body,
                   "{\"kind\":\"order\",\"place\":\"%s\",\"text\":\"a row of bikes\"," EVIDENCE "}",
                   space_text(1));
    expect("POST", city->staff, "/v1/detections", body, 201, "\"source\":\"video\"");
    expect("GET", city->staff, "/v1/cases?source=video", NULL, 200, "\"source\":\"video\"");
    expect("GET", city->staff, "/v1/cases?source=sensor", NULL, 200, "\"items\":[]");
    expect("GET", city->staff, "/v1/cases/figures", NULL, 200, "\"video\":1");
    expect("GET", city->staff, "/v1/cases/figures", NULL, 200, "\"letter_box\":1");
}

/* 20 对账销号: opened - closed - voided = outstanding */
static void phrase_20_the_books_balance(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    struct case_figures figures;
    char text[120];

    (void)state;
    opened("order", "hotline", space_text(2), n);
    move(city->staff, n, "void", NULL, 422, "/note");
    move(city->staff, n, "void", "{\"note\":\"nothing there\"}", 200, "voided");
    pthread_mutex_lock(&city->lock);
    case_books(&f, &figures);
    pthread_mutex_unlock(&city->lock);
    (void)snprintf(text, sizeof text,
                   "\"opened\":%d,\"closed\":%d,\"voided\":%d,\"outstanding\":%d,\"balanced\":true",
                   (int)figures.opened, (int)figures.closed, (int)figures.voided,
                   (int)figures.outstanding);
    assert_true(figures.voided >= 1 && figures.closed >= 1);
    expect("GET", city->staff, "/v1/cases/figures", NULL, 200, text);
}

/* --- prints and lists --- */

static void phrase_prints_have_number_and_code(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    char target[100];
    char text[200];
    struct answer_text a;

    (void)state;
    opened("zombie_car", "patrol", space_text(2), n);
    move(city->staff, n, "note", "{\"note\":\"<b>bold</b>\"}", 200, n);
    move(city->staff, n, "confirm", "{\"features\":[\"dust\"]," EVIDENCE "}", 200, "confirmed");
    move(city->staff, n, "check_in", NULL, 200, "handling");
    move(city->staff, n, "notice",
         "{\"document\":\"G-2026-002\",\"channel\":\"sticker\",\"until\":\"2026-08-20T10:00:00Z\"}",
         200, "noticed");
    (void)snprintf(target, sizeof target, "/v1/cases/%s/notice", n);
    a = ask_with("GET", city->staff, target, "Accept: text/html\r\n", NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(head_find(a.head, "Content-Security-Policy", text, sizeof text));
    assert_non_null(strstr(text, "style-src 'sha256-"));
    assert_non_null(head_find(a.head, "Cache-Control", text, sizeof text));
    assert_string_equal(text, "no-store");
    assert_non_null(strstr(a.body, n));
    assert_non_null(strstr(a.body, "G-2026-002"));
    assert_non_null(strstr(a.body, "<svg viewBox"));
    assert_non_null(strstr(a.body, "车辆限期移除告知书"));
    assert_non_null(strstr(a.body, "Notice to Remove a Vehicle"));
    assert_non_null(strstr(a.body, "2026-08-20 18:00")); /* of the city, not of Greenwich */
    assert_null(strstr(a.body, "<script"));
    answer_free(&a);
    (void)snprintf(target, sizeof target, "/v1/cases/%s/notice?lang=en", n);
    a = ask_with("GET", city->staff, target, "", NULL);
    assert_null(strstr(a.body, "告知"));
    answer_free(&a);
    (void)snprintf(target, sizeof target, "/v1/cases/%s/file", n);
    a = ask_with("GET", city->staff, target, "", NULL);
    assert_int_equal(a.status, 200);
    assert_null(strstr(a.body, "<b>bold"));
    assert_non_null(strstr(a.body, "&lt;b&gt;bold"));
    assert_non_null(strstr(a.body, "https://files.example/1.jpg"));
    assert_non_null(strstr(a.body, "现场认定"));
    answer_free(&a);
}

static void lists_for_spreadsheets(void **state)
{
    struct answer_text a;
    char n[CASE_NUMBER_LEN + 1];

    (void)state;
    opened("facility", "hotline", space_text(1), n);
    a = ask_with("GET", city->staff, "/v1/cases?format=csv&kind=facility", "", NULL);
    assert_int_equal(a.status, 200);
    assert_int_equal(strncmp(a.body, "\xef\xbb\xbfid,kind,status,stage,source,", 30), 0);
    assert_non_null(strstr(a.body, n));
    answer_free(&a);
    a = ask_with("GET", city->staff, "/v1/cases/due?format=csv&limit=2", "", NULL);
    assert_int_equal(strncmp(a.body, "\xef\xbb\xbfid,kind,", 11), 0);
    answer_free(&a);
}

/* Pages of both orders have every case once; what is due next comes first. */
static void pages_have_no_gaps(void **state)
{
    static const char *const lists[] = {"/v1/cases?limit=2", "/v1/cases/due?limit=2"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        char target[160];
        char next[80] = "";
        char seen[64][CASE_NUMBER_LEN + 1];
        char last_due[32] = "";
        unsigned count = 0;

        do {
            struct answer_text a;

            (void)snprintf(target, sizeof target, "%s%s%s", lists[i],
                           next[0] == '\0' ? "" : "&cursor=", next);
            a = ask_with("GET", city->staff, target, "", NULL);
            assert_int_equal(a.status, 200);
            for (const char *at = strstr(a.body, "{\"id\":\"15"); at != NULL;
                 at = strstr(at + 1, "{\"id\":\"15")) {
                const char *due = strstr(at, "\"next\":\"2");

                assert_true(count < 64);
                member(at, "id", seen[count], sizeof seen[count]);
                for (unsigned k = 0; k < count; k++) {
                    assert_string_not_equal(seen[k], seen[count]);
                }
                if (i == 1 && due != NULL && strstr(at, "\"due\":{\"next\":\"") < due) {
                    char text[32];

                    member(at, "next", text, sizeof text);
                    assert_true(strcmp(last_due, text) <= 0);
                    (void)snprintf(last_due, sizeof last_due, "%s", text);
                }
                count++;
            }
            next[0] = '\0';
            if (strstr(a.body, "],\"next\":\"") != NULL) {
                member(strstr(a.body, "],\"next\":\"") + 2, "next", next, sizeof next);
            }
            answer_free(&a);
        } while (next[0] != '\0');
        assert_true(count > 3);
    }
}

/* What the next shift must know. */
static void the_hand_over_note(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    struct answer_text a;

    (void)state;
    wait_ms(24 * HOUR);
    opened("pile_up", "hotline", space_text(3), n);
    move(city->staff, n, "file", NULL, 200, "dispatched");
    move(city->staff, n, "check_in", NULL, 200, "handling");
    move(city->staff, n, "suspend", "{\"note\":\"road works\"}", 200, "suspended");
    a = ask_with("GET", city->staff, "/v1/cases/handover?hours=8", "", NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "\"by_source\":{\"sensor\":0,\"patrol\":0,\"hotline\":1,"));
    assert_non_null(strstr(strstr(a.body, "\"came_in\":[{"), n));
    assert_non_null(strstr(strstr(a.body, "\"suspended\":["), n));
    answer_free(&a);
    a = ask_with("GET", city->staff, "/v1/cases/handover?format=text&lang=en", "", NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "Came in during the shift: 1\n"));
    answer_free(&a);
    a = ask_with("GET", city->staff, "/v1/cases/handover?format=html", "", NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "交接班记录"));
    answer_free(&a);
}

/* A read of a case is kept as a change is: who, when, which. */
static void reads_are_audited(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    unsigned audits = 0;

    (void)state;
    opened("facility", "hotline", space_text(4), n);
    look(n, "", 200, n);
    pthread_mutex_lock(&city->lock);
    for (size_t i = 0; i < f.effects->kept_count; i++) {
        const struct image *kept = &f.effects->kept[i];

        if (kept->kind == IMAGE_AUDIT) {
            char text[CASE_NUMBER_LEN + 1];

            case_id_format(kept->audit.case_id, text);
            assert_string_equal(text, n);
            assert_string_equal(kept->audit.actor, "warden");
            assert_string_equal(kept->audit.note, "read");
            audits++;
        }
    }
    pthread_mutex_unlock(&city->lock);
    assert_int_equal(audits, 1);
}

/* A resident's app on another site may post; staff's routes are not for browsers of others. */
static void reports_come_from_other_sites(void **state)
{
    char text[80];
    struct answer_text a;

    (void)state;
    a = client_ask(city, "OPTIONS", "/v1/reports", "Origin: https://app.example\r\n", NULL);
    assert_int_equal(a.status, 204);
    assert_string_equal(head_find(a.head, "Access-Control-Allow-Methods", text, sizeof text),
                        "POST, OPTIONS");
    assert_non_null(
        strstr(head_find(a.head, "Access-Control-Allow-Headers", text, sizeof text), "Content-T"));
    answer_free(&a);
    a = client_ask(city, "OPTIONS", "/v1/cases", "Origin: https://app.example\r\n", NULL);
    assert_null(head_find(a.head, "Access-Control-Allow-Origin", text, sizeof text));
    answer_free(&a);
}

static void the_dictionary_is_served(void **state)
{
    (void)state;
    expect("GET", NULL, "/v1/words", NULL, 200,
           "\"zombie_car\":{\"en\":\"abandoned car\",\"zh-CN\":\"僵尸机动车\"}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, beat)
    const struct CMUnitTest tests[] = {
        TEST(every_staff_event_has_a_route),
        TEST(phrase_19_21_a_car_from_patrol_to_strike_off),
        TEST(phrase_19_no_strike_off_without_evidence),
        TEST(phrase_23_46_no_dispatch_without_the_four),
        TEST(phrase_10_40_transfer_and_helpers),
        TEST(two_edit_one_case_one_200_one_409),
        TEST(what_is_open_is_not_opened_again),
        TEST(keys_of_a_district),
        TEST(bodies_are_checked),
        TEST(phrase_37_a_report_its_receipt_and_its_rating),
        TEST(phrase_38_each_source_is_counted_apart),
        TEST(phrase_20_the_books_balance),
        TEST(phrase_prints_have_number_and_code),
        TEST(lists_for_spreadsheets),
        TEST(pages_have_no_gaps),
        TEST(the_hand_over_note),
        TEST(reads_are_audited),
        TEST(reports_come_from_other_sites),
        TEST(the_dictionary_is_served),
        TEST(refusals_name_their_fields),
    };
#undef TEST

    return cmocka_run_group_tests(tests, setup, teardown);
}
