#ifndef SENSORS_MODBUS_REGISTER_READ_H
#define SENSORS_MODBUS_REGISTER_READ_H

#include "bowei/config.h"
#include "bowei/reading.h"

/* What a register says, by its map. Pure. */

/** Wire address of a channel's value; `point` counts from 0 (point 0 = the map's first channel). */
uint32_t register_value_address(const struct register_map *map, uint32_t point);
/** Wire address of its status; only where the map has one. */
uint32_t register_status_address(const struct register_map *map, uint32_t point);

/** Registers a value takes: 2 of the 32-bit types, else 1. */
uint32_t register_words(const struct register_map *map);
/** The bytes of a value put together in the map's order. */
uint32_t register_raw(const struct register_map *map, const uint16_t *words);

/** What the hysteresis remembers of a point. Zeroed at the start. */
struct register_memory {
    bool known;
    bool occupied;
};

/** The value of a point from what register_raw gave (and its status register, 0 when the map has
 * none). Updates the memory only when the register was believed. */
enum reading_value register_read(const struct register_map *map, uint32_t raw, uint16_t status,
                                 struct register_memory *memory);

#endif
