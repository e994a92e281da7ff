#ifndef GATEWAY_INVENTORY_LOOKUP_H
#define GATEWAY_INVENTORY_LOOKUP_H

#include "gateway/inventory/slot_map.h"

/** A vendor or city number of a place. */
struct inv_alias {
    uint32_t scheme; /**< offsets in text */
    uint32_t value;
    space_key key;
};

/** The maps of a snapshot; built once, then only read. */
struct inv_lookup {
    struct slot_map spaces, lots, devices, aliases;
    struct inv_alias *alias_rows;
    uint32_t alias_count;
};

/** Fills the maps of spaces and lots from their rows. */
enum err lookup_places(struct inventory *inv) MUST_CHECK;
/** Fills those of devices and of lookup->alias_rows. */
enum err lookup_names(struct inventory *inv) MUST_CHECK;
void lookup_destroy(struct inv_lookup *lookup);

#endif
