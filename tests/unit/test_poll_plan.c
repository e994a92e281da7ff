/* Poll plans, the breaker and its pauses: all pure. What registers and replies say:
 * test_register_read.c, test_modbus_reply.c. */
#include "bowei/base/backoff.h"
#include "bowei/base/err.h"
#include "sensors/modbus/breaker.h"
#include "sensors/modbus/poll_plan.h"
#include "sensors/modbus/register_read.h"
#include "tests/unit/dx80_map.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct register_map plain(uint32_t channels, uint32_t stride, uint32_t gap,
                                 uint32_t max_read)
{
    return (struct register_map){.function = 3,
                                 .stride = stride,
                                 .channels = channels,
                                 .first_channel = 1,
                                 .mask = 0xffff,
                                 .occupied_value = 1,
                                 .empty_value = -1,
                                 .status_offset = -1,
                                 .gap = gap,
                                 .max_read = max_read};
}

/* Whatever the map, every part of every point is read exactly once and inside its request. */
static void check_covered(const struct register_map *map, const struct poll_plan *plan,
                          uint32_t cap)
{
    uint8_t *seen = calloc(map->channels, 1);

    assert_non_null(seen);
    for (uint32_t i = 0; i < plan->request_count; i++) {
        const struct poll_request *r = &plan->requests[i];

        assert_in_range(r->count, 1, cap);
        for (uint32_t k = 0; k < r->item_count; k++) {
            const struct poll_item *item = &plan->items[r->first_item + k];

            assert_int_equal(seen[item->point] & item->parts, 0);
            seen[item->point] |= item->parts;
            if ((item->parts & POLL_VALUE) != 0) {
                assert_in_range(register_value_address(map, item->point), r->address,
                                r->address + r->count - 1u);
                assert_true(map->status_offset == -1 || (seen[item->point] & POLL_STATUS) != 0);
            }
            if ((item->parts & POLL_STATUS) != 0) {
                assert_in_range(register_status_address(map, item->point), r->address,
                                r->address + r->count - 1u);
            }
        }
    }
    for (uint32_t p = 0; p < map->channels; p++) {
        assert_int_equal(seen[p], map->status_offset == -1 ? POLL_VALUE : POLL_VALUE | POLL_STATUS);
    }
    free(seen);
}

static void neighbours_are_merged(void **state)
{
    struct register_map map = plain(300, 1, 0, 125);
    struct poll_plan plan;

    (void)state;
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
    assert_int_equal(plan.request_count, 3);
    assert_int_equal(plan.requests[0].count, 125);
    assert_int_equal(plan.requests[2].address, 250);
    assert_int_equal(plan.requests[2].count, 50);
    check_covered(&map, &plan, 125);
    poll_plan_finish(&plan);
    assert_int_equal(poll_plan_make(&map, 10, &plan), ERR_OK);
    assert_int_equal(plan.request_count, 30);
    poll_plan_finish(&plan);
}

static void holes_wider_than_the_gap_split(void **state)
{
    struct register_map map = plain(4, 10, 8, 125);
    struct poll_plan plan;

    (void)state;
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
    assert_int_equal(plan.request_count, 4);
    poll_plan_finish(&plan);
    map.gap = 9;
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
    assert_int_equal(plan.request_count, 1);
    assert_int_equal(plan.requests[0].count, 31);
    poll_plan_finish(&plan);
}

static void dx80_reads_value_and_status_together(void **state)
{
    struct poll_plan plan;

    (void)state;
    assert_int_equal(poll_plan_make(&dx80, 0, &plan), ERR_OK);
    assert_int_equal(plan.requests[0].address, 16); /* register 17 */
    assert_int_equal(plan.requests[0].item_count, 8);
    assert_int_equal(plan.request_count, 6);
    check_covered(&dx80, &plan, 125);
    poll_plan_finish(&plan);
}

/* DXM: 47 values in one read, their status in a second that goes first. */
static void far_status_is_read_first(void **state)
{
    struct register_map map = dx80;
    struct poll_plan plan;

    (void)state;
    map.first = 6802;
    map.stride = 1;
    map.status_offset = 1050;
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
    assert_int_equal(plan.request_count, 2);
    assert_int_equal(plan.requests[0].address, 7851);
    assert_int_equal(plan.requests[1].address, 6801);
    assert_int_equal(plan.requests[1].count, 47);
    check_covered(&map, &plan, 125);
    poll_plan_finish(&plan);
}

