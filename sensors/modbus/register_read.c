/* What a register says, by its map: the status register decides first (a radio gateway keeps the
 * last value of a dead node), then the empty value, then the mask and either a state or a
 * threshold. Called by the unit for every point. */
#include "sensors/modbus/register_read.h"

uint32_t register_value_address(const struct register_map *map, uint32_t point)
{
    return map->first - map->base + map->stride * point;
}

uint32_t register_status_address(const struct register_map *map, uint32_t point)
{
    return register_value_address(map, point) + (uint32_t)map->status_offset;
}

/* Raw mode: occupied from threshold + hysteresis / 2 up, free below threshold - hysteresis / 2, in
 * between as before (at the very first reading by the threshold itself). */
static bool above(const struct register_map *map, uint32_t value,
                  const struct register_memory *memory)
{
    uint32_t half = map->hysteresis / 2;
    uint32_t low = map->threshold > half ? map->threshold - half : 0;

    if (value >= map->threshold + half) {
        return true;
    }
    if (value < low) {
        return false;
    }
    /* what the memory keeps is after inversion */
    return memory->known ? memory->occupied != map->invert : value >= map->threshold;
}

enum reading_value register_read(const struct register_map *map, uint16_t value, uint16_t status,
                                 struct register_memory *memory)
{
    uint32_t masked = value & (map->function <= 2 ? 1u : map->mask);
    bool occupied;

    if (map->status_offset != -1) {
        if (map->status_link_code != 0 && (uint32_t)(status >> 8) == map->status_link_code) {
            return VALUE_LINK_LOST;
        }
        if ((status & map->status_fault_mask) != 0) {
            return VALUE_FAULT;
        }
    }
    if (map->empty_value >= 0 && masked == (uint32_t)map->empty_value) {
        return VALUE_FAULT;
    }
    if (map->threshold > 0) {
        occupied = above(map, masked, memory);
    } else if (map->occupied_value < 0) {
        occupied = masked != 0;
    } else {
        occupied = masked == (uint32_t)map->occupied_value;
    }
    memory->known = true;
    memory->occupied = occupied != map->invert;
    return memory->occupied ? VALUE_OCCUPIED : VALUE_FREE;
}
