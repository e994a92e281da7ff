/* The dirty bits of the Redis flush against a plain array of flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "gateway/keep/redis/dirty.h"
#include "tests/unit/city_fixture.h"
#include <cmocka.h>
#include <string.h>

#define ROOTS_MAX 20000
#define STEPS     20000

static uint32_t plain_next(const bool *set, uint32_t from, uint32_t end)
{
    while (from < end && !set[from]) {
        from++;
    }
    return from < end ? from : end;
}

static void same_as_plain_flags(void **state)
{
    static const uint32_t sizes[] = {1, 63, 64, 65, 4095, 4096, 4097, ROOTS_MAX};
    static bool set[ROOTS_MAX];
    struct dice dice = {.state = 7};

    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        const uint32_t n = sizes[s];
        struct dirty dirty;

        memset(set, 0, sizeof set);
        assert_true(dirty_init(&dirty, n));
        assert_int_equal(dirty_next(&dirty, 0, n), n);
        for (unsigned i = 0; i < STEPS; i++) {
            const uint32_t root = dice_below(&dice, n);
            const uint32_t from = dice_below(&dice, n + 1);
            const uint32_t end = dice_below(&dice, n + 1);

            if (dice_below(&dice, 3) == 0) {
                assert_int_equal(dirty_put(&dirty, root), !set[root]);
                set[root] = true;
            } else {
                dirty_clear(&dirty, root);
                set[root] = false;
            }
            assert_int_equal(dirty_next(&dirty, from, end), plain_next(set, from, end));
        }
        dirty_finish(&dirty);
    }
}

static void all_and_none(void **state)
{
    struct dirty dirty;

    (void)state;
    assert_true(dirty_init(&dirty, ROOTS_MAX));
    for (uint32_t i = 0; i < ROOTS_MAX; i++) {
        assert_true(dirty_put(&dirty, i));
        assert_false(dirty_put(&dirty, i));
    }
    for (uint32_t i = 0; i < ROOTS_MAX; i++) {
        assert_int_equal(dirty_next(&dirty, 0, ROOTS_MAX), i);
        dirty_clear(&dirty, i);
    }
    assert_int_equal(dirty_next(&dirty, 0, ROOTS_MAX), ROOTS_MAX);
    dirty_finish(&dirty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_plain_flags),
        cmocka_unit_test(all_and_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
