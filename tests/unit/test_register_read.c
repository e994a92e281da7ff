/* What a register says by its map: states, faults, thresholds, numbers of two registers. Pure. */
#include "sensors/modbus/register_read.h"
#include "tests/unit/dx80_map.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct register_map two_registers = {.function = 3,
                                                  .stride = 2,
                                                  .channels = 1,
                                                  .first_channel = 1,
                                                  .mask = 0xffff,
                                                  .occupied_value = 1,
                                                  .empty_value = -1,
                                                  .status_offset = -1,
                                                  .max_read = 125};

static void registers_say_what_the_map_says(void **state)
{
    struct register_memory m = {0};
    struct register_map map = dx80;

    (void)state;
    assert_int_equal(register_value_address(&map, 0), 16);
    assert_int_equal(register_read(&map, 1, 0, &m), VALUE_OCCUPIED);
    assert_int_equal(register_read(&map, 0, 0, &m), VALUE_FREE);
    assert_int_equal(register_read(&map, 1, 0x3501, &m), VALUE_LINK_LOST);
    assert_int_equal(register_read(&map, 0, 0x3501, &m), VALUE_LINK_LOST);
    assert_int_equal(register_read(&map, 1, 0x3601, &m), VALUE_FAULT);
    assert_int_equal(register_read(&map, 0, 0xfe00, &m), VALUE_FREE);
    assert_int_equal(register_read(&map, 0xffff, 0, &m), VALUE_FAULT);
    map.invert = true;
    assert_int_equal(register_read(&map, 0, 0, &m), VALUE_OCCUPIED);
    map.invert = false;
    map.occupied_value = -1;
    assert_int_equal(register_read(&map, 7, 0, &m), VALUE_OCCUPIED);
    map.mask = 0x0008;
    assert_int_equal(register_read(&map, 7, 0, &m), VALUE_FREE);
}

static void raw_values_have_hysteresis(void **state)
{
    struct register_memory m = {0};
    struct register_map map = dx80;

    (void)state;
    map.threshold = 300;
    map.hysteresis = 40;
    assert_int_equal(register_read(&map, 300, 0, &m),
                     VALUE_OCCUPIED); /* first: the threshold itself */
    assert_int_equal(register_read(&map, 281, 0, &m), VALUE_OCCUPIED);
    assert_int_equal(register_read(&map, 279, 0, &m), VALUE_FREE);
    assert_int_equal(register_read(&map, 319, 0, &m), VALUE_FREE);
    assert_int_equal(register_read(&map, 1, 0x3501, &m), VALUE_LINK_LOST);
    assert_int_equal(register_read(&map, 319, 0, &m), VALUE_FREE);
    assert_int_equal(register_read(&map, 320, 0, &m), VALUE_OCCUPIED);
    map.invert = true;
    m = (struct register_memory){0};
    assert_int_equal(register_read(&map, 320, 0, &m), VALUE_FREE);
    assert_int_equal(register_read(&map, 300, 0, &m), VALUE_FREE);
    assert_int_equal(register_read(&map, 279, 0, &m), VALUE_OCCUPIED);
    assert_int_equal(register_read(&map, 300, 0, &m), VALUE_OCCUPIED);
}

/* 0x12345678 in each order; one register has two. */
static void words_come_in_four_orders(void **state)
{
    static const uint16_t words[REGISTER_ORDER_COUNT][2] = {
        [ORDER_ABCD] = {0x1234, 0x5678},
        [ORDER_CDAB] = {0x5678, 0x1234},
        [ORDER_BADC] = {0x3412, 0x7856},
        [ORDER_DCBA] = {0x7856, 0x3412},
    };
    struct register_map map = two_registers;

    (void)state;
    for (uint32_t order = 0; order < REGISTER_ORDER_COUNT; order++) {
        map.order = order;
        map.type = REGISTER_U32;
        assert_int_equal(register_words(&map), 2);
        assert_int_equal(register_raw(&map, words[order]), 0x12345678);
        map.type = REGISTER_U16;
        assert_int_equal(register_words(&map), 1);
        assert_int_equal(register_raw(&map, words[order]),
                         order == ORDER_BADC || order == ORDER_DCBA
                             ? (words[order][0] & 0xff) << 8 | words[order][0] >> 8
                             : words[order][0]);
    }
}

static void types_are_numbers(void **state)
{
    struct register_map map = two_registers;
    struct register_memory m = {0};

    (void)state;
    map.threshold = 300;
    map.type = REGISTER_S16;
    assert_int_equal(register_read(&map, 0xff00, 0, &m), VALUE_FREE); /* -256 */
    map.type = REGISTER_U16;
    assert_int_equal(register_read(&map, 0xff00, 0, &m), VALUE_OCCUPIED);
    map.type = REGISTER_S32;
    assert_int_equal(register_read(&map, 0xfffffff0, 0, &m), VALUE_FREE);
    map.type = REGISTER_U32;
    map.mask = UINT32_MAX;
    assert_int_equal(register_read(&map, 0xfffffff0, 0, &m), VALUE_OCCUPIED);
    map.mask = 0x000000ff;
    assert_int_equal(register_read(&map, 0xfffffff0, 0, &m), VALUE_FREE); /* 240 */
    map.type = REGISTER_F32;
    assert_int_equal(register_read(&map, 0x43fa0000, 0, &m), VALUE_OCCUPIED); /* 500.0 */
    assert_int_equal(register_read(&map, 0xc3fa0000, 0, &m), VALUE_FREE);     /* -500.0 */
    assert_int_equal(register_read(&map, 0x7fc00000, 0, &m), VALUE_FAULT);    /* NaN */
    assert_int_equal(register_read(&map, 0x7f800000, 0, &m), VALUE_FAULT);    /* infinity */
    assert_int_equal(register_read(&map, 0x7e967699, 0, &m), VALUE_FAULT);    /* 1e38 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_say_what_the_map_says),
        cmocka_unit_test(raw_values_have_hysteresis),
        cmocka_unit_test(words_come_in_four_orders),
        cmocka_unit_test(types_are_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
