/* The responsibilities of the simulated city as inventory files (docs/DATA_FORMAT.md). Cells are
 * squares of the lattice the sites stand on, with a margin for bikes that stand far out. */
#include "sensors/sim/territory_plan.h"
#include "bowei/base/json_write.h"
#include "sensors/sim/text_file.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define MARGIN_CELLS 3
#define COMMUNITY    20 /* cells a side of a community (社区) */
#define OUTER_RING   2  /* cells from the centre that the facility crew of the centre serves */

struct territory_sheet {
    const struct city *city;
    const struct world_plan *plan;    /* NULL = no bikes */
    int32_t south, west, north, east; /* first and last cell, counted from the centre */
    uint32_t roads;                   /* road wardens so far */
};

static const struct {
    const char *zh, *en;
} streets[CITY_STREETS] = {
    {"西屯街道",    "Xitun Street"      },
    {"三中街街道", "Sanzhongjie Street"},
    {"西城街道",    "Xicheng Street"    },
    {"红庙子镇",    "Hongmiaozi Town"   },
};

static int32_t cell_of(double degrees, double centre, double metres_per_degree)
{
    return (int32_t)floor(((degrees - centre) * metres_per_degree + CITY_BLOCK_M / 2) /
                          CITY_BLOCK_M);
}

static void extent_take(struct territory_sheet *s, struct position_e7 at)
{
    const struct position_deg p = position_deg_of(at);
    const double lon_m = CITY_M_PER_DEGREE * cos(CITY_LAT * 3.14159265358979323846 / 180);
    const int32_t row = cell_of(p.lat, CITY_LAT, CITY_M_PER_DEGREE);
    const int32_t column = cell_of(p.lon, CITY_LON, lon_m);

    s->south = row - MARGIN_CELLS < s->south ? row - MARGIN_CELLS : s->south;
    s->north = row + MARGIN_CELLS > s->north ? row + MARGIN_CELLS : s->north;
    s->west = column - MARGIN_CELLS < s->west ? column - MARGIN_CELLS : s->west;
    s->east = column + MARGIN_CELLS > s->east ? column + MARGIN_CELLS : s->east;
}

static void extent_find(struct territory_sheet *s)
{
    for (uint32_t i = 0; i < s->city->lot_count; i++) {
        extent_take(s, s->city->lots[i].at);
    }
    for (uint32_t i = 0; i < s->city->space_count; i++) {
        extent_take(s, s->city->spaces[i].at);
    }
    for (uint32_t i = 0; s->plan != NULL && i < s->plan->fence_count; i++) {
        extent_take(s, s->plan->fences[i].centre);
    }
}

/* 15 digits: street by the quarter, community and number by the distance from the centre. */
static uint64_t cell_id(int32_t row, int32_t column)
{
    const uint32_t quarter = (row < 0 ? 2u : 0u) + (column < 0 ? 1u : 0u);
    const uint32_t y = (uint32_t)(row < 0 ? -row - 1 : row);
    const uint32_t x = (uint32_t)(column < 0 ? -column - 1 : column);
    const uint64_t community = (uint64_t)(y / COMMUNITY) * COMMUNITY + x / COMMUNITY + 1;
    const uint64_t number = (uint64_t)(y % COMMUNITY) * COMMUNITY + x % COMMUNITY + 1;

    return ((uint64_t)CITY_COUNTY * 1000 + city_street_code(quarter)) * 1000000 + community * 1000 +
           number;
}

static void corner_put(struct json_writer *w, int32_t row, int32_t column)
{
    const struct position_e7 at =
        city_place(row * CITY_BLOCK_M - CITY_BLOCK_M / 2, column * CITY_BLOCK_M - CITY_BLOCK_M / 2);

    json_array(w);
    json_fixed(w, at.lon, 7);
    json_fixed(w, at.lat, 7);
    json_array_end(w);
}

static void cell_put(struct json_writer *w, int32_t row, int32_t column)
{
    static const int32_t around[5][2] = {
        {0, 0},
        {0, 1},
        {1, 1},
        {1, 0},
        {0, 0}
    };
    char id[24];

    (void)snprintf(id, sizeof id, "%" PRIu64, cell_id(row, column));
    json_object(w);
    json_kv_str(w, "type", "Feature");
    json_kv_str(w, "id", id);
    json_key(w, "properties");
    json_object(w);
    json_kv_str(w, "type", "grid");
    json_object_end(w);
    json_key(w, "geometry");
    json_object(w);
    json_kv_str(w, "type", "Polygon");
    json_key(w, "coordinates");
    json_array(w);
    json_array(w);
    for (size_t i = 0; i < ARRAY_LEN(around); i++) {
        corner_put(w, row + around[i][0], column + around[i][1]);
    }
    json_array_end(w);
    json_array_end(w);
    json_object_end(w);
    json_object_end(w);
}

