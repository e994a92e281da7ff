/* Residents who report without an account, with a receipt and a rating, and the sources that cases
 * come from (docs/FEATURES.md: 37, 38). */
#include "tests/unit/api_desk_fixture.h"

#include "api/receipt.h"

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

/* Two told of one matter in other words, staff merge them: who holds the receipt of the one hears
 * how the other ends, and rates it. */
static void a_merged_report_goes_on_in_the_other_case(void **state)
{
    char body[200];
    char receipt[RECEIPT_LEN + 1];
    char target[80];
    char n[CASE_NUMBER_LEN + 1];
    char into[CASE_NUMBER_LEN + 1];
    struct answer_text a;

    (void)state;
    (void)snprintf(body, sizeof body, "{\"kind\":\"order\",\"place\":\"%s\",\"text\":\"x\"}",
                   space_text(1));
    a = ask_with("POST", NULL, "/v1/reports", "", body);
    assert_int_equal(a.status, 201);
    member(a.body, "receipt", receipt, sizeof receipt);
    answer_free(&a);
    a = ask_with("GET", city->staff, "/v1/cases?source=app", "", NULL);
    member(a.body, "id", n, sizeof n);
    answer_free(&a);
    opened("order", "patrol", space_text(2), into);
    (void)snprintf(body, sizeof body, "{\"into\":\"%s\"}", into);
    move(city->staff, n, "merge", body, 200, "voided");
    (void)snprintf(target, sizeof target, "/v1/reports/%s", receipt);
    expect("GET", NULL, target, NULL, 200, "\"code\":\"reported\"");
    expect("GET", NULL, target, NULL, 200, receipt);
    move(city->staff, into, "file", NULL, 200, "dispatched");
    move(city->staff, into, "check_in", NULL, 200, "handling");
    move(city->staff, into, "feedback", "{\"note\":\"done\"," EVIDENCE "}", 200, "feedback");
    move(city->staff, into, "check", NULL, 200, "checking");
    move(checker, into, "close", NULL, 200, "closed");
    expect("GET", NULL, target, NULL, 200, "\"may_rate\":true");
    (void)snprintf(target, sizeof target, "/v1/reports/%s/rating", receipt);
    expect("POST", NULL, target, "{\"rating\":4}", 200, receipt);
    look(into, "", 200, "\"rating\":4");
}

/* A slip of the finger on a map, or somebody far away: nobody could go there. The city of the
 * fixture is one point, 42.2578, 118.8869. */
static void another_citys_matters_are_not_taken(void **state)
{
    (void)state;
    expect("POST", NULL, "/v1/reports",
           "{\"kind\":\"order\",\"text\":\"x\",\"location\":{\"lat\":42.3,\"lon\":118.8869}}", 201,
           "receipt"); /* 4.7 km */
    expect("POST", NULL, "/v1/reports",
           "{\"kind\":\"order\",\"text\":\"x\",\"location\":{\"lat\":42.3035,\"lon\":118.8869}}",
           422, "/location"); /* 5.1 km */
    expect("POST", NULL, "/v1/reports",
           "{\"kind\":\"order\",\"text\":\"x\",\"location\":{\"lat\":-33.9,\"lon\":151.2}}", 422,
           "not in this city");
    expect(
        "POST", city->staff, "/v1/cases",
        "{\"kind\":\"order\",\"source\":\"superior\",\"location\":{\"lat\":42.4,\"lon\":118.8869}}",
        201, "\"orphan\":false");
}

static void phrase_38_each_source_is_counted_apart(void **state)
{
    static const char *const by_staff[] = {"patrol", "hotline", "letter_box", "superior"};
    char n[CASE_NUMBER_LEN + 1];
    char body[500];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(by_staff); i++) {
        opened(i % 2 == 0 ? "order" : "facility", by_staff[i], space_text(i + 1), n);
    }
    opened("pile_up", "superior", space_text(1), n);
    (void)snprintf(body, sizeof body, "{\"kind\":\"order\",\"place\":\"%s\",\"text\":\"x\"}",
                   space_text(2));
    expect("POST", NULL, "/v1/reports", body, 201, "receipt");
    (void)snprintf(body, sizeof body,
                   "{\"kind\":\"order\",\"place\":\"%s\",\"text\":\"a row of bikes\"," EVIDENCE "}",
                   space_text(4));
    expect("POST", city->staff, "/v1/detections", body, 201, "\"source\":\"video\"");
    expect("GET", city->staff, "/v1/cases?source=video", NULL, 200, "\"source\":\"video\"");
    expect("GET", city->staff, "/v1/cases?source=sensor", NULL, 200, "\"items\":[]");
    expect("GET", city->staff, "/v1/cases/figures", NULL, 200,
           "\"by_source\":{\"sensor\":0,\"patrol\":1,\"hotline\":1,\"app\":1,\"letter_box\":1,"
           "\"video\":1,\"superior\":2}");
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(phrase_37_a_report_its_receipt_and_its_rating),
        TEST(a_merged_report_goes_on_in_the_other_case),
        TEST(another_citys_matters_are_not_taken),
        TEST(phrase_38_each_source_is_counted_apart),
        TEST(reports_come_from_other_sites),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
