#ifndef GATEWAY_INVENTORY_FENCES_FENCE_BUILD_H
#define GATEWAY_INVENTORY_FENCES_FENCE_BUILD_H

#include "gateway/inventory/build.h"

/** The fences of a snapshot with their corners, planes and map of IDs; districts come after. */
enum err fence_build(struct build *b) MUST_CHECK;
/** Beacons, listeners, operators, vehicles, and the spatial index; the devices' sources stand. */
enum err fence_build_bikes(struct build *b) MUST_CHECK;

#endif
