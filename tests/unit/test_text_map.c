/* The text map against a plain search, with growth, duplicates and odd texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bowei/base/text_map.h"
#include <stdio.h>
#include <string.h>

#define ROWS 100000

struct rows {
    char text[ROWS][16];
    size_t len[ROWS];
};

static struct rows rows;

static const char *row_text(const void *owner, uint32_t index, size_t *len)
{
    const struct rows *r = owner;

    *len = r->len[index];
    return r->text[index];
}

static void fill(void)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        rows.len[i] = (size_t)snprintf(rows.text[i], sizeof rows.text[i], "%x", i * 2654435761u);
    }
}

static void all_found(size_t expected)
{
    struct text_map *map = text_map_create(expected, row_text, &rows);
    uint32_t index;

    assert_non_null(map);
    for (uint32_t i = 0; i < ROWS; i++) {
        index = i;
        assert_false(text_map_find(map, rows.text[i], rows.len[i], &index));
        assert_int_equal(text_map_put(map, rows.text[i], rows.len[i], &index), TEXT_MAP_ADDED);
    }
    assert_int_equal(text_map_count(map), ROWS);
    for (uint32_t i = 0; i < ROWS; i++) {
        index = UINT32_MAX;
        assert_true(text_map_find(map, rows.text[i], rows.len[i], &index));
        assert_int_equal(index, i);
        index = 5;
        assert_int_equal(text_map_put(map, rows.text[i], rows.len[i], &index), TEXT_MAP_DUPLICATE);
        assert_int_equal(index, i);
    }
    assert_false(text_map_find(map, "nobody", 6, &index));
    assert_int_equal(text_map_count(map), ROWS);
    text_map_destroy(map);
}

static void test_sized_and_grown(void **state)
{
    (void)state;
    fill();
    all_found(ROWS);
    all_found(0);
}

static void test_odd_texts(void **state)
{
    static const char *const odd[] = {"", "a", "a\0b", "a\0c", "A"};
    static const size_t lens[] = {0, 1, 3, 3, 1};
    struct text_map *map = text_map_create(1, row_text, &rows);
    uint32_t index;

    (void)state;
    assert_non_null(map);
    for (uint32_t i = 0; i < 5; i++) {
        memcpy(rows.text[i], odd[i], lens[i]);
        rows.len[i] = lens[i];
        index = i;
        assert_int_equal(text_map_put(map, odd[i], lens[i], &index), TEXT_MAP_ADDED);
    }
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(text_map_find(map, odd[i], lens[i], &index));
        assert_int_equal(index, i);
    }
    assert_false(text_map_find(map, "a\0", 2, &index));
    text_map_destroy(map);
    text_map_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sized_and_grown),
        cmocka_unit_test(test_odd_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
