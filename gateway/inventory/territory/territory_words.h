#ifndef GATEWAY_INVENTORY_TERRITORY_TERRITORY_WORDS_H
#define GATEWAY_INVENTORY_TERRITORY_TERRITORY_WORDS_H

#include "bowei/territory.h"
#include <stddef.h>

/** Why vehicles may stay long at a place; what a lot says holds for its spaces. */
enum permit {
    PERMIT_UNSET,
    PERMIT_NO,
    PERMIT_ACCESSIBLE,
    PERMIT_CHARGING,
    PERMIT_OFFICIAL,
    PERMIT_RESIDENT,
    PERMIT_COUNT
};

const char *permit_code(enum permit permit); /**< "" when unset */
/** Number of a trade for territory_trade and the bits of draft_unit.trades. */
bool trade_find(const char *text, size_t len, unsigned *trade);

/* A scope says by its digits what it is. */
#define SCOPE_DISTRICT_MAX UINT64_C(999999)    /**< 6 digits */
#define SCOPE_STREET_MAX   UINT64_C(999999999) /**< 9 digits */
#define GRID_SHORT_MAX     UINT64_C(99999999999999)

static inline uint64_t scope_district(uint64_t street)
{
    return street / 1000;
}

/** Street code of a grid ID of 14 or 15 digits. */
static inline uint64_t scope_street(uint64_t grid)
{
    return grid / (grid <= GRID_SHORT_MAX ? 100000 : 1000000);
}

/** 9 digits: county and street code of a place. */
static inline uint64_t scope_place(space_key key)
{
    return (uint64_t)space_key_adcode(key) * 1000 + space_key_street(key);
}

#endif
