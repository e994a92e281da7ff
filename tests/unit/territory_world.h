#ifndef TESTS_UNIT_TERRITORY_WORLD_H
#define TESTS_UNIT_TERRITORY_WORLD_H

#include "tests/unit/territory_fixture.h"

/* A random city with its responsibilities as plain lists, and as the files an import reads. */

#define SIDE   8
#define UNITS  14
#define LOTS   40
#define SPACES 160
#define TRADES 4
#define SCOPES (SIDE * SIDE + 3) /* cells, two streets, the county */

static const char *const world_trades[TRADES] = {"motor", "non_motor", "shared_bike", "facility"};

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

static inline int world_chance(struct dice *dice, uint32_t of, uint32_t among)
{
    return dice_below(dice, of) == 0 ? (int)dice_below(dice, among) : -1;
}

static inline void world_units(struct world *w, struct dice *dice)
{
    memset(w->serves, -1, sizeof w->serves);
    memset(w->offices, -1, sizeof w->offices);
    for (int u = 0; u < UNITS; u++) {
        w->units[u].trades = 1 + dice_below(dice, (1 << TRADES) - 1);
        w->units[u].person = world_chance(dice, 2, 900);
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

static inline struct position_e7 world_place(struct dice *dice)
{
    /* sometimes on an edge or corner of cells, sometimes outside all of them */
    uint32_t step = dice_below(dice, 4) == 0 ? CELL_E7 / 2 : 1;

    return (struct position_e7){
        SOUTH_E7 - CELL_E7 + (int32_t)(dice_below(dice, (SIDE + 2) * CELL_E7) / step * step),
        WEST_E7 - CELL_E7 + (int32_t)(dice_below(dice, (SIDE + 2) * CELL_E7) / step * step)};
}

static inline void world_make(struct world *w, struct dice *dice)
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
            w->area[row * SIDE + col] = world_chance(dice, 2, 900);
            w->area_unit[row * SIDE + col] = world_chance(dice, 2, UNITS);
        }
    }
    w->scopes[SIDE * SIDE] = 150402001;
    w->scopes[SIDE * SIDE + 1] = 150402002;
    w->scopes[SIDE * SIDE + 2] = 150402;
    world_units(w, dice);
    for (int s = 0; s < 2; s++) {
        w->street[s] = world_chance(dice, 2, 900);
        w->street_unit[s] = world_chance(dice, 2, UNITS);
    }
    for (uint32_t i = 0; i < LOTS; i++) {
        w->lots[i].key = territory_key(1 + dice_below(dice, 2), 'R', 1 + i, 0);
        w->lots[i].at = world_place(dice);
        w->lots[i].owner = world_chance(dice, 3, UNITS);
        w->lots[i].manager = world_chance(dice, 2, UNITS);
        w->lots[i].permit = world_chance(dice, 3, 2);
        w->lots[i].warden = world_chance(dice, 2, 900);
        w->lots[i].warden_unit = world_chance(dice, 2, UNITS);
    }
    for (uint32_t i = 0; i < SPACES; i++) {
        int lot = (int)dice_below(dice, LOTS);

        w->spaces[i].lot = lot;
        w->spaces[i].key = w->lots[lot].key + 1 + i;
        w->spaces[i].at = world_place(dice);
        w->spaces[i].owner = world_chance(dice, 5, UNITS);
        w->spaces[i].manager = world_chance(dice, 5, UNITS);
        w->spaces[i].permit = world_chance(dice, 4, 2);
    }
}

/* --- the world as files --- */

static inline void world_duty(struct strbuf *out, int owner, int manager, int permit)
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

static inline void world_places(const struct world *w, struct strbuf *lots, struct strbuf *spaces)
{
    char id[SPACE_ID_LEN + 1];

    strbuf_puts(lots, "id,lat,lon,counting,owner_unit,manage_unit,permit\n");
    for (int i = 0; i < LOTS; i++) {
        space_id_format(w->lots[i].key, id);
        strbuf_printf(lots, "%s,%.7f,%.7f,spaces,", id, w->lots[i].at.lat / 1e7,
                      w->lots[i].at.lon / 1e7);
        world_duty(lots, w->lots[i].owner, w->lots[i].manager, w->lots[i].permit);
    }
    strbuf_puts(spaces, "id,lat,lon,owner_unit,manage_unit,permit\n");
    for (int i = 0; i < SPACES; i++) {
        space_id_format(w->spaces[i].key, id);
        strbuf_printf(spaces, "%s,%.7f,%.7f,", id, w->spaces[i].at.lat / 1e7,
                      w->spaces[i].at.lon / 1e7);
        world_duty(spaces, w->spaces[i].owner, w->spaces[i].manager, w->spaces[i].permit);
    }
}

static inline void world_unit_rows(const struct world *w, struct strbuf *out)
{
    strbuf_puts(out, "unit,kind,name_zh,name_en,trades,scope,person\n");
    for (int u = 0; u < UNITS; u++) {
        const char *between = "";

        strbuf_printf(out, "U-%02d,%s,单位%d,Unit %d,", u,
                      w->units[u].office ? "street_office" : "enterprise", u, u);
        for (int t = 0; t < TRADES; t++) {
            if ((w->units[u].trades >> t & 1) != 0 && !w->units[u].office) {
                strbuf_printf(out, "%s%s", between, world_trades[t]);
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

static inline void world_warden(struct strbuf *out, const char *level, const char *scope,
                                int person, int unit)
{
    if (person >= 0) {
        strbuf_printf(out, "%s,%s,W-%02d,", level, scope, person);
        if (unit >= 0) {
            strbuf_printf(out, "U-%02d", unit);
        }
        strbuf_puts(out, "\n");
    }
}

static inline void world_wardens(const struct world *w, struct strbuf *out)
{
    char scope[24];

    strbuf_puts(out, "level,scope,person,unit\n");
    for (int i = 0; i < SIDE * SIDE; i++) {
        (void)snprintf(scope, sizeof scope, "%" PRIu64, w->scopes[i]);
        world_warden(out, "area", scope, w->scopes[i] == 0 ? -1 : w->area[i], w->area_unit[i]);
    }
    world_warden(out, "street", "150402001", w->street[0], w->street_unit[0]);
    world_warden(out, "street", "150402002", w->street[1], w->street_unit[1]);
    for (int i = 0; i < LOTS; i++) {
        space_id_format(w->lots[i].key, scope);
        world_warden(out, "road", scope, w->lots[i].warden, w->lots[i].warden_unit);
    }
}

static inline struct inventory *world_build(const struct world *w, const char *folder)
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

#endif
