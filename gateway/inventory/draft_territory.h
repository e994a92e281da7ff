#ifndef GATEWAY_INVENTORY_DRAFT_TERRITORY_H
#define GATEWAY_INVENTORY_DRAFT_TERRITORY_H

#include "bowei/territory.h"
#include "gateway/inventory/draft_bikes.h"

/* The draft's rows of the third part: grid cells, units, wardens, and who owns and manages a
 * place. */

struct draft_grid {
    uint64_t id; /**< 14 or 15 digits */
    struct row_origin origin;
    struct draft_outline outline; /**< no rings: takes the grid away */
    uint32_t name_zh, name_en;    /**< offsets in text, 0 = none */
};

struct draft_unit {
    struct row_origin origin;
    uint32_t code; /**< offsets in text */
    uint32_t name_zh, name_en, person;
    uint32_t scope;  /**< codes of 6, 9, 14 or 15 digits, sorted, separated by ; */
    uint32_t trades; /**< bit per trade (territory_trade) */
    uint8_t kind;    /**< enum unit_kind; UNIT_KIND_COUNT: takes the unit away */
};

struct draft_warden {
    uint64_t scope; /**< grid ID, street code or space_key of a site, by level */
    struct row_origin origin;
    uint32_t person; /**< offsets in text; 0 = takes the row away */
    uint32_t unit;
    uint8_t level; /**< enum warden_level */
};

/** What a lot, space or fence says of those responsible for it: a side table, as few places say
 * anything of their own. */
struct draft_duty {
    space_key key;
    uint64_t component; /**< 16 digits, 0 = not given */
    struct row_origin origin;
    uint32_t owner, manager; /**< offsets in text, 0 = not given */
    uint8_t permit;          /**< enum permit */
};

#endif
