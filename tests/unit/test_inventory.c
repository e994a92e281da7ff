/* The snapshot: lookups, sensors, slots over versions, timing classes, and the board readers borrow
 * it from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "tests/unit/city_fixture.h"
#include <cmocka.h>
#include <pthread.h>

static const struct position_e7 middle = {422578000, 1188869000};

static struct position_e7 place_of(uint32_t i)
{
    return (struct position_e7){middle.lat + (int32_t)(i % 10) * 500,
                                middle.lon + (int32_t)(i / 10) * 700};
}

static struct draft *city_of(const uint32_t *numbers, size_t count)
{
    struct draft *d = draft_create();

    assert_non_null(d);
    city_lot_add(d, city_key(1, 0), middle);
    for (size_t i = 0; i < count; i++) {
        city_space_add(d, city_key(1, numbers[i]), place_of(numbers[i]));
    }
    return d;
}

static void finds_what_it_holds(void **state)
{
    const uint32_t numbers[] = {1, 2, 3, 4, 5};
    struct draft *d = city_of(numbers, ARRAY_LEN(numbers));
    struct draft_alias *alias = draft_row_add(d, TABLE_ALIAS);
    struct draft_retired *retired = draft_row_add(d, TABLE_RETIRED);
    struct inventory *inv;
    space_key by = 1;
    uint32_t device;
    uint32_t sensor;

    (void)state;
    alias->key = city_key(1, 4);
    assert_int_equal(draft_text_add(d, "meter", 5, -1, &alias->scheme), ERR_OK);
    assert_int_equal(draft_text_add(d, "A-7", 3, -1, &alias->value), ERR_OK);
    retired->key = city_key(1, 99);
    retired->replaced_by = city_key(1, 5);
    city_device_add(d, "a", 7, city_key(1, 2), 1);
    city_device_add(d, "b", 0, city_key(1, 2), 0);
    inv = city_build(d, NULL, 3);
    draft_destroy(d);

    assert_int_equal(inv->version, 3);
    assert_int_equal(inv->live_spaces, 5);
    for (uint32_t n = 1; n <= 5; n++) {
        uint32_t slot = inventory_space(inv, city_key(1, n));

        assert_true(slot < 5);
        assert_int_equal(inv->spaces[slot].key, city_key(1, n));
        assert_int_equal(inv->lots[inv->spaces[slot].lot].key, city_key(1, 0));
    }
    assert_int_equal(inventory_space(inv, city_key(1, 6)), NO_SLOT);
    assert_int_equal(inventory_lot(inv, city_key(1, 0)), 0);
    assert_int_equal(inventory_lot(inv, city_key(2, 0)), NO_SLOT);
    assert_int_equal(inv->lots[0].capacity, 5);
    assert_int_equal(inv->lots[0].kind, LOT_ROAD_SECTION);
    assert_int_equal(inv->district_count, 1);
    assert_int_equal(inv->districts[0].adcode, 150402);
    assert_int_equal(inventory_resolve(inv, "meter", "A-7"), city_key(1, 4));
    assert_int_equal(inventory_resolve(inv, "meter", "A-8"), 0);
    assert_int_equal(inventory_resolve(inv, "mete", "rA-7"), 0);
    assert_true(inventory_tombstone(inv, city_key(1, 99), &by));
    assert_int_equal(by, city_key(1, 5));
    assert_false(inventory_tombstone(inv, city_key(1, 1), &by));

    device = inventory_device(inv, "a", 1);
    sensor = inventory_sensor(inv, device, 7);
    assert_int_equal(inv->sensors[sensor].device, device);
    assert_int_equal(inv->sensors[sensor].target, inventory_space(inv, city_key(1, 2)));
    assert_int_equal(inventory_sensor(inv, device, 6), NO_SENSOR);
    assert_int_equal(inventory_sensor(inv, 99, 0), NO_SENSOR);
    assert_int_equal(inventory_device(inv, "ab", 2), NO_SLOT);
    /* the better rank stands first */
    assert_int_equal(inv->sensors[inv->spaces[inventory_space(inv, city_key(1, 2))].sensors].rank,
                     0);
    inventory_destroy(inv);
}