static void put_grids(struct territory_sheet *s, struct strbuf *b)
{
    struct json_writer w;

    json_writer_init(&w, b);
    json_object(&w);
    json_kv_str(&w, "type", "FeatureCollection");
    json_key(&w, "features");
    json_array(&w);
    for (int32_t row = s->south; row <= s->north; row++) {
        for (int32_t column = s->west; column <= s->east; column++) {
            cell_put(&w, row, column);
        }
    }
    json_array_end(&w);
    json_object_end(&w);
    strbuf_putc(b, '\n');
}

/* One unit by each rule: a crew for the grid cells of the centre, a traffic squad for two streets,
 * the departments for the county, and the office of each street behind them. */
static void put_units(struct territory_sheet *s, struct strbuf *b)
{
    const uint32_t operators = s->plan == NULL ? 0 : s->plan->params.operators;

    strbuf_puts(b, "unit,kind,name_zh,name_en,trades,scope,person\n");
    for (uint32_t i = 0; i < CITY_STREETS; i++) {
        strbuf_printf(b, "JD-%03u,street_office,%s办事处,%s Office,,%u%03u,P-JD-%03u\n",
                      (unsigned)city_street_code(i), streets[i].zh, streets[i].en, CITY_COUNTY,
                      (unsigned)city_street_code(i), (unsigned)city_street_code(i));
    }
    strbuf_printf(b,
                  "CGJ,department,红山区城市管理局,Hongshan City Management,non_motor;facility,"
                  "%u,P-CGJ\n",
                  CITY_COUNTY);
    strbuf_printf(b,
                  "CXZX,department,共享出行管理中心,Shared Mobility Centre,shared_bike,%u,"
                  "P-CXZX\n",
                  CITY_COUNTY);
    strbuf_printf(b, "JJ-1,department,交警一中队,Traffic Squad 1,motor,%u%03u;%u%03u,P-JJ-1\n",
                  CITY_COUNTY, (unsigned)city_street_code(0), CITY_COUNTY,
                  (unsigned)city_street_code(1));
    strbuf_puts(b, "YH-1,enterprise,市政养护一队,Maintenance Crew 1,facility,");
    for (int32_t row = -OUTER_RING; row < OUTER_RING; row++) {
        for (int32_t column = -OUTER_RING; column < OUTER_RING; column++) {
            strbuf_printf(b, "%s%" PRIu64, row == -OUTER_RING && column == -OUTER_RING ? "" : ";",
                          cell_id(row, column));
        }
    }
    strbuf_puts(b, ",P-YH-1\n");
    for (uint32_t i = 0; i < operators; i++) {
        strbuf_printf(b, "%s,operator,%s,%s,shared_bike,,P-%s\n", world_operator_code(i),
                      world_operator_name(i, true), world_operator_name(i, false),
                      world_operator_code(i));
    }
}

static void road_put(struct territory_sheet *s, struct strbuf *b, space_key site)
{
    char id[SPACE_ID_LEN + 1];

    space_id_format(site, id);
    strbuf_printf(b, "road,%s,LZ-%u,JD-%03u\n", id, (unsigned)++s->roads,
                  (unsigned)space_key_street(site));
}

static void put_wardens(struct territory_sheet *s, struct strbuf *b)
{
    uint32_t areas = 0;

    strbuf_puts(b, "level,scope,person,unit\n");
    for (int32_t row = s->south; row <= s->north; row++) {
        for (int32_t column = s->west; column <= s->east; column++) {
            const uint64_t id = cell_id(row, column);

            strbuf_printf(b, "area,%" PRIu64 ",PZ-%u,JD-%03u\n", id, (unsigned)++areas,
                          (unsigned)(id / 1000000 % 1000));
        }
    }
    for (uint32_t i = 0; i < CITY_STREETS; i++) {
        strbuf_printf(b, "street,%u%03u,JZ-%03u,JD-%03u\n", CITY_COUNTY,
                      (unsigned)city_street_code(i), (unsigned)city_street_code(i),
                      (unsigned)city_street_code(i));
    }
    for (uint32_t i = 0; i < s->city->lot_count; i++) {
        road_put(s, b, s->city->lots[i].key);
    }
    for (uint32_t i = 0; s->plan != NULL && i < s->plan->fence_count; i++) {
        road_put(s, b, s->plan->fences[i].key);
    }
}

enum err territory_plan_write(const struct city *city, const struct world_plan *plan,
                              const char *folder)
{
    static const struct {
        const char *name;
        void (*put)(struct territory_sheet *s, struct strbuf *b);
    } files[] = {
        {"grids.geojson", put_grids  },
        {"units.csv",     put_units  },
        {"wardens.csv",   put_wardens},
    };
    struct territory_sheet s = {.city = city, .plan = plan};
    struct strbuf b = {0};
    enum err e = ERR_OK;

    extent_find(&s);
    for (size_t i = 0; i < ARRAY_LEN(files) && e == ERR_OK; i++) {
        strbuf_clear(&b);
        files[i].put(&s, &b);
        e = text_file_write(folder, files[i].name, &b);
    }
    strbuf_finish(&b);
    return e;
}
