/* Coverage over HTTP: who may ask, what a city and a place say, pages of gaps. */
#include "tests/unit/api_city.h"

#include "api/params.h"
#include "bowei/coverage.h"
#include "tests/unit/territory_world.h"

static int setup(void **state)
{
    struct dice dice = {.state = 30};
    struct world w;
    char folder[256];
    struct inventory *inv;

    (void)state;
    city = city_make();
    scratch_folder_make(folder, sizeof folder);
    world_make(&w, &dice);
    inv = world_build(&w, folder);
    scratch_folder_remove(folder);
    assert(inv != NULL);
    (void)inventory_publish(&city->board, inv);
    inventory_destroy(city->inv);
    city->inv = inv;
    city_api_start(city);
    return 0;
}

static struct answer_text ask(const char *target)
{
    city_beat(city);
    return client_ask(city, "GET", target, staff_head(), NULL);
}

static void is_for_staff(void **state)
{
    static const char *const targets[] = {"/v1/coverage", "/v1/coverage/gaps",
                                          "/v1/coverage/150402001R00100008"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct answer_text a = client_get(city, "%s", targets[i]);

        assert_int_equal(a.status, 401);
        answer_free(&a);
    }
}

static void the_city_lists_zeros(void **state)
{
    const struct coverage *c = coverage_of(city->inv);
    struct answer_text a = ask("/v1/coverage");
    char row[200];

    (void)state;
    assert_int_equal(a.status, 200);
    (void)snprintf(row, sizeof row, "{\"street\":\"150402001\",\"lots\":%u,\"spaces\":%u,",
                   c->streets[0].lots, c->streets[0].spaces);
    assert_non_null(strstr(a.body, row));
    assert_non_null(strstr(a.body, "{\"unit\":\"U-00\",\"kind\":\"street_office\",\"name\":{"
                                   "\"zh-CN\":\"单位0\",\"en\":\"Unit 0\"}}"));
    (void)snprintf(row, sizeof row, "\"places\":[%u,%u,%u,%u,%u", c->matrix[0], c->matrix[1],
                   c->matrix[2], c->matrix[3], c->matrix[4]);
    assert_non_null(strstr(a.body, row));
    answer_free(&a);
}

/* Streets by units for a spreadsheet: as many cells in each row, what the matrix says in the last.
 */
static void the_city_is_a_table(void **state)
{
    const struct coverage *c = coverage_of(city->inv);
    struct answer_text a = ask("/v1/coverage?format=csv");
    char row[300];
    const char *line;

    (void)state;
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.head, "Content-Type: text/csv"));
    assert_memory_equal(
        a.body, "\xef\xbb\xbfstreet,lots,spaces,fences,devices,beacons,listeners,grids,U-00,",
        strlen("\xef\xbb\xbf") + 61);
    (void)snprintf(row, sizeof row, "\r\n150402001,%u,%u,%u,%u,%u,%u,%u,%u,%u,", c->streets[0].lots,
                   c->streets[0].spaces, c->streets[0].fences, c->streets[0].devices,
                   c->streets[0].beacons, c->streets[0].listeners, c->streets[0].grids,
                   c->matrix[0], c->matrix[1]);
    assert_non_null(strstr(a.body, row));
    line = a.body;
    for (uint32_t i = 0; i <= c->street_count; i++) {
        const char *end = strstr(line, "\r\n");
        unsigned commas = 0;

        assert_non_null(end);
        for (; line < end; line++) {
            commas += *line == ',';
        }
        assert_int_equal(commas, 7 + c->unit_count);
        line = end + 2;
    }
    assert_int_equal(*line, '\0');
    answer_free(&a);
}

/* Page by page, each gap once and in order. */
static void gaps_page_through(void **state)
{
    const struct coverage *c = coverage_of(city->inv);
    char target[200] = "/v1/coverage/gaps?limit=7";
    uint32_t seen = 0;
    uint32_t page = 0;

    (void)state;
    assert_in_range(c->gap_count, 50, 2000);
    for (;;) {
        struct answer_text a = ask(target);
        const char *at = a.body;
        const char *next;
        bool more;

        assert_int_equal(a.status, 200);
        while ((at = strstr(at, "{\"kind\":\"")) != NULL) {
            char want[64];

            assert_true(seen < c->gap_count);
            (void)snprintf(want, sizeof want, "{\"kind\":\"%s\"",
                           gap_kind_code((enum gap_kind)c->gaps[seen].kind));
            assert_memory_equal(at, want, strlen(want));
            seen++;
            at++;
        }
        assert_true(seen == page + 7 || seen == c->gap_count);
        page = seen;
        next = strstr(a.body, "\"next\":\"");
        more = next != NULL;
        assert_int_equal(strstr(a.head, "Link: </v1/coverage/gaps?limit=7&cursor=") != NULL, more);
        if (more) {
            (void)snprintf(target, sizeof target, "/v1/coverage/gaps?limit=7&cursor=%.*s",
                           (int)strcspn(next + 8, "\""), next + 8);
        }
        answer_free(&a);
        if (!more) {
            break;
        }
    }
    assert_int_equal(seen, c->gap_count);
}

