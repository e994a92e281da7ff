/* Who is responsible for a place: routing against an oracle that walks plain lists, and the words
 * of the founding documents that the third part of the inventory makes real. */
#include "tests/unit/own_folder.h"
#include "tests/unit/territory_world.h"

/* --- the oracle --- */

struct answer {
    int rule, unit, person, owner, manager;
    bool person_of_unit; /* person is the unit's own number, not a warden's */
    int wardens[3];
    uint64_t grid;
};

static uint64_t oracle_cell(const struct world *w, struct position_e7 at, int *index)
{
    uint64_t best = 0;

    for (int row = 0; row < SIDE; row++) {
        for (int col = 0; col < SIDE; col++) {
            int32_t south = SOUTH_E7 + row * CELL_E7;
            int32_t west = WEST_E7 + col * CELL_E7;

            if (w->cells[row][col] != 0 && at.lat >= south && at.lat <= south + CELL_E7 &&
                at.lon >= west && at.lon <= west + CELL_E7 &&
                (best == 0 || w->cells[row][col] < best)) {
                best = w->cells[row][col];
                *index = row * SIDE + col;
            }
        }
    }
    return best;
}

/* place: -1 = none; lots come first, then spaces */
static struct answer oracle(const struct world *w, int trade, int place, struct position_e7 at)
{
    struct answer a = {
        ROUTE_NONE, -1, -1, -1, -1, false, {-1, -1, -1},
              0
    };
    const int lot = place < 0 ? -1 : place < LOTS ? place : w->spaces[place - LOTS].lot;
    const int space = place >= LOTS ? place - LOTS : -1;
    int cell = -1;
    int street = -1;
    int units[3] = {-1, -1, -1};

    a.grid = oracle_cell(w, at, &cell);
    if (lot >= 0) {
        street = (int)space_key_street(w->lots[lot].key) - 1;
        a.owner =
            space >= 0 && w->spaces[space].owner >= 0 ? w->spaces[space].owner : w->lots[lot].owner;
        a.manager = space >= 0 && w->spaces[space].manager >= 0 ? w->spaces[space].manager
                                                                : w->lots[lot].manager;
        a.wardens[2] = w->lots[lot].warden;
        units[2] = w->lots[lot].warden_unit;
    } else if (cell >= 0) {
        street = cell / SIDE >= SIDE / 2;
    }
    if (cell >= 0) {
        a.wardens[0] = w->area[cell];
        units[0] = w->area_unit[cell];
    }
    if (street >= 0) {
        a.wardens[1] = w->street[street];
        units[1] = w->street_unit[street];
    }
    if (a.manager >= 0 && !w->units[a.manager].office &&
        (w->units[a.manager].trades >> trade & 1) != 0) {
        a.rule = ROUTE_BY_PLACE_MANAGER;
        a.unit = a.manager;
    } else if (cell >= 0 && w->serves[cell][trade] >= 0) {
        a.rule = ROUTE_BY_GRID;
        a.unit = w->serves[cell][trade];
    } else if (street >= 0 && w->serves[SIDE * SIDE + street][trade] >= 0) {
        a.rule = ROUTE_BY_STREET;
        a.unit = w->serves[SIDE * SIDE + street][trade];
    } else if (street >= 0 && w->serves[SIDE * SIDE + 2][trade] >= 0) {
        a.rule = ROUTE_BY_DISTRICT;
        a.unit = w->serves[SIDE * SIDE + 2][trade];
    } else if (street >= 0) {
        a.rule = ROUTE_BY_STREET_OFFICE;
        a.unit = w->offices[street];
    }
    for (int l = 2; a.unit >= 0 && a.person < 0 && l >= 0; l--) {
        a.person = a.wardens[l] >= 0 && units[l] == a.unit ? a.wardens[l] : -1;
    }
    if (a.unit >= 0 && a.person < 0) {
        a.person = w->units[a.unit].person;
        a.person_of_unit = true;
    }
    return a;
}

static void code_check(const char *got, const char *head, int number)
{
    char want[32] = "";

    if (number >= 0) {
        (void)snprintf(want, sizeof want, "%s%02d", head, number);
    }
    assert_string_equal(got, want);
}

static void answer_check(const struct world *w, const struct inventory *inv, struct dice *dice,
                         unsigned seen[ROUTE_RULE_COUNT])
{
    int trade = (int)dice_below(dice, TRADES);
    int place = (int)dice_below(dice, LOTS + SPACES + 60) - 60;
    struct position_e7 at = world_place(dice);
    space_key key = 0;
    struct responsibility r;
    struct answer a;

    place = place < -1 ? -1 : place;
    if (place >= 0) {
        at = place < LOTS ? w->lots[place].at : w->spaces[place - LOTS].at;
        key = place < LOTS ? w->lots[place].key : w->spaces[place - LOTS].key;
    }
    territory_route(inv, world_trades[trade], key, at, &r);
    a = oracle(w, trade, place, at);
    assert_int_equal(r.rule, a.rule);
    assert_true(r.grid == a.grid);
    code_check(r.unit, "U-", a.unit);
    code_check(r.person, a.person_of_unit ? "P-" : "W-", a.person);
    code_check(r.owner, "U-", a.owner);
    code_check(r.manager, "U-", a.manager);
    for (int l = 0; l < 3; l++) {
        code_check(r.wardens[l], "W-", a.wardens[l]);
    }
    seen[r.rule]++;
    if (place >= 0) {
        const int lot = place < LOTS ? place : w->spaces[place - LOTS].lot;
        const int own = place < LOTS ? -1 : w->spaces[place - LOTS].permit;

        assert_int_equal(territory_permit(inv, key), (own >= 0 ? own : w->lots[lot].permit) == 1);
    }
}

static void routing_by_trade_grid_and_territory(void **state)
{
    struct dice dice = {.state = 20261129};
    unsigned seen[ROUTE_RULE_COUNT] = {0};

    (void)state;
    for (int city = 0; city < 20; city++) {
        struct world w;
        struct inventory *inv;

        world_make(&w, &dice);
        inv = world_build(&w, own_folder);
        assert_non_null(inv);
        for (int i = 0; i < 2000; i++) {
            answer_check(&w, inv, &dice, seen);
        }
        inventory_destroy(inv);
    }
    for (int r = 0; r < ROUTE_RULE_COUNT; r++) {
        print_message("%s %u\n", route_rule_code((enum route_rule)r), seen[r]);
        assert_in_range(seen[r], 100, 40000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(routing_by_trade_grid_and_territory, folder_make,
                                        folder_remove),
    };

    return cmocka_run_group_tests_name("territory", tests, NULL, NULL);
}
