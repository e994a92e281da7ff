#ifndef GATEWAY_CORE_FLEET_BIKE_PAGE_H
#define GATEWAY_CORE_FLEET_BIKE_PAGE_H

#include "gateway/core/fleet/fleet_state.h"

/** Fills the page of bikes, or the one bike, that a COMMAND_BIKES asks for, by the operator code of
 * its request. ERR_OK; ERR_NOT_FOUND with a detail: no such bike, or another operator's. */
enum err bikes_page(const struct fleet *fleet, struct command *command);

/** Is the value asked for? 0 = all are. */
static inline bool fleet_in_mask(uint32_t mask, unsigned value)
{
    return mask == 0 || (mask & 1u << value) != 0;
}

#endif
