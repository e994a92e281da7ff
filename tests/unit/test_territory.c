/* Who is responsible for a place: routing against an oracle that walks plain lists, and the words
 * of the founding documents that the third part of the inventory makes real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include "tests/unit/territory_fixture.h"
#include <cmocka.h>

static char folder[256];

static int folder_make(void **state)
{
    (void)state;
    scratch_folder_make(folder, sizeof folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    scratch_folder_remove(folder);
    return 0;
}

/* --- a random city and its oracle --- */

#define SIDE   8
#define UNITS  14
#define LOTS   40
#define SPACES 160
#define TRADES 4
#define SCOPES (SIDE * SIDE + 3) /* cells, two streets, the county */

static const char *const trades[TRADES] = {"motor", "non_motor", "shared_bike", "facility"};

struct world {
    uint64_t cells[SIDE][SIDE]; /* 0 = a hole in the grid */
    uint64_t scopes[SCOPES];
    int serves[SCOPES][TRADES]; /* unit, -1 = none */
    int offices[2];             /* of a street */

    struct {
        bool office;
        unsigned trades;
        int person; /* -1 = none */
    } units[UNITS];

    struct {
        space_key key;
        struct position_e7 at;
        int owner, manager, permit; /* -1 = not given; permit: 0 = no, 1 = yes */
        int warden, warden_unit;    /* of the road */
    } lots[LOTS];

    struct {
        int lot;
        space_key key;
        struct position_e7 at;
        int owner, manager, permit;
    } spaces[SPACES];

    int area[SIDE * SIDE], area_unit[SIDE * SIDE];
    int street[2], street_unit[2];
};

static int chance(struct dice *dice, uint32_t of, uint32_t among)
{
    return dice_below(dice, of) == 0 ? (int)dice_below(dice, among) : -1;
}

static void world_units(struct world *w, struct dice *dice)
{
    memset(w->serves, -1, sizeof w->serves);
    memset(w->offices, -1, sizeof w->offices);
    for (int u = 0; u < UNITS; u++) {
        w->units[u].trades = 1 + dice_below(dice, (1 << TRADES) - 1);
        w->units[u].person = chance(dice, 2, 900);
        w->units[u].office = u < 2;
        if (u < 2) {
            w->offices[u] = u;
        }
        for (int tries = 0; tries < 9; tries++) {
            /* counties and streets as often as cells */
            uint32_t s = dice_below(dice, 2) == 0 ? SIDE * SIDE + dice_below(dice, 3)
                                                  : dice_below(dice, SCOPES);
            bool free = w->scopes[s] != 0 && u < UNITS - 3 && !w->units[u].office;

            for (int t = 0; free && t < TRADES; t++) {
                free = (w->units[u].trades >> t & 1) == 0 || w->serves[s][t] < 0;
            }
            for (int t = 0; free && t < TRADES; t++) {
                w->serves[s][t] = (w->units[u].trades >> t & 1) != 0 ? u : w->serves[s][t];
            }
        }
    }
    w->units[0].trades = 0; /* only the office of its street */
}

static struct position_e7 anywhere(struct dice *dice)
{
    /* sometimes on an edge or corner of cells, sometimes outside all of them */
    uint32_t step = dice_below(dice, 4) == 0 ? CELL_E7 / 2 : 1;

    return (struct position_e7){
        SOUTH_E7 - CELL_E7 + (int32_t)(dice_below(dice, (SIDE + 2) * CELL_E7) / step * step),
        WEST_E7 - CELL_E7 + (int32_t)(dice_below(dice, (SIDE + 2) * CELL_E7) / step * step)};
}

static void world_make(struct world *w, struct dice *dice)
{
    memset(w, 0, sizeof *w);
    for (int row = 0; row < SIDE; row++) {
        for (int col = 0; col < SIDE; col++) {
            uint64_t street = UINT64_C(150402001) + (row >= SIDE / 2);

            if (dice_below(dice, 8) != 0) {
                w->cells[row][col] =
                    col == 0 ? street * 100000 + 1000 + (uint64_t)row + 1
                             : street * 1000000 + 2000 + (uint64_t)row * SIDE + (uint64_t)col;
            }
            w->scopes[row * SIDE + col] = w->cells[row][col];
            w->area[row * SIDE + col] = chance(dice, 2, 900);
            w->area_unit[row * SIDE + col] = chance(dice, 2, UNITS);
        }
    }
    w->scopes[SIDE * SIDE] = 150402001;
    w->scopes[SIDE * SIDE + 1] = 150402002;
    w->scopes[SIDE * SIDE + 2] = 150402;
    world_units(w, dice);
    for (int s = 0; s < 2; s++) {
        w->street[s] = chance(dice, 2, 900);
        w->street_unit[s] = chance(dice, 2, UNITS);
    }
    for (uint32_t i = 0; i < LOTS; i++) {
        w->lots[i].key = territory_key(1 + dice_below(dice, 2), 'R', 1 + i, 0);
        w->lots[i].at = anywhere(dice);
        w->lots[i].owner = chance(dice, 3, UNITS);
        w->lots[i].manager = chance(dice, 2, UNITS);
        w->lots[i].permit = chance(dice, 3, 2);
        w->lots[i].warden = chance(dice, 2, 900);
        w->lots[i].warden_unit = chance(dice, 2, UNITS);
    }
    for (uint32_t i = 0; i < SPACES; i++) {
        int lot = (int)dice_below(dice, LOTS);

        w->spaces[i].lot = lot;
        w->spaces[i].key = w->lots[lot].key + 1 + i;
        w->spaces[i].at = anywhere(dice);
        w->spaces[i].owner = chance(dice, 5, UNITS);
        w->spaces[i].manager = chance(dice, 5, UNITS);
        w->spaces[i].permit = chance(dice, 4, 2);
    }
}

