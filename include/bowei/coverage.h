#ifndef BOWEI_COVERAGE_H
#define BOWEI_COVERAGE_H

#include "bowei/territory.h"

/* Does everything have somebody responsible (责任全覆盖)? Counted with each import, as part of the
 * immutable snapshot: any thread. What a street has (底数), where units reach (横向到边、纵向到底:
 * units by streets, zeros included), and what is missing. */

/** What one street or town has. */
struct coverage_street {
    uint64_t street; /**< 9 digits */
    uint32_t lots, spaces, fences, beacons, listeners;
    uint32_t devices; /**< by the place of their first sensor */
    uint32_t grids;
};

/** Something missing at one site, grid or unit. */
struct coverage_gap {
    space_key site;  /**< lot or fence; 0: of a grid or unit */
    uint64_t grid;   /**< with GAP_GRID_NO_UNIT */
    uint32_t unit;   /**< index for coverage_unit, with GAP_UNIT_NOBODY */
    uint32_t places; /**< of the site, itself included, that miss it */
    uint8_t kind;    /**< enum gap_kind */
    uint8_t trade;   /**< for territory_trade; TRADES_MAX = whatever the trade */
};

struct coverage {
    bool given; /**< there are grids, units or wardens; without any no gaps are listed */
    uint32_t street_count, unit_count, gap_count;
    uint32_t unbound_devices;        /**< at no place */
    struct coverage_street *streets; /**< ascending */
    uint32_t *matrix; /**< places that unit u answers for in street s, any trade: [s * units + u] */
    struct coverage_gap *gaps;          /**< by kind, then site, grid or unit, then trade */
    uint32_t first[GAP_KIND_COUNT + 1]; /**< first gap of each kind, and behind the last */
    uint64_t places[GAP_KIND_COUNT];    /**< sum over the gaps of a kind */
};

/** Of a snapshot that inventory_build made. */
const struct coverage *coverage_of(const struct inventory *inv);
/** Code, kind and names of the unit with that number, ascending by code. */
const char *coverage_unit(const struct inventory *inv, uint32_t unit, enum unit_kind *kind,
                          const char **name_zh, const char **name_en);
/** Does a place of this kind need a unit for this trade? Bit per trade. */
uint32_t coverage_trades(enum place_kind kind);

#endif
