/* Coverage: everything has somebody responsible (责任全覆盖、无死角、无盲区), and where it has not,
 * it is listed; the words of the founding documents on grids, owners, wardens and figures. */
#include "tests/unit/own_folder.h"

#include "bowei/coverage.h"
#include "bowei/fences.h"
#include "tests/unit/territory_world.h"

/* --- a small city where nobody is missing --- */

#define LOT   "150402001R00100008"
#define FENCE "150402001F00100006"
#define ZONE  "150402001N0010000U"

static const char lots[] = "id,lat,lon,counting,owner_unit,manage_unit,component_code\n" LOT
                           ",42.1005,118.1005,spaces,CT-GROUP,TC-PARK,1504020201000001\n";
static const char spaces[] = "id,lat,lon,attributes,permit\n"
                             "150402001R0010012Z,42.1005,118.1005,,\n"
                             "150402001R0010013X,42.1006,118.1006,resident,\n"
                             "150402001R0010014V,42.1025,118.1005,resident,no\n";
static const char units[] =
    "unit,kind,name_zh,name_en,trades,scope,person\n"
    "CG-DEPT,department,城市管理局,City Management,motor;non_motor;shared_bike;facility,150402,"
    "P-10\n"
    "CT-GROUP,enterprise,城投集团,City Investment,,,P-20\n"
    "HLO,operator,哈啰,Hello,shared_bike,,P-30\n"
    "JD-XITUN,street_office,西屯街道办事处,Xitun Street Office,,150402001,P-40\n"
    "TC-PARK,enterprise,停车公司,Parking Company,motor;facility,,\n";
static const char wardens[] = "level,scope,person,unit\n"
                              "area,150402001001001,PZ-1,JD-XITUN\n"
                              "area,150402001001002,PZ-2,JD-XITUN\n"
                              "street,150402001,JZ-1,CG-DEPT\n"
                              "road," LOT ",LZ-1,TC-PARK\n"
                              "road," FENCE ",LZ-2,CG-DEPT\n"
                              "road," ZONE ",LZ-3,CG-DEPT\n";

#define RING "[118.1001,42.1001],[118.1002,42.1001],[118.1002,42.1002],[118.1001,42.1001]"

static void features_print(struct strbuf *out)
{
    strbuf_puts(out, "{\"type\":\"FeatureCollection\",\"features\":[\n");
    territory_cell_print(out, UINT64_C(150402001001001), 0, 0, 1, 1);
    strbuf_puts(out, ",\n");
    territory_cell_print(out, UINT64_C(150402001001002), 1, 0, 1, 1);
    strbuf_puts(out,
                ",\n{\"type\":\"Feature\",\"id\":\"" FENCE "\",\"properties\":{\"type\":"
                "\"fence\",\"capacity\":20,\"owner_unit\":\"CT-GROUP\"},\"geometry\":{"
                "\"type\":\"Polygon\",\"coordinates\":[[" RING "]]}}"
                ",\n{\"type\":\"Feature\",\"id\":\"" ZONE "\",\"properties\":{\"type\":"
                "\"fence\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[" RING "]]}}]}");
    strbuf_putc(out, '\0');
}

/* The city, with another text in the place of one of its tables (NULL: as it is). */
static struct inventory *city_with(const char *other_units, const char *other_wardens)
{
    struct strbuf features = {0};
    const char *texts[5] = {lots, spaces, other_units == NULL ? units : other_units,
                            other_wardens == NULL ? wardens : other_wardens, NULL};
    struct inventory *inv;

    features_print(&features);
    texts[4] = features.data;
    inv = territory_import(own_folder, texts, 5);
    assert_non_null(inv);
    strbuf_finish(&features);
    return inv;
}

static space_key key_of(const char *id)
{
    space_key key = 0;

    assert_int_equal(space_id_parse(id, strlen(id), &key), ID_OK);
    return key;
}

static void asked(const struct inventory *inv, const char *trade, const char *id,
                  struct responsibility *out)
{
    const space_key key = key_of(id);
    const uint32_t space = inventory_space(inv, key);
    const uint32_t fence = fences_find(inv, key);
    struct position_e7 at = {421005000, 1181005000};

    at = space != NO_SLOT ? inv->spaces[space].at : at;
    at = fence != NO_FENCE ? inv->fences[fence].centre : at;
    territory_route(inv, trade, key, at, out);
}