/* --- the world as files --- */

static void duty_print(struct strbuf *out, int owner, int manager, int permit)
{
    if (owner >= 0) {
        strbuf_printf(out, "U-%02d", owner);
    }
    strbuf_puts(out, ",");
    if (manager >= 0) {
        strbuf_printf(out, "U-%02d", manager);
    }
    strbuf_printf(out, ",%s\n", permit < 0 ? "" : permit == 0 ? "no" : "official");
}

static void world_places(const struct world *w, struct strbuf *lots, struct strbuf *spaces)
{
    char id[SPACE_ID_LEN + 1];

    strbuf_puts(lots, "id,lat,lon,counting,owner_unit,manage_unit,permit\n");
    for (int i = 0; i < LOTS; i++) {
        space_id_format(w->lots[i].key, id);
        strbuf_printf(lots, "%s,%.7f,%.7f,spaces,", id, w->lots[i].at.lat / 1e7,
                      w->lots[i].at.lon / 1e7);
        duty_print(lots, w->lots[i].owner, w->lots[i].manager, w->lots[i].permit);
    }
    strbuf_puts(spaces, "id,lat,lon,owner_unit,manage_unit,permit\n");
    for (int i = 0; i < SPACES; i++) {
        space_id_format(w->spaces[i].key, id);
        strbuf_printf(spaces, "%s,%.7f,%.7f,", id, w->spaces[i].at.lat / 1e7,
                      w->spaces[i].at.lon / 1e7);
        duty_print(spaces, w->spaces[i].owner, w->spaces[i].manager, w->spaces[i].permit);
    }
}

static void world_unit_rows(const struct world *w, struct strbuf *out)
{
    strbuf_puts(out, "unit,kind,name_zh,name_en,trades,scope,person\n");
    for (int u = 0; u < UNITS; u++) {
        const char *between = "";

        strbuf_printf(out, "U-%02d,%s,单位%d,Unit %d,", u,
                      w->units[u].office ? "street_office" : "enterprise", u, u);
        for (int t = 0; t < TRADES; t++) {
            if ((w->units[u].trades >> t & 1) != 0 && !w->units[u].office) {
                strbuf_printf(out, "%s%s", between, trades[t]);
                between = ";";
            }
        }
        strbuf_puts(out, ",");
        between = "";
        for (int s = SCOPES - 1; s >= 0; s--) { /* not sorted */
            bool serves = false;

            for (int t = 0; t < TRADES; t++) {
                serves = serves || w->serves[s][t] == u;
            }
            if (serves) {
                strbuf_printf(out, "%s%" PRIu64, between, w->scopes[s]);
                between = ";";
            }
        }
        if (w->units[u].office) {
            strbuf_printf(out, "15040200%d", u + 1);
        }
        strbuf_puts(out, ",");
        if (w->units[u].person >= 0) {
            strbuf_printf(out, "P-%02d", w->units[u].person);
        }
        strbuf_puts(out, "\n");
    }
}

static void warden_print(struct strbuf *out, const char *level, const char *scope, int person,
                         int unit)
{
    if (person >= 0) {
        strbuf_printf(out, "%s,%s,W-%02d,", level, scope, person);
        if (unit >= 0) {
            strbuf_printf(out, "U-%02d", unit);
        }
        strbuf_puts(out, "\n");
    }
}

static void world_wardens(const struct world *w, struct strbuf *out)
{
    char scope[24];

    strbuf_puts(out, "level,scope,person,unit\n");
    for (int i = 0; i < SIDE * SIDE; i++) {
        (void)snprintf(scope, sizeof scope, "%" PRIu64, w->scopes[i]);
        warden_print(out, "area", scope, w->scopes[i] == 0 ? -1 : w->area[i], w->area_unit[i]);
    }
    warden_print(out, "street", "150402001", w->street[0], w->street_unit[0]);
    warden_print(out, "street", "150402002", w->street[1], w->street_unit[1]);
    for (int i = 0; i < LOTS; i++) {
        space_id_format(w->lots[i].key, scope);
        warden_print(out, "road", scope, w->lots[i].warden, w->lots[i].warden_unit);
    }
}

static struct inventory *world_build(const struct world *w)
{
    struct strbuf files[5] = {{0}};
    const char *texts[5];
    struct inventory *inv;
    bool first = true;

    world_places(w, &files[0], &files[1]);
    world_unit_rows(w, &files[2]);
    world_wardens(w, &files[3]);
    strbuf_puts(&files[4], "{\"type\":\"FeatureCollection\",\"features\":[");
    for (int row = 0; row < SIDE; row++) {
        for (int col = 0; col < SIDE; col++) {
            if (w->cells[row][col] != 0) {
                strbuf_puts(&files[4], first ? "" : ",\n");
                territory_cell_print(&files[4], w->cells[row][col], row, col, 1, 1);
                first = false;
            }
        }
    }
    strbuf_puts(&files[4], "]}");
    for (int i = 0; i < 5; i++) {
        strbuf_putc(&files[i], 0);
        texts[i] = files[i].data;
    }
    inv = territory_import(folder, texts, 5);
    for (int i = 0; i < 5; i++) {
        strbuf_finish(&files[i]);
    }
    return inv;
}

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
    struct position_e7 at = anywhere(dice);
    space_key key = 0;
    struct responsibility r;
    struct answer a;

    place = place < -1 ? -1 : place;
    if (place >= 0) {
        at = place < LOTS ? w->lots[place].at : w->spaces[place - LOTS].at;
        key = place < LOTS ? w->lots[place].key : w->spaces[place - LOTS].key;
    }
    territory_route(inv, trades[trade], key, at, &r);
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
        inv = world_build(&w);
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