static void random_maps_are_covered(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct register_map map;
        struct poll_plan plan;
        uint32_t cap;

        seed = seed * 1664525u + 1013904223u;
        map = plain(1 + (seed >> 8) % 200, 1 + (seed >> 16) % 20, (seed >> 24) % 30,
                    1 + (seed >> 4) % 125);
        map.function = 1 + (seed >> 20) % 4;
        map.status_offset = (seed & 1) != 0 ? -1 : (int32_t)((seed >> 12) % 60) + 1;
        cap = map.max_read;
        if (poll_plan_make(&map, 0, &plan) != ERR_OK) {
            fail_msg("%s", poll_plan_fault(&map, 0));
        }
        check_covered(&map, &plan, cap);
        for (int k = 0; k < 20; k++) {
            seed = seed * 1664525u + 1013904223u;
            (void)poll_plan_split(&plan, (seed >> 8) % plan.request_count);
        }
        check_covered(&map, &plan, cap);
        poll_plan_finish(&plan);
    }
}

static void a_split_goes_to_the_widest_hole(void **state)
{
    struct register_map map = plain(2, 20, 30, 125);
    struct poll_plan plan;

    (void)state;
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
    assert_int_equal(plan.request_count, 1);
    assert_true(poll_plan_split(&plan, 0));
    assert_int_equal(plan.requests[0].count, 1);
    assert_int_equal(plan.requests[1].address, 20);
    assert_int_equal(plan.requests[1].count, 1);
    assert_false(poll_plan_split(&plan, 1));
    poll_plan_finish(&plan);
}

/* A device that boots, or is of another kind, has no address at all: taken apart once, then asked
 * as a whole, and searched again after 2, 4, ... minutes; with its first answer all is as it was.
 */
static void a_device_that_refuses_all_stays_whole(void **state)
{
    const struct register_map map = plain(40, 2, 1, 20);
    struct poll_plan plan;
    int64_t now_ms = 1000;
    uint32_t asked = 0;

    (void)state;
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
    const uint32_t whole = plan.request_count;
    for (unsigned minute = 0; minute < 60; minute++, now_ms += POLL_REFUSED_MS) {
        for (uint32_t i = 0; i < plan.request_count;) {
            const uint32_t requests = plan.request_count;

            if (plan.requests[i].not_before_ms > now_ms) {
                i++;
                continue;
            }
            asked++;
            (void)poll_plan_refuse(&plan, &map, 0, i, true, now_ms);
            i += plan.request_count == requests;
        }
        assert_int_equal(plan.request_count, whole);
        check_covered(&map, &plan, 20);
    }
    assert_in_range(asked, 60 * whole, 60 * whole + 5 * 80); /* five searches in an hour */
    poll_plan_answer(&plan, 0, now_ms);
    now_ms += POLL_REFUSED_MS;
    assert_int_equal(poll_plan_refuse(&plan, &map, 0, 0, true, now_ms), POLL_SPLIT);
    poll_plan_finish(&plan);
}

/* What was answered a moment ago has its addresses: it is asked on for a minute. */
static void what_was_answered_is_not_taken_apart_at_once(void **state)
{
    const struct register_map map = plain(10, 1, 0, 125);
    struct poll_plan plan;

    (void)state;
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
    poll_plan_answer(&plan, 0, 5000);
    assert_int_equal(poll_plan_refuse(&plan, &map, 0, 0, true, 5100), POLL_ASK_AGAIN);
    assert_int_equal(poll_plan_refuse(&plan, &map, 0, 0, false, 64999), POLL_ASK_AGAIN);
    assert_true(plan.requests[0].not_before_ms <= 5100);
    assert_int_equal(poll_plan_refuse(&plan, &map, 0, 0, false, 65000), POLL_LEFT);
    assert_int_equal(plan.requests[0].not_before_ms, 65000 + POLL_REFUSED_MS);
    assert_int_equal(poll_plan_refuse(&plan, &map, 0, 0, true, 125000), POLL_SPLIT);
    poll_plan_finish(&plan);
}

static void bad_maps_are_refused(void **state)
{
    struct register_map map = plain(10, 1, 0, 125);
    struct poll_plan plan;

    (void)state;
    assert_null(poll_plan_fault(&map, 0));
    assert_non_null(poll_plan_fault(&map, 126));
    map.function = 5;
    assert_non_null(poll_plan_fault(&map, 0));
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_CONFIG);
    map = plain(10, 1, 0, 125);
    map.first = 65530;
    assert_non_null(poll_plan_fault(&map, 0));
    map = plain(10, 1, 0, 125);
    map.base = 1;
    assert_non_null(poll_plan_fault(&map, 0));
    map = plain(2, 0, 0, 125);
    assert_non_null(poll_plan_fault(&map, 0));
    map = plain(1, 1, 0, 125);
    map.status_offset = -5;
    assert_non_null(poll_plan_fault(&map, 0));
}