/* 城市部件按网格单元划分 (004): every object falls in exactly one grid, and keeps its code. */
static void grid_units_cover_every_component(void **state)
{
    struct inventory *inv = city_with(NULL, NULL);
    struct responsibility r;

    (void)state;
    asked(inv, "motor", LOT, &r);
    assert_true(r.grid == UINT64_C(150402001001001));
    asked(inv, "motor", "150402001R0010014V", &r);
    assert_true(r.grid == UINT64_C(150402001001002)); /* of one lot, yet in the next cell */
    asked(inv, "shared_bike", FENCE, &r);
    assert_true(r.grid == UINT64_C(150402001001001));
    assert_true(territory_component(inv, key_of(LOT)) == UINT64_C(1504020201000001));
    assert_int_equal(coverage_of(inv)->places[GAP_NO_GRID], 0);
    inventory_destroy(inv);
}

/* 每项责任明确到个人，责任全覆盖、无死角、无盲区 (000) */
static void every_place_has_someone_responsible(void **state)
{
    struct inventory *inv = city_with(NULL, NULL);

    (void)state;
    assert_true(coverage_of(inv)->given);
    assert_int_equal(coverage_of(inv)->gap_count, 0);
    inventory_destroy(inv);
}

/* ... and what has not is listed: each piece taken away comes up, and only it. */
static void what_is_missing_is_listed(void **state)
{
    static const struct {
        const char *units, *wardens;
        enum gap_kind kind;
        uint64_t places;
        uint32_t rows;
    } cases[] = {
        {NULL,
         "level,scope,person,unit\nstreet,150402001,JZ-1,CG-DEPT\nroad," LOT ",LZ-1,TC-PARK\n"
         "road," FENCE ",LZ-2,\nroad," ZONE ",LZ-3,\narea,150402001001001,PZ-1,\n",
         GAP_NO_AREA_WARDEN,   1, 1},
        {NULL,
         "level,scope,person,unit\narea,150402001001001,PZ-1,\narea,150402001001002,PZ-2,\n"
         "road," LOT ",LZ-1,TC-PARK\nroad," FENCE ",LZ-2,\nroad," ZONE ",LZ-3,\n",
         GAP_NO_STREET_WARDEN, 6, 3},
        {NULL,
         "level,scope,person,unit\narea,150402001001001,PZ-1,\narea,150402001001002,PZ-2,\n"
         "street,150402001,JZ-1,\nroad," LOT ",LZ-1,TC-PARK\nroad," ZONE ",LZ-3,\n",
         GAP_NO_ROAD_WARDEN,   1, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct inventory *inv = city_with(cases[i].units, cases[i].wardens);
        const struct coverage *c = coverage_of(inv);

        assert_int_equal(c->places[cases[i].kind], cases[i].places);
        assert_int_equal(c->gap_count, cases[i].rows);
        assert_int_equal(c->gaps[0].kind, cases[i].kind);
        inventory_destroy(inv);
    }
}

/* Nobody of a unit, no unit at all, and a grid outside every scope. */
static void units_and_grids_are_asked_too(void **state)
{
    static const char few[] = "unit,kind,trades,scope,person\n"
                              "CG-DEPT,department,motor,150402,\n"
                              "CT-GROUP,enterprise,,,P-20\n"
                              "TC-PARK,enterprise,motor;facility,,P-5\n";
    struct inventory *inv = city_with(few, "level,scope,person,unit\n");
    const struct coverage *c = coverage_of(inv);
    const struct coverage_gap *gap = &c->gaps[c->first[GAP_GRID_NO_UNIT]];

    (void)state;
    assert_int_equal(c->places[GAP_UNIT_NOBODY], 1);
    assert_int_equal(c->gaps[c->first[GAP_UNIT_NOBODY]].unit, 0);
    /* two fences want non_motor, shared_bike and facility; the lot has its manager */
    assert_int_equal(c->places[GAP_NO_UNIT], 6);
    assert_int_equal(c->places[GAP_NO_PERSON], 0);
    /* each of two cells for three trades */
    assert_int_equal(c->places[GAP_GRID_NO_UNIT], 6);
    assert_true(gap->grid == UINT64_C(150402001001001));
    assert_string_equal(territory_trade(gap->trade), "non_motor");
    inventory_destroy(inv);
}

/* 一些城市部件产权还在相关事权单位 (003): the case goes to the manager, the owner is told apart. */
static void owner_and_manager_may_differ(void **state)
{
    struct inventory *inv = city_with(NULL, NULL);
    struct responsibility r;
    const char *zh;
    const char *en;

    (void)state;
    asked(inv, "motor", "150402001R0010012Z", &r);
    assert_string_equal(r.owner, "CT-GROUP");
    assert_string_equal(r.manager, "TC-PARK");
    assert_int_equal(r.rule, ROUTE_BY_PLACE_MANAGER);
    assert_string_equal(r.unit, "TC-PARK");
    /* a trade its manager does not serve goes on; the owner alone never decides */
    asked(inv, "non_motor", "150402001R0010012Z", &r);
    assert_string_equal(r.unit, "CG-DEPT");
    asked(inv, "shared_bike", FENCE, &r);
    assert_string_equal(r.owner, "CT-GROUP");
    assert_string_equal(r.manager, "");
    assert_string_equal(r.unit, "CG-DEPT");
    assert_true(territory_unit(inv, "CT-GROUP", &zh, &en));
    assert_string_equal(zh, "城投集团");
    assert_string_equal(en, "City Investment");
    assert_false(territory_unit(inv, "CT-GROU", &zh, &en));
    assert_string_equal(zh, "");
    inventory_destroy(inv);
}

/* 片长街长路长制 (000): a case names three wardens, and the narrowest of the unit handles it. */
static void wardens_of_three_levels(void **state)
{
    struct inventory *inv = city_with(NULL, NULL);
    struct responsibility r;

    (void)state;
    asked(inv, "motor", "150402001R0010014V", &r);
    assert_string_equal(r.wardens[WARDEN_AREA], "PZ-2");
    assert_string_equal(r.wardens[WARDEN_STREET], "JZ-1");
    assert_string_equal(r.wardens[WARDEN_ROAD], "LZ-1");
    assert_string_equal(r.person, "LZ-1"); /* of TC-PARK, which names nobody itself */
    asked(inv, "non_motor", "150402001R0010014V", &r);
    assert_string_equal(r.person, "JZ-1"); /* CG-DEPT's warden before its own P-10 */
    inventory_destroy(inv);
}

/* Where vehicles may stay long, no zombie clock runs. */
static void permits_of_places(void **state)
{
    struct inventory *inv = city_with(NULL, NULL);

    (void)state;
    assert_false(territory_permit(inv, key_of("150402001R0010012Z")));
    assert_true(territory_permit(inv, key_of("150402001R0010013X")));  /* for residents */
    assert_false(territory_permit(inv, key_of("150402001R0010014V"))); /* that says no */
    assert_false(territory_permit(inv, key_of(FENCE)));
    inventory_destroy(inv);
}

/* 底数 (004) by street, and 横向到边、纵向到底 (000): zero cells stand. */
static void figures_by_street_and_unit(void **state)
{
    struct inventory *inv = city_with(NULL, NULL);
    const struct coverage *c = coverage_of(inv);

    (void)state;
    assert_int_equal(c->street_count, 1);
    assert_true(c->streets[0].street == 150402001);
    assert_int_equal(c->streets[0].lots, 1);
    assert_int_equal(c->streets[0].spaces, 3);
    assert_int_equal(c->streets[0].fences, 2);
    assert_int_equal(c->streets[0].grids, 2);
    assert_int_equal(c->unit_count, 5);
    assert_int_equal(c->matrix[0], 2); /* CG-DEPT: the fences */
    assert_int_equal(c->matrix[1], 0); /* CT-GROUP only owns */
    assert_int_equal(c->matrix[4], 4); /* TC-PARK: the lot and its spaces */
    inventory_destroy(inv);
}

/* --- against the router, over random cities --- */

static const struct coverage_gap *gap_find(const struct coverage *c, enum gap_kind kind,
                                           space_key site, unsigned trade)
{
    for (uint32_t i = c->first[kind]; i < c->first[kind + 1]; i++) {
        if (c->gaps[i].site == site && c->gaps[i].trade == trade) {
            return &c->gaps[i];
        }
    }
    return NULL;
}

static void gap_check(const struct coverage *c, enum gap_kind kind, space_key site, unsigned trade,
                      uint32_t want)
{
    const struct coverage_gap *gap = gap_find(c, kind, site, trade);

    assert_int_equal(gap == NULL ? 0 : gap->places, want);
}

static void lot_check(const struct world *w, const struct inventory *inv, int lot)
{
    const struct coverage *c = coverage_of(inv);
    uint32_t misses[GAP_KIND_COUNT] = {0};
    uint32_t no_unit[TRADES] = {0};
    uint32_t nobody[TRADES] = {0};

    for (int p = -1; p < SPACES; p++) {
        const space_key key = p < 0 ? w->lots[lot].key : w->spaces[p].key;
        const struct position_e7 at = p < 0 ? w->lots[lot].at : w->spaces[p].at;
        struct responsibility r;

        if (p >= 0 && w->spaces[p].lot != lot) {
            continue;
        }
        for (int t = 0; t < TRADES; t += 3) { /* motor and facility */
            territory_route(inv, world_trades[t], key, at, &r);
            no_unit[t] += r.rule == ROUTE_NONE;
            nobody[t] += r.rule != ROUTE_NONE && r.person[0] == '\0';
        }
        misses[GAP_NO_GRID] += r.grid == NO_GRID;
        misses[GAP_NO_AREA_WARDEN] += r.wardens[WARDEN_AREA][0] == '\0';
        misses[GAP_NO_STREET_WARDEN] += r.wardens[WARDEN_STREET][0] == '\0';
        misses[GAP_NO_ROAD_WARDEN] += r.wardens[WARDEN_ROAD][0] == '\0';
    }
    for (int t = 0; t < TRADES; t++) {
        gap_check(c, GAP_NO_UNIT, w->lots[lot].key, (unsigned)t, no_unit[t]);
        gap_check(c, GAP_NO_PERSON, w->lots[lot].key, (unsigned)t, nobody[t]);
    }
    gap_check(c, GAP_NO_GRID, w->lots[lot].key, TRADES_MAX, misses[GAP_NO_GRID]);
    gap_check(c, GAP_NO_AREA_WARDEN, w->lots[lot].key, TRADES_MAX, misses[GAP_NO_AREA_WARDEN]);
    gap_check(c, GAP_NO_STREET_WARDEN, w->lots[lot].key, TRADES_MAX, misses[GAP_NO_STREET_WARDEN]);
    gap_check(c, GAP_NO_ROAD_WARDEN, w->lots[lot].key, TRADES_MAX, misses[GAP_NO_ROAD_WARDEN]);
}

static void gaps_are_what_the_router_finds(void **state)
{
    struct dice dice = {.state = 28};

    (void)state;
    for (int i = 0; i < 10; i++) {
        struct world w;
        struct inventory *inv;

        world_make(&w, &dice);
        inv = world_build(&w, own_folder);
        assert_non_null(inv);
        for (int lot = 0; lot < LOTS; lot++) {
            lot_check(&w, inv, lot);
        }
        inventory_destroy(inv);
    }
}

/* A snapshot after a snapshot: tombstones are nobody's business. */
static void removed_places_are_no_gaps(void **state)
{
    struct inventory *first = city_with(NULL, "level,scope,person,unit\n");
    static const char fewer[] = "id,lat,lon,attributes,permit\n"
                                "150402001R0010012Z,42.1005,118.1005,,\n";
    const char *texts[] = {lots, fewer, units};
    struct import_report report = {0};
    struct draft *d = territory_read(own_folder, texts, 3, &report);
    struct inventory *second = NULL;

    (void)state;
    assert_int_equal(draft_complete(d, NULL, true, true, &report), ERR_OK);
    assert_int_equal(report.fault_count, 0);
    assert_int_equal(inventory_build(d, 2, first, NULL, &second), ERR_OK);
    assert_int_equal(coverage_of(second)->streets[0].spaces, 1);
    assert_int_equal(coverage_of(second)->streets[0].fences, 0);
    assert_int_equal(coverage_of(second)->places[GAP_NO_GRID], 2);
    assert_int_equal(coverage_of(first)->places[GAP_NO_GRID], 0);
    import_report_finish(&report);
    draft_destroy(d);
    inventory_destroy(second);
    inventory_destroy(first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(grid_units_cover_every_component),
        TEST(every_place_has_someone_responsible),
        TEST(what_is_missing_is_listed),
        TEST(units_and_grids_are_asked_too),
        TEST(owner_and_manager_may_differ),
        TEST(wardens_of_three_levels),
        TEST(permits_of_places),
        TEST(figures_by_street_and_unit),
        TEST(gaps_are_what_the_router_finds),
        TEST(removed_places_are_no_gaps),
    };

    return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}
