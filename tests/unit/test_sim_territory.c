/* The simulated city has somebody for everything: its files are taken as they are written, every
 * place is in exactly one grid cell, nothing is a gap, and each rule of the routing finds its
 * unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "bowei/coverage.h"
#include "bowei/fences.h"
#include "bowei/inventory_file.h"
#include "gateway/inventory/territory/territory_map.h"
#include "sensors/sim/territory_plan.h"
#include "tests/unit/scratch_folder.h"
#include <cmocka.h>

static struct city *city;
static struct world_plan *plan;
static struct inventory *inv;

static void files_read(struct draft *draft, const char *folder)
{
    static const char *const names[] = {
        "lots.csv",       "spaces.csv",  "devices.csv",   "bindings.csv",  "aliases.csv",
        "fences.geojson", "beacons.csv", "listeners.csv", "operators.csv", "vehicles.csv",
        "grids.geojson",  "units.csv",   "wardens.csv"};
    struct import_report report = {0};
    char path[256];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(draft_read(draft, path, CRS_WGS84, &report), ERR_OK);
    }
    assert_int_equal(draft_complete(draft, NULL, true, true, &report), ERR_OK);
    if (report.fault_count > 0) {
        fail_msg("%s:%u: %s: %s", report.faults[0].file, report.faults[0].line,
                 report.faults[0].field, report.faults[0].reason);
    }
    import_report_finish(&report);
}

static int set_up(void **state)
{
    const struct city_params wanted = {.spaces = 4000, .seed = 3, .heartbeat_s = 60};
    const struct world_plan_params bikes = {.bikes = 800, .fences = 400, .seed = 3};
    struct draft *draft = draft_create();
    char folder[128];

    (void)state;
    scratch_folder_make(folder, sizeof folder);
    assert_non_null(draft);
    assert_int_equal(city_create(&wanted, &city), ERR_OK);
    assert_int_equal(world_plan_create(&bikes, &plan), ERR_OK);
    assert_int_equal(city_write(city, folder), ERR_OK);
    assert_int_equal(world_plan_write(plan, folder, "mqtt"), ERR_OK);
    assert_int_equal(territory_plan_write(city, plan, folder), ERR_OK);
    files_read(draft, folder);
    assert_int_equal(inventory_build(draft, 1, NULL, NULL, &inv), ERR_OK);
    draft_destroy(draft);
    scratch_folder_remove(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    inventory_destroy(inv);
    world_plan_destroy(plan);
    city_destroy(city);
    return 0;
}

/* Inside one cell and no other; on an edge that cells share, the lowest of them has it. */
static void cell_check(struct position_e7 at)
{
    const struct grid_map *grids = &inv->territory->grids;
    uint32_t inside = 0;
    uint32_t lowest = NO_CELL;

    for (uint32_t i = 0; i < grids->count; i++) {
        const int64_t mm = fence_map_distance_mm(grids->shapes, grids->cells, i, at);

        inside += mm < 0;
        lowest = mm <= 0 && lowest == NO_CELL ? i : lowest;
    }
    assert_in_range(inside, 0, 1);
    assert_int_not_equal(lowest, NO_CELL);
    assert_int_equal(grid_map_at(grids, at), lowest);
}

static void every_simulated_place_is_in_one_grid(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < inv->space_count; i++) {
        cell_check(inv->spaces[i].at);
    }
    for (uint32_t i = 0; i < inv->lot_count; i++) {
        cell_check(inv->lots[i].at);
    }
    for (uint32_t i = 0; i < inv->fence_count; i++) {
        cell_check(inv->fences[i].centre);
    }
}

static void nothing_is_a_gap(void **state)
{
    const struct coverage *c = coverage_of(inv);

    (void)state;
    for (unsigned k = 0; k < GAP_KIND_COUNT; k++) {
        if (c->places[k] != 0) {
            print_error("%s %u\n", gap_kind_code((enum gap_kind)k), (unsigned)c->places[k]);
        }
    }
    assert_int_equal(c->gap_count, 0);
    assert_int_equal(c->street_count, CITY_STREETS);
}

static void each_rule_finds_its_unit(void **state)
{
    unsigned seen[ROUTE_RULE_COUNT] = {0};

    (void)state;
    for (uint32_t i = 0; i < inv->space_count; i++) {
        for (unsigned t = 0; t < 2; t++) {
            struct responsibility r;

            territory_route(inv, t == 0 ? "motor" : "facility", inv->spaces[i].key,
                            inv->spaces[i].at, &r);
            seen[r.rule]++;
        }
    }
    assert_int_equal(seen[ROUTE_NONE], 0);
    for (unsigned r = ROUTE_BY_GRID; r < ROUTE_NONE; r++) {
        assert_true(seen[r] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_simulated_place_is_in_one_grid),
        cmocka_unit_test(nothing_is_a_gap),
        cmocka_unit_test(each_rule_finds_its_unit),
    };

    return cmocka_run_group_tests_name("simulated territory", tests, set_up, tear_down);
}
