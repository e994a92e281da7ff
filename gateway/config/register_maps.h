#ifndef GATEWAY_CONFIG_REGISTER_MAPS_H
#define GATEWAY_CONFIG_REGISTER_MAPS_H

#include "gateway/config/config_source.h"

#define MODBUS_WORDS_MAX 125 /* registers a request; Modbus application protocol V1.1b3, 6.3 */

/** The shipped register maps; static, their names are not to be freed. */
const struct register_map *register_maps(size_t *count);
/** A shipped map by name, NULL when there is none. */
const struct register_map *register_maps_find(const char *name);
/** Registers a value takes. */
uint32_t register_map_words(const struct register_map *map);
/** Tells the source what is wrong with maps[index] by itself. */
void register_map_check(struct config_source *source, const struct register_map *map,
                        uint32_t index);

#endif
