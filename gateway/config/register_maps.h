#ifndef GATEWAY_CONFIG_REGISTER_MAPS_H
#define GATEWAY_CONFIG_REGISTER_MAPS_H

#include "bowei/config.h"

/** The shipped register maps; static, their names are not to be freed. */
const struct register_map *register_maps(size_t *count);
/** A shipped map by name, NULL when there is none. */
const struct register_map *register_maps_find(const char *name);

#endif