static void gaps_of_some_kinds(void **state)
{
    const struct coverage *c = coverage_of(city->inv);
    struct answer_text a = ask("/v1/coverage/gaps?kind=no_grid,unit_without_person&limit=1000");
    uint32_t rows = 0;

    (void)state;
    assert_int_equal(a.status, 200);
    for (const char *at = a.body; (at = strstr(at, "{\"kind\":\"")) != NULL; at++) {
        rows++;
    }
    assert_int_equal(rows, c->first[GAP_NO_GRID + 1] - c->first[GAP_NO_GRID] +
                               c->first[GAP_UNIT_NOBODY + 1] - c->first[GAP_UNIT_NOBODY]);
    assert_non_null(strstr(a.body, "\"kind\":\"no_grid\",\"trade\":null,\"site\":\"150402"));
    assert_non_null(strstr(a.body, "\"text\":{\"zh-CN\":\"不在任何网格\""));
    answer_free(&a);
    a = ask("/v1/coverage/gaps?kind=nobody");
    assert_int_equal(a.status, 400);
    assert_non_null(strstr(a.body, "no_unit, no_person, no_grid"));
    answer_free(&a);
    /* a cursor of the devices' list */
    a = ask("/v1/coverage/gaps?cursor=ZAEAAAAAAAAAAQAAAAAAAAA");
    assert_int_equal(a.status, 400);
    answer_free(&a);
    for (unsigned i = 0; i < 3; i++) { /* before an import; beyond the end; forged beyond it */
        const struct cursor cursor = {.kind = 'g',
                                      .key = i == 0   ? 0
                                             : i == 1 ? 100000
                                                      : UINT64_MAX,
                                      .version = city->inv->version + (i == 0)};
        char target[80] = "/v1/coverage/gaps?cursor=";

        (void)cursor_write(&cursor, target + strlen(target));
        a = ask(target);
        assert_int_equal(a.status, i == 0 ? 410 : 200);
        assert_non_null(strstr(a.body, i == 0 ? "\"code\":\"expired\"" : "\"items\":[]"));
        answer_free(&a);
    }
}

static void a_place_says_whom_it_concerns(void **state)
{
    const struct inventory *inv = city->inv;
    struct responsibility r;
    struct answer_text a;
    char id[SPACE_ID_LEN + 1];
    char text[200];

    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        space_id_format(inv->spaces[i].key, id);
        (void)snprintf(text, sizeof text, "/v1/coverage/%s", id);
        a = ask(text);
        assert_int_equal(a.status, 200);
        territory_route(inv, "motor", inv->spaces[i].key, inv->spaces[i].at, &r);
        (void)snprintf(text, sizeof text, "{\"trade\":\"motor\",\"rule\":\"%s\",\"unit\":%s%s%s,",
                       route_rule_code(r.rule), r.unit[0] == '\0' ? "null" : "\"", r.unit,
                       r.unit[0] == '\0' ? "" : "\"");
        assert_non_null(strstr(a.body, text));
        if (r.grid != NO_GRID) {
            (void)snprintf(text, sizeof text, "\"grid\":\"%" PRIu64 "\"", r.grid);
            assert_non_null(strstr(a.body, text));
        }
        answer_free(&a);
    }
    a = ask("/v1/coverage/150402001R0010012Y");
    assert_int_equal(a.status, 400);
    answer_free(&a);
    a = ask("/v1/coverage/150402599R0010012H");
    assert_int_equal(a.status, 404);
    answer_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_for_staff),        cmocka_unit_test(the_city_lists_zeros),
        cmocka_unit_test(the_city_is_a_table), cmocka_unit_test(gaps_page_through),
        cmocka_unit_test(gaps_of_some_kinds),  cmocka_unit_test(a_place_says_whom_it_concerns),
    };

    return cmocka_run_group_tests_name("api coverage", tests, setup, city_tear_down);
}
