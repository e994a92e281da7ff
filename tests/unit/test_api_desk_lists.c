/* What the desk prints and lists: notices with their code, the books, the hand-over note, lists for
 * spreadsheets, pages without gaps, the dictionary (docs/FEATURES.md). */
#include "tests/unit/api_desk_fixture.h"

/* 20 对账销号: opened - closed - voided = outstanding */
static void phrase_20_the_books_balance(void **state)
{
    char n[CASE_NUMBER_LEN + 1];
    struct case_figures figures;
    char text[120];

    (void)state;
    closed("hotline", space_text(1), n);
    opened("facility", "patrol", space_text(3), n);
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
    assert_int_equal(figures.opened, 3);
    assert_int_equal(figures.closed, 1);
    assert_int_equal(figures.voided, 1);
    assert_int_equal(figures.outstanding, 1);
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
    char n[CASE_NUMBER_LEN + 1];

    (void)state;
    for (unsigned i = 0; i < 7; i++) { /* the first two are due behind the next three */
        opened(i < 2   ? "order"
               : i < 5 ? "no_parking"
                       : "facility",
               "patrol", space_text(1 + i % 4), n);
        if (i < 5) {
            move(city->staff, n, "file", NULL, 200, "dispatched");
            move(city->staff, n, "check_in", NULL, 200, "handling");
        }
        wait_ms(HOUR / 4);
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        char target[160];
        char next[80] = "";
        char seen[64][CASE_NUMBER_LEN + 1];
        char last_due[32] = "";
        unsigned count = 0;
        unsigned due_count = 0;

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
                    due_count++;
                }
                count++;
            }
            next[0] = '\0';
            if (strstr(a.body, "],\"next\":\"") != NULL) {
                member(strstr(a.body, "],\"next\":\"") + 2, "next", next, sizeof next);
            }
            answer_free(&a);
        } while (next[0] != '\0');
        assert_int_equal(count, 7);
        assert_int_equal(due_count, i == 1 ? 5 : 0); /* or their order was not looked at */
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

/* More came in than the note lists: it says so, and its sums are of all. */
static void the_hand_over_note_counts_what_it_does_not_list(void **state)
{
    struct answer_text a;

    (void)state;
    for (unsigned i = 0; i < 1002; i++) {
        char body[200];

        (void)snprintf(
            body, sizeof body,
            "{\"kind\":\"order\",\"source\":\"%s\",\"location\":{\"lat\":42.%05u,\"lon\":118.9}}",
            i == 0 ? "superior" : "patrol", 20000 + i);
        expect("POST", city->staff, "/v1/cases", body, 201, "reported");
    }
    a = ask_with("GET", city->staff, "/v1/cases/handover", "", NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(
        strstr(a.body, "\"complete\":false,\"by_source\":{\"sensor\":0,\"patrol\":1001,"));
    assert_non_null(strstr(a.body, "\"superior\":1}"));
    answer_free(&a);
    expect("GET", city->staff, "/v1/cases/handover?format=text&lang=en", NULL, 200,
           "Came in during the shift: 1002\n");
}

static void the_dictionary_is_served(void **state)
{
    (void)state;
    expect("GET", NULL, "/v1/words", NULL, 200,
           "\"zombie_car\":{\"en\":\"abandoned car\",\"zh-CN\":\"僵尸机动车\"}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(phrase_20_the_books_balance), TEST(phrase_prints_have_number_and_code),
        TEST(lists_for_spreadsheets),      TEST(pages_have_no_gaps),
        TEST(the_hand_over_note),          TEST(the_hand_over_note_counts_what_it_does_not_list),
        TEST(the_dictionary_is_served),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
