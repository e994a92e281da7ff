/* The desk over HTTP with the real core behind: an abandoned car's whole life, two who edit one
 * case, keys of a district, and what is audited. Names of tests that stand for a phrase of the
 * city's papers say which (docs/FEATURES.md). Residents: test_api_reports.c; prints and lists:
 * test_api_desk_lists.c. */
#include "tests/unit/api_desk_fixture.h"

#include "api/route.h"
#include "gateway/core/case/transitions.h"

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
    move(city->staff, n, "dispatch", "{\"person\":\"P-9\",\"score\":-0.005}", 422, "two decimals");
    move(city->staff, n, "dispatch",
         "{\"person\":\"P-9\",\"duty\":\"mend the sign\",\"score\":-0.5,"
         "\"until\":\"2099-01-01T00:00:00Z\"}",
         200, "\"person\":\"P-9\",\"duty\":\"mend the sign\",\"score\":-0.5");
    look(n, "", 200, "\"handle\":\"2099-01-01T00:00:00Z\"");
    expect("GET", city->staff, "/v1/cases?person=P-9", NULL, 200, n);
    /* of another unit it is who that one names */
    move(city->staff, n, "return", "{\"note\":\"not ours\"}", 200, "returned");
    move(city->staff, n, "dispatch", "{\"unit\":\"HELP-1\"}", 200,
         "\"unit\":\"HELP-1\",\"person\":\"H-1\"");
}

/* 10 案件移送 and 40 会办 */
static void phrase_10_40_transfer_and_helpers(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    char due[32];
    char target[60];
    char want[120];
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
    /* who asks for too little hears from when on it would be more */
    (void)snprintf(want, sizeof want,
                   "until: 2026-06-01T02:00:01Z; later than the present deadline %s,", due);
    move(city->staff, n, "extend", "{\"until\":\"2026-06-01T02:00:01Z\",\"note\":\"rain\"}", 422,
         want);
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
        {"/v1/cases",      "{\"kind\":\"x\",\"source\":\"patrol\",\"place\":\"PLACE\"}",              "/kind"                   },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"sensor\",\"place\":\"PLACE\"}",          "/source"                 },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"app\",\"place\":\"PLACE\"}",             "/source"                 },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"patrol\"}",                              "say where"               },
        {"/v1/cases",      "{\"kind\":\"order\",\"place\":\"PLACE\"}",                                "/source"                 },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"patrol\",\"vehicle\":\"HLO-00000001\"}",
         "\"pointer\":\"/place\""                                                                                               },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"patrol\",\"place\":\"X\"}",              "/place"                  },
        {"/v1/cases",
         "{\"kind\":\"order\",\"source\":\"patrol\",\"place\":\"PLACE\",\"plate\":\"A\"}",            "unknown field"           },
        {"/v1/cases",      "{\"kind\":\"order\",\"source\":\"patrol\",\"vehicle\":\"京A12345\"}",
         "/vehicle"                                                                                                             },
        {"/v1/cases",
         "{\"kind\":\"zombie_car\",\"source\":\"patrol\",\"place\":\"PLACE\",\"vehicle\":\"JD-"
         "A1234\"}",                                                                                  "this kind has none"      },
        {"/v1/cases",
         "{\"kind\":\"order\",\"source\":\"patrol\",\"location\":{\"lat\":91,\"lon\":1}}",            "/location"               },
        {"/v1/cases",
         "{\"kind\":\"order\",\"source\":\"patrol\",\"location\":{\"lat\":9,\"lon\":1,\"x\":1}}",     "/location"               },
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"https://u:p@a/1.jpg\"}}",   "without a login"         },
        {"/v1/detections", "{\"kind\":\"order\",\"place\":\"PLACE\"}",                                "/evidence"               },
        {"/v1/detections", "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{}}",
         "/evidence/uri"                                                                                                        },
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"javascript:1\"}}",          "/evidence/uri"           },
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"https://a\","
         "\"sha256\":\"00\"}}",                                                                       "/evidence/sha256"        },
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"https://a\","
         "\"picture\":\"x\"}}",                                                                       "must be an object of uri"},
        {"/v1/detections",
         "{\"kind\":\"order\",\"place\":\"PLACE\",\"evidence\":{\"uri\":\"data:image/png\"}}",        "/evidence/uri"           },
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
         "{\"kind\":\"order\",\"text\":\"x\",\"location\":{\"lat\":42.2578,\"lon\":118.8869},"
         "\"evidence\":{"
         "\"uri\":\"x\",\"sha256\":\"00\"}}",                                                        "[{\"pointer\":\"/evidence/uri\",\"detail\":\"must be https, http, s3, oss, cos, obs or "
         "file, "
         "at most 200 bytes of ASCII without a login\"},"
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

/* A read of a case is kept as a change is: who, when, which. */
/* The one audit row of the step behind the last answer: its note, "" = none was kept. */
static void audited(const char *note, const char *number)
{
    char text[CASE_NUMBER_LEN + 1] = "";
    const char *kept_note = "";

    pthread_mutex_lock(&city->lock);
    for (size_t i = 0; i < f.effects->kept_count; i++) {
        const struct image *kept = &f.effects->kept[i];

        assert_int_equal(kept->kind, IMAGE_AUDIT);
        assert_string_equal(kept_note, "");
        assert_string_equal(kept->audit.actor, "warden");
        kept_note = kept->audit.note;
        if (kept->audit.case_id != 0) {
            case_id_format(kept->audit.case_id, text);
        }
    }
    assert_string_equal(kept_note, note);
    assert_string_equal(text, number);
    pthread_mutex_unlock(&city->lock);
}

/* What is printed as a number is one line. */
static void a_document_is_one_line(void **state)
{
    char n[CASE_NUMBER_LEN + 1];

    (void)state;
    opened("zombie_car", "patrol", space_text(1), n);
    move(city->staff, n, "confirm", "{\"features\":[\"dust\"]," EVIDENCE "}", 200, "confirmed");
    move(city->staff, n, "check_in", NULL, 200, "handling");
    move(city->staff, n, "notice", "{\"document\":\"G-1\\nvoid\",\"channel\":\"call\"}", 422,
         "must be one line");
    move(city->staff, n, "notice", "{\"document\":\"G-1\",\"channel\":\"call\"}", 200, "noticed");
}

/* Every read by staff: a case, and each list that shows cases. */
static void reads_are_audited(void **state)
{
    char n[CASE_NUMBER_LEN + 1];

    (void)state;
    opened("facility", "hotline", space_text(4), n);
    look(n, "", 200, n);
    audited("read", n);
    expect("GET", city->staff, "/v1/cases/figures", NULL, 200, "opened"); /* sums are of no case */
    audited("", "");
    expect("GET", city->staff, "/v1/cases", NULL, 200, n);
    audited("list", "");
    expect("GET", city->staff, "/v1/cases/figures", NULL, 200, "opened");
    expect("GET", city->staff, "/v1/cases?format=csv&is=overdue", NULL, 200, "id,kind");
    audited("list", "");
    expect("GET", city->staff, "/v1/cases/figures", NULL, 200, "opened");
    expect("GET", city->staff, "/v1/cases/due", NULL, 200, n);
    audited("list", "");
    expect("GET", city->staff, "/v1/cases/figures", NULL, 200, "opened");
    expect("GET", city->staff, "/v1/cases/handover", NULL, 200, n);
    audited("list", "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
        TEST(a_document_is_one_line),
        TEST(reads_are_audited),
        TEST(refusals_name_their_fields),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