static void concentrator_channels_are_found(void **state)
{
    struct draft *d = draft_create();
    struct draft_device *device;
    struct inventory *inv;

    (void)state;
    city_lot_add(d, city_key(1, 0), middle);
    device = draft_row_add(d, TABLE_DEVICE);
    assert_int_equal(draft_text_add(d, "line/unit", 9, -1, &device->id), ERR_OK);
    for (uint32_t n = 1; n <= 2000; n++) {
        struct draft_binding *b;

        city_space_add(d, city_key(1, n), place_of(n * 37 % 1999));
        b = draft_row_add(d, TABLE_BINDING);
        b->device = device->id;
        b->channel = (uint16_t)(n * 3);
        b->target = city_key(1, n);
    }
    inv = city_build(d, NULL, 1);
    draft_destroy(d);
    for (uint32_t n = 1; n <= 2000; n++) {
        uint32_t sensor = inventory_sensor(inv, 0, (uint16_t)(n * 3));

        assert_true(sensor < inv->sensor_count);
        assert_int_equal(inv->spaces[inv->sensors[sensor].target].key, city_key(1, n));
        assert_int_equal(inventory_sensor(inv, 0, (uint16_t)(n * 3 + 1)), NO_SENSOR);
    }
    inventory_destroy(inv);
}

static bool timing_by_id(void *ctx, const char *source, const char *device, const char *model,
                         struct sensor_timing *out)
{
    (void)ctx;
    (void)source;
    (void)model;
    if (device[0] != 's') {
        return false;
    }
    *out = (struct sensor_timing){.period_ms = 1000, .confidence = 90, .sampled = true};
    return true;
}

