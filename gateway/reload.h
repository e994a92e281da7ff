#ifndef GATEWAY_RELOAD_H
#define GATEWAY_RELOAD_H

#include "bowei/config.h"
#include "bowei/inventory_file.h"

/** Builds the newest inventory of the state folder, or an empty one when there is none yet.
 * `previous` keeps its slots. */
enum err load_inventory(const struct config *config, const struct inventory *previous,
                        const struct inventory **out) MUST_CHECK;

/** Builds the same version with the timings of another configuration; every index stays. number:
 * tells the builds of a version apart. ERR_NOT_FOUND: its file is gone. */
enum err load_inventory_again(const struct config *config, const struct inventory *inventory,
                              uint32_t number, struct inventory **out) MUST_CHECK;

#endif
