/* The fences of the simulated city are taken by the import as they are written, and the gateway's
 * geometry and the simulator's, which share no code, agree on where a place is. */
#include "bowei/fences.h"
#include "bowei/inventory.h"
#include "bowei/inventory_file.h"
#include "sensors/sim/fleet/world_plan.h"
#include "sensors/sim/world/city.h"
#include "sensors/sim/world/rng.h"
#include "tests/unit/scratch_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define PLACES   20000
#define AGREE_MM 25 /* 20 mm of the gateway's contract, and whole millimetres on both sides */

static struct world_plan *plan;
static struct inventory *inv;

static bool no_timing(void *ctx, const char *source, const char *device, const char *model,
                      struct sensor_timing *out)
{
    (void)ctx;
    (void)source;
    (void)device;
    (void)model;
    (void)out;
    return false;
}

static void read_all(struct draft *draft, const char *folder)
{
    static const char *const names[] = {"fences.geojson", "beacons.csv", "listeners.csv",
                                        "operators.csv", "vehicles.csv"};
    struct import_report report = {0};
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(draft_read(draft, path, CRS_WGS84, &report), ERR_OK);
    }
    assert_int_equal(draft_complete(draft, NULL, true, true, &report), ERR_OK);
    if (report.fault_count > 0) {
        fail_msg("%s:%u: %s: %s", report.faults[0].file, (unsigned)report.faults[0].line,
                 report.faults[0].field, report.faults[0].reason);
    }
    import_report_finish(&report);
}

static int set_up(void **state)
{
    const struct world_plan_params params = {.bikes = 900, .fences = 400, .seed = 5};
    const struct timing_source timing = {.timing = no_timing};
    struct draft *draft = draft_create();
    char folder[128];

    (void)state;
    scratch_folder_make(folder, sizeof folder);
    assert_non_null(draft);
    assert_int_equal(world_plan_create(&params, &plan), ERR_OK);
    assert_int_equal(world_plan_write(plan, folder, "mqtt"), ERR_OK);
    read_all(draft, folder);
    assert_int_equal(inventory_build(draft, 1, NULL, &timing, &inv), ERR_OK);
    draft_destroy(draft);
    scratch_folder_remove(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    inventory_destroy(inv);
    world_plan_destroy(plan);
    return 0;
}

static void each_fence_is_there(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < plan->fence_count; i++) {
        const struct plan_fence *f = &plan->fences[i];
        const uint32_t index = fences_find(inv, f->key);

        assert_int_not_equal(index, NO_FENCE);
        assert_int_equal(inv->fences[index].capacity, f->capacity);
        assert_int_equal(inv->fences[index].use,
                         f->kind == PLACE_NO_PARKING ? FENCE_NO_PARK : FENCE_PARK);
    }
}

/* Seen from a random place near a fence. */
static void both_geometries_agree(void **state)
{
    uint64_t rng = 1;
    uint32_t inside = 0;

    (void)state;
    for (uint32_t i = 0; i < PLACES; i++) {
        const uint32_t fence = rng_below(&rng, plan->fence_count);
        const struct plan_fence *f = &plan->fences[fence];
        const struct shape_point off = {(rng_unit(&rng) - 0.5) * 300, (rng_unit(&rng) - 0.5) * 300};
        const struct position_e7 at = shape_place(f->centre, off);
        const int64_t theirs = fence_distance_mm(inv, fences_find(inv, f->key), at);
        const int64_t ours = world_plan_distance_mm(plan, fence, at);

        if (ours < WORLD_FAR_MM) {
            assert_in_range(theirs - ours + AGREE_MM, 0, 2 * AGREE_MM);
        }
        inside += ours < 0;
    }
    assert_in_range(inside, PLACES / 50, PLACES / 2);
}

static void the_nearest_fence_is_the_same(void **state)
{
    uint64_t rng = 2;
    uint32_t met = 0;

    (void)state;
    for (uint32_t i = 0; i < PLACES; i++) {
        double middle[2];
        struct position_e7 at;
        struct plan_place place;
        struct fence_hit hits[8];
        uint32_t n;

        city_block_middle(rng_below(&rng, plan->fence_count), middle);
        at = city_place(middle[0] + rng_unit(&rng) * 250, middle[1] + rng_unit(&rng) * 250);
        place = world_plan_locate(plan, at);
        n = fences_around(inv, at, WORLD_FAR_MM - 1000, FENCE_PARK, hits, 8);
        if (place.park_mm < WORLD_FAR_MM - 2000) {
            met++;
            assert_true(n > 0);
            assert_in_range(hits[0].distance_mm - place.park_mm + AGREE_MM, 0, 2 * AGREE_MM);
        }
    }
    assert_true(met > PLACES / 10);
}

static void radio_is_bound_as_it_stands(void **state)
{
    char id[WORLD_ID_CAP];

    (void)state;
    for (uint32_t i = 0; i < plan->stud_count; i++) {
        world_stud_id(plan, i, id);
        assert_int_equal(fences_beacon(inv, id, strlen(id)),
                         fences_find(inv, plan->fences[plan->studs[i].fence].key));
    }
    for (uint32_t i = 0; i < plan->listener_count; i++) {
        world_listener_id(plan, i, id);
        assert_int_not_equal(fences_listener(inv, id, strlen(id)), UINT32_MAX);
    }
}

/* By beacon, by MAC, by IMEI and by the operator's prefix. */
static void every_bike_is_known(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < plan->params.bikes; i++) {
        char want[WORLD_ID_CAP];
        char text[WORLD_ID_CAP];
        char imei[16];
        char ref[VEHICLE_REF_MAX + 1];
        const uint32_t op = world_operator(plan, i);

        world_bike_ref(plan, i, want);
        assert_true(vehicle_ref_valid(want, strlen(want)));
        if (world_operator_beacons(op)) {
            world_bike_beacon(i, text);
            assert_true(fences_identify(inv, "f00000000001", text, "", ref));
        } else {
            world_bike_mac(plan, i, text);
            assert_true(fences_identify(inv, text, "", "", ref));
        }
        assert_string_equal(ref, want);
        if (world_operator_listed(op) && !world_operator_beacons(op)) {
            world_bike_imei(i, imei);
            assert_true(fences_identify(inv, "", "", imei, ref));
            assert_string_equal(ref, want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fence_is_there),
        cmocka_unit_test(both_geometries_agree),
        cmocka_unit_test(the_nearest_fence_is_the_same),
        cmocka_unit_test(radio_is_bound_as_it_stands),
        cmocka_unit_test(every_bike_is_known),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