static void timings_come_from_source_and_overrides(void **state)
{
    const struct timing_source source = {timing_by_id, NULL};
    struct import_report report = {0};
    const uint32_t numbers[] = {1};
    struct draft *d = city_of(numbers, 1);
    struct inventory *inv = NULL;
    struct inventory *next = NULL;
    const struct sensor_timing *t;

    (void)state;
    city_device_add(d, "event", 0, city_key(1, 1), 0);
    city_device_add(d, "heartbeat", 0, city_key(1, 1), 0);
    DRAFT_DEVICES(d)[1].heartbeat_s = 600;
    city_device_add(d, "sampled", 0, city_key(1, 1), 0);
    city_device_add(d, "slimit", 0, city_key(1, 1), 0);
    DRAFT_DEVICES(d)[3].stale_limit_s = 77;
    assert_int_equal(draft_complete(d, NULL, true, true, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(inventory_build(d, 1, NULL, &source, &inv), ERR_OK);
    t = &inv->timings[inv->devices[inventory_device(inv, "event", 5)].timing];
    assert_int_equal(t->limit_ms, 2 * t->period_ms + 300000);
    t = &inv->timings[inv->devices[inventory_device(inv, "heartbeat", 9)].timing];
    assert_int_equal(t->period_ms, 600000);
    assert_int_equal(t->limit_ms, 1500000);
    t = &inv->timings[inv->devices[inventory_device(inv, "sampled", 7)].timing];
    assert_int_equal(t->period_ms, 1000);
    assert_int_equal(t->limit_ms, 15000);
    assert_int_equal(t->confidence, 90);
    t = &inv->timings[inv->devices[inventory_device(inv, "slimit", 6)].timing];
    assert_int_equal(t->limit_ms, 77000);

    /* classes keep their numbers in the next version, whatever its devices */
    assert_int_equal(inventory_build(d, 2, inv, NULL, &next), ERR_OK);
    assert_true(next->timing_count >= inv->timing_count);
    assert_memory_equal(next->timings, inv->timings, inv->timing_count * sizeof *inv->timings);
    inventory_destroy(next);
    inventory_destroy(inv);
    draft_destroy(d);
}

static void slots_are_for_life(void **state)
{
    struct dice dice = {5};
    struct inventory *inv = NULL;
    uint32_t slot_of[301];

    (void)state;
    memset(slot_of, 0xff, sizeof slot_of);
    for (uint64_t version = 1; version <= 40; version++) {
        uint32_t numbers[300];
        size_t count = 0;
        struct draft *d;
        struct inventory *next;

        for (uint32_t n = 1; n <= 300; n++) {
            if (dice_below(&dice, 3) != 0) {
                numbers[count++] = n;
            }
        }
        d = city_of(numbers, count);
        next = city_build(d, inv, version);
        draft_destroy(d);
        inventory_destroy(inv);
        inv = next;
        assert_int_equal(inv->live_spaces, count);
        for (uint32_t n = 1, i = 0; n <= 300; n++) {
            uint32_t slot = inventory_space(inv, city_key(1, n));
            bool live = i < count && numbers[i] == n;

            i += live;
            if (slot_of[n] != NO_SLOT) {
                assert_int_equal(slot, slot_of[n]);
            }
            slot_of[n] = slot;
            assert_int_equal(slot == NO_SLOT || inv->spaces[slot].removed, !live);
        }
    }
    inventory_destroy(inv);
}

/* --- the board --- */

#define SWAPS 20000

struct board_test {
    struct inventory_board board;
    atomic_bool stop;
    atomic_uint wrong;
};

static void *board_read(void *arg)
{
    struct board_test *t = arg;
    uint32_t reader = inventory_reader(&t->board);

    while (!atomic_load(&t->stop)) {
        const struct inventory *inv = inventory_get(&t->board, reader);

        /* a snapshot given back has version 0 */
        if (inv->version == 0) {
            atomic_fetch_add(&t->wrong, 1);
        }
        inventory_put(&t->board, reader);
    }
    return NULL;
}

static void board_never_frees_what_is_held(void **state)
{
    static struct board_test t;
    static struct inventory snapshots[8];
    pthread_t readers[3];
    uint32_t next = 1;

    (void)state;
    snapshots[0].version = 1;
    assert_null(inventory_publish(&t.board, &snapshots[0]));
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, board_read, &t), 0);
    }
    for (uint32_t i = 0; i < SWAPS; i++) {
        struct inventory *old;

        snapshots[next % 8].version = i + 2;
        old = &snapshots[(next + 7) % 8];
        assert_ptr_equal(inventory_publish(&t.board, &snapshots[next % 8]), old);
        while (inventory_in_use(&t.board, old)) {
        }
        old->version = 0; /* "destroyed": TSan also sees any reader still looking */
        next++;
    }
    atomic_store(&t.stop, true);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        (void)pthread_join(readers[i], NULL);
    }
    assert_int_equal(atomic_load(&t.wrong), 0);
}

static void attributes_have_names(void **state)
{
    unsigned bit;

    (void)state;
    for (unsigned i = 0; attribute_name(i) != NULL; i++) {
        assert_true(attribute_find(attribute_name(i), strlen(attribute_name(i)), &bit));
        assert_int_equal(bit, i);
    }
    assert_false(attribute_find("evx", 3, &bit));
    assert_false(attribute_find("", 0, &bit));
}

static void records_are_small(void **state)
{
    (void)state;
    /* the memory bar (PERFORMANCE): 200 B per space for all of it */
    assert_true(sizeof(struct inv_space) <= 32);
    assert_true(sizeof(struct inv_device) <= 16);
    assert_true(sizeof(struct inv_sensor) <= 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_it_holds),
        cmocka_unit_test(concentrator_channels_are_found),
        cmocka_unit_test(timings_come_from_source_and_overrides),
        cmocka_unit_test(slots_are_for_life),
        cmocka_unit_test(board_never_frees_what_is_held),
        cmocka_unit_test(attributes_have_names),
        cmocka_unit_test(records_are_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
