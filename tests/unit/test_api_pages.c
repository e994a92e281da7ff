/* What every list promises, and who moves what was read: a page with more behind it names the next
 * one in a Link, as CSV too; a version may be named by If-Match. */
#include "tests/unit/api_fleet_fixture.h"

static int beat(void **state)
{
    (void)state;
    fleet_api_beat();
    return 0;
}

/* Follows the Link from page to page; returns how many there were. */
static unsigned pages_follow(const char *first)
{
    char target[512];
    unsigned pages = 0;

    (void)snprintf(target, sizeof target, "%s", first);
    while (target[0] != '\0') {
        struct answer_text a = ask("GET", city->staff, target, NULL);
        char link[512] = "";

        if (a.status != 200) {
            fail_msg("%s: %d %s", target, a.status, a.body);
        }
        pages++;
        target[0] = '\0';
        if (head_find(a.head, "Link", link, sizeof link) != NULL) {
            const size_t len = strcspn(link, ">");

            assert_string_equal(link + len, ">; rel=\"next\"");
            link[len] = '\0';
            (void)snprintf(target, sizeof target, "%s", link + 1);
        }
        assert_true((strstr(a.body, "\"next\":") == NULL) ||
                    (target[0] != '\0' && strstr(first, "csv") == NULL));
        answer_free(&a);
    }
    return pages;
}

static void every_list_has_its_link(void **state)
{
    static const char *const lists[] = {"/v1/alerts?limit=5", "/v1/vehicles?limit=5",
                                        "/v1/fences?limit=1"};

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char csv[80];
        const unsigned pages = pages_follow(lists[i]);

        (void)snprintf(csv, sizeof csv, "%s&format=csv", lists[i]);
        if (pages < 2 || pages_follow(csv) != pages) {
            fail_msg("%s: %u pages", lists[i], pages);
        }
    }
}

static void if_match_names_the_version(void **state)
{
    static const struct {
        const char *tag, *body;
        int status;
        const char *has;
    } rows[] = {
        {"\"v9\"",   NULL,              412, "precondition_failed"},
        {"\"x\"",    NULL,              412, "ETag that was read" },
        {"W/\"v1\"", NULL,              412, "ETag that was read" },
        {"\"v1\"",   "{\"version\":2}", 409, "different versions" },
        {"\"v1\"",   NULL,              200, "done"               },
        {"\"v1\"",   NULL,              412, "precondition_failed"},
        {"*",        NULL,              409, "state does not"     },
    };

    char target[80];
    char head[300];

    (void)state;
    (void)snprintf(target, sizeof target, "/v1/alerts/%s/ack", text_of(alert_of("HLO-40000000")));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answer_text a;

        (void)snprintf(head, sizeof head,
                       "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                       "If-Match: %s\r\n",
                       city->operator_key, rows[i].tag);
        a = client_ask(city, "POST", target, head, rows[i].body);
        if (a.status != rows[i].status || strstr(a.body, rows[i].has) == NULL) {
            fail_msg("row %zu: %d %s", i, a.status, a.body);
        }
        answer_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_list_has_its_link, beat),
        cmocka_unit_test_setup(if_match_names_the_version, beat),
    };

    return cmocka_run_group_tests(tests, fleet_api_set_up, fleet_api_tear_down);
}
