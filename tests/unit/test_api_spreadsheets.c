/* Lists over HTTP as spreadsheets (`format=csv`): the pages are those of JSON, and so are the
 * members that `fields` leaves. */
#include "tests/unit/api_city.h"

/* Pages of lists: byte order mark, heading, a line an item, the way on. */
static void lists_as_spreadsheets(void **state)
{
    static const struct {
        const char *target, *heading, *cell;
        unsigned lines;
    } lists[] = {
        {"/v1/spaces?format=csv&limit=7", "\xef\xbb\xbfid,display,lot,kind,state,", ",on_street,",
         7                                                                                          },
        {"/v1/lots?format=csv&limit=2",   "\xef\xbb\xbfid,",                        ",spaces,",    2},
        {"/v1/fences?format=csv",         "\xef\xbb\xbfid,",                        "\r\n",        0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct answer_text a = client_get(city, "%s", lists[i].target);
        unsigned lines = 0;

        assert_int_equal(a.status, 200);
        assert_non_null(strstr(a.head, "text/csv"));
        assert_int_equal(strncmp(a.body, lists[i].heading, strlen(lists[i].heading)), 0);
        for (const char *at = strstr(a.body, "\r\n"); at != NULL; at = strstr(at + 2, "\r\n")) {
            lines++;
        }
        assert_int_equal(lines, lists[i].lines + 1);
        assert_true(lists[i].lines == 0 || strstr(a.head, "rel=\"next\"") != NULL);
        assert_non_null(strstr(a.body, lists[i].cell));
        answer_free(&a);
    }
}

/* `fields` cuts the columns as it cuts the members; their order stays. */
static void spreadsheets_of_some_members(void **state)
{
    static const char mark[] = "\xef\xbb\xbf";

    static const struct {
        const char *target, *heading;
    } lists[] = {
        {"/v1/spaces?format=csv&limit=3&fields=location,known,id",
         "id,known.state,known.since,location.crs,location.lat,location.lon\r\n1"     },
        {"/v1/spaces?format=csv&limit=3&fields=state",             "state\r\nfree\r\n"},
        {"/v1/lots?format=csv&limit=2&fields=free,name",           "name,free\r\n"    },
        {"/v1/lots?format=csv&bbox=0,0,1,1&fields=free",           "free\r\n"         }, /* none */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct answer_text a = client_get(city, "%s", lists[i].target);

        assert_int_equal(a.status, 200);
        assert_non_null(strstr(a.head, "text/csv"));
        assert_int_equal(strncmp(a.body, mark, sizeof mark - 1), 0);
        assert_int_equal(
            strncmp(a.body + sizeof mark - 1, lists[i].heading, strlen(lists[i].heading)), 0);
        answer_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists_as_spreadsheets, city_fresh),
        cmocka_unit_test_setup(spreadsheets_of_some_members, city_fresh),
    };

    return cmocka_run_group_tests(tests, city_set_up, city_tear_down);
}
