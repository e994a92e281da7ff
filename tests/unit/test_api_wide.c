/* Lists of a wide city: a page costs no more than it may, however large the box that is asked for
 * and whatever nothing passes, and following pages still hold everything once, in order. */
#include "tests/unit/api_city.h"

#define WIDE_SPACES 110000u /* more than a box may have in it: lists.c */
#define WORLD       "bbox=-180,-90,180,90"

static struct inventory *wide_inventory(void)
{
    struct draft *d = draft_create();
    struct inventory *inv;

    assert(d != NULL);
    for (uint32_t i = 0; i < WIDE_SPACES; i++) {
        const struct position_e7 at = {422500000 + (int32_t)(i / 300) * 1350,
                                       1188800000 + (int32_t)(i % 300) * 1820};
        const space_key key = city_wide_key(i);

        if (i == 0 || space_key_site(key) != space_key_site(city_wide_key(i - 1))) {
            city_lot_add(d, space_key_site(key), at);
        }
        city_space_add(d, key, at);
    }
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    return inv;
}

static int setup(void **state)
{
    (void)state;
    city = city_make();
    inventory_destroy(city->inv);
    city->inv = wide_inventory();
    (void)inventory_publish(&city->board, city->inv);
    view_destroy(city->view);
    city->view = view_create();
    city_view_fill(city);
    city_api_start(city);
    return 0;
}

/* Items of all pages, in order and each once; *pages: how many pages. */
static uint32_t walk(const char *query, uint32_t *pages)
{
    char cursor[64] = "";
    char last[SPACE_ID_LEN + 1] = "";
    uint32_t items = 0;

    for (*pages = 0;; (*pages)++) {
        struct answer_text a;
        const char *at;
        const char *next;

        city_beat(city);
        a = client_get(city, "/v1/spaces?%s&fields=id%s%s", query,
                       cursor[0] == '\0' ? "" : "&cursor=", cursor);
        assert_int_equal(a.status, 200);
        for (at = a.body; (at = strstr(at, "{\"id\":\"")) != NULL; items++) {
            at += 7;
            assert_true(strncmp(at, last, SPACE_ID_LEN - 1) > 0);
            memcpy(last, at, SPACE_ID_LEN);
        }
        next = strstr(a.body, "\"next\":\"");
        (void)snprintf(cursor, sizeof cursor, "%.*s",
                       next == NULL ? 0 : (int)strcspn(next + 8, "\""),
                       next == NULL ? "" : next + 8);
        answer_free(&a);
        if (next == NULL) {
            (*pages)++;
            return items;
        }
    }
}

static void boxes_hold_everything_once(void **state)
{
    static const char *const queries[] = {WORLD "&limit=1000", WORLD "&limit=1000&crs=bd09",
                                          WORLD "&limit=1000&crs=gcj02"};
    uint32_t pages;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        assert_int_equal(walk(queries[i], &pages), WIDE_SPACES);
        assert_true(pages >= WIDE_SPACES / 1000);
    }
}

/* 110000 positions to convert are some 35 ms, in a city of a million 300: not in one page. */
static void what_nothing_passes_is_cut(void **state)
{
    uint32_t pages;

    (void)state;
    assert_int_equal(walk(WORLD "&crs=bd09&limit=9&state=unknown", &pages), 0);
    assert_in_range(pages, 2, 10);
    assert_int_equal(walk(WORLD "&limit=9&state=unknown", &pages), 0);
    assert_int_equal(pages, 1); /* without converting they are few enough */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_hold_everything_once),
        cmocka_unit_test(what_nothing_passes_is_cut),
    };

    return cmocka_run_group_tests(tests, setup, city_tear_down);
}