static void the_breaker_probes_shortly(void **state)
{
    struct breaker b = {0};

    (void)state;
    breaker_succeed(&b, 40);
    assert_false(breaker_is_open(&b));
    assert_false(breaker_fail(&b));
    assert_false(breaker_fail(&b));
    assert_false(breaker_is_open(&b));
    assert_int_equal(breaker_timeout_ms(&b, 1000, breaker_short_ms(0, 0)), 1000);
    assert_true(breaker_fail(&b));
    assert_true(breaker_is_open(&b));
    assert_false(breaker_fail(&b));
    for (int i = 1; i < 8; i++) {
        assert_int_equal(breaker_timeout_ms(&b, 1000, breaker_short_ms(0, 0)), 80);
    }
    assert_int_equal(breaker_timeout_ms(&b, 1000, breaker_short_ms(0, 0)), 1000);
    assert_true(breaker_is_open(&b));
    breaker_succeed(&b, 10);
    assert_false(breaker_is_open(&b));
    assert_false(breaker_is_open(&b));
}

/* It may not be there at all: probed from its first silence on, with the time its characters take.
 */
static void a_unit_that_never_answered_is_only_probed(void **state)
{
    struct breaker b = {0};

    (void)state;
    assert_int_equal(breaker_timeout_ms(&b, 1000, breaker_short_ms(130, 0)), 1000);
    assert_true(breaker_fail(&b));
    assert_true(breaker_is_open(&b));
    assert_false(breaker_fail(&b));
    assert_int_equal(breaker_timeout_ms(&b, 1000, breaker_short_ms(130, 0)), 180);
    assert_int_equal(breaker_timeout_ms(&b, 100, breaker_short_ms(130, 0)), 100);
    assert_true(breaker_is_open(&b));
    breaker_succeed(&b, 10);
    assert_false(breaker_is_open(&b));
    assert_false(breaker_fail(&b));
    assert_int_equal(breaker_short_ms(0, 20), 50);
    assert_int_equal(breaker_short_ms(0, 90), 180);
}

/* Both registers of a value are in one request, whatever the cap, and its status behind them. */
static void values_of_two_registers_stay_whole(void **state)
{
    struct register_map map = plain(40, 2, 0, 125);
    struct poll_plan plan;

    (void)state;
    map.type = REGISTER_U32;
    for (map.max_read = 2; map.max_read <= 125; map.max_read++) {
        assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
        check_covered(&map, &plan, map.max_read);
        for (uint32_t i = 0; i < plan.item_count; i++) {
            assert_int_equal(plan.items[i].len, 2);
        }
        poll_plan_finish(&plan);
    }
    map.max_read = 1;
    assert_non_null(poll_plan_fault(&map, 0));
    map.max_read = 125;
    map.stride = 1;
    assert_non_null(poll_plan_fault(&map, 0));
    map.stride = 4;
    map.status_offset = 2;
    map.gap = 2;
    assert_int_equal(poll_plan_make(&map, 0, &plan), ERR_OK);
    assert_int_equal(plan.items[0].len, 3);
    assert_int_equal(plan.requests[0].count, 123); /* 31 values and status, 4 apart */
    poll_plan_finish(&plan);
}

static void pauses_grow_to_their_cap(void **state)
{
    struct backoff b;
    int64_t cap = 0;

    (void)state;
    backoff_init(&b, "line", 1);
    for (int i = 0; i < 40; i++) {
        int64_t whole = i < 10 && (250 << i) < 5000 ? 250 << i : 5000;

        cap = backoff_next_ms(&b, 250, 5000);
        assert_in_range(cap, whole / 2, whole);
    }
    backoff_reset(&b);
    assert_in_range(backoff_next_ms(&b, 250, 5000), 125, 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_merged),
        cmocka_unit_test(holes_wider_than_the_gap_split),
        cmocka_unit_test(dx80_reads_value_and_status_together),
        cmocka_unit_test(far_status_is_read_first),
        cmocka_unit_test(random_maps_are_covered),
        cmocka_unit_test(a_split_goes_to_the_widest_hole),
        cmocka_unit_test(a_device_that_refuses_all_stays_whole),
        cmocka_unit_test(what_was_answered_is_not_taken_apart_at_once),
        cmocka_unit_test(bad_maps_are_refused),
        cmocka_unit_test(the_breaker_probes_shortly),
        cmocka_unit_test(a_unit_that_never_answered_is_only_probed),
        cmocka_unit_test(values_of_two_registers_stay_whole),
        cmocka_unit_test(pauses_grow_to_their_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
