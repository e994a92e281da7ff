#ifndef GATEWAY_INVENTORY_TERRITORY_TERRITORY_MAP_H
#define GATEWAY_INVENTORY_TERRITORY_TERRITORY_MAP_H

#include "bowei/coverage.h"
#include "gateway/inventory/build.h"
#include "gateway/inventory/territory/grid_map.h"

/* What a snapshot keeps of who is responsible. Built once with each import, then only read. */

#define NO_UNIT UINT32_MAX
/** A district has some dozens; the matrix of units and streets is answered as a whole. */
#define UNITS_MAX 1000
/** Beside the trades: the street office of a street, whatever the trade. */
#define TRADE_OFFICE TRADES_MAX

struct territory_unit {
    uint32_t code, name_zh, name_en, person; /**< offsets in the inventory's text */
    uint32_t trades;                         /**< bit per trade */
    uint8_t kind;                            /**< enum unit_kind */
    bool has_person;                         /**< its own, or one of the wardens */
};

/** A unit serves a trade in a county, street or grid (6, 9, 14 or 15 digits). */
struct territory_serve {
    uint64_t scope;
    uint32_t trade;
    uint32_t unit;
};

struct territory_warden {
    uint64_t scope;
    uint32_t person; /**< offset in text */
    uint32_t unit;   /**< NO_UNIT when not given */
    uint8_t level;
};

struct territory_duty {
    space_key key;
    uint64_t component;
    uint32_t owner, manager; /**< units, NO_UNIT when not given */
    uint8_t permit;          /**< enum permit */
};

struct territory {
    struct grid_map grids;
    struct territory_unit *units;     /**< by code */
    struct territory_serve *serves;   /**< by scope, then trade */
    struct territory_warden *wardens; /**< by level, then scope */
    struct territory_duty *duties;    /**< by key */
    uint32_t unit_count, serve_count, warden_count, duty_count;
    struct coverage *coverage; /**< coverage_build */
};

enum err territory_build(struct build *b) MUST_CHECK;
void territory_destroy(struct territory *t);

/** All (scope, trade, unit) of the draft's units, sorted; unit = row. The caller frees *out. */
enum err territory_serves(const struct draft *draft, struct territory_serve **out,
                          uint32_t *count) MUST_CHECK;
/** Row of a unit in the draft, which is sorted; NO_UNIT when there is none. */
uint32_t territory_unit_row(const struct draft *draft, const char *code);

/** Whom a place or point belongs to, before a trade is asked for. */
struct territory_at {
    uint32_t cell;                        /**< NO_CELL */
    uint32_t wardens[WARDEN_LEVEL_COUNT]; /**< index in wardens, NO_SLOT = none */
    uint32_t owner, manager;              /**< NO_UNIT */
    uint64_t grid, street, district;      /**< 0 = unknown */
};

void territory_locate(const struct inventory *inv, space_key place, struct position_e7 at,
                      struct territory_at *out);
/** The unit, and by which rule; NO_UNIT with ROUTE_NONE. */
uint32_t territory_unit_for(const struct territory *t, const struct territory_at *at,
                            unsigned trade, enum route_rule *rule);
/** Text offset of the unit's person there, 0 = nobody. */
uint32_t territory_person(const struct territory *t, const struct territory_at *at, uint32_t unit);

#endif
