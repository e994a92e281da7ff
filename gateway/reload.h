#ifndef GATEWAY_RELOAD_H
#define GATEWAY_RELOAD_H

#include "bowei/config.h"
#include "bowei/inventory_file.h"

/** How sensors age: the models table for radio devices, the configuration's units for Modbus ones.
 */
struct timing_source timing_of(const struct config *config);
/** Builds the newest inventory of the state folder, or an empty one when there is none yet.
 * `previous` keeps its slots. */
enum err load_inventory(const struct config *config, const struct inventory *previous,
                        const struct inventory **out) MUST_CHECK;

#endif
